//! What a theater stands on.

use mesh::store::{Backend, Url};
use std::sync::Arc;
use testing::Stores;
use testing::postgres::Server;

/// A database, for as long as it is held.
pub struct Ground {
    pub url: Url,
    _folder: tempfile::TempDir,
    _server: Option<Arc<Server>>,
}

impl Ground {
    /// Of the kind that this run is on.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = match Stores::of_this_run().backend(0) {
            Backend::Sqlite => None,
            Backend::Postgres => Some(Server::shared().unwrap()),
        };
        let file = || Url(folder.path().join("theater.db").display().to_string());
        Self {
            url: server
                .as_ref()
                .map_or_else(file, |server| server.database()),
            _folder: folder,
            _server: server,
        }
    }
}
