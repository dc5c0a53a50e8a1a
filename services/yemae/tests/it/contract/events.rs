//! What travels over the stream is what the contracts declare: nothing else, and nothing in it that they do not name.

use super::rpcs::CONTRACTS;
use crate::rig::{Up, directory, root};
use crate::stores::{CONTEXTS, open};
use async_nats::jetstream::consumer::pull;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Binary, Text};
use futures::StreamExt;
use prost_reflect::Kind;
use std::collections::BTreeMap;
use std::fmt::Write;
use testing::told::{self, declared, entity, parts};

#[test]
fn every_event_states_its_entity_in_field_1() {
    let mut wrong = Vec::new();
    for event in declared(&CONTRACTS) {
        let name = event.full_name();
        let Some(entity) = entity(&event) else {
            wrong.push(format!("{name}: field 1 is no entity"));
            continue;
        };
        // Whoever does not know the event reads it as any that states this.
        let first = entity.get_field(1);
        let id = first.is_some_and(|id| id.kind() == Kind::String && id.name().ends_with("_id"));
        let version = entity.get_field_by_name("version");
        let version = version.is_some_and(|version| version.kind() == Kind::Int64);
        if !id || !version {
            wrong.push(format!(
                "{name}: {} has no id in field 1, or no version",
                entity.full_name()
            ));
        }
        if CONTRACTS.entity(name).ok() != Some(entity.name()) {
            wrong.push(format!("{name}: the mesh takes it for another's"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// What is wrong with a message of the stream.
fn fault(subject: &str, headers: &async_nats::HeaderMap, body: &[u8]) -> Option<String> {
    let header = |name: &str| headers.get(name).map_or("", |value| value.as_str());
    let (context, kind, id) = parts(subject)?;
    let (name, sequence) = (header("ce-type"), header("ce-sequence"));
    let cloud = [
        ("ce-specversion", "1.0".to_owned()),
        ("ce-id", format!("{context}/{kind}/{id}/{sequence}")),
        ("ce-source", format!("/yemae/{context}")),
        ("ce-subject", id.to_owned()),
        ("content-type", "application/protobuf".to_owned()),
    ];
    let odd = cloud
        .into_iter()
        .find(|(name, value)| header(name) != *value);
    let odd = odd.map(|(odd, value)| format!("{name}: {odd} is {:?}, not {value:?}", header(odd)));
    odd.or_else(|| {
        told::fault(
            &CONTRACTS,
            subject,
            name,
            body,
            sequence.parse().unwrap_or(-1),
        )
    })
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    subject: String,
    #[diesel(sql_type = BigInt)]
    version: i64,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Binary)]
    body: Vec<u8>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_told_is_what_is_declared() {
    let data = directory();
    let mesh = Up::on_files(data.path(), &["--demo"]);
    mesh.ok(&["demo", "all"]);
    mesh.ok(&["audit", "--quiet"]);
    let running = std::fs::read_to_string(data.path().join("lock")).unwrap();
    let running: serde_json::Value = serde_json::from_str(&running).unwrap();
    let nats = async_nats::connect(running["nats"].as_str().unwrap())
        .await
        .unwrap();
    let mut stream = async_nats::jetstream::new(nats)
        .get_stream("YEMAE")
        .await
        .unwrap();
    let messages = stream.info().await.unwrap().state.messages;
    let consumer = stream
        .create_consumer(pull::Config::default())
        .await
        .unwrap();
    let mut told = consumer.messages().await.unwrap();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for _ in 0..messages {
        let message = told.next().await.unwrap().unwrap();
        let headers = message.headers.clone().unwrap_or_default();
        wrong.extend(fault(&message.subject, &headers, &message.payload));
        let name = headers
            .get("ce-type")
            .map_or("", |name| name.as_str())
            .to_owned();
        *seen.entry(name).or_default() += 1;
    }
    // The stream may skip what is older than something it has; the outboxes have it all.
    for context in CONTEXTS {
        let rows = sql_query("SELECT subject, version, name, body FROM outbox");
        for row in rows.load::<Row>(&mut open(data.path(), context)).unwrap() {
            wrong.extend(told::fault(
                &CONTRACTS,
                &row.subject,
                &row.name,
                &row.body,
                row.version,
            ));
            *seen.entry(row.name).or_default() += 1;
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(messages > 50, "the stories tell more than {messages}");
    let mut table = String::new();
    for event in declared(&CONTRACTS) {
        let name = event.full_name();
        let times = seen.get(name).copied().unwrap_or_default();
        writeln!(table, "{name}\t{times}").unwrap();
    }
    let folder = root().join("target/contract");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("events.txt"), table).unwrap();
    assert!(mesh.stop());
}
