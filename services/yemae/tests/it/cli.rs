//! What is typed and what is answered: each trouble is one sentence with the way out, and a code that says whose turn
//! it is.

use crate::rig::{Up, directory, root, terminate, wait_for, yemae};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::BigInt;
use mesh::Db;
use mesh::bus::{self, Bus};
use mesh::client::Client;
use mesh::identity::{Key, write_jwks};
use mesh::store::Url;
use mesh::{Clock, server};
use proto::cinema::booking::v1::booking_service_client::BookingServiceClient;
use proto::cinema::booking::v1::{Booking, CreateBookingRequest};
use proto::cinema::theater::v1::ListScreeningsRequest;
use proto::cinema::theater::v1::theater_service_client::TheaterServiceClient;
use proto::cinema::ticket::v1::PrintTicketRequest;
use proto::cinema::ticket::v1::ticket_service_client::TicketServiceClient;
use proto::payment::v1::simulator_service_client::SimulatorServiceClient;
use proto::payment::v1::{Behavior, GetBehaviorRequest, SetBehaviorRequest};
use proto::shared::v1::Money;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;
use tonic::metadata::MetadataValue;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

/// It ends with this code and one sentence that says all of this.
fn assert_fault(output: &Output, code: i32, says: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.starts_with("yemae: "), "{said}");
    for part in says {
        assert!(said.contains(part), "{part}: {said}");
    }
}

fn up(data: &Path, arguments: &[&str]) -> Output {
    yemae()
        .args(["up", "--data"])
        .arg(data)
        .args(arguments)
        .output()
        .unwrap()
}

const ANYWHERE: [&str; 2] = ["--listen", "127.0.0.1:0"];

#[test]
fn a_taken_port_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = taken.local_addr().unwrap().to_string();
    let output = up(directory().path(), &["--listen", &at]);
    assert_fault(
        &output,
        3,
        &[&format!("the address {at} is taken"), "--listen"],
    );
}

#[test]
fn a_directory_that_cannot_be_written_is_named() {
    let data = directory();
    let file = data.path().join("file");
    std::fs::write(&file, "").unwrap();
    let below = file.join("data");
    let output = up(&below, &ANYWHERE);
    assert_fault(&output, 2, &[below.to_str().unwrap(), "--data"]);
}

#[test]
fn a_missing_or_old_broker_is_named() {
    let data = directory();
    let way_out = ["make tools", "--nats-server"];
    let missing = yemae()
        .args(["up", "--listen", "127.0.0.1:0", "--data", "data"])
        .current_dir(data.path())
        .env("PATH", "")
        .output()
        .unwrap();
    assert_fault(
        &missing,
        3,
        &[&["no nats-server was found"], &way_out[..]].concat(),
    );

    let other = data.path().join("nats-server");
    let named = [
        "--listen",
        "127.0.0.1:0",
        "--nats-server",
        other.to_str().unwrap(),
    ];
    let output = up(data.path(), &named);
    assert_fault(&output, 3, &[&["cannot run"], &way_out[..]].concat());

    for (says, heard) in [
        ("nats-server: v2.9.0", "2.9"),
        ("hello", "does not say its version"),
    ] {
        std::fs::write(&other, format!("#!/bin/sh\necho '{says}'\n")).unwrap();
        std::fs::set_permissions(&other, PermissionsExt::from_mode(0o755)).unwrap();
        let output = up(data.path(), &named);
        assert_fault(&output, 3, &[&[heard], &way_out[..]].concat());
    }
}

#[test]
fn commands_without_a_mesh_say_so() {
    let data = directory();
    let run = |arguments: &[&str]| {
        yemae()
            .args(arguments)
            .arg("--data")
            .arg(data.path())
            .output()
            .unwrap()
    };
    assert_fault(&run(&["status"]), 3, &["yemae up", "--data", "--server"]);
    assert_fault(
        &run(&["token", "kim"]),
        2,
        &["users.pem", "yemae up", "--data"],
    );
    assert_fault(
        &run(&["token", "kim", "--role", "king"]),
        2,
        &["king", "customer", "admin"],
    );
    assert_fault(
        &run(&["up", "--listen", "127.0.0.1:0", "--without", "mypgae"]),
        2,
        &["mypgae", "mypage"],
    );
    Key::make(&data.path().join("users.pem")).unwrap();
    std::fs::create_dir(data.path().join("keys")).unwrap();
    std::fs::rename(
        data.path().join("users.pem"),
        data.path().join("keys/users.pem"),
    )
    .unwrap();
    assert_fault(
        &run(&["status", "--server", "127.0.0.1:1"]),
        3,
        &["UNAVAILABLE"],
    );
}

#[test]
fn settings_that_are_wrong_or_missing_are_named() {
    let serve = |names: &[&str], environment: &[(&str, &str)]| {
        yemae()
            .arg("serve")
            .args(names)
            .envs(environment.iter().copied())
            .output()
            .unwrap()
    };
    assert_fault(
        &serve(&["payment"], &[("YEMAE_LISTN", "x")]),
        2,
        &["YEMAE_LISTN", "did you mean YEMAE_LISTEN?"],
    );
    assert_fault(
        &serve(&["payment"], &[("YEMAE_PAYMENT__DATABASE_ULR", "x")]),
        2,
        &["did you mean YEMAE_PAYMENT__DATABASE_URL?"],
    );
    assert_fault(
        &serve(&["payment"], &[]),
        2,
        &["payment needs YEMAE_USER_JWKS_FILE"],
    );
    assert_fault(
        &serve(&["paymnet"], &[]),
        2,
        &["paymnet", "payment", "mypage"],
    );
    assert_fault(
        &serve(&["payment"], &[("YEMAE_LISTEN", "here")]),
        2,
        &["YEMAE_LISTEN", "127.0.0.1:50051"],
    );
}

#[test]
fn every_command_explains_its_flags() {
    let reach = ["--server", "--data", "--token-file"];
    let commands: [(&str, &[&str]); 9] = [
        (
            "up",
            &[
                "--data",
                "--listen",
                "--demo",
                "--processes",
                "--without",
                "--nats-server",
            ],
        ),
        ("serve", &["<NAME>"]),
        ("token", &["--role", "--hours", "--data", "<SUBJECT>"]),
        (
            "call",
            &[
                "--as", "--role", "<METHOD>", "[JSON]", reach[0], reach[1], reach[2],
            ],
        ),
        ("demo", &["cinema", reach[0], reach[1], reach[2]]),
        (
            "load",
            &[
                "--seconds",
                "--clients",
                "--seed",
                "--history",
                "--json",
                reach[0],
            ],
        ),
        (
            "audit",
            &[
                "--history",
                "--quiet",
                "--wait",
                "--without",
                "--json",
                "--data",
            ],
        ),
        ("order", &["--json", "--data", "<ID>"]),
        ("status", &["--json", reach[0], reach[1], reach[2]]),
    ];
    let help = |arguments: &[&str]| {
        let output = yemae().args(arguments).arg("--help").output().unwrap();
        assert!(output.status.success(), "{arguments:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let all = help(&[]);
    for (command, flags) in commands {
        assert!(all.contains(&format!("\n  {command} ")), "{command}: {all}");
        let said = help(&[command]);
        for flag in flags {
            assert!(said.contains(flag), "{command} {flag}: {said}");
        }
    }
    assert!(!all.contains("guard"), "{all}");
}

#[test]
fn calls_are_made_by_name_and_refused_in_one_sentence() {
    let data = directory();
    let mesh = Up::start(data.path(), &["--demo"]);
    let second = up(data.path(), &ANYWHERE);
    let pid = mesh.pid().to_string();
    assert_fault(&second, 3, &[&pid, &mesh.grpc, "stop that one", "--data"]);

    assert_fault(
        &mesh.run(&["call", "ListMovis"]),
        2,
        &["ListMovis", "MovieService"],
    );
    let wrong = mesh.run(&["call", "GetSeatMap", r#"{"screning": "x"}"#]);
    assert_fault(&wrong, 2, &["GetSeatMapRequest", "screning"]);
    assert_fault(
        &mesh.run(&["call", "PrintTicket"]),
        1,
        &["PERMISSION_DENIED"],
    );
    let none = mesh.run(&["order", "01890000-0000-7000-8000-000000000000"]);
    assert_fault(&none, 1, &["no context knows"]);
    assert_fault(&mesh.run(&["order", "x"]), 2, &["ID"]);

    let screening =
        screening(&mesh.ok(&["call", "cinema.theater.v1.TheaterService/ListScreenings"]));
    let request = request("cli-1", &screening);
    let booking = mesh.ok(&["call", "CreateBooking", &request]);
    assert_eq!(mesh.ok(&["call", "CreateBooking", &request]), booking);
    let watched = first_of_a_watch(&mesh);
    assert!(
        watched.contains("\"order\"") && booking.contains(&id(&watched)),
        "{watched}"
    );
    // Whoever reads may have had enough.
    let head = format!(
        "set -o pipefail; {} call GetSeatMap '{{\"screeningId\": \"{screening}\"}}' --data {} | head -n 1",
        env!("CARGO_BIN_EXE_yemae"),
        data.path().display()
    );
    let head = Command::new("bash").args(["-c", &head]).output().unwrap();
    assert!(
        head.status.success(),
        "{}",
        String::from_utf8_lossy(&head.stderr)
    );
    assert!(mesh.stop());
}

fn between<'a>(text: &'a str, before: &str) -> &'a str {
    let (_, rest) = text
        .split_once(before)
        .unwrap_or_else(|| panic!("{before}: {text}"));
    rest.split_once('"').unwrap().0
}

fn screening(listed: &str) -> String {
    between(listed, "\"screeningId\": \"").to_owned()
}

fn id(watched: &str) -> String {
    between(watched, "\"orderId\": \"").to_owned()
}

fn request(id: &str, screening: &str) -> String {
    format!(
        r#"{{"requestId": "{id}", "screeningId": "{screening}", "seats": ["2A"], "paymentMethod": "pm_test",
            "expectedTotal": {{"currency": "KRW", "minorUnits": 14000}}}}"#
    )
}

/// What `call` prints of a stream that does not end, up to the order's id.
fn first_of_a_watch(mesh: &Up) -> String {
    let mut watch = yemae()
        .args(["call", "WatchMyOrders", "--data"])
        .arg(&mesh.data)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let mut lines = BufReader::new(watch.stdout.take().unwrap());
    while !said.contains("\"orderId\": \"") {
        assert!(lines.read_line(&mut said).unwrap() > 0, "it ended: {said}");
    }
    watch.kill().unwrap();
    watch.wait().unwrap();
    said
}

#[tokio::test]
async fn a_refusal_names_every_field_in_the_callers_language() {
    let data = directory();
    let mesh = Up::start(data.path(), &[]);
    let key = Key::read(&data.path().join("keys/users.pem")).unwrap();
    for (language, says) in [
        (None, "request_id must be"),
        (Some("en"), "request_id must be"),
    ] {
        let mut request = signed(&key, "customer", CreateBookingRequest::default());
        if let Some(language) = language {
            let language = MetadataValue::from_static(language);
            request.metadata_mut().insert("accept-language", language);
        }
        let refused = book(&mesh.grpc, request).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        let details = refused.get_error_details();
        let info = details.error_info().unwrap();
        assert_eq!(
            (&*info.reason, &*info.domain),
            ("INVALID_FIELDS", "cinema-booking")
        );
        let mut fields: Vec<_> = details
            .bad_request()
            .unwrap()
            .field_violations
            .iter()
            .map(|violation| violation.field.as_str())
            .collect();
        fields.sort_unstable();
        let all = [
            "expected_total.currency",
            "payment_method",
            "request_id",
            "screening_id",
            "seats",
        ];
        assert_eq!(fields, all);
        let told = details.localized_message().unwrap();
        assert_eq!(told.locale, language.unwrap_or("ko"));
        let is_korean = told.message.starts_with("입력값을 확인해 주세요");
        assert_eq!(is_korean, language.is_none(), "{}", told.message);
        assert!(told.message.contains(says), "{}", told.message);
    }
    assert!(mesh.stop());
}

fn signed<T>(key: &Key, role: &str, message: T) -> Request<T> {
    let hour = Duration::from_secs(3600);
    let token = key.user_token("kim", &[role], Clock::system().now(), hour);
    let mut request = Request::new(message);
    let bearer = format!("Bearer {token}").parse().unwrap();
    request.metadata_mut().insert("authorization", bearer);
    request
}

async fn book(grpc: &str, request: Request<CreateBookingRequest>) -> Result<Booking, Status> {
    let booked = BookingServiceClient::new(server::plain(grpc))
        .create_booking(request)
        .await?;
    Ok(booked.into_inner().booking.unwrap())
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Whether a charge is with the provider right now.
fn is_charging(data: &Path) -> bool {
    let file = data.join("db/payment.sqlite");
    let mut db = Db::open(&Url(file.display().to_string())).unwrap();
    let query = "SELECT COUNT(*) AS count FROM payment WHERE state = 'CHARGING'";
    sql_query(query).get_result::<Count>(&mut db).unwrap().count > 0
}

async fn a_slow_booking_is_answered_in_the_drain(arguments: &[&str]) {
    let data = directory();
    let mesh = Up::start(data.path(), &[&["--demo"], arguments].concat());
    let key = Key::read(&data.path().join("keys/users.pem")).unwrap();
    // Less than the second for which a payment is waited for.
    let slow = prost_types::Duration {
        seconds: 0,
        nanos: 800_000_000,
    };
    let behavior = Behavior {
        latency_min: Some(slow),
        latency_max: Some(slow),
        ..Behavior::default()
    };
    let behave = SetBehaviorRequest {
        behavior: Some(behavior),
    };
    SimulatorServiceClient::new(server::plain(&mesh.grpc))
        .set_behavior(signed(&key, "admin", behave))
        .await
        .unwrap();
    let screenings = TheaterServiceClient::new(server::plain(&mesh.grpc))
        .list_screenings(signed(&key, "customer", ListScreeningsRequest::default()))
        .await
        .unwrap();
    let request = CreateBookingRequest {
        request_id: "slow".to_owned(),
        screening_id: screenings.into_inner().screenings[0].screening_id.clone(),
        seats: vec!["1A".to_owned()],
        expected_total: Some(Money {
            currency: "KRW".to_owned(),
            minor_units: 14_000,
        }),
        payment_method: "pm_test".to_owned(),
        hold_id: String::new(),
    };
    let (grpc, request) = (mesh.grpc.clone(), signed(&key, "customer", request));
    let booking = mesh::task::detach(async move { book(&grpc, request).await });
    let end = tokio::time::Instant::now() + crate::rig::PATIENCE;
    while !is_charging(data.path()) {
        assert!(tokio::time::Instant::now() < end, "nothing is charged");
        tokio::task::yield_now().await;
    }
    let stopped = tokio::task::spawn_blocking(move || mesh.stop());
    let booking = booking.await.unwrap().expect("it was answered");
    assert!(!booking.booking_id.is_empty());
    assert!(stopped.await.unwrap());
}

#[tokio::test]
async fn a_slow_booking_is_answered_while_one_process_drains() {
    a_slow_booking_is_answered_in_the_drain(&[]).await;
}

#[tokio::test]
async fn a_slow_booking_is_answered_while_many_processes_drain() {
    a_slow_booking_is_answered_in_the_drain(&["--processes"]).await;
}

#[test]
fn a_mesh_without_a_context_takes_orders() {
    let data = directory();
    let mesh = Up::start(data.path(), &["--without", "mypage"]);
    let tally = mesh.ok(&["load", "--seconds", "1", "--clients", "2", "--json"]);
    let tally: serde_json::Value = serde_json::from_str(&tally).unwrap();
    assert!(tally["booked"].as_u64().unwrap() > 0, "{tally}");
    let status = mesh.ok(&["status"]);
    assert_eq!(status.matches(" ready ").count(), 6 + 1, "{status}");
    assert!(!status.contains("mypage"), "{status}");
    let verdict = mesh.ok(&["audit", "--quiet", "--without", "mypage"]);
    assert!(
        verdict.contains("not checked: left out: mypage"),
        "{verdict}"
    );
    assert_fault(&mesh.run(&["call", "ListMyOrders"]), 2, &["ListMyOrders"]);
    assert!(mesh.stop());
}

/// `yemae serve` of every context in one process, with a broker of its own.
struct Served {
    grpc: String,
    children: [Child; 2],
}

impl Served {
    async fn start(data: &Path) -> Self {
        let free = || {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            listener.local_addr().unwrap()
        };
        let (grpc, nats) = (free().to_string(), free());
        let broker = Command::new(root().join(".tools/bin/nats-server"))
            .args([
                "-js",
                "-a",
                "127.0.0.1",
                "-p",
                &nats.port().to_string(),
                "-sd",
            ])
            .arg(data.join("nats"))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let nats = format!("nats://{nats}");
        let bus = Bus::connect(bus::Settings::new(&nats, "test"))
            .await
            .unwrap();
        bus.provision().await.unwrap();

        let keys = data.join("keys");
        std::fs::create_dir(&keys).unwrap();
        let people = Key::make(&keys.join("users.pem")).unwrap();
        write_jwks(&keys.join("users.json"), &[people.entry()]).unwrap();
        let mut serve = yemae();
        serve.arg("serve");
        let mut entries = Vec::new();
        for (context, scopes) in CONTEXTS {
            let file = keys.join(format!("{context}.pem"));
            entries.push(Key::make(&file).unwrap().service_entry(context, scopes));
            let own = format!("YEMAE_{}__", context.replace('-', "_").to_uppercase());
            serve.arg(context).env(format!("{own}KEY_FILE"), file).env(
                format!("{own}DATABASE_URL"),
                data.join(format!("{context}.sqlite")),
            );
        }
        write_jwks(&keys.join("services.json"), &entries).unwrap();
        let log = data.join("serve.log");
        let child = serve
            .env("NATS_URL", &nats)
            .env("YEMAE_LISTEN", &grpc)
            .env("YEMAE_PEERS", format!("http://{grpc}"))
            .env("YEMAE_USER_JWKS_FILE", keys.join("users.json"))
            .env("YEMAE_SERVICE_JWKS_FILE", keys.join("services.json"))
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let served = Self {
            grpc,
            children: [child, broker],
        };
        wait_for("the contexts to be served", || {
            let said = std::fs::read_to_string(&log).unwrap();
            said.contains("serving payment, ").then_some(())
        });
        served
    }

    fn client(&self) -> Client {
        server::plain(&self.grpc)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

const CONTEXTS: [(&str, &[&str]); 7] = [
    ("payment", &[]),
    ("cinema-movie", &[]),
    ("cinema-theater", &[]),
    ("cinema-booking", &["payment.charge", "theater.hold"]),
    ("cinema-ticket", &[]),
    ("mypage", &[]),
    ("notification", &[]),
];

#[tokio::test]
async fn what_is_served_in_production_has_no_simulator_and_asks_who_calls() {
    let data = directory();
    let mut served = Served::start(data.path()).await;
    let key = Key::read(&data.path().join("keys/users.pem")).unwrap();

    let asked = signed(&key, "admin", GetBehaviorRequest {});
    let simulator = SimulatorServiceClient::new(served.client())
        .get_behavior(asked)
        .await;
    assert_eq!(simulator.unwrap_err().code(), Code::Unimplemented);

    let nobody = book(&served.grpc, Request::new(CreateBookingRequest::default())).await;
    assert_eq!(nobody.unwrap_err().code(), Code::Unauthenticated);

    let print = || PrintTicketRequest {
        booking_id: mesh::id::new(),
    };
    let mut ticket = TicketServiceClient::new(served.client());
    let customer = ticket.print_ticket(signed(&key, "customer", print())).await;
    assert_eq!(customer.unwrap_err().code(), Code::PermissionDenied);
    let staff = ticket.print_ticket(signed(&key, "staff", print())).await;
    assert_eq!(staff.unwrap_err().code(), Code::NotFound);
    let stranger = Key::make(&data.path().join("stranger.pem")).unwrap();
    let forged = ticket
        .print_ticket(signed(&stranger, "staff", print()))
        .await;
    assert_eq!(forged.unwrap_err().code(), Code::Unauthenticated);

    let grpc = served.grpc.clone();
    let at = data.path().to_owned();
    let story = tokio::task::spawn_blocking(move || {
        yemae()
            .args(["demo", "cinema", "--server", &grpc, "--data"])
            .arg(at)
            .output()
            .unwrap()
    });
    let story = story.await.unwrap();
    assert!(
        story.status.success(),
        "{}",
        String::from_utf8_lossy(&story.stderr)
    );
    let child = &mut served.children[0];
    terminate(child.id());
    let ended = wait_for("serve to stop", || child.try_wait().unwrap());
    assert!(ended.success(), "it drained");
}
