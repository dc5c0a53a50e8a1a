//! No secret and nobody's data in what the mesh prints, however much it is told to print.

use crate::rig::{Up, directory, wait_for, yemae};
use crate::stores::PASSWORD;
use crate::telemetry::{Collector, pages, variables};
use mesh::identity::Key;
use mesh::{Clock, server};
use proto::cinema::booking::v1::CreateBookingRequest;
use proto::cinema::booking::v1::booking_service_client::BookingServiceClient;
use proto::shared::v1::Money;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tonic::{Code, Request};

const CARD: &str = "pm_canary_4242";
const PERSON: &str = "canary-kim";
const ADDRESS: &str = "canary-address";
const PHONE: &str = "010-9999-8888";

/// Answers 500 once, then 200 for ever; counts.
fn webhook() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!(
        "http://{}/{ADDRESS}/hook?secret={ADDRESS}&phone={PHONE}",
        listener.local_addr().unwrap()
    );
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut length = 0;
            let mut line = String::new();
            while reader.read_line(&mut line).unwrap() > 2 {
                let lower = line.to_lowercase();
                if let Some(value) = lower.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            reader.read_exact(&mut vec![0; length]).unwrap();
            let answer = match counted.fetch_add(1, Ordering::SeqCst) {
                0 => "500 Internal Server Error",
                _ => "200 OK",
            };
            let _ = write!(
                stream,
                "HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            );
        }
    });
    (url, count)
}

/// `token`: the customer's. Everybody's begin as it does: long enough that no name of the broker's, made at random, can.
fn assert_clean(what: &str, said: &str, token: &str) {
    let (head, signature) = (&token[..24], token.rsplit('.').next().unwrap());
    for secret in [
        CARD,
        PERSON,
        ADDRESS,
        PHONE,
        PASSWORD,
        "Bearer ey",
        head,
        signature,
        "PRIVATE KEY",
    ] {
        let found: Vec<_> = said.lines().filter(|line| line.contains(secret)).collect();
        assert!(
            found.is_empty(),
            "{what} told {secret} in {} lines:\n{}",
            found.len(),
            found[..found.len().min(5)].join("\n")
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_secret_is_told_however_much_is_in_text() {
    nothing_secret_is_told("text").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_secret_is_told_however_much_is_in_json() {
    nothing_secret_is_told("json").await;
}

/// Everything that a mesh of processes tells at `trace`, in lines, spans and metrics, while somebody books, is refused, is charged in vain, cancels
/// and is told of it all.
async fn nothing_secret_is_told(format: &str) {
    let data = directory();
    let collector = Collector::start().await;
    let sent = variables(&collector);
    let [endpoint, soon] = sent.each_ref().map(|(name, value)| (*name, &**value));
    let up = Up::start_with(
        data.path(),
        &["--processes", "--demo"],
        &[
            ("RUST_LOG", "trace"),
            ("YEMAE_LOG_FORMAT", format),
            endpoint,
            soon,
        ],
    );
    let key = Key::read(&data.path().join("keys/users.pem")).unwrap();
    let hour = Duration::from_secs(3600);
    let token = key.user_token(PERSON, &["customer"], Clock::system().now(), hour);
    let token_file = data.path().join("token");
    std::fs::write(&token_file, &token).unwrap();

    let log = File::create(data.path().join("commands.log")).unwrap();
    let call = |arguments: &[&str]| {
        let output = yemae()
            .env("RUST_LOG", "trace")
            .arg("call")
            .args(arguments)
            .arg("--data")
            .arg(data.path())
            .arg("--token-file")
            .arg(&token_file)
            .stdin(Stdio::null())
            .stderr(log.try_clone().unwrap())
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let (url, posted) = webhook();
    let contact = format!(r#"{{"contact": {{"channel": "CHANNEL_WEBHOOK", "address": "{url}"}}}}"#);
    assert!(call(&["SetContact", &contact]).contains(ADDRESS));
    let listed = call(&["ListScreenings"]);
    let screening = listed
        .split_once(r#""screeningId": ""#)
        .and_then(|(_, rest)| rest.split_once('"'))
        .unwrap()
        .0
        .to_owned();
    let book = |seat: &str, card: &str, price: i64| {
        format!(
            r#"{{"requestId": "{seat}", "screeningId": "{screening}", "seats": ["{seat}"], "paymentMethod": "{card}",
                "expectedTotal": {{"currency": "KRW", "minorUnits": {price}}}}}"#
        )
    };
    let price = 14_000;
    let booked = call(&["CreateBooking", &book("1A", CARD, price)]);
    let (_, id) = booked.split_once(r#""bookingId": ""#).expect(&booked);
    let id = id.split_once('"').unwrap().0.to_owned();

    // What is wrong with a secret is said without it, and a wrong token is not repeated.
    assert_eq!(
        call(&["CreateBooking", &book("1B", &CARD.repeat(20), price)]),
        ""
    );
    let behave = |how: &str| {
        up.ok(&[
            "call",
            "SetBehavior",
            &format!(r#"{{"behavior": {how}}}"#),
            "--role",
            "admin",
        ]);
    };
    behave(r#"{"declinedPercent": 100}"#);
    assert_eq!(call(&["CreateBooking", &book("1C", CARD, price)]), "");
    behave(r#"{"down": true}"#);
    assert_eq!(call(&["CreateBooking", &book("1D", CARD, price)]), "");
    behave("{}");
    a_wrong_token(&up.grpc, &token).await;

    call(&["CancelBooking", &format!(r#"{{"bookingId": "{id}"}}"#)]);
    wait_for("the webhook to hear again", || {
        (posted.load(Ordering::SeqCst) > 2).then_some(())
    });
    let page = pages::all(data.path());
    assert!(page.contains("/CreateBooking"), "it was asked to count");
    assert_clean("the page", &page, &token);
    // It is removed with the mesh; what is open can still be read.
    let mut log = File::open(data.path().with_extension("log")).unwrap();
    assert!(up.stop());
    let mut said = String::new();
    log.read_to_string(&mut said).unwrap();
    assert!(said.contains("answered"), "it was told to print");
    let is_json = said.lines().any(|line| line.starts_with("{\"timestamp\""));
    assert_eq!(is_json, format == "json");
    assert_clean("the mesh", &said, &token);
    let spans = collector.spans();
    assert!(spans.len() > 50, "it was told to send: {}", spans.len());
    let spans: Vec<_> = spans.iter().map(|seen| format!("{seen:?}")).collect();
    assert_clean("a span", &spans.join("\n"), &token);
    let commands = std::fs::read_to_string(data.path().join("commands.log")).unwrap();
    assert!(commands.contains("called"), "it was told to print");
    assert_clean("a command", &commands, &token);
}

/// A token that is none of ours.
async fn a_wrong_token(grpc: &str, token: &str) {
    let mut request = Request::new(CreateBookingRequest {
        payment_method: CARD.to_owned(),
        expected_total: Some(Money::default()),
        ..CreateBookingRequest::default()
    });
    let spoilt = format!("Bearer {token}x");
    request
        .metadata_mut()
        .insert("authorization", spoilt.parse().unwrap());
    let answer = BookingServiceClient::new(server::plain(grpc))
        .create_booking(request)
        .await;
    assert_eq!(answer.unwrap_err().code(), Code::Unauthenticated);
}
