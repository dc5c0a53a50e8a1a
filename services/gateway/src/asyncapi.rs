//! The stream as an AsyncAPI 3 document, made from the descriptors: who states what, and how a message looks.

#[cfg(test)]
mod tests;

use crate::openapi::{Schemas, contexts, example, words};
use mesh::Contracts;
use mesh::contracts::context_of;
use prost_reflect::{Kind, MessageDescriptor};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const ABOUT: &str = "Every context states its entities here: each message carries the whole public state of its entity after \
    what has come about. One JetStream stream, `YEMAE`, holds the last 32 changes of every entity, so whoever comes late \
    still finds every entity's present.\n\n\
    An event's field 1 is its entity, so that a listener that does not know the event still reads the entity. Messages come \
    at least once and may be skipped when a newer one of their entity is there: act on what they say, by the version in \
    `ce-sequence`, and never count them. `yemae.Stated` is no event: it states an entity once more as it is, at the version \
    it has. What lies on `yemae.<context>.Relay.mark` is the mesh's own.";
const PROTOBUF: &str = "application/protobuf";
const STATED: &str = "yemae.Stated";
const EVENTS: &str = "/events.proto";

/// An event of a context, and the entity it states.
struct Event {
    context: String,
    message: MessageDescriptor,
    entity: MessageDescriptor,
}

/// Every entity that is stated, with the messages that state it.
pub fn document(contracts: &Contracts) -> Value {
    let mut schemas = Schemas::new("#/components/schemas/");
    let mut messages = Map::new();
    let mut channels: BTreeMap<String, (Value, Vec<String>)> = BTreeMap::new();
    for event in events(contracts) {
        let name = event.message.full_name().to_owned();
        let channel = channel_of(&event);
        let payload = schemas.message(&event.message);
        messages.insert(name.clone(), message(&event, payload));
        let (_, of_channel) = channels
            .entry(channel)
            .or_insert_with(|| (channel_for(&event), Vec::new()));
        of_channel.push(name);
    }
    let mut operations = Map::new();
    let mut listed = Map::new();
    for (name, (mut channel, of_channel)) in channels {
        let (context, entity) = name.split_once('.').unwrap_or((&name, ""));
        let mut own: Map<_, _> = of_channel
            .iter()
            .map(|event| (last(event).to_owned(), reference(event)))
            .collect();
        own.insert(last(STATED).to_owned(), reference(STATED));
        channel["messages"] = Value::Object(own);
        let operation = json!({
            "action": "send",
            "channel": {"$ref": format!("#/channels/{name}")},
            "summary": format!("{context} states an {entity} with every change."),
            "tags": [{"name": context}],
        });
        operations.insert(format!("state.{name}"), operation);
        listed.insert(name, channel);
    }
    messages.insert(STATED.to_owned(), stated());
    let mut schemas = schemas.into_components();
    schemas.insert("CloudEvent".to_owned(), cloudevent());
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "yemae",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": "MIT OR Apache-2.0"},
            "tags": tags(contracts, &listed),
        },
        "defaultContentType": PROTOBUF,
        "servers": {
            "nats": {
                "host": "{host}",
                "protocol": "nats",
                "description": "The NATS server, with JetStream. The stream is `YEMAE`; read it with a consumer of your own.",
                "variables": {"host": {
                    "default": "127.0.0.1:4222",
                    "description": "What `NATS_URL` says in production; `yemae status` tells where `yemae up` has put it.",
                }},
            },
        },
        "channels": listed,
        "operations": operations,
        "components": {
            "schemas": schemas,
            "messages": messages,
        },
    })
}

/// The contexts that state something.
fn tags(contracts: &Contracts, channels: &Map<String, Value>) -> Vec<Value> {
    let mut about: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (context, service) in contexts(contracts) {
        let said = words(&service.parent_file(), service.path());
        about.entry(context).or_default().push(said);
    }
    about.retain(|context, _| {
        let of_it = format!("{context}.");
        channels.keys().any(|name| name.starts_with(&of_it))
    });
    about
        .into_iter()
        .map(|(context, about)| json!({"name": context, "description": about.join("\n\n")}))
        .collect()
}

fn reference(message: &str) -> Value {
    json!({"$ref": format!("#/components/messages/{message}")})
}

/// Every event, in the order of the contracts: a message of an `events.proto` whose field 1 is a message.
fn events(contracts: &Contracts) -> impl Iterator<Item = Event> + '_ {
    let files = contracts.pool().files();
    files
        .filter(|file| file.name().ends_with(EVENTS))
        .flat_map(|file| file.messages().collect::<Vec<_>>())
        .filter_map(|message| {
            let Kind::Message(entity) = message.get_field(1)?.kind() else {
                return None;
            };
            Some(Event {
                context: context_of(message.package_name())?,
                message,
                entity,
            })
        })
}

/// "cinema-booking.Order": the entities of one context that have one name share a channel.
fn channel_of(event: &Event) -> String {
    format!("{}.{}", event.context, event.entity.name())
}

fn channel_for(event: &Event) -> Value {
    let Event {
        context, entity, ..
    } = event;
    let about = words(&entity.parent_file(), entity.path());
    let id = entity
        .get_field(1)
        .map(|id| id.name().to_owned())
        .unwrap_or_default();
    json!({
        "address": format!("yemae.{context}.{}.{{id}}", entity.name()),
        "title": format!("{} of {context}", entity.name()),
        "description": format!("What {context} states. {about}"),
        "parameters": {"id": {"description": format!("Its `{id}`.")}},
        "tags": [{"name": context}],
        "x-entity": entity.full_name(),
    })
}

fn message(event: &Event, payload: Value) -> Value {
    let Event {
        context,
        message,
        entity,
    } = event;
    let about = words(&message.parent_file(), message.path());
    let example = example::object(message.fields());
    let id = entity
        .get_field(1)
        .and_then(|id| example::field(&id))
        .and_then(|id| id.as_str().map(str::to_owned))
        .unwrap_or_default();
    json!({
        "name": message.full_name(),
        "title": message.name(),
        "summary": about,
        "description": format!(
            "In binary, as protobuf encodes `{}` of `{}`; the schema says the same of its JSON form.",
            message.full_name(),
            message.parent_file().name(),
        ),
        "contentType": PROTOBUF,
        "headers": headers(message.full_name()),
        "payload": payload,
        "tags": [{"name": context}],
        "examples": [{
            "headers": {
                "ce-specversion": "1.0",
                "ce-id": format!("{context}/{}/{id}/1", entity.name()),
                "ce-source": format!("/yemae/{context}"),
                "ce-type": message.full_name(),
                "ce-subject": id,
                "ce-sequence": "1",
                "ce-time": "2026-12-24T19:30:00.000000Z",
                "content-type": PROTOBUF,
            },
            "payload": example,
        }],
        "x-protobuf": {"message": message.full_name(), "file": message.parent_file().name()},
    })
}

fn stated() -> Value {
    json!({
        "name": STATED,
        "title": "Stated",
        "summary": "No event: an entity as it is, once more, for whoever has missed it.",
        "description": "Field 1 is the channel's entity, and there is no other field: any event of that entity reads it. \
            Whoever has seen the version drops it.",
        "contentType": PROTOBUF,
        "headers": headers(STATED),
        "payload": {"type": "object"},
    })
}

fn headers(name: &str) -> Value {
    json!({"allOf": [
        {"$ref": "#/components/schemas/CloudEvent"},
        {"type": "object", "properties": {"ce-type": {"const": name}}},
    ]})
}

/// What every message says of itself: a CloudEvent 1.0 in binary mode.
fn cloudevent() -> Value {
    let text = |about: &str, example: &str| json!({"type": "string", "description": about, "examples": [example]});
    json!({
        "type": "object",
        "description": "The headers of a CloudEvent 1.0 in binary mode.",
        "required": [
            "ce-specversion", "ce-id", "ce-source", "ce-type", "ce-subject", "ce-sequence", "ce-time", "content-type",
        ],
        "properties": {
            "ce-specversion": {"const": "1.0", "description": "The form of these headers."},
            "ce-id": text("`context/Entity/id/version`: the same for the same state, however often it comes.", "payment/Payment/0193f5a0/2"),
            "ce-source": text("Which context states it.", "/yemae/payment"),
            "ce-type": text("The full name of the message.", "yemae.payment.v1.PaymentRefunded"),
            "ce-subject": text("The entity's id.", "0193f5a0"),
            "ce-sequence": {
                "type": "string",
                "pattern": "^[0-9]{1,19}$",
                "description": "The entity's version after it. Higher is newer; an equal or lower one than was seen says nothing new.",
            },
            "ce-time": {"type": "string", "format": "date-time", "description": "When it came about."},
            "content-type": {"const": PROTOBUF, "description": "How the payload is encoded."},
            "traceparent": text("The W3C trace it came about in, if that was recorded.", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            "Nats-TTL": text("In how many seconds the stream forgets it: the entity is at its end.", "7776000"),
        },
    })
}

/// "yemae.cinema.booking.v1.BookingPlaced" is "BookingPlaced".
fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}
