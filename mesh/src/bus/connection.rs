//! The connection: made again for ever, and said once when it goes and when it is back.

use super::{Fault, OLDEST_SERVER, Settings};
use async_nats::connection::State;
use async_nats::{Client, ConnectOptions, Event, ServerAddr};
use rand::Rng;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::watch;

const FIRST_RECONNECT: Duration = Duration::from_millis(100);
const LONGEST_RECONNECT: Duration = Duration::from_secs(4);
/// A server that says nothing any more is given up after two of these.
const PING: Duration = Duration::from_secs(10);
/// The client drops events when nobody takes them fast enough, so its state is asked too.
const LOOK: Duration = Duration::from_millis(500);

/// A connection to NATS. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Connection {
    client: Client,
    changes: watch::Receiver<u64>,
    told_too_old: Arc<AtomicBool>,
}

impl Connection {
    pub(super) async fn open(settings: &Settings) -> Result<Self, Fault> {
        let addresses = settings.url.split(',').map(|address| {
            let address = address.trim();
            // An address may carry a password: only its end is repeated.
            let shown = address.rsplit('@').next().unwrap_or_default().to_owned();
            address
                .parse::<ServerAddr>()
                .map_err(|_| Fault::Address(shown))
        });
        let addresses = addresses.collect::<Result<Vec<_>, _>>()?;
        // The client does not read them from an address. They are for all servers of a cluster.
        let credentials = addresses.iter().find_map(|address| {
            let user = address.username().filter(|user| !user.is_empty())?;
            Some((
                user.to_owned(),
                address.password().unwrap_or_default().to_owned(),
            ))
        });
        let (changed, changes) = watch::channel(0);
        let watcher = Arc::new(Watcher {
            changed,
            away: AtomicBool::new(false),
        });
        let fresh = AtomicBool::new(true);
        let options = ConnectOptions::new()
            .name(&settings.name)
            .retry_on_initial_connect()
            .ping_interval(PING)
            .reconnect_delay_callback(move |attempt| {
                if fresh.swap(false, Ordering::Relaxed) {
                    Duration::ZERO
                } else {
                    reconnect_delay(attempt)
                }
            })
            .event_callback(move |event| {
                watcher.heard(&event);
                std::future::ready(())
            });
        let options = match credentials {
            // Answers to one user are no other's to hear.
            Some((user, password)) => options
                .custom_inbox_prefix(format!("_INBOX.{user}"))
                .user_and_password(user, password),
            None => options,
        };
        let client = options.connect(addresses).await;
        Ok(Self {
            client: client.map_err(|why| Fault::Unreachable(why.to_string()))?,
            changes,
            told_too_old: Arc::default(),
        })
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn is_established(&self) -> bool {
        self.client.connection_state() == State::Connected && !self.version().is_empty()
    }

    /// Waits until there is a server.
    pub(super) async fn established(&self) {
        let mut changes = self.changes.clone();
        while !self.is_established() {
            let _ = tokio::time::timeout(LOOK, changes.changed()).await;
        }
    }

    /// Waits until there is a server that is new enough.
    pub(crate) async fn ready(&self) {
        loop {
            self.established().await;
            let Err(fault) = self.check_version() else {
                self.told_too_old.store(false, Ordering::Relaxed);
                return;
            };
            if !self.told_too_old.swap(true, Ordering::Relaxed) {
                tracing::error!(%fault, "no event is published or followed");
            }
            self.lost().await;
        }
    }

    /// Waits until the connection there is at the call is gone, even when another is there already.
    pub(crate) fn lost(&self) -> impl Future<Output = ()> {
        let mut changes = self.changes.clone();
        changes.mark_unchanged();
        async move {
            while self.is_established() {
                if let Ok(Ok(())) = tokio::time::timeout(LOOK, changes.changed()).await {
                    return;
                }
            }
        }
    }

    fn version(&self) -> String {
        self.client
            .try_server_info()
            .map(|info| info.version)
            .unwrap_or_default()
    }

    pub(super) fn check_version(&self) -> Result<(), Fault> {
        let found = self.version();
        match parse_version(&found) {
            Some(version) if version >= OLDEST_SERVER => Ok(()),
            _ => Err(Fault::TooOld { found }),
        }
    }
}

/// Says once that the server is away, and once that it is back.
struct Watcher {
    changed: watch::Sender<u64>,
    away: AtomicBool,
}

impl Watcher {
    fn heard(&self, event: &Event) {
        // Odd while connected; a connection made anew without a loss in between counts as both.
        let connected = *self.changed.borrow() % 2 == 1;
        match event {
            Event::Connected => {
                self.changed.send_modify(|n| *n += 1 + *n % 2);
                if self.away.swap(false, Ordering::Relaxed) {
                    tracing::info!("NATS is back");
                }
            }
            Event::Disconnected => {
                self.changed.send_modify(|n| *n += *n % 2);
                self.is_away(event);
            }
            Event::ClientError(_) | Event::ServerError(_) if connected => {
                tracing::warn!(%event, "NATS complains");
            }
            Event::ClientError(_) | Event::ServerError(_) => self.is_away(event),
            _ => {}
        }
    }

    fn is_away(&self, event: &Event) {
        if !self.away.swap(true, Ordering::Relaxed) {
            tracing::warn!(%event, "NATS is away: events wait in the outboxes");
        }
    }
}

/// Full jitter, so that a restarted server is not met by all its clients at once.
fn reconnect_delay(attempt: usize) -> Duration {
    let doublings = u32::try_from(attempt).unwrap_or(u32::MAX);
    let longest = FIRST_RECONNECT.saturating_mul(2u32.saturating_pow(doublings));
    rand::rng().random_range(FIRST_RECONNECT..=longest.min(LONGEST_RECONNECT))
}

fn parse_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split(['.', '-']).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        let new_enough = |text| parse_version(text).is_some_and(|v| v >= OLDEST_SERVER);
        for text in ["2.14.0", "2.15.1", "2.100.0-RC.1", "3.0.0"] {
            assert!(new_enough(text), "{text}");
        }
        for text in ["2.9.25", "2.13.9", "1.99.0", "", "latest"] {
            assert!(!new_enough(text), "{text}");
        }
    }

    #[test]
    fn reconnects_wait_between_a_tenth_of_a_second_and_four() {
        for attempt in [1, 2, 3, 10, 10_000, usize::MAX] {
            let delay = reconnect_delay(attempt);
            assert!(
                (FIRST_RECONNECT..=LONGEST_RECONNECT).contains(&delay),
                "{attempt}: {delay:?}"
            );
        }
    }
}
