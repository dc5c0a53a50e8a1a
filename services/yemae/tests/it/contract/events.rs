//! What travels over the stream is what the contracts declare: nothing else, and nothing in it that they do not name.

use super::rpcs::CONTRACTS;
use crate::rig::{Up, directory, root};
use crate::stores::{CONTEXTS, open};
use async_nats::jetstream::consumer::pull;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Binary, Text};
use futures::StreamExt;
use mesh::contracts::context_of;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};
use std::collections::BTreeMap;
use std::fmt::Write;

/// An entity's present, stated by nobody's deed.
const STATED: &str = "yemae.Stated";
/// What the relay says to itself.
const MARKS: &str = "Relay";

/// Every event that a contract declares: a message of an `events.proto`, that states an entity in field 1.
fn declared() -> Vec<MessageDescriptor> {
    let messages = CONTRACTS.pool().all_messages();
    let is_event = |message: &MessageDescriptor| {
        let file = message.parent_file().name().to_owned();
        let alone = message.fields().len() == 1;
        file.starts_with("yemae/") && file.ends_with("/events.proto") && alone
    };
    messages.filter(is_event).collect()
}

/// The entity that an event states, if it is in field 1.
fn entity(event: &MessageDescriptor) -> Option<MessageDescriptor> {
    event.get_field(1)?.kind().as_message().cloned()
}

#[test]
fn every_event_states_its_entity_in_field_1() {
    let mut wrong = Vec::new();
    for event in declared() {
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

/// Fields that no contract names, wherever they are in a message.
fn unknown(message: &DynamicMessage) -> usize {
    let own = message.unknown_fields().count();
    let inner = message.fields().map(|(_, value)| match value {
        Value::Message(inner) => unknown(inner),
        Value::List(list) => list.iter().filter_map(Value::as_message).map(unknown).sum(),
        _ => 0,
    });
    own + inner.sum::<usize>()
}

/// What is wrong with an event's bytes.
fn body_fault(subject: &str, name: &str, body: &[u8], version: i64) -> Option<String> {
    let (context, kind, id) = parts(subject)?;
    let event = match name {
        STATED => declared().into_iter().find(|event| {
            let own = entity(event).is_some_and(|entity| entity.name() == kind);
            own && context_of(event.package_name()).as_deref() == Some(context)
        }),
        name => CONTRACTS.pool().get_message_by_name(name),
    };
    let Some(event) = event.filter(|event| declared().contains(event)) else {
        return Some(format!("{name} is declared by nobody"));
    };
    if context_of(event.package_name()).as_deref() != Some(context) {
        return Some(format!("{name} is not {context}'s to tell"));
    }
    let Some(stated) = entity(&event).filter(|entity| entity.name() == kind) else {
        return Some(format!("{name} states no {kind}"));
    };
    let Ok(message) = DynamicMessage::decode(event.clone(), body) else {
        return Some(format!("{name} does not read as one"));
    };
    if unknown(&message) > 0 {
        return Some(format!("{name} holds what no contract names: {message}"));
    }
    let field = message.get_field_by_number(1)?.into_owned();
    let told = |own: Option<FieldDescriptor>| {
        let entity = field.as_message()?;
        Some(entity.get_field(&own?).into_owned())
    };
    let is_of = told(stated.get_field(1)) == Some(Value::String(id.to_owned()));
    let is_version = told(stated.get_field_by_name("version")) == Some(Value::I64(version));
    let is_right = is_of && is_version;
    (!is_right).then(|| format!("{name} is of another than {subject} {version}: {message}"))
}

/// The context, the entity's name and its id; none of what the relay says to itself.
fn parts(subject: &str) -> Option<(&str, &str, &str)> {
    let mut parts = subject.strip_prefix("yemae.")?.splitn(3, '.');
    let parts = (parts.next()?, parts.next()?, parts.next()?);
    (parts.1 != MARKS).then_some(parts)
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
    odd.or_else(|| body_fault(subject, name, body, sequence.parse().unwrap_or(-1)))
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
            wrong.extend(body_fault(&row.subject, &row.name, &row.body, row.version));
            *seen.entry(row.name).or_default() += 1;
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(messages > 50, "the stories tell more than {messages}");
    let mut table = String::new();
    for event in declared() {
        let name = event.full_name();
        let times = seen.get(name).copied().unwrap_or_default();
        writeln!(table, "{name}\t{times}").unwrap();
    }
    let folder = root().join("target/contract");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("events.txt"), table).unwrap();
    assert!(mesh.stop());
}
