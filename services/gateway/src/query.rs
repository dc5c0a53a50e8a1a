//! Fields from a path and a query: `?page_size=10&phases=PHASE_ACTIVE&phases=2&expected_total.currency=KRW`.

use crate::json;
use crate::routes::field_of;
use crate::template::decode;
use mesh::{Refusal, Violation};
use prost_reflect::{DynamicMessage, FieldDescriptor, ReflectMessage, Value};
use std::collections::BTreeSet;

/// More than any request has; a query is no longer than a header takes.
const MOST: usize = 1000;

/// Sets fields of a message, and keeps what is wrong with them.
pub(crate) struct Filling {
    pub(crate) message: DynamicMessage,
    violations: Vec<Violation>,
    /// What was set, by its path in the contract.
    set: BTreeSet<String>,
}

impl Filling {
    pub(crate) fn of(message: DynamicMessage) -> Self {
        Self {
            message,
            violations: Vec::new(),
            set: BTreeSet::new(),
        }
    }

    /// The message, or everything that is wrong with it.
    pub(crate) fn done(self) -> Result<DynamicMessage, Refusal> {
        if self.violations.is_empty() {
            Ok(self.message)
        } else {
            Err(Refusal::invalid(self.violations))
        }
    }

    pub(crate) fn wrong(&mut self, field: &str, rule: &str) {
        self.violations.push(Violation::new(field, rule));
    }

    /// What the path says; nothing else may.
    pub(crate) fn bound(&mut self, field: &str, text: &str) {
        self.put(field, text);
    }

    /// What the query says.
    pub(crate) fn query(&mut self, query: &str) {
        for (place, pair) in query.split('&').filter(|pair| !pair.is_empty()).enumerate() {
            if place == MOST {
                self.wrong("query", &format!("must be at most {MOST} values"));
                return;
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decoded = |text: &str| decode(&text.replace('+', " "));
            match (decoded(name), decoded(value)) {
                (Some(name), Some(value)) => self.put(&name, &value),
                _ => self.wrong("query", "must be UTF-8, percent-encoded"),
            }
        }
    }

    fn put(&mut self, path: &str, text: &str) {
        let Some(field) = field_of(&self.message.descriptor(), path) else {
            return self.wrong(path, "is no field of this request");
        };
        let spelled = spelled(&self.message, path);
        if !self.set.insert(spelled.clone()) && !field.is_list() {
            return self.wrong(&spelled, "must be given once");
        }
        if field.is_map() {
            return self.wrong(&spelled, "cannot be given in a query");
        }
        match json::value(&field, text) {
            Some(value) => set(&mut self.message, path, &field, value),
            None => self.wrong(&spelled, &format!("must be {}", what(&field))),
        }
    }
}

/// The path as the contract spells it, of one that may be in JSON's spelling.
fn spelled(message: &DynamicMessage, path: &str) -> String {
    let mut names = Vec::new();
    let mut at = String::new();
    for part in path.split('.') {
        if !at.is_empty() {
            at.push('.');
        }
        at.push_str(part);
        let field = field_of(&message.descriptor(), &at);
        names.push(field.map_or_else(|| part.to_owned(), |field| field.name().to_owned()));
    }
    names.join(".")
}

/// The caller knows that the field is there.
fn set(message: &mut DynamicMessage, path: &str, field: &FieldDescriptor, value: Value) {
    if let Some((head, rest)) = path.split_once('.') {
        let Some(head) = field_of(&message.descriptor(), head) else {
            return;
        };
        if let Value::Message(inner) = message.get_field_mut(&head) {
            set(inner, rest, field, value);
        }
        return;
    }
    match message.get_field_mut(field) {
        Value::List(list) => list.push(value),
        place => *place = value,
    }
}

fn what(field: &FieldDescriptor) -> String {
    use prost_reflect::Kind::*;
    match field.kind() {
        Bool => "true or false".to_owned(),
        Double | Float => "a number".to_owned(),
        Int32 | Sint32 | Sfixed32 => "a whole number of 32 bits".to_owned(),
        Uint32 | Fixed32 => "a whole number of 32 bits, not below zero".to_owned(),
        Int64 | Sint64 | Sfixed64 => "a whole number of 64 bits".to_owned(),
        Uint64 | Fixed64 => "a whole number of 64 bits, not below zero".to_owned(),
        String => "a text".to_owned(),
        Bytes => "base64".to_owned(),
        Enum(of) => {
            let names: Vec<_> = of.values().map(|one| one.name().to_owned()).collect();
            format!("one of {}", names.join(", "))
        }
        Message(of) => match of.full_name() {
            "google.protobuf.Timestamp" => "a time: 2026-01-31T09:00:00Z".to_owned(),
            "google.protobuf.Duration" => "a duration: 1.5s".to_owned(),
            _ => "given by its fields".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mesh::Contracts;

    fn filled(message: &str, query: &str) -> Result<String, Vec<(String, String)>> {
        let contracts = Contracts::load(proto::DESCRIPTORS).unwrap();
        let message = contracts.pool().get_message_by_name(message).unwrap();
        let mut filling = Filling::of(DynamicMessage::new(message));
        filling.query(query);
        let wrong = |refusal: Refusal| {
            let all = refusal.violations.into_iter();
            all.map(|one| (one.field, one.description))
                .collect::<Vec<_>>()
        };
        let filled = filling.done().map_err(wrong)?;
        Ok(serde_json::to_string(&filled).unwrap())
    }

    const LIST: &str = "yemae.mypage.v1.ListMyOrdersRequest";
    const BOOK: &str = "yemae.cinema.booking.v1.CreateBookingRequest";

    #[test]
    fn fields_of_every_kind() {
        for (message, query, is) in [
            (LIST, "", "{}"),
            (LIST, "&&page_size=10&", r#"{"pageSize":10}"#),
            (LIST, "pageToken=a%20b+c", r#"{"pageToken":"a b c"}"#),
            (LIST, "pageToken=", "{}"),
            (
                LIST,
                "systems=vod&systems=taxi",
                r#"{"systems":["vod","taxi"]}"#,
            ),
            (
                LIST,
                "phases=2&phases=PHASE_PLACED",
                r#"{"phases":["PHASE_IN_PROGRESS","PHASE_PLACED"]}"#,
            ),
            (
                BOOK,
                "expected_total.currency=KRW&expectedTotal.minorUnits=9007199254740993",
                r#"{"expectedTotal":{"currency":"KRW","minorUnits":"9007199254740993"}}"#,
            ),
        ] {
            assert_eq!(filled(message, query).as_deref(), Ok(is), "{query}");
        }
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let wrong = |message: &str, query: &str| {
            let wrong = filled(message, query).unwrap_err();
            wrong
                .into_iter()
                .map(|(field, _)| field)
                .collect::<Vec<_>>()
        };
        let query =
            "page_size=ten&page_size=10&phases=PHASE_NONE&nobody=1&page_token=%ff&systems.x=1";
        let all = [
            "page_size",
            "page_size",
            "phases",
            "nobody",
            "query",
            "systems.x",
        ];
        assert_eq!(wrong(LIST, query), all);
        assert_eq!(wrong(LIST, "pageToken=a&page_token=b"), ["page_token"]);
        for number in ["99999999999", "1.5", "1e400", "0x10", "", "-"] {
            assert_eq!(
                wrong(LIST, &format!("page_size={number}")),
                ["page_size"],
                "{number}"
            );
        }
        assert_eq!(wrong(BOOK, "expected_total=5"), ["expected_total"]);
        assert_eq!(
            wrong(BOOK, "expected_total.minor_units=9223372036854775808"),
            ["expected_total.minor_units"]
        );
        let many = "systems=a&".repeat(MOST + 5);
        assert_eq!(wrong(LIST, &many), ["query"]);
    }
}
