//! `yemae serve`: the same contexts as in production, by the environment alone.

use crate::cli::assert_fault;
use crate::plain::{book, signed};
use crate::rig::{directory, terminate, wait_for, yemae};
use crate::served::{Broker, free, make_keys};
use crate::stores::{self, CONTEXTS};
use mesh::client::Client;
use mesh::identity::Key;
use mesh::server;
use proto::cinema::booking::v1::CreateBookingRequest;
use proto::cinema::ticket::v1::PrintTicketRequest;
use proto::cinema::ticket::v1::ticket_service_client::TicketServiceClient;
use proto::payment::v1::GetBehaviorRequest;
use proto::payment::v1::simulator_service_client::SimulatorServiceClient;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Output, Stdio};
use std::time::Duration;
use tonic::{Code, Request};

/// `yemae serve` of every context in one process, with a broker of its own.
pub struct Served {
    pub grpc: String,
    child: Child,
    _broker: Broker,
}

impl Served {
    async fn start(data: &Path) -> Self {
        Self::told(data, &[]).await
    }

    /// With these settings besides; `{port}` in them is where it listens.
    pub async fn told(data: &Path, settings: &[(&str, &str)]) -> Self {
        let (at, broker) = (free(), Broker::start(data));
        let grpc = at.to_string();
        let port = at.port().to_string();
        let settings = settings
            .iter()
            .map(|(name, value)| (*name, value.replace("{port}", &port)));
        std::fs::create_dir(data.join("db")).unwrap();
        stores::environment(data);
        let mut serve = yemae();
        serve.arg("serve").args(CONTEXTS).envs(make_keys(data));
        for context in CONTEXTS {
            let own = context.replace('-', "_").to_uppercase();
            let url = stores::url(data, context).0;
            serve.env(format!("YEMAE_{own}__DATABASE_URL"), url);
        }
        let log = data.join("serve.log");
        let child = serve
            .env("NATS_URL", &broker.url)
            .env("YEMAE_LISTEN", &grpc)
            .env("YEMAE_PEERS", format!("http://{grpc}"))
            .envs(settings)
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let served = Self {
            grpc,
            child,
            _broker: broker,
        };
        wait_for("the contexts to be served", || {
            let said = std::fs::read_to_string(&log).unwrap();
            said.contains("serving ").then_some(())
        });
        served
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn client(&self) -> Client {
        server::plain(&self.grpc)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn what_is_served_in_production_has_no_simulator_and_asks_who_calls() {
    let data = directory();
    let mut served = Served::start(data.path()).await;
    let key = Key::read(&data.path().join("keys/users.pem")).unwrap();

    let asked = signed(&key, "admin", GetBehaviorRequest {});
    let simulator = SimulatorServiceClient::new(served.client())
        .get_behavior(asked)
        .await;
    assert_eq!(simulator.unwrap_err().code(), Code::Unimplemented);

    let nobody = book(&served.grpc, Request::new(CreateBookingRequest::default())).await;
    assert_eq!(nobody.unwrap_err().code(), Code::Unauthenticated);

    let print = || PrintTicketRequest {
        booking_id: mesh::id::new(),
    };
    let mut ticket = TicketServiceClient::new(served.client());
    let customer = ticket.print_ticket(signed(&key, "customer", print())).await;
    assert_eq!(customer.unwrap_err().code(), Code::PermissionDenied);
    let staff = ticket.print_ticket(signed(&key, "staff", print())).await;
    assert_eq!(staff.unwrap_err().code(), Code::NotFound);
    let stranger = Key::make(&data.path().join("stranger.pem")).unwrap();
    let forged = ticket
        .print_ticket(signed(&stranger, "staff", print()))
        .await;
    assert_eq!(forged.unwrap_err().code(), Code::Unauthenticated);

    let grpc = served.grpc.clone();
    let at = data.path().to_owned();
    let story = tokio::task::spawn_blocking(move || {
        yemae()
            .args(["demo", "cinema", "--server", &grpc, "--data"])
            .arg(at)
            .output()
            .unwrap()
    });
    let story = story.await.unwrap();
    assert!(
        story.status.success(),
        "{}",
        String::from_utf8_lossy(&story.stderr)
    );
    let child = &mut served.child;
    terminate(child.id());
    let ended = wait_for("serve to stop", || child.try_wait().unwrap());
    assert!(ended.success(), "it drained");
}

#[tokio::test]
async fn a_trial_has_simulators_that_an_admin_may_tell_how_to_behave() {
    let data = directory();
    let served = Served::told(data.path(), &[("YEMAE_SIMULATOR", "true")]).await;
    let key = Key::read(&data.path().join("keys/users.pem")).unwrap();
    let mut simulator = SimulatorServiceClient::new(served.client());
    let asked = simulator.get_behavior(signed(&key, "admin", GetBehaviorRequest {}));
    assert!(asked.await.is_ok());
    let asked = simulator.get_behavior(signed(&key, "customer", GetBehaviorRequest {}));
    assert_eq!(asked.await.unwrap_err().code(), Code::PermissionDenied);
}

/// As an operator's pod has them: an address for each context, a token, and what is left out.
#[tokio::test]
async fn commands_find_each_context_at_an_address_of_its_own() {
    let data = directory();
    let served = Served::start(data.path()).await;
    let key = Key::read(&data.path().join("keys/users.pem")).unwrap();
    let now = mesh::Clock::system().now();
    let token = key.user_token("kim", &["admin", "customer"], now, Duration::from_secs(60));
    let file = data.path().join("token");
    std::fs::write(&file, token).unwrap();
    let others = CONTEXTS.iter().filter(|name| **name != "mypage");
    let others = others.copied().collect::<Vec<_>>().join(",");
    // A path is nobody's: all of them are at one address here.
    let each = format!("http://{}/{{context}}", served.grpc);
    let ask = |without: String, arguments: &'static [&'static str]| {
        let (each, file) = (each.clone(), file.clone());
        let asking = move || {
            let mut asking = yemae();
            asking.args(arguments).env("YEMAE_SERVER", each);
            asking.env("YEMAE_TOKEN_FILE", file);
            asking.env("YEMAE_WITHOUT", without).output().unwrap()
        };
        async move { tokio::task::spawn_blocking(asking).await.unwrap() }
    };
    let said = |output: &Output| String::from_utf8_lossy(&output.stdout).into_owned();

    let page = ask(others.clone(), &["call", "ListMyOrders"]).await;
    assert!(page.status.success(), "{page:?}");
    let booking = ask(others.clone(), &["call", "ListBookings"]).await;
    assert_fault(&booking, 2, &["no method is called ListBookings"]);
    let dead = ask(
        others.clone(),
        &["dead-letters", "list", "--context", "mypage"],
    )
    .await;
    assert_eq!(said(&dead).trim(), "There are no dead letters.");
    let dead = ask(others, &["dead-letters", "list", "--context", "payment"]).await;
    assert_fault(&dead, 2, &["must be one that runs here: mypage"]);
    let load = ask(String::new(), &["load"]).await;
    assert_fault(&load, 2, &["one address"]);
    let wrong = ask("mypge".to_owned(), &["status"]).await;
    assert_fault(&wrong, 2, &["YEMAE_WITHOUT mypge", "mypage"]);

    // Each answers for itself, and for who shares its process here.
    let status = ask(String::new(), &["status", "--json"]).await;
    let status: serde_json::Value = serde_json::from_str(&said(&status)).unwrap();
    assert_eq!(status.as_array().unwrap().len(), CONTEXTS.len().pow(2));
}
