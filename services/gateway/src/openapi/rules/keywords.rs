//! Rules as keywords of a schema, and in words where it has none.

use super::{ignores_zero, typed};
use crate::openapi::words::capital;
use prost_reflect::Kind;
use serde_json::{Map, Value, json};

/// Adds what the rules of a field of `kind` say to its schema.
pub(in crate::openapi) fn apply(rules: &Value, kind: &Kind, schema: &mut Value) {
    let expressions = rules["cel"].as_array().into_iter().flatten();
    let mut said: Vec<_> = expressions
        .filter_map(|rule| rule["message"].as_str())
        .map(str::to_owned)
        .collect();
    let (name, rule) = typed(rules);
    let Some(rule) = rule.as_object().filter(|rule| !rule.is_empty()) else {
        return say(schema, &said);
    };
    let mut words = Map::new();
    match name {
        "string" => string(rule, &mut words),
        "repeated" => {
            rename(
                rule,
                &mut words,
                &[("min_items", "minItems"), ("max_items", "maxItems")],
            );
            if rule.get("unique") == Some(&json!(true)) {
                words.insert("uniqueItems".into(), json!(true));
            }
            if let Some(items) = rule.get("items") {
                apply(items, kind, &mut schema["items"]);
            }
        }
        "map" => {
            let names = [
                ("min_pairs", "minProperties"),
                ("max_pairs", "maxProperties"),
            ];
            rename(rule, &mut words, &names);
        }
        "enum" => enumerated(rule, kind, &mut words),
        "bytes" | "bool" | "any" | "field_mask" => {}
        "duration" | "timestamp" => times(rule, &mut said),
        _ if schema["type"] == "string" => long(rule, &mut words, &mut said),
        _ => number(rule, schema["type"] == "integer", &mut words),
    }
    // Beside a reference nothing else is read, in the older form of JSON Schema that AsyncAPI goes by.
    if !words.is_empty() && schema.get("$ref").is_some() {
        *schema = json!({"allOf": [schema.take()]});
    }
    if ignores_zero(rules) && !words.is_empty() {
        let zero = match name {
            "string" => json!(""),
            "enum" => kind
                .as_enum()
                .map_or(Value::Null, |kind| json!(kind.default_value().name())),
            _ if schema["type"] == "string" => json!("0"),
            _ => json!(0),
        };
        schema["anyOf"] = json!([{"const": zero}, words]);
    } else if let Some(schema) = schema.as_object_mut() {
        schema.extend(words);
    }
    say(schema, &said);
}

/// Adds sentences to what is said of a schema.
pub(in crate::openapi) fn say(schema: &mut Value, said: &[String]) {
    if said.is_empty() {
        return;
    }
    let mut text = schema["description"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    for sentence in said {
        text.push_str(&format!(" {}.", capital(sentence.trim_end_matches('.'))));
    }
    schema["description"] = json!(text.trim());
}

fn rename(rule: &Map<String, Value>, words: &mut Map<String, Value>, names: &[(&str, &str)]) {
    for (from, to) in names {
        if let Some(value) = rule.get(*from) {
            words.insert((*to).to_owned(), value.clone());
        }
    }
}

fn string(rule: &Map<String, Value>, words: &mut Map<String, Value>) {
    let names = [
        ("min_len", "minLength"),
        ("max_len", "maxLength"),
        ("len", "minLength"),
        ("const", "const"),
        ("in", "enum"),
    ];
    rename(rule, words, &names);
    rename(rule, words, &[("len", "maxLength")]);
    if let Some(pattern) = rule.get("pattern").and_then(Value::as_str) {
        words.insert("pattern".into(), json!(portable(pattern)));
    }
    if let Some(none_of) = rule.get("not_in") {
        words.insert("not".into(), json!({"enum": none_of}));
    }
    let formats = [
        ("uuid", "uuid"),
        ("email", "email"),
        ("hostname", "hostname"),
        ("ipv4", "ipv4"),
        ("ipv6", "ipv6"),
        ("uri", "uri"),
        ("uri_ref", "uri-reference"),
    ];
    for (name, format) in formats {
        if rule.get(name) == Some(&json!(true)) {
            words.insert("format".into(), json!(format));
        }
    }
}

/// Without the classes of Unicode, which half of all readers of JSON Schema do not know. Within brackets a class is told by
/// what it holds: brackets of its own would be letters there.
fn portable(pattern: &str) -> String {
    const CONTROL: &str = r"\x00-\x1f\x7f-\x9f";
    let (mut told, mut rest, mut within) = (String::new(), pattern, false);
    while let Some(next) = rest.chars().next() {
        let (length, said) = match next {
            '\\' if rest.starts_with(r"\p{Cc}") && within => (6, CONTROL.to_owned()),
            '\\' if rest.starts_with(r"\p{Cc}") => (6, format!("[{CONTROL}]")),
            '\\' if rest.starts_with(r"\P{Cc}") && !within => (6, format!("[^{CONTROL}]")),
            '\\' => {
                let length = rest.chars().take(2).map(char::len_utf8).sum();
                (length, rest[..length].to_owned())
            }
            other => {
                within = (within || other == '[') && other != ']';
                (other.len_utf8(), other.to_string())
            }
        };
        told += &said;
        rest = &rest[length..];
    }
    told
}

fn enumerated(rule: &Map<String, Value>, kind: &Kind, words: &mut Map<String, Value>) {
    let names = |list: &Value| -> Vec<String> {
        let numbers = list.as_array().into_iter().flatten();
        numbers
            .filter_map(|number| i32::try_from(number.as_i64()?).ok())
            .filter_map(|number| Some(kind.as_enum()?.get_value(number)?.name().to_owned()))
            .collect()
    };
    if let Some(only) = rule.get("in") {
        words.insert("enum".into(), json!(names(only)));
    }
    if let Some(none_of) = rule.get("not_in") {
        words.insert("not".into(), json!({"enum": names(none_of)}));
    }
    if let Some(only) = rule.get("const") {
        words.insert("enum".into(), json!(names(&json!([only]))));
    }
}

fn number(rule: &Map<String, Value>, whole: bool, words: &mut Map<String, Value>) {
    let names = [
        ("gte", "minimum"),
        ("lte", "maximum"),
        ("const", "const"),
        ("in", "enum"),
    ];
    rename(rule, words, &names);
    if let Some(none_of) = rule.get("not_in") {
        words.insert("not".into(), json!({"enum": none_of}));
    }
    if whole {
        for (name, word, step) in [("gt", "minimum", 1), ("lt", "maximum", -1)] {
            if let Some(bound) = rule.get(name).and_then(Value::as_i64) {
                words.insert(word.into(), json!(bound + step));
            }
        }
    } else {
        rename(
            rule,
            words,
            &[("gt", "exclusiveMinimum"), ("lt", "exclusiveMaximum")],
        );
    }
}

/// A 64-bit number is mostly a string in JSON, so its bounds are told in words too, and as far as a pattern can.
fn long(rule: &Map<String, Value>, words: &mut Map<String, Value>, said: &mut Vec<String>) {
    let bound = |name: &str| rule.get(name).and_then(Value::as_i64);
    let least = bound("gte").or(bound("gt").map(|least| least + 1));
    let most = bound("lte").or(bound("lt").map(|most| most - 1));
    match least {
        Some(0) => words.insert("pattern".into(), json!("^[0-9]{1,19}$")),
        Some(1..) => words.insert("pattern".into(), json!("^[1-9][0-9]{0,18}$")),
        _ => None,
    };
    for (word, bound) in [("minimum", least), ("maximum", most)] {
        if let Some(bound) = bound {
            words.insert(word.into(), json!(bound));
        }
    }
    said.extend(
        least
            .filter(|least| *least != 0)
            .map(|least| format!("at least {least}")),
    );
    said.extend(most.map(|most| format!("at most {most}")));
}

fn times(rule: &Map<String, Value>, said: &mut Vec<String>) {
    let names = [
        ("gte", "at least"),
        ("gt", "more than"),
        ("lte", "at most"),
        ("lt", "less than"),
        ("within", "within"),
    ];
    for (name, word) in names {
        if let Some(bound) = rule.get(name).and_then(Value::as_str) {
            said.push(format!("{word} {bound}"));
        }
    }
    for (name, word) in [("gt_now", "in the future"), ("lt_now", "in the past")] {
        if rule.get(name) == Some(&json!(true)) {
            said.push(word.to_owned());
        }
    }
}
