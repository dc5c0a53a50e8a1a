//! Contexts opened in this process: their stores, their peers, and everything they do.

use crate::contexts::{Entry, Given, Mode};
use crate::fault::Fault;
use mesh::bus::Bus;
use mesh::client::{self, Board, Endpoint};
use mesh::identity::{Key, Signer};
use mesh::policy::Policy;
use mesh::store::{Setup, Url};
use mesh::{Clock, Contracts, Peers, Site, Store};
use ordering::System;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::service::RoutesBuilder;

/// What every context of the process shares.
#[derive(Clone)]
pub(crate) struct Ground {
    pub(crate) contracts: Arc<Contracts>,
    pub(crate) clock: Clock,
    pub(crate) bus: Bus,
    pub(crate) mode: Mode,
    /// Cancelled when the contexts are to stop working, after the last call was served.
    pub(crate) stop: CancellationToken,
}

impl Ground {
    /// For trying out.
    pub(crate) fn development(bus: Bus) -> Result<Self, Fault> {
        Ok(Self {
            contracts: Arc::new(Contracts::load(proto::DESCRIPTORS).map_err(Fault::bug)?),
            clock: Clock::system(),
            bus,
            mode: Mode::Development,
            stop: CancellationToken::new(),
        })
    }
}

/// Where one context is.
pub(crate) struct Place {
    pub(crate) url: Url,
    pub(crate) key: Key,
    /// What it signs with besides its tokens, if it does.
    pub(crate) signing: Option<Key>,
    /// Where its peers are; `{context}` stands for the name.
    pub(crate) peers: String,
    /// Whom it believes them to be. None: they are called in the clear.
    pub(crate) tls: Option<client::Tls>,
}

/// A context that was opened.
#[derive(Clone)]
pub(crate) struct Resident {
    pub(crate) site: Site,
    pub(crate) breakers: Board,
    /// How it acts on events: a dead letter is handed to them once more.
    pub(crate) policies: Vec<Policy>,
    /// What its orders say of themselves, if it takes any.
    pub(crate) sells: Option<&'static System>,
}

/// The contexts of this process.
pub(crate) struct House {
    pub(crate) residents: Vec<Resident>,
    pub(crate) routes: RoutesBuilder,
    /// The full names of the services behind those routes.
    pub(crate) services: Vec<&'static str>,
    work: JoinSet<()>,
}

impl House {
    /// Opens contexts and starts everything they do besides serving.
    pub(crate) fn open(
        ground: &Ground,
        entries: &[&'static Entry],
        place: impl Fn(&Entry) -> Result<Place, Fault>,
    ) -> Result<Self, Fault> {
        let mut house = Self {
            residents: Vec::new(),
            routes: RoutesBuilder::default(),
            services: Vec::new(),
            work: JoinSet::new(),
        };
        for entry in entries {
            house.move_in(ground, entry, place(entry)?)?;
        }
        Ok(house)
    }

    fn move_in(
        &mut self,
        ground: &Ground,
        entry: &'static Entry,
        place: Place,
    ) -> Result<(), Fault> {
        let mut given = Given::to_look_at(ground.mode)?;
        given.key = place.signing.unwrap_or(given.key);
        let mut context = (entry.build)(given);
        let setup = Setup {
            context: entry.name.to_owned(),
            url: place.url,
            clock: ground.clock.clone(),
            contracts: ground.contracts.clone(),
        };
        let store = Store::open(setup, context.take_migrations()).map_err(Fault::not_ready)?;
        let breakers = Board::default();
        let signer = Signer::new(entry.name, place.key, ground.clock.clone());
        let mut peers = HashMap::new();
        for (peer, patience) in &context.calls {
            let uri = place.peers.replace("{context}", peer);
            let endpoint = Endpoint::trusting(&uri, place.tls.as_ref()).map_err(Fault::usage)?;
            let stack = client::stack(
                ground.contracts.clone(),
                Some(signer.clone()),
                peer,
                endpoint,
                patience,
                &breakers,
            );
            peers.insert(*peer, stack);
        }
        let site = Site {
            context: entry.name,
            store,
            clock: ground.clock.clone(),
            peers: Peers::new(peers),
            stop: ground.stop.clone(),
        };
        let policies = context.policies.clone();
        self.services
            .extend(context.routes(&site, &mut self.routes));
        self.work
            .spawn(mesh::run(context, site.clone(), ground.bus.clone()));
        if let Some(beside) = entry.beside {
            self.work.spawn(beside(site.clone(), ground.bus.clone()));
        }
        self.residents.push(Resident {
            site,
            breakers,
            policies,
            sells: entry.sells,
        });
        Ok(())
    }

    /// Waits until every context has put its work down.
    pub(crate) async fn close(mut self) {
        while self.work.join_next().await.is_some() {}
    }
}
