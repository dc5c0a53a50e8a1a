//! The carrier of events: one JetStream stream. The outbox is the log; what the stream loses is nobody's loss.

mod batch;
mod connection;
mod consumer;
mod follow;
mod handle;
mod lag;
pub(crate) mod process;
mod signal;
pub(crate) mod wire;

use crate::outbox::relay;
use crate::policy::Policy;
use crate::store::Store;
use async_nats::jetstream::context::CreateStreamErrorKind;
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType, Stream};
use async_nats::jetstream::{self, ContextBuilder};
use connection::Connection;
pub use lag::Lag;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The stream all contexts share.
pub const STREAM: &str = "YEMAE";
/// The oldest server that can do what is asked of it here.
pub const OLDEST_SERVER: (u32, u32) = (2, 14);
/// Of each entity its present and nothing else: policies need no more. One that expires so leaves nothing behind, without
/// a roll-up: that makes the server count anew what every consumer has before it, over all subjects there are, and took
/// two thirds of its time.
const KEPT_PER_ENTITY: i64 = 1;
/// Only noise reduction: what is sent again within it is not stored again.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(120);
/// How long the server may take to acknowledge a publish or an ack, and to answer a question.
const ANSWER: Duration = Duration::from_secs(5);
/// How long [`Bus::provision`] waits for a server.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two tries of it.
const AGAIN: Duration = Duration::from_millis(200);

/// How the bus is reached and kept.
#[derive(Clone)]
pub struct Settings {
    /// `nats://host:port`, several separated by commas.
    pub url: String,
    /// What the server shows as this connection's name.
    pub name: String,
    /// Copies of the stream in a cluster.
    pub replicas: usize,
    /// The most bytes the stream takes before it refuses; none: what the server's disk allows.
    pub max_bytes: Option<i64>,
    /// After how long without an ack a message is delivered again.
    pub redelivery: Duration,
    /// How often a relay looks whether the stream still has what it acknowledged.
    pub check: Duration,
    /// The first and the longest pause between two tries of a message that its policy could not take.
    pub pauses: (Duration, Duration),
}

impl Settings {
    /// The usual settings: one replica, 30 s to an ack and between checks, 0.2 s to 5 s between tries.
    pub fn new(url: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            name: name.into(),
            replicas: 1,
            max_bytes: None,
            redelivery: Duration::from_secs(30),
            check: Duration::from_secs(30),
            pauses: (Duration::from_millis(200), Duration::from_secs(5)),
        }
    }
}

/// Why the bus cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The address is none.
    #[error("{0} is no address of a NATS server; it looks like nats://127.0.0.1:4222")]
    Address(String),
    /// Nobody answers.
    #[error("no NATS server answers: {0}")]
    Unreachable(String),
    /// The server is too old.
    #[error("the NATS server is version {found}; yemae needs 2.14 or newer")]
    TooOld {
        /// Its version.
        found: String,
    },
    /// The server said no.
    #[error("the NATS server refused: {0}")]
    Refused(String),
}

/// A connection to the stream. Cheap to clone.
#[derive(Clone)]
pub struct Bus {
    connection: Connection,
    js: jetstream::Context,
    settings: Settings,
}

impl Bus {
    /// Connects, now or whenever a server is there: it returns before. Fails only on an address that is none.
    pub async fn connect(settings: Settings) -> Result<Self, Fault> {
        let connection = Connection::open(&settings).await?;
        let js = ContextBuilder::new()
            .timeout(ANSWER)
            .ack_timeout(ANSWER)
            .build(connection.client().clone());
        Ok(Self {
            connection,
            js,
            settings,
        })
    }

    /// Makes the stream, or brings an older one up to these settings. Waits up to 10 s for a server.
    pub async fn provision(&self) -> Result<(), Fault> {
        let mut last = Fault::Unreachable("it does not answer at all".to_owned());
        let tried = tokio::time::timeout(PATIENCE, async {
            self.connection.established().await;
            self.connection.check_version()?;
            loop {
                let Err(why) = self.js.create_or_update_stream(self.stream_config()).await else {
                    return Ok(());
                };
                // An answer is final; JetStream that is still starting gives none.
                if let CreateStreamErrorKind::JetStream(why) = why.kind() {
                    return Err(Fault::Refused(why.to_string()));
                }
                last = Fault::Unreachable(why.to_string());
                tokio::time::sleep(AGAIN).await;
            }
        });
        match tried.await {
            Ok(done) => done,
            Err(_) => Err(last),
        }
    }

    /// Makes the stream, and makes it again whenever it is gone, until `stop`: for whoever has the right to. It is looked
    /// for at every new connection, and as often as the relays look.
    pub async fn keep_provisioned(&self, stop: CancellationToken) {
        let mut told = false;
        loop {
            let lost = self.connection.lost();
            let provisioned = tokio::select! {
                () = stop.cancelled() => return,
                provisioned = self.provision() => provisioned,
            };
            if let Err(fault) = &provisioned
                && !told
            {
                tracing::warn!(%fault, "the stream cannot be made now; it is tried again");
            }
            told = provisioned.is_err();
            tokio::select! {
                () = stop.cancelled() => return,
                () = lost => {}
                () = tokio::time::sleep(self.settings.check) => {}
            }
        }
    }

    fn stream_config(&self) -> Config {
        Config {
            name: STREAM.to_owned(),
            subjects: vec!["yemae.>".to_owned()],
            storage: StorageType::File,
            retention: RetentionPolicy::Limits,
            // A full stream refuses and the outboxes wait; it never drops what somebody has not yet seen.
            discard: DiscardPolicy::New,
            max_messages_per_subject: KEPT_PER_ENTITY,
            max_bytes: self.settings.max_bytes.unwrap_or(-1),
            duplicate_window: DUPLICATE_WINDOW,
            allow_message_ttl: true,
            allow_direct: true,
            num_replicas: self.settings.replicas,
            ..Config::default()
        }
    }

    /// Publishes what the outbox of `store` holds, until `stop`: one of these runs per context.
    pub async fn relay(&self, store: Store, stop: CancellationToken) {
        relay::run(self.clone(), store, stop).await;
    }

    /// Brings to `policies` whatever they follow, until `stop`. `context` names the consumer.
    pub async fn follow(
        &self,
        context: &str,
        policies: Vec<Policy>,
        store: Store,
        stop: CancellationToken,
    ) {
        follow::run(self.clone(), context, policies, store, stop).await;
    }

    /// Tells the other replicas of the context that a commit of this one may concern them, and this one of theirs, until
    /// `stop`: what wakes watches everywhere. A word may get lost; who waits also polls.
    pub async fn signal(&self, store: Store, stop: CancellationToken) {
        signal::run(self.clone(), store, stop).await;
    }

    pub(crate) fn js(&self) -> &jetstream::Context {
        &self.js
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// A handle that asks the server nothing.
    pub(crate) fn stream(&self) -> Result<Stream<()>, Fault> {
        // The name is a constant, so this is ready at once.
        futures::FutureExt::now_or_never(self.js.get_stream_no_info(STREAM))
            .and_then(Result::ok)
            .ok_or_else(|| Fault::Refused("no handle of the stream".to_owned()))
    }

    /// Where the stream stands.
    pub(crate) async fn standing(&self) -> Result<Standing, Fault> {
        let info = self.stream()?.get_info().await;
        let info = info.map_err(|why| Fault::Refused(why.to_string()))?;
        Ok(Standing {
            created: wire::rfc3339(info.created.unix_timestamp_nanos()),
            last: info.state.last_sequence,
        })
    }
}

/// The stream at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    /// When it was made, RFC 3339: its identity.
    pub(crate) created: String,
    /// The last sequence it has given.
    pub(crate) last: u64,
}
