//! TLS by files, read again when they have changed. The certificates are made by openssl, where there is one.

use crate::rig::{Town, fine, quick, soon, unlimited};
use crate::wire::say;
use mesh::server::{self, Tls};
use proto::cinema::booking::v1::ListBookingsResponse;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

struct Files(TempDir);

impl Files {
    fn certificate(&self) -> PathBuf {
        self.0.path().join("door.crt")
    }

    fn key(&self) -> PathBuf {
        self.0.path().join("door.key")
    }

    /// Makes another certificate in place of what is there. False: there is no openssl.
    fn certify(&self) -> bool {
        let mut openssl = Command::new("openssl");
        openssl
            .args("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost".split(' '))
            .args(["-addext", "subjectAltName=DNS:localhost"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .arg("-keyout")
            .arg(self.key())
            .arg("-out")
            .arg(self.certificate());
        openssl.stdout(Stdio::null()).stderr(Stdio::null());
        match openssl.status() {
            Ok(status) => {
                assert!(status.success());
                true
            }
            Err(_) => {
                println!("skipped: there is no openssl");
                false
            }
        }
    }

    fn tls(&self) -> Tls {
        Tls::from_files(&self.certificate(), &self.key(), None, true).unwrap()
    }
}

fn files() -> Option<Files> {
    let files = Files(tempfile::tempdir().unwrap());
    files.certify().then_some(files)
}

async fn town(tls: Tls) -> Town {
    let patience = server::Settings {
        tls: Some(tls),
        handshake: Duration::from_secs(2),
        ..quick()
    };
    Town::with(unlimited(), patience, |_| async {
        fine(&ListBookingsResponse::default())
    })
    .await
}

/// A connection of somebody who trusts this certificate alone.
async fn connect(
    town: &Town,
    certificate: &Path,
    speaks: &[&str],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    for one in CertificateDer::pem_file_iter(certificate).unwrap() {
        roots.add(one.unwrap()).unwrap();
    }
    let mut config = ClientConfig::builder_with_provider(crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = speaks.iter().map(|one| one.as_bytes().to_vec()).collect();
    let stream = TcpStream::connect(town.at).await?;
    let name = ServerName::try_from("localhost").unwrap();
    soon(TlsConnector::from(Arc::new(config)).connect(name, stream)).await
}

async fn get(town: &Town, mut stream: TlsStream<TcpStream>) -> String {
    let token = town.token("customer");
    let ask = format!(
        "GET /v1/cinema/bookings HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(ask.as_bytes()).await.unwrap();
    let mut heard = Vec::new();
    let _ = soon(stream.read_to_end(&mut heard)).await;
    String::from_utf8(heard).unwrap()
}

#[tokio::test]
async fn both_protocols_are_spoken_over_tls_and_nothing_in_the_clear() {
    let Some(files) = files() else { return };
    let town = town(files.tls()).await;
    let stream = connect(&town, &files.certificate(), &["http/1.1"])
        .await
        .unwrap();
    assert!(get(&town, stream).await.starts_with("HTTP/1.1 200"));

    let stream = connect(&town, &files.certificate(), &["h2", "http/1.1"])
        .await
        .unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let io = hyper_util::rt::TokioIo::new(stream);
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut sender, connection) = hyper::client::conn::http2::handshake(executor, io)
        .await
        .unwrap();
    drop(mesh::task::detach(async move { connection.await.is_ok() }));
    let request = http::Request::get("https://localhost/v1/cinema/bookings")
        .header(
            "authorization",
            format!("Bearer {}", town.token("customer")),
        )
        .body(http_body_util::Empty::<bytes::Bytes>::new());
    let reply = soon(sender.send_request(request.unwrap())).await.unwrap();
    assert_eq!(reply.status(), 200);

    let heard = say(town.at, b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    assert!(!heard.starts_with(b"HTTP"), "{heard:?}");
    // Who says nothing is hung up on.
    assert!(say(town.at, b"").await.is_empty());
}

#[tokio::test]
async fn certificates_that_are_replaced_are_used() {
    let Some(files) = files() else { return };
    let town = town(files.tls()).await;
    let old = tempfile::NamedTempFile::new().unwrap();
    std::fs::copy(files.certificate(), old.path()).unwrap();
    files.certify();
    assert!(
        connect(&town, old.path(), &[]).await.is_ok(),
        "looked at every 10 s"
    );
    later().await;
    assert!(connect(&town, old.path(), &[]).await.is_err());
    let stream = connect(&town, &files.certificate(), &[]).await.unwrap();
    assert!(get(&town, stream).await.starts_with("HTTP/1.1 200"));

    // Half of a new one leaves what there was.
    let good = tempfile::NamedTempFile::new().unwrap();
    std::fs::copy(files.certificate(), good.path()).unwrap();
    std::fs::write(files.certificate(), "nonsense").unwrap();
    later().await;
    assert!(connect(&town, good.path(), &[]).await.is_ok());
}

async fn later() {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(10)).await;
    tokio::time::resume();
}

#[test]
fn files_that_do_not_fit_are_refused() {
    let Some(files) = files() else { return };
    let (certificate, key) = (files.certificate(), files.key());
    let why = |certificate: &Path, key: &Path| {
        Tls::from_files(certificate, key, None, true)
            .unwrap_err()
            .to_string()
    };
    assert!(
        why(&key, &key).contains("no certificate"),
        "{}",
        why(&key, &key)
    );
    assert!(why(&certificate, &certificate).contains("no private key"));
    assert!(why(Path::new("/nowhere"), &key).contains("/nowhere"));
    let other = tempfile::NamedTempFile::new().unwrap();
    std::fs::copy(&key, other.path()).unwrap();
    files.certify();
    assert!(!why(&certificate, other.path()).is_empty());
}
