//! Publishes as a relay does them: each to a subject of its own, each acknowledged by the stream.

use crate::rate;
use async_nats::HeaderMap;
use async_nats::jetstream;
use mesh::bus::{Bus, Settings};
use mesh::id;

/// Under way at once, as in a relay.
const IN_FLIGHT: usize = 128;
/// About the size of an order's event.
const BYTES: usize = 600;

/// Acks a second.
pub(crate) async fn measure(nats: &str) -> f64 {
    let bus = Bus::connect(Settings::new(nats, "limits")).await;
    let bus = bus.expect("an address of a nats-server");
    bus.provision().await.expect("a stream");
    let client = async_nats::connect(nats).await.expect("a connection");
    let js = jetstream::new(client);
    rate(IN_FLIGHT, move || {
        let js = js.clone();
        async move {
            let id = id::new();
            let mut headers = HeaderMap::new();
            headers.insert("Nats-Msg-Id", id.as_str());
            headers.insert("Nats-Expected-Last-Subject-Sequence", "0");
            let subject = format!("yemae.limits.Order.{id}");
            let sent = js
                .publish_with_headers(subject, headers, vec![0; BYTES].into())
                .await;
            sent.expect("sent").await.expect("an ack");
        }
    })
    .await
}
