//! A collector that is spoken to over TLS.

use super::{asked, settings, teller};
use crate::authority::{Authority, Pair};
use crate::client::peer::{Answer, Peer, get, once};
use crate::telemetry::Collector;
use mesh::telemetry;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};

const CA: &str = "OTEL_EXPORTER_OTLP_CERTIFICATE";
const CERTIFICATE: &str = "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE";
const KEY: &str = "OTEL_EXPORTER_OTLP_CLIENT_KEY";

#[test]
#[ignore = "told to the tests beside it, in a process of its own"]
fn one_call() {
    if asked().is_none() {
        return;
    }
    let telemetry = match telemetry::init(&settings()) {
        Ok(telemetry) => telemetry,
        Err(why) => {
            eprintln!("{why}");
            std::process::exit(2);
        }
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let client = Peer::answering([Answer::Ok]).client(&once());
        get(&client).await.unwrap();
    });
    drop(telemetry);
}

/// One that lets only those in who are certified as it is itself.
async fn collector(authority: &Authority) -> Collector {
    let own = authority.certify("localhost");
    let read = |file: PathBuf| std::fs::read(file).unwrap();
    let identity = Identity::from_pem(read(own.certificate()), read(own.key()));
    let clients = Certificate::from_pem(read(authority.certificate()));
    let tls = ServerTlsConfig::new()
        .identity(identity)
        .client_ca_root(clients);
    let server = Server::builder().tls_config(tls).unwrap();
    Collector::serve("https://localhost", server).await
}

async fn told(collector: &Collector, files: &[(&str, PathBuf)]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut teller = teller("telemetry::secure::one_call", &folder);
    teller
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url())
        .envs(files.iter().map(|(name, file)| (name, file)))
        .stderr(Stdio::piped());
    let told = tokio::task::spawn_blocking(move || teller.output());
    told.await.unwrap().unwrap()
}

fn files(authority: &Authority, own: &Pair) -> [(&'static str, PathBuf); 3] {
    [
        (CA, authority.certificate()),
        (CERTIFICATE, own.certificate()),
        (KEY, own.key()),
    ]
}

#[tokio::test]
async fn a_collector_is_told_over_tls_once_it_is_believed() {
    let (authority, other) = (Authority::new(), Authority::new());
    let collector = collector(&authority).await;
    let own = authority.certify("yemae");
    let well = told(&collector, &files(&authority, &own)).await;
    assert!(well.status.success(), "{well:?}");
    let spans = collector.spans().len();
    assert!(spans > 0);

    let stranger = told(&collector, &files(&other, &own)).await;
    let forged = told(&collector, &files(&authority, &other.certify("yemae"))).await;
    for ended in [stranger, forged] {
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success(), "{said}");
        assert!(said.contains("spans cannot be sent"), "{said}");
    }
    assert_eq!(collector.spans().len(), spans);
}

#[tokio::test]
async fn what_names_no_file_or_half_of_a_pair_is_said() {
    let authority = Authority::new();
    let collector = collector(&authority).await;
    let own = authority.certify("yemae");
    let [ca, certificate, key] = files(&authority, &own);
    let nowhere = (CA, PathBuf::from("/nowhere"));
    for (files, says) in [
        (&[nowhere][..], "OTEL_EXPORTER_OTLP_CERTIFICATE, /nowhere"),
        (&[ca.clone(), certificate], KEY),
        (&[ca, key], CERTIFICATE),
    ] {
        let ended = told(&collector, files).await;
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(2), "{said}");
        assert!(said.contains(says), "{says}: {said}");
    }
}
