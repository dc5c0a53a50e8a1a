//! The installers' jobs; says whether a job may still be cancelled.
//!
//! A job is made by whichever comes first, the order or the case that names its installer, and is his alone. Asked whether it
//! may be cancelled, he answers; a yes locks the job until support has decided, and what is completed answers no by
//! itself. All of it is decided on the job and its one fulfilment here, so every race has one winner.

mod domain;
mod grpc;
mod homes;
mod jobs;
mod policies;
mod schema;

use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use mesh::{Context, Db, Refusal};
use ordering::audit::{self, Facts};
use proto::iptv::installation::v1::installation_service_server::InstallationServiceServer;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

/// The context `iptv-installation`.
pub fn context() -> Context {
    ordering::fulfilling_side(Context::new("iptv-installation"))
        .migrations(MIGRATIONS)
        .follows("orders", "iptv-subscription", policies::order_changed)
        .follows("premises", "iptv-subscription", homes::premises_changed)
        .follows_when(
            "cases",
            "iptv-support",
            policies::names_an_installer,
            policies::case_changed,
        )
        .serves(|site| InstallationServiceServer::new(grpc::Handlers { site: site.clone() }))
}

/// Installation's facts for the audit.
pub fn facts(db: &mut Db) -> Result<Facts, Refusal> {
    audit::fulfilling_side(db, "iptv-installation")
}
