//! How the peers of a context stand, for those who ask.

use super::circuit::Circuit;
use crate::telemetry::glance;
use crate::telemetry::rpc::Line;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

/// Where the breakers of stacks are seen. Cheap to clone; clones show the same.
#[derive(Clone, Debug, Default)]
pub struct Board(Arc<Mutex<Vec<Weak<Circuit>>>>);

/// How a peer stands: the worst of its endpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The context that is called: "payment".
    pub peer: String,
    /// Where it is: "http://127.0.0.1:50051".
    pub endpoint: String,
    /// Its breaker's state.
    pub state: State,
    /// Its failures since its last success.
    pub consecutive_failures: u32,
}

impl Standing {
    fn badness(&self) -> (u8, u32) {
        let state = match self.state {
            State::Closed => 0,
            State::Probing => 1,
            State::Open => 2,
        };
        (state, self.consecutive_failures)
    }
}

/// What a breaker does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Lets calls through.
    Closed,
    /// Refuses them.
    Open,
    /// Waits for the one call that it let through to look.
    Probing,
}

impl Board {
    /// Every peer that a stack still calls, in the order they were added. One that has several endpoints stands as the
    /// worst of them.
    pub fn standings(&self) -> Vec<Standing> {
        let mut circuits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        circuits.retain(|circuit| circuit.strong_count() > 0);
        let mut standings: Vec<Standing> = Vec::new();
        for circuit in circuits.iter().filter_map(Weak::upgrade) {
            let standing = circuit.standing();
            match standings.iter_mut().find(|it| it.peer == standing.peer) {
                Some(worst) if worst.badness() < standing.badness() => *worst = standing,
                Some(_) => {}
                None => standings.push(standing),
            }
        }
        standings
    }

    pub(super) fn circuit(&self, line: &Line, endpoint: &str, longest: Duration) -> Arc<Circuit> {
        let circuit = Arc::new(Circuit::new(line.clone(), endpoint, longest));
        let mut circuits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        circuits.push(Arc::downgrade(&circuit));
        let seen = Arc::downgrade(&circuit);
        glance(move || Some(seen.upgrade()?.reading()));
        circuit
    }
}
