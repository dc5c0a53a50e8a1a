//! What a readiness probe is told while a database is away.

use super::*;
use crate::postgres::Postgres;
use crate::rig::{Database, eventually};
use mesh::server::{READY, keep_ready};
use tokio_util::sync::CancellationToken;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

#[tokio::test]
async fn without_its_database_a_process_is_not_ready_but_lives() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let postgres = Arc::new(postgres);
    let store = Database::on(postgres.clone()).open("cinema-booking");
    let house = House::new(|_| async { fine() }).await;
    let stop = CancellationToken::new();
    let health = house.server.health().clone();
    let looking = mesh::task::detach(keep_ready(health, vec![store], stop.clone()));
    let told = |service: &'static str| {
        let mut asking = HealthClient::new(house.server.clone());
        async move {
            asking
                .check(of(service))
                .await
                .unwrap()
                .into_inner()
                .status()
        }
    };
    let says = |wanted| async move { (told(READY).await == wanted).then_some(()) };
    assert_eq!(told(READY).await, ServingStatus::Serving);

    postgres.stop();
    eventually("not ready", || says(ServingStatus::NotServing)).await;
    for lives in ["", NAMES[0]] {
        assert_eq!(told(lives).await, ServingStatus::Serving, "{lives}");
    }
    postgres.go_on();
    eventually("ready again", || says(ServingStatus::Serving)).await;
    stop.cancel();
    soon(looking).await.unwrap();
}
