//! Who was generated from the last release's contracts, and what was stored by them, against these: both understand each
//! other.

use super::images::{bytes, list, named, now, pool, released};
use super::rpcs::all;
use super::table::{OK, conclude};
use prost::Message;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value,
};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::BTreeMap;

/// Messages of each kind, each way.
const MANY: usize = 40;
const DEEPEST: usize = 5;
const OURS: &str = "yemae.";
const BANK: &str = "yemae.payment.v1.";

/// Anything that a message can hold, whatever its rules: what is stored may be older than they are.
fn anything(of: &MessageDescriptor, depth: usize, dice: &mut StdRng) -> DynamicMessage {
    let mut message = DynamicMessage::new(of.clone());
    for field in of.fields().filter(|field| !field.is_map()) {
        if dice.random_bool(0.3) {
            continue;
        }
        if field.is_list() {
            let items = (0..dice.random_range(0..3)).filter_map(|_| value(&field, depth, dice));
            message.set_field(&field, Value::List(items.collect()));
        } else if let Some(value) = value(&field, depth, dice) {
            message.set_field(&field, value);
        }
    }
    message
}

fn value(field: &FieldDescriptor, depth: usize, dice: &mut StdRng) -> Option<Value> {
    Some(match field.kind() {
        Kind::Double => Value::F64(f64::from(dice.random::<i32>())),
        Kind::Float => Value::F32(f32::from(dice.random::<i16>())),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(dice.random()),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(dice.random()),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(dice.random()),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(dice.random()),
        Kind::Bool => Value::Bool(dice.random()),
        Kind::String => Value::String(format!("가 {}", dice.random::<u32>())),
        Kind::Bytes => Value::Bytes(dice.random::<[u8; 4]>().to_vec().into()),
        Kind::Enum(of) => {
            let values: Vec<_> = of.values().collect();
            Value::EnumNumber(values[dice.random_range(0..values.len())].number())
        }
        Kind::Message(of) if depth < DEEPEST => Value::Message(anything(&of, depth + 1, dice)),
        Kind::Message(_) => return None,
    })
}

/// What is lost or changed when a message goes from the one to the other and back.
fn differs(
    one: &MessageDescriptor,
    other: &MessageDescriptor,
    dice: &mut StdRng,
) -> Option<String> {
    for _ in 0..MANY {
        // As it comes from the wire, where a zero that is set is none.
        let bytes = anything(one, 0, dice).encode_to_vec();
        let message = DynamicMessage::decode(one.clone(), bytes.as_slice()).unwrap();
        let Ok(there) = DynamicMessage::decode(other.clone(), message.encode_to_vec().as_slice())
        else {
            return Some(format!("{} is not understood: {message}", one.full_name()));
        };
        // By names, as people and JSON know them; what the other does not know it keeps.
        let same = message.fields().all(|(field, value)| {
            let found = other.get_field(field.number());
            found.is_none_or(|found| {
                let names = found.name() == field.name() && found.json_name() == field.json_name();
                names && same(value, &there.get_field(&found))
            })
        });
        let back = DynamicMessage::decode(one.clone(), there.encode_to_vec().as_slice());
        if !same || back.as_ref() != Ok(&message) {
            return Some(format!(
                "{} means something else: {message}",
                one.full_name()
            ));
        }
    }
    None
}

/// The same values under the same names, as far as both know them.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Message(one), Value::Message(other)) => one.fields().all(|(field, value)| {
            let of = prost_reflect::ReflectMessage::descriptor(other);
            let found = of.get_field(field.number());
            found.is_none_or(|found| {
                found.name() == field.name() && same(value, &other.get_field(&found))
            })
        }),
        (Value::List(one), Value::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (one, other) => one == other,
    }
}

/// Everything below the package `of` that does not fit between two images, both ways, by its name.
fn misfits(old: &DescriptorPool, new: &DescriptorPool, of: &str) -> BTreeMap<String, String> {
    let mut dice = StdRng::seed_from_u64(5);
    let mut found = BTreeMap::new();
    for then in old
        .all_messages()
        .filter(|own| own.full_name().starts_with(of))
    {
        let name = then.full_name().to_owned();
        let wrong = match new.get_message_by_name(&name) {
            None => Some(format!("{name} is gone")),
            Some(now) => {
                differs(&then, &now, &mut dice).or_else(|| differs(&now, &then, &mut dice))
            }
        };
        found.extend(wrong.map(|wrong| (name, wrong)));
    }
    for then in old.services().filter(|own| own.full_name().starts_with(of)) {
        let now = new.get_service_by_name(then.full_name());
        for method in then.methods() {
            let same = now
                .as_ref()
                .and_then(|now| now.methods().find(|own| own.name() == method.name()));
            let is_same = same.is_some_and(|same| {
                same.input().full_name() == method.input().full_name()
                    && same.output().full_name() == method.output().full_name()
                    && same.is_server_streaming() == method.is_server_streaming()
            });
            if !is_same {
                found.insert(
                    method.full_name().to_owned(),
                    format!("{} is another", method.full_name()),
                );
            }
        }
    }
    found
}

#[test]
fn the_last_release_and_this_one_understand_each_other() {
    let (version, then) =
        released().unwrap_or_else(|| ("none yet, itself".to_owned(), bytes(&now())));
    let (old, new) = (pool(&then), pool(proto::DESCRIPTORS));
    let wrong: Vec<_> = misfits(&old, &new, OURS).into_values().collect();
    let cells = all().into_iter().map(|rpc| {
        let service = old.get_service_by_name(rpc.descriptor.parent_service().full_name());
        let was =
            service.is_some_and(|own| own.methods().any(|own| own.name() == rpc.descriptor.name()));
        let cell = if was {
            OK.to_owned()
        } else {
            format!("n/a: not in {version}")
        };
        (rpc, cell)
    });
    let cells: Vec<_> = cells.collect();
    println!("against the release {version}");
    conclude("8-last release", &cells, &wrong);
}

#[test]
fn what_would_be_misunderstood_is_found() {
    type Change = fn(&mut DynamicMessage);
    fn field<'a>(file: &'a mut DynamicMessage, name: &str) -> &'a mut DynamicMessage {
        named(named(file, "message_type", "Payment"), "field", name)
    }
    let changes: [(&str, Change); 5] = [
        // Zigzag, and the wire does not tell.
        ("a number read in another way", |file| {
            field(file, "version").set_field_by_name("type", Value::EnumNumber(18));
        }),
        ("a text that became bytes of a message", |file| {
            let id = field(file, "order_id");
            id.set_field_by_name("type", Value::EnumNumber(11));
            id.set_field_by_name(
                "type_name",
                Value::String(".yemae.shared.v1.Money".to_owned()),
            );
        }),
        ("two fields that changed places", |file| {
            field(file, "order_id").set_field_by_name("number", Value::I32(3));
            field(file, "context").set_field_by_name("number", Value::I32(2));
        }),
        ("another name", |file| {
            let field = field(file, "charge_key");
            field.set_field_by_name("name", Value::String("key".to_owned()));
            field.set_field_by_name("json_name", Value::String("key".to_owned()));
        }),
        ("an RPC that is gone", |file| {
            list(named(file, "service", "PaymentService"), "method").remove(0);
        }),
    ];
    let old = pool(proto::DESCRIPTORS);
    assert_eq!(misfits(&old, &old, BANK), BTreeMap::new());
    for (what, change) in changes {
        let mut image = now();
        change(named(&mut image, "file", "yemae/payment/v1/payment.proto"));
        let found = misfits(&old, &pool(&bytes(&image)), BANK);
        let is_it = found
            .keys()
            .any(|name| name.starts_with("yemae.payment.v1.Payment"));
        assert!(is_it, "{what}: {found:?}");
    }
}
