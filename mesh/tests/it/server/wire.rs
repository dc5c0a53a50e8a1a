//! Over a real connection.

use super::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

fn quick() -> Settings {
    Settings {
        grace: Duration::from_millis(10),
        ..Settings::default()
    }
}

fn of(service: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: service.to_owned(),
    }
}

async fn call(listening: &Listening, house: &House, path: &str) -> Told {
    let request = request(path, &house.key_to(path)).body(message(0)).unwrap();
    told(soon(listening.client().oneshot(request)).await.unwrap()).await
}

type Sender = hyper::client::conn::http2::SendRequest<Body>;

/// A connection of which we see the end.
async fn connect(
    listening: &Listening,
) -> (
    Sender,
    impl Future<Output = hyper::Result<()>> + Send + use<>,
) {
    let stream = TcpStream::connect(listening.address).await.unwrap();
    let executor = hyper_util::rt::TokioExecutor::new();
    let io = hyper_util::rt::TokioIo::new(stream);
    let connected = hyper::client::conn::http2::handshake(executor, io).await;
    connected.unwrap()
}

impl Listening {
    fn to(&self, house: &House, path: &str) -> Request {
        let uri = format!("http://{}{path}", self.address);
        request(&uri, &house.key_to(path)).body(message(0)).unwrap()
    }
}

/// Streams are silent after their first item; commands wait to be let go.
async fn waiting() -> (Arc<House>, Arc<Notify>) {
    let go = Arc::new(Notify::new());
    let gate = go.clone();
    let house = House::new(move |request: Request| {
        let gate = gate.clone();
        async move {
            match request.uri().path() {
                WATCH => one_then_silence(),
                HOLD => {
                    gate.notified().await;
                    fine()
                }
                _ => fine(),
            }
        }
    });
    (Arc::new(house.await), go)
}

#[tokio::test]
async fn health_tells_of_every_service() {
    let house = House::new(|_| async { fine() }).await;
    let listening = Listening::start(&house.server, quick()).await;
    let mut client = HealthClient::new(listening.client());
    for service in NAMES.iter().chain(&[""]) {
        let told = soon(client.check(of(service))).await.unwrap().into_inner();
        assert_eq!(told.status(), ServingStatus::Serving, "{service}");
    }
    let nobody = soon(client.check(of("yemae.payment.v1.Bank"))).await;
    assert_eq!(tell(nobody.unwrap_err()).code, Code::NotFound);
    house.server.health().set(NAMES[0], false).await;
    let told = soon(client.check(of(NAMES[0]))).await.unwrap().into_inner();
    assert_eq!(told.status(), ServingStatus::NotServing);
    let told = soon(client.check(of(NAMES[1]))).await.unwrap().into_inner();
    assert_eq!(told.status(), ServingStatus::Serving);
}

#[tokio::test]
async fn reflection_lists_what_is_served_and_describes_it() {
    let (house, _) = message::payments().await;
    let listening = Listening::start(&house.server, quick()).await;
    let mut client = ServerReflectionClient::new(listening.client());
    let asks = [
        MessageRequest::ListServices(String::new()),
        MessageRequest::FileContainingSymbol(NAMES[0].to_owned()),
        MessageRequest::FileContainingSymbol("grpc.health.v1.Health".to_owned()),
    ];
    let asks = tokio_stream::iter(asks.map(|ask| ServerReflectionRequest {
        host: String::new(),
        message_request: Some(ask),
    }));
    let mut replies = soon(client.server_reflection_info(asks))
        .await
        .unwrap()
        .into_inner();
    let mut next = async || {
        soon(replies.message())
            .await
            .unwrap()
            .unwrap()
            .message_response
    };
    let Some(MessageResponse::ListServicesResponse(list)) = next().await else {
        panic!("no list");
    };
    let listed: Vec<_> = list
        .service
        .into_iter()
        .map(|service| service.name)
        .collect();
    assert_eq!(
        listed,
        [
            NAMES[0],
            "grpc.health.v1.Health",
            "grpc.reflection.v1.ServerReflection"
        ]
    );
    for _ in 0..2 {
        let described = next().await;
        assert!(
            matches!(described, Some(MessageResponse::FileDescriptorResponse(_))),
            "{described:?}"
        );
    }
    use tonic_reflection::pb::v1alpha::server_reflection_client::ServerReflectionClient as Older;
    let none = tokio_stream::iter([]);
    soon(Older::new(listening.client()).server_reflection_info(none))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_drain_tells_health_serves_on_ends_streams_and_waits_for_commands() {
    let (house, go) = waiting().await;
    let settings = Settings {
        grace: Duration::from_secs(1),
        ..Settings::default()
    };
    let listening = Listening::start(&house.server, settings).await;
    let mut health = HealthClient::new(listening.client());
    let mut health = soon(health.watch(of(NAMES[2]))).await.unwrap().into_inner();
    let told = soon(health.message()).await.unwrap().unwrap();
    assert_eq!(told.status(), ServingStatus::Serving);
    let client = listening.client();
    let watch = request(WATCH, &house.key_to(WATCH))
        .body(message(0))
        .unwrap();
    let mut watch = soon(client.clone().oneshot(watch)).await.unwrap();
    assert!(
        soon(watch.body_mut().frame())
            .await
            .unwrap()
            .unwrap()
            .is_data()
    );
    let hold = request(HOLD, &house.key_to(HOLD)).body(message(0)).unwrap();
    let hold = mesh::task::detach(client.clone().oneshot(hold));
    until(|| house.reached() == 2).await;

    listening.stop.cancel();
    let told = soon(health.message()).await.unwrap().unwrap();
    assert_eq!(told.status(), ServingStatus::NotServing);
    // On new connections, too.
    assert_eq!(call(&listening, &house, SEAT_MAP).await.code, Code::Ok);

    let told = soon(told_of(watch)).await;
    assert!(told.is(Code::Unavailable, "DRAINING"), "{told:?}");
    assert!(told.retry_after().is_some());
    let told = tell(soon(health.message()).await.unwrap_err());
    assert!(told.is(Code::Unavailable, "DRAINING"), "{told:?}");
    assert!(!listening.done.is_finished(), "a command is under way");
    go.notify_one();
    let reply = soon(hold).await.unwrap().unwrap();
    assert_eq!(told_of(reply).await.code, Code::Ok);
    assert_eq!(soon(listening.done).await.unwrap(), Drained::Cleanly);
    assert!(TcpStream::connect(listening.address).await.is_err());
}

async fn told_of(reply: Reply) -> Told {
    told(reply).await
}

#[tokio::test]
async fn a_drain_waits_for_a_command_whose_caller_has_left() {
    let (house, go) = waiting().await;
    let listening = Listening::start(&house.server, quick()).await;
    let hold = request(HOLD, &house.key_to(HOLD)).body(message(0)).unwrap();
    let caller = mesh::task::detach(listening.client().oneshot(hold));
    until(|| house.reached() == 1).await;
    caller.abort();
    assert!(caller.await.is_err());
    listening.stop.cancel();
    until(|| std::net::TcpStream::connect(listening.address).is_err()).await;
    assert!(!listening.done.is_finished());
    go.notify_one();
    assert_eq!(soon(listening.done).await.unwrap(), Drained::Cleanly);
}

#[tokio::test]
async fn a_drain_ends_at_its_bound() {
    let (house, _go) = waiting().await;
    let settings = Settings {
        bound: Duration::from_millis(50),
        ..quick()
    };
    let listening = Listening::start(&house.server, settings).await;
    let hold = request(HOLD, &house.key_to(HOLD)).body(message(0)).unwrap();
    let caller = mesh::task::detach(listening.client().oneshot(hold));
    // Connected and silent: nothing that a drain should wait for.
    let _silent = TcpStream::connect(listening.address).await.unwrap();
    until(|| house.reached() == 1).await;
    listening.stop.cancel();
    let cut = Drained::Cut {
        connections: 1,
        commands: 1,
    };
    assert_eq!(soon(listening.done).await.unwrap(), cut);
    let told = told_of(soon(caller).await.unwrap().unwrap()).await;
    assert_eq!(told.code, Code::Unavailable);
}

#[tokio::test]
async fn an_old_connection_goes_away_without_breaking_a_call() {
    let (house, go) = waiting().await;
    let settings = Settings {
        age: Duration::from_millis(50),
        age_grace: Duration::from_millis(50),
        ..quick()
    };
    let listening = Listening::start(&house.server, settings).await;
    let (mut sender, connection) = connect(&listening).await;
    let connection = mesh::task::detach(connection);
    let to = |path| listening.to(&house, path);
    let watch = soon(sender.send_request(to(WATCH))).await.unwrap();
    let hold = mesh::task::detach(sender.send_request(to(HOLD)));
    until(|| house.reached() == 2).await;
    // Its stream ends only after the connection was asked to go.
    let told = soon(told(watch.map(Body::new))).await;
    assert!(told.is(Code::Unavailable, "DRAINING"), "{told:?}");
    go.notify_one();
    let reply = soon(hold).await.unwrap().unwrap();
    assert_eq!(told_of(reply.map(Body::new)).await.code, Code::Ok);
    soon(connection).await.unwrap().unwrap();
    // The server itself stays.
    assert_eq!(call(&listening, &house, SEAT_MAP).await.code, Code::Ok);
    assert!(!listening.done.is_finished());
}

#[tokio::test]
async fn callers_who_give_up_together_are_no_attack() {
    let house = House::new(|request: Request| async move {
        match request.uri().path() {
            SEAT_MAP => std::future::pending().await,
            _ => fine(),
        }
    })
    .await;
    let listening = Listening::start(&house.server, quick()).await;
    let (mut sender, connection) = connect(&listening).await;
    let mut connection = Box::pin(connection);
    let reply = tokio::select! {
        reply = sender.send_request(listening.to(&house, HOLD)) => reply,
        _ = &mut connection => panic!("hung up"),
    };
    assert_eq!(told_of(reply.unwrap().map(Body::new)).await.code, Code::Ok);
    // Asked and given up in one breath: the server hears of both at once.
    let calls = (0..100).map(|_| sender.send_request(listening.to(&house, SEAT_MAP)));
    let calls: Vec<_> = calls.collect();
    assert!(futures::poll!(&mut connection).is_pending());
    drop(calls);
    assert!(futures::poll!(&mut connection).is_pending());
    let reply = soon(async {
        tokio::select! {
            reply = sender.send_request(listening.to(&house, HOLD)) => reply,
            why = &mut connection => panic!("hung up: {why:?}"),
        }
    });
    assert_eq!(reply.await.unwrap().status(), 200);
}

#[tokio::test]
async fn headers_beyond_16_kib_are_refused_and_the_connection_lives() {
    let house = House::new(|_| async { fine() }).await;
    let listening = Listening::start(&house.server, quick()).await;
    let client = listening.client();
    let with = |length: usize| {
        request(HOLD, &house.key_to(HOLD))
            .header("x-long", "x".repeat(length))
            .body(message(0))
            .unwrap()
    };
    let reply = soon(client.clone().oneshot(with(17 * 1024))).await.unwrap();
    assert_eq!(reply.status(), 431);
    assert_eq!(house.reached(), 0);
    let reply = soon(client.oneshot(with(14 * 1024))).await.unwrap();
    assert_eq!(told_of(reply).await.code, Code::Ok);
}

#[tokio::test]
async fn who_does_not_speak_http2_in_time_is_hung_up_on() {
    let house = House::new(|_| async { fine() }).await;
    let settings = Settings {
        handshake: Duration::from_millis(50),
        ..quick()
    };
    let listening = Listening::start(&house.server, settings).await;
    for said in [
        &b""[..],
        b"PRI * HTTP/2",
        b"GET / HTTP/1.1\r\nHost: yemae\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(listening.address).await.unwrap();
        stream.write_all(said).await.unwrap();
        let mut heard = Vec::new();
        // Closed, or reset when bytes of ours were left unread.
        let _ = soon(stream.read_to_end(&mut heard)).await;
        assert!(heard.is_empty());
    }
}

#[tokio::test]
async fn a_greeting_in_pieces_is_a_greeting() {
    let house = House::new(|_| async { fine() }).await;
    let listening = Listening::start(&house.server, quick()).await;
    let mut stream = TcpStream::connect(listening.address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    let greeting = [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &settings].concat();
    for byte in greeting {
        stream.write_all(&[byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    let mut frame = [0; 9];
    soon(stream.read_exact(&mut frame)).await.unwrap();
    assert_eq!(frame[3], 4, "the server's SETTINGS");
}
