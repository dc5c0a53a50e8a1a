//! The rules of requests, as `buf.validate` says them in the contracts, made ready to be judged by. What is not understood
//! here is an error: no rule is silently left out.

mod fields;
mod judge;
mod said;
mod words;

#[cfg(test)]
mod tests;

use super::wire::Wire;
use super::{ContractFault, extension, fault};
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, Value};
use regex::Regex;
use std::collections::HashMap;

const MESSAGE: &str = "buf.validate.message";

/// The rules of all messages that requests are made of.
#[derive(Debug, Default)]
pub(super) struct Rules {
    shapes: Vec<Shape>,
    /// Where a message's are, by its full name.
    places: HashMap<String, usize>,
}

/// The rules of one message.
#[derive(Debug, Default)]
struct Shape {
    fields: Vec<Field>,
    one_of: Vec<OneOf>,
}

/// Of these fields, by their places in the shape, at most one may be given.
#[derive(Debug)]
struct OneOf {
    places: Vec<usize>,
    required: bool,
}

/// The rules of one field.
#[derive(Debug)]
struct Field {
    number: u32,
    name: String,
    required: bool,
    /// Nothing more is asked of it while it is empty.
    may_be_empty: bool,
    /// It can be told whether it was given, whatever it holds.
    has_presence: bool,
    is_list: bool,
    wire: Wire,
    many: Option<Many>,
    rule: Rule,
    compared: Vec<Compared>,
    /// What would be right, for people.
    says: String,
}

/// How many items a list has.
#[derive(Debug)]
struct Many {
    amount: std::ops::RangeInclusive<usize>,
    unique: bool,
    says: String,
}

/// What a value must be.
#[derive(Debug)]
enum Rule {
    Anything,
    Text(Text),
    Whole {
        least: i64,
        most: i64,
    },
    OneOfEnum(Vec<i64>),
    /// A `google.protobuf.Duration`, ns.
    Lasting {
        least: i128,
        most: i128,
    },
    /// By the rules of another shape.
    Shaped(usize),
}

#[derive(Debug, Default)]
struct Text {
    /// Characters.
    least: usize,
    most: Option<usize>,
    pattern: Option<Regex>,
    uuid: bool,
    one_of: Vec<String>,
}

/// `this.minor_units >= 1`: the one form of CEL that is understood.
#[derive(Debug)]
struct Compared {
    number: u32,
    name: String,
    wire: Wire,
    holds: fn(&i64, &i64) -> bool,
    with: i64,
    says: String,
}

impl Rules {
    /// Reads the rules of `request` and of all messages in it. An error names the field whose rule is not understood, or
    /// whose size nothing bounds.
    pub(super) fn add(
        &mut self,
        pool: &DescriptorPool,
        request: &MessageDescriptor,
    ) -> Result<usize, ContractFault> {
        if let Some(place) = self.places.get(request.full_name()) {
            return Ok(*place);
        }
        let place = self.shapes.len();
        // Before its fields are read: a message may hold itself.
        self.places.insert(request.full_name().to_owned(), place);
        self.shapes.push(Shape::default());
        let mut shape = Shape::default();
        for field in request.fields() {
            shape.fields.push(fields::read(self, pool, &field)?);
        }
        if request.oneofs().any(|group| !group.is_synthetic()) {
            let why = "has a oneof, which rules are not read of: use (buf.validate.message).oneof";
            return Err(fault(request.full_name(), why));
        }
        if let Some(rules) = extension(pool, &request.options(), MESSAGE) {
            shape.one_of = one_of(request, &rules, &mut shape.fields)?;
        }
        self.shapes[place] = shape;
        Ok(place)
    }
}

fn one_of(
    of: &MessageDescriptor,
    rules: &DynamicMessage,
    fields: &mut [Field],
) -> Result<Vec<OneOf>, ContractFault> {
    let fault = |why: String| fault(of.full_name(), why);
    said::only(rules, &["oneof"]).map_err(fault)?;
    let mut groups = Vec::new();
    for group in super::list(rules, "oneof") {
        let Some(group) = group.as_message() else {
            continue;
        };
        said::only(group, &["fields", "required"]).map_err(fault)?;
        let mut places = Vec::new();
        for name in super::list(group, "fields") {
            let name = name.as_str().unwrap_or_default();
            let place = fields.iter().position(|field| field.name == name);
            let place = place.ok_or_else(|| fault(format!("has a oneof of no field {name}")))?;
            // As buf.validate has it: what is not given is not judged.
            fields[place].may_be_empty = true;
            places.push(place);
        }
        let required = group.get_field_by_name("required");
        groups.push(OneOf {
            places,
            required: required.as_deref().and_then(Value::as_bool) == Some(true),
        });
    }
    Ok(groups)
}
