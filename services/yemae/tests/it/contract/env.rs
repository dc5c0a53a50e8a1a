//! What is known on a way from call to call: the values of fields, by their names. Fields that are called the same mean the
//! same on the way.

use super::rpcs::CONTRACTS;
use prost_reflect::{DynamicMessage, Kind, ReflectMessage, Value};
use std::collections::HashMap;

/// What is known.
#[derive(Clone, Debug, Default)]
pub struct Env {
    /// Tells this way's texts and numbers from another's.
    pub trial: u32,
    fixed: HashMap<String, Value>,
    seen: HashMap<String, Value>,
}

impl Env {
    /// At the beginning it is known who each role is: "owner_id"; and which context an operator asks of.
    pub fn new(trial: u32) -> Self {
        let roles = CONTRACTS
            .pool()
            .get_enum_by_name("yemae.shared.v1.Role")
            .unwrap();
        let mut fixed = HashMap::new();
        for role in roles.values() {
            let role = role.name().strip_prefix("ROLE_").unwrap().to_lowercase();
            fixed.insert(
                format!("{role}_id"),
                Value::String(format!("{role}-{trial}")),
            );
        }
        fixed.insert(
            "context".to_owned(),
            Value::String("cinema-booking".to_owned()),
        );
        Self {
            trial,
            fixed,
            seen: HashMap::new(),
        }
    }

    /// Says what fields of a name mean on this way, whatever is told later.
    pub fn fix(&mut self, name: &str, text: String) {
        self.fixed.insert(name.to_owned(), Value::String(text));
    }

    /// The end of this way's subjects.
    pub fn end(&self) -> String {
        self.trial.to_string()
    }

    /// What is known of fields of this name and kind.
    pub fn get(&self, name: &str, kind: &Kind) -> Option<Value> {
        let value = self.fixed.get(name).or_else(|| self.seen.get(name))?;
        value.is_valid(kind).then(|| value.clone())
    }

    /// A text that is known.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.fixed
            .get(name)
            .or_else(|| self.seen.get(name))?
            .as_str()
    }

    /// Keeps what a message tells: what is set in it, of a list the first.
    pub fn note(&mut self, message: &DynamicMessage) {
        for (field, value) in message.fields() {
            self.note_value(field.name(), value);
        }
    }

    /// The same of what a creating call of an order side answered: its entity's id is the order's.
    pub fn note_order(&mut self, answer: &DynamicMessage) {
        self.note(answer);
        let entity = answer
            .fields()
            .next()
            .and_then(|(_, value)| value.as_message());
        let id = entity.and_then(|entity| {
            let first = entity.descriptor().get_field(1)?;
            Some(entity.get_field(&first).into_owned())
        });
        if let Some(id) = id {
            self.seen.insert("order_id".to_owned(), id);
        }
    }

    fn note_value(&mut self, name: &str, value: &Value) {
        match value {
            Value::Message(message) => self.note(message),
            Value::List(list) => {
                if let Some(first) = list.first() {
                    self.note_value(name, first);
                }
            }
            Value::Map(_) => {}
            scalar => {
                self.seen.insert(name.to_owned(), scalar.clone());
            }
        }
    }
}
