//! Messages that keep the rules of their fields: the plain one, by examples and by what is known; and any other.

mod any;
mod rules;

pub use any::{any, any_message, span};
pub use rules::{OfText, is_required, items, may_be_empty, one_of, range};

use super::env::Env;
use super::rpcs::example;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};
use rules::{keeps, least_items};

/// The plain message: what is known where it is asked for, else the contract's example, else the least that keeps the rules.
pub fn plain(of: &MessageDescriptor, env: &Env) -> DynamicMessage {
    let mut message = DynamicMessage::new(of.clone());
    let one_of = one_of(of);
    for field in of.fields() {
        let is_of_group = one_of.iter().any(|name| name == field.name());
        let value = if is_of_group {
            // One of the group, the first that is known.
            let is_first = one_of.iter().find(|name| env.text(name).is_some());
            let is_it = is_first.is_some_and(|name| name == field.name());
            is_it
                .then(|| env.get(field.name(), &field.kind()))
                .flatten()
        } else {
            plain_value(&field, env)
        };
        if let Some(value) = value {
            message.set_field(&field, value);
        }
    }
    message
}

fn plain_value(field: &FieldDescriptor, env: &Env) -> Option<Value> {
    if let Kind::Message(of) = field.kind() {
        let is_own = of.package_name() != "google.protobuf";
        let one = if is_own {
            let asked = is_required(field) || (has_example(&of) && !field.is_list());
            let asked = asked || (field.is_list() && least_items(field) > 0);
            asked.then(|| Value::Message(plain(&of, env)))
        } else {
            example(field)
        };
        return one.map(|one| as_list(field, one));
    }
    if field.is_list() && example(field).is_none() && least_items(field) == 0 {
        return None;
    }
    if example(field).is_none() && keeps(field, &Value::default_value(&field.kind())) {
        return None;
    }
    let one = env
        .get(field.name(), &field.kind())
        .or_else(|| example(field).map(|example| own(field, &example, env)))
        .unwrap_or_else(|| any(field, &mut rand::rng()));
    Some(as_list(field, one))
}

fn as_list(field: &FieldDescriptor, one: Value) -> Value {
    if field.is_list() {
        Value::List(vec![one])
    } else {
        one
    }
}

/// An example made this way's own, if the rules let it.
fn own(field: &FieldDescriptor, example: &Value, env: &Env) -> Value {
    let step = i64::from(env.trial) * 10_000;
    let own = match example {
        Value::String(text) => Value::String(format!("{text} {}", env.trial)),
        Value::I32(n) => Value::I32(n.saturating_add(i32::try_from(step).unwrap())),
        Value::I64(n) => Value::I64(n + step),
        other => other.clone(),
    };
    if keeps(field, &own) {
        own
    } else {
        example.clone()
    }
}

fn has_example(of: &MessageDescriptor) -> bool {
    of.fields().any(|field| match field.kind() {
        Kind::Message(inner) => inner.package_name() != "google.protobuf" && has_example(&inner),
        _ => example(&field).is_some(),
    })
}
