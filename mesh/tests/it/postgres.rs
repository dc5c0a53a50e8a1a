//! A real PostgreSQL, one per test process, with a database per test; and what only PostgreSQL is for: replicas.

mod replicas;
mod restart;
mod tls;

use crate::rig::{free_port, tool};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub struct Postgres {
    program: PathBuf,
    child: Mutex<Child>,
    port: u16,
    databases: AtomicU32,
    folder: Option<TempDir>,
}

static SHARED: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());

impl Postgres {
    /// The one that runs as long as somebody holds it. None: this machine has none.
    pub fn shared() -> Option<Arc<Self>> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = shared.upgrade() {
            return Some(running);
        }
        let started = Arc::new(Self::start()?);
        *shared = Arc::downgrade(&started);
        Some(started)
    }

    /// One that nobody else uses.
    pub fn start() -> Option<Self> {
        let (initdb, postgres) = (tool("initdb")?, tool("postgres")?);
        let folder = tempfile::tempdir().unwrap();
        if is_root() {
            run(Command::new("chown").arg("nobody").arg(folder.path()));
        }
        let data = folder.path().join("data");
        let template = template(&initdb);
        if template.exists() {
            copy(&template, &data);
        } else {
            initialize(&initdb, &data);
            keep(&data, &template);
        }
        for _ in 0..5 {
            let port = free_port();
            if let Some(child) = spawn(&postgres, &data, port) {
                return Some(Self {
                    program: postgres,
                    child: Mutex::new(child),
                    port,
                    databases: AtomicU32::new(0),
                    folder: Some(folder),
                });
            }
        }
        panic!("postgres does not start");
    }

    /// Ends it without a word to its clients, and starts it again on what it had stored.
    pub fn restart(&self) {
        self.stop();
        self.go_on();
    }

    /// Ends it without a word to its clients.
    pub fn stop(&self) {
        let mut child = self.child();
        signal(&child, "-QUIT");
        child.wait().unwrap();
    }

    /// Starts it again on what it had stored.
    pub fn go_on(&self) {
        let data = self.folder.as_ref().unwrap().path().join("data");
        *self.child() = spawn(&self.program, &data, self.port).unwrap();
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new, empty database's URL.
    pub fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        PgConnection::establish(&url(self.port, "postgres"))
            .unwrap()
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .unwrap();
        url(self.port, &name)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        {
            // SIGINT is its fast shutdown; a kill would leave its shared memory behind.
            let mut child = self.child();
            if !signal(&child, "-INT") {
                let _ = child.kill();
            }
            let _ = child.wait();
        }
        drop(self.folder.take());
    }
}

fn signal(child: &Child, which: &str) -> bool {
    let mut command = Command::new("kill");
    let sent = command.args([which, &child.id().to_string()]).status();
    sent.is_ok_and(|status| status.success())
}

/// Where the fresh cluster is kept that this initdb makes: it takes seconds, and each test process wants one.
fn template(initdb: &Path) -> PathBuf {
    let program = initdb.canonicalize().unwrap();
    let mut hasher = DefaultHasher::new();
    let changed = program.metadata().unwrap().modified().unwrap();
    (&program, changed).hash(&mut hasher);
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("postgres-{:x}", hasher.finish()))
}

fn initialize(initdb: &Path, data: &Path) {
    let mut command = unprivileged(initdb);
    command
        .args(["-U", "test", "-A", "trust", "-E", "UTF8", "--locale=C"])
        .args(["--no-sync", "--wal-segsize=1", "-D"])
        .arg(data);
    run(&mut command);
}

/// Another process may be at it too: whoever is first wins.
fn keep(data: &Path, template: &Path) {
    let aside = template.with_extension(std::process::id().to_string());
    copy(data, &aside);
    if std::fs::rename(&aside, template).is_err() {
        std::fs::remove_dir_all(&aside).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    run(Command::new("cp").arg("-a").arg(from).arg(to));
}

fn run(command: &mut Command) {
    let done = command.stdout(Stdio::null()).status().unwrap();
    assert!(done.success(), "{command:?}: {done}");
}

fn url(port: u16, database: &str) -> String {
    format!("postgres://test@127.0.0.1:{port}/{database}")
}

fn spawn(postgres: &Path, data: &Path, port: u16) -> Option<Child> {
    let mut child = unprivileged(postgres)
        .args(["-D", data.to_str().unwrap(), "-p", &port.to_string()])
        .args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"])
        .args([
            "-c",
            "unix_socket_directories=",
            "-c",
            "max_connections=200",
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    while Instant::now() < until {
        if child.try_wait().unwrap().is_some() {
            return None;
        }
        if PgConnection::establish(&url(port, "postgres")).is_ok() {
            return Some(child);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}

/// PostgreSQL refuses to run as root.
fn unprivileged(program: &Path) -> Command {
    // The programs of a tools folder are reached through a link; they find their libraries by where they are.
    let program: PathBuf = program.canonicalize().unwrap();
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"])
        .arg(program)
        .current_dir("/");
    command
}
