//! Three servers on this machine that keep the stream among them.

use crate::nats::NatsServer;
use crate::rig::{eventually, free_port, tool};
use async_nats::jetstream;
use async_nats::jetstream::stream::ClusterInfo;
use std::collections::BTreeSet;
use std::path::Path;

const SERVERS: usize = 3;

/// Three servers.
pub struct Cluster(Vec<NatsServer>);

impl Cluster {
    /// None: this machine has no nats-server.
    pub async fn start() -> Option<Self> {
        let program = tool("nats-server")?;
        // Somebody else may take a port in between.
        let servers = (0..5).find_map(|_| all(&program));
        Some(Self(servers.expect("no three nats-servers start")))
    }

    /// All of them, as clients are told.
    pub fn url(&self) -> String {
        let urls: Vec<_> = self.0.iter().map(NatsServer::url).collect();
        urls.join(",")
    }

    /// Who leads the stream once all three have all of it; the first other, when that one is among `but`.
    pub async fn leader(&self, but: &BTreeSet<usize>) -> usize {
        let info = eventually("every server has all of the stream", || async {
            let info = self.info().await?;
            let current = info.replicas.iter().filter(|peer| peer.current).count();
            (info.leader.is_some() && current == SERVERS - 1).then_some(info)
        })
        .await;
        let leads = |n: &usize| info.leader.as_deref() == Some(name(*n).as_str());
        let leader = (0..SERVERS).find(leads).unwrap();
        if but.contains(&leader) {
            (0..SERVERS).find(|n| !but.contains(n)).unwrap()
        } else {
            leader
        }
    }

    /// kill -9.
    pub fn kill(&mut self, n: usize) {
        self.0[n].kill();
    }

    /// Starts it again on what it had stored.
    pub fn restart(&mut self, n: usize) {
        self.0[n].restart();
    }

    async fn info(&self) -> Option<ClusterInfo> {
        let urls: Vec<_> = self.0.iter().map(NatsServer::url).collect();
        let client = async_nats::connect(urls);
        let js = jetstream::new(client.await.ok()?);
        let stream = js.get_stream("YEMAE").await.ok()?;
        stream.cached_info().cluster.clone()
    }
}

fn name(n: usize) -> String {
    format!("n{n}")
}

fn all(program: &Path) -> Option<Vec<NatsServer>> {
    let ports: [u16; SERVERS] = std::array::from_fn(|_| free_port());
    let routes = ports.map(|port| format!("nats://127.0.0.1:{port}"));
    let one = |n: usize| {
        let own = [
            ["--server_name", &name(n)],
            ["--cluster_name", "yemae"],
            ["--cluster", &routes[n]],
            ["--routes", &routes.join(",")],
        ];
        let arguments = own.concat().into_iter().map(str::to_owned).collect();
        NatsServer::at(program, free_port(), arguments)
    };
    (0..SERVERS).map(one).collect()
}
