//! A mesh of `yemae serve` on PostgreSQL, some replicas of each context, each a process with a port of its own. One
//! address passes each call on to the replicas of its context in turn, as a balancer in front of them would.

use super::door;
use super::names::Names;
use crate::rig::{terminate, wait_for, yemae};
use crate::served::{Broker, free, make_keys};
use crate::stores::{CONTEXTS, Databases, Directory, directory};
use mesh::client::Client;
use mesh::server;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// One process.
pub struct Replica {
    context: &'static str,
    /// Where it listens.
    pub at: String,
    log: std::path::PathBuf,
    child: Child,
}

pub struct Mesh {
    /// The one address.
    pub grpc: String,
    pub replicas: BTreeMap<&'static str, Vec<Replica>>,
    environment: Vec<(String, String)>,
    stop: CancellationToken,
    _broker: Broker,
    databases: Databases,
    data: Directory,
    /// By which the replicas find each other, if not by the one address.
    names: Option<Names>,
}

impl Mesh {
    /// Starts so many replicas of each context, all at once on fresh databases. Must be called within a runtime, which
    /// is what passes the calls on.
    pub async fn start(number: usize) -> Self {
        Self::begin(number, |_| None).await
    }

    /// The same, where a context's name leads to its replicas.
    pub async fn named(number: usize) -> Self {
        let port = free().port();
        Self::begin(number, |data| {
            Some(Names::of(data, &CONTEXTS, number, port))
        })
        .await
    }

    async fn begin(number: usize, names: impl FnOnce(&Path) -> Option<Names>) -> Self {
        let (data, databases) = (directory(), Databases::new());
        let names = names(data.path());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let grpc = listener.local_addr().unwrap().to_string();
        let broker = Broker::start(data.path());
        let keys = make_keys(data.path()).into_iter();
        let mut environment: Vec<(String, String)> = keys
            .map(|(name, file)| (name, file.display().to_string()))
            .collect();
        let more = [
            ("NATS_URL", broker.url.clone()),
            ("YEMAE_PEERS", peers(&grpc, names.as_ref())),
            ("YEMAE_DATABASE_URL", databases.url()),
            ("RUST_LOG", "warn,mesh::leader=info".to_owned()),
        ];
        environment.extend(more.map(|(name, value)| (name.to_owned(), value)));
        let replicas = CONTEXTS.map(|context| {
            let one = |number| {
                let at = match &names {
                    Some(names) => names.at(context, number),
                    None => free(),
                };
                let log = data.path().join(format!("{context}-{number}.log"));
                Replica::start(context, at.to_string(), log, &environment, names.as_ref())
            };
            (context, (0..number).map(one).collect::<Vec<_>>())
        });
        let mesh = Self {
            stop: door::open(listener, &replicas, names.as_ref()).await,
            replicas: BTreeMap::from(replicas),
            grpc,
            environment,
            _broker: broker,
            databases,
            data,
            names,
        };
        for replica in mesh.replicas.values().flatten() {
            replica.until_it_serves();
        }
        mesh
    }

    /// The directory that its keys are in.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// A command that finds its databases and keys.
    pub fn run(&self, arguments: &[&str]) -> Output {
        let mut command = yemae();
        command.args(arguments).arg("--data").arg(self.data());
        // What only `serve` reads would do no harm.
        command.envs(self.environment.iter().cloned());
        command.output().unwrap()
    }

    /// Kills a replica as a power cut would, and starts it again at the same address, as whoever runs it would.
    pub fn kill(&mut self, context: &str, number: usize) {
        let replica = &mut self.replicas.get_mut(context).unwrap()[number];
        replica.child.kill().unwrap();
        replica.child.wait().unwrap();
        replica.begin(&self.environment, self.names.as_ref());
    }

    /// Stops a replica as an upgrade does, and starts it again; its name leads to it while it is not being stopped. True:
    /// it ended well.
    pub fn replace(&mut self, context: &str, number: usize) -> bool {
        let names = self.names.as_ref().unwrap();
        let replica = &mut self.replicas.get_mut(context).unwrap()[number];
        names.leads_to(&replica.at, false);
        terminate(replica.child.id());
        let ended = wait_for("a replica to stop", || replica.child.try_wait().unwrap());
        replica.begin(&self.environment, self.names.as_ref());
        replica.until_it_serves();
        names.leads_to(&replica.at, true);
        ended.success()
    }

    /// Which replica holds a context's lock, by its place: it publishes, and works what is to be done once. None: nobody
    /// does, or somebody else believes to lead too.
    pub fn leader(&self, context: &str) -> Option<usize> {
        let mut db = mesh::Db::open(&self.databases.of(context)).unwrap();
        let held = holders(&mut db);
        let replicas = self.replicas[context].iter().enumerate();
        let leading: Vec<_> = replicas.filter(|(_, own)| own.believes_to_lead()).collect();
        match leading[..] {
            [(place, own)] if held == [own.at.as_str()] => Some(place),
            _ => None,
        }
    }

    /// Stops all of them. True: each has ended well.
    pub fn stop(&mut self) -> bool {
        let all = || self.replicas.values().flatten();
        for replica in all() {
            terminate(replica.child.id());
        }
        let mut ended = true;
        for replica in self.replicas.values_mut().flatten() {
            let status = wait_for("a replica to stop", || replica.child.try_wait().unwrap());
            ended &= status.success();
        }
        ended
    }
}

impl Drop for Mesh {
    fn drop(&mut self) {
        self.stop.cancel();
        for replica in self.replicas.values_mut().flatten() {
            let _ = replica.child.kill();
            let _ = replica.child.wait();
        }
    }
}

impl Replica {
    fn start(
        context: &'static str,
        at: String,
        log: std::path::PathBuf,
        environment: &[(String, String)],
        names: Option<&Names>,
    ) -> Self {
        let child = spawn(context, &at, &log, environment, names);
        Self {
            context,
            at,
            log,
            child,
        }
    }

    /// Starts it again, where it was.
    fn begin(&mut self, environment: &[(String, String)], names: Option<&Names>) {
        self.child = spawn(self.context, &self.at, &self.log, environment, names);
    }

    /// What it calls is answered by this replica alone.
    pub fn client(&self) -> Client {
        server::plain(&self.at)
    }

    /// What it said last of that, since it was started.
    fn believes_to_lead(&self) -> bool {
        let said = std::fs::read_to_string(&self.log).unwrap();
        let mut changes = said.lines().rev();
        let last = changes.find(|line| line.contains("who publishes has changed"));
        last.is_some_and(|line| line.contains("leads=true"))
    }

    fn until_it_serves(&self) {
        wait_for("a replica to serve", || {
            let said = std::fs::read_to_string(&self.log).unwrap();
            said.contains("serving ").then_some(())
        });
    }
}

/// Where they find each other.
fn peers(grpc: &str, names: Option<&Names>) -> String {
    match names {
        Some(names) => format!("http://{{context}}:{}", names.at(CONTEXTS[0], 0).port()),
        None => format!("http://{grpc}"),
    }
}

fn spawn(
    context: &str,
    at: &str,
    log: &Path,
    environment: &[(String, String)],
    names: Option<&Names>,
) -> Child {
    let mut command: Command = yemae();
    command.args(["serve", context]);
    if let Some(names) = names {
        command = names.known_to(&command);
        command.env_remove("YEMAE_PROOF").stdin(Stdio::null());
    }
    command.envs(environment.iter().cloned());
    command.env("YEMAE_LISTEN", at);
    // What PostgreSQL calls its connections.
    command.env("PGAPPNAME", at);
    let log = File::create(log).unwrap();
    command.stdout(Stdio::null()).stderr(log).spawn().unwrap()
}

#[derive(diesel::QueryableByName)]
struct Holder {
    #[diesel(sql_type = diesel::sql_types::Text)]
    application_name: String,
}

/// Who holds the lock of this database's context.
fn holders(db: &mut mesh::Db) -> Vec<String> {
    use diesel::RunQueryDsl;
    let held = "SELECT application_name FROM pg_stat_activity JOIN pg_locks USING (pid) WHERE locktype = 'advisory' \
                AND granted AND objsubid = 2 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let found = diesel::sql_query(held).load::<Holder>(db).unwrap();
    found.into_iter().map(|own| own.application_name).collect()
}
