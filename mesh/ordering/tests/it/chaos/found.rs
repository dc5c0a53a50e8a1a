//! What seeds have found, each in a world of its own that leaves nothing else to chance.

use super::Stage;
use crate::history::Told;
use crate::toys::booking::BOOKING;
use crate::toys::theater::{self, THEATER};
use ordering::PAYMENT;
use std::time::Duration;
use testing::chaos::{self, Databases, Faults};
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);

/// Seed 1: a repeat that waited looked by a write, whose commit woke it to look again, without end.
#[test]
fn a_repeat_waits_without_writing() {
    chaos::run(async {
        let stage = Stage::new(1, &mut Databases::default());
        let request = stage.customers.request_for("far", &["1A"]);
        stage.world.let_loose(Faults {
            slow: 1.0,
            ..Faults::default()
        });
        let first = stage.customers.create("ann", &request);
        let second = async {
            sleep(SECOND).await;
            stage.customers.create("ann", &request).await
        };
        let (first, second) = futures::future::join(first, second).await;
        stage.world.heal();
        assert!(!matches!((first, second), (Told::No(_), Told::No(_))));
        stage.rests_well().await;
    });
}

/// Seed 1070: whoever took over an attempt was refused its seats, and forgot that the one before may have charged.
#[test]
fn a_refusal_to_who_took_over_voids_what_may_be_charged() {
    chaos::run(async {
        let stage = Stage::new(1, &mut Databases::default());
        let request = stage.customers.request_for("far", &["1A"]);
        // No seat is held, for theater is away; the charge goes through; nobody is left to hear of it.
        stage.world.kill_for(THEATER, 12 * SECOND);
        let charged = async {
            while stage
                .world
                .read(PAYMENT, |db| !crate::toys::payment::any_approved(db))
            {
                sleep(Duration::from_millis(1)).await;
            }
            stage.world.kill_for(BOOKING, 15 * SECOND);
        };
        let (told, ()) =
            futures::future::join(stage.customers.create("ann", &request), charged).await;
        assert!(matches!(told, Told::Unknown(_)));
        stage
            .world
            .read(THEATER, |db| theater::give_away(db, "far/1A").unwrap());
        // The lease is over, booking is back, and the customer is faster than its recovery.
        stage.world.wait_for(BOOKING).await;
        let told = stage.customers.create("ann", &request).await;
        assert!(matches!(told, Told::No(_)), "{told:?}");
        stage.rests_well().await;
    });
}
