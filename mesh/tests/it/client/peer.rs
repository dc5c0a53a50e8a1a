//! A peer that answers by a script and writes down what it saw, and the stack that calls it.

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{HeaderMap, HeaderValue};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use mesh::call::{self, Call};
use mesh::client::{self, Board, Client, Endpoint, Reply, Request, Settings};
use mesh::{Contracts, Kind, Refusal, text};
use prost::Message;
use proto::payment::v1::payment_service_client::PaymentServiceClient;
use proto::payment::v1::{GetPaymentRequest, GetPaymentResponse, Payment};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tonic::body::Body;
use tonic::{Code, Status};
use tower::service_fn;

/// What a peer does with an attempt.
#[derive(Clone, Debug)]
pub enum Answer {
    Ok,
    Error(Status),
    /// Never answers.
    Nothing,
    /// Answers after this.
    Late(Duration, Box<Answer>),
    /// A reply as it is.
    Raw(fn() -> Reply),
}

impl Answer {
    pub fn code(code: Code) -> Self {
        Self::Error(Status::new(code, "scripted"))
    }

    pub fn refusal(refusal: Refusal) -> Self {
        Self::Error(refusal.into_status())
    }

    pub fn late(millis: u64, answer: Self) -> Self {
        Self::Late(Duration::from_millis(millis), Box::new(answer))
    }
}

/// What a server of ours says at its door.
pub fn overloaded(domain: &str) -> Answer {
    let refusal = Refusal::new(Kind::Exhausted, "OVERLOADED", text("busy", "혼잡합니다."));
    let refusal = refusal.retry_after(Duration::from_millis(10));
    Answer::Error(as_said_by(domain, || refusal.into_status()))
}

/// A status made in this context, whose name is its error's domain.
pub fn as_said_by(context: &str, make: impl FnOnce() -> Status) -> Status {
    let call = Call {
        context: context.to_owned(),
        ..nobody()
    };
    futures::executor::block_on(call::scope(Arc::new(call), async { make() }))
}

/// An attempt as the peer saw it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub at: Instant,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        Some(self.headers.get(name)?.to_str().unwrap())
    }

    pub fn timeout(&self) -> Option<Duration> {
        mesh::deadline::read(&self.headers)
    }
}

type Script = Arc<dyn Fn(usize) -> Answer + Send + Sync>;

#[derive(Clone)]
pub struct Peer {
    script: Script,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Peer {
    /// A peer that answers the attempts in this order, and the last way ever after.
    pub fn answering(answers: impl IntoIterator<Item = Answer>) -> Self {
        let answers: Vec<_> = answers.into_iter().collect();
        Self::by(move |attempt| answers[attempt.min(answers.len() - 1)].clone())
    }

    /// A peer that answers attempts by their number, from 0.
    pub fn by(script: impl Fn(usize) -> Answer + Send + Sync + 'static) -> Self {
        let (script, seen) = (Arc::new(script), Arc::default());
        Self { script, seen }
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// How many attempts it saw.
    pub fn attempts(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    async fn serve(self, request: Request) -> Reply {
        let (parts, body) = request.into_parts();
        let (at, headers) = (Instant::now(), parts.headers);
        // A stream's request may not end before its reply does; those tests send none.
        let body = body.collect().await.unwrap().to_bytes();
        let attempt = {
            let mut seen = self.seen.lock().unwrap();
            seen.push(Seen { at, headers, body });
            seen.len() - 1
        };
        answer((self.script)(attempt)).await
    }

    pub fn endpoint(&self) -> Endpoint {
        let peer = self.clone();
        Endpoint::service(service_fn(move |request| {
            let peer = peer.clone();
            async move { Ok(peer.serve(request).await) }
        }))
    }

    /// The stack to it, as to payment.
    pub fn stack(&self, settings: &Settings) -> Client {
        self.stack_on(settings, &Board::default())
    }

    pub fn stack_on(&self, settings: &Settings, board: &Board) -> Client {
        client::stack(
            contracts(),
            None,
            "payment",
            self.endpoint(),
            settings,
            board,
        )
    }

    /// A generated client over the stack.
    pub fn client(&self, settings: &Settings) -> PaymentServiceClient<Client> {
        PaymentServiceClient::new(self.stack(settings))
    }
}

fn answer(answer: Answer) -> BoxFuture<'static, Reply> {
    Box::pin(async move {
        match answer {
            Answer::Ok => paid(),
            Answer::Error(status) => status.into_http(),
            Answer::Nothing => std::future::pending().await,
            Answer::Late(after, then) => {
                sleep(after).await;
                self::answer(*then).await
            }
            Answer::Raw(make) => make(),
        }
    })
}

/// What GetPayment answers when all is well.
pub fn paid() -> Reply {
    framed(vec![
        Ok(Frame::data(message())),
        Ok(Frame::trailers(trailers("0"))),
    ])
}

/// A GetPaymentResponse as it goes over the wire.
pub fn message() -> Bytes {
    let payment = Payment {
        payment_id: "7".to_owned(),
        ..Payment::default()
    };
    let message = GetPaymentResponse {
        payment: Some(payment),
    }
    .encode_to_vec();
    let mut framed = vec![0];
    framed.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    framed.extend(message);
    framed.into()
}

pub fn trailers(code: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(
        http::HeaderName::from_static("grpc-status"),
        HeaderValue::from_static(code),
    )])
}

/// A reply of these frames.
pub fn framed(frames: Vec<Result<Frame<Bytes>, Status>>) -> Reply {
    let body = Body::new(StreamBody::new(futures::stream::iter(frames)));
    let mut reply = Reply::new(body);
    let grpc = HeaderValue::from_static("application/grpc");
    reply.headers_mut().insert("content-type", grpc);
    reply
}

pub fn contracts() -> Arc<Contracts> {
    static CONTRACTS: LazyLock<Arc<Contracts>> =
        LazyLock::new(|| Arc::new(Contracts::load(proto::DESCRIPTORS).unwrap()));
    CONTRACTS.clone()
}

/// One attempt of 1 s at most, 1 s in all.
pub fn once() -> Settings {
    Settings {
        attempts: 1,
        attempt: Duration::from_secs(1),
        ..Settings::default()
    }
}

pub fn nobody() -> Call {
    Call {
        context: "cinema-booking".to_owned(),
        locale: "en".to_owned(),
        ..Call::default()
    }
}

/// Runs `work` as part of a call that must be answered by then.
pub async fn due<T>(deadline: Instant, work: impl Future<Output = T>) -> T {
    let call = Call {
        deadline: Some(deadline),
        ..nobody()
    };
    call::scope(Arc::new(call), work).await
}

/// Asks for a payment; answers its id.
pub async fn get(client: &PaymentServiceClient<Client>) -> Result<String, Status> {
    let request = GetPaymentRequest {
        payment_id: "7".to_owned(),
        ..GetPaymentRequest::default()
    };
    let response = client.clone().get_payment(request).await?;
    Ok(response.into_inner().payment.unwrap_or_default().payment_id)
}

/// The code and the reason of a call that must have failed.
pub fn no(answer: Result<String, Status>) -> (Code, String) {
    let status = answer.unwrap_err();
    (
        status.code(),
        mesh::refusal::reason(&status).unwrap_or_default(),
    )
}

pub fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
