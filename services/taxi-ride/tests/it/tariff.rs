//! What a ride costs, and what is wrong with a call.

use crate::stand::{FARE, Stand, gangnam, request, station, why, won};
use proto::taxi::ride::v1::{CallTaxiRequest, CancelRideRequest, Place, SystemCancelRideRequest};
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
async fn an_estimate_is_what_a_call_costs() {
    let stand = Stand::new();
    let (meters, total) = stand.estimate(station(), gangnam()).await.unwrap();
    assert_eq!((meters, &total), (8_052, &won(FARE)));
    let ride = stand.called("one").await;
    assert_eq!(ride.total, Some(total));
    let trip = ride.trip.unwrap();
    assert_eq!(trip.meters, meters);
    assert_eq!((trip.from, trip.to), (Some(station()), Some(gangnam())));
    let nowhere = stand.estimate(station(), station()).await.unwrap();
    assert_eq!(nowhere, (0, won(4_800)));
}

#[tokio::test]
async fn a_total_that_is_not_the_estimate_is_told_before_any_payment() {
    let stand = Stand::new();
    let cheaper = CallTaxiRequest {
        expected_total: Some(won(FARE - 100)),
        // It would be refused for this, if it were charged.
        payment_method: "pm_poor".to_owned(),
        ..request("one")
    };
    let refused = stand.call(cheaper.clone()).await.unwrap_err();
    let info = refused.get_details_error_info().unwrap();
    assert_eq!(info.reason, "PRICE_CHANGED");
    assert_eq!(info.metadata["current_total"], FARE.to_string());
    let poor = CallTaxiRequest {
        request_id: "two".to_owned(),
        expected_total: Some(won(FARE)),
        ..cheaper
    };
    assert_eq!(why(stand.call(poor).await), "PAYMENT_DECLINED");
}

#[tokio::test]
async fn every_wrong_field_is_told_at_once() {
    let stand = Stand::new();
    let nothing = stand.call(CallTaxiRequest::default()).await;
    let expected = ["expected_total", "from", "request_id", "to"];
    assert_eq!(wrong_fields(&nothing.unwrap_err()), expected);
    // What only taxi-ride can judge comes once the fields are right by themselves.
    let unpaid = CallTaxiRequest {
        payment_method: String::new(),
        ..request("unpaid")
    };
    let unpaid = stand.call(unpaid).await.unwrap_err();
    assert_eq!(wrong_fields(&unpaid), ["payment_method"]);
    let off = Place {
        name: "a\nb".to_owned(),
        latitude: 90_000_001,
        longitude: -180_000_001,
    };
    let refused = stand.estimate(off, gangnam()).await.unwrap_err();
    let expected = ["from.latitude", "from.longitude", "from.name"];
    assert_eq!(wrong_fields(&refused), expected);
}

#[tokio::test]
async fn nobody_is_driven_across_the_sea() {
    let stand = Stand::new();
    let tokyo = Place {
        name: "東京駅".to_owned(),
        latitude: 35_681_111,
        longitude: 139_766_944,
    };
    let refused = stand.estimate(station(), tokyo.clone()).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["to"]);
    let call = CallTaxiRequest {
        to: Some(tokyo),
        ..request("one")
    };
    let refused = stand.call(call).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["to"]);
    // Where somebody goes is not repeated to whoever reads why that was refused.
    assert!(!refused.message().contains("東京駅"), "{refused:?}");
}

#[tokio::test]
async fn ids_and_reasons_are_read_before_anything_is_cancelled() {
    let stand = Stand::new();
    let ride_id = "x".to_owned();
    let request = CancelRideRequest {
        ride_id: ride_id.clone(),
    };
    let refused = stand.ann().cancel_ride(request).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["ride_id"]);
    let request = SystemCancelRideRequest {
        ride_id,
        reason: None,
    };
    let mut admin = stand.as_user("root", "admin");
    let refused = admin.system_cancel_ride(request).await.unwrap_err();
    let expected = ["reason", "ride_id"];
    assert_eq!(wrong_fields(&refused), expected);
}
