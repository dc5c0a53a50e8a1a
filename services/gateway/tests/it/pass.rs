//! gRPC through the door, as to the context itself.

use crate::rig::{BOOKING, MYPAGE, Town, fine, soon, stream, wish};
use bytes::Bytes;
use mesh::refusal::reason;
use mesh::{Refusal, text};
use prost::Message;
use proto::cinema::booking::v1::booking_service_client::BookingServiceClient;
use proto::cinema::booking::v1::{Booking, CreateBookingRequest, CreateBookingResponse};
use proto::mypage::v1::my_page_service_client::MyPageServiceClient;
use proto::mypage::v1::{WatchMyOrdersRequest, WatchMyOrdersResponse};
use std::time::Duration;
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_types::StatusExt;

fn booked() -> CreateBookingResponse {
    CreateBookingResponse {
        booking: Some(Booking {
            booking_id: "b-1".to_owned(),
            version: i64::MAX,
            ..Booking::default()
        }),
    }
}

#[tokio::test]
async fn a_generated_client_works_through_the_door() {
    let town = Town::new(|asked| async move {
        match asked.method() {
            "CreateBooking" => fine(&booked()),
            _ => {
                let item = |n: i32| WatchMyOrdersResponse {
                    cursor: n.to_string(),
                    ..WatchMyOrdersResponse::default()
                };
                let items = (0..3).map(|n| Bytes::from(crate::rig::framed(&item(n))));
                stream(items.collect(), Status::ok(""))
            }
        }
    })
    .await;
    let request = wish();
    let mut client = BookingServiceClient::new(town.client());
    let call = client.create_booking(town.signed("customer", request.clone()));
    assert_eq!(soon(call).await.unwrap().into_inner(), booked());
    // As the context itself answers.
    let mut direct = BookingServiceClient::new(mesh::server::plain(&town.behind.to_string()));
    let call = direct.create_booking(town.signed("customer", request.clone()));
    assert_eq!(soon(call).await.unwrap().into_inner(), booked());
    let call = client.create_booking(town.signed("customer", request.clone()));
    soon(call).await.unwrap();
    let asked = town.last();
    assert_eq!(asked.read::<CreateBookingRequest>(), request);
    let user = asked.call.caller.user.clone().unwrap();
    assert_eq!(
        (&*user.subject, asked.call.caller.service.is_none()),
        ("kim", true)
    );
    // The door waits 5 s, the context's own contract says the same.
    let left = asked.call.deadline.unwrap() - tokio::time::Instant::now();
    assert!(
        left > Duration::from_secs(3) && left < Duration::from_secs(5),
        "{left:?}"
    );

    let mut client = MyPageServiceClient::new(town.client());
    let watch = client.watch_my_orders(town.signed("customer", WatchMyOrdersRequest::default()));
    let mut items = soon(watch).await.unwrap().into_inner();
    for n in 0..3 {
        let item = soon(items.message()).await.unwrap().unwrap();
        assert_eq!(item.cursor, n.to_string());
    }
    assert_eq!(soon(items.message()).await.unwrap(), None);
}

#[tokio::test]
async fn what_a_context_refuses_arrives_as_it_said_it() {
    let town = Town::new(|_| async {
        let words = text("seats are taken", "이미 예매된 좌석입니다.");
        let refusal = Refusal::precondition("SEATS_TAKEN", words).with("seats", "1A");
        refusal
            .retry_after(Duration::from_millis(1500))
            .into_status()
            .into_http()
    })
    .await;
    let mut client = BookingServiceClient::new(town.client());
    let call = client.create_booking(town.signed("customer", wish()));
    let refused = soon(call).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    let details = refused.get_error_details();
    let info = details.error_info().unwrap();
    assert_eq!(
        (&*info.reason, &*info.domain),
        ("SEATS_TAKEN", "cinema-booking")
    );
    assert_eq!(info.metadata["seats"], "1A");
    let delay = details.retry_info().unwrap().retry_delay.unwrap();
    assert_eq!(delay, Duration::from_millis(1500));
    assert_eq!(
        details.localized_message().unwrap().message,
        "이미 예매된 좌석입니다."
    );
}

#[tokio::test]
async fn a_context_that_is_away_is_unavailable() {
    let contracts = std::sync::Arc::new(mesh::Contracts::load(proto::DESCRIPTORS).unwrap());
    let away = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let peers = gateway::Peers::at(
        &contracts,
        ["mypage"].into_iter(),
        &format!("http://{away}"),
        None,
    );
    let key = mesh::identity::Key::generate().unwrap();
    let verifier = mesh::identity::Verifier::from_values(
        &serde_json::json!({"keys": [key.entry()]}),
        &serde_json::json!({"keys": []}),
        mesh::identity::ISSUER,
        mesh::identity::AUDIENCE,
        mesh::Clock::system(),
    );
    let door = gateway::Gateway::open(
        &contracts,
        verifier.unwrap(),
        &[MYPAGE, BOOKING],
        peers.unwrap(),
        gateway::Settings::default(),
    );
    let mut door = door.await.unwrap();
    let token = key.user_token(
        "kim",
        &["customer"],
        mesh::Clock::system().now(),
        Duration::from_secs(60),
    );
    for (path, code) in [
        (
            "/yemae.mypage.v1.MyPageService/ListMyOrders",
            Code::Unavailable,
        ),
        // Nobody said where it is.
        (
            "/yemae.cinema.booking.v1.BookingService/GetBooking",
            Code::Unimplemented,
        ),
        (
            "/yemae.vod.order.v1.OrderService/GetOrder",
            Code::Unimplemented,
        ),
        ("/", Code::Unimplemented),
    ] {
        let request = http::Request::post(path)
            .version(http::Version::HTTP_2)
            .header("content-type", "application/grpc")
            .header("authorization", format!("Bearer {token}"))
            .body(tonic::body::Body::new(http_body_util::Full::from(vec![
                0;
                5
            ])));
        let Ok(reply) = soon(tower::Service::call(&mut door, request.unwrap())).await;
        let status = Status::from_header_map(reply.headers()).unwrap();
        assert_eq!(status.code(), code, "{path}");
        if code == Code::Unavailable {
            assert_eq!(reason(&status).as_deref(), Some("PEER_UNREACHABLE"));
            assert_eq!(status.get_details_error_info().unwrap().domain, "gateway");
        }
        // What only our own may say does not get out either.
        assert!(!reply.headers().contains_key("x-yemae-never-sent"));
    }
}

#[tokio::test]
async fn health_and_reflection_are_for_everybody() {
    let town = Town::new(|_| async { fine(&booked()) }).await;
    let mut health = HealthClient::new(town.client());
    for service in [BOOKING, MYPAGE, ""] {
        let asked = HealthCheckRequest {
            service: service.to_owned(),
        };
        let told = soon(health.check(asked)).await.unwrap().into_inner();
        assert_eq!(told.status, 1, "{service}");
    }
    let list = tokio_stream::iter([ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    }]);
    let mut client = ServerReflectionClient::new(town.client());
    let told = soon(client.server_reflection_info(list)).await.unwrap();
    let told = soon(told.into_inner().message()).await.unwrap().unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = told.message_response else {
        panic!("no list");
    };
    assert!(list.service.iter().any(|one| one.name == BOOKING));
    assert_eq!(town.reached(), 0);
}

#[tokio::test]
async fn a_client_that_is_patient_for_less_is_believed() {
    let town = Town::new(|_| async { std::future::pending().await }).await;
    let mut request = town.signed("customer", wish());
    request.set_timeout(Duration::from_millis(300));
    let began = tokio::time::Instant::now();
    let mut client = BookingServiceClient::new(town.client());
    let late = soon(client.create_booking(request)).await.unwrap_err();
    assert_eq!(late.code(), Code::DeadlineExceeded);
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn a_message_beyond_1_mib_is_refused_at_the_door() {
    let town = Town::new(|_| async { fine(&booked()) }).await;
    let mut client = BookingServiceClient::new(town.client());
    let request = |length: usize| CreateBookingRequest {
        payment_method: "x".repeat(length),
        ..wish()
    };
    let fits = request(1024 * 1024 - 200);
    assert!(fits.encoded_len() < 1024 * 1024);
    // It is let through, and the context says what is wrong with it.
    let judged = soon(client.create_booking(town.signed("customer", fits))).await;
    let refused = judged.unwrap_err();
    assert_eq!(reason(&refused).as_deref(), Some("INVALID_FIELDS"));
    let long = client.create_booking(town.signed("customer", request(1024 * 1024)));
    let refused = soon(long).await.unwrap_err();
    assert_eq!(reason(&refused).as_deref(), Some("MESSAGE_TOO_LONG"));
    assert_eq!(town.reached(), 0);
}

/// A client and a context may both be newer than the door.
#[tokio::test]
async fn fields_that_the_door_does_not_know_survive() {
    let new = |mut known: Vec<u8>| {
        // Field 1000, seven.
        known.extend([0xc0, 0x3e, 7]);
        known
    };
    let town = Town::new(move |_| async move {
        let message = new(booked().encode_to_vec());
        let mut frame = vec![0];
        frame.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
        frame.extend(message);
        stream(vec![frame.into()], Status::ok(""))
    })
    .await;
    let asked = new(wish().encode_to_vec());
    let mut frame = vec![0];
    frame.extend(u32::try_from(asked.len()).unwrap().to_be_bytes());
    frame.extend(&asked);
    let path = format!("/{BOOKING}/CreateBooking");
    let bearer = format!("Bearer {}", town.token("customer"));
    let request = http::Request::post(&path)
        .header("content-type", "application/grpc")
        .header("authorization", bearer)
        .body(tonic::body::Body::new(http_body_util::Full::from(
            frame.clone(),
        )));
    let reply = tower::ServiceExt::oneshot(town.client(), request.unwrap());
    let Ok(reply) = soon(reply).await;
    let body = http_body_util::BodyExt::collect(reply.into_body()).await;
    let body = body.unwrap().to_bytes();
    assert_eq!(&body[5..], new(booked().encode_to_vec()));
    assert_eq!(town.last().message, asked);

    let line = format!("POST {path}");
    let web = town.kim(&line).body("application/grpc-web+proto", frame);
    let heard = web.heard().await;
    assert_eq!(&heard.body[5..body.len()], new(booked().encode_to_vec()));
    assert_eq!(town.last().message, asked);

    // JSON has no way to say what nobody knows the name of: what is answered is shown as far as it is known. What is asked
    // for under an unknown name is refused, for it may be a name spelt wrong.
    let json = town.kim("POST /v1/cinema/bookings");
    let heard = json.json(&crate::json::order()).heard().await;
    assert_eq!(heard.json()["booking"]["bookingId"], "b-1");
}
