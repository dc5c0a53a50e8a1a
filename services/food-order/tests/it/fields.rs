//! What is wrong with a request, whatever the state.

use crate::counter::Counter;
use proto::food::order::v1::{CancelOrderRequest, PlaceOrderRequest, SystemCancelOrderRequest};
use tonic::{Code, Status};
use tonic_types::StatusExt;

fn wrong_fields(refused: &Status) -> Vec<String> {
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
    let wrong = refused.get_details_bad_request().unwrap().field_violations;
    let mut fields: Vec<_> = wrong.into_iter().map(|wrong| wrong.field).collect();
    fields.sort();
    fields
}

#[tokio::test]
async fn every_wrong_field_is_told_at_once() {
    let counter = Counter::new().await;
    let nothing = counter.place(PlaceOrderRequest::default()).await;
    let expected = ["expected_total", "items", "request_id", "store_id"];
    assert_eq!(wrong_fields(&nothing.unwrap_err()), expected);
    // What only food-order can judge comes once the fields are right by themselves.
    let mut unpaid = counter.request("unpaid", &[("kimbap", 1), ("kimbap", 1)], 1);
    unpaid.payment_method = String::new();
    let unpaid = counter.place(unpaid).await.unwrap_err();
    assert_eq!(wrong_fields(&unpaid), ["items", "payment_method"]);
    let odd = counter.request("odd", &[("kimbap", 0), ("", 100), ("kimbap", 1)], 0);
    let expected = ["items[0].quantity", "items[1].item_id", "items[1].quantity"];
    assert_eq!(
        wrong_fields(&counter.place(odd).await.unwrap_err()),
        expected
    );
    // Nothing of a list that is too long is read.
    let many = counter.place(counter.request("many", &[("", 0); 51], 0));
    let many = many.await;
    assert_eq!(wrong_fields(&many.unwrap_err()), ["items"]);
}

#[tokio::test]
async fn ids_and_reasons_are_read_before_anything_is_cancelled() {
    let counter = Counter::new().await;
    let order_id = "x".to_owned();
    let request = CancelOrderRequest {
        order_id: order_id.clone(),
    };
    let refused = counter.ann().cancel_order(request).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["order_id"]);
    let request = SystemCancelOrderRequest {
        order_id,
        reason: None,
    };
    let mut admin = counter.as_user("root", "admin");
    let refused = admin.system_cancel_order(request).await.unwrap_err();
    let expected = ["order_id", "reason"];
    assert_eq!(wrong_fields(&refused), expected);
}
