//! The keys that tokens are checked with: a JWKS file, read again when it has changed, or what an issuer publishes.

mod entry;

use super::issuer::Issuer;
use super::{Fault, fault};
use crate::call::Service;
use entry::parse;
use jsonwebtoken::{Algorithm, DecodingKey};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How often a file is looked at again at most, and an issuer asked for a key that is not known (reliability.md, Identity).
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// How often an issuer is asked while it never has answered.
const AT_FIRST: Duration = Duration::from_secs(5);
/// How often it is asked although the key is known: it may have been taken back.
const REFRESH: Duration = Duration::from_secs(600);

/// Whose tokens a file's keys check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// People's. What we cannot use is left out: an issuer publishes keys for other uses, too.
    People,
    /// Services'. Every key must name its context and scopes.
    Services,
}

/// A key that tokens are checked with.
pub(super) struct PublicKey {
    /// The only algorithm it checks, whatever a token's header says.
    pub algorithm: Algorithm,
    /// That algorithm as a header spells it.
    pub name: &'static str,
    pub key: DecodingKey,
    /// What it is good for, when it is a service's.
    pub service: Option<Service>,
}

type Keys = HashMap<String, Arc<PublicKey>>;

/// Where keys are from.
pub(super) enum Source {
    /// Given once.
    Fixed,
    File(PathBuf),
    Issuer(Issuer),
}

/// The keys of one source.
pub(super) struct Ring {
    whose: Whose,
    source: Source,
    state: Mutex<State>,
}

struct State {
    text: String,
    keys: Keys,
    /// When the file was last looked at: because time had passed, because a key was not known.
    looked: [Option<Instant>; 2],
}

/// When an issuer is to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// Before the token is checked: its key is not known.
    First,
    /// While it is: the key is known, and has been for long.
    Meanwhile,
}

/// What a ring knows of a key id.
pub(super) struct Found {
    pub key: Option<Arc<PublicKey>>,
    /// The file had changed, so what was found good before may not be so now.
    pub changed: bool,
}

impl Ring {
    pub(super) fn read(path: &Path, whose: Whose) -> Result<Self, Fault> {
        let text = fs::read_to_string(path).map_err(|why| fault(path, why))?;
        let source = Source::File(path.to_owned());
        Self::of(text, source, whose).map_err(|why| fault(path, why))
    }

    /// Of people, as their issuer publishes them: none until it is first asked.
    pub(super) fn published(issuer: Issuer) -> Self {
        let state = State {
            text: String::new(),
            keys: Keys::new(),
            looked: [None, None],
        };
        Self {
            whose: Whose::People,
            source: Source::Issuer(issuer),
            state: Mutex::new(state),
        }
    }

    pub(super) fn of(text: String, source: Source, whose: Whose) -> Result<Self, String> {
        let keys = parse(&text, whose)?;
        let looked = [Some(Instant::now()), None];
        Ok(Self {
            whose,
            source,
            state: Mutex::new(State { text, keys, looked }),
        })
    }

    /// Whether an issuer can be asked.
    pub(super) fn is_published(&self) -> bool {
        matches!(self.source, Source::Issuer(_))
    }

    /// Whether an issuer is to be asked before a token by this key is checked. None: it need not be.
    pub(super) fn asks(&self, id: &str) -> Option<Ask> {
        if !self.is_published() {
            return None;
        }
        let state = self.state();
        let known = state.keys.contains_key(id);
        let every = match known {
            true => REFRESH,
            false if state.keys.is_empty() => AT_FIRST,
            false => LOOK_EVERY,
        };
        let [asked, _] = state.looked;
        let is_due = asked.is_none_or(|last| last.elapsed() >= every);
        is_due.then_some(if known { Ask::Meanwhile } else { Ask::First })
    }

    /// Asks the issuer, unless somebody just has. Whether its keys had changed.
    pub(super) async fn ask(&self, id: &str) -> bool {
        let Source::Issuer(issuer) = &self.source else {
            return false;
        };
        let _fetching = issuer.fetching.lock().await;
        if self.asks(id).is_none() {
            return false;
        }
        let fetched = issuer.fetch().await;
        let mut state = self.state();
        // Only now: who comes meanwhile is to wait, too.
        state.looked[0] = Some(Instant::now());
        state.take(fetched, "the issuer", self.whose)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key of this id. The file is looked at again when the last look is long ago: so a key that was taken out is
    /// forgotten within a minute, and one that was added is known at once unless ids are being guessed.
    pub(super) fn find(&self, id: &str) -> Found {
        let mut state = self.state();
        let why = usize::from(!state.keys.contains_key(id));
        let mut changed = false;
        if let Source::File(file) = &self.source
            && state.looked[why].is_none_or(|last| last.elapsed() >= LOOK_EVERY)
        {
            state.looked[why] = Some(Instant::now());
            changed = state.look(file, self.whose);
        }
        Found {
            key: state.keys.get(id).cloned(),
            changed,
        }
    }
}

impl State {
    /// A few KiB from a local file, so it is read in place. What cannot be read leaves the keys as they were.
    fn look(&mut self, file: &Path, whose: Whose) -> bool {
        let read = fs::read_to_string(file).map_err(|why| why.to_string());
        self.take(read, &file.display().to_string(), whose)
    }

    fn take(&mut self, read: Result<String, String>, from: &str, whose: Whose) -> bool {
        let keys = match read {
            Ok(text) if text == self.text => return false,
            Ok(text) => parse(&text, whose).map(|keys| (text, keys)),
            Err(why) => Err(why),
        };
        match keys {
            Ok((text, keys)) => {
                tracing::info!(from, keys = keys.len(), "keys read again");
                (self.text, self.keys) = (text, keys);
                true
            }
            Err(why) => {
                tracing::warn!(from, why, "keys cannot be read again; the old ones stay");
                false
            }
        }
    }
}
