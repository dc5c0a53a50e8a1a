//! Where the customers play: the systems that were chosen, each with something to order.

use super::moves::Moves;
use crate::fault::Fault;
use crate::rpc::Mesh;
use crate::systems::System;
use futures::future::{join_all, try_join_all};
use std::sync::Arc;
use std::time::Duration;

/// Between two looks at how much is left to order, and before it is asked for again when there was nothing.
pub(super) const LOOK: Duration = Duration::from_millis(50);

/// A stage that was set.
pub(super) struct Scene {
    /// Tells this run from others with the same seed.
    pub(super) run: String,
    /// One at least.
    pub(super) places: Vec<Place>,
}

/// A system on it.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) system: &'static str,
    pub(super) moves: Arc<dyn Moves>,
}

impl Scene {
    /// Sets one for so many orders a second.
    pub(super) async fn set(
        mesh: &Mesh,
        systems: &[&'static System],
        per_second: f64,
    ) -> Result<Self, Fault> {
        let run = mesh::id::new();
        let each = per_second / systems.len().max(1) as f64;
        let places = systems.iter().map(async |system| {
            Ok::<_, Fault>(Place {
                system: system.name,
                moves: (system.load)(mesh, &run, each).await?,
            })
        });
        let places = try_join_all(places).await?;
        Ok(Self { places, run })
    }

    /// Does this while there is something to order.
    pub(super) async fn stocked<T>(&self, what: impl Future<Output = T>) -> T {
        let all = self.places.iter().map(|place| place.moves.keep_ready());
        tokio::select! {
            done = what => done,
            _ = join_all(all) => unreachable!("it never ends"),
        }
    }
}
