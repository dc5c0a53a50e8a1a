//! A studio that answers what the test has put down, and remembers what it was asked.

use futures::future::BoxFuture;
use mesh::Site;
use ordering::fulfilments;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use vod_library::{Answer, Licence, Silence, Studio};

/// The studio of most tests. It sells unless told otherwise.
#[derive(Clone, Default)]
pub struct Script(Arc<Mutex<Told>>);

#[derive(Default)]
struct Told {
    answers: VecDeque<Answer>,
    is_silent: bool,
    never_answers: bool,
    calls: Vec<String>,
}

impl Script {
    /// What it answers next: to purchases and questions alike.
    pub fn then(&self, answers: &[Answer]) {
        self.0.lock().unwrap().answers.extend(answers);
    }

    /// What it answers next, whatever was put down before.
    pub fn only(&self, answers: &[Answer]) {
        self.0.lock().unwrap().answers.clear();
        self.then(answers);
    }

    /// Whether it takes nothing back.
    pub fn silent(&self, is_silent: bool) {
        self.0.lock().unwrap().is_silent = is_silent;
    }

    /// Whether a purchase is answered at all.
    pub fn never_answers(&self) {
        self.0.lock().unwrap().never_answers = true;
    }

    /// What it was asked since this was last looked at: "buy", "ask", "return".
    pub fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().calls)
    }

    fn call(&self, what: &str, key: &str) -> Answer {
        assert!(key.starts_with("licence:"), "{key}");
        let mut told = self.0.lock().unwrap();
        told.calls.push(what.to_owned());
        told.answers.pop_front().unwrap_or(Answer::Sold)
    }
}

impl Studio for Script {
    fn buy<'a>(&'a self, site: &'a Site, licence: &'a Licence) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            let order_id = licence.key.trim_start_matches("licence:").to_owned();
            let written = site.store.read(move |db| fulfilments::find(db, &order_id));
            let written = written.await.unwrap().unwrap();
            assert!(written.has_reached(1), "PURCHASING is not written down");
            let answer = self.call("buy", &licence.key);
            if self.0.lock().unwrap().never_answers {
                std::future::pending::<()>().await;
            }
            answer
        })
    }

    fn ask<'a>(&'a self, _: &'a Site, licence: &'a Licence) -> BoxFuture<'a, Answer> {
        Box::pin(async move { self.call("ask", &licence.key) })
    }

    fn give_back<'a>(&'a self, _: &'a Site, key: &'a str) -> BoxFuture<'a, Result<(), Silence>> {
        Box::pin(async move {
            assert!(key.starts_with("licence:"), "{key}");
            let mut told = self.0.lock().unwrap();
            told.calls.push("return".to_owned());
            if told.is_silent {
                return Err(Silence("silent".to_owned()));
            }
            Ok(())
        })
    }
}
