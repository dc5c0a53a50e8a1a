//! A word between the replicas of a context that one of them has committed: so that a watch on another, or the relay
//! there, looks at once. It may get lost; behind each of them is a poll.

use super::Bus;
use crate::id;
use crate::store::{Backend, Store};
use futures::StreamExt;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Commits in so short a time are one word.
const PACE: Duration = Duration::from_millis(20);

/// Tells the other replicas of the commits of this one, and this one of theirs, until `stop`.
pub(super) async fn run(bus: Bus, store: Store, stop: CancellationToken) {
    if store.url().backend() == Backend::Sqlite {
        return stop.cancelled().await;
    }
    // No subject of the stream's: nobody needs it afterwards.
    let subject = format!("yemae-commits.{}", store.context());
    let me = id::new();
    tokio::select! {
        () = stop.cancelled() => {}
        () = tell(&bus, &store, &subject, &me) => {}
        () = hear(&bus, &store, &subject, &me) => {}
    }
}

async fn tell(bus: &Bus, store: &Store, subject: &str, me: &str) {
    loop {
        store.signals().own.notified().await;
        let client = bus.connection().client();
        // While there is no server it would only be kept for later, when nobody cares.
        if bus.connection().is_established() {
            let _ = client
                .publish(subject.to_owned(), me.to_owned().into())
                .await;
        }
        tokio::time::sleep(PACE).await;
    }
}

async fn hear(bus: &Bus, store: &Store, subject: &str, me: &str) {
    let client = bus.connection().client();
    loop {
        if let Ok(mut words) = client.subscribe(subject.to_owned()).await {
            while let Some(word) = words.next().await {
                if word.payload != me {
                    store.signals().heard();
                }
            }
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
