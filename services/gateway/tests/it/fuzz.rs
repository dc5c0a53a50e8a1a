//! Bytes that nobody meant, on every route there is and in every form (F19): whatever they are, it is the caller who was
//! wrong, never the door.

mod bytes_of;

use crate::rig::{fine, quick, soon};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use bytes_of::Dice;
use gateway::{Gateway, Peers};
use http::Version;
use http_body_util::{BodyExt, Full};
use mesh::client::{Client, Request};
use mesh::contracts::{Method, context_of};
use mesh::identity::{AUDIENCE, ISSUER, Key, Verifier};
use mesh::server;
use mesh::{Clock, Contracts};
use serde_json::json;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tower::ServiceExt;

/// So many requests for each method.
const TRIES: u64 = 40;

/// A door to everything there is; behind it somebody who has one answer to all, a message with nothing in it.
struct Everything {
    contracts: Arc<Contracts>,
    door: Gateway,
    token: String,
    _behind: tokio_util::sync::DropGuard,
}

impl Everything {
    async fn open() -> Self {
        let contracts = Arc::new(Contracts::load(proto::DESCRIPTORS).unwrap());
        let services: BTreeSet<_> = contracts
            .methods()
            .map(|method| method.path[1..].rsplit_once('/').unwrap().0.to_owned())
            .collect();
        let services: Vec<&str> = services.iter().map(String::as_str).collect();
        let answer = |request: Request| async move {
            let _ = request.into_body().collect().await;
            Ok::<_, Infallible>(fine(&()))
        };
        let client = Client::new(tower::service_fn(answer));
        let behind = server::pass_through(&contracts, &services, move |_| Some(client.clone()));
        let behind = behind.await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        drop(mesh::task::detach(server::serve(
            listener,
            behind,
            stop.clone(),
            quick(),
        )));

        let contexts: BTreeSet<_> = services
            .iter()
            .filter_map(|service| context_of(service.rsplit_once('.')?.0))
            .collect();
        let contexts = contexts.iter().map(|context| &**context);
        let peers = Peers::at(&contracts, contexts, &at, None).unwrap();
        let key = Key::generate().unwrap();
        let clock = Clock::system();
        let verifier = Verifier::from_values(
            &json!({"keys": [key.entry()]}),
            &json!({"keys": []}),
            ISSUER,
            AUDIENCE,
            clock.clone(),
        );
        let settings = crate::rig::unlimited();
        let door = Gateway::open(&contracts, verifier.unwrap(), &services, peers, settings);
        let roles: BTreeSet<_> = contracts.methods().flat_map(|one| &one.roles).collect();
        let roles: Vec<&str> = roles.into_iter().map(String::as_str).collect();
        let hour = Duration::from_secs(3600);
        Self {
            door: door.await.unwrap(),
            token: key.user_token("kim", &roles, clock.now(), hour),
            contracts,
            _behind: stop.drop_guard(),
        }
    }

    /// All that is said to a request, its headers and trailers first.
    async fn told(&self, request: Request) -> (u16, String) {
        let Ok(reply) = soon(self.door.clone().oneshot(request)).await;
        let status = reply.status().as_u16();
        let mut told = format!("{:?}\n", reply.headers());
        let body = soon(reply.into_body().collect()).await.unwrap();
        told += &format!("{:?}\n", body.trailers());
        let body = body.to_bytes();
        told += &String::from_utf8_lossy(&body);
        let pieces = body.chunks(4).filter_map(|four| STANDARD.decode(four).ok());
        let unfolded: Vec<u8> = pieces.flatten().collect();
        told += &String::from_utf8_lossy(&unfolded);
        (status, told)
    }
}

/// A request that may mean this method, in any form.
fn request(contracts: &Contracts, method: &Method, token: &str, dice: &mut Dice) -> Request {
    let (form, body) = match dice.below(6) {
        0 => ("application/grpc", dice.frame()),
        1 => ("application/grpc-web+proto", dice.frame()),
        2 => ("application/grpc-web-text", {
            let text = STANDARD.encode(dice.frame()).into_bytes();
            dice.mangled(text)
        }),
        _ => ("application/json", {
            let json = dice.json(&input(contracts, method)).into_bytes();
            dice.mangled(json)
        }),
    };
    let (verb, template) = method.route.split_once(' ').unwrap();
    let (verb, path) = match form {
        "application/json" => (verb, dice.path(template)),
        _ => ("POST", method.path.clone()),
    };
    let mut request = http::Request::builder()
        .method(verb)
        .uri(path)
        .version(Version::HTTP_2)
        .header("content-type", form)
        .header("authorization", format!("Bearer {token}"));
    for name in [
        "idempotency-key",
        "last-event-id",
        "accept-language",
        "x-request-id",
        "grpc-timeout",
        "grpc-encoding",
        "x-forwarded-for",
        "traceparent",
        "content-encoding",
        "content-length",
    ] {
        if dice.below(8) == 0 {
            request = request.header(name, dice.value());
        }
    }
    request
        .body(Body::new(Full::new(Bytes::from(body))))
        .unwrap()
}

fn input(contracts: &Contracts, method: &Method) -> prost_reflect::MessageDescriptor {
    let (service, name) = method.path[1..].rsplit_once('/').unwrap();
    let service = contracts.pool().get_service_by_name(service).unwrap();
    let mut methods = service.methods();
    methods.find(|one| one.name() == name).unwrap().input()
}

#[tokio::test]
async fn no_bytes_on_any_route_are_the_doors_own_fault() {
    let all = Everything::open().await;
    let (mut asked, mut fine) = (0, 0);
    for method in all.contracts.methods() {
        for seed in 0..TRIES {
            let mut dice = Dice::of(seed, &method.path);
            let request = request(&all.contracts, method, &all.token, &mut dice);
            let what = format!("{} {}, seed {seed}", request.method(), request.uri());
            let (status, told) = all.told(request).await;
            for fault in [
                "INTERNAL",
                "grpc-status:13",
                "grpc-status:2\r",
                "\"grpc-status\": \"13\"",
            ] {
                assert!(!told.contains(fault), "{what}: {told}");
            }
            assert!(
                status < 500 || [501, 503, 504].contains(&status),
                "{what}: {status} {told}"
            );
            asked += 1;
            fine += usize::from(status == 200);
        }
    }
    println!("{asked} requests, {fine} of them well enough to be passed on or gRPC's");
    assert!(
        fine > asked / 20,
        "only {fine} of {asked} got past the first look"
    );
}

#[tokio::test]
async fn no_bytes_on_a_connection_are_its_fault_either() {
    let town = crate::json::town().await;
    for seed in 0..300 {
        let mut dice = Dice::of(seed, "a connection");
        let begin: &[u8] = match dice.below(4) {
            0 => b"",
            1 => b"GET /v1/me/orders HTTP/1.1\r\nhost: door\r\n",
            2 => b"POST /v1/cinema/bookings HTTP/1.1\r\nhost: door\r\ntransfer-encoding: chunked\r\n\r\n",
            _ => b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
        };
        let bytes = [begin, &dice.bytes(400)].concat();
        let mut stream = TcpStream::connect(town.at).await.unwrap();
        let _ = stream.write_all(&bytes).await;
        let _ = stream.shutdown().await;
        let mut heard = Vec::new();
        let _ = soon(stream.read_to_end(&mut heard)).await;
        assert!(
            !heard.starts_with(b"HTTP/1.1 5") || heard.starts_with(b"HTTP/1.1 505"),
            "seed {seed}"
        );
    }
    let list = town.kim("GET /v1/cinema/bookings").heard().await;
    assert_eq!(list.status, 200);
}
