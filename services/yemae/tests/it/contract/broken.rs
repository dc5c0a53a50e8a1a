//! Messages that break one rule each.

use super::made::{self, OfText, any, any_message, is_required, items, may_be_empty, one_of, span};
use super::rpcs::{number, of_value, rules, set};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};
use rand::SeedableRng;
use rand::rngs::StdRng;

/// A message that breaks one rule.
pub struct Broken {
    pub message: DynamicMessage,
    /// The fields that are to be told.
    pub fields: Vec<String>,
    pub rule: String,
}

/// `this.minor_units >= 1`, of a field's own message.
pub fn compared(field: &FieldDescriptor) -> Vec<(String, i64)> {
    let Some(list) = rules(field).and_then(|rules| set(&rules, "cel")) else {
        return Vec::new();
    };
    let rules = list.as_list().unwrap().iter().map(|rule| {
        let expression = set(rule.as_message().unwrap(), "expression").unwrap();
        let expression = expression.as_str().unwrap().to_owned();
        let (name, least) = expression
            .split_once(" >= ")
            .expect("the gate breaks only >=");
        let name = name.strip_prefix("this.").unwrap().to_owned();
        (name, least.parse().unwrap())
    });
    rules.collect()
}

/// Everything that breaks one rule of `base`, which keeps them all.
pub fn broken(base: &DynamicMessage, of: &MessageDescriptor) -> Vec<Broken> {
    let mut all = Vec::new();
    let group = one_of(of);
    for field in of.fields() {
        let mut base = base.clone();
        if group.iter().any(|name| name == field.name()) {
            group.iter().for_each(|name| base.clear_field_by_name(name));
        }
        break_field(&base, &field, &mut all);
    }
    if let [first, more @ ..] = &group[..] {
        let mut none = base.clone();
        let mut every = base.clone();
        for name in &group {
            let field = of.get_field_by_name(name).unwrap();
            none.clear_field(&field);
            every.set_field(&field, any(&field, &mut rand::rng()));
        }
        all.push(Broken {
            message: none,
            fields: group.clone(),
            rule: format!("none of {first}…"),
        });
        all.push(Broken {
            message: every,
            fields: more.to_vec(),
            rule: format!("all of {first}…"),
        });
    }
    all
}

fn break_field(base: &DynamicMessage, field: &FieldDescriptor, all: &mut Vec<Broken>) {
    let name = field.name().to_owned();
    let mut push = |value: Option<Value>, fields: String, rule: &str| {
        let mut message = base.clone();
        match value {
            Some(value) => message.set_field(field, value),
            None => message.clear_field(field),
        }
        all.push(Broken {
            message,
            fields: vec![fields],
            rule: rule.to_owned(),
        });
    };
    if is_required(field) {
        push(None, name.clone(), "required");
    }
    if field.is_list() {
        let (least, most, unique) = items(field);
        let mut dice = StdRng::seed_from_u64(1);
        let mut list = |n: usize| {
            let mut made: Vec<Value> = Vec::new();
            while made.len() < n {
                let one = any(field, &mut dice);
                if !unique || !made.contains(&one) {
                    made.push(one);
                }
            }
            made
        };
        if least > 0 {
            push(Some(Value::List(Vec::new())), name.clone(), "min_items");
        }
        push(Some(Value::List(list(most + 1))), name.clone(), "max_items");
        let two = list(2.min(most));
        if unique {
            let same = vec![two[0].clone(), two[0].clone()];
            push(Some(Value::List(same)), name.clone(), "unique");
        }
        for (wrong, inner, rule) in wrong_values(field, Some(&two[0])) {
            push(
                Some(Value::List(vec![two[0].clone(), wrong])),
                format!("{name}[1]{inner}"),
                &rule,
            );
        }
        return;
    }
    let own = base.get_field(field).into_owned();
    for (wrong, inner, rule) in wrong_values(field, Some(&own)) {
        push(Some(wrong), format!("{name}{inner}"), &rule);
    }
}

/// Values that break one rule, where in them it is broken, and which.
fn wrong_values(field: &FieldDescriptor, own: Option<&Value>) -> Vec<(Value, String, String)> {
    let plainly = |wrong: Vec<(Value, &str)>| {
        let wrong = wrong.into_iter();
        wrong
            .map(|(value, rule)| (value, String::new(), rule.to_owned()))
            .collect()
    };
    match field.kind() {
        Kind::String => plainly(wrong_texts(field)),
        Kind::Enum(_) => plainly(wrong_enums(field)),
        Kind::Bool | Kind::Bytes => Vec::new(),
        Kind::Message(of) if of.full_name() == "google.protobuf.Duration" => {
            if of_value(field).is_none() {
                return Vec::new();
            }
            let wrong = [
                (span(&of, -1, 0), "gte"),
                (span(&of, 3601, 0), "lte"),
                (span(&of, 0, -1), "gte"),
            ];
            plainly(wrong.to_vec())
        }
        Kind::Message(of) if of.package_name() == "google.protobuf" => Vec::new(),
        Kind::Message(of) => {
            let own = own
                .and_then(Value::as_message)
                .filter(|own| own.fields().next().is_some());
            let base = own
                .cloned()
                .unwrap_or_else(|| any_message(&of, &mut StdRng::seed_from_u64(2)));
            let inner = broken(&base, &of).into_iter();
            let mut wrong: Vec<_> = inner
                .map(|inner| {
                    let at = format!(".{}", inner.fields[0]);
                    (Value::Message(inner.message), at, inner.rule)
                })
                .collect();
            for (name, least) in compared(field) {
                let mut low = base.clone();
                low.set_field_by_name(&name, Value::I64(least - 1));
                wrong.push((Value::Message(low), format!(".{name}"), "cel".to_owned()));
            }
            wrong
        }
        _ => plainly(wrong_numbers(field)),
    }
}

fn wrong_texts(field: &FieldDescriptor) -> Vec<(Value, &'static str)> {
    let rule = OfText::of(field);
    let mut wrong = Vec::new();
    if rule.uuid {
        wrong.push(("no-uuid".to_owned(), "uuid"));
    }
    if !rule.one_of.is_empty() {
        wrong.push(("zz".to_owned(), "in"));
    }
    if rule.least > 0 {
        wrong.push(("x".repeat(rule.least - 1), "min_len"));
    }
    if rule.one_of.is_empty() && !rule.uuid {
        wrong.push(("x".repeat(rule.most + 1), "max_len"));
    }
    if let Some(pattern) = &rule.pattern {
        let odd = ["\u{7f}", "\n", "é\u{1}", " ", "~~~", "zz"];
        let odd = odd
            .into_iter()
            .filter(|odd| !super::text::matches(pattern, odd));
        wrong.extend(odd.map(|odd| (odd.to_owned(), "pattern")));
    }
    let wrong = wrong
        .into_iter()
        .filter(|(text, _)| !text.is_empty() || !may_be_empty(field));
    wrong
        .map(|(text, rule)| (Value::String(text), rule))
        .collect()
}

fn wrong_enums(field: &FieldDescriptor) -> Vec<(Value, &'static str)> {
    let Some(said) = of_value(field) else {
        return Vec::new();
    };
    let mut wrong = vec![
        (Value::EnumNumber(9_999), "defined_only"),
        (Value::EnumNumber(-1), "defined_only"),
    ];
    let out = set(&said, "not_in");
    for n in out.as_ref().and_then(Value::as_list).unwrap_or_default() {
        let n = i32::try_from(number(n).unwrap()).unwrap();
        wrong.push((Value::EnumNumber(n), "not_in"));
    }
    wrong
}

fn wrong_numbers(field: &FieldDescriptor) -> Vec<(Value, &'static str)> {
    if of_value(field).is_none() {
        return Vec::new();
    }
    let (least, most) = made::range(field);
    let is_long = matches!(field.kind(), Kind::Int64 | Kind::Sint64);
    let wrong = [
        (least.checked_sub(1), "at least"),
        (most.checked_add(1), "at most"),
    ];
    let value = |n: i64| {
        if is_long {
            Some(Value::I64(n))
        } else {
            i32::try_from(n).ok().map(Value::I32)
        }
    };
    let wrong = wrong.into_iter();
    wrong
        .filter_map(|(n, rule)| Some((value(n?)?, rule)))
        .collect()
}
