//! A provider that does as it is told, and remembers what it did.

use futures::future::BoxFuture;
use mesh::Site;
use payment::{Answer, Charge, Provider, Refund, Reversal, Silence};
use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::{oneshot, watch};

/// What becomes of one charge.
pub enum Fate {
    /// It answers this; Captured takes the money.
    Says(Answer),
    /// It takes the money, and its reply is lost.
    ReplyLost,
    /// It never answers; no money moves.
    Hangs,
    /// It takes the money, but says so after the caller's patience.
    TooLate,
    /// It answers what the test sends.
    Waits(oneshot::Receiver<Answer>),
}

/// The provider. Cheap to clone.
#[derive(Clone)]
pub struct Bank(Arc<Inner>);

struct Inner {
    books: Mutex<Books>,
    calls: watch::Sender<Vec<String>>,
}

#[derive(Default)]
struct Books {
    fates: VecDeque<Fate>,
    enquiry: Option<oneshot::Receiver<()>>,
    reversal: Option<oneshot::Receiver<()>>,
    captured: HashSet<String>,
    returned: Vec<String>,
    down: bool,
    blocks: bool,
    denies: bool,
}

impl Bank {
    /// One that captures everything, and promises nothing about charges it has never heard of.
    pub fn new() -> Self {
        Self(Arc::new(Inner {
            books: Mutex::default(),
            calls: watch::Sender::new(Vec::new()),
        }))
    }

    /// The fates of the next charges, in this order.
    pub fn next(&self, fates: impl IntoIterator<Item = Fate>) {
        self.books().fates.extend(fates);
    }

    /// The next charge answers what is sent here.
    pub fn next_waits(&self) -> oneshot::Sender<Answer> {
        let (say, said) = oneshot::channel();
        self.next([Fate::Waits(said)]);
        say
    }

    /// The next question is decided at once, but answered when this is sent.
    pub fn next_enquiry_waits(&self) -> oneshot::Sender<()> {
        let (go, gone) = oneshot::channel();
        self.books().enquiry = Some(gone);
        go
    }

    /// The next reversal is decided at once, but answered when this is sent.
    pub fn next_reversal_waits(&self) -> oneshot::Sender<()> {
        let (go, gone) = oneshot::channel();
        self.books().reversal = Some(gone);
        go
    }

    /// Whether it can be reached.
    pub fn set_down(&self, down: bool) {
        self.books().down = down;
    }

    /// Whether a reversal keeps later charges from capturing.
    pub fn set_blocks(&self, blocks: bool) {
        self.books().blocks = blocks;
    }

    /// Whether it can tell that a charge never took anything.
    pub fn set_denies(&self, denies: bool) {
        self.books().denies = denies;
    }

    /// The money of this charge is taken, though nobody was told.
    pub fn capture(&self, key: &str) {
        self.books().captured.insert(key.to_owned());
    }

    /// Keys of charges whose money it holds.
    pub fn holds(&self) -> Vec<String> {
        let mut keys: Vec<_> = self.books().captured.iter().cloned().collect();
        keys.sort();
        keys
    }

    /// What it gave back: keys of charges reversed, of refunds made.
    pub fn returned(&self) -> Vec<String> {
        self.books().returned.clone()
    }

    /// Everything it was asked for: "charge KEY", "enquire KEY", "reverse KEY", "refund KEY".
    pub fn calls(&self) -> Vec<String> {
        self.0.calls.borrow().clone()
    }

    /// How often it was asked to do this.
    pub fn count(&self, verb: &str) -> usize {
        let calls = self.0.calls.borrow();
        calls.iter().filter(|call| call.starts_with(verb)).count()
    }

    /// Until it was asked for so many things.
    pub async fn asked(&self, calls: usize) {
        let mut seen = self.0.calls.subscribe();
        let enough = seen.wait_for(|seen| seen.len() >= calls);
        let enough = tokio::time::timeout(Duration::from_secs(5), enough).await;
        enough.expect("nobody asked the bank").unwrap();
    }

    fn reversal(&self, key: &str) -> Reversal {
        let mut books = self.books();
        let name = format!("reverse {key}");
        if books.captured.remove(key) {
            books.returned.push(name);
            return Reversal::Undone;
        }
        match (books.returned.contains(&name), books.blocks) {
            (true, _) => Reversal::Undone,
            (false, true) => Reversal::Blocked,
            (false, false) => Reversal::NotFound,
        }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.books.lock().unwrap()
    }

    fn note(&self, verb: &str, key: &str) {
        self.0
            .calls
            .send_modify(|calls| calls.push(format!("{verb} {key}")));
    }

    fn is_up(&self) -> Result<(), Silence> {
        if self.books().down {
            return Err(Silence("down".to_owned()));
        }
        Ok(())
    }

    fn said(&self, key: &str, answer: Answer) -> Answer {
        if answer == Answer::Captured {
            self.capture(key);
        }
        answer
    }
}

impl Provider for Bank {
    fn charge<'a>(&'a self, _: &'a Site, charge: &'a Charge) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            self.note("charge", &charge.key);
            if self.is_up().is_err() {
                return Answer::Nothing;
            }
            let fate = self.books().fates.pop_front();
            match fate.unwrap_or(Fate::Says(Answer::Captured)) {
                Fate::Says(answer) => self.said(&charge.key, answer),
                Fate::ReplyLost => {
                    self.capture(&charge.key);
                    Answer::Unsure
                }
                Fate::Hangs => std::future::pending().await,
                Fate::TooLate => {
                    tokio::time::advance(Duration::from_secs(10)).await;
                    self.said(&charge.key, Answer::Captured)
                }
                Fate::Waits(said) => {
                    let answer = said.await.unwrap_or(Answer::Unsure);
                    self.said(&charge.key, answer)
                }
            }
        })
    }

    fn enquire<'a>(&'a self, _: &'a Site, key: &'a str) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            self.note("enquire", key);
            let (answer, waits) = {
                let mut books = self.books();
                let answer = match (books.down, books.captured.contains(key), books.denies) {
                    (true, ..) | (false, false, false) => Answer::Unsure,
                    (false, true, _) => Answer::Captured,
                    (false, false, true) => Answer::Nothing,
                };
                (answer, books.enquiry.take())
            };
            if let Some(waits) = waits {
                waits.await.unwrap();
            }
            answer
        })
    }

    fn reverse<'a>(
        &'a self,
        _: &'a Site,
        key: &'a str,
    ) -> BoxFuture<'a, Result<Reversal, Silence>> {
        Box::pin(async move {
            self.note("reverse", key);
            self.is_up()?;
            let reversal = self.reversal(key);
            let waits = self.books().reversal.take();
            if let Some(waits) = waits {
                waits.await.unwrap();
            }
            Ok(reversal)
        })
    }

    fn refund<'a>(&'a self, _: &'a Site, refund: &'a Refund) -> BoxFuture<'a, Result<(), Silence>> {
        Box::pin(async move {
            self.note("refund", &refund.key);
            self.is_up()?;
            let mut books = self.books();
            if !books.returned.contains(&refund.key) {
                assert!(books.captured.remove(&refund.charge_key));
                books.returned.push(refund.key.clone());
            }
            Ok(())
        })
    }
}
