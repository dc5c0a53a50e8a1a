//! The door from outside, beside the contexts.

use super::{Mesh, patience, verifier};
use crate::door::{self, Open};
use crate::fault::Fault;
use mesh::Clock;
use tokio::net::TcpListener;

impl Mesh {
    /// Opens the door from outside to everything that is served here.
    pub(super) async fn open(&self, listener: Option<TcpListener>) -> Result<Option<Open>, Fault> {
        let Some(listener) = listener else {
            return Ok(None);
        };
        let verifier = verifier(&self.data, Clock::system())?;
        let contexts = self.entries.iter().map(|entry| entry.name);
        // Under `up` one address answers the operator about all of them.
        let contexts: Vec<_> = contexts.chain(["operator"]).collect();
        let house = door::House {
            contexts: &contexts,
            peers: &format!("http://{}", self.running.grpc),
            tls: None,
            verifier,
            settings: door::of_up(&self.settings, &self.data)?,
            patience: door::patience(&self.settings, patience())?,
        };
        door::open(listener, house).await.map(Some)
    }
}

/// Whoever is outside goes first: what they have begun still needs the contexts.
pub(super) async fn close(door: Option<Open>) -> Result<(), Fault> {
    match door {
        Some(door) => door.close().await,
        None => Ok(()),
    }
}
