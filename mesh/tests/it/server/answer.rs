//! What becomes of what nobody expected, and what is told of it.

use super::*;
use bytes::Bytes;
use http_body::Frame;
use http_body_util::StreamBody;
use std::io::Write;
use tracing_subscriber::fmt::MakeWriter;

#[tokio::test(start_paused = true)]
async fn a_panic_is_internal_once_and_only_for_its_own_call() {
    let house = House::new(|request: Request| async move {
        match request.uri().path() {
            MY_ORDERS => fine(),
            WATCH => streaming([1, 2].into_iter().map(|n| {
                assert!(n < 2, "a bug");
                Ok(Frame::data(Bytes::from(framed(0))))
            })),
            _ => panic!("a bug"),
        }
    })
    .await;
    for path in [SEAT_MAP, HOLD, WATCH] {
        let told = house.call(path).await;
        assert!(told.is(Code::Internal, "INTERNAL"), "{path}: {told:?}");
        assert!(!format!("{:?}", told.status).contains("a bug"));
    }
    assert_eq!(house.call(MY_ORDERS).await.code, Code::Ok);
}

fn streaming(items: impl Iterator<Item = Result<Frame<Bytes>, Status>> + Send + 'static) -> Reply {
    http::Response::new(Body::new(StreamBody::new(tokio_stream::iter(items))))
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_part_of_its_call_to_its_last_item() {
    let house = House::new(|_| async {
        let items = [1, 2].into_iter().map(|n| match n {
            1 => Ok(Frame::data(Bytes::from(framed(0)))),
            _ => Err(call::user().map_or_else(Status::from, |user| {
                mesh::Refusal::not_found(&user.subject).into()
            })),
        });
        streaming(items)
    })
    .await;
    let told = house.call(WATCH).await;
    assert!(told.is(Code::NotFound, "NOT_FOUND"), "{told:?}");
    assert_eq!(told.domain, "mypage");
    assert!(told.status.unwrap().message().contains("anna"));
}

#[tokio::test(start_paused = true)]
async fn what_no_contract_names_is_unimplemented() {
    let house = House::new(|_| async { fine() }).await;
    for path in [
        "/yemae.payment.v1.PaymentService/Steal",
        "/yemae.payment.v1.PaymentService",
        "/yemae.payment.v1.SimulatorService/SetBehavior",
        "/yemae.payment.v1.PaymentService/approve",
        "/yemae.payment.v1.PaymentService/Approve/",
        "//yemae.payment.v1.PaymentService/Approve",
        "/",
        "/grpc.health.v1.Health/Steal",
        "/grpc.Unknown/Check",
    ] {
        // Whoever asks: it comes before the token.
        let told = house.ask(http::Request::post(path)).await;
        assert!(
            told.is(Code::Unimplemented, "UNKNOWN_METHOD"),
            "{path}: {told:?}"
        );
    }
    assert_eq!(house.reached(), 0);
}

#[tokio::test]
async fn a_service_that_no_contract_names_does_not_start() {
    let house = House::new(|_| async { fine() }).await;
    let opened = house
        .doors
        .open(&["yemae.payment.v1.Bank"], RoutesBuilder::default());
    assert!(opened.await.is_err());
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut self.0.lock().unwrap())).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test(start_paused = true)]
async fn the_log_tells_failures_and_nobodys_secrets() {
    let log = Log::default();
    let lines = |log: &Log| {
        tracing_subscriber::fmt()
            .with_writer(log.clone())
            .with_ansi(false)
            .with_max_level(tracing::Level::INFO)
            .finish()
    };
    // As long as there is one subscriber only, a line that another test's thread passes first is off for good here.
    let _second = tracing::Dispatch::new(lines(&Log::default()));
    let _scope = tracing::subscriber::set_default(lines(&log));
    let house = House::new(|request: Request| async move {
        match request.uri().path() {
            GET_PAYMENT => std::future::pending().await,
            RELEASE => tracing::warn!("from inside"),
            _ => {}
        }
        fine()
    })
    .await;
    assert_eq!(house.call(HOLD).await.code, Code::Ok);
    assert_eq!(house.call(WATCH).await.code, Code::Ok);
    assert_eq!(log.take(), "", "what went well is not told");

    let told = house.call(GET_PAYMENT).await;
    assert_eq!(told.code, Code::DeadlineExceeded);
    let line = log.take();
    for part in [
        "context=\"payment\"",
        &format!("method=\"{GET_PAYMENT}\""),
        "code=DeadlineExceeded",
        "ms=1000",
    ] {
        assert!(line.contains(part), "{part} in {line}");
    }
    assert_eq!(line.lines().count(), 1, "{line}");

    let secret = house.user(&["customer"]);
    house.ask(request("/canary/path", &secret)).await;
    house.ask(request(PRINT, &secret)).await;
    house.ask(request(PRINT, &format!("{secret}canary"))).await;
    let lines = log.take();
    assert_eq!(lines.lines().count(), 3, "{lines}");
    assert!(
        !lines.contains("canary") && !lines.contains("anna"),
        "{lines}"
    );

    // A command runs in a task of its own, and is told of as part of its call.
    assert_eq!(house.call(RELEASE).await.code, Code::Ok);
    let line = log.take();
    assert!(
        line.contains("from inside") && line.contains("context=\"cinema-theater\""),
        "{line}"
    );

    // A caller who leaves is told, too.
    let leaving = house.call(GET_PAYMENT);
    assert!(
        tokio::time::timeout(Duration::from_millis(1), leaving)
            .await
            .is_err()
    );
    assert!(log.take().contains("code=Cancelled"));
}
