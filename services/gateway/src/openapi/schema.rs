//! Messages as JSON Schema, by the JSON mapping of protobuf.

use super::{rules, words};
use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const SECONDS: &str = r"^-?[0-9]{1,12}(\.[0-9]{1,9})?s$";

/// The schemas a document refers to, each made once.
pub(crate) struct Schemas {
    place: &'static str,
    made: BTreeMap<String, Value>,
}

impl Schemas {
    /// None yet; references to them begin with `place`.
    pub(crate) fn new(place: &'static str) -> Self {
        Self {
            place,
            made: BTreeMap::new(),
        }
    }

    /// Every schema that was referred to, by its name.
    pub(crate) fn into_components(self) -> Map<String, Value> {
        self.made.into_iter().collect()
    }

    /// What a message is in JSON: a reference, or for a type that protobuf itself maps the schema.
    pub(crate) fn message(&mut self, message: &MessageDescriptor) -> Value {
        if let Some(schema) = well_known(message.full_name()) {
            return schema;
        }
        self.message_of(message, message.fields())
    }

    /// A message of which some fields stand elsewhere: it is to be referred to with the same fields always.
    pub(super) fn message_of(
        &mut self,
        message: &MessageDescriptor,
        fields: impl Iterator<Item = FieldDescriptor>,
    ) -> Value {
        let name = short(message.full_name());
        if !self.made.contains_key(&name) {
            // First, so that a message that holds itself ends.
            self.made.insert(name.clone(), Value::Null);
            let mut schema = self.object(fields);
            schema["description"] = json!(words(&message.parent_file(), message.path()));
            self.made.insert(name.clone(), schema);
        }
        self.reference(&name)
    }

    fn object(&mut self, fields: impl Iterator<Item = FieldDescriptor>) -> Value {
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for field in fields {
            if rules::requires(&rules::of(&field), &field) {
                required.push(field.json_name().to_owned());
            }
            let mut schema = self.field(&field);
            schema["x-number"] = json!(field.number());
            properties.insert(field.json_name().to_owned(), schema);
        }
        let mut object = json!({"type": "object", "properties": properties});
        if !required.is_empty() {
            object["required"] = json!(required);
        }
        object
    }

    /// What a field holds, with what its comment and its rules say.
    pub(crate) fn field(&mut self, field: &FieldDescriptor) -> Value {
        let kind = field.kind();
        let mut schema = if field.is_map() {
            let value = kind.as_message().map(|entry| entry.map_entry_value_field());
            let value = value.map_or(json!({}), |value| self.single(&value.kind()));
            json!({"type": "object", "additionalProperties": value})
        } else if field.is_list() {
            json!({"type": "array", "items": self.single(&kind)})
        } else {
            let schema = self.single(&kind);
            // Beside a reference nothing else is read, in the older form of JSON Schema that AsyncAPI goes by.
            match schema.get("$ref") {
                Some(_) => json!({"allOf": [schema]}),
                None => schema,
            }
        };
        let said = words(&field.parent_file(), field.path());
        if !said.is_empty() {
            schema["description"] = json!(said);
        }
        rules::apply(&rules::of(field), &kind, &mut schema);
        if let Some(judged) = rules::judged(field) {
            rules::say(&mut schema, &[judged]);
        }
        schema
    }

    fn single(&mut self, kind: &Kind) -> Value {
        match kind {
            Kind::Bool => json!({"type": "boolean"}),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
                json!({"type": "integer", "format": "int32"})
            }
            Kind::Uint32 | Kind::Fixed32 => {
                json!({"type": "integer", "format": "int64", "minimum": 0, "maximum": u32::MAX})
            }
            // Told as a string, and taken as a number too: JSON of protobuf.
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
                json!({"type": ["string", "integer"], "format": "int64", "pattern": "^-?[0-9]{1,19}$"})
            }
            Kind::Uint64 | Kind::Fixed64 => {
                json!({"type": ["string", "integer"], "format": "uint64", "pattern": "^[0-9]{1,20}$"})
            }
            Kind::Float => json!({"type": "number", "format": "float"}),
            Kind::Double => json!({"type": "number", "format": "double"}),
            Kind::String => json!({"type": "string"}),
            Kind::Bytes => json!({"type": "string", "contentEncoding": "base64"}),
            Kind::Enum(kind) => self.enumeration(kind),
            Kind::Message(message) => self.message(message),
        }
    }

    fn enumeration(&mut self, kind: &EnumDescriptor) -> Value {
        let name = short(kind.full_name());
        if !self.made.contains_key(&name) {
            let (mut names, mut about) = (Vec::new(), Vec::new());
            for value in kind.values() {
                names.push(value.name().to_owned());
                let said = words(&kind.parent_file(), value.path());
                about.push(format!("- `{}`: {said}", value.name()));
            }
            let said = words(&kind.parent_file(), kind.path());
            let said = format!("{said}\n\n{}", about.join("\n"));
            self.made.insert(
                name.clone(),
                json!({"type": "string", "enum": names, "description": said}),
            );
        }
        self.reference(&name)
    }

    fn reference(&self, name: &str) -> Value {
        json!({"$ref": format!("{}{name}", self.place)})
    }
}

/// "yemae.cinema.booking.v1.Booking" is "cinema.booking.v1.Booking" here.
fn short(name: &str) -> String {
    name.strip_prefix("yemae.").unwrap_or(name).to_owned()
}

/// Whether a message has a form of its own in JSON.
pub(super) fn is_well_known(name: &str) -> bool {
    well_known(name).is_some()
}

fn well_known(name: &str) -> Option<Value> {
    Some(match name.strip_prefix("google.protobuf.")? {
        "Timestamp" => json!({"type": "string", "format": "date-time"}),
        "Duration" => json!({"type": "string", "pattern": SECONDS}),
        "Any" => json!({
            "type": "object",
            "properties": {"@type": {
                "type": "string",
                "description": "The message's name behind `type.googleapis.com/`; its fields stand beside it.",
            }},
            "required": ["@type"],
        }),
        "FieldMask" => json!({"type": "string"}),
        "Empty" | "Struct" => json!({"type": "object"}),
        "ListValue" => json!({"type": "array", "items": {}}),
        "Value" => json!({}),
        "BoolValue" => json!({"type": ["boolean", "null"]}),
        "StringValue" | "Int64Value" | "UInt64Value" => json!({"type": ["string", "null"]}),
        "BytesValue" => json!({"type": ["string", "null"], "contentEncoding": "base64"}),
        "Int32Value" | "UInt32Value" => json!({"type": ["integer", "null"]}),
        "FloatValue" | "DoubleValue" => json!({"type": ["number", "null"]}),
        _ => return None,
    })
}
