//! One crash, at the worst moment: the charge went through and nobody is left to hear of it.

use super::Stage;
use crate::history::Told;
use crate::toys::booking::{self, BOOKING};
use crate::toys::payment;
use crate::toys::theater::{self, THEATER};
use diesel::prelude::*;
use mesh::Db;
use ordering::schema::intent;
use ordering::{PAYMENT, orders};
use proto::cinema::booking::v1::CreateBookingRequest;
use std::time::Duration;
use testing::chaos::{self, Databases};
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);

/// A request is charged; then booking dies for `outage`, and its lease of 15 s with it.
async fn charged_and_dead(stage: &Stage, request: &CreateBookingRequest, outage: Duration) {
    let charged = async {
        while stage.world.read(PAYMENT, |db| !payment::any_approved(db)) {
            sleep(Duration::from_millis(1)).await;
        }
        stage.world.kill_for(BOOKING, outage);
    };
    let (told, ()) = futures::future::join(stage.customers.create("ann", request), charged).await;
    assert!(matches!(told, Told::Unknown(_)), "{told:?}");
}

fn orders_of(stage: &Stage) -> usize {
    stage
        .world
        .read(BOOKING, |db| orders::all(db).unwrap().len())
}

#[test]
fn an_approved_request_is_finished_by_recovery() {
    chaos::run(async {
        let stage = Stage::new(1, &mut Databases::default());
        let request = stage.customers.request_for("far", &["1A"]);
        charged_and_dead(&stage, &request, SECOND).await;
        stage.rests_well().await;
        assert_eq!(orders_of(&stage), 1);
        let told = stage.customers.create("ann", &request).await;
        assert!(matches!(told, Told::Yes(_)), "{told:?}");
        stage.rests_well().await;
    });
}

/// Whoever begins an attempt has it for 15 s; nobody takes it up earlier.
#[test]
fn an_attempt_is_taken_up_once_its_lease_of_15_s_is_over() {
    chaos::run(async {
        let stage = Stage::new(1, &mut Databases::default());
        let request = stage.customers.request_for("far", &["1A"]);
        charged_and_dead(&stage, &request, SECOND).await;
        let lease = |db: &mut Db| {
            let times = intent::table.select((intent::created_at, intent::lease_until));
            times.first::<(i64, i64)>(db).unwrap()
        };
        let (begun, over) = stage.world.read(BOOKING, lease);
        assert_eq!(over - begun, 15_000_000, "in microseconds");
        while stage.world.now().0 < over {
            assert_eq!(orders_of(&stage), 0);
            sleep(Duration::from_millis(10)).await;
        }
        stage.rests_well().await;
        assert_eq!(orders_of(&stage), 1);
        let (_, taken_up) = stage.world.read(BOOKING, lease);
        assert!(taken_up > over, "by a lease of its own");
    });
}

#[test]
fn an_approved_request_is_finished_by_its_repeat() {
    chaos::run(async {
        let stage = Stage::new(1, &mut Databases::default());
        let request = stage.customers.request_for("far", &["1A"]);
        charged_and_dead(&stage, &request, 15 * SECOND).await;
        stage.world.wait_for(BOOKING).await;
        let told = stage.customers.create("ann", &request).await;
        assert!(matches!(told, Told::Yes(_)), "{told:?}");
        stage.rests_well().await;
    });
}

/// Once its screening has begun nobody wants it any more, whoever is first to find it: recovery or the customer.
#[test]
fn what_begins_meanwhile_is_voided() {
    for by_repeat in [false, true] {
        chaos::run(async {
            let stage = Stage::new(1, &mut Databases::default());
            let request = stage.customers.request_for("soon:10", &["1A"]);
            charged_and_dead(&stage, &request, 15 * SECOND).await;
            stage.world.wait_for(BOOKING).await;
            if by_repeat {
                let told = stage.customers.create("ann", &request).await;
                assert_eq!(told, Told::No("PAYMENT_UNCONFIRMED".to_owned()));
            }
            stage.rests_well().await;
            let told = stage.customers.create("ann", &request).await;
            assert_eq!(told, Told::No("SCREENING_STARTED".to_owned()));
            assert_eq!(orders_of(&stage), 0);
        });
    }
}

/// Seed 1070: whoever took over an attempt was refused its seats, and forgot that the one before may have charged.
#[test]
fn a_refusal_to_who_took_over_voids_what_may_be_charged() {
    chaos::run(async {
        let stage = Stage::new(1, &mut Databases::default());
        let request = stage.customers.request_for("far", &["1A"]);
        // Theater is away, so no seat is held and somebody else gets it.
        stage.world.kill_for(THEATER, 12 * SECOND);
        charged_and_dead(&stage, &request, 15 * SECOND).await;
        let seat = theater::resource(&booking::screening("far"), "1A");
        let give_away = move |db: &mut Db| theater::give_away(db, &seat).unwrap();
        stage.world.read(THEATER, give_away);
        stage.world.wait_for(BOOKING).await;
        let told = stage.customers.create("ann", &request).await;
        assert!(matches!(told, Told::No(_)), "{told:?}");
        stage.rests_well().await;
        assert_eq!(orders_of(&stage), 0);
    });
}

/// What the customer was told did not happen does not, however long payment is away; then the same request may succeed.
#[test]
fn an_unconfirmed_request_stays_so_until_it_is_voided() {
    chaos::run(async {
        let stage = Stage::new(1, &mut Databases::default());
        let request = stage.customers.request_for("far", &["1A"]);
        stage.world.kill_for(PAYMENT, 40 * SECOND);
        let unconfirmed = Told::No("PAYMENT_UNCONFIRMED".to_owned());
        for _ in 0..4 {
            assert_eq!(stage.customers.create("ann", &request).await, unconfirmed);
        }
        // Its claim is free at once.
        let other = CreateBookingRequest {
            request_id: "another".to_owned(),
            ..request.clone()
        };
        assert_eq!(stage.customers.create("bob", &other).await, unconfirmed);
        stage.world.wait_for(PAYMENT).await;
        stage.rests_well().await;
        let told = stage.customers.create("ann", &request).await;
        assert!(matches!(told, Told::Yes(_)), "{told:?}");
        stage.rests_well().await;
    });
}
