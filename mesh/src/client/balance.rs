//! Chooses between the places of a peer: of two the less busy.

use super::around::{Hop, send};
use super::circuit::Circuit;
use super::reply::{self, Own};
use super::resolve::{Found, Resolver};
use super::trip::Trip;
use super::{Reply, Request};
use futures::FutureExt;
use rand::seq::IndexedRandom;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use tonic::Code;
use tower::service_fn;

/// One place of a peer, with all that stands before it.
pub(super) struct Place<S> {
    /// The address it was found by.
    name: Arc<str>,
    circuit: Arc<Circuit>,
    next: S,
    in_flight: AtomicUsize,
    /// It turned a call away and wants to be left alone until then.
    rests: Mutex<Option<Instant>>,
}

impl<S> Place<S> {
    pub(super) fn new(name: Arc<str>, circuit: Arc<Circuit>, next: S) -> Self {
        Self {
            name,
            circuit,
            next,
            in_flight: AtomicUsize::new(0),
            rests: Mutex::new(None),
        }
    }

    fn busy(&self) -> usize {
        self.in_flight.load(Ordering::Acquire)
    }

    /// Whether a call has a chance here now.
    fn is_open(&self, now: Instant) -> bool {
        let rests = *self.rests.lock().unwrap_or_else(PoisonError::into_inner);
        rests.is_none_or(|until| until <= now) && self.circuit.admits(now)
    }

    fn rest(&self, wait: Option<Duration>) {
        let until = wait.and_then(|wait| Instant::now().checked_add(wait));
        *self.rests.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }

    fn enter(&self) -> InFlight<'_> {
        self.in_flight.fetch_add(1, Ordering::AcqRel);
        InFlight(&self.in_flight)
    }
}

/// A call on its way, however it ends.
struct InFlight<'a>(&'a AtomicUsize);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The places of a peer as they are known now.
pub(super) struct Balance<S> {
    peer: Arc<str>,
    found: watch::Receiver<Found<S>>,
    resolver: Arc<Resolver>,
}

impl<S> Balance<S> {
    pub(super) fn new(
        peer: Arc<str>,
        found: watch::Receiver<Found<S>>,
        resolver: Arc<Resolver>,
    ) -> Self {
        Self {
            peer,
            found,
            resolver,
        }
    }

    /// The place for an attempt of this call. Only who comes before the first answer waits for it; an error when there
    /// has been no good one.
    async fn choose(&self, trip: &Trip) -> Result<Arc<Place<S>>, String> {
        if let Some(chosen) = self.known(trip) {
            return chosen;
        }
        let mut found = self.found.clone();
        let is_known = found.wait_for(|found| !matches!(found, Found::Nothing));
        if is_known.await.is_err() {
            return Err("nobody looks for it any more".to_owned());
        }
        self.known(trip)
            .unwrap_or_else(|| Err("it has no address".to_owned()))
    }

    /// Whether a call that was at `tried` has a chance at another place now.
    fn has_another(&self, tried: &Arc<str>) -> bool {
        let now = Instant::now();
        match &*self.found.borrow() {
            Found::Nothing | Found::Trouble(_) => false,
            Found::Places(places) => places
                .iter()
                .any(|place| place.name != *tried && place.is_open(now)),
        }
    }

    fn known(&self, trip: &Trip) -> Option<Result<Arc<Place<S>>, String>> {
        match &*self.found.borrow() {
            Found::Nothing => None,
            Found::Trouble(why) => Some(Err(why.clone())),
            Found::Places(places) => match &places[..] {
                [only] => Some(Ok(only.clone())),
                several => less_busy(several, trip.tried().as_deref()).map(Ok),
            },
        }
    }
}

/// Of two that are open the less busy, of which one is not where the call was before, if there is a choice.
fn less_busy<S>(places: &[Arc<Place<S>>], tried: Option<&str>) -> Option<Arc<Place<S>>> {
    let now = Instant::now();
    let open = || places.iter().filter(|place| place.is_open(now));
    let mut candidates: Vec<_> = open().filter(|place| tried != Some(&place.name)).collect();
    if candidates.is_empty() {
        candidates.extend(open());
    }
    if candidates.is_empty() {
        candidates.extend(places);
    }
    // In no order of their own, so that equals are chosen equally often.
    let two = candidates.choose_multiple(&mut rand::rng(), 2);
    two.min_by_key(|place| place.busy())
        .map(|place| Arc::clone(place))
}

/// Sends every request to one of the places.
pub(super) fn between<S: Hop>(balance: Arc<Balance<S>>) -> impl Hop {
    service_fn(move |request| {
        // On the heap: the whole stack in one future is much to move about.
        send_to_one(balance.clone(), request).map(Ok).boxed()
    })
}

/// Whoever was sent to one that is removed meanwhile keeps it to the end.
async fn send_to_one<S: Hop>(balance: Arc<Balance<S>>, request: Request) -> Reply {
    let trip = Trip::of(&request);
    let place = match balance.choose(&trip).await {
        Ok(place) => place,
        Err(why) => return reply::unreachable(&balance.peer, why),
    };
    trip.tries(&place.name);
    let in_flight = place.enter();
    let mut reply = send(place.next.clone(), request).await;
    drop(in_flight);
    match (reply::code(&reply), reply::own(&reply)) {
        (_, Some(Own::Refused)) => {}
        // Where it was may not be where it is.
        (Code::Unavailable, own) => {
            balance.resolver.look_now();
            if own == Some(Own::Lost) && !trip.has_arrived() && balance.has_another(&place.name) {
                reply::send_elsewhere(&mut reply);
            }
        }
        // It is quick to say no, and would look idle.
        (Code::ResourceExhausted, None) => place.rest(reply::retry_after(&reply)),
        _ => {}
    }
    reply
}
