//! `yemae serve` whose contexts speak TLS with each other, and show who they are.

use crate::authority::{Authority, Pair};
use crate::cli::assert_fault;
use crate::production::Served;
use crate::rig::{directory, terminate, wait_for, yemae};
use crate::served::free;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

const NAMES: [&str; 4] = [
    "YEMAE_MESH_CERTIFICATE",
    "YEMAE_MESH_KEY",
    "YEMAE_MESH_CA",
    "YEMAE_MESH_CLIENT_CA",
];

fn files(authority: &Authority, own: &Pair) -> [(&'static str, String); 4] {
    let text = |file: PathBuf| file.to_str().unwrap().to_owned();
    let ca = text(authority.certificate());
    let files = [text(own.certificate()), text(own.key()), ca.clone(), ca];
    let mut files = files.into_iter();
    NAMES.map(|name| (name, files.next().unwrap()))
}

/// What a command says that calls with these settings.
async fn ask(data: &Path, words: &[&str], server: &str, settings: &[(&str, String)]) -> Output {
    let mut asking = yemae();
    asking.args(words).args(["--server", server, "--data"]);
    asking.arg(data);
    asking.envs(settings.iter().map(|(name, value)| (name, value)));
    let asked = tokio::task::spawn_blocking(move || asking.output().unwrap());
    asked.await.unwrap()
}

#[tokio::test]
async fn a_mesh_books_over_mtls_and_lets_nobody_else_in() {
    let authority = Authority::new();
    let own = authority.certify("localhost");
    let files = files(&authority, &own);
    let data = directory();
    let mut settings: Vec<(&str, &str)> = Vec::new();
    settings.extend(files.iter().map(|(name, file)| (*name, file.as_str())));
    settings.push(("YEMAE_PEERS", "https://localhost:{port}"));
    let served = Served::told(data.path(), &settings).await;
    let (_, port) = served.grpc.rsplit_once(':').unwrap();
    let secure = format!("https://localhost:{port}");

    let story = ask(data.path(), &["demo", "cinema"], &secure, &files).await;
    assert!(story.status.success(), "{story:?}");

    let list = ["call", "ListMyOrders"];
    let says = |output: &Output, part: &str| {
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.contains(part), "{part}: {said}");
    };
    let plain = ask(data.path(), &list, &served.grpc, &[]).await;
    says(&plain, "speaks TLS and is called without");
    let nobody = ask(data.path(), &list, &secure, &files[2..3]).await;
    says(&nobody, "wants to be shown a certificate");
    let elsewhere = format!("https://127.0.0.1:{port}");
    let elsewhere = ask(data.path(), &list, &elsewhere, &files).await;
    says(&elsewhere, "its certificate is for another name");

    // The door calls as everybody does.
    let at = free().to_string();
    let log = data.path().join("gateway.log");
    let mut door = yemae();
    door.args(["serve", "gateway"])
        .envs(files.iter().map(|(name, file)| (name, file)))
        .env("YEMAE_PEERS", &secure)
        .env("YEMAE_GATEWAY_LISTEN", &at)
        .env("YEMAE_METRICS_LISTEN", "127.0.0.1:0");
    for (name, file) in [("USER", "users"), ("SERVICE", "services")] {
        let keys = data.path().join(format!("keys/{file}.json"));
        door.env(format!("YEMAE_{name}_JWKS_FILE"), keys);
    }
    door.stdout(Stdio::null())
        .stderr(File::create(&log).unwrap());
    let mut door = door.spawn().unwrap();
    wait_for("the gateway to be served", || {
        let said = std::fs::read_to_string(&log).unwrap();
        said.contains("serving gateway").then_some(())
    });
    let page = ask(data.path(), &list, &format!("http://{at}"), &files).await;
    terminate(door.id());
    wait_for("the gateway to stop", || door.try_wait().unwrap());
    assert!(page.status.success(), "{page:?}");
}

#[test]
fn what_is_given_by_half_is_refused() {
    let serve = |context: &str, settings: &[(&str, &str)]| {
        let mut serve = yemae();
        serve.args(["serve", context]);
        serve.envs(settings.iter().copied()).output().unwrap()
    };
    let [certificate, key, ca, clients] = NAMES;
    for (given, says) in [
        (&[certificate][..], &[certificate, key][..]),
        (&[key], &[key, certificate]),
        (&[certificate, key], &[certificate, ca]),
        (&[ca], &[ca, certificate, key]),
        (&[clients], &[clients, certificate, key]),
    ] {
        let given: Vec<_> = given.iter().map(|name| (*name, "/nowhere")).collect();
        assert_fault(&serve("payment", &given), 2, says);
    }
    let all = NAMES.map(|name| (name, "/nowhere"));
    assert_fault(&serve("payment", &all), 2, &["/nowhere"]);
    // Whom a door believes is enough for it; how it is believed is another thing.
    assert_fault(&serve("gateway", &[all[2]]), 2, &["/nowhere"]);
    let plain = ("YEMAE_PEERS", "http://{context}:50051");
    let told = serve("gateway", &[all[2], plain]);
    assert_fault(&told, 2, &[ca, "YEMAE_PEERS says http://"]);
    let secure = ("YEMAE_PEERS", "https://{context}:50051");
    assert_fault(&serve("gateway", &[secure]), 2, &[ca, "says https://"]);
    let mut call = yemae();
    call.args(["call", "ListMyOrders", "--server", "https://localhost:1"]);
    let data = directory();
    call.arg("--data").arg(data.path());
    std::fs::write(data.path().join("token"), "x").unwrap();
    call.arg("--token-file").arg(data.path().join("token"));
    assert_fault(&call.output().unwrap(), 2, &[ca]);
}
