//! Rebuilding the page while it is served.
//!
//! The orders are read from the stream into a new generation beside the one that is shown. From the moment a rebuild is
//! asked for, changes go to both. When what is shown has caught up with what was read, both are compared, order by order,
//! and what the stream no longer has is taken over from the old one. In the end one number changes: the new one is shown.
//! Whoever dies in between leaves a row with a lease; the next one does again what was not done to its end, which changes
//! nothing that is there.

mod grpc;
mod rows;
mod steps;

pub use grpc::Handlers;
pub use rows::sweep;

use mesh::bus::Bus;
use mesh::{Refusal, Site, id};
use proto::mypage::v1::RebuildState;
use rows::{Claimed, Progress};
use std::time::Duration;
use tokio::time::sleep;

/// How often it looks whether a rebuild was asked for, here or at another replica.
const POLL: Duration = Duration::from_secs(1);
/// How long a rebuild belongs to whoever was last heard of.
const LEASE: Duration = Duration::from_secs(15);
/// How often whoever works on it says so.
const SIGN: Duration = Duration::from_secs(5);
/// How long what was built waits for what is shown, before both are compared.
const PATIENCE: Duration = Duration::from_secs(10);

/// Does the rebuilds that the page is asked for, until the site stops. It runs beside [`mesh::run`], in every replica.
pub async fn rebuilds(site: Site, bus: Bus) {
    let worker = id::new();
    let mut told = false;
    while !site.stop.is_cancelled() {
        let worked = site.stop.run_until_cancelled(look(&site, &bus, &worker));
        match worked.await {
            Some(Err(why)) if !told => {
                tracing::warn!(%why, "a rebuild of the page is put off");
                told = true;
            }
            Some(Err(_)) => {}
            Some(Ok(())) => told = false,
            None => break,
        }
        site.stop.run_until_cancelled(sleep(POLL)).await;
    }
    if let Err(why) = rows::give_back(&site, &worker).await {
        tracing::debug!(%why, "a rebuild could not be given back; its lease ends by itself");
    }
}

async fn look(site: &Site, bus: &Bus, worker: &str) -> Result<(), Refusal> {
    let Some(claimed) = rows::claim(site, worker).await? else {
        return Ok(());
    };
    tokio::select! {
        done = work(site, bus, &claimed) => done,
        lost = keep(site, &claimed) => lost,
    }
}

async fn work(site: &Site, bus: &Bus, claimed: &Claimed) -> Result<(), Refusal> {
    if claimed.state != RebuildState::Comparing {
        steps::read(site, bus, claimed).await?;
    }
    steps::await_page(site, bus, PATIENCE).await?;
    let compared = steps::compare(site, claimed).await?;
    rows::show(site, claimed, compared).await?;
    tracing::info!(rebuild = claimed.rebuild_id, "the page was rebuilt");
    Ok(())
}

/// Keeps the lease for as long as it can.
async fn keep(site: &Site, claimed: &Claimed) -> Result<(), Refusal> {
    loop {
        sleep(SIGN).await;
        rows::tell(site, claimed, Progress::default()).await?;
    }
}
