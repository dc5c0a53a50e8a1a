//! What a context asks of its consumer.

use crate::policy::Policy;
use async_nats::jetstream::consumer::pull;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, Info};
use std::collections::HashMap;
use std::time::Duration;

/// Delivered and not yet acknowledged, at most.
pub(super) const UNACKNOWLEDGED: i64 = 1000;
/// Whose consumer it is, written into it.
const POLICIES: &str = "yemae-policies";
/// Of which stream it is, by its creation time, written into it.
pub(super) const MADE_ON: &str = "yemae-stream";

/// A durable pull consumer of what `policies` follow.
pub(super) fn config(context: &str, policies: &[Policy], redelivery: Duration) -> pull::Config {
    let mut names: Vec<_> = policies
        .iter()
        .map(|policy| format!("{}={}", policy.name(), policy.filter()))
        .collect();
    names.sort_unstable();
    pull::Config {
        durable_name: Some(context.to_owned()),
        filter_subjects: filters(policies),
        ack_policy: AckPolicy::Explicit,
        ack_wait: redelivery,
        max_ack_pending: UNACKNOWLEDGED,
        // Tries are counted here, not by the server: a lost connection is no try.
        max_deliver: -1,
        // Every entity's present, because the stream keeps no more, then whatever changes. Asked for by subject, the
        // server would make a list first, and wait at each message that was replaced since.
        deliver_policy: DeliverPolicy::All,
        metadata: HashMap::from([(POLICIES.to_owned(), names.join(","))]),
        ..pull::Config::default()
    }
}

/// The subjects that `policies` follow. The server wants none that another one covers.
fn filters(policies: &[Policy]) -> Vec<String> {
    let mut all: Vec<_> = policies.iter().map(Policy::filter).collect();
    all.sort_unstable();
    all.dedup();
    let covered = |filter: &String| {
        let mut tokens = filter.split('.');
        let any = |entity| format!("yemae.*.{entity}.>");
        let general = tokens.nth(2).map(any).unwrap_or_default();
        *filter != general && all.contains(&general)
    };
    all.iter().filter(|f| !covered(f)).cloned().collect()
}

/// Another release is, or was, at work.
pub(super) const OTHER_POLICIES: &str = "made for other policies";

/// Why a consumer has to be made anew, if it has to.
pub(super) fn is_useless(found: &Info, wanted: &pull::Config, last: u64) -> Option<&'static str> {
    let differs = |key| found.config.metadata.get(key) != wanted.metadata.get(key);
    if differs(POLICIES) {
        // A new policy has to see what the old consumer has left behind.
        Some(OTHER_POLICIES)
    } else if differs(MADE_ON) {
        Some("made on another stream")
    } else if found.delivered.stream_sequence > last {
        Some("ahead of the stream")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Context;
    use proto::ordering::v1::{Fulfilment, Order};

    #[test]
    fn no_filter_covers_another() {
        let context = Context::new("mypage")
            .follows::<Order, _>("a", "cinema-booking", |_, _| Ok(()))
            .follows::<Order, _>("b", "*", |_, _| Ok(()))
            .follows::<Order, _>("c", "*", |_, _| Ok(()))
            .follows::<Fulfilment, _>("d", "cinema-ticket", |_, _| Ok(()))
            .follows::<Fulfilment, _>("e", "cinema-theater", |_, _| Ok(()));
        assert_eq!(
            filters(&context.policies),
            [
                "yemae.*.Order.>",
                "yemae.cinema-theater.Fulfilment.>",
                "yemae.cinema-ticket.Fulfilment.>"
            ]
        );
    }
}
