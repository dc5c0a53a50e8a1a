//! The data directory of `yemae up`: databases, keys, the broker's store, and a lock that says who runs it where.

use crate::fault::Fault;
use mesh::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
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
    /// The gateway's, if there is one.
    #[serde(default)]
    pub(crate) gateway: Option<String>,
}

/// Which binary has a data directory last, and which databases are not in it. What they have been through, each says
/// itself.
#[derive(Default, Serialize, Deserialize)]
struct Version {
    yemae: String,
    /// By context, where they are, without passwords.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    elsewhere: BTreeMap<String, String>,
}

/// Held as long as the directory is ours.
#[derive(Debug)]
pub(crate) struct Lock(File);

impl Data {
    pub(crate) fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Makes the directory if need be. What it holds is for its owner only.
    pub(crate) fn make(&self) -> Result<(), Fault> {
        for dir in [self.0.clone(), self.0.join("db"), self.0.join("keys")] {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(&dir);
            made.map_err(|why| self.unusable(&dir, &why))?;
        }
        Ok(())
    }

    /// Makes the directory if need be and takes its lock.
    pub(crate) fn claim(&self) -> Result<Lock, Fault> {
        self.make()?;
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

    fn unusable(&self, path: &Path, why: &io::Error) -> Fault {
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
        self.jwks("users")
    }

    /// The public keys of services' tokens.
    pub(crate) fn service_jwks(&self) -> PathBuf {
        self.jwks("services")
    }

    /// The public keys by which something is checked.
    pub(crate) fn jwks(&self, what: &str) -> PathBuf {
        self.0.join("keys").join(format!("{what}.jwks.json"))
    }

    /// Which version has it last, as far as is known.
    pub(crate) fn writer(&self) -> Option<String> {
        Some(self.known()?.yemae)
    }

    /// The databases of its contexts that are not in it, and where they were last, without passwords.
    pub(crate) fn elsewhere(&self) -> BTreeMap<String, String> {
        self.known().unwrap_or_default().elsewhere
    }

    fn known(&self) -> Option<Version> {
        let text = fs::read_to_string(self.version()).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Writes down which version has it, and which databases are not in it.
    pub(crate) fn write_version(
        &self,
        yemae: &str,
        elsewhere: BTreeMap<String, String>,
    ) -> Result<(), Fault> {
        let version = Version {
            yemae: yemae.to_owned(),
            elsewhere,
        };
        let text = serde_json::to_string(&version).map_err(Fault::bug)?;
        write_durably(&self.version(), &text)
    }

    fn version(&self) -> PathBuf {
        self.0.join("version.json")
    }

    /// Where the metrics of each process are read.
    pub(crate) fn pages(&self) -> PathBuf {
        self.0.join("metrics.json")
    }

    /// Writes that down as Prometheus reads it (`file_sd_configs`).
    pub(crate) fn write_pages(&self, pages: &[(&str, Option<SocketAddr>)]) -> Result<(), Fault> {
        let served = pages
            .iter()
            .filter_map(|(process, at)| Some((process, (*at)?)));
        let targets: Vec<_> = served
            .map(|(process, at)| {
                serde_json::json!({"targets": [at.to_string()], "labels": {"process": process}})
            })
            .collect();
        let text = serde_json::to_string_pretty(&targets).map_err(Fault::bug)?;
        write_durably(&self.pages(), &text)
    }

    /// What makes a directory a backup.
    pub(crate) fn manifest(&self) -> PathBuf {
        self.0.join("backup.json")
    }

    /// Is there while the directory is being restored.
    pub(crate) fn restoring(&self) -> PathBuf {
        self.0.join("restoring")
    }

    /// An error when a restore of it was broken off: some of its databases are not there.
    pub(crate) fn refuse_half_restored(&self) -> Result<(), Fault> {
        if self.restoring().exists() {
            return Err(Fault::usage(format!(
                "{self} was not restored to its end: remove it and restore once more"
            )));
        }
        Ok(())
    }

    pub(crate) fn remove_restoring(&self) -> Result<(), Fault> {
        let path = self.restoring();
        fs::remove_file(&path).map_err(|why| unwritable(&path, &why))
    }

    /// Where the copy is kept that is made before a binary of this version brings the directory up to date.
    pub(crate) fn before(&self, version: &str, now: Time) -> PathBuf {
        self.0.join(format!("before-{version}-{}", now.0))
    }

    /// Copies all keys, each readable by whom it was.
    pub(crate) fn copy_keys(&self, to: &Self) -> Result<(), Fault> {
        let from = self.0.join("keys");
        let keys = fs::read_dir(&from).map_err(|why| self.unusable(&from, &why))?;
        for key in keys {
            let key = key.map_err(|why| self.unusable(&from, &why))?;
            copy_durably(&key.path(), &to.0.join("keys").join(key.file_name()))?;
        }
        Ok(())
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

/// An error unless a directory is empty or not there. `flag` is what names it.
pub(crate) fn must_be_empty(dir: &Path, flag: &str) -> Result<(), Fault> {
    match fs::read_dir(dir).map(Iterator::count) {
        Ok(0) => Ok(()),
        Ok(_) => Err(Fault::usage(format!(
            "{flag} {} is not empty: give a directory that is, or one that is not there yet",
            dir.display()
        ))),
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(why) => Err(Fault::usage(format!(
            "{flag} {} cannot be read: {why}",
            dir.display()
        ))),
    }
}

/// Writes a small file, whole or not at all, and so that it outlives the machine.
pub(crate) fn write_durably(path: &Path, text: &str) -> Result<(), Fault> {
    let new = path.with_extension("new");
    let written = fs::write(&new, text).and_then(|()| File::open(&new)?.sync_all());
    written
        .and_then(|()| fs::rename(&new, path))
        .and_then(|()| sync_directory(path))
        .map_err(|why| unwritable(path, &why))
}

/// Copies a file and its permissions, so that the copy outlives the machine.
pub(crate) fn copy_durably(from: &Path, to: &Path) -> Result<(), Fault> {
    fs::copy(from, to)
        .and_then(|_| File::open(to)?.sync_all())
        .and_then(|()| sync_directory(to))
        .map_err(|why| unwritable(to, &why))
}

fn sync_directory(of: &Path) -> io::Result<()> {
    File::open(of.parent().unwrap_or(of))?.sync_all()
}

fn unwritable(path: &Path, why: &io::Error) -> Fault {
    Fault::not_ready(format!("cannot write {}: {why}", path.display()))
}

impl std::fmt::Display for Data {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.display().fmt(f)
    }
}
