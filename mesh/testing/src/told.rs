//! What a context tells, held against what its contract declares: nothing else, and nothing in it that nobody names.

use mesh::Contracts;
use mesh::contracts::context_of;
use prost_reflect::{DynamicMessage, FieldDescriptor, MessageDescriptor, Value};

/// An entity's present, stated by nobody's deed.
const STATED: &str = "yemae.Stated";
/// What the relay says to itself.
const MARKS: &str = "Relay";

/// Every event that a contract declares: a message of an `events.proto`, that states an entity in field 1.
pub fn declared(contracts: &Contracts) -> Vec<MessageDescriptor> {
    let messages = contracts.pool().all_messages();
    let is_event = |message: &MessageDescriptor| {
        let file = message.parent_file().name().to_owned();
        let alone = message.fields().len() == 1;
        file.starts_with("yemae/") && file.ends_with("/events.proto") && alone
    };
    messages.filter(is_event).collect()
}

/// The entity that an event states, if it is in field 1.
pub fn entity(event: &MessageDescriptor) -> Option<MessageDescriptor> {
    event.get_field(1)?.kind().as_message().cloned()
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

/// What is wrong with an event, if anything. Of what a context tells that no contract knows, nothing is.
pub fn fault(
    contracts: &Contracts,
    subject: &str,
    name: &str,
    body: &[u8],
    version: i64,
) -> Option<String> {
    let (context, kind, id) = parts(subject)?;
    let known = contracts.methods().any(|method| method.context == context);
    if !known {
        return None;
    }
    let event = match name {
        STATED => declared(contracts).into_iter().find(|event| {
            let own = entity(event).is_some_and(|entity| entity.name() == kind);
            own && context_of(event.package_name()).as_deref() == Some(context)
        }),
        name => contracts.pool().get_message_by_name(name),
    };
    let Some(event) = event.filter(|event| declared(contracts).contains(event)) else {
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
pub fn parts(subject: &str) -> Option<(&str, &str, &str)> {
    let mut parts = subject.strip_prefix("yemae.")?.splitn(3, '.');
    let parts = (parts.next()?, parts.next()?, parts.next()?);
    (parts.1 != MARKS).then_some(parts)
}
