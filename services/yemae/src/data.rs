//! The data directory of `yemae up`: databases, keys, the broker's store, and a lock that says who runs it where.

use crate::fault::Fault;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

/// A data directory.
#[derive(Clone, Debug)]
pub(crate) struct Data(PathBuf);

/// Who runs a data directory, and where it listens. Written into the lock file.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Running {
    /// The process.
    pub(crate) pid: u32,
    /// The one gRPC address.
    pub(crate) grpc: String,
    /// The broker's address.
    pub(crate) nats: String,
}

/// Held as long as the directory is ours.
#[derive(Debug)]
pub(crate) struct Lock(File);

impl Data {
    pub(crate) fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Makes the directory if need be and takes its lock.
    pub(crate) fn claim(&self) -> Result<Lock, Fault> {
        for dir in [self.0.clone(), self.0.join("db"), self.0.join("keys")] {
            fs::create_dir_all(&dir).map_err(|why| self.unusable(&dir, &why))?;
        }
        let path = self.0.join("lock");
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path);
        let file = file.map_err(|why| self.unusable(&path, &why))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock(file)),
            Err(TryLockError::WouldBlock) => {
                let by = self.running().map_or_else(String::new, |running| {
                    format!(" (process {}, {})", running.pid, running.grpc)
                });
                Err(Fault::not_ready(format!(
                    "{} is in use by another yemae{by}: stop that one, or give another directory with --data",
                    self.0.display()
                )))
            }
            Err(TryLockError::Error(why)) => Err(self.unusable(&path, &why)),
        }
    }

    fn unusable(&self, path: &Path, why: &std::io::Error) -> Fault {
        Fault::usage(format!(
            "cannot use {}: {why}. Give a directory you may write with --data",
            path.display()
        ))
    }

    /// Who runs it, if somebody does.
    pub(crate) fn running(&self) -> Option<Running> {
        let mut text = String::new();
        let mut file = File::open(self.0.join("lock")).ok()?;
        if file.try_lock().is_ok() {
            return None;
        }
        file.read_to_string(&mut text).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// A context's database.
    pub(crate) fn database(&self, context: &str) -> PathBuf {
        self.0.join("db").join(format!("{context}.sqlite"))
    }

    /// A private key.
    pub(crate) fn key(&self, name: &str) -> PathBuf {
        self.0.join("keys").join(format!("{name}.pem"))
    }

    /// The public keys of people's tokens.
    pub(crate) fn user_jwks(&self) -> PathBuf {
        self.0.join("keys").join("users.jwks.json")
    }

    /// The public keys of services' tokens.
    pub(crate) fn service_jwks(&self) -> PathBuf {
        self.0.join("keys").join("services.jwks.json")
    }

    /// The directory.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// What the broker says.
    pub(crate) fn nats_log(&self) -> PathBuf {
        self.0.join("nats-server.log")
    }

    /// Whether commands find it without being told.
    pub(crate) fn is_default(&self) -> bool {
        self.0 == Path::new(".yemae")
    }

    /// The broker's store.
    pub(crate) fn nats(&self) -> PathBuf {
        self.0.join("nats")
    }
}

impl Lock {
    /// Writes down where it listens.
    pub(crate) fn tell(&mut self, running: &Running) -> Result<(), Fault> {
        let text = serde_json::to_string(running).map_err(Fault::bug)?;
        let written = self
            .0
            .set_len(0)
            .and_then(|()| self.0.rewind())
            .and_then(|()| self.0.write_all(text.as_bytes()));
        written.map_err(|why| Fault::not_ready(format!("cannot write the lock file: {why}")))
    }
}

impl std::fmt::Display for Data {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.display().fmt(f)
    }
}
