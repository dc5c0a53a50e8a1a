//! Where to install is said once the subscription stands, and forgotten once it is over.

use crate::counter::{Counter, won};
use proto::iptv::subscription::v1::CancelSubscriptionRequest;

#[tokio::test]
async fn it_is_stated_when_placed_and_forgotten_at_either_end() {
    for active in [true, false] {
        let counter = Counter::new().await;
        let placed = counter.subscribe(counter.request("one")).await.unwrap();
        assert_eq!(counter.premises().await, []);
        counter.world.settle().await;
        let said = counter.premises().await;
        assert_eq!((said.len(), said[0].version), (1, 1));
        assert_eq!(said[0].home, counter.request("one").home);
        let subscription_id = placed.subscription_id.clone();
        let cancel = CancelSubscriptionRequest { subscription_id };
        counter.ann().cancel_subscription(cancel).await.unwrap();
        counter.world.settle().await;
        assert_eq!(counter.premises().await.len(), 1);
        counter.fulfilment(&placed.subscription_id, active).await;
        let said = counter.premises().await;
        if active {
            // The request is open: who installs may still have to come.
            assert_eq!(said.len(), 1);
        } else {
            assert_eq!((said.len(), said[1].version), (2, 2));
            assert_eq!(said[1].home, None);
        }
    }
}

#[tokio::test]
async fn it_is_forgotten_when_nothing_was_placed() {
    let counter = Counter::new().await;
    counter.plan(2, Some(30_000), true).await;
    let mut request = counter.request("one");
    request.expected_total = Some(won(30_000));
    request.payment_method = "pm_test".to_owned();
    counter.subscribe(request).await.unwrap_err();
    counter.world.settle().await;
    let kept = counter.world.site("iptv-subscription").store.read(|db| {
        use diesel::prelude::*;
        diesel::table! { premises (order_id) { order_id -> Text, } }
        Ok(premises::table.count().get_result::<i64>(db)?)
    });
    assert_eq!(kept.await.unwrap(), 0);
    assert_eq!(counter.premises().await, []);
}

#[tokio::test]
async fn nothing_that_is_printed_says_where() {
    let counter = Counter::new().await;
    let printed = format!("{:?}", counter.request("one"));
    assert!(printed.contains("Home(***)"), "{printed}");
    assert!(!printed.contains("Teheran"), "{printed}");
}
