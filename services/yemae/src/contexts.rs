//! The registration lines: a context is one line here.

use crate::door;
use crate::fault::Fault;
use futures::future::BoxFuture;
use mesh::bus::Bus;
use mesh::identity::Key;
use mesh::{Context, Db, Refusal, Site};
use ordering::System;
use ordering::audit::Facts;

/// Whether a mesh is for trying out or for customers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// `up`: the simulator can be told how to misbehave.
    Development,
    /// `serve`, and the simulator can be told how to misbehave.
    Trial,
    /// `serve`.
    Production,
}

/// What a context is built with.
pub(crate) struct Given {
    pub(crate) mode: Mode,
    /// What it signs with besides its tokens, if [`Entry::signs`] says that it does; else one that nobody knows.
    pub(crate) key: Key,
}

impl Given {
    /// Enough to see what a context consists of.
    pub(crate) fn to_look_at(mode: Mode) -> Result<Self, Fault> {
        let key = Key::generate().map_err(Fault::bug)?;
        Ok(Self { mode, key })
    }
}

/// Who signs more than its tokens, and what: the key for it is a file of its own.
const SIGNING: &[(&str, &str)] = &[("vod-library", "playback")];

/// A context as the binary knows it.
pub(crate) struct Entry {
    /// Its name.
    pub(crate) name: &'static str,
    /// What its key permits at other contexts.
    pub(crate) scopes: &'static [&'static str],
    /// Builds it.
    pub(crate) build: fn(Given) -> Context,
    /// What it tells the audit.
    pub(crate) facts: fn(&mut Db) -> Result<Facts, Refusal>,
    /// What it does beside [`mesh::run`] in every replica, until its site stops.
    pub(crate) beside: Option<Beside>,
    /// What its orders say of themselves, if it takes any.
    pub(crate) sells: Option<&'static System>,
}

impl Entry {
    /// A context that serves, and is asked for nothing else.
    const fn new(name: &'static str, build: fn(Given) -> Context) -> Self {
        Self {
            name,
            scopes: &[],
            build,
            facts: |_| Ok(Facts::default()),
            beside: None,
            sells: None,
        }
    }

    const fn may(self, scopes: &'static [&'static str]) -> Self {
        Self { scopes, ..self }
    }

    const fn tells(self, facts: fn(&mut Db) -> Result<Facts, Refusal>) -> Self {
        Self { facts, ..self }
    }

    /// An order side: it charges, and its orders can be stated once more.
    const fn sells(self, system: &'static System) -> Self {
        Self {
            sells: Some(system),
            ..self
        }
    }

    const fn beside(self, beside: Beside) -> Self {
        Self {
            beside: Some(beside),
            ..self
        }
    }

    /// What it signs besides its tokens: "playback".
    pub(crate) fn signs(&self) -> Option<&'static str> {
        let own = SIGNING.iter().find(|(name, _)| *name == self.name);
        own.map(|(_, what)| *what)
    }
}

/// Work of a context that needs the broker itself.
pub(crate) type Beside = fn(Site, Bus) -> BoxFuture<'static, ()>;

/// What an order side's key permits.
const CHARGES: &[&str] = &["payment.charge"];

/// Every context.
pub(crate) const ALL: &[Entry] = &[
    Entry::new("cinema-movie", |_| cinema_movie::context()),
    Entry::new("cinema-theater", |_| cinema_theater::context()).tells(cinema_theater::facts),
    Entry::new("cinema-booking", |_| cinema_booking::context())
        .may(&["payment.charge", "theater.hold"])
        .tells(cinema_booking::facts)
        .sells(&cinema_booking::SYSTEM),
    Entry::new("cinema-ticket", |_| cinema_ticket::context()).tells(cinema_ticket::facts),
    Entry::new("vod-order", |_| vod_order::context())
        .may(CHARGES)
        .tells(vod_order::facts)
        .sells(&vod_order::SYSTEM),
    Entry::new("vod-library", vod_library).tells(vod_library::facts),
    Entry::new("food-order", |_| food_order::context())
        .may(CHARGES)
        .tells(food_order::facts)
        .sells(&food_order::SYSTEM),
    Entry::new("food-store", |_| food_store::context()).tells(food_store::facts),
    Entry::new("iptv-subscription", |_| iptv_subscription::context())
        .may(CHARGES)
        .tells(iptv_subscription::facts)
        .sells(&iptv_subscription::SYSTEM),
    Entry::new("iptv-support", |_| iptv_support::context()).tells(iptv_support::facts),
    Entry::new("iptv-installation", |_| iptv_installation::context())
        .tells(iptv_installation::facts),
    Entry::new("taxi-ride", |_| taxi_ride::context())
        .may(CHARGES)
        .tells(taxi_ride::facts)
        .sells(&taxi_ride::SYSTEM),
    Entry::new("taxi-dispatch", |_| taxi_dispatch::context()).tells(taxi_dispatch::facts),
    Entry::new("payment", payment).tells(payment::facts),
    Entry::new("mypage", |_| mypage::context())
        .tells(mypage::facts)
        .beside(|site, bus| Box::pin(mypage::rebuilds(site, bus))),
    Entry::new("notification", notification).tells(notification::facts),
];

fn vod_library(given: Given) -> Context {
    let simulator = vod_library::Simulator::new(rand::random());
    match given.mode {
        Mode::Development | Mode::Trial => vod_library::simulated(simulator, given.key),
        Mode::Production => vod_library::context(std::sync::Arc::new(simulator), given.key),
    }
}

fn payment(given: Given) -> Context {
    match given.mode {
        Mode::Development | Mode::Trial => payment::simulated(simulator()),
        Mode::Production => payment::context(std::sync::Arc::new(simulator())),
    }
}

/// Under `up` a customer's webhook may be on this machine.
fn notification(given: Given) -> Context {
    notification::context(notification::Settings {
        console: notification::Console::new(std::io::stdout()),
        webhooks: match given.mode {
            Mode::Development => notification::Reach::Private,
            Mode::Trial | Mode::Production => notification::Reach::Public,
        },
    })
}

/// There is no real provider yet. What it does at random need not be the same twice.
fn simulator() -> payment::Simulator {
    payment::Simulator::new(rand::random())
}

/// An error that says which names there are, if one of these is none.
pub(crate) fn all_known(from: &str, without: &[String]) -> Result<(), Fault> {
    let known = |name: &str| find(name).is_some() || name == door::NAME;
    let Some(unknown) = without.iter().find(|name| !known(name)) else {
        return Ok(());
    };
    let names = ALL.iter().map(|entry| entry.name);
    let names: Vec<_> = names.chain([door::NAME]).collect();
    Err(Fault::usage(format!(
        "{from} {unknown}: no context is called that; there are {}",
        names.join(", ")
    )))
}

/// The context of a name.
pub(crate) fn find(name: &str) -> Option<&'static Entry> {
    ALL.iter().find(|entry| entry.name == name)
}
