//! Examples, made of what the contracts say: the same contract gives the same examples.

use super::words::{capital, quoted, words};
use super::{rules, schema};
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

/// Deeper messages are left out: nobody reads that far.
const DEEPEST: usize = 5;
const MOMENT: &str = "2026-12-24T19:30:00Z";

/// An example of an object of some fields.
pub(crate) fn object(fields: impl Iterator<Item = FieldDescriptor>) -> Value {
    fields_at(fields, 0)
}

/// An example of a request: what its contract says may stay out does.
pub(super) fn request(fields: impl Iterator<Item = FieldDescriptor>) -> Value {
    let may_stay_out = |field: &FieldDescriptor| {
        let said = words(&field.parent_file(), field.path()).to_lowercase();
        let mut said = said.split(|letter: char| !letter.is_alphabetic());
        said.any(|word| matches!(word, "unset" | "empty"))
    };
    let needed = |field: &FieldDescriptor| rules::requires(&rules::of(field), field);
    object(fields.filter(|field| needed(field) || !may_stay_out(field)))
}

/// An example of a field; `None`: it has none.
pub(crate) fn field(field: &FieldDescriptor) -> Option<Value> {
    at(field, 0)
}

fn fields_at(fields: impl Iterator<Item = FieldDescriptor>, depth: usize) -> Value {
    let mut object = Map::new();
    let mut chosen = Vec::new();
    for field in fields {
        if let Some(choice) = field.containing_oneof() {
            if chosen.contains(&choice) {
                continue;
            }
            chosen.push(choice);
        }
        if let Some(value) = at(&field, depth) {
            object.insert(field.json_name().to_owned(), value);
        }
    }
    Value::Object(object)
}

fn at(field: &FieldDescriptor, depth: usize) -> Option<Value> {
    let rules = rules::of(field);
    let (_, rule) = rules::typed(&rules);
    if field.is_map() {
        let entry = field.kind();
        let entry = entry.as_message()?;
        let value = one(&entry.map_entry_value_field(), &rule["values"], depth)?;
        let key = match entry.map_entry_key_field().kind() {
            Kind::String => "key",
            Kind::Bool => "true",
            _ => "1",
        };
        return Some(json!({key: value}));
    }
    if !field.is_list() {
        return one(field, &rules, depth);
    }
    let first = one(field, &rule["items"], depth)?;
    let least = rule["min_items"].as_u64().unwrap_or(1).max(1);
    let all = (0..least).map(|number| match (&first, number) {
        (_, 0) => first.clone(),
        (Value::String(text), _) => json!(format!("{text}{number}")),
        (other, _) => other.clone(),
    });
    Some(all.collect())
}

fn one(field: &FieldDescriptor, rules: &Value, depth: usize) -> Option<Value> {
    let (_, rule) = rules::typed(rules);
    let given = rule["example"].as_array().and_then(|list| list.first());
    let only = given
        .or(rule.get("const"))
        .or(rule["in"].as_array().and_then(|list| list.first()));
    let whole = |preferred: i64| {
        let least = rule["gte"].as_i64().or(rule["gt"].as_i64().map(|n| n + 1));
        let most = rule["lte"].as_i64().or(rule["lt"].as_i64().map(|n| n - 1));
        let within = preferred.max(least.unwrap_or(i64::MIN));
        only.and_then(Value::as_i64)
            .unwrap_or(within.min(most.unwrap_or(i64::MAX)))
    };
    Some(match field.kind() {
        // What is down or sold out cannot be tried.
        Kind::Bool => json!(!matches!(field.name(), "down" | "sold_out")),
        Kind::Float | Kind::Double => json!(only.and_then(Value::as_f64).unwrap_or(0.5)),
        Kind::String => only.cloned().unwrap_or_else(|| json!(text(field, rule))),
        Kind::Bytes => json!("AQI="),
        Kind::Enum(kind) => {
            let numbers = rule["not_in"].as_array().cloned().unwrap_or_default();
            let only = only
                .and_then(Value::as_i64)
                .and_then(|number| kind.get_value(i32::try_from(number).ok()?));
            let first = kind
                .values()
                .find(|value| value.number() != 0 && !numbers.contains(&json!(value.number())));
            json!(only.or(first).unwrap_or(kind.default_value()).name())
        }
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 | Kind::Uint64 | Kind::Fixed64 => {
            json!(whole(number(field)).to_string())
        }
        Kind::Message(message) => return of_message(&message, depth),
        _ => json!(whole(number(field))),
    })
}

fn of_message(message: &MessageDescriptor, depth: usize) -> Option<Value> {
    match message.full_name() {
        "google.protobuf.Timestamp" => Some(json!(MOMENT)),
        "google.protobuf.Duration" => Some(json!("1.500s")),
        // What it holds, the contract does not say.
        "google.protobuf.Any" => None,
        name if schema::is_well_known(name) => None,
        _ if depth >= DEEPEST => None,
        _ => Some(fields_at(message.fields(), depth + 1)),
    }
}

/// A number that a field may well hold.
fn number(field: &FieldDescriptor) -> i64 {
    match field.name() {
        "minor_units" => 13_000,
        "page_size" => 50,
        name if name.ends_with("minutes") => 100,
        name if name.ends_with("percent") => 5,
        _ => 1,
    }
}

/// A text that a field may well hold, as long as its rules want it.
fn text(field: &FieldDescriptor, rule: &Value) -> String {
    let name = field.name();
    let said = words(&field.parent_file(), field.path());
    let text = match name {
        // From the start.
        _ if name.ends_with("token") || name == "cursor" => return String::new(),
        _ if rule["uuid"] == true || name.ends_with("_id") || said.contains("UUID") => {
            return id(name);
        }
        "phone" => "+82 10-1234-5678".to_owned(),
        "en" => "A word".to_owned(),
        "ko" => "한마디".to_owned(),
        _ => quoted(&said).map_or_else(|| capital(&name.replace('_', " ")), str::to_owned),
    };
    let length = |name: &str| {
        rule[name]
            .as_u64()
            .and_then(|length| usize::try_from(length).ok())
    };
    let least = length("min_len").or(length("len")).unwrap_or(0);
    let most = length("max_len").or(length("len")).unwrap_or(usize::MAX);
    let missing = least.saturating_sub(text.chars().count());
    let filled = text.chars().chain(std::iter::repeat_n('x', missing));
    filled.take(most).collect()
}

/// A UUIDv7, the same for fields of the same name: "booking_id" is one booking throughout.
fn id(name: &str) -> String {
    // FNV-1a, 48 bits of it.
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("0193f5a0-7c00-7000-8000-{:012x}", hash >> 16)
}
