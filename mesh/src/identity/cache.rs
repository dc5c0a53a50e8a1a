//! Tokens that were found good, so that a signature is checked once and not at every call.

use super::verifier::Good;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// The most tokens kept, two generations together: a few MiB.
const MOST: usize = 10_000;

/// A token's fingerprint: all of it, signature included, so that no other token is ever taken for it.
pub(super) type Print = [u8; 32];

pub(super) fn print(token: &str) -> Print {
    Sha256::digest(token).into()
}

/// Two generations: when the young one is full the old one is forgotten, so what is in use stays and nothing is swept.
#[derive(Default)]
pub(super) struct Cache {
    young: HashMap<Print, Good>,
    old: HashMap<Print, Good>,
}

impl Cache {
    pub(super) fn get(&mut self, print: &Print) -> Option<Good> {
        if let Some(good) = self.young.get(print) {
            return Some(good.clone());
        }
        let good = self.old.remove(print)?;
        self.put(*print, good.clone());
        Some(good)
    }

    pub(super) fn put(&mut self, print: Print, good: Good) {
        if self.young.len() >= MOST / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(print, good);
    }

    pub(super) fn remove(&mut self, print: &Print) {
        self.young.remove(print);
        self.old.remove(print);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Bearer;
    use super::*;
    use crate::User;
    use crate::clock::Time;

    fn good() -> Good {
        Good {
            bearer: Bearer::User(User {
                subject: "anna".to_owned(),
                roles: Vec::new(),
            }),
            from: Time(0),
            until: Time(0),
            seen: Time(0),
        }
    }

    #[test]
    fn what_is_in_use_stays_and_the_rest_makes_room() {
        let mut cache = Cache::default();
        cache.put(print("in use"), good());
        cache.put(print("forgotten"), good());
        for n in 0..3 * MOST {
            cache.put(print(&n.to_string()), good());
            assert!(cache.get(&print("in use")).is_some(), "after {n}");
            assert!(cache.young.len() + cache.old.len() <= MOST);
        }
        assert!(cache.get(&print("forgotten")).is_none());
    }
}
