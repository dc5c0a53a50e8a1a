//! What others ask a server about itself: whether it serves, and what.

use super::{Fault, reflection};
use crate::contracts::Contracts;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tonic::service::RoutesBuilder;
use tonic_health::ServingStatus::{NotServing, Serving};
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::{HealthReporter, HealthService};

/// The service that a readiness probe asks for: whether callers should come here. "" is for liveness: whether it runs at all.
pub const READY: &str = "ready";

/// Which services say that they serve, under `grpc.health.v1`: each by its full name, "" for the server as a whole, [`READY`].
#[derive(Clone)]
pub struct Health(Arc<Inner>);

struct Inner {
    reporter: HealthReporter,
    services: Vec<String>,
    ready: AtomicBool,
    stopped: AtomicBool,
}

impl Health {
    /// Says whether a service serves. Nothing brings one back once the server is stopping.
    pub async fn set(&self, service: &str, serves: bool) {
        if !self.0.stopped.load(Ordering::Acquire) {
            self.tell(service, serves).await;
        }
    }

    /// What is said of [`READY`].
    pub fn is_ready(&self) -> bool {
        self.0.ready.load(Ordering::Acquire)
    }

    pub(super) async fn stop(&self) {
        self.0.stopped.store(true, Ordering::Release);
        for service in &self.0.services {
            self.tell(service, false).await;
        }
    }

    async fn tell(&self, service: &str, serves: bool) {
        if service == READY {
            self.0.ready.store(serves, Ordering::Release);
        }
        let status = if serves { Serving } else { NotServing };
        self.0.reporter.set_service_status(service, status).await;
    }
}

/// Adds health and reflection; reflection lists these services and itself, and knows every contract.
pub(super) async fn add(
    contracts: &Contracts,
    services: &[&str],
    routes: &mut RoutesBuilder,
) -> Result<Health, Fault> {
    let reporter = HealthReporter::new();
    routes.add_service(HealthServer::new(HealthService::from_health_reporter(
        reporter.clone(),
    )));
    reflection::add(contracts, services, routes)?;

    let services = ["", READY].into_iter().chain(services.iter().copied());
    let health = Health(Arc::new(Inner {
        reporter,
        services: services.map(str::to_owned).collect(),
        ready: AtomicBool::new(true),
        stopped: AtomicBool::new(false),
    }));
    for service in &health.0.services {
        health.tell(service, true).await;
    }
    Ok(health)
}
