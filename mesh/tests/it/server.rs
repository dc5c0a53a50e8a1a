//! The server stack: what its tests stand on.
#![expect(
    clippy::unwrap_used,
    reason = "a helper of tests fails as its test does"
)]

mod answer;
mod auth;
mod deadline;
mod drain;
pub mod house;
mod limit;
mod message;
mod overload;
mod pass;
mod ready;
mod wire;

use house::{House, NAMES};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http_body_util::BodyExt;
use mesh::client::{Reply, Request};
use mesh::server::{self, Drained, Limits, Server, Settings};
use mesh::{Contracts, call};
use prost::Message;
use proto::cinema::theater::v1::{
    CreateScreenRequest, HoldSeatsRequest, ReleaseHoldRequest, ScheduleScreeningRequest,
};
use proto::payment::v1::{ApproveRequest, VoidRequest};
use proto::shared::v1::Money;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tonic::body::Body;
use tonic::service::RoutesBuilder;
use tonic::{Code, Status};
use tonic_types::StatusExt;
use tower::ServiceExt;

// A command that waits for another context; no reserve.
const APPROVE: &str = "/yemae.payment.v1.PaymentService/Approve";
// A query with one second.
const GET_PAYMENT: &str = "/yemae.payment.v1.PaymentService/GetPayment";
const HOLD: &str = "/yemae.cinema.theater.v1.TheaterService/HoldSeats";
// A reserved command of the same class.
const RELEASE: &str = "/yemae.cinema.theater.v1.TheaterService/ReleaseHold";
const SEAT_MAP: &str = "/yemae.cinema.theater.v1.TheaterService/GetSeatMap";
pub const MY_ORDERS: &str = "/yemae.mypage.v1.MyPageService/ListMyOrders";
// A stream with an hour.
pub const WATCH: &str = "/yemae.mypage.v1.MyPageService/WatchMyOrders";
const PRINT: &str = "/yemae.cinema.ticket.v1.TicketService/PrintTicket";

pub fn request(path: &str, authorization: &str) -> http::request::Builder {
    http::Request::post(path)
        .header("content-type", "application/grpc")
        .header(AUTHORIZATION, authorization)
}

fn framed(length: usize) -> Vec<u8> {
    prefixed(&vec![0; length])
}

fn prefixed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0], &length[..], message].concat()
}

/// A body of one message.
fn message(length: usize) -> Body {
    Body::new(http_body_util::Full::from(framed(length)))
}

/// A body of one message that keeps the rules of its method's contract.
pub fn sound(path: &str) -> Body {
    let id = mesh::id::new();
    let (charge_key, order_id) = ("charge-1".to_owned(), id.clone());
    let bytes = match path.rsplit('/').next().unwrap() {
        "Approve" => ApproveRequest {
            charge_key,
            order_id,
            amount: Some(Money {
                currency: "KRW".to_owned(),
                minor_units: 1,
            }),
            payment_method: "pm_test".to_owned(),
        }
        .encode_to_vec(),
        "Void" => VoidRequest {
            charge_key,
            order_id,
        }
        .encode_to_vec(),
        "HoldSeats" => HoldSeatsRequest {
            screening_id: id,
            seats: vec!["1A".to_owned()],
            ..Default::default()
        }
        .encode_to_vec(),
        // Field 1 is an id.
        "GetPayment" | "ReleaseHold" | "GetSeatMap" | "WatchSeatMap" | "PrintTicket"
        | "GetTicket" | "GetMyOrder" => ReleaseHoldRequest { hold_id: id }.encode_to_vec(),
        "CreateScreen" => CreateScreenRequest {
            request_id: "1".to_owned(),
            theater: "A".to_owned(),
            name: "1".to_owned(),
            rows: 1,
            columns: 1,
        }
        .encode_to_vec(),
        "ScheduleScreening" => ScheduleScreeningRequest {
            request_id: "1".to_owned(),
            movie_id: id.clone(),
            screen_id: id,
            starts_at: Some(Default::default()),
        }
        .encode_to_vec(),
        _ => Vec::new(),
    };
    Body::new(http_body_util::Full::from(prefixed(&bytes)))
}

/// An empty message.
pub fn fine() -> Reply {
    let trailers = Ok(HeaderMap::from_iter([(
        Status::GRPC_STATUS,
        "0".parse().unwrap(),
    )]));
    let body = http_body_util::Full::from(framed(0)).with_trailers(async { Some(trailers) });
    http::Response::new(Body::new(body))
}

/// What a caller is told in the end.
#[derive(Debug)]
pub struct Told {
    code: Code,
    /// The reason of the one ErrorInfo.
    reason: String,
    domain: String,
    status: Option<Status>,
}

impl Told {
    pub fn is_fine(&self) -> bool {
        self.code == Code::Ok
    }

    pub fn is_overloaded(&self) -> bool {
        self.is(Code::ResourceExhausted, "OVERLOADED")
    }

    fn is(&self, code: Code, reason: &str) -> bool {
        self.code == code && self.reason == reason
    }

    fn retry_after(&self) -> Option<Duration> {
        self.status.as_ref()?.get_details_retry_info()?.retry_delay
    }
}

async fn ask(server: &Server, request: Request) -> Told {
    heard(server.clone().oneshot(request).await.unwrap()).await
}

async fn heard(reply: Reply) -> Told {
    let mut headers = reply.headers().clone();
    let trailers = reply
        .into_body()
        .collect()
        .await
        .unwrap()
        .trailers()
        .cloned();
    headers.extend(trailers.unwrap_or_default());
    tell(Status::from_header_map(&headers).expect("a grpc-status"))
}

fn tell(status: Status) -> Told {
    if status.code() == Code::Ok {
        return Told {
            code: Code::Ok,
            reason: String::new(),
            domain: String::new(),
            status: None,
        };
    }
    let infos: Vec<_> = status
        .get_error_details_vec()
        .into_iter()
        .filter_map(|detail| match detail {
            tonic_types::ErrorDetail::ErrorInfo(info) => Some(info),
            _ => None,
        })
        .collect();
    assert_eq!(infos.len(), 1, "exactly one ErrorInfo: {status:?}");
    Told {
        code: status.code(),
        reason: infos[0].reason.clone(),
        domain: infos[0].domain.clone(),
        status: Some(status),
    }
}

/// Waits until it is so.
async fn until(mut is_so: impl FnMut() -> bool) {
    soon(async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
}

#[derive(Clone, Default)]
struct Count(Arc<AtomicUsize>);

impl Count {
    fn up(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// A server that listens.
pub struct Listening {
    pub address: SocketAddr,
    stop: tokio_util::sync::CancellationToken,
    done: tokio::task::JoinHandle<Drained>,
}

impl Listening {
    pub async fn start(server: &Server, settings: Settings) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = tokio_util::sync::CancellationToken::new();
        let serving = server::serve(listener, server.clone(), stop.clone(), settings);
        let done = mesh::task::detach(serving);
        Self {
            address,
            stop,
            done,
        }
    }

    /// A client with a connection of its own.
    fn client(&self) -> mesh::client::Client {
        server::plain(&self.address.to_string())
    }

    fn to(&self, house: &House, path: &str) -> Request {
        let uri = format!("http://{}{path}", self.address);
        request(&uri, &house.key_to(path))
            .body(sound(path))
            .unwrap()
    }

    /// Calls on a connection of its own.
    async fn call(&self, house: &House, path: &str) -> Told {
        let reply = self.client().oneshot(self.to(house, path));
        heard(soon(reply).await.unwrap()).await
    }
}

/// Nothing on loopback takes longer, however busy the machine is.
async fn soon<T>(work: impl Future<Output = T>) -> T {
    let bound = Duration::from_secs(30);
    tokio::time::timeout(bound, work).await.expect("in time")
}

/// A stream that says one thing and then nothing.
pub fn one_then_silence() -> Reply {
    let one = tokio_stream::iter([Ok::<_, Status>(http_body::Frame::data(bytes::Bytes::from(
        framed(0),
    )))]);
    let items = tokio_stream::StreamExt::chain(one, tokio_stream::pending());
    http::Response::new(Body::new(http_body_util::StreamBody::new(items)))
}

/// Nobody needs to learn that it leaves.
fn quick() -> Settings {
    Settings {
        grace: Duration::from_millis(10),
        ..Settings::default()
    }
}

type Sender = hyper::client::conn::http2::SendRequest<Body>;

/// A connection of which we see the end.
async fn connect(
    listening: &Listening,
) -> (
    Sender,
    impl Future<Output = hyper::Result<()>> + Send + use<>,
) {
    let stream = tokio::net::TcpStream::connect(listening.address)
        .await
        .unwrap();
    let executor = hyper_util::rt::TokioExecutor::new();
    let io = hyper_util::rt::TokioIo::new(stream);
    let connected = hyper::client::conn::http2::handshake(executor, io).await;
    connected.unwrap()
}

fn of(service: &str) -> tonic_health::pb::HealthCheckRequest {
    tonic_health::pb::HealthCheckRequest {
        service: service.to_owned(),
    }
}
