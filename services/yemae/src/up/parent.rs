//! `up --processes`: every context in a process of its own. The parent keeps the one address and passes calls through.

use super::brood::Brood;
use super::family::Family;
use super::ports::Ports;
use super::{LOOK, Mesh, close, patience};
use crate::everybody;
use crate::fault::Fault;
use crate::metrics;
use crate::serve;
use mesh::{Contracts, server};
use proto::operator::v1::GetStatusRequest;
use proto::operator::v1::operator_service_client::OperatorServiceClient;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long the children may take to come up.
const PATIENCE: Duration = Duration::from_secs(30);

impl Mesh {
    /// Starts the children and serves for them until asked to stop.
    pub(super) async fn in_processes(
        &self,
        listener: TcpListener,
        door: Option<TcpListener>,
        brood: &mut Brood,
        ports: Ports,
        page: Option<TcpListener>,
    ) -> Result<(), Fault> {
        let pages = (self.page, self.pages_at);
        let mut family = Family::new(&self.data, &self.settings, &self.running, pages, ports);
        let names = self.entries.iter().map(|entry| entry.name);
        family.start(names, &self.settings)?;
        let doors = family.doors();
        brood.adopt(family);
        let contracts = Contracts::load(proto::DESCRIPTORS).map_err(Fault::bug)?;
        let passing = everybody::server(&contracts, doors).await?;
        let stop = CancellationToken::new();
        // Of use once all children are; from then on each says of its own store.
        let health = passing.health().clone();
        health.set(server::READY, false).await;
        let of_use = health.clone();
        let _page = metrics::serve(page, &stop, move || of_use.is_ready());
        let serving =
            mesh::task::detach(server::serve(listener, passing, stop.clone(), patience()));
        self.until_ready(brood).await?;
        health.set(server::READY, true).await;
        let door = self.open(door).await?;
        self.live(brood).await?;
        close(door).await?;
        stop.cancel();
        serve::tell(serving.await.map_err(Fault::bug)?);
        Ok(())
    }

    async fn until_ready(&self, brood: &mut Brood) -> Result<(), Fault> {
        let end = Instant::now() + PATIENCE;
        let operator = self.reach().await?.acting_as("operator", &["admin"])?;
        loop {
            brood.look_after()?;
            let answer = OperatorServiceClient::new(operator.channel())
                .get_status(GetStatusRequest {})
                .await;
            let trouble = match answer {
                Ok(answer) => answer
                    .into_inner()
                    .contexts
                    .into_iter()
                    .find(|context| !context.ready)
                    .map(|c| format!("{}: {}", c.context, c.trouble)),
                Err(status) => Some(status.message().to_owned()),
            };
            let Some(trouble) = trouble else {
                return Ok(());
            };
            if Instant::now() >= end {
                return Err(Fault::not_ready(format!(
                    "not every context came up: {trouble}"
                )));
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}
