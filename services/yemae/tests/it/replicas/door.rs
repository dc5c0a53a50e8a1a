//! The one address of a mesh with replicas: it passes each call on to one of its context.

use super::many::Replica;
use super::names::Names;
use mesh::client::{self, Board, Client, Endpoint};
use mesh::{Contracts, contracts, server};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Opens it. By a name each call is made once; else the replicas take turns.
pub async fn open(
    listener: TcpListener,
    replicas: &[(&'static str, Vec<Replica>)],
    names: Option<&Names>,
) -> CancellationToken {
    let contracts = Arc::new(Contracts::load(proto::DESCRIPTORS).unwrap());
    let to = |(context, all): &(&'static str, Vec<Replica>)| {
        let clients = match names {
            Some(names) => vec![by_name(&contracts, context, names)],
            None => all.iter().map(Replica::client).collect(),
        };
        (*context, clients)
    };
    let clients: BTreeMap<&'static str, Vec<Client>> = replicas.iter().map(to).collect();
    let turn = AtomicUsize::new(0);
    let of = |service: &str| contracts::context_of(service.rsplit_once('.')?.0);
    let services = contracts
        .pool()
        .services()
        .map(|own| own.full_name().to_owned());
    let known = |own: &String| of(own).is_some_and(|own| clients.contains_key(own.as_str()));
    let services: Vec<String> = services.filter(known).collect();
    let services: Vec<&str> = services.iter().map(String::as_str).collect();
    let passing = server::pass_through(&contracts, &services, move |service| {
        let all = clients.get(of(service)?.as_str())?;
        let turn = turn.fetch_add(1, Ordering::Relaxed);
        Some(all[turn % all.len()].clone())
    });
    let settings = server::Settings {
        streams: 4096,
        ..server::Settings::default()
    };
    let stop = CancellationToken::new();
    let serving = server::serve(listener, passing.await.unwrap(), stop.clone(), settings);
    drop(mesh::task::detach(serving));
    stop
}

/// Calls a context wherever its name leads, and each call once.
fn by_name(contracts: &Arc<Contracts>, context: &str, names: &Names) -> Client {
    let uri = format!("http://{}:{}", context, names.at(context, 0).port());
    let once = client::Settings {
        total: Duration::from_secs(10),
        attempt: Duration::from_secs(10),
        attempts: 1,
        in_flight: 10_000,
        ..client::Settings::default()
    };
    let endpoint = Endpoint::looked_up(&uri, None, names.lookup()).unwrap();
    let board = Board::default();
    client::stack(contracts.clone(), None, context, endpoint, &once, &board)
}
