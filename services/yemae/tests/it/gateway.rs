//! The one door from outside, before a real mesh: JSON, streams and gRPC through one address.

use crate::cli::assert_fault;
use crate::plain::{book, signed};
use crate::rig::{Up, directory, terminate, wait_for, yemae};
use crate::served::{free, make_keys};
use http_by_hand::{Door, Heard};
use mesh::identity::Key;
use proto::cinema::booking::v1::CreateBookingRequest;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use tonic::Code;

mod http_by_hand;
mod traces;

/// Where a mesh's gateway listens, as it wrote it down.
fn door(data: &Path) -> Option<Door> {
    let lock = std::fs::read(data.join("lock")).unwrap();
    let running: Value = serde_json::from_slice(&lock).unwrap();
    Some(Door::at(running["gateway"].as_str()?))
}

/// The next event of a watch.
fn event(lines: &mut impl BufRead) -> Value {
    loop {
        let mut line = String::new();
        assert!(lines.read_line(&mut line).unwrap() > 0, "the watch ended");
        if let Some(data) = line.strip_prefix("data: ") {
            return serde_json::from_str(data).unwrap();
        }
    }
}

fn story(arguments: &[&str]) {
    let data = directory();
    let mesh = Up::start(data.path(), &[&["--demo"], arguments].concat());
    let door = door(data.path()).unwrap();
    let token = mesh.ok(&["token", "kim"]);
    let kim = door.with_token(token.trim());
    assert!(
        mesh.said()
            .contains(&format!("JSON and gRPC-Web on {}", door.url()))
    );
    let status = mesh.ok(&["status"]);
    let row = status.lines().find(|line| line.starts_with("gateway "));
    assert!(
        row.is_some_and(|row| row.contains("ready") && row.contains(door.url())),
        "{status}"
    );
    assert_eq!(door.get("/healthz").status, 200);

    let listed = kim.get("/v1/cinema/screenings?page_size=1").json();
    let screening = listed["screenings"][0]["screeningId"].as_str().unwrap();
    let mut watch = BufReader::new(kim.open("/v1/me/orders:watch"));

    let order = json!({
        "screeningId": screening,
        "seats": ["4D", "4E"],
        "expectedTotal": {"currency": "KRW", "minorUnits": "28000"},
        "paymentMethod": "pm_test",
    });
    let post = |order: &Value| {
        kim.post(
            "/v1/cinema/bookings",
            order,
            &[("idempotency-key", "json-1")],
        )
    };
    let booked = post(&order);
    assert_eq!(booked.status, 200, "{booked:?}");
    let again = post(&order);
    assert_eq!(
        (again.status, &again.body),
        (200, &booked.body),
        "equal bytes"
    );
    let mut other = order.clone();
    other["seats"] = json!(["4F"]);
    assert_eq!(refused(&post(&other)), (400, "INVALID_FIELDS".to_owned()));
    let lee = mesh.ok(&["token", "lee"]);
    let lee = door.with_token(lee.trim());
    let taken = lee.post(
        "/v1/cinema/bookings",
        &order,
        &[("idempotency-key", "json-2")],
    );
    assert_eq!(refused(&taken), (400, "SEATS_TAKEN".to_owned()));
    assert_eq!(taken.json()["domain"], "cinema-booking");

    let booking = booked.json()["booking"]["bookingId"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/v1/cinema/bookings/{booking}");
    assert_eq!(kim.get(&path).json()["booking"]["bookingId"], *booking);
    assert_eq!(
        refused(&lee.get(&path)),
        (404, "NOT_FOUND".to_owned()),
        "another's"
    );
    let shown = event(&mut watch);
    assert_eq!(shown["order"]["orderId"], *booking);
    let cursor = shown["cursor"].as_str().unwrap().to_owned();

    let cancelled = kim.post(&format!("{path}:cancel"), &json!({}), &[]);
    assert_eq!(cancelled.status, 200, "{cancelled:?}");
    while event(&mut watch)["order"]["phase"] != "PHASE_CANCELLED" {}
    // Whoever was away hears only of what they have missed.
    let resumed = kim.open_with("/v1/me/orders:watch", &[("last-event-id", &cursor)]);
    let missed = event(&mut BufReader::new(resumed));
    assert_ne!(missed["order"]["phase"], "PHASE_PLACED", "{missed}");

    let keys = door.get("/.well-known/jwks.json").json();
    let key = Key::read(&data.path().join("keys/users.pem")).unwrap();
    assert_eq!(keys["keys"][0]["kid"], *key.id());
    assert!(keys["keys"][0].get("d").is_none(), "{keys}");
    let admin = mesh.ok(&["token", "root", "--role", "admin"]);
    let status = door.with_token(admin.trim()).get("/v1/operator/status");
    assert!(status.json()["contexts"].as_array().unwrap().len() > 10);
    assert!(mesh.stop(), "it drained");
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut watch, &mut rest).unwrap();
    assert!(
        rest.contains("event: error") && rest.contains("DRAINING"),
        "{rest}"
    );
}

fn refused(heard: &Heard) -> (u16, String) {
    let problem = heard.json();
    (heard.status, problem["reason"].as_str().unwrap().to_owned())
}

#[test]
fn a_booking_by_json_before_one_process() {
    story(&[]);
}

#[test]
fn a_booking_by_json_before_many_processes() {
    story(&["--processes"]);
}

#[tokio::test]
async fn grpc_passes_through_to_the_same_answer() {
    let data = directory();
    let mesh = Up::start(data.path(), &[]);
    let door = door(data.path()).unwrap();
    let key = Key::read(&data.path().join("keys/users.pem")).unwrap();
    let ask = async |at: &str| {
        let request = signed(&key, "customer", CreateBookingRequest::default());
        book(at, request).await.unwrap_err()
    };
    let (direct, through) = (ask(&mesh.grpc).await, ask(door.authority()).await);
    assert_eq!(through.code(), Code::InvalidArgument);
    assert_eq!(
        (through.message(), through.details()),
        (direct.message(), direct.details())
    );
    let reach = ["--server".to_owned(), door.authority().to_owned()];
    let data = data.path().to_str().unwrap().to_owned();
    let call = tokio::task::spawn_blocking(move || {
        let mut call = yemae();
        call.args(["call", "ListMyOrders", "{}", "--data", &data])
            .args(reach);
        call.output().unwrap()
    });
    let call = call.await.unwrap();
    assert!(call.status.success(), "{call:?}");
    assert!(mesh.stop());
}

#[test]
fn a_mesh_may_do_without() {
    let data = directory();
    let mesh = Up::on_files(data.path(), &["--without", "gateway"]);
    assert!(door(data.path()).is_none());
    assert!(!mesh.said().contains("JSON"), "{}", mesh.said());
    assert!(!mesh.ok(&["status"]).contains("gateway"));
    assert!(mesh.stop());
}

/// `yemae serve gateway` wants no database and no broker; whom it cannot reach is UNAVAILABLE.
#[test]
fn in_production_it_is_a_process_of_its_own() {
    let data = directory();
    let (at, nobody) = (free(), free());
    let mut serve = yemae();
    serve
        .args(["serve", "gateway"])
        .envs(make_keys(data.path()));
    serve.env("YEMAE_GATEWAY_LISTEN", at.to_string());
    serve.env("YEMAE_GATEWAY__METRICS_LISTEN", free().to_string());
    serve.env("YEMAE_PEERS", format!("http://{nobody}"));
    let log = data.path().join("serve.log");
    serve
        .stderr(File::create(&log).unwrap())
        .stdout(Stdio::null());
    let mut child = serve.spawn().unwrap();
    wait_for("the gateway to be served", || {
        let said = std::fs::read_to_string(&log).unwrap();
        said.contains("serving gateway on http://").then_some(())
    });
    let door = Door::at(&format!("http://{at}"));
    assert_eq!(door.get("/healthz").status, 200);
    assert_eq!(
        door.get("/.well-known/jwks.json").status,
        404,
        "the issuer is somebody else"
    );
    assert_eq!(refused(&door.get("/v1/me/orders")).0, 401);
    let token = yemae()
        .args(["token", "kim", "--data"])
        .arg(data.path())
        .output()
        .unwrap();
    let kim = door.with_token(String::from_utf8(token.stdout).unwrap().trim());
    let away = kim.get("/v1/me/orders");
    assert_eq!(refused(&away), (503, "PEER_UNREACHABLE".to_owned()));
    terminate(child.id());
    assert!(wait_for("it to stop", || child.try_wait().unwrap()).success());
}

#[test]
fn what_it_cannot_be_told() {
    let serve = |names: &[&str], environment: &[(&str, &str)]| {
        let mut serve = yemae();
        serve
            .arg("serve")
            .args(names)
            .envs(environment.iter().copied());
        serve.output().unwrap()
    };
    assert_fault(
        &serve(&["gateway", "payment"], &[]),
        2,
        &["process of its own"],
    );
    let keys = directory();
    let keys = make_keys(keys.path());
    for (name, value, says) in [
        ("YEMAE_GATEWAY_ORIGINS", "shop.example", "is no origin"),
        ("YEMAE_GATEWAY_RATE_READS", "100", "calls at once"),
        ("YEMAE_GATEWAY_PROXIES", "some", "a number"),
        ("YEMAE_GATEWAY_LISTEN", "8088", "an address and a port"),
        ("YEMAE_GATEWAY_TLS_KEY", "key.pem", "given together"),
        (
            "YEMAE_USER_JWKS_URL",
            "https://issuer.example/x",
            "both set",
        ),
        (
            "YEMAE_GATEWAY_LISTN",
            "x",
            "did you mean YEMAE_GATEWAY_LISTEN?",
        ),
    ] {
        let mut environment = vec![(name, value)];
        environment.extend(
            keys.iter()
                .map(|(name, path)| (name.as_str(), path.to_str().unwrap())),
        );
        assert_fault(&serve(&["gateway"], &environment), 2, &[name, says]);
    }
}
