//! One address in front of several processes.

use super::*;
use http_body::Frame;
use http_body_util::StreamBody;
use mesh::client::Client;
use tower::util::BoxCloneSyncService;

fn client<R>(act: impl Fn(Request) -> R + Clone + Send + Sync + 'static) -> Client
where
    R: Future<Output = Reply> + Send + 'static,
{
    BoxCloneSyncService::new(tower::service_fn(move |request| {
        let reply = act(request);
        async move { Ok(reply.await) }
    }))
}

async fn parent(find: impl Fn(&str) -> Option<Client> + Send + Sync + 'static) -> Server {
    let contracts = Contracts::load(proto::DESCRIPTORS).unwrap();
    server::pass_through(&contracts, &NAMES, find)
        .await
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn nothing_is_added_and_nothing_is_lost() {
    let seen = Arc::new(Mutex::new(None));
    let record = seen.clone();
    let child = client(move |request: Request| {
        let record = record.clone();
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.unwrap();
            *record.lock().unwrap() = Some((parts, body.trailers().cloned(), body.to_bytes()));
            let mut reply = fine();
            reply.headers_mut().insert("x-child", "1".parse().unwrap());
            reply
        }
    });
    let parent = parent(move |service| (service == NAMES[0]).then(|| child.clone())).await;
    // Nonsense to everybody but the child.
    let sent = request(APPROVE, "Bearer nonsense")
        .header("grpc-timeout", "7m")
        .header("x-twice", "1")
        .header("x-twice", "2")
        .header("te", "trailers");
    let sent = sent.body(message(3 * 1024 * 1024)).unwrap();
    let headers = sent.headers().clone();
    let reply = parent.clone().oneshot(sent).await.unwrap();
    assert_eq!(reply.headers()["x-child"], "1");
    let body = reply.into_body().collect().await.unwrap();
    assert_eq!(body.trailers().unwrap()["grpc-status"], "0");
    assert_eq!(body.to_bytes(), framed(0));
    let (parts, trailers, bytes) = seen.lock().unwrap().take().unwrap();
    assert_eq!(parts.headers, headers);
    assert_eq!(parts.uri.path(), APPROVE);
    assert_eq!(trailers, None);
    assert_eq!(bytes, framed(3 * 1024 * 1024));
}

#[tokio::test(start_paused = true)]
async fn unknown_and_lost_services() {
    let breaks = client(|_| async {
        let items = tokio_stream::iter([
            Ok(Frame::data(bytes::Bytes::from(framed(0)))),
            Err(Status::internal("connection reset")),
        ]);
        http::Response::new(Body::new(StreamBody::new(items)))
    });
    let parent = parent(move |service| (service == NAMES[0]).then(|| breaks.clone())).await;
    for path in [HOLD, "/nobody.Knows/This", "/"] {
        let told = ask(&parent, http::Request::post(path).body(message(0)).unwrap()).await;
        assert!(told.is(Code::Unimplemented, "UNKNOWN_METHOD"), "{told:?}");
    }
    let told = ask(
        &parent,
        http::Request::post(APPROVE).body(message(0)).unwrap(),
    )
    .await;
    assert!(told.is(Code::Unavailable, "PEER_UNREACHABLE"), "{told:?}");
}

#[tokio::test]
async fn a_child_is_called_over_the_wire_and_again_after_it_was_away() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let to_child = server::plain(&address.to_string());
    let parent = parent(move |_| Some(to_child.clone())).await;
    let front = Listening::start(&parent, Settings::default()).await;
    let house = House::new(|request: Request| async move {
        match request.uri().path() {
            WATCH => one_then_silence(),
            _ => fine(),
        }
    })
    .await;
    let client = front.client();
    let send = async |path: &str| {
        let request = request(path, &house.key_to(path))
            .body(sound(path))
            .unwrap();
        soon(client.clone().oneshot(request)).await.unwrap()
    };
    let down = heard(send(HOLD).await).await;
    assert!(down.is(Code::Unavailable, "PEER_UNREACHABLE"), "{down:?}");
    assert!(down.retry_after().is_some());

    for _ in 0..2 {
        let listener = tokio::net::TcpListener::bind(address).await.unwrap();
        let stop = tokio_util::sync::CancellationToken::new();
        let settings = Settings {
            grace: Duration::ZERO,
            ..Settings::default()
        };
        let serving = server::serve(listener, house.server.clone(), stop.clone(), settings);
        let done = mesh::task::detach(serving);
        assert_eq!(heard(send(HOLD).await).await.code, Code::Ok);
        // The child's own no arrives as it was said.
        let denied = heard(send_as(&client, PRINT, &house.user(&["customer"])).await).await;
        assert!(
            denied.is(Code::PermissionDenied, "PERMISSION_DENIED"),
            "{denied:?}"
        );
        assert_eq!(denied.domain, "cinema-ticket");
        let stream = send(WATCH).await;
        stop.cancel();
        let ended = soon(heard(stream)).await;
        assert!(ended.is(Code::Unavailable, "DRAINING"), "{ended:?}");
        assert_eq!(soon(done).await.unwrap(), Drained::Cleanly);
        let down = heard(send(HOLD).await).await;
        assert!(down.is(Code::Unavailable, "PEER_UNREACHABLE"), "{down:?}");
    }
}

async fn send_as(client: &Client, path: &str, authorization: &str) -> Reply {
    let request = request(path, authorization).body(sound(path)).unwrap();
    soon(client.clone().oneshot(request)).await.unwrap()
}

#[tokio::test]
async fn the_parent_drains_by_itself() {
    let child = client(|_| async { one_then_silence() });
    let parent = parent(move |_| Some(child.clone())).await;
    let settings = Settings {
        grace: Duration::ZERO,
        ..Settings::default()
    };
    let front = Listening::start(&parent, settings).await;
    let health = http::Request::post("/grpc.health.v1.Health/Check").body(message(0));
    let health = soon(front.client().oneshot(health.unwrap())).await.unwrap();
    assert_eq!(heard(health).await.code, Code::Ok);
    let stream = send_as(&front.client(), WATCH, "").await;
    front.stop.cancel();
    let ended = soon(heard(stream)).await;
    assert!(ended.is(Code::Unavailable, "DRAINING"), "{ended:?}");
    assert_eq!(soon(front.done).await.unwrap(), Drained::Cleanly);
}
