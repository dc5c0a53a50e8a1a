//! How calls are answered: refused with every detail, and answered while the mesh drains.

use crate::plain::{book, signed};
use crate::rig::{PATIENCE, Up, directory};
use crate::stores;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::BigInt;
use mesh::identity::Key;
use mesh::server;
use proto::cinema::booking::v1::CreateBookingRequest;
use proto::cinema::theater::v1::ListScreeningsRequest;
use proto::cinema::theater::v1::theater_service_client::TheaterServiceClient;
use proto::payment::v1::simulator_service_client::SimulatorServiceClient;
use proto::payment::v1::{Behavior, SetBehaviorRequest};
use proto::shared::v1::Money;
use std::path::Path;
use tonic::Code;
use tonic::metadata::MetadataValue;
use tonic_types::StatusExt;

#[tokio::test]
async fn a_refusal_names_every_field_in_the_callers_language() {
    let data = directory();
    let mesh = Up::start(data.path(), &[]);
    let key = Key::read(&data.path().join("keys/users.pem")).unwrap();
    for (language, says) in [
        (None, "request_id must be"),
        (Some("en"), "request_id must be"),
    ] {
        let mut request = signed(&key, "customer", CreateBookingRequest::default());
        if let Some(language) = language {
            let language = MetadataValue::from_static(language);
            request.metadata_mut().insert("accept-language", language);
        }
        let refused = book(&mesh.grpc, request).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        let details = refused.get_error_details();
        let info = details.error_info().unwrap();
        assert_eq!(
            (&*info.reason, &*info.domain),
            ("INVALID_FIELDS", "cinema-booking")
        );
        let mut fields: Vec<_> = details
            .bad_request()
            .unwrap()
            .field_violations
            .iter()
            .map(|violation| violation.field.as_str())
            .collect();
        fields.sort_unstable();
        let all = ["expected_total", "request_id", "screening_id", "seats"];
        assert_eq!(fields, all);
        let told = details.localized_message().unwrap();
        assert_eq!(told.locale, language.unwrap_or("ko"));
        let is_korean = told.message.starts_with("입력값을 확인해 주세요");
        assert_eq!(is_korean, language.is_none(), "{}", told.message);
        assert!(told.message.contains(says), "{}", told.message);
    }
    assert!(mesh.stop());
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Whether a charge is with the provider right now.
fn is_charging(data: &Path) -> bool {
    let mut db = stores::open(data, "payment");
    let query = "SELECT COUNT(*) AS count FROM payment WHERE state = 'CHARGING'";
    sql_query(query).get_result::<Count>(&mut db).unwrap().count > 0
}

async fn a_slow_booking_is_answered_in_the_drain(arguments: &[&str]) {
    let data = directory();
    let mesh = Up::start(data.path(), &[&["--demo"], arguments].concat());
    let key = Key::read(&data.path().join("keys/users.pem")).unwrap();
    // Well within the second for which a payment is waited for.
    let slow = prost_types::Duration {
        seconds: 0,
        nanos: 500_000_000,
    };
    let behavior = Behavior {
        latency_min: Some(slow),
        latency_max: Some(slow),
        ..Behavior::default()
    };
    let behave = SetBehaviorRequest {
        behavior: Some(behavior),
    };
    SimulatorServiceClient::new(server::plain(&mesh.grpc))
        .set_behavior(signed(&key, "admin", behave))
        .await
        .unwrap();
    let screenings = TheaterServiceClient::new(server::plain(&mesh.grpc))
        .list_screenings(signed(&key, "customer", ListScreeningsRequest::default()))
        .await
        .unwrap();
    let request = CreateBookingRequest {
        request_id: "slow".to_owned(),
        screening_id: screenings.into_inner().screenings[0].screening_id.clone(),
        seats: vec!["1A".to_owned()],
        expected_total: Some(Money {
            currency: "KRW".to_owned(),
            minor_units: 14_000,
        }),
        payment_method: "pm_test".to_owned(),
        hold_id: String::new(),
    };
    let (grpc, request) = (mesh.grpc.clone(), signed(&key, "customer", request));
    let booking = mesh::task::detach(async move { book(&grpc, request).await });
    let end = tokio::time::Instant::now() + PATIENCE;
    while !is_charging(data.path()) {
        assert!(tokio::time::Instant::now() < end, "nothing is charged");
        tokio::task::yield_now().await;
    }
    let stopped = tokio::task::spawn_blocking(move || mesh.stop());
    let booking = booking.await.unwrap().expect("it was answered");
    assert!(!booking.booking_id.is_empty());
    assert!(stopped.await.unwrap());
}

#[tokio::test]
async fn a_slow_booking_is_answered_while_one_process_drains() {
    a_slow_booking_is_answered_in_the_drain(&[]).await;
}

#[tokio::test]
async fn a_slow_booking_is_answered_while_many_processes_drain() {
    a_slow_booking_is_answered_in_the_drain(&["--processes"]).await;
}
