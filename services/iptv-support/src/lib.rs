//! The rep's desk: plans, installers, and a case for each subscription; decides a cancellation.
//!
//! A case is opened by its order and worked by people: a rep assigns an installer, and completes it once it is installed. A
//! request to cancel is taken up by a rep, answered by the installer, and decided by the rep; from the request on, nothing
//! else may be done with the case. All of it is decided on the case and its one fulfilment here, so every race has one
//! winner.

mod cases;
mod domain;
mod grpc;
mod installers;
mod plans;
mod policies;
mod schema;

use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use mesh::{Context, Db, Refusal};
use ordering::audit::{self, Facts};
use proto::iptv::support::v1::plan_service_server::PlanServiceServer;
use proto::iptv::support::v1::support_service_server::SupportServiceServer;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

/// The context `iptv-support`.
pub fn context() -> Context {
    ordering::fulfilling_side(Context::new("iptv-support"))
        .migrations(MIGRATIONS)
        .follows("orders", "iptv-subscription", policies::order_changed)
        .follows_when(
            "jobs",
            "iptv-installation",
            policies::says_something,
            policies::job_changed,
        )
        .serves(|site| PlanServiceServer::new(grpc::Plans { site: site.clone() }))
        .serves(|site| SupportServiceServer::new(grpc::Desk { site: site.clone() }))
}

/// Support's facts for the audit.
pub fn facts(db: &mut Db) -> Result<Facts, Refusal> {
    audit::fulfilling_side(db, "iptv-support")
}
