//! What `yemae serve` wants around it: a broker with the stream in it, and everybody's keys.

use crate::rig::{root, yemae};
use crate::stores::KEYS;
use mesh::identity::{Key, write_jwks};
use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

/// An address that nobody listens on now, and whoever is started there again finds free: of the ports that systems do not
/// give to outgoing connections. None is given twice.
pub fn free() -> SocketAddr {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let mut given = GIVEN.lock().unwrap();
    loop {
        let port = rand::random_range(20_000..32_000);
        let listener = TcpListener::bind(("127.0.0.1", port));
        if let Ok(listener) = listener
            && given.insert(port)
        {
            return listener.local_addr().unwrap();
        }
    }
}

/// A broker that ends with its test.
pub struct Broker {
    pub url: String,
    child: Child,
}

impl Broker {
    /// Starts one that keeps its store in `data`, and provisions it.
    pub fn start(data: &Path) -> Self {
        let at = free();
        let child = Command::new(root().join(".tools/bin/nats-server"))
            .args(["-js", "-a", "127.0.0.1", "-p", &at.port().to_string()])
            .arg("-sd")
            .arg(data.join("nats"))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let url = format!("nats://{at}");
        let broker = Self { url, child };
        let mut provision = yemae();
        provision.arg("provision").env("NATS_URL", &broker.url);
        assert!(provision.output().unwrap().status.success());
        broker
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Makes the keys of people and contexts where `yemae up` would, so that commands with `--data` find the people's.
/// Answers what tells `serve` where they are.
pub fn make_keys(data: &Path) -> Vec<(String, PathBuf)> {
    let keys = data.join("keys");
    std::fs::create_dir(&keys).unwrap();
    let people = Key::make(&keys.join("users.pem")).unwrap();
    let (users, services) = (keys.join("users.json"), keys.join("services.json"));
    write_jwks(&users, &[people.entry()]).unwrap();
    let entries = KEYS.iter().map(|(context, scopes)| {
        let own = Key::make(&keys.join(format!("{context}.pem"))).unwrap();
        own.service_entry(context, scopes)
    });
    write_jwks(&services, &entries.collect::<Vec<_>>()).unwrap();
    let playback = keys.join("playback.pem");
    Key::make(&playback).unwrap();
    vec![
        ("YEMAE_PLAYBACK_KEY_FILE".to_owned(), playback),
        ("YEMAE_USER_JWKS_FILE".to_owned(), users),
        ("YEMAE_SERVICE_JWKS_FILE".to_owned(), services),
        ("YEMAE_KEY_FILE".to_owned(), keys.join("{context}.pem")),
    ]
}
