//! What of an event anybody may read: its shape, numbers, states, times, and our own ids. Which other texts are of a
//! person no contract says, so none is shown.

use prost_reflect::{DescriptorPool, DynamicMessage, ReflectMessage, SerializeOptions, Value};

const HIDDEN: &str = "***";

/// The event as JSON, masked. None when the bytes are no such event.
pub(super) fn event(pool: &DescriptorPool, name: &str, body: &[u8]) -> Option<String> {
    let kind = pool.get_message_by_name(name)?;
    let mut event = DynamicMessage::decode(kind, body).ok()?;
    mask(&mut event);
    let mut json = serde_json::Serializer::pretty(Vec::new());
    let options = SerializeOptions::new().skip_default_fields(true);
    event.serialize_with_options(&mut json, &options).ok()?;
    String::from_utf8(json.into_inner()).ok()
}

fn mask(message: &mut DynamicMessage) {
    // An Any is another message in bytes, which cannot be looked into without its contract.
    let opaque: Vec<_> = message
        .fields()
        .map(|(field, _)| field)
        .filter(|field| {
            let kind = field.kind();
            let inner = kind.as_message();
            inner.is_some_and(|kind| kind.full_name() == "google.protobuf.Any")
        })
        .collect();
    for field in opaque {
        message.clear_field(&field);
    }
    if message
        .descriptor()
        .full_name()
        .starts_with("google.protobuf.")
    {
        // A time or a duration.
        return;
    }
    for (_, value) in message.fields_mut() {
        mask_value(value);
    }
}

fn mask_value(value: &mut Value) {
    match value {
        Value::String(text) if mesh::id::parse("", text).is_ok() => {}
        Value::String(text) => HIDDEN.clone_into(text),
        Value::Bytes(bytes) => *bytes = HIDDEN.as_bytes().into(),
        Value::Message(message) => mask(message),
        Value::List(values) => values.iter_mut().for_each(mask_value),
        // Its keys may be texts, too.
        Value::Map(values) => values.clear(),
        Value::Bool(_)
        | Value::I32(_)
        | Value::I64(_)
        | Value::U32(_)
        | Value::U64(_)
        | Value::F32(_)
        | Value::F64(_)
        | Value::EnumNumber(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost::{Message, Name};
    use proto::cinema::booking::v1::BookingPlaced;
    use proto::ordering::v1::{Order, Phase, Ref};
    use proto::shared::v1::{Money, Text};

    fn pool() -> DescriptorPool {
        DescriptorPool::decode(proto::DESCRIPTORS).unwrap()
    }

    #[test]
    fn only_ids_numbers_and_states_are_shown() {
        let id = mesh::id::new();
        let secret = |what: &str| format!("canary-{what}");
        let text = Text {
            en: secret("en"),
            ko: secret("ko"),
        };
        let placed = BookingPlaced {
            order: Some(Order {
                order_id: id.clone(),
                customer_id: secret("customer"),
                version: 7,
                phase: Phase::Cancelling.into(),
                title: Some(text.clone()),
                amount: Some(Money {
                    currency: secret("currency"),
                    minor_units: 28_000,
                }),
                refs: vec![Ref {
                    label: Some(text),
                    value: secret("value"),
                }],
                detail: Some(prost_types::Any {
                    type_url: secret("url"),
                    value: secret("detail").into_bytes(),
                }),
                placed_at: Some(mesh::Time(1_750_000_000_000_000).into()),
                ..Order::default()
            }),
        };
        let name = BookingPlaced::full_name();
        let shown = event(&pool(), &name, &placed.encode_to_vec()).unwrap();
        for part in [
            id.as_str(),
            "PHASE_CANCELLING",
            "28000",
            "\"7\"",
            "2025-06-15T",
        ] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        assert!(!shown.contains("canary"), "{shown}");
    }

    #[test]
    fn what_is_no_such_event_is_not_shown() {
        let name = BookingPlaced::full_name();
        assert_eq!(event(&pool(), &name, b"canary"), None);
        assert_eq!(event(&pool(), "yemae.Unheard", b""), None);
    }
}
