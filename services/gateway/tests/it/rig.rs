//! A door, two contexts behind it, and the keys of those who may come in.

use bytes::Bytes;
use futures::future::BoxFuture;
use gateway::{Gateway, Peers, Settings};
use http::HeaderMap;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use mesh::call::{self, Call};
use mesh::client::{Client, Reply, Request};
use mesh::identity::{AUDIENCE, ISSUER, Key, Verifier};
use mesh::server::{self, Doors, Drained, Limits};
use mesh::{Clock, Contracts};
use prost::Message;
use proto::cinema::booking::v1::CreateBookingRequest;
use proto::shared::v1::Money;
use serde_json::json;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::Status;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::RoutesBuilder;

pub const BOOKING: &str = "yemae.cinema.booking.v1.BookingService";
pub const MYPAGE: &str = "yemae.mypage.v1.MyPageService";
pub const SIMULATOR: &str = "yemae.payment.v1.SimulatorService";
const PAYMENT: &str = "yemae.payment.v1.PaymentService";
const NAMES: [&str; 4] = [BOOKING, MYPAGE, SIMULATOR, PAYMENT];
const CONTEXTS: [&str; 3] = ["cinema-booking", "mypage", "payment"];

/// A call as a context saw it.
#[derive(Clone, Debug)]
pub struct Asked {
    pub path: String,
    pub headers: HeaderMap,
    pub call: Arc<Call>,
    /// The message.
    pub message: Bytes,
}

impl Asked {
    pub fn read<M: Message + Default>(&self) -> M {
        M::decode(self.message.clone()).unwrap()
    }

    pub fn method(&self) -> &str {
        self.path.rsplit('/').next().unwrap()
    }
}

type Act = Arc<dyn Fn(Asked) -> BoxFuture<'static, Reply> + Send + Sync>;

/// Stands for every method of the service `NAMES[N]`.
#[derive(Clone)]
struct Mock<const N: usize>(Act, Arc<Mutex<Vec<Asked>>>);

impl<const N: usize> NamedService for Mock<N> {
    const NAME: &'static str = NAMES[N];
}

impl<const N: usize> tower::Service<Request> for Mock<N> {
    type Response = Reply;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Reply, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let (act, seen) = (self.0.clone(), self.1.clone());
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let message = match body.collect().await {
                Ok(body) => body.to_bytes(),
                Err(status) => return Ok(status.into_http()),
            };
            let asked = Asked {
                path: parts.uri.path().to_owned(),
                headers: parts.headers,
                call: call::current().unwrap(),
                message: message.slice(5.min(message.len())..),
            };
            seen.lock().unwrap().push(asked.clone());
            Ok(act(asked).await)
        })
    }
}

/// All of it. What is left of it ends with it.
pub struct Town {
    pub at: SocketAddr,
    /// The contexts themselves.
    pub behind: SocketAddr,
    pub person: Key,
    pub service: Key,
    pub clock: Clock,
    pub seen: Arc<Mutex<Vec<Asked>>>,
    pub stop: CancellationToken,
    pub done: Option<JoinHandle<Drained>>,
    _behind: DropGuard,
}

/// How the door's connections are served in a test.
pub fn quick() -> server::Settings {
    server::Settings {
        grace: Duration::ZERO,
        bound: Duration::from_secs(5),
        ..server::Settings::default()
    }
}

impl Town {
    /// Every method does this.
    pub async fn new<R>(act: impl Fn(Asked) -> R + Send + Sync + 'static) -> Self
    where
        R: Future<Output = Reply> + Send + 'static,
    {
        Self::with(Settings::default(), quick(), act).await
    }

    pub async fn with<R>(
        settings: Settings,
        patience: server::Settings,
        act: impl Fn(Asked) -> R + Send + Sync + 'static,
    ) -> Self
    where
        R: Future<Output = Reply> + Send + 'static,
    {
        let contracts = Arc::new(Contracts::load(proto::DESCRIPTORS).unwrap());
        let [person, service] = [(); 2].map(|()| Key::generate().unwrap());
        let clock = Clock::system();
        let own = service.service_entry("cinema-booking", &["payment.charge", "theater.hold"]);
        let verifier = Verifier::from_values(
            &json!({"keys": [person.entry()]}),
            &json!({"keys": [own]}),
            ISSUER,
            AUDIENCE,
            clock.clone(),
        );
        let verifier = verifier.unwrap();
        let seen = Arc::<Mutex<Vec<_>>>::default();
        let act: Act = Arc::new(move |asked| Box::pin(act(asked)));
        let mut routes = RoutesBuilder::default();
        routes
            .add_service(Mock::<0>(act.clone(), seen.clone()))
            .add_service(Mock::<1>(act.clone(), seen.clone()))
            .add_service(Mock::<2>(act.clone(), seen.clone()))
            .add_service(Mock::<3>(act.clone(), seen.clone()));
        let doors = Doors {
            contracts: contracts.clone(),
            verifier: verifier.clone(),
            limits: Limits::default(),
        };
        let behind = doors.open(&NAMES, routes).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at_behind = listener.local_addr().unwrap();
        let stop_behind = CancellationToken::new();
        let serving = server::serve(listener, behind, stop_behind.clone(), quick());
        drop(mesh::task::detach(serving));

        let at = format!("http://{at_behind}");
        let peers = Peers::at(&contracts, CONTEXTS.into_iter(), &at, None).unwrap();
        let door = Gateway::open(&contracts, verifier, &NAMES, peers, settings);
        let door = door.await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let serving = gateway::serve(listener, door, stop.clone(), patience);
        Self {
            at,
            behind: at_behind,
            person,
            service,
            clock,
            seen,
            stop,
            done: Some(mesh::task::detach(serving)),
            _behind: stop_behind.drop_guard(),
        }
    }

    /// A token of "kim" in this role.
    pub fn token(&self, role: &str) -> String {
        self.token_of("kim", role)
    }

    pub fn token_of(&self, subject: &str, role: &str) -> String {
        let hour = Duration::from_secs(3600);
        self.person
            .user_token(subject, &[role], self.clock.now(), hour)
    }

    /// What a generated client is built on.
    pub fn client(&self) -> Client {
        server::plain(&self.at.to_string())
    }

    /// The same call for a generated client, as "kim" in this role.
    pub fn signed<T>(&self, role: &str, message: T) -> tonic::Request<T> {
        let mut request = tonic::Request::new(message);
        let bearer = format!("Bearer {}", self.token(role)).parse().unwrap();
        request.metadata_mut().insert("authorization", bearer);
        request
    }

    /// The last call that a context saw.
    pub fn last(&self) -> Asked {
        self.seen.lock().unwrap().last().unwrap().clone()
    }

    /// How many calls contexts saw.
    pub fn reached(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

/// One message as gRPC frames it.
pub fn framed(message: &impl Message) -> Vec<u8> {
    let mut frame = vec![0];
    frame.extend(u32::try_from(message.encoded_len()).unwrap().to_be_bytes());
    frame.extend(message.encode_to_vec());
    frame
}

/// Answers with this message.
pub fn fine(message: &impl Message) -> Reply {
    stream(vec![Bytes::from(framed(message))], Status::ok(""))
}

/// Answers with these messages, and ends so.
pub fn stream(messages: Vec<Bytes>, end: Status) -> Reply {
    let mut trailers = HeaderMap::new();
    end.add_header(&mut trailers).unwrap();
    let frames = messages.into_iter().map(Frame::data);
    let frames = frames
        .chain([Frame::trailers(trailers)])
        .map(Ok::<_, Status>);
    grpc(Body::new(StreamBody::new(futures::stream::iter(frames))))
}

/// A reply with this body.
pub fn grpc(body: Body) -> Reply {
    let mut reply = http::Response::new(body);
    let kind = http::HeaderValue::from_static("application/grpc");
    reply.headers_mut().insert("content-type", kind);
    reply
}

/// Waits, but not for ever.
pub async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), work)
        .await
        .expect("within 30 s")
}

/// The id of something, as the contracts want ids to be.
pub const ID: &str = "0190a5b0-7c1e-7000-8000-0000000000b1";

/// A booking that breaks no rule of its contract.
pub fn wish() -> CreateBookingRequest {
    CreateBookingRequest {
        request_id: "r-1".to_owned(),
        screening_id: ID.to_owned(),
        seats: vec!["1A".to_owned()],
        expected_total: Some(Money {
            currency: "KRW".to_owned(),
            minor_units: 14_000,
        }),
        payment_method: "pm_demo".to_owned(),
        ..CreateBookingRequest::default()
    }
}

/// Settings without limits.
pub fn unlimited() -> Settings {
    let none = gateway::Rate {
        per_second: 0,
        burst: 0,
    };
    Settings {
        rates: gateway::Rates {
            writes: none,
            reads: none,
            address: none,
        },
        ..Settings::default()
    }
}
