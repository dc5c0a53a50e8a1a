//! Calls over TLS, to a server of ours: who is believed, and what is said where somebody is not.

use super::peer::contracts;
use crate::authority::{Authority, Pair};
use crate::server::house::House;
use crate::server::{Listening, MY_ORDERS, fine, request, sound};
use futures::FutureExt;
use mesh::client::{self, Board, Client, Endpoint, Lookup, Tls};
use mesh::server;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tonic::{Code, Status};
use tower::ServiceExt;

/// What the server is called by.
const NAME: &str = "mypage.mesh.test";

struct Town {
    house: House,
    at: Listening,
}

impl Town {
    async fn new(tls: Option<server::Tls>) -> Self {
        let house = House::new(|_| async { fine() }).await;
        let settings = server::Settings {
            tls,
            age: Duration::from_millis(100),
            ..server::Settings::default()
        };
        let at = Listening::start(&house.server, settings).await;
        Self { house, at }
    }

    /// Somebody who has not called yet.
    fn client(&self, tls: Option<&Tls>) -> Client {
        self.client_of(NAME, tls)
    }

    fn client_of(&self, name: &str, tls: Option<&Tls>) -> Client {
        let scheme = tls.map_or("http", |_| "https");
        let uri = format!("{scheme}://{name}:50051");
        let endpoint = Endpoint::looked_up(&uri, tls, leads_to(self.at.address)).unwrap();
        let patience = client::Settings {
            total: Duration::from_secs(60),
            attempt: Duration::from_secs(30),
            ..client::Settings::default()
        };
        let board = Board::default();
        client::stack(contracts(), None, "mypage", endpoint, &patience, &board)
    }

    async fn ask(&self, client: &Client) -> Result<(), Status> {
        let ask = request(MY_ORDERS, &self.house.user(&["customer"]));
        let ask = client.clone().oneshot(ask.body(sound(MY_ORDERS)).unwrap());
        let bound = Duration::from_secs(20);
        let reply = tokio::time::timeout(bound, ask).await.expect("in time");
        match Status::from_header_map(reply.unwrap().headers()) {
            Some(status) if status.code() != Code::Ok => Err(status),
            _ => Ok(()),
        }
    }

    /// Why there is no connection, for somebody who has had none.
    async fn refused(&self, client: &Client) -> String {
        let status = self.ask(client).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
        let reason = mesh::refusal::reason(&status);
        assert_eq!(reason.as_deref(), Some("PEER_UNREACHABLE"), "{status:?}");
        status.message().to_owned()
    }
}

fn leads_to(address: SocketAddr) -> Lookup {
    Arc::new(move |_, _| async move { Ok(vec![address]) }.boxed())
}

fn serving(own: &Pair, clients: Option<&Path>) -> server::Tls {
    server::Tls::from_files(&own.certificate(), &own.key(), clients, false).unwrap()
}

fn calling(authorities: &Path, own: Option<&Pair>) -> Tls {
    let own = own.map(|own| (own.certificate(), own.key()));
    let own = own.as_ref().map(|(one, other)| (&**one, &**other));
    Tls::from_files(authorities, own).unwrap()
}

#[tokio::test]
async fn calls_go_over_tls() {
    let authority = Authority::new();
    let own = authority.certify(NAME);
    let town = Town::new(Some(serving(&own, None))).await;
    let client = town.client(Some(&calling(&authority.certificate(), None)));
    for _ in 0..3 {
        town.ask(&client).await.unwrap();
    }
}

#[tokio::test]
async fn whoever_is_somebody_else_is_not_called() {
    let (authority, other) = (Authority::new(), Authority::new());
    let own = authority.certify(NAME);
    let town = Town::new(Some(serving(&own, None))).await;
    let stranger = town.client(Some(&calling(&other.certificate(), None)));
    let why = town.refused(&stranger).await;
    assert!(why.contains("of no authority that we trust"), "{why}");

    let tls = calling(&authority.certificate(), None);
    let elsewhere = town.client_of("payment.mesh.test", Some(&tls));
    let why = town.refused(&elsewhere).await;
    assert!(why.contains("for another name"), "{why}");
    assert!(town.house.reached.lock().unwrap().is_empty());

    let own = authority.certify_until(NAME, 2000);
    let town = Town::new(Some(serving(&own, None))).await;
    let why = town.refused(&town.client(Some(&tls))).await;
    assert!(why.contains("has expired"), "{why}");
}

#[tokio::test]
async fn whoever_shows_no_certificate_is_not_let_in() {
    let (authority, other) = (Authority::new(), Authority::new());
    let own = authority.certify(NAME);
    let ca = authority.certificate();
    let town = Town::new(Some(serving(&own, Some(&ca)))).await;
    let guest = authority.certify("cinema-booking");
    let known = town.client(Some(&calling(&ca, Some(&guest))));
    town.ask(&known).await.unwrap();

    let nobody = town.client(Some(&calling(&ca, None)));
    let why = town.refused(&nobody).await;
    assert!(why.contains("wants to be shown a certificate"), "{why}");
    let forged = other.certify("cinema-booking");
    let forged = town.client(Some(&calling(&ca, Some(&forged))));
    let why = town.refused(&forged).await;
    assert!(why.contains("does not accept our certificate"), "{why}");
    assert_eq!(town.house.reached.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn one_who_speaks_tls_and_one_who_does_not_say_so() {
    let authority = Authority::new();
    let own = authority.certify(NAME);
    let secure = Town::new(Some(serving(&own, None))).await;
    let why = secure.refused(&secure.client(None)).await;
    assert!(why.contains("speaks TLS and is called without"), "{why}");

    let plain = Town::new(None).await;
    let tls = calling(&authority.certificate(), None);
    let why = plain.refused(&plain.client(Some(&tls))).await;
    assert!(why.contains("does it speak TLS?"), "{why}");
}

/// Files are looked at every 10 s.
async fn later() {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(10)).await;
    tokio::time::resume();
}

/// As certificates and their authority are replaced: nobody is without somebody who trusts them at any time.
#[tokio::test]
async fn renewal_fails_no_call() {
    let (old, new) = (Authority::new(), Authority::new());
    let (own, guest) = (old.certify(NAME), old.certify("cinema-booking"));
    let (own_new, guest_new) = (new.certify(NAME), new.certify("cinema-booking"));
    let bundle = tempfile::NamedTempFile::new().unwrap();
    let trust = |authorities: &[&Authority]| {
        let read = |one: &&Authority| std::fs::read(one.certificate()).unwrap();
        let all: Vec<_> = authorities.iter().map(read).collect();
        std::fs::write(bundle.path(), all.concat()).unwrap();
    };
    trust(&[&old]);
    let town = Town::new(Some(serving(&own, Some(bundle.path())))).await;
    let tls = calling(bundle.path(), Some(&guest));
    let standing = town.client(Some(&tls));
    town.ask(&standing).await.unwrap();
    let steps: [&dyn Fn(); 5] = [
        &|| trust(&[&old, &new]),
        &|| own.become_(&own_new),
        // Half of one: what was there stays.
        &|| std::fs::write(guest.key(), "nonsense").unwrap(),
        &|| guest.become_(&guest_new),
        &|| trust(&[&new]),
    ];
    for (number, step) in steps.iter().enumerate() {
        step();
        later().await;
        for _ in 0..5 {
            let asked = town.ask(&standing).await;
            asked.unwrap_or_else(|why| panic!("step {number}: {why:?}"));
        }
        let asked = town.ask(&town.client(Some(&tls))).await;
        asked.unwrap_or_else(|why| panic!("step {number}, a new connection: {why:?}"));
    }
    // It was all in use.
    let late = calling(&old.certificate(), Some(&guest));
    let why = town.refused(&town.client(Some(&late))).await;
    assert!(why.contains("of no authority that we trust"), "{why}");
    let late = calling(&new.certificate(), Some(&old.certify("anybody")));
    let why = town.refused(&town.client(Some(&late))).await;
    assert!(why.contains("does not accept our certificate"), "{why}");
}

#[tokio::test]
async fn what_cannot_be_used_is_refused_at_once() {
    let authority = Authority::new();
    let own = authority.certify(NAME);
    let other = authority.certify(NAME);
    let why = |authorities: &Path, certificate: &Path, key: &Path| {
        let tls = Tls::from_files(authorities, Some((certificate, key)));
        tls.unwrap_err().to_string()
    };
    let (ca, certificate, key) = (authority.certificate(), own.certificate(), own.key());
    assert!(why(Path::new("/nowhere"), &certificate, &key).contains("/nowhere"));
    assert!(why(&key, &certificate, &key).contains("has no certificate"));
    assert!(why(&ca, &certificate, &certificate).contains("no private key"));
    assert!(!why(&ca, &certificate, &other.key()).is_empty());
    let nobody = Endpoint::trusting("https://payment:50051", None).unwrap_err();
    assert!(nobody.to_string().contains("by which authorities"));
}
