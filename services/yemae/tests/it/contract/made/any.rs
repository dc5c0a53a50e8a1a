//! Any message that keeps the rules of its fields.

use super::rules::{OfText, allowed, is_required, items, keeps, one_of, range};
use crate::contract::{broken, text};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};
use rand::Rng;

/// Any value that keeps the rules; of a list, any item.
pub fn any(field: &FieldDescriptor, dice: &mut impl Rng) -> Value {
    match field.kind() {
        Kind::String => Value::String(any_text(&OfText::of(field), dice)),
        Kind::Bool => Value::Bool(dice.random()),
        Kind::Enum(_) => {
            let allowed = allowed(field);
            let one = allowed[dice.random_range(0..allowed.len())];
            Value::EnumNumber(i32::try_from(one).unwrap())
        }
        Kind::Message(of) if of.full_name() == "google.protobuf.Duration" => {
            span(&of, dice.random_range(0..=3600), 0)
        }
        Kind::Message(of) if of.full_name() == "google.protobuf.Timestamp" => span(
            &of,
            dice.random_range(0..=4_102_444_800),
            dice.random_range(0..1_000_000_000),
        ),
        Kind::Message(of) => Value::Message(any_message(&of, dice)),
        Kind::Int64 | Kind::Sint64 => Value::I64(any_number(field, dice)),
        _ => Value::I32(i32::try_from(any_number(field, dice)).unwrap()),
    }
}

/// A duration or a point in time.
pub fn span(of: &MessageDescriptor, seconds: i64, nanos: i32) -> Value {
    let mut message = DynamicMessage::new(of.clone());
    message.set_field_by_name("seconds", Value::I64(seconds));
    message.set_field_by_name("nanos", Value::I32(nanos));
    Value::Message(message)
}

fn any_number(field: &FieldDescriptor, dice: &mut impl Rng) -> i64 {
    let (least, most) = range(field);
    match dice.random_range(0..4) {
        0 => least,
        1 => most,
        2 => dice.random_range(least..=least.saturating_add(100).min(most)),
        _ => dice.random_range(least..=most),
    }
}

fn any_text(rule: &OfText, dice: &mut impl Rng) -> String {
    if rule.uuid {
        return mesh::id::new();
    }
    if !rule.one_of.is_empty() {
        return rule.one_of[dice.random_range(0..rule.one_of.len())].clone();
    }
    let pattern = rule.pattern.as_deref().unwrap_or(r"^\P{Cc}*$");
    loop {
        let mut text = text::matching(pattern, dice);
        if dice.random_bool(0.2) {
            let more = rule.most.saturating_sub(text.chars().count());
            let longer = text.clone() + &"x".repeat(more);
            if rule.holds(&longer) {
                text = longer;
            }
        }
        if rule.holds(&text) {
            return text;
        }
    }
}

/// Any message that keeps the rules.
pub fn any_message(of: &MessageDescriptor, dice: &mut impl Rng) -> DynamicMessage {
    let mut message = DynamicMessage::new(of.clone());
    let one_of = one_of(of);
    let chosen = (!one_of.is_empty()).then(|| one_of[dice.random_range(0..one_of.len())].clone());
    for field in of.fields() {
        let is_of_group = one_of.iter().any(|name| name == field.name());
        if is_of_group && chosen.as_deref() != Some(field.name()) {
            continue;
        }
        if field.is_list() {
            message.set_field(&field, Value::List(any_list(&field, dice)));
            continue;
        }
        let zero = Value::default_value(&field.kind());
        let is_free = match field.kind() {
            Kind::Message(_) => !is_required(&field),
            _ => keeps(&field, &zero) && !is_of_group,
        };
        if !is_free || dice.random() {
            message.set_field(&field, any(&field, dice));
        }
        for (name, with) in broken::compared(&field) {
            if message.has_field(&field)
                && let Some(inner) = message.get_field_mut(&field).as_message_mut()
            {
                let low = inner
                    .get_field_by_name(&name)
                    .unwrap()
                    .as_i64()
                    .unwrap_or(with);
                inner.set_field_by_name(&name, Value::I64(low.max(with)));
            }
        }
    }
    message
}

fn any_list(field: &FieldDescriptor, dice: &mut impl Rng) -> Vec<Value> {
    let (least, most, unique) = items(field);
    let amount = if dice.random_bool(0.1) {
        most
    } else {
        dice.random_range(least..=most.min(least + 3))
    };
    let mut list: Vec<Value> = Vec::new();
    while list.len() < amount {
        let one = any(field, dice);
        if !unique || !list.contains(&one) {
            list.push(one);
        }
    }
    list
}
