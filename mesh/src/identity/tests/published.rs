//! Keys that an issuer publishes.

use super::*;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// An issuer that answers with this, and counts how often it was asked.
struct Published {
    url: String,
    answer: Arc<Mutex<String>>,
    asked: Arc<AtomicUsize>,
}

impl Published {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/jwks.json", listener.local_addr().unwrap());
        let (answer, asked) = (
            Arc::<Mutex<String>>::default(),
            Arc::<AtomicUsize>::default(),
        );
        let (own, count) = (answer.clone(), asked.clone());
        drop(crate::task::detach(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                count.fetch_add(1, Ordering::SeqCst);
                let mut heard = Vec::new();
                while !heard.ends_with(b"\r\n\r\n") {
                    stream.read_buf(&mut heard).await.unwrap();
                }
                assert!(heard.starts_with(b"GET /jwks.json HTTP/1.1\r\n"));
                let answer = own.lock().unwrap().clone();
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        }));
        Self { url, answer, asked }
    }

    fn publishes(&self, keys: &[&Key]) {
        let keys: Vec<Value> = keys.iter().map(|key| key.entry()).collect();
        let body = json!({ "keys": keys }).to_string();
        self.says("200 OK", &body);
    }

    fn says(&self, status: &str, body: &str) {
        let length = body.len();
        *self.answer.lock().unwrap() = format!(
            "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        );
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn verifier(&self) -> Verifier {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), r#"{"keys": []}"#).unwrap();
        let (clock, _) = Clock::manual(Time(NOW * 1_000_000));
        let at = (&*self.url, None);
        Verifier::from_issuer(at, file.path(), ISSUER_OF_PEOPLE, "yemae", clock).unwrap()
    }
}

/// As the server asks, call by call.
async fn is_good(verifier: &Verifier, key: &Key) -> bool {
    let token = key.sign(&claims());
    verifier.learn(&token).await;
    verifier.verify(&token).is_ok()
}

/// The clock stands still, save where a test moves it: what comes over the network takes no time.
async fn later(seconds: u64) {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(seconds)).await;
    tokio::time::resume();
}

#[tokio::test]
async fn for_a_key_that_is_not_known_the_issuer_is_asked_once_a_minute() {
    let issuer = Published::start().await;
    let keys = [(); 3].map(|()| Key::generate().unwrap());
    let verifier = issuer.verifier();
    assert_eq!(issuer.asked(), 0, "nobody has come yet");
    issuer.publishes(&[&keys[0]]);
    assert!(is_good(&verifier, &keys[0]).await);
    assert_eq!(issuer.asked(), 1);

    // Somebody guesses ids; the issuer does not hear of it.
    for _ in 0..20 {
        assert!(!is_good(&verifier, &Key::generate().unwrap()).await);
    }
    issuer.publishes(&[&keys[0], &keys[1]]);
    assert!(!is_good(&verifier, &keys[1]).await, "within the minute");
    assert_eq!(issuer.asked(), 1);
    later(60).await;
    let both = futures::future::join(is_good(&verifier, &keys[1]), is_good(&verifier, &keys[1]));
    assert_eq!(both.await, (true, true), "both wait for the one answer");
    assert_eq!(issuer.asked(), 2);
    assert!(
        is_good(&verifier, &keys[0]).await,
        "what is known needs no asking"
    );
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn while_an_issuer_is_away_the_keys_that_are_known_hold() {
    let issuer = Published::start().await;
    let [own, other] = [(); 2].map(|()| Key::generate().unwrap());
    let verifier = issuer.verifier();
    issuer.says("503 Service Unavailable", "");
    assert!(!is_good(&verifier, &own).await);
    issuer.publishes(&[&own]);
    assert!(!is_good(&verifier, &own).await, "not asked again at once");
    later(5).await;
    assert!(
        is_good(&verifier, &own).await,
        "at first it is asked more often"
    );
    for wrong in ["nonsense", r#"{"keys": []}"#] {
        issuer.says("200 OK", wrong);
        later(60).await;
        assert!(!is_good(&verifier, &other).await);
        assert!(is_good(&verifier, &own).await);
    }
}

#[test]
fn what_is_no_address_is_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), r#"{"keys": []}"#).unwrap();
    let (clock, _) = Clock::manual(Time(0));
    for url in ["", "issuer", "ftp://issuer/x", "/jwks.json", "https:///x"] {
        let at = (url, None);
        let verifier = Verifier::from_issuer(at, file.path(), "i", "a", clock.clone());
        assert!(verifier.is_err(), "{url}");
    }
    let no_authority = ("https://issuer.example/x", Some(file.path()));
    assert!(Verifier::from_issuer(no_authority, file.path(), "i", "a", clock).is_err());
}
