//! A replay: what the stream has of every entity of one kind at this moment, read once and beside whatever follows it.
//! For a view that is built anew.

use crate::bus::{Bus, Fault, STREAM, wire};
use crate::event::Change;
use crate::policy;
use crate::refusal::Refusal;
use async_nats::jetstream::Message as Carried;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, PullConsumer, pull};
use futures::StreamExt;
use prost::{Message, Name};
use std::marker::PhantomData;
use std::time::Duration;
use tokio::time::timeout;

/// How many messages are asked for at once.
const BATCH: usize = 256;
/// How long the server may take to bring them, or to say that there are none.
const ANSWER: Duration = Duration::from_secs(5);
/// The server forgets a reader that has not asked for so long; it then begins again.
const PATIENCE: Duration = Duration::from_secs(300);

/// A replay that is being read.
pub struct Replay<E> {
    consumer: PullConsumer,
    total: u64,
    /// The stream's last message when it began: what is behind it came meanwhile.
    end: u64,
    heard: u64,
    ended: bool,
    entity: PhantomData<fn() -> E>,
}

impl Bus {
    /// Starts to read the last message of every entity `E` that `from` states, or that anybody does for "*". Nothing is
    /// remembered of it: who is interrupted begins again.
    pub async fn replay<E: Name>(&self, from: &str) -> Result<Replay<E>, Fault> {
        let info = self.stream()?.get_info().await.map_err(refused)?;
        let config = pull::Config {
            filter_subject: format!("yemae.{from}.{}.>", E::NAME),
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::None,
            inactive_threshold: PATIENCE,
            memory_storage: true,
            num_replicas: 1,
            ..pull::Config::default()
        };
        let consumer = self.js().create_consumer_on_stream(config, STREAM).await;
        let consumer = consumer.map_err(refused)?;
        let total = consumer.cached_info().num_pending;
        Ok(Replay {
            consumer,
            total,
            end: info.state.last_sequence,
            heard: 0,
            ended: total == 0,
            entity: PhantomData,
        })
    }
}

impl<E: Message + Name + Default> Replay<E> {
    /// How many entities there were when it began.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The next of them; a refusal in the place of each message that is none. None at the end: then everything that was
    /// in the stream when it began was read, or has been replaced since, and whoever follows it hears of that.
    pub async fn next(&mut self) -> Result<Option<Vec<Result<Change<E>, Refusal>>>, Fault> {
        while !self.ended {
            let batch = timeout(ANSWER * 2, self.fetch()).await;
            let batch = batch.map_err(|_| refused("no answer"))??;
            if !batch.is_empty() {
                return Ok(Some(batch.iter().map(read).collect()));
            }
            let info = self.consumer.get_info().await.map_err(refused)?;
            self.ended = info.num_pending == 0;
        }
        Ok(None)
    }

    async fn fetch(&mut self) -> Result<Vec<Carried>, Fault> {
        let asked = self.consumer.fetch().max_messages(BATCH).expires(ANSWER);
        let mut messages = asked.messages().await.map_err(refused)?;
        let mut batch = Vec::new();
        while let Some(message) = messages.next().await {
            let message = message.map_err(refused)?;
            let info = message.info().map_err(refused)?;
            // Nothing is acknowledged, so nothing would come again.
            if info.consumer_sequence != self.heard + 1 {
                return Err(refused("a message was lost on the way"));
            }
            self.heard += 1;
            self.ended = info.pending == 0 || info.stream_sequence >= self.end;
            batch.push(message);
        }
        Ok(batch)
    }
}

fn read<E: Message + Name + Default>(message: &Carried) -> Result<Change<E>, Refusal> {
    let delivery = wire::read(&message.subject, message.headers.as_ref(), &message.payload)?;
    let (context, _, id) = wire::parts(&delivery.subject).unwrap_or_default();
    Ok(Change {
        entity: policy::decode_entity(&delivery.body)?,
        id: id.to_owned(),
        version: delivery.version,
        context: context.to_owned(),
        name: delivery.name.clone(),
        at: delivery.at,
    })
}

fn refused(why: impl std::fmt::Display) -> Fault {
    Fault::Refused(why.to_string())
}
