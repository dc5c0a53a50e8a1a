//! People at a mesh's one door who see what it answers as it is, a load that writes down what it saw, and the processes
//! that a test does harm to.

mod harm;
mod load;
mod person;

pub use harm::{broker, context, pids_with, send, wait_until_gone};
pub use load::Load;
pub use person::Person;

use crate::rig::Up;
use mesh::identity::Key;
use mesh::{Clock, refusal};
use std::path::PathBuf;
use std::time::Duration;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

/// A connection carries at most 256 calls at once; so many carry everybody of a test.
const CONNECTIONS: usize = 4;

/// The one address of a mesh, as it is: no retries, no breaker between a test and what is answered.
pub struct Door {
    channels: Vec<Channel>,
    key: Key,
}

impl Door {
    /// Must be called within a runtime.
    #[expect(
        clippy::disallowed_methods,
        reason = "what the mesh answers is looked at, not what a patient client makes of it"
    )]
    pub fn of(up: &Up) -> Self {
        let endpoint = Endpoint::from_shared(format!("http://{}", up.grpc)).unwrap();
        Self {
            channels: (0..CONNECTIONS).map(|_| endpoint.connect_lazy()).collect(),
            key: Key::read(&up.data.join("keys/users.pem")).unwrap(),
        }
    }

    pub fn customer(&self, subject: &str) -> Person {
        self.person(subject, &["customer"])
    }

    pub fn admin(&self) -> Person {
        self.person("admin", &["admin", "staff"])
    }

    fn person(&self, subject: &str, roles: &[&str]) -> Person {
        let hour = Duration::from_secs(3600);
        let token = self
            .key
            .user_token(subject, roles, Clock::system().now(), hour);
        let bearer = Bearer(format!("Bearer {token}").parse().unwrap());
        let which = subject.bytes().map(usize::from).sum::<usize>() % self.channels.len();
        Person(InterceptedService::new(
            self.channels[which].clone(),
            bearer,
        ))
    }
}

/// Says who calls.
#[derive(Clone)]
pub struct Bearer(MetadataValue<Ascii>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let headers = request.metadata_mut();
        headers.insert("authorization", self.0.clone());
        Ok(request)
    }
}

/// A screening that seats of can be booked.
#[derive(Clone, Debug)]
pub struct Show {
    pub screening_id: String,
    pub price: i64,
}

/// Whether everything is done as often as the reliability design asks, or as often as every change can wait for.
#[expect(
    clippy::disallowed_methods,
    reason = "a switch of the tests, read nowhere else"
)]
pub fn in_full() -> bool {
    std::env::var("YEMAE_PROOF").is_ok_and(|proof| proof == "full")
}

pub fn reason(status: &Status) -> String {
    refusal::reason(status).unwrap_or_else(|| format!("no reason: {status:?}"))
}

/// `yemae audit --quiet`, over what these clients saw. Panics unless it is clean.
pub fn audit(up: &Up, histories: &[PathBuf]) {
    let mut arguments = vec!["audit", "--quiet", "--wait", "120"];
    for history in histories {
        arguments.extend(["--history", history.to_str().unwrap()]);
    }
    let verdict = up.ok(&arguments);
    let passed_over = usize::from(histories.is_empty());
    assert_eq!(
        verdict.matches("not checked").count(),
        passed_over,
        "{verdict}"
    );
}
