//! What seeds have found, each in a world of its own that leaves nothing else to chance.

use super::Stage;
use crate::history::Told;
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
            stalled: 1.0,
            ..Faults::default()
        });
        let first = stage.customers.create("ann", &request);
        let second = async {
            sleep(SECOND).await;
            stage.customers.create("ann", &request).await
        };
        let (_, told) = futures::future::join(first, second).await;
        stage.world.heal();
        let waited = |why: &str| why.contains("REQUEST_IN_PROGRESS");
        assert!(
            matches!(&told, Told::Unknown(why) if waited(why)),
            "{told:?}"
        );
        stage.rests_well().await;
    });
}
