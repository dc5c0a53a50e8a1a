//! Which messages are taken together.

use async_nats::jetstream::Message;
use async_nats::jetstream::consumer::pull::Stream as Messages;
use futures::FutureExt;
use futures::stream::StreamExt;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// The most messages that share a commit.
pub(super) const BATCH: usize = 256;
/// Batches begin so far apart at least: what comes after a rest is taken at once, and of a stream many share a commit. One
/// by one, 196 bookings a second cost three times as much each as 700.
const PACE: Duration = Duration::from_millis(25);

/// The batches of one consumer.
pub(super) struct Batches {
    due: Instant,
}

impl Batches {
    /// After a rest.
    pub(super) fn new() -> Self {
        Self {
            due: Instant::now(),
        }
    }

    /// The next one, which begins with `first`; and why there will be no more, if so.
    pub(super) async fn next(
        &mut self,
        first: Message,
        messages: &mut Messages,
    ) -> (Vec<Message>, Option<String>) {
        sleep_until(self.due).await;
        self.due = Instant::now() + PACE;
        gather(first, messages)
    }
}

/// `first` and whatever is there behind it, up to a batch; and why there will be no more, if so.
fn gather(first: Message, messages: &mut Messages) -> (Vec<Message>, Option<String>) {
    let mut batch = vec![first];
    while batch.len() < BATCH {
        match messages.next().now_or_never() {
            Some(Some(Ok(message))) => batch.push(message),
            Some(Some(Err(why))) => return (batch, Some(why.to_string())),
            Some(None) => return (batch, Some("its messages came to an end".to_owned())),
            None => break,
        }
    }
    (batch, None)
}
