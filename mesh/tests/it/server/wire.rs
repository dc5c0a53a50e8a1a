//! Over a real connection.

use super::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

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
    assert_eq!(heard(reply.unwrap().map(Body::new)).await.code, Code::Ok);
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
            .body(sound(HOLD))
            .unwrap()
    };
    let reply = soon(client.clone().oneshot(with(17 * 1024))).await.unwrap();
    assert_eq!(reply.status(), 431);
    assert_eq!(house.reached(), 0);
    let reply = soon(client.oneshot(with(14 * 1024))).await.unwrap();
    assert_eq!(heard(reply).await.code, Code::Ok);
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

#[tokio::test]
async fn there_is_room_for_so_many_connections_and_so_many_of_one_address() {
    let house = House::new(|_| async { fine() }).await;
    for (connections, from_one) in [(1, 9), (9, 1)] {
        let settings = Settings {
            connections,
            from_one,
            ..quick()
        };
        let listening = Listening::start(&house.server, settings).await;
        let first = connect(&listening).await;
        let ended = mesh::task::detach(first.1);
        // Whoever comes then hears nothing but the end.
        let mut second = TcpStream::connect(listening.address).await.unwrap();
        let heard = soon(second.read(&mut [0; 64])).await;
        assert!(matches!(heard, Ok(0) | Err(_)), "{heard:?}");
        drop(first.0);
        let _ = soon(ended).await;
        let again = async { while listening.call(&house, MY_ORDERS).await.code != Code::Ok {} };
        soon(again).await;
    }
}
