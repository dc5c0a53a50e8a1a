//! What was answered, and what is answered when it is asked for again.

use super::asked::{Door, Who};
use super::env::Env;
use super::rpcs::Rpc;
use prost_reflect::{DynamicMessage, Kind, ReflectMessage, Value};
use tonic::Code;

/// What was answered, to be asked for again.
pub struct Kept {
    pub rpc: Rpc,
    pub who: Who,
    pub message: Vec<u8>,
    pub answer: Vec<u8>,
    pub env: Env,
}

/// What it is answered now, without what time alone changes. Where the answer holds nothing, what was asked for may be gone.
pub async fn again(
    door: &Door,
    kept: &Kept,
    message: Vec<u8>,
) -> Result<Option<DynamicMessage>, String> {
    let output = kept.rpc.descriptor.output();
    match door.patiently(&kept.rpc, &kept.who, message).await {
        Ok(bytes) => {
            let mut answer = DynamicMessage::decode(output, bytes).unwrap();
            without_time(&mut answer);
            Ok(Some(answer))
        }
        Err(no) if no.code == Code::NotFound && output.fields().len() == 0 => Ok(None),
        Err(no) => Err(format!("again: {no:?}")),
    }
}

/// Without points in time and how long it is since; and without what expires, which is another one each time.
fn without_time(message: &mut DynamicMessage) {
    let of = message.descriptor();
    let expires = of.get_field_by_name("expires_at").is_some();
    for field in of.fields() {
        let is_time =
            matches!(field.kind(), Kind::Message(of) if of.package_name() == "google.protobuf");
        if is_time || (expires && field.kind() == Kind::String) {
            message.clear_field(&field);
        } else if message.has_field(&field) {
            match message.get_field_mut(&field) {
                Value::Message(inner) => without_time(inner),
                Value::List(list) => {
                    list.iter_mut()
                        .filter_map(Value::as_message_mut)
                        .for_each(without_time);
                }
                _ => {}
            }
        }
    }
}
