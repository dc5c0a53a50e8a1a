//! The registration lines: a context is one line here.

use crate::fault::Fault;
use futures::future::BoxFuture;
use mesh::bus::Bus;
use mesh::identity::Key;
use mesh::{Context, Db, Refusal, Site, Store};
use ordering::Republished;
use ordering::audit::Facts;

/// Whether a mesh is for trying out or for customers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// `up`: the simulator can be told how to misbehave.
    Development,
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
    /// States orders that are over once more, if it takes any: a step of them, from behind one on.
    pub(crate) republish: Option<Republish>,
}

impl Entry {
    /// What it signs besides its tokens: "playback".
    pub(crate) fn signs(&self) -> Option<&'static str> {
        let own = SIGNING.iter().find(|(name, _)| *name == self.name);
        own.map(|(_, what)| *what)
    }
}

/// A step of it.
pub(crate) type Republish =
    for<'a> fn(&'a Store, &'a str) -> BoxFuture<'a, Result<Republished, Refusal>>;

/// Work of a context that needs the broker itself.
pub(crate) type Beside = fn(Site, Bus) -> BoxFuture<'static, ()>;

/// Every context.
pub(crate) const ALL: &[Entry] = &[
    Entry {
        name: "cinema-movie",
        scopes: &[],
        build: |_| cinema_movie::context(),
        facts: |_| Ok(Facts::default()),
        beside: None,
        republish: None,
    },
    Entry {
        name: "cinema-theater",
        scopes: &[],
        build: |_| cinema_theater::context(),
        facts: cinema_theater::facts,
        beside: None,
        republish: None,
    },
    Entry {
        name: "cinema-booking",
        scopes: &["payment.charge", "theater.hold"],
        build: |_| cinema_booking::context(),
        facts: cinema_booking::facts,
        beside: None,
        republish: Some(|store, after| Box::pin(cinema_booking::republish(store, after))),
    },
    Entry {
        name: "cinema-ticket",
        scopes: &[],
        build: |_| cinema_ticket::context(),
        facts: cinema_ticket::facts,
        beside: None,
        republish: None,
    },
    Entry {
        name: "vod-order",
        scopes: &["payment.charge"],
        build: |_| vod_order::context(),
        facts: vod_order::facts,
        beside: None,
        republish: Some(|store, after| Box::pin(vod_order::republish(store, after))),
    },
    Entry {
        name: "vod-library",
        scopes: &[],
        build: vod_library,
        facts: vod_library::facts,
        beside: None,
        republish: None,
    },
    Entry {
        name: "food-order",
        scopes: &["payment.charge"],
        build: |_| food_order::context(),
        facts: food_order::facts,
        beside: None,
        republish: Some(|store, after| Box::pin(food_order::republish(store, after))),
    },
    Entry {
        name: "food-store",
        scopes: &[],
        build: |_| food_store::context(),
        facts: food_store::facts,
        beside: None,
        republish: None,
    },
    Entry {
        name: "payment",
        scopes: &[],
        build: payment,
        facts: payment::facts,
        beside: None,
        republish: None,
    },
    Entry {
        name: "mypage",
        scopes: &[],
        build: |_| mypage::context(),
        facts: mypage::facts,
        beside: Some(|site, bus| Box::pin(mypage::rebuilds(site, bus))),
        republish: None,
    },
    Entry {
        name: "notification",
        scopes: &[],
        build: notification,
        facts: notification::facts,
        beside: None,
        republish: None,
    },
];

fn vod_library(given: Given) -> Context {
    let simulator = vod_library::Simulator::new(rand::random());
    match given.mode {
        Mode::Development => vod_library::simulated(simulator, given.key),
        Mode::Production => vod_library::context(std::sync::Arc::new(simulator), given.key),
    }
}

fn payment(given: Given) -> Context {
    match given.mode {
        Mode::Development => payment::simulated(simulator()),
        Mode::Production => payment::context(std::sync::Arc::new(simulator())),
    }
}

/// Under `up` a customer's webhook may be on this machine.
fn notification(given: Given) -> Context {
    notification::context(notification::Settings {
        console: notification::Console::new(std::io::stdout()),
        webhooks: match given.mode {
            Mode::Development => notification::Reach::Private,
            Mode::Production => notification::Reach::Public,
        },
    })
}

/// There is no real provider yet. What it does at random need not be the same twice.
fn simulator() -> payment::Simulator {
    payment::Simulator::new(rand::random())
}

/// An error that says which names there are, if one of these is none.
pub(crate) fn all_known(without: &[String]) -> Result<(), Fault> {
    let Some(unknown) = without.iter().find(|name| find(name).is_none()) else {
        return Ok(());
    };
    let names: Vec<_> = ALL.iter().map(|entry| entry.name).collect();
    Err(Fault::usage(format!(
        "--without {unknown}: no context is called that; there are {}",
        names.join(", ")
    )))
}

/// The context of a name.
pub(crate) fn find(name: &str) -> Option<&'static Entry> {
    ALL.iter().find(|entry| entry.name == name)
}
