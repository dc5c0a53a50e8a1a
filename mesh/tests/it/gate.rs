//! A proxy that can hold back what a client sends, so that it arrives late.

use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Open at first.
pub struct Gate {
    pub port: u16,
    open: watch::Sender<bool>,
    held: Arc<Mutex<Vec<u8>>>,
    passed: Arc<Mutex<Vec<u8>>>,
}

impl Gate {
    /// A gate before the server at `port`.
    pub async fn before(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gate = Self {
            port: listener.local_addr().unwrap().port(),
            open: watch::Sender::new(true),
            held: Arc::default(),
            passed: Arc::default(),
        };
        let (is_open, held, passed) = (
            gate.open.subscribe(),
            gate.held.clone(),
            gate.passed.clone(),
        );
        mesh::task::detach(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                let (from_client, mut to_client) = client.into_split();
                let (mut from_server, to_server) = server.into_split();
                let (held, passed) = (held.clone(), passed.clone());
                let forward = forward(from_client, to_server, is_open.clone(), held, passed);
                mesh::task::detach(forward);
                mesh::task::detach(async move {
                    let _ = tokio::io::copy(&mut from_server, &mut to_client).await;
                });
            }
        });
        gate
    }

    pub fn close(&self) {
        self.open.send_replace(false);
    }

    /// Lets through what was held back, and all that follows.
    pub fn open(&self) {
        self.open.send_replace(true);
    }

    /// Whether it holds `part` back.
    pub fn holds(&self, part: &str) -> bool {
        contains(&self.held.lock().unwrap(), part)
    }

    /// Whether it has let `part` through.
    pub fn has_passed(&self, part: &str) -> bool {
        contains(&self.passed.lock().unwrap(), part)
    }
}

fn contains(bytes: &[u8], part: &str) -> bool {
    let mut windows = bytes.windows(part.len());
    windows.any(|found| found == part.as_bytes())
}

async fn forward(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut is_open: watch::Receiver<bool>,
    held: Arc<Mutex<Vec<u8>>>,
    passed: Arc<Mutex<Vec<u8>>>,
) {
    let mut buffer = [0; 4096];
    loop {
        tokio::select! {
            read = from.read(&mut buffer) => match read {
                Ok(0) | Err(_) => return,
                Ok(n) => held.lock().unwrap().extend_from_slice(&buffer[..n]),
            },
            Ok(()) = is_open.changed() => {}
        }
        if *is_open.borrow() {
            let late = std::mem::take(&mut *held.lock().unwrap());
            passed.lock().unwrap().extend_from_slice(&late);
            if to.write_all(&late).await.is_err() {
                return;
            }
        }
    }
}
