//! A server's folder and its process.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use mesh::store::Url;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A start takes 50 ms, and some seconds after a kill on a busy machine.
const LONGEST_START: Duration = Duration::from_secs(30);
/// Below what systems give to outgoing connections by themselves, so that a stopped server finds its port again.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

pub(super) struct Cluster {
    program: PathBuf,
    by_root: bool,
    /// It loses nothing when the machine does, as no test needs it.
    durable: bool,
    port: u16,
    folder: TempDir,
}

impl Cluster {
    /// A fresh one. None: this machine has no PostgreSQL.
    pub(super) fn new() -> Option<Self> {
        Self::made(false)
    }

    /// One with the settings that the server comes with.
    pub(super) fn durable() -> Option<Self> {
        Self::made(true)
    }

    fn made(durable: bool) -> Option<Self> {
        let (initdb, program) = (tool("initdb")?, tool("postgres")?);
        let folder = tempfile::Builder::new().prefix("yemae-postgres-").tempdir();
        let folder = folder.unwrap_or_else(|why| panic!("{why}"));
        let by_root = folder.path().metadata().is_ok_and(|own| own.uid() == 0);
        if by_root {
            run(Command::new("chown").arg("nobody").arg(folder.path()));
        }
        let cluster = Self {
            program,
            by_root,
            durable,
            port: free_port(),
            folder,
        };
        let template = template(&initdb);
        if durable {
            cluster.initialize(&initdb);
        } else if template.exists() {
            copy(&template, &cluster.data());
        } else {
            cluster.initialize(&initdb);
            keep(&cluster.data(), &template);
        }
        Some(cluster)
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts its server. After a kill that may take a few tries, as long as something of the one before is there.
    pub(super) fn start(&self) -> Child {
        let until = Instant::now() + LONGEST_START;
        loop {
            let mut child = self.spawn();
            while Instant::now() < until && matches!(child.try_wait(), Ok(None)) {
                if answers(self.port, "postgres") {
                    return child;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            let _ = child.kill();
            let _ = child.wait();
            assert!(Instant::now() < until, "postgres does not start");
        }
    }

    fn initialize(&self, initdb: &Path) {
        let mut command = self.unprivileged(initdb);
        command
            .args(["-U", "test", "-A", "trust", "-E", "UTF8", "--locale=C"])
            .arg("-D")
            .arg(self.data());
        if !self.durable {
            command.args(["--no-sync", "--wal-segsize=1"]);
        }
        run(&mut command);
    }

    /// PostgreSQL refuses to run as root.
    fn unprivileged(&self, program: &Path) -> Command {
        if !self.by_root {
            return Command::new(program);
        }
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"])
            .arg(program)
            .current_dir("/");
        command
    }

    fn spawn(&self) -> Child {
        started(&mut self.command())
    }

    /// Starts its server and who ends it, and the folder with it, when nobody uses it any more; then its address is in
    /// the file `told` no more. Its port.
    pub(super) fn start_with_keeper(self, told: &Path) -> u16 {
        let server = self.command();
        let mut keeper = Command::new("sh");
        // In the background of a shell that ends at once: it is to be nobody's child.
        keeper.args(["-c", "sh -c \"$0\" sh \"$@\" &"]);
        keeper.arg(include_str!("keeper.sh"));
        keeper.arg(self.folder()).arg(told);
        keeper.arg(server.get_program()).args(server.get_args());
        let _ = started(keeper.current_dir("/")).wait();
        let until = Instant::now() + LONGEST_START;
        while !answers(self.port, "postgres") {
            let in_time = Instant::now() < until && self.data().exists();
            assert!(in_time, "postgres does not start");
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.folder.keep();
        self.port
    }

    fn command(&self) -> Command {
        let mut command = self.unprivileged(&self.program);
        command
            .arg("-D")
            .arg(self.data())
            .args(["-p", &self.port.to_string()])
            .args(["-c", "listen_addresses=127.0.0.1"])
            .args(["-c", "unix_socket_directories="])
            .args(["-c", "max_connections=1000"]);
        if !self.durable {
            command.args(["-c", "fsync=off", "-c", "autovacuum=off"]);
        }
        command
    }
}

fn started(command: &mut Command) -> Child {
    command.stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    // A signal to the test that happens to start it is not meant for it.
    let spawned = command.process_group(0).spawn();
    spawned.unwrap_or_else(|why| panic!("{command:?}: {why}"))
}

/// Whether a server listens there and lets one into this database.
pub(super) fn answers(port: u16, database: &str) -> bool {
    PgConnection::establish(&url(port, database).0).is_ok()
}

/// Runs SQL in this database.
pub(super) fn execute(port: u16, database: &str, sql: &str) {
    let connected = PgConnection::establish(&url(port, database).0);
    let mut db = connected.unwrap_or_else(|why| panic!("{why}"));
    let done = db.batch_execute(sql);
    done.unwrap_or_else(|why| panic!("{sql}: {why}"));
}

pub(super) fn url(port: u16, database: &str) -> Url {
    Url(format!("postgres://test@127.0.0.1:{port}/{database}"))
}

pub(super) fn signal(process: u32, signal: Signal) {
    let process = i32::try_from(process).map(Pid::from_raw);
    // One that is gone needs no signal.
    let _ = process.map(|process| kill(process, signal));
}

/// Where what outlives a process is kept: in the build's own folder.
pub(super) fn place() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_else(|why| panic!("{why}"));
    // The program of a test is target/debug/deps/it-0123456789abcdef.
    let target = program.ancestors().nth(3).unwrap_or(&program);
    let place = target.join("tmp");
    std::fs::create_dir_all(&place).unwrap_or_else(|why| panic!("{}: {why}", place.display()));
    place
}

/// Where a program is: among the project's own tools or in PATH.
#[expect(
    clippy::disallowed_methods,
    reason = "tests are told by their surroundings where the tools are"
)]
fn tool(name: &str) -> Option<PathBuf> {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools/postgres/bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::iter::once(tools)
        .chain(std::env::split_paths(&path))
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())?;
    // The programs of a tools folder are reached through a link; they find their libraries by where they are.
    found.canonicalize().ok()
}

/// Where the fresh cluster is kept that this initdb makes: it takes seconds, and each server wants one.
fn template(initdb: &Path) -> PathBuf {
    let changed = initdb.metadata().and_then(|program| program.modified());
    let mut hasher = DefaultHasher::new();
    (initdb, changed.ok()).hash(&mut hasher);
    place().join(format!("postgres-{:x}", hasher.finish()))
}

/// Another process may be at it too: whoever is first wins.
fn keep(data: &Path, template: &Path) {
    let aside = template.with_extension(std::process::id().to_string());
    copy(data, &aside);
    if std::fs::rename(&aside, template).is_err() {
        let _ = std::fs::remove_dir_all(&aside);
    }
}

fn copy(from: &Path, to: &Path) {
    run(Command::new("cp").arg("-a").arg(from).arg(to));
}

fn run(command: &mut Command) {
    let done = command.stdout(Stdio::null()).status();
    assert!(
        done.as_ref().is_ok_and(|status| status.success()),
        "{command:?}: {done:?}"
    );
}

/// A port that nobody has at this moment.
fn free_port() -> u16 {
    let mut dice = rand::rng();
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    std::iter::repeat_with(|| rand::Rng::random_range(&mut dice, PORTS))
        .take(100)
        .find(free)
        .unwrap_or_else(|| panic!("no port is free in {PORTS:?}"))
}
