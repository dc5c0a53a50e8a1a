//! What is sold, and for how much: order's own copy says so.

use crate::counter::{Counter, bytes, item, why};
use tonic_types::StatusExt;

#[tokio::test]
async fn a_total_that_has_changed_is_told_before_any_payment() {
    let counter = Counter::new().await;
    let cheaper = counter.request("one", &[("kimbap", 2), ("water", 1)], 3_500);
    let refused = counter.place(cheaper).await.unwrap_err();
    let info = refused.get_details_error_info().unwrap();
    assert_eq!(info.reason, "PRICE_CHANGED");
    assert_eq!(info.metadata["current_total"], "7000");
    // At the right total payment is asked, and does not answer here.
    let right = counter.request("two", &[("kimbap", 2), ("water", 1)], 7_000);
    assert_eq!(why(counter.place(right).await), "PAYMENT_UNCONFIRMED");
}

#[tokio::test]
async fn the_price_is_the_one_of_the_moment_of_ordering() {
    let counter = Counter::new().await;
    let request = counter.request("one", &[("water", 3)], 0);
    let placed = counter.place(request.clone()).await.unwrap();
    counter.menu(2, vec![item("water", 500, false)]).await;
    assert_eq!(
        bytes(&counter.place(request).await.unwrap()),
        bytes(&placed)
    );
    let order = placed.order.unwrap();
    assert_eq!(counter.get(&order.order_id).await.meal, order.meal);
    let again = counter.request("two", &[("water", 3)], 0);
    assert_eq!(why(counter.place(again).await), "PRICE_CHANGED");
}

#[tokio::test]
async fn what_is_sold_out_is_refused_by_name() {
    let counter = Counter::new().await;
    let request = counter.request("one", &[("water", 1), ("ramen", 1)], 4_000);
    let refused = counter.place(request).await.unwrap_err();
    let info = refused.get_details_error_info().unwrap();
    assert_eq!(
        (&*info.reason, &*info.metadata["items"]),
        ("SOLD_OUT", "ramen")
    );
}

#[tokio::test]
async fn an_unknown_store_or_item_is_not_found() {
    let counter = Counter::new().await;
    let request = counter.request("one", &[("pizza", 1)], 0);
    assert_eq!(why(counter.place(request).await), "NOT_FOUND");
    let elsewhere = proto::food::order::v1::PlaceOrderRequest {
        store_id: mesh::id::new(),
        ..counter.request("two", &[("water", 1)], 0)
    };
    assert_eq!(why(counter.place(elsewhere).await), "NOT_FOUND");
}

#[tokio::test]
async fn a_menu_that_may_still_be_on_its_way_is_not_called_unknown() {
    let counter = Counter::unknown();
    let request = counter.request("one", &[("water", 1)], 0);
    let refused = counter.place(request).await;
    assert_eq!(why(refused), "CATALOGUE_LOADING");
}

#[tokio::test]
async fn a_closed_store_takes_orders() {
    let counter = Counter::new().await;
    counter.state(counter.store(2, false)).await;
    assert_eq!(counter.water("one").await.version, 1);
}
