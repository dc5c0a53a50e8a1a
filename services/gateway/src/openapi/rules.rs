//! The contracts' validation rules (`buf.validate`) in the words of JSON Schema. A contract without rules has none here.

mod keywords;

#[cfg(test)]
mod tests;

pub(super) use keywords::{apply, say};

use prost_reflect::{FieldDescriptor, Kind, SerializeOptions};
use serde_json::{Value, json};

const FIELD: &str = "buf.validate.field";
/// What else must hold, in words.
const JUDGED: &str = "yemae.shared.v1.judged";

/// The rules of a field as the option spells them: `{"required": true, "string": {"min_len": 1}}`. Null: it has none.
pub(super) fn of(field: &FieldDescriptor) -> Value {
    let pool = field.parent_pool();
    let options = field.options();
    let Some(extension) = pool.get_extension_by_name(FIELD) else {
        return Value::Null;
    };
    if !options.has_extension(&extension) {
        return Value::Null;
    }
    let plain = SerializeOptions::new()
        .stringify_64_bit_integers(false)
        .use_proto_field_name(true);
    let option = options.get_extension(&extension);
    option
        .as_message()
        .and_then(|rules| {
            rules
                .serialize_with_options(serde_json::value::Serializer, &plain)
                .ok()
        })
        .unwrap_or_default()
}

/// What only the field's context can judge, in words; none: nothing.
pub(super) fn judged(field: &FieldDescriptor) -> Option<String> {
    let extension = field.parent_pool().get_extension_by_name(JUDGED)?;
    let options = field.options();
    let said = options.get_extension(&extension).as_str()?.to_owned();
    (!said.is_empty()).then_some(said)
}

/// Whether a request without the field breaks its rules.
pub(super) fn requires(rules: &Value, field: &FieldDescriptor) -> bool {
    if rules["required"] == true {
        return true;
    }
    if field.supports_presence() || ignores_zero(rules) {
        return false;
    }
    let above = |rule: &Value| rule.as_f64().is_some_and(|least| least > 0.0);
    let (kind, rule) = typed(rules);
    match kind {
        "string" | "bytes" => {
            let well_known = [
                "uuid", "tuuid", "email", "hostname", "ip", "ipv4", "ipv6", "uri",
            ];
            let lengths = ["min_len", "len", "min_bytes", "len_bytes"];
            let others = ["const", "prefix", "suffix", "contains"];
            lengths.iter().any(|name| above(&rule[*name]))
                || well_known.iter().any(|name| rule[*name] == true)
                || others
                    .iter()
                    .any(|name| rule[*name].as_str().is_some_and(|text| !text.is_empty()))
                || lacks(&rule["in"], &json!(""))
        }
        "repeated" => above(&rule["min_items"]),
        "map" => above(&rule["min_pairs"]),
        "enum" => {
            let zero = match field.kind() {
                Kind::Enum(kind) => json!(kind.default_value().name()),
                _ => json!(0),
            };
            let is_zero = |value: &Value| *value == 0 || *value == zero;
            let none_of = rule["not_in"].as_array();
            none_of.is_some_and(|list| list.iter().any(is_zero))
                || rule["in"]
                    .as_array()
                    .is_some_and(|list| !list.iter().any(is_zero))
                || rule.get("const").is_some_and(|only| !is_zero(only))
        }
        _ => {
            above(&rule["gte"])
                || rule["gt"].as_f64().is_some_and(|least| least >= 0.0)
                || rule["lte"].as_f64().is_some_and(|most| most < 0.0)
                || rule["lt"].as_f64().is_some_and(|most| most <= 0.0)
                || lacks(&rule["in"], &json!(0))
                || rule.get("const").is_some_and(|only| *only != 0)
        }
    }
}

/// The rules for the field's own type, and the name of that type.
pub(super) fn typed(rules: &Value) -> (&str, &Value) {
    const BESIDE: [&str; 4] = ["required", "ignore", "cel", "cel_expression"];
    rules
        .as_object()
        .and_then(|rules| {
            rules
                .iter()
                .find(|(name, _)| !BESIDE.contains(&name.as_str()))
        })
        .map_or(("", &Value::Null), |(name, rule)| (name.as_str(), rule))
}

fn ignores_zero(rules: &Value) -> bool {
    rules["ignore"] == "IGNORE_IF_ZERO_VALUE"
}

fn lacks(list: &Value, value: &Value) -> bool {
    list.as_array().is_some_and(|list| !list.contains(value))
}
