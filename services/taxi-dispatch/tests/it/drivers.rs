//! What drivers say of themselves.

use crate::rank::{Rank, report};
use proto::taxi::dispatch::v1::ReportDriverRequest;
use tonic_types::StatusExt;

#[tokio::test]
async fn a_driver_is_who_he_last_said_he_is_where_he_last_said() {
    let rank = Rank::new();
    let mut kang = rank.driver("kang");
    let first = kang.report_driver(report("kang", 100, true)).await;
    let first = first.unwrap().into_inner().driver.unwrap();
    assert_eq!((first.driver_id.as_str(), first.free), ("kang", true));
    // He drives away, and another comes nearer.
    rank.report("kang", 5_000, true).await;
    rank.report("lim", 1_000, true).await;
    let ride = rank.called().await;
    assert!(rank.comes("lim", &ride).await);
}

#[tokio::test]
async fn every_wrong_field_is_told_at_once() {
    let rank = Rank::new();
    let odd = ReportDriverRequest {
        phone: "공일공".to_owned(),
        latitude: -90_000_001,
        longitude: 180_000_001,
        ..ReportDriverRequest::default()
    };
    let refused = rank.driver("kang").report_driver(odd).await.unwrap_err();
    let wrong = refused.get_details_bad_request().unwrap().field_violations;
    let fields: Vec<_> = wrong.into_iter().map(|wrong| wrong.field).collect();
    let expected = ["name", "car", "phone", "latitude", "longitude"];
    assert_eq!(fields, expected);
}

#[tokio::test]
async fn who_takes_no_more_rides_keeps_the_one_he_has() {
    let rank = Rank::new();
    rank.report("kang", 100, true).await;
    let ride = rank.called().await;
    rank.report("kang", 100, false).await;
    assert!(rank.comes("kang", &ride).await);
    rank.pick_up("kang", &ride).await.unwrap();
    rank.arrive("kang", &ride).await.unwrap();
    rank.called().await;
    rank.world.tick().await;
    assert_eq!(rank.drives("kang").await, None);
}
