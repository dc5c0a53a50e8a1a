//! What a context does with one message: takes it, asks for it again, or puts it aside.

use super::{Settings, wire};
use crate::dead_letter::{self, Content, DeadLetter};
use crate::inbox;
use crate::policy::{self, Delivery, Policy};
use crate::refusal::{Kind, Refusal};
use crate::store::{Store, Tx};
use async_nats::jetstream::Message;
use rand::Rng;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// So many tries of its own a message gets.
const TRIES: i32 = 8;
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(4);

/// What is to be said to the server about a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is done with.
    Done,
    /// Bring it again, after this.
    Again(Duration),
    /// Nothing: the context is stopping.
    Silence,
}

pub(super) struct Handler {
    policies: Arc<[Policy]>,
    store: Store,
    pauses: (Duration, Duration),
    stop: CancellationToken,
    /// The store is out of reach, and it was said.
    waiting: AtomicBool,
}

impl Handler {
    pub(super) fn new(
        policies: Vec<Policy>,
        store: Store,
        settings: &Settings,
        stop: CancellationToken,
    ) -> Self {
        Self {
            policies: policies.into(),
            store,
            pauses: settings.pauses,
            stop,
            waiting: AtomicBool::new(false),
        }
    }

    /// Takes a message that comes for the first time. Many of these run at once and share a commit.
    pub(super) async fn first(&self, message: &Message) -> Verdict {
        let delivery = match read(message) {
            Ok(delivery) => delivery,
            Err(refusal) => return self.again(0, &refusal, message),
        };
        let Some(act) = policy::act(&self.policies, &delivery) else {
            return Verdict::Done;
        };
        match self.insist(delivery.subject, act).await {
            None => Verdict::Silence,
            Some(Ok(())) => Verdict::Done,
            Some(Err(refusal)) => self.again(0, &refusal, message),
        }
    }

    /// Takes a message that came before, by itself: it may be what killed the process, or what no policy can take.
    /// The try is counted before anything else is done with it.
    pub(super) async fn again_alone(&self, message: &Message) -> Verdict {
        let (subject, id) = (message.subject.to_string(), identity(message));
        let counted = {
            let id = id.clone();
            self.insist(subject.clone(), move |tx: &mut Tx<'_>| {
                if dead_letter::exists(tx.db(), &id)? {
                    return Ok(None);
                }
                let now = tx.now();
                Ok(Some(dead_letter::count_try(tx.db(), &id, now)?))
            })
        };
        let tries = match counted.await {
            None => return Verdict::Silence,
            Some(Ok(None)) => return Verdict::Done,
            Some(Ok(Some(tries))) => tries,
            Some(Err(refusal)) => return self.again(TRIES, &refusal, message),
        };
        let delivery = read(message);
        let refusal = if tries > TRIES {
            Refusal::internal("its last try never came to an end")
        } else {
            match self.take(&subject, &id, delivery.clone()).await {
                None => return Verdict::Silence,
                Some(Ok(())) => return Verdict::Done,
                Some(Err(refusal)) if tries < TRIES => return self.again(tries, &refusal, message),
                Some(Err(refusal)) => refusal,
            }
        };
        let letter = letter(id, message, tries.min(TRIES), delivery.ok(), &refusal);
        self.put_aside(letter, message).await
    }

    async fn take(
        &self,
        subject: &str,
        id: &str,
        delivery: Result<Delivery, Refusal>,
    ) -> Option<Result<(), Refusal>> {
        let delivery = match delivery {
            Ok(delivery) => delivery,
            Err(refusal) => return Some(Err(refusal)),
        };
        let (act, id) = (policy::act(&self.policies, &delivery), id.to_owned());
        self.insist(subject.to_owned(), move |tx: &mut Tx<'_>| {
            act.as_ref().map_or(Ok(()), |act| act(tx))?;
            Ok(dead_letter::forget(tx.db(), &id)?)
        })
        .await
    }

    async fn put_aside(&self, letter: DeadLetter, message: &Message) -> Verdict {
        tracing::error!(
            context = self.store.context(),
            subject = letter.subject,
            message = letter.id,
            reason = letter.reason,
            "an event was put aside as a dead letter"
        );
        let content = Content {
            headers: wire::header_pairs(message.headers.as_ref()),
            body: message.payload.to_vec(),
        };
        let put = self.insist(letter.subject.clone(), move |tx: &mut Tx<'_>| {
            let letter = DeadLetter {
                at: tx.now().0,
                ..letter.clone()
            };
            dead_letter::insert(tx.db(), &letter, &content)?;
            Ok(dead_letter::forget(tx.db(), &letter.id)?)
        });
        match put.await {
            None => Verdict::Silence,
            Some(Ok(())) => Verdict::Done,
            Some(Err(refusal)) => self.again(TRIES, &refusal, message),
        }
    }

    /// Remembers that everything there was has been acted on. False: it could not be written now.
    pub(super) async fn catch_up(&self) -> bool {
        let written = self.store.write_regardless((), |tx| {
            let (context, now) = (tx.context().to_owned(), tx.now());
            Ok(inbox::catch_up(tx.db(), &context, now)?)
        });
        written.await.is_ok()
    }

    /// Writes, again and again while it is the store that cannot and not the command: that is no try. None: stopped.
    async fn insist<T, F>(&self, subject: String, command: F) -> Option<Result<T, Refusal>>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T, Refusal> + Send + Sync + 'static,
    {
        let command = Arc::new(command);
        let mut longest = FIRST_WAIT;
        loop {
            let command = command.clone();
            let written = self
                .store
                .write_regardless(wire::lane(&subject), move |tx: &mut Tx<'_>| command(tx));
            match written.await {
                Err(refusal) if refusal.is_passing() => self.waits(&refusal),
                done => {
                    if self.waiting.swap(false, Ordering::Relaxed) {
                        tracing::info!(context = self.store.context(), "events are taken again");
                    }
                    return Some(done);
                }
            }
            let wait = longest.mul_f64(rand::rng().random_range(0.5..=1.0));
            tokio::select! {
                () = self.stop.cancelled() => return None,
                () = tokio::time::sleep(wait) => longest = (longest * 2).min(LONGEST_WAIT),
            }
        }
    }

    fn waits(&self, refusal: &Refusal) {
        if refusal.kind != Kind::Aborted && !self.waiting.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                context = self.store.context(),
                %refusal,
                "events are not taken until the store can be written again"
            );
        }
    }

    fn again(&self, tries: i32, refusal: &Refusal, message: &Message) -> Verdict {
        let (subject, why) = (message.subject.as_str(), refusal.why());
        tracing::warn!(
            context = self.store.context(),
            subject,
            tries,
            why,
            "an event could not be taken"
        );
        let (first, longest) = self.pauses;
        let doubled = first.saturating_mul(2u32.saturating_pow(tries.unsigned_abs()));
        Verdict::Again(
            doubled
                .min(longest)
                .mul_f64(rand::rng().random_range(0.5..=1.0)),
        )
    }
}

fn read(message: &Message) -> Result<Delivery, Refusal> {
    wire::read(&message.subject, message.headers.as_ref(), &message.payload)
}

/// Names the message itself, not what it says: its sequence, and the moment it was stored, because a stream that was
/// made again counts anew.
fn identity(message: &Message) -> String {
    message.info().map_or_else(
        |_| message.subject.to_string(),
        |info| {
            format!(
                "{}.{}",
                info.stream_sequence,
                info.published.unix_timestamp_nanos()
            )
        },
    )
}

fn letter(
    id: String,
    message: &Message,
    tries: i32,
    delivery: Option<Delivery>,
    refusal: &Refusal,
) -> DeadLetter {
    DeadLetter {
        id,
        subject: message.subject.to_string(),
        version: delivery.as_ref().map_or(0, |delivery| delivery.version),
        name: delivery.map(|delivery| delivery.name).unwrap_or_default(),
        reason: refusal.why(),
        tries,
        at: 0,
    }
}
