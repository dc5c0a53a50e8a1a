//! One field's rules, read from its options.

use super::super::{ContractFault, extension, fault, list};
use super::{Compared, Field, Many, Rule, Rules, Text, said, words};
use crate::contracts::wire::Wire;
use prost_reflect::{DescriptorPool, DynamicMessage, FieldDescriptor, Kind, Value};
use regex::Regex;
use std::ops::RangeInclusive;

const FIELD: &str = "buf.validate.field";
/// The value of `buf.validate.Ignore` that is understood.
const IF_ZERO_VALUE: i64 = 1;

type Read<T> = Result<T, String>;

pub(super) fn read(
    rules: &mut Rules,
    pool: &DescriptorPool,
    field: &FieldDescriptor,
) -> Result<Field, ContractFault> {
    let here = |why: String| fault(field.full_name(), why);
    if field.is_map() {
        return Err(here("is a map, which rules are not read of".to_owned()));
    }
    let said = extension(pool, &field.options(), FIELD);
    let shaped = match field.kind() {
        Kind::Message(message) if message.package_name() != "google.protobuf" => {
            Rule::Shaped(rules.add(pool, &message)?)
        }
        _ => Rule::Anything,
    };
    built(field, said.as_ref(), shaped).map_err(here)
}

fn built(field: &FieldDescriptor, said: Option<&DynamicMessage>, shaped: Rule) -> Read<Field> {
    let mut read = Field {
        number: field.number(),
        name: field.name().to_owned(),
        required: false,
        may_be_empty: false,
        has_presence: field.supports_presence(),
        is_list: field.is_list(),
        wire: Wire::of(&field.kind()),
        many: None,
        rule: shaped,
        compared: Vec::new(),
        says: String::new(),
    };
    if let Some(said) = said {
        tell(field, said, &mut read)?;
    }
    bounded(field, &read)?;
    read.says = words::of(&read.rule, read.may_be_empty);
    Ok(read)
}

fn tell(field: &FieldDescriptor, said: &DynamicMessage, read: &mut Field) -> Read<()> {
    let own = if field.is_list() {
        "repeated"
    } else {
        typed(field)
    };
    said::only(said, &["required", "ignore", "cel", own])?;
    read.required = said::is_true(said, "required");
    if let Some(ignore) = said::value(said, "ignore").and_then(said::whole) {
        if ignore != IF_ZERO_VALUE {
            return Err("says to ignore it in a way that is not understood here".to_owned());
        }
        read.may_be_empty = true;
    }
    let mut of_value = said::value(said, own).and_then(Value::as_message);
    if let (true, Some(of_list)) = (field.is_list(), of_value) {
        read.many = Some(many(of_list)?);
        let items = said::value(of_list, "items").and_then(Value::as_message);
        if let Some(items) = items {
            said::only(items, &[typed(field)])?;
        }
        of_value = items.and_then(|items| said::value(items, typed(field))?.as_message());
    }
    if let Some(of_value) = of_value {
        read.rule = rule(field, of_value)?;
    }
    let compared = list(said, "cel");
    let compared = compared.iter().map(|cel| self::compared(field, cel));
    read.compared = compared.collect::<Read<_>>()?;
    Ok(())
}

/// The member of `buf.validate.FieldRules` that has the rules of this kind.
fn typed(field: &FieldDescriptor) -> &'static str {
    match field.kind() {
        Kind::Int32 => "int32",
        Kind::Int64 => "int64",
        Kind::Uint32 => "uint32",
        Kind::Sint32 => "sint32",
        Kind::Sint64 => "sint64",
        Kind::Bool => "bool",
        Kind::String => "string",
        Kind::Enum(_) => "enum",
        Kind::Message(of) if of.full_name() == "google.protobuf.Duration" => "duration",
        Kind::Message(of) if of.full_name() == "google.protobuf.Timestamp" => "timestamp",
        // No rule of these is understood.
        _ => "required",
    }
}

fn many(said: &DynamicMessage) -> Read<Many> {
    said::only(said, &["min_items", "max_items", "unique", "items"])?;
    let least = said::amount(said, "min_items").unwrap_or(0);
    let most = said::amount(said, "max_items").unwrap_or(usize::MAX);
    Ok(Many {
        amount: least..=most,
        unique: said::is_true(said, "unique"),
        says: format!("must be {least} to {most} items"),
    })
}

fn rule(field: &FieldDescriptor, said: &DynamicMessage) -> Read<Rule> {
    match typed(field) {
        "string" => text(said),
        "bool" | "timestamp" => said::only(said, &["example"]).map(|()| Rule::Anything),
        "enum" => {
            said::only(said, &["defined_only", "not_in", "example"])?;
            if !said::is_true(said, "defined_only") {
                return Err("has rules of an enum without defined_only".to_owned());
            }
            let out: Vec<i64> = list(said, "not_in")
                .iter()
                .filter_map(said::whole)
                .collect();
            let kind = field.kind();
            let known = kind.as_enum().into_iter().flat_map(|of| of.values());
            let known = known.map(|value| i64::from(value.number()));
            Ok(Rule::OneOfEnum(
                known.filter(|n| !out.contains(n)).collect(),
            ))
        }
        "duration" => {
            let (least, most) = range(said, i128::MIN..=i128::MAX, said::nanos)?.into_inner();
            Ok(Rule::Lasting { least, most })
        }
        _ => {
            let number = |value: &Value| said::whole(value).map(i128::from);
            let all = i128::from(i64::MIN)..=i128::from(i64::MAX);
            let (least, most) = range(said, all, number)?.into_inner();
            let narrow = |n: i128| i64::try_from(n).map_err(|_| "has a range too wide".to_owned());
            Ok(Rule::Whole {
                least: narrow(least)?,
                most: narrow(most)?,
            })
        }
    }
}

fn range(
    said: &DynamicMessage,
    all: RangeInclusive<i128>,
    number: impl Fn(&Value) -> Option<i128>,
) -> Read<RangeInclusive<i128>> {
    said::only(said, &["gt", "gte", "lt", "lte", "example"])?;
    let bound = |name: &str| said::value(said, name).and_then(&number);
    let least = bound("gte").or_else(|| Some(bound("gt")? + 1));
    let most = bound("lte").or_else(|| Some(bound("lt")? - 1));
    let range = least.unwrap_or(*all.start())..=most.unwrap_or(*all.end());
    if range.is_empty() {
        return Err("has a range with nothing in it".to_owned());
    }
    Ok(range)
}

fn text(said: &DynamicMessage) -> Read<Rule> {
    said::only(
        said,
        &["min_len", "max_len", "pattern", "uuid", "in", "example"],
    )?;
    let pattern = said::value(said, "pattern").and_then(Value::as_str);
    let pattern = pattern.map(Regex::new).transpose();
    let one_of = list(said, "in");
    let one_of = one_of.iter().filter_map(Value::as_str).map(str::to_owned);
    Ok(Rule::Text(Text {
        least: said::amount(said, "min_len").unwrap_or(0),
        most: said::amount(said, "max_len"),
        pattern: pattern.map_err(|why| format!("has a pattern that is none: {why}"))?,
        uuid: said::is_true(said, "uuid"),
        one_of: one_of.collect(),
    }))
}

/// Whoever may send a request may send as much as it takes: something has to say how much that is.
fn bounded(field: &FieldDescriptor, read: &Field) -> Read<()> {
    let most = read.many.as_ref().map(|many| *many.amount.end());
    if field.is_list() && most.is_none_or(|most| most == usize::MAX) {
        return Err("is a list without max_items".to_owned());
    }
    let has_end = match (read.wire, &read.rule) {
        (Wire::Text, Rule::Text(text)) => {
            text.most.is_some() || text.uuid || !text.one_of.is_empty()
        }
        (wire, _) => !matches!(wire, Wire::Text | Wire::Bytes),
    };
    if has_end {
        return Ok(());
    }
    Err("is a text without max_len".to_owned())
}

/// `this.minor_units >= 1`.
fn compared(field: &FieldDescriptor, cel: &Value) -> Read<Compared> {
    let cel = cel.as_message().ok_or("has a rule in CEL that is none")?;
    said::only(cel, &["id", "message", "expression"])?;
    let text = |name: &str| said::value(cel, name).and_then(Value::as_str);
    let expression = text("expression").unwrap_or_default();
    let unknown = || format!("says {expression:?} in CEL; understood is only: this.field >= 1");
    let words: Vec<&str> = expression.split(' ').collect();
    let [name, operator, with] = words[..] else {
        return Err(unknown());
    };
    let holds: fn(&i64, &i64) -> bool = match operator {
        ">" => PartialOrd::gt,
        ">=" => PartialOrd::ge,
        "<" => PartialOrd::lt,
        "<=" => PartialOrd::le,
        "==" => PartialEq::eq,
        "!=" => PartialEq::ne,
        _ => return Err(unknown()),
    };
    let kind = field.kind();
    let of = kind.as_message().filter(|_| !field.is_list());
    let name = name.strip_prefix("this.").ok_or_else(unknown)?;
    let inner = of
        .and_then(|of| of.get_field_by_name(name))
        .filter(|inner| Wire::of(&inner.kind()).is_number() && !inner.is_list())
        .ok_or_else(unknown)?;
    Ok(Compared {
        number: inner.number(),
        name: name.to_owned(),
        wire: Wire::of(&inner.kind()),
        holds,
        with: with.parse().map_err(|_| unknown())?,
        says: text("message").unwrap_or_default().to_owned(),
    })
}
