//! Messages that keep the rules of their fields: the plain one, by examples and by what is known; and any other.

use super::env::Env;
use super::rpcs::{CONTRACTS, example, number, of_value, rules, set};
use super::text;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};
use rand::Rng;

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

/// The members of the groups of which one is to be given.
pub fn one_of(of: &MessageDescriptor) -> Vec<String> {
    let extension = CONTRACTS
        .pool()
        .get_extension_by_name("buf.validate.message")
        .unwrap();
    let options = of.options();
    if !options.has_extension(&extension) {
        return Vec::new();
    }
    let said = options.get_extension(&extension);
    let groups = said.as_message().and_then(|said| set(said, "oneof"));
    let groups = groups.as_ref().and_then(Value::as_list).unwrap_or_default();
    let fields = groups
        .iter()
        .filter_map(|group| set(group.as_message()?, "fields"));
    let names = fields.flat_map(|list| list.as_list().unwrap_or_default().to_vec());
    names
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect()
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

/// `required`, as `buf.validate` says it.
pub fn is_required(field: &FieldDescriptor) -> bool {
    says(field, "required") == Some(Value::Bool(true))
}

/// Nothing is asked of it while it is empty.
pub fn may_be_empty(field: &FieldDescriptor) -> bool {
    let is_of_group = one_of(field.parent_message())
        .iter()
        .any(|name| name == field.name());
    is_of_group || says(field, "ignore").as_ref().and_then(number) == Some(1)
}

fn says(field: &FieldDescriptor, what: &str) -> Option<Value> {
    set(&rules(field)?, what)
}

/// How many items a list has, by its rules.
pub fn items(field: &FieldDescriptor) -> (usize, usize, bool) {
    let said = rules(field).and_then(|rules| set(&rules, "repeated"));
    let said = said.as_ref().and_then(Value::as_message);
    let get = |name: &str| said.and_then(|said| set(said, name));
    let amount = |name: &str| get(name).as_ref().and_then(number);
    let least = usize::try_from(amount("min_items").unwrap_or(0)).unwrap();
    let most = usize::try_from(amount("max_items").unwrap_or(0)).unwrap();
    (least, most, get("unique") == Some(Value::Bool(true)))
}

fn least_items(field: &FieldDescriptor) -> usize {
    items(field).0
}

/// The least and the most that a number's rules let it be.
pub fn range(field: &FieldDescriptor) -> (i64, i64) {
    let said = of_value(field);
    let bound = |name: &str| number(&set(said.as_ref()?, name)?);
    let (least, most) = match field.kind() {
        Kind::Int64 | Kind::Sint64 => (i64::MIN, i64::MAX),
        _ => (i64::from(i32::MIN), i64::from(i32::MAX)),
    };
    let low = bound("gte").or_else(|| bound("gt").map(|n| n + 1));
    let high = bound("lte").or_else(|| bound("lt").map(|n| n - 1));
    (low.unwrap_or(least), high.unwrap_or(most))
}

/// A text's rules: its least and most characters, pattern, whether it is a UUID, and what it may be.
pub struct OfText {
    pub least: usize,
    pub most: usize,
    pub pattern: Option<String>,
    pub uuid: bool,
    pub one_of: Vec<String>,
}

impl OfText {
    pub fn of(field: &FieldDescriptor) -> Self {
        let said = of_value(field);
        let get = |name: &str| said.as_ref().and_then(|said| set(said, name));
        let amount = |name: &str| get(name).as_ref().and_then(number);
        let one_of = get("in").and_then(|list| Some(list.as_list()?.to_vec()));
        let one_of = one_of.unwrap_or_default();
        let texts = one_of
            .iter()
            .filter_map(|one| one.as_str().map(str::to_owned));
        Self {
            least: usize::try_from(amount("min_len").unwrap_or(0)).unwrap(),
            most: usize::try_from(amount("max_len").unwrap_or(64)).unwrap(),
            pattern: get("pattern").and_then(|text| text.as_str().map(str::to_owned)),
            uuid: get("uuid") == Some(Value::Bool(true)),
            one_of: texts.collect(),
        }
    }

    pub fn holds(&self, text: &str) -> bool {
        let length = text.chars().count();
        let matches = |pattern: &String| text::matches(pattern, text);
        if self.uuid {
            return mesh::id::parse("", text).is_ok() && text.len() == 36;
        }
        (self.least..=self.most).contains(&length)
            && self.pattern.as_ref().is_none_or(matches)
            && (self.one_of.is_empty() || self.one_of.iter().any(|one| one == text))
    }
}

/// Whether a value keeps the rules of its field.
pub fn keeps(field: &FieldDescriptor, value: &Value) -> bool {
    if *value == Value::default_value(&field.kind()) {
        if may_be_empty(field) {
            return true;
        }
        if is_required(field) {
            return false;
        }
    }
    match (field.kind(), value) {
        (Kind::String, Value::String(text)) => OfText::of(field).holds(text),
        (Kind::Enum(_), value) => number(value).is_some_and(|n| allowed(field).contains(&n)),
        (_, value) => {
            let (least, most) = range(field);
            number(value).is_none_or(|n| (least..=most).contains(&n))
        }
    }
}

/// The numbers an enum's rules let it be.
pub fn allowed(field: &FieldDescriptor) -> Vec<i64> {
    let kind = field.kind();
    let known = kind
        .as_enum()
        .unwrap()
        .values()
        .map(|own| i64::from(own.number()));
    let out = of_value(field).and_then(|said| set(&said, "not_in"));
    let out = out.as_ref().and_then(Value::as_list).unwrap_or_default();
    let out: Vec<_> = out.iter().filter_map(number).collect();
    known.filter(|n| !out.contains(n)).collect()
}

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
        for (name, with) in super::broken::compared(&field) {
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
