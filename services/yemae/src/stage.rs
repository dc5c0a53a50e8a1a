//! Stages to play on, made through the public RPCs: one file for each system.

pub(crate) mod cinema;
pub(crate) mod food;
pub(crate) mod iptv;
pub(crate) mod taxi;
pub(crate) mod vod;

use crate::fault::Fault;
use crate::rpc::Mesh;
use crate::systems;
use proto::shared::v1::Money;
use std::time::Duration;
use tokio::time::Instant;

/// How long the contexts may take to hear of each other.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two looks whether they have.
const LOOK: Duration = Duration::from_millis(50);

/// Fills in what `up --demo` promises, for every system whose contexts run.
pub(crate) async fn set(mesh: &Mesh, runs: impl Fn(&str) -> bool) -> Result<(), Fault> {
    for system in systems::ALL {
        if systems::missing(system, &runs).is_none() {
            (system.stage)(mesh).await?;
        }
    }
    Ok(())
}

/// Looks again until it is there, at most 20 s; else None.
pub(crate) async fn found<T>(mut look: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + PATIENCE;
    loop {
        let there = look().await;
        if there.is_some() || Instant::now() >= end {
            return there;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// So many won.
pub(crate) fn won(amount: i64) -> Money {
    Money {
        currency: "KRW".to_owned(),
        minor_units: amount,
    }
}
