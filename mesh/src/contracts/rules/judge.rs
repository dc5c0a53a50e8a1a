//! Judges the bytes of a message, so that nothing is made of one that is refused: a list of a million nothings takes a
//! megabyte here, and not a hundred.

use super::{Compared, Field, Rule, Rules, Shape, Text};
use crate::contracts::wire::{Came, Malformed, Wire, next, number_in, varint};
use crate::refusal::Violation;
use std::collections::BTreeSet;
use std::fmt;

/// Messages in messages, as generated code has it.
const DEEPEST: usize = 100;

type Judged = Result<(), Malformed>;

/// Where a value stands: "items[2].price".
enum Place<'a> {
    Top,
    Field(&'a Place<'a>, &'a str),
    Item(&'a Place<'a>, &'a str, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (above, name) = match self {
            Self::Top => return Ok(()),
            Self::Field(above, name) | Self::Item(above, name, _) => (above, name),
        };
        above.fmt(f)?;
        if !matches!(above, Self::Top) {
            f.write_str(".")?;
        }
        f.write_str(name)?;
        match self {
            Self::Item(_, _, n) => write!(f, "[{n}]"),
            _ => Ok(()),
        }
    }
}

/// What has come of one field.
#[derive(Default)]
struct Seen<'a> {
    /// All of a list, as far as it may be long; all pieces of a message; the last of anything else.
    values: Vec<Value<'a>>,
    count: usize,
}

#[derive(Clone, Copy)]
enum Value<'a> {
    Number(i64),
    Bytes(&'a [u8]),
}

/// What is wrong so far, how deep in.
struct Found {
    wrong: Vec<Violation>,
    depth: usize,
}

impl Found {
    fn add(&mut self, place: &Place<'_>, rule: &str) {
        self.wrong.push(Violation::new(place.to_string(), rule));
    }
}

impl Rules {
    /// All that is wrong with a message.
    pub(in crate::contracts) fn judge(
        &self,
        shape: usize,
        message: &[u8],
    ) -> Result<Vec<Violation>, Malformed> {
        let mut found = Found {
            wrong: Vec::new(),
            depth: 0,
        };
        self.message(&self.shapes[shape], message, &Place::Top, &mut found)?;
        Ok(found.wrong)
    }

    fn message(
        &self,
        shape: &Shape,
        message: &[u8],
        place: &Place<'_>,
        found: &mut Found,
    ) -> Judged {
        found.depth += 1;
        if found.depth > DEEPEST {
            return Err(Malformed);
        }
        let seen = read(&shape.fields, message)?;
        for (field, seen) in shape.fields.iter().zip(&seen) {
            self.field(field, seen, place, found)?;
        }
        shape.one_of(&seen, place, found);
        found.depth -= 1;
        Ok(())
    }

    fn field(
        &self,
        field: &Field,
        seen: &Seen<'_>,
        above: &Place<'_>,
        found: &mut Found,
    ) -> Judged {
        let place = Place::Field(above, &field.name);
        let is_empty = field.is_empty(seen);
        if is_empty && field.required {
            found.add(&place, "is required");
            return Ok(());
        }
        if is_empty && (field.may_be_empty || field.has_presence) {
            return Ok(());
        }
        let Some(many) = &field.many else {
            return self.value(field, &seen.values, &place, found);
        };
        if !many.amount.contains(&seen.count) {
            found.add(&place, &many.says);
            return Ok(());
        }
        for (n, value) in seen.values.iter().enumerate() {
            let place = Place::Item(above, &field.name, n);
            self.value(field, std::slice::from_ref(value), &place, found)?;
        }
        if many.unique && !all_differ(&seen.values) {
            found.add(&place, "must not name one twice");
        }
        Ok(())
    }

    /// Judges a value: the last that came, or all pieces of a message.
    fn value(
        &self,
        field: &Field,
        values: &[Value<'_>],
        place: &Place<'_>,
        found: &mut Found,
    ) -> Judged {
        let number = match values.last() {
            Some(Value::Number(number)) => *number,
            _ => 0,
        };
        let joined;
        let bytes = match values {
            [Value::Bytes(one)] => *one,
            pieces => {
                joined = join(pieces);
                &joined
            }
        };
        let holds = match &field.rule {
            Rule::Anything => true,
            Rule::Text(text) => text.holds(std::str::from_utf8(bytes).map_err(|_| Malformed)?),
            Rule::Whole { least, most } => (least..=most).contains(&&number),
            Rule::OneOfEnum(known) => known.contains(&number),
            Rule::Lasting { least, most } => {
                let seconds = number_in(bytes, 1, Wire::Int64)?;
                let nanos = number_in(bytes, 2, Wire::Int32)?;
                let lasts = i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
                (least..=most).contains(&&lasts)
            }
            Rule::Shaped(shape) => {
                self.message(&self.shapes[*shape], bytes, place, found)?;
                true
            }
        };
        if !holds {
            found.add(place, &field.says);
        }
        for compared in &field.compared {
            let Compared { number, wire, .. } = compared;
            if !(compared.holds)(&number_in(bytes, *number, *wire)?, &compared.with) {
                found.add(&Place::Field(place, &compared.name), &compared.says);
            }
        }
        Ok(())
    }
}

impl Shape {
    fn one_of(&self, seen: &[Seen<'_>], place: &Place<'_>, found: &mut Found) {
        for one_of in &self.one_of {
            let names = one_of
                .places
                .iter()
                .map(|at| self.fields[*at].name.as_str());
            let is_given = |at: &&usize| !self.fields[**at].is_empty(&seen[**at]);
            let mut given = one_of.places.iter().filter(is_given);
            if let Some(first) = given.next() {
                let rule = format!("must be empty where {} is given", self.fields[*first].name);
                for more in given {
                    found.add(&Place::Field(place, &self.fields[*more].name), &rule);
                }
            } else if one_of.required {
                for name in names.clone() {
                    let others = names.clone().filter(|other| *other != name);
                    let others = others.collect::<Vec<_>>().join(" or ");
                    let rule = format!("must be given, or {others}");
                    found.add(&Place::Field(place, name), &rule);
                }
            }
        }
    }
}

impl Field {
    fn is_empty(&self, seen: &Seen<'_>) -> bool {
        match seen.values.last() {
            None => true,
            Some(_) if self.has_presence || self.is_list => false,
            Some(Value::Number(number)) => *number == 0,
            Some(Value::Bytes(bytes)) => bytes.is_empty(),
        }
    }

    fn take<'a>(&self, seen: &mut Seen<'a>, value: Value<'a>) {
        let most = match &self.many {
            Some(many) => *many.amount.end(),
            None if self.wire == Wire::Message => usize::MAX,
            None => 1,
        };
        seen.count += 1;
        if seen.values.len() < most {
            seen.values.push(value);
        } else if !self.is_list {
            seen.values[0] = value;
        }
    }
}

impl Text {
    fn holds(&self, text: &str) -> bool {
        let length = || text.chars().count();
        (self.least == 0 || length() >= self.least)
            && self
                .most
                .is_none_or(|most| text.len() <= most || length() <= most)
            && (!self.uuid || is_uuid(text))
            && (self.one_of.is_empty() || self.one_of.iter().any(|one| one == text))
            && self.pattern.as_ref().is_none_or(|own| own.is_match(text))
    }
}

/// The hyphenated form.
fn is_uuid(text: &str) -> bool {
    let is_right = |(place, byte): (usize, u8)| match place {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() == 36 && text.bytes().enumerate().all(is_right)
}

fn all_differ(values: &[Value<'_>]) -> bool {
    let key = |value: &Value<'_>| match value {
        Value::Number(number) => number.to_le_bytes().to_vec(),
        Value::Bytes(bytes) => bytes.to_vec(),
    };
    let different: BTreeSet<_> = values.iter().map(key).collect();
    different.len() == values.len()
}

fn join(pieces: &[Value<'_>]) -> Vec<u8> {
    let bytes = pieces.iter().filter_map(|piece| match piece {
        Value::Bytes(bytes) => Some(*bytes),
        Value::Number(_) => None,
    });
    bytes.collect::<Vec<_>>().concat()
}

/// What a message holds of each of these fields.
fn read<'a>(fields: &[Field], mut message: &'a [u8]) -> Result<Vec<Seen<'a>>, Malformed> {
    let mut seen: Vec<_> = fields.iter().map(|_| Seen::default()).collect();
    while !message.is_empty() {
        let (number, came) = next(&mut message)?;
        let Some(at) = fields.iter().position(|field| field.number == number) else {
            continue;
        };
        let (field, seen) = (&fields[at], &mut seen[at]);
        match (field.wire, came) {
            (wire, Came::Varint(varint)) if wire.is_number() => {
                field.take(seen, Value::Number(wire.number(varint)));
            }
            // A list of numbers may come in one piece.
            (wire, Came::Bytes(mut packed)) if wire.is_number() && field.is_list => {
                while !packed.is_empty() {
                    field.take(seen, Value::Number(wire.number(varint(&mut packed)?)));
                }
            }
            (Wire::Text, Came::Bytes(bytes)) => {
                std::str::from_utf8(bytes).map_err(|_| Malformed)?;
                field.take(seen, Value::Bytes(bytes));
            }
            (Wire::Bytes | Wire::Message, Came::Bytes(bytes)) => {
                field.take(seen, Value::Bytes(bytes));
            }
            // Of these only that they came is asked for; a zero that came is no less there for `required`.
            (Wire::Fixed32, Came::Four) | (Wire::Fixed64, Came::Eight) if !field.is_list => {
                field.take(seen, Value::Number(1));
            }
            _ => return Err(Malformed),
        }
    }
    Ok(seen)
}
