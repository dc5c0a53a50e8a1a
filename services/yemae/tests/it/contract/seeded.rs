//! The gate is only believed because it fails: contracts that say too little do not load, and changes that break who built on
//! them are found.

use super::images::{bytes, list, named, now, option};
use super::rpcs::CONTRACTS;
use crate::rig::root;
use mesh::Contracts;
use prost_reflect::{DynamicMessage, Value};
use std::path::Path;
use std::process::{Command, Output};

const FILE: &str = "yemae/cinema/booking/v1/booking.proto";

/// The image with a throw-away RPC in it, that is as CreateBooking but for what `change` does to it.
fn with_probe(change: impl Fn(&mut DynamicMessage)) -> Vec<u8> {
    let mut image = now();
    let file = named(&mut image, "file", FILE);
    let service = named(file, "service", "BookingService");
    let mut probe = named(service, "method", "CreateBooking").clone();
    probe.set_field_by_name("name", Value::String("Probe".to_owned()));
    let http = option(&mut probe, "google.api.http");
    http.set_field_by_name("post", Value::String("/v1/probe".to_owned()));
    change(&mut probe);
    list(service, "method").push(Value::Message(probe));
    bytes(&image)
}

fn why_not(image: Vec<u8>) -> String {
    let image: &'static [u8] = image.leak();
    Contracts::load(image)
        .err()
        .map_or_else(String::new, |why| why.to_string())
}

fn forget(of: &mut DynamicMessage, what: &str, fields: &[&str]) {
    let said = option(of, what);
    fields
        .iter()
        .for_each(|field| said.clear_field_by_name(field));
}

#[test]
fn an_rpc_that_says_too_little_is_not_served() {
    assert_eq!(why_not(with_probe(|_| {})), "", "the probe itself is fine");
    let own = "yemae.shared.v1.method";
    let without = |fields: &'static [&str]| with_probe(move |probe| forget(probe, own, fields));
    for (image, why) in [
        (without(&["deadline"]), "declares no deadline"),
        (
            without(&["roles", "scopes"]),
            "declares no role and no scope",
        ),
        (without(&["load"]), "declares no load"),
        (
            with_probe(|probe| forget(probe, "google.api.http", &["post"])),
            "declares no google.api.http route",
        ),
        (
            with_probe(|probe| {
                let options = probe.get_field_by_name_mut("options").unwrap();
                options
                    .as_message_mut()
                    .unwrap()
                    .clear_field_by_name("idempotency_level");
            }),
            "declares no idempotency_level",
        ),
        (
            with_probe(|probe| {
                let http = option(probe, "google.api.http");
                http.set_field_by_name("post", Value::String("/v1/cinema/bookings".to_owned()));
            }),
            "its route is already that of",
        ),
        (
            with_probe(|probe| {
                let after = Value::List(vec![Value::String("Nothing".to_owned())]);
                option(probe, own).set_field_by_name("after", after);
            }),
            "comes after Nothing, which names 0 methods",
        ),
    ] {
        let told = why_not(image);
        assert!(
            told.contains("Probe") && told.contains(why),
            "{why}: {told}"
        );
    }
}

/// The image in which a rule of CreateBookingRequest is changed.
fn with_rule(field: &str, change: impl Fn(&mut DynamicMessage)) -> Vec<u8> {
    let mut image = now();
    let file = named(&mut image, "file", FILE);
    let request = named(file, "message_type", "CreateBookingRequest");
    change(option(named(request, "field", field), "buf.validate.field"));
    bytes(&image)
}

#[test]
fn a_rule_that_is_not_understood_is_not_left_out() {
    let text = |rules: &mut DynamicMessage, name: &str, value: Option<Value>| {
        let text = rules
            .get_field_by_name_mut("string")
            .unwrap()
            .as_message_mut()
            .unwrap();
        match value {
            Some(value) => text.set_field_by_name(name, value),
            None => text.clear_field_by_name(name),
        }
    };
    let prefix = Some(Value::String("a".to_owned()));
    for (image, why) in [
        (
            with_rule("request_id", |rules| text(rules, "prefix", prefix.clone())),
            "says prefix in StringRules, which is not understood",
        ),
        (
            with_rule("request_id", |rules| text(rules, "max_len", None)),
            "is a text without max_len",
        ),
        (
            with_rule("request_id", |rules| {
                text(rules, "pattern", Some(Value::String("(".to_owned())));
            }),
            "has a pattern that is none",
        ),
        (
            with_rule("seats", |rules| {
                let list = rules.get_field_by_name_mut("repeated").unwrap();
                list.as_message_mut()
                    .unwrap()
                    .clear_field_by_name("max_items");
            }),
            "is a list without max_items",
        ),
        (
            with_rule("seats", |rules| {
                rules.set_field_by_name("ignore", Value::EnumNumber(3));
            }),
            "says to ignore it in a way",
        ),
        (
            with_rule("expected_total", |rules| {
                let of = CONTRACTS
                    .pool()
                    .get_message_by_name("buf.validate.Rule")
                    .unwrap();
                let mut cel = DynamicMessage::new(of);
                let expression = "this.currency.startsWith('K')".to_owned();
                cel.set_field_by_name("expression", Value::String(expression));
                rules.set_field_by_name("cel", Value::List(vec![Value::Message(cel)]));
            }),
            "in CEL; understood is only",
        ),
    ] {
        let told = why_not(image);
        assert!(
            told.contains("CreateBookingRequest") && told.contains(why),
            "{why}: {told}"
        );
    }
}

/// What buf says of this change since that image, as `make lint` asks it.
fn breaking(folder: &Path, then: &[u8], now: &[u8]) -> Output {
    std::fs::write(folder.join("then.binpb"), then).unwrap();
    std::fs::write(folder.join("now.binpb"), now).unwrap();
    let mut buf = Command::new(root().join(".tools/bin/buf"));
    buf.current_dir(root())
        .arg("breaking")
        .arg(folder.join("now.binpb"));
    buf.arg("--against").arg(folder.join("then.binpb"));
    buf.args(["--config", "buf.yaml", "--path", "yemae"])
        .output()
        .unwrap()
}

#[test]
fn every_kind_of_breaking_change_is_found() {
    type Change = fn(&mut DynamicMessage);
    fn booking(file: &mut DynamicMessage) -> &mut DynamicMessage {
        named(file, "message_type", "Booking")
    }
    fn remove(of: &mut DynamicMessage, what: &str, name: &str) {
        list(of, what).retain(|item| {
            let item = item.as_message().unwrap();
            item.get_field_by_name("name").unwrap().as_str() != Some(name)
        });
    }
    let changes: [(&str, Change); 7] = [
        ("renumbered", |file| {
            let field = named(booking(file), "field", "version");
            field.set_field_by_name("number", Value::I32(33));
        }),
        ("retyped", |file| {
            // TYPE_STRING.
            let field = named(booking(file), "field", "version");
            field.set_field_by_name("type", Value::EnumNumber(9));
        }),
        ("removed", |file| remove(booking(file), "field", "version")),
        ("renamed", |file| {
            let field = named(booking(file), "field", "version");
            field.set_field_by_name("name", Value::String("revision".to_owned()));
            field.set_field_by_name("json_name", Value::String("revision".to_owned()));
        }),
        ("an enum value dropped", |file| {
            let status = named(file, "enum_type", "BookingStatus");
            remove(status, "value", "BOOKING_STATUS_SEATS_RESERVED");
        }),
        ("an RPC dropped", |file| {
            remove(
                named(file, "service", "BookingService"),
                "method",
                "GetBooking",
            );
        }),
        ("made a list", |file| {
            // LABEL_REPEATED.
            let field = named(booking(file), "field", "version");
            field.set_field_by_name("label", Value::EnumNumber(3));
        }),
    ];
    let folder = tempfile::tempdir().unwrap();
    let then = bytes(&now());
    let same = breaking(folder.path(), &then, &then);
    assert!(same.status.success(), "{same:?}");
    for (what, change) in changes {
        let mut image = now();
        change(named(&mut image, "file", FILE));
        let told = breaking(folder.path(), &then, &bytes(&image));
        let said = String::from_utf8_lossy(&told.stdout).into_owned();
        assert!(
            !told.status.success() && said.contains("booking.proto"),
            "{what}: {told:?}"
        );
    }
    // What only adds is fine.
    let mut image = now();
    let file = named(&mut image, "file", FILE);
    let mut field = named(booking(file), "field", "version").clone();
    field.set_field_by_name("name", Value::String("more".to_owned()));
    field.set_field_by_name("json_name", Value::String("more".to_owned()));
    field.set_field_by_name("number", Value::I32(99));
    list(booking(file), "field").push(Value::Message(field));
    let told = breaking(folder.path(), &then, &bytes(&image));
    assert!(told.status.success(), "{told:?}");
}
