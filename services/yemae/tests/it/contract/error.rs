//! What a refusal says, and whether the contract says that it may.

use super::rpcs::{CONTRACTS, Rpc, comment};
use mesh::refusal;
use std::collections::BTreeSet;
use std::sync::{LazyLock, Mutex};
use std::time::Duration;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// A refusal.
#[derive(Clone)]
pub struct Refused {
    pub code: Code,
    pub reason: String,
    /// The fields that are wrong.
    pub fields: Vec<String>,
    pub message: String,
}

impl std::fmt::Debug for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {}", self.code, self.message)
    }
}

/// Reasons that were answered and that no contract names: the RPC's name and the reason.
static UNDOCUMENTED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// The reasons that every RPC may answer, by the comment of the mesh's own options.
static OF_ALL: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let options = CONTRACTS
        .pool()
        .get_message_by_name("yemae.shared.v1.Method")
        .unwrap();
    named(&comment(options.parent_file(), options.path()))
});

impl Refused {
    pub fn of(rpc: &Rpc, status: &Status) -> Self {
        let reason = refusal::reason(status).unwrap_or_default();
        let known = OF_ALL.contains(&reason) || named(&rpc.comment()).contains(&reason);
        if !known {
            let what = format!(
                "{}: {:?} {reason:?}: {}",
                rpc.name(),
                status.code(),
                status.message()
            );
            UNDOCUMENTED.lock().unwrap().insert(what);
        }
        let wrong = status.get_details_bad_request();
        let wrong = wrong.map_or_else(Vec::new, |wrong| wrong.field_violations);
        Self {
            code: status.code(),
            reason,
            fields: wrong.into_iter().map(|own| own.field).collect(),
            message: status.message().to_owned(),
        }
    }

    /// There was no time or no place for it.
    pub fn is_of_the_moment(&self) -> bool {
        use Code::*;
        let codes = [Unavailable, Aborted, ResourceExhausted, DeadlineExceeded];
        codes.contains(&self.code)
    }

    /// Trying the same again may go better: the mesh may only not have heard of all yet.
    pub fn may_pass(&self) -> bool {
        use Code::*;
        self.is_of_the_moment() || [NotFound, FailedPrecondition].contains(&self.code)
    }
}

/// What was answered in this process and no contract names.
pub fn undocumented() -> Vec<String> {
    UNDOCUMENTED.lock().unwrap().iter().cloned().collect()
}

/// The words in capitals: reasons, codes, states.
pub fn named(comment: &str) -> BTreeSet<String> {
    let is_of =
        |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_';
    let words = comment.split(|letter| !is_of(letter));
    words
        .filter(|word| word.len() > 3)
        .map(str::to_owned)
        .collect()
}

/// Between two looks.
pub const LOOK: Duration = Duration::from_millis(40);
/// How long the contexts may take to hear of each other.
pub const PATIENCE: Duration = Duration::from_secs(20);
