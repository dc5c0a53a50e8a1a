//! The way to an RPC: the calls that come before it, by its contract, made one after another.

use super::asked::Door;
use super::env::Env;
use super::error::{LOOK, PATIENCE, Refused};
use super::made::plain;
use super::rpcs::{Rpc, find};
use mesh::Db;
use mesh::dead_letter::{self, Content, DeadLetter};
use mesh::task::detach;
use prost::Message;
use prost_reflect::{DynamicMessage, Value};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::time::{Instant, sleep};

/// A mesh on which ways are walked.
#[derive(Clone)]
pub struct Ground {
    pub door: Door,
    pub data: PathBuf,
}

/// No two ways are the same.
static TRIALS: AtomicU32 = AtomicU32::new(1);

impl Ground {
    /// All that comes before an RPC, done; what is known then.
    pub async fn walk_to(&self, rpc: &Rpc) -> Result<Env, String> {
        let mut env = Env::new(TRIALS.fetch_add(1, Ordering::SeqCst));
        let mut way = Vec::new();
        before(rpc, &mut way);
        for step in way {
            if step.input().get_field_by_name("dead_letter_id").is_none()
                && step
                    .descriptor
                    .output()
                    .get_field_by_name("dead_letters")
                    .is_some()
            {
                put_aside(&self.data, &mut env);
            }
            let message = self.message(&step, &env);
            let answer = self.until_ok(&step, &env, &message).await;
            let answer =
                answer.map_err(|no| format!("on the way {}: {no:?} of {message}", step.name()))?;
            env.note(&message);
            let answer =
                DynamicMessage::decode(step.descriptor.output(), answer.as_slice()).unwrap();
            note(&step, &answer, &mut env);
        }
        Ok(env)
    }

    /// The plain message to an RPC, of which this way makes one.
    pub fn message(&self, rpc: &Rpc, env: &Env) -> DynamicMessage {
        let mut message = plain(&rpc.input(), env);
        if rpc.creates() {
            let id = format!("gate-{}-{}", env.trial, rpc.descriptor.name());
            message.set_field_by_name("request_id", Value::String(id));
        }
        message
    }

    /// Asks until it is answered; as long as the mesh may only not have heard of all yet.
    pub async fn until_ok(
        &self,
        rpc: &Rpc,
        env: &Env,
        message: &DynamicMessage,
    ) -> Result<Vec<u8>, Refused> {
        let end = Instant::now() + PATIENCE;
        let who = Door::whom(rpc, &env.end());
        loop {
            match self.door.raw(rpc, &who, message.encode_to_vec()).await {
                Ok(answer) => return Ok(answer.to_vec()),
                Err(no) if !no.may_pass() || Instant::now() > end => return Err(no),
                Err(_) => sleep(LOOK).await,
            }
        }
    }
}

/// Keeps what an RPC answered.
pub fn note(rpc: &Rpc, answer: &DynamicMessage, env: &mut Env) {
    if rpc.charges() {
        env.note_order(answer);
    } else {
        env.note(answer);
    }
}

fn before(rpc: &Rpc, way: &mut Vec<Rpc>) {
    for path in &rpc.method.after {
        let step = find(path);
        if way.iter().any(|own| own.method.path == *path) {
            continue;
        }
        before(&step, way);
        way.push(step);
    }
}

/// Something that a context has not been able to act on, and could now: the fields `dead_letter_id` are of it.
fn put_aside(data: &Path, env: &mut Env) {
    let context = env.text("context").unwrap();
    let letter = DeadLetter {
        id: format!("{}@gate", env.trial),
        subject: format!("yemae.cinema-movie.Movie.{}", mesh::id::new()),
        version: 1,
        name: "yemae.cinema.movie.v1.MovieRegistered".to_owned(),
        reason: "a bug that was mended".to_owned(),
        tries: 8,
        // The newest.
        at: i64::MAX / 2 + i64::from(env.trial),
    };
    let movie = proto::cinema::movie::v1::Movie {
        movie_id: letter.subject.rsplit('.').next().unwrap().to_owned(),
        version: 1,
        title: "Late".to_owned(),
        running_minutes: 90,
        ..Default::default()
    };
    let event = proto::cinema::movie::v1::MovieRegistered { movie: Some(movie) };
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let content = Content {
        headers: vec![
            header("ce-type", &letter.name),
            header("ce-sequence", "1"),
            header("ce-time", "2026-01-01T00:00:00Z"),
        ],
        body: event.encode_to_vec(),
    };
    let mut db = Db::open(&crate::stores::url(data, context)).unwrap();
    dead_letter::insert(&mut db, &letter, &content).unwrap();
    // Another way's may be newer.
    env.fix("dead_letter_id", letter.id);
}

/// Walks for many RPCs side by side, a few at a time.
pub async fn each<T: Send + 'static, F>(rpcs: Vec<Rpc>, work: impl Fn(Rpc) -> F) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
{
    use futures::StreamExt;
    let works: Vec<_> = rpcs.into_iter().map(work).collect();
    let done = futures::stream::iter(works).map(|work| async { detach(work).await.unwrap() });
    done.buffered(6).collect().await
}
