//! Messages as JSON, as protobuf maps them: 64-bit numbers are strings, enums names, times RFC 3339.

use crate::refusals::malformed;
use mesh::Refusal;
use prost::Message;
use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, SerializeOptions, Value,
};
use serde_json::Deserializer;

/// Reads a whole message.
pub(crate) fn read(message: &MessageDescriptor, json: &[u8]) -> Result<DynamicMessage, Refusal> {
    let mut reader = Deserializer::from_slice(json);
    let read = DynamicMessage::deserialize(message.clone(), &mut reader);
    let read = read.map_err(|why| no_message(message, &why))?;
    reader.end().map_err(|why| no_message(message, &why))?;
    Ok(read)
}

/// Reads one field's value.
pub(crate) fn read_field(
    message: &MessageDescriptor,
    field: &FieldDescriptor,
    json: &[u8],
) -> Result<DynamicMessage, Refusal> {
    let value: serde_json::Value = serde_json::from_slice(json)
        .map_err(|why| malformed(format!("the body is no JSON: {why}")))?;
    let read = DynamicMessage::deserialize(
        message.clone(),
        serde_json::json!({ field.json_name(): value }),
    );
    read.map_err(|why| no_message(message, &why))
}

fn no_message(message: &MessageDescriptor, why: &serde_json::Error) -> Refusal {
    malformed(format!("the body is no {}: {why}", message.name()))
}

/// The JSON of an encoded message, or of one field of it.
pub(crate) fn show(
    message: &DynamicMessage,
    only: Option<&FieldDescriptor>,
) -> Result<Vec<u8>, Refusal> {
    let options = SerializeOptions::new().skip_default_fields(false);
    let mut json = serde_json::Serializer::new(Vec::new());
    let shown = message.serialize_with_options(&mut json, &options);
    shown.map_err(Refusal::internal)?;
    let json = json.into_inner();
    let Some(field) = only else {
        return Ok(json);
    };
    let mut all: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(&json).map_err(Refusal::internal)?;
    let one = all.remove(field.json_name()).unwrap_or_default();
    serde_json::to_vec(&one).map_err(Refusal::internal)
}

/// Decodes what a context answered.
pub(crate) fn decode(
    message: &MessageDescriptor,
    bytes: bytes::Bytes,
) -> Result<DynamicMessage, Refusal> {
    DynamicMessage::decode(message.clone(), bytes).map_err(Refusal::internal)
}

/// One message as gRPC frames it.
pub(crate) fn frame(message: &DynamicMessage) -> bytes::Bytes {
    let length = message.encoded_len();
    let mut frame = Vec::with_capacity(5 + length);
    frame.push(0);
    frame.extend(u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    frame.extend(message.encode_to_vec());
    frame.into()
}

/// Reads the value of a field from a text in a path, a query or a header. None: it is no such value.
pub(crate) fn value(field: &FieldDescriptor, text: &str) -> Option<Value> {
    let json = match field.kind() {
        Kind::Bool => serde_json::Value::Bool(text.parse().ok()?),
        Kind::Enum(_) => text
            .parse::<i32>()
            .map_or_else(|_| text.into(), serde_json::Value::from),
        // A time, a duration, a mask: those that are one text in JSON.
        _ => text.into(),
    };
    let json = match field.is_list() {
        true => serde_json::json!({ field.json_name(): [json] }),
        false => serde_json::json!({ field.json_name(): json }),
    };
    let parent = field.parent_message().clone();
    let read = DynamicMessage::deserialize(parent, json).ok()?;
    let value = read.get_field(field).into_owned();
    match field.is_list() {
        true => value.as_list()?.first().cloned(),
        false => Some(value),
    }
}
