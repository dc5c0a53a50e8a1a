//! What is read of a request, with generated handlers.

use super::*;
use bytes::Bytes;
use http_body::Frame;
use http_body_util::StreamBody;
use proto::payment::v1::payment_service_server::{PaymentService, PaymentServiceServer};
use proto::payment::v1::*;
use tokio::time::Instant;
use tonic::{Request as Grpc, Response};

const MIB: usize = 1024 * 1024;

/// Answers everything with its default.
#[derive(Clone, Default)]
pub(super) struct Payments {
    pub reached: Count,
}

#[tonic::async_trait]
impl PaymentService for Payments {
    async fn approve(&self, _: Grpc<ApproveRequest>) -> Result<Response<ApproveResponse>, Status> {
        self.reached.up();
        Ok(Response::new(Default::default()))
    }

    async fn void(&self, request: Grpc<VoidRequest>) -> Result<Response<VoidResponse>, Status> {
        self.reached.up();
        let why = request.into_inner().charge_key;
        Err(mesh::Refusal::precondition("PAYMENT_REFUNDED", mesh::text(why, "환불")).into())
    }

    async fn get_payment(
        &self,
        _: Grpc<GetPaymentRequest>,
    ) -> Result<Response<GetPaymentResponse>, Status> {
        self.reached.up();
        Ok(Response::new(Default::default()))
    }

    async fn list_payments(
        &self,
        _: Grpc<ListPaymentsRequest>,
    ) -> Result<Response<ListPaymentsResponse>, Status> {
        self.reached.up();
        Err(Status::data_loss("bare"))
    }
}

pub(super) async fn payments() -> (House, Count) {
    let payments = Payments::default();
    let mut routes = RoutesBuilder::default();
    routes.add_service(PaymentServiceServer::new(payments.clone()));
    let house = House::over(Limits::default(), &NAMES[..1], routes).await;
    (house, payments.reached)
}

async fn send(house: &House, path: &str, body: Body) -> Told {
    let request = request(path, &house.key_to(path)).body(body).unwrap();
    ask(&house.server, request).await
}

/// A message that keeps the rules, and whose field 15, which nobody knows, fills it to `length`.
async fn padded(path: &str, length: usize) -> Body {
    let sound = sound(path).collect().await.unwrap().to_bytes();
    let mut message = sound[5..].to_vec();
    // A key, and the varint of what is left after itself: three bytes for anything near 1 MiB.
    let rest = length - message.len() - 4;
    message.push(15 << 3 | 2);
    message.push((rest & 0x7f) as u8 | 0x80);
    message.push((rest >> 7 & 0x7f) as u8 | 0x80);
    message.push((rest >> 14) as u8);
    message.resize(length, 0);
    Body::new(http_body_util::Full::from(prefixed(&message)))
}

#[tokio::test(start_paused = true)]
async fn a_message_of_1_mib_is_read_and_a_longer_one_is_not() {
    let (house, reached) = payments().await;
    for (n, path) in [APPROVE, GET_PAYMENT].into_iter().enumerate() {
        let told = send(&house, path, padded(path, MIB).await).await;
        assert_eq!(told.code, Code::Ok, "{told:?}");
        let told = send(&house, path, padded(path, MIB + 1).await).await;
        assert!(
            told.is(Code::InvalidArgument, "MESSAGE_TOO_LONG"),
            "{told:?}"
        );
        assert_eq!(told.domain, "payment");
        assert_eq!(reached.get(), n + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn bytes_that_are_no_message_are_the_callers_fault() {
    let (house, reached) = payments().await;
    let bytes = |bytes: &'static [u8]| Body::new(http_body_util::Full::from(bytes));
    for (what, body) in [
        ("nothing", &b""[..]),
        ("no message", b"\0\0\0\0\x04\xff\xff\xff\xff"),
        ("a torn message", b"\0\0\0\0\x04\x0a"),
        ("a torn prefix", b"\0\0"),
        ("another flag", b"\x07\0\0\0\0"),
        ("compressed with nothing", b"\x01\0\0\0\0"),
        ("two messages", b"\0\0\0\0\0\0\0\0\0\0"),
        ("wrong UTF-8", b"\0\0\0\0\x03\x0a\x01\xff"),
    ] {
        for path in [APPROVE, GET_PAYMENT] {
            let told = send(&house, path, bytes(body)).await;
            assert!(
                told.is(Code::InvalidArgument, "MALFORMED_REQUEST"),
                "{what}: {told:?}"
            );
        }
    }
    assert_eq!(reached.get(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_in_time_is_not_waited_for() {
    let (house, reached) = payments().await;
    for path in [APPROVE, GET_PAYMENT] {
        let started = Instant::now();
        let half = tokio_stream::iter([Ok::<_, Status>(Frame::data(Bytes::from_static(b"\0\0")))]);
        let body = tokio_stream::StreamExt::chain(half, tokio_stream::pending());
        let told = send(&house, path, Body::new(StreamBody::new(body))).await;
        assert!(
            told.is(Code::DeadlineExceeded, "DEADLINE_EXCEEDED"),
            "{told:?}"
        );
        let own = house.doors.contracts.method(path).unwrap().deadline;
        assert!(started.elapsed() <= own + Duration::from_millis(2));
    }
    assert_eq!(reached.get(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_replies_is_asked_for_in_one_message_and_soon() {
    let house = House::new(|_| async { one_then_silence() }).await;
    let two = Bytes::from([framed(0), framed(0)].concat());
    let told = send(&house, WATCH, Body::new(http_body_util::Full::from(two))).await;
    assert!(
        told.is(Code::InvalidArgument, "MALFORMED_REQUEST"),
        "{told:?}"
    );
    let started = Instant::now();
    let never = tokio_stream::pending::<Result<Frame<Bytes>, Status>>();
    let told = send(&house, WATCH, Body::new(StreamBody::new(never))).await;
    assert!(
        told.is(Code::DeadlineExceeded, "DEADLINE_EXCEEDED"),
        "{told:?}"
    );
    assert!(started.elapsed() <= Duration::from_secs(11));
    assert_eq!(house.reached(), 0);
}

#[tokio::test(start_paused = true)]
async fn bare_statuses_get_a_reason_and_refusals_stay_as_they_are() {
    let (house, _) = payments().await;
    let told = house
        .call("/yemae.payment.v1.PaymentService/ListPayments")
        .await;
    assert!(told.is(Code::DataLoss, "DATA_LOSS"), "{told:?}");
    assert_eq!(told.domain, "payment");
    assert_eq!(told.status.unwrap().message(), "bare");
    let told = house.call("/yemae.payment.v1.PaymentService/Void").await;
    assert!(
        told.is(Code::FailedPrecondition, "PAYMENT_REFUNDED"),
        "{told:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_breaks_a_rule_reaches_no_handler() {
    let (house, reached) = payments().await;
    let approve = ApproveRequest {
        order_id: "one".to_owned(),
        amount: Some(Default::default()),
        ..Default::default()
    };
    let body = prefixed(&approve.encode_to_vec());
    let told = send(&house, APPROVE, Body::new(http_body_util::Full::from(body))).await;
    assert!(told.is(Code::InvalidArgument, "INVALID_FIELDS"), "{told:?}");
    assert_eq!(told.domain, "payment");
    let details = told.status.unwrap().get_details_bad_request().unwrap();
    let fields: Vec<_> = details.field_violations.iter().map(|v| &*v.field).collect();
    let all = [
        "charge_key",
        "order_id",
        "amount.currency",
        "amount.minor_units",
        "payment_method",
    ];
    assert_eq!(fields, all);
    assert_eq!(reached.get(), 0);
}
