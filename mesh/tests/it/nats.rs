//! A real nats-server with JetStream on a folder of its own.

use crate::rig::{free_port, tool};
use async_nats::jetstream;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub struct NatsServer {
    program: PathBuf,
    folder: TempDir,
    port: u16,
    arguments: Vec<String>,
    child: Child,
}

impl NatsServer {
    /// None: this machine has none.
    pub fn start() -> Option<Self> {
        let program = tool("nats-server")?;
        // Somebody else may take the port in between.
        let started = (0..5).find_map(|_| Self::at(&program, free_port(), Vec::new()));
        Some(started.expect("nats-server does not start"))
    }

    /// None: it does not start there.
    pub fn at(program: &Path, port: u16, arguments: Vec<String>) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let child = spawn(program, &folder, port, &arguments)?;
        Some(Self {
            program: program.to_owned(),
            folder,
            port,
            arguments,
            child,
        })
    }

    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// kill -9.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again on what it had stored.
    pub fn restart(&mut self) {
        self.child = (0..5)
            .find_map(|_| spawn(&self.program, &self.folder, self.port, &self.arguments))
            .unwrap();
    }

    /// Takes a copy of what it has stored; it must not run.
    pub fn copy(&self) -> TempDir {
        let copy = tempfile::tempdir().unwrap();
        copy_all(self.folder.path(), copy.path());
        copy
    }

    /// Sets it back to a copy, or to nothing; it must not run.
    pub fn set_back(&self, copy: Option<&TempDir>) {
        for entry in std::fs::read_dir(self.folder.path()).unwrap() {
            std::fs::remove_dir_all(entry.unwrap().path()).unwrap();
        }
        if let Some(copy) = copy {
            copy_all(copy.path(), self.folder.path());
        }
    }

    /// A view of the stream beside mesh's own.
    pub async fn jetstream(&self) -> jetstream::Context {
        jetstream::new(async_nats::connect(self.url()).await.unwrap())
    }
}

fn copy_all(from: &Path, to: &Path) {
    let copied = Command::new("cp")
        .arg("-a")
        .arg(from.join("."))
        .arg(to)
        .status();
    assert!(copied.unwrap().success());
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(program: &Path, folder: &TempDir, port: u16, arguments: &[String]) -> Option<Child> {
    let mut child = Command::new(program)
        .args(["-js", "-a", "127.0.0.1", "-p", &port.to_string(), "-sd"])
        .arg(folder.path())
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let until = Instant::now() + Duration::from_secs(10);
    while Instant::now() < until {
        if child.try_wait().unwrap().is_some() {
            return None;
        }
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Some(child);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}
