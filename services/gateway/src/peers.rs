//! How the door calls contexts: through the client stack that contexts use, too.

use mesh::Contracts;
use mesh::client::{self, BadUri, Board, Client, Endpoint, Tls};
use mesh::contracts::context_of;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A call from outside takes no longer than this; it is tried once, for whoever asked knows best whether to ask again
/// (reliability.md, Calls).
const PATIENCE: Duration = Duration::from_secs(5);
/// The most unary calls that wait for one place of a context. As many as its own limit may ever let in: that one decides.
const IN_FLIGHT: usize = 1000;

/// A client stack to each context: one breaker per place of each.
#[derive(Clone, Debug)]
pub struct Peers(BTreeMap<String, Client>);

impl Peers {
    /// To these contexts, where `at` says; `{context}` in it stands for the name. `https://` is over `tls`. To be called
    /// inside a runtime.
    pub fn at<'a>(
        contracts: &Arc<Contracts>,
        contexts: impl Iterator<Item = &'a str>,
        at: &str,
        tls: Option<&Tls>,
    ) -> Result<Self, BadUri> {
        let patience = client::Settings {
            total: PATIENCE,
            attempt: PATIENCE,
            attempts: 1,
            in_flight: IN_FLIGHT,
            ..client::Settings::default()
        };
        let stack = |context: &str| {
            let endpoint = Endpoint::trusting(&at.replace("{context}", context), tls)?;
            let board = Board::default();
            // The caller's token goes as it is.
            let stack = client::stack(
                contracts.clone(),
                None,
                context,
                endpoint,
                &patience,
                &board,
            );
            Ok((context.to_owned(), stack))
        };
        contexts.map(stack).collect::<Result<_, _>>().map(Self)
    }

    /// The context that serves a service, by its full name.
    pub(crate) fn find(&self, service: &str) -> Option<Client> {
        let (package, _) = service.rsplit_once('.')?;
        self.0.get(&context_of(package)?).cloned()
    }
}

/// The full names of the services of these contexts.
pub fn services(contracts: &Contracts, contexts: &[&str]) -> Vec<String> {
    let all = contracts.pool().services();
    let theirs = all.filter(|service| {
        context_of(service.package_name()).is_some_and(|context| contexts.contains(&&*context))
    });
    theirs
        .map(|service| service.full_name().to_owned())
        .collect()
}
