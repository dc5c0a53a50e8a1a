//! One server for all test processes of a build, started by whoever needs it first. A keeper runs it, and ends it when
//! no process is left that does: a process may be killed, so none of them could be trusted with that.

use super::cluster::{self, Cluster};
use super::{Kind, Server};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use mesh::store::Url;
use std::fs::File;
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// Where worlds have their schemas.
const WORLDS: &str = "worlds";

static JOINED: OnceLock<Option<Arc<Server>>> = OnceLock::new();

pub(super) fn join() -> Option<Arc<Server>> {
    let joined = JOINED.get_or_init(|| {
        let place = cluster::place();
        let turn = File::create(place.join("postgres.turn")).and_then(|turn| {
            turn.lock()?;
            Ok(turn)
        });
        let _turn = turn.unwrap_or_else(|why| panic!("{}: {why}", place.display()));
        let told = place.join("postgres.server");
        let port = use_running(&told).or_else(|| start(&told))?;
        Some(Arc::new(Server(Kind::Shared { port })))
    });
    joined.clone()
}

/// Joins the users of the server that runs, if one does. The keeper looks for users once more after it has taken the
/// address away: so whoever still finds it there has joined in time.
fn use_running(told: &Path) -> Option<u16> {
    let text = std::fs::read_to_string(told).ok()?;
    let (port, folder) = text.trim().split_once(' ')?;
    sign_up(Path::new(folder)).ok()?;
    let port = port.parse().ok()?;
    let is_there = std::fs::read_to_string(told).is_ok_and(|again| again == text);
    (is_there && cluster::answers(port, WORLDS)).then_some(port)
}

fn sign_up(folder: &Path) -> std::io::Result<()> {
    let own = folder.join("users").join(std::process::id().to_string());
    File::create(own).map(drop)
}

fn start(told: &Path) -> Option<u16> {
    let cluster = Cluster::new()?;
    let folder = cluster.folder().to_owned();
    let signed_up = std::fs::create_dir(folder.join("users")).and_then(|()| sign_up(&folder));
    signed_up.unwrap_or_else(|why| panic!("{}: {why}", folder.display()));
    let port = cluster.start_with_keeper(told);
    cluster::execute(port, "postgres", &format!("CREATE DATABASE {WORLDS}"));
    let text = format!("{port} {}\n", folder.display());
    std::fs::write(told, text).unwrap_or_else(|why| panic!("{}: {why}", told.display()));
    Some(port)
}

/// A store's tables in a schema of their own, gone with this: a database for each would cost 50 ms and 8 MB. What a
/// whole database is locked for (migrating, the relay's election) it shares with its neighbours, so it is for stores
/// in worlds, which have no relay.
pub struct Schema {
    server: Arc<Server>,
    name: String,
}

impl Schema {
    /// An empty one on the shared server. None: as [`Server::shared`].
    pub fn new() -> Option<Self> {
        let server = Server::shared()?;
        let name = format!("world_{}", mesh::id::new().replace('-', ""));
        cluster::execute(server.port(), WORLDS, &format!("CREATE SCHEMA {name}"));
        Some(Self { server, name })
    }

    /// Where it is.
    pub fn url(&self) -> Url {
        let worlds = self.server.url(WORLDS).0;
        Url(format!("{worlds}?options=-csearch_path%3D{}", self.name))
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        // What a test left locked stays until the server ends.
        let sql = format!("SET lock_timeout = '1s'; DROP SCHEMA {} CASCADE", self.name);
        let db = PgConnection::establish(&self.server.url(WORLDS).0);
        let _ = db.map(|mut db| db.batch_execute(&sql));
    }
}
