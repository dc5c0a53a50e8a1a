//! What the rules of a field say.

use crate::contract::rpcs::{CONTRACTS, number, of_value, rules, set};
use crate::contract::text;
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor, Value};

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

pub fn least_items(field: &FieldDescriptor) -> usize {
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
