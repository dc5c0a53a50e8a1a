//! The switch by which a trial sees that a process that lives no more is started anew.

use crate::cli::assert_fault;
use crate::plain::signed;
use crate::production::Served;
use crate::rig::{directory, wait_for, yemae};
use crate::served::free;
use crate::telemetry::pages;
use mesh::identity::Key;
use mesh::server;
use proto::payment::v1::GetBehaviorRequest;
use proto::payment::v1::simulator_service_client::SimulatorServiceClient;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus::{self, NotServing, Serving};
use tonic_health::pb::health_client::HealthClient;

#[tokio::test]
async fn a_process_that_is_told_to_be_unwell_says_so_and_serves_on() {
    let data = directory();
    let page = free().to_string();
    let own = [
        ("YEMAE_SIMULATOR", "true"),
        ("YEMAE_METRICS_LISTEN", &*page),
    ];
    let served = Served::told(data.path(), &own).await;
    let asks = |service: &'static str| probe(served.client(), service);
    assert_eq!(
        (asks("").await, asks(server::READY).await),
        (Serving, Serving)
    );
    assert!(pages::get(&page, "/healthz").ends_with("ok\n"));

    let pid = served.pid().to_string();
    let told = yemae().args(["unwell", "--process", &pid]).output();
    assert!(told.unwrap().status.success());
    wait_for("its page to say that it lives no more", || {
        let said = pages::get(&page, "/healthz");
        said.starts_with("HTTP/1.1 503 ").then_some(())
    });
    while asks(server::READY).await == Serving {}
    assert_eq!(asks("").await, NotServing);

    let key = Key::read(&data.path().join("keys/users.pem")).unwrap();
    let asked = signed(&key, "admin", GetBehaviorRequest {});
    let answer = SimulatorServiceClient::new(served.client());
    assert!({ answer }.get_behavior(asked).await.is_ok());
}

async fn probe(client: mesh::client::Client, service: &str) -> ServingStatus {
    let service = service.to_owned();
    let mut health = HealthClient::new(client);
    let answer = health.check(HealthCheckRequest { service }).await.unwrap();
    answer.into_inner().status()
}

#[test]
fn nobody_is_told_by_the_id_of_a_group() {
    let said = yemae().args(["unwell", "--process=-1"]).output().unwrap();
    assert_fault(&said, 2, &["--process"]);
}
