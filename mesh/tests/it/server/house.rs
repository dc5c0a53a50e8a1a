//! A server with mock handlers, and the keys of those who may call it.

use super::*;
use futures::future::BoxFuture;
use mesh::identity::{AUDIENCE, ISSUER, Key, Signer, Verifier};
use mesh::server::Doors;
use mesh::{Clock, Time};
use serde_json::json;
use std::task::{Context, Poll};
use tonic::server::NamedService;

const NOW: Time = Time(1_750_000_000_000_000);

/// The services that mocks stand for.
pub const NAMES: [&str; 4] = [
    "yemae.payment.v1.PaymentService",
    "yemae.cinema.theater.v1.TheaterService",
    "yemae.mypage.v1.MyPageService",
    "yemae.cinema.ticket.v1.TicketService",
];

type Act = Arc<dyn Fn(Request) -> BoxFuture<'static, Reply> + Send + Sync>;

/// Stands for every method of the service `NAMES[N]`.
#[derive(Clone)]
struct Mock<const N: usize>(Act);

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
        let reply = (self.0)(request);
        Box::pin(async move { Ok(reply.await) })
    }
}

/// A server and the keys of those who may call it.
pub struct House {
    pub server: Server,
    pub person: Key,
    pub services: Vec<(&'static str, Key)>,
    /// What the handlers were told, in order.
    pub reached: Arc<Mutex<Vec<Arc<call::Call>>>>,
    pub doors: Doors,
}

impl House {
    /// Every mock does this.
    pub async fn new<R>(act: impl Fn(Request) -> R + Send + Sync + 'static) -> Self
    where
        R: Future<Output = Reply> + Send + 'static,
    {
        Self::with(Limits::default(), act).await
    }

    pub async fn with<R>(limits: Limits, act: impl Fn(Request) -> R + Send + Sync + 'static) -> Self
    where
        R: Future<Output = Reply> + Send + 'static,
    {
        let reached = Arc::<Mutex<Vec<_>>>::default();
        let record = reached.clone();
        let act: Act = Arc::new(move |request| {
            record.lock().unwrap().push(call::current().unwrap());
            Box::pin(act(request))
        });
        let mut routes = RoutesBuilder::default();
        routes
            .add_service(Mock::<0>(act.clone()))
            .add_service(Mock::<1>(act.clone()))
            .add_service(Mock::<2>(act.clone()))
            .add_service(Mock::<3>(act));
        let mut house = Self::over(limits, &NAMES, routes).await;
        house.reached = reached;
        house
    }

    /// Over these routes.
    pub async fn over(limits: Limits, names: &[&str], routes: RoutesBuilder) -> Self {
        let person = Key::generate().unwrap();
        let services = ["cinema-booking", "mypage"].map(|name| (name, Key::generate().unwrap()));
        let entries = json!({"keys": [
            services[0].1.service_entry("cinema-booking", &["payment.charge", "theater.hold"]),
            services[1].1.service_entry("mypage", &[]),
        ]});
        let people = json!({"keys": [person.entry()]});
        let clock = Clock::manual(NOW).0;
        let verifier = Verifier::from_values(&people, &entries, ISSUER, AUDIENCE, clock).unwrap();
        let doors = Doors {
            contracts: Arc::new(Contracts::load(proto::DESCRIPTORS).unwrap()),
            verifier,
            limits,
        };
        Self {
            server: doors.open(names, routes).await.unwrap(),
            person,
            services: services.into(),
            reached: Arc::default(),
            doors,
        }
    }

    pub fn user(&self, roles: &[&str]) -> String {
        let token = self
            .person
            .user_token("anna", roles, NOW, Duration::from_secs(60));
        format!("Bearer {token}")
    }

    pub fn service(&self, context: &str) -> String {
        let key = &self.services.iter().find(|(c, _)| *c == context).unwrap().1;
        let signer = Signer::new(context, key.clone(), Clock::manual(NOW).0);
        signer.bearer().to_str().unwrap().to_owned()
    }

    /// A token that may call the method.
    pub fn key_to(&self, path: &str) -> String {
        let method = self.doors.contracts.method(path).unwrap();
        match method.roles.first() {
            Some(role) => self.user(&[role]),
            None => self.service("cinema-booking"),
        }
    }

    pub fn reached(&self) -> usize {
        self.reached.lock().unwrap().len()
    }

    /// Calls with a message that keeps the rules, as one who may.
    pub async fn call(&self, path: &str) -> Told {
        self.ask(request(path, &self.key_to(path))).await
    }

    pub async fn ask(&self, request: http::request::Builder) -> Told {
        let path = request.uri_ref().unwrap().path().to_owned();
        ask(&self.server, request.body(sound(&path)).unwrap()).await
    }
}
