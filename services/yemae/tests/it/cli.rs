//! What is typed and what is answered: each trouble is one sentence with the way out, and a code that says whose turn
//! it is.

use crate::rig::{Up, directory, yemae};
use mesh::identity::Key;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// It ends with this code and one sentence that says all of this.
pub fn assert_fault(output: &Output, code: i32, says: &[&str]) {
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

#[test]
fn the_contracts_are_printed_whole_for_other_tools() {
    let printed = yemae().arg("contracts").output().unwrap();
    assert!(printed.status.success());
    assert!(printed.stdout == proto::DESCRIPTORS, "they differ");
}
