//! How many of something somebody has at once: connections that ask for nothing are counted nowhere else, nor are watches.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many of something each has at once. Clones count together.
#[derive(Clone, Debug)]
pub struct Places<K>(Arc<Mutex<HashMap<K, usize>>>);

/// One of them, until it is dropped.
#[derive(Debug)]
pub struct Place<K: Hash + Eq + Clone> {
    places: Places<K>,
    who: K,
}

impl<K> Default for Places<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Hash + Eq + Clone> Places<K> {
    /// One more of this one's, unless it has `most` of them.
    pub fn enter(&self, who: K, most: usize) -> Option<Place<K>> {
        let mut all = self.all();
        let own = all.get(&who).copied().unwrap_or(0);
        if own >= most {
            return None;
        }
        all.insert(who.clone(), own + 1);
        Some(Place {
            places: self.clone(),
            who,
        })
    }

    fn all(&self) -> MutexGuard<'_, HashMap<K, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq + Clone> Drop for Place<K> {
    fn drop(&mut self) {
        let mut all = self.places.all();
        match all.get_mut(&self.who) {
            Some(own) if *own > 1 => *own -= 1,
            _ => drop(all.remove(&self.who)),
        }
    }
}

/// Whose an address is: who has an IPv6 address has a whole network of them.
pub fn neighbours(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_so_many_and_who_has_none_is_forgotten() {
        let places = Places::default();
        let first = places.enter("anna", 2);
        let second = places.enter("anna", 2);
        assert!(first.is_some() && second.is_some());
        assert!(places.enter("anna", 2).is_none());
        let other = places.enter("ben", 2);
        assert!(other.is_some());
        drop(first);
        let third = places.enter("anna", 2);
        assert!(third.is_some());
        drop((second, third, other));
        assert!(places.all().is_empty());
    }

    #[test]
    fn an_ipv6_network_is_one_address() {
        let same =
            |a: &str, b: &str| neighbours(a.parse().unwrap()) == neighbours(b.parse().unwrap());
        assert!(same("2001:db8:1:2::1", "2001:db8:1:2:3:4:5:6"));
        assert!(!same("2001:db8:1:2::1", "2001:db8:1:3::1"));
        assert!(same("192.0.2.1", "::ffff:192.0.2.1"));
        assert!(!same("192.0.2.1", "192.0.2.2"));
    }
}
