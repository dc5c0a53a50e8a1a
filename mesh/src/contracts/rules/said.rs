//! What the options of a field say, read so that nothing they say goes unread.

use prost_reflect::{DynamicMessage, ReflectMessage, Value};

/// An error unless only these fields are set: what else is said would not be kept.
pub(super) fn only(said: &DynamicMessage, known: &[&str]) -> Result<(), String> {
    let fields = said.fields().map(|(field, _)| field.name().to_owned());
    let extensions = said.extensions().map(|(own, _)| own.full_name().to_owned());
    let unknown = fields
        .chain(extensions)
        .find(|name| !known.contains(&name.as_str()));
    let of = said.descriptor().name().to_owned();
    if let Some(unknown) = unknown {
        return Err(format!(
            "says {unknown} in {of}, which is not understood here"
        ));
    }
    if said.unknown_fields().next().is_some() {
        return Err(format!("says something in {of} that nobody knows"));
    }
    Ok(())
}

/// A value that is set.
pub(super) fn value<'a>(said: &'a DynamicMessage, field: &str) -> Option<&'a Value> {
    let mut set = said.fields();
    set.find_map(|(known, value)| (known.name() == field).then_some(value))
}

/// A whole number, of whatever width.
pub(super) fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::I32(n) | Value::EnumNumber(n) => Some(i64::from(*n)),
        Value::I64(n) => Some(*n),
        Value::U32(n) => Some(i64::from(*n)),
        Value::U64(n) => i64::try_from(*n).ok(),
        _ => None,
    }
}

/// An amount of characters or items.
pub(super) fn amount(said: &DynamicMessage, field: &str) -> Option<usize> {
    usize::try_from(whole(value(said, field)?)?).ok()
}

pub(super) fn is_true(said: &DynamicMessage, field: &str) -> bool {
    value(said, field).and_then(Value::as_bool) == Some(true)
}

/// A `google.protobuf.Duration`, ns.
pub(super) fn nanos(value: &Value) -> Option<i128> {
    let message = value.as_message()?;
    let part = |name: &str| {
        let part = message.get_field_by_name(name)?;
        whole(&part).map(i128::from)
    };
    Some(part("seconds")? * 1_000_000_000 + part("nanos")?)
}
