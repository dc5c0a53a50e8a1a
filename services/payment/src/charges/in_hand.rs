//! The charges that a call in this process is on: one call a key at a time, the others wait for its end.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// The keys that are in hand. Cheap to clone.
#[derive(Clone, Default)]
pub struct InHand(Arc<Mutex<HashMap<String, watch::Receiver<()>>>>);

/// A key in one's own hand, until this is dropped, by whatever end of the call.
pub struct Hold {
    all: InHand,
    key: String,
    _ends: watch::Sender<()>,
}

/// A key in another's hand.
pub struct Other(watch::Receiver<()>);

impl InHand {
    /// Takes a key, unless another has it.
    pub fn take(&self, key: &str) -> Result<Hold, Other> {
        match self.lock().entry(key.to_owned()) {
            Entry::Occupied(other) => Err(Other(other.get().clone())),
            Entry::Vacant(vacant) => {
                let (ends, ended) = watch::channel(());
                vacant.insert(ended);
                Ok(Hold {
                    all: self.clone(),
                    key: key.to_owned(),
                    _ends: ends,
                })
            }
        }
    }

    /// Whether anybody in this process has it.
    pub fn has(&self, key: &str) -> bool {
        self.lock().contains_key(key)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, watch::Receiver<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.all.lock().remove(&self.key);
    }
}

impl Other {
    /// Until the other has let go.
    pub async fn ended(mut self) {
        while self.0.changed().await.is_ok() {}
    }
}
