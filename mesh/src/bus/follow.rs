//! The consumer of a context: pulls what its policies follow, made again for ever whatever becomes of it.

use super::batch::{BATCH, Batches};
use super::consumer::{MADE_ON, OTHER_POLICIES, UNACKNOWLEDGED, config, is_useless};
use super::handle::{Handler, Verdict};
use super::process::{consumed, process, retried};
use super::{ANSWER, Bus, Fault, STREAM};
use crate::policy::Policy;
use crate::store::Store;
use async_nats::Request;
use async_nats::jetstream::consumer::pull::{self, Stream as Messages};
use async_nats::jetstream::consumer::{Info, PullConsumer};
use async_nats::jetstream::context::ConsumerInfoErrorKind;
use async_nats::jetstream::{AckKind, Message};
use futures::FutureExt;
use futures::future::join_all;
use futures::stream::{FuturesUnordered, StreamExt};
use rand::Rng;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long one pull waits at the server, and how often the server says meanwhile that it is there.
const PULL: Duration = Duration::from_secs(30);
const HEARTBEAT: Duration = Duration::from_secs(5);
/// Without a message for so long the consumer is looked at from outside.
const WATCHDOG: Duration = Duration::from_secs(60);
/// A stopping consumer gives back what still comes: until nothing did for so long, or all this time.
const QUIET: Duration = Duration::from_millis(50);
const FAREWELL: Duration = Duration::from_millis(300);
/// Who works on a batch pulls nothing for a moment: nobody pulls, if so many looks so far apart find nobody.
const LOOKS: u32 = 5;
const LOOK: Duration = Duration::from_millis(200);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// Follows until `stop`, whatever happens to the server, the stream and the consumer.
pub(super) async fn run(
    bus: Bus,
    context: &str,
    policies: Vec<Policy>,
    store: Store,
    stop: CancellationToken,
) {
    if policies.is_empty() {
        return stop.cancelled().await;
    }
    let config = config(context, &policies, bus.settings().redelivery);
    let handler = Handler::new(policies, store, bus.settings(), stop.clone());
    let follower = Follower {
        bus,
        config,
        handler,
        stop,
    };
    let mut longest = FIRST_PAUSE;
    let mut told = false;
    loop {
        tokio::select! {
            () = follower.stop.cancelled() => return,
            () = follower.bus.connection().ready() => {}
        }
        let (worked, why) = tokio::select! {
            ended = follower.session() => ended,
            () = follower.bus.connection().lost() => (true, "the connection was lost".to_owned()),
        };
        if follower.stop.is_cancelled() {
            return;
        }
        if worked {
            (longest, told) = (FIRST_PAUSE, false);
        }
        if !told {
            tracing::info!(context, why, "the consumer is made again");
            told = true;
        }
        let pause = rand::rng().random_range(longest / 2..=longest);
        longest = (longest * 2).min(LONGEST_PAUSE);
        tokio::select! {
            () = follower.stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

struct Follower {
    bus: Bus,
    config: pull::Config,
    handler: Handler,
    stop: CancellationToken,
}

impl Follower {
    /// Works with one consumer until it ends: whether it brought anything, and why it ended.
    async fn session(&self) -> (bool, String) {
        let mut caught_up = false;
        let messages = async {
            let consumer = self.consumer().await?;
            let info = consumer.cached_info();
            if info.num_pending == 0 && info.num_ack_pending == 0 {
                caught_up = self.handler.catch_up().await;
            }
            consumer
                .stream()
                .max_messages_per_batch(BATCH)
                .expires(PULL)
                .heartbeat(HEARTBEAT)
                .messages()
                .await
                .map_err(refused)
        };
        let mut messages = match messages.await {
            Ok(messages) => messages,
            Err(fault) => return (false, fault.to_string()),
        };
        let mut worked = false;
        let mut acks = FuturesUnordered::new();
        let mut batches = Batches::new();
        loop {
            let next = tokio::select! {
                () = self.stop.cancelled() => {
                    self.give_back(&mut messages).await;
                    while acks.next().await.is_some() {}
                    return (worked, "it is stopping".to_owned());
                }
                Some(()) = acks.next() => continue,
                next = tokio::time::timeout(WATCHDOG, messages.next()) => next,
            };
            let (batch, ended) = match next {
                Ok(Some(Ok(first))) => batches.next(first, &mut messages).await,
                Ok(Some(Err(why))) => return (worked, why.to_string()),
                Ok(None) => return (worked, "its messages came to an end".to_owned()),
                Err(_) if self.is_stalled().await => return (worked, "it stalled".to_owned()),
                Err(_) => continue,
            };
            worked = true;
            let is_last = batch.last().is_some_and(|message| pending(message) == 0);
            let mut done = self.take(batch).await;
            let last = done.pop();
            for message in done {
                self.say_done(message).await;
            }
            if let Some(last) = last {
                acks.push(self.acknowledge(last));
            }
            if is_last && !caught_up {
                caught_up = self.handler.catch_up().await;
            }
            // Sent now; the server's word is waited for only when there is much of it to come.
            let _ = acks.next().now_or_never();
            while acks.len() > BATCH && acks.next().await.is_some() {}
            if let Some(why) = ended {
                return (worked, why);
            }
        }
    }

    /// Takes a batch: what comes for the first time together, what came before one by one. Answers what is done with.
    async fn take(&self, batch: Vec<Message>) -> Vec<Message> {
        consumed(self.context(), batch.len());
        let is_first = |message: &Message| message.info().is_ok_and(|info| info.delivered == 1);
        let (first, again): (Vec<_>, Vec<_>) = batch.into_iter().partition(is_first);
        // They reach the writer in this order, so those of one entity are taken in order.
        let taken = |message| process(self.context(), message, self.handler.first(message));
        let verdicts = join_all(first.iter().map(taken)).await;
        let mut done = Vec::new();
        for (message, verdict) in first.into_iter().zip(verdicts) {
            self.conclude(message, verdict, &mut done).await;
        }
        retried(self.context(), again.len());
        for message in again {
            let alone = self.handler.again_alone(&message);
            let verdict = process(self.context(), &message, alone).await;
            self.conclude(message, verdict, &mut done).await;
        }
        done
    }

    async fn conclude(&self, message: Message, verdict: Verdict, done: &mut Vec<Message>) {
        match verdict {
            Verdict::Done => done.push(message),
            // Lost on the way it comes again all the same, after the redelivery time.
            Verdict::Again(after) => drop(message.ack_with(AckKind::Nak(Some(after))).await),
            Verdict::Silence => {}
        }
    }

    /// Acknowledges without waiting for the server's word: it takes what one connection says in order, so its word on
    /// the last of a batch is its word on all of it.
    async fn say_done(&self, message: Message) {
        if let Err(why) = message.ack().await {
            tracing::debug!(%why, "an ack was not sent");
        }
    }

    /// Acknowledges and waits for the server's word. Without it the message comes again, and is no news.
    async fn acknowledge(&self, message: Message) {
        let Some(reply) = message.reply.clone() else {
            return;
        };
        let ack = Request::new().payload("+ACK".into()).timeout(Some(ANSWER));
        if let Err(why) = message.context.client().send_request(reply, ack).await {
            tracing::debug!(%why, "an ack was not confirmed");
        }
    }

    /// What was brought and not yet looked at goes to the next in line, not after the redelivery time but as soon as
    /// this consumer's last pull is surely gone: until then it would be brought here again.
    async fn give_back(&self, messages: &mut Messages) {
        let giving = async {
            while let Ok(Some(Ok(message))) = tokio::time::timeout(QUIET, messages.next()).await {
                let _ = message.ack_with(AckKind::Nak(Some(FAREWELL * 2))).await;
            }
        };
        let _ = tokio::time::timeout(FAREWELL, giving).await;
    }

    /// Whether the server has something for this consumer and does not bring it, or does not know it any more.
    async fn is_stalled(&self) -> bool {
        match self.info().await {
            Ok(Some(info)) => {
                info.num_pending > 0 && (info.num_ack_pending as i64) < UNACKNOWLEDGED
            }
            Ok(None) | Err(_) => true,
        }
    }

    fn context(&self) -> &str {
        self.config.durable_name.as_deref().unwrap_or_default()
    }

    async fn info(&self) -> Result<Option<Info>, Fault> {
        match self.bus.stream()?.consumer_info(self.context()).await {
            Ok(info) => Ok(Some(info)),
            Err(why) if why.kind() == ConsumerInfoErrorKind::NotFound => Ok(None),
            Err(why) => Err(refused(why)),
        }
    }

    /// Waits until nobody pulls from the consumer any more; an error when somebody does. While an older and a newer
    /// release run side by side, each would delete the other's consumer for as long as both are there. So who came first
    /// goes on with it, and the others follow when the last of those has gone, be they newer or, rolled back, older.
    async fn left_alone(&self) -> Result<(), Fault> {
        for _ in 0..LOOKS {
            match self.info().await? {
                Some(info) if info.num_waiting > 0 => {
                    let why = "replicas that follow by other policies still pull from it";
                    return Err(Fault::Refused(why.to_owned()));
                }
                Some(_) => tokio::time::sleep(LOOK).await,
                None => return Ok(()),
            }
        }
        Ok(())
    }

    /// The consumer, made if there is none. One that cannot go on from where it stands is made anew from the start: what
    /// it brings again is no news.
    async fn consumer(&self) -> Result<PullConsumer, Fault> {
        // In this order: what others take in the meantime must not look as if it were beyond the end.
        let info = self.info().await?;
        let standing = self.bus.standing().await?;
        let mut config = self.config.clone();
        let made_on = (MADE_ON.to_owned(), standing.created.clone());
        config.metadata.extend([made_on]);
        if let Some(info) = info
            && let Some(why) = is_useless(&info, &config, standing.last)
        {
            if why == OTHER_POLICIES {
                self.left_alone().await?;
            }
            tracing::info!(consumer = info.name, why, "the consumer is made anew");
            let stream = self.bus.stream()?;
            stream.delete_consumer(&info.name).await.map_err(refused)?;
        }
        let js = self.bus.js();
        js.create_consumer_on_stream(config, STREAM)
            .await
            .map_err(refused)
    }
}

fn refused(why: impl std::fmt::Display) -> Fault {
    Fault::Refused(why.to_string())
}

/// How many messages there are behind this one.
fn pending(message: &Message) -> u64 {
    message.info().map_or(u64::MAX, |info| info.pending)
}
