//! Protobuf on the wire, as far as rules are judged by it.

use prost_reflect::Kind;

/// What gRPC puts before a message: a flag and its length in four bytes.
const PREFIX: usize = 5;

/// The bytes are no message of this kind.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// The one message in a body, if it is whole and not compressed.
pub(crate) fn message_of(body: &[u8]) -> Option<&[u8]> {
    let (prefix, message) = body.split_at_checked(PREFIX)?;
    let (flag, length) = prefix.split_first()?;
    let length = u32::from_be_bytes(length.try_into().ok()?);
    let message = message.get(..usize::try_from(length).ok()?)?;
    (*flag == 0).then_some(message)
}

/// What stands for a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    /// Enums, too.
    Int32,
    Int64,
    Uint32,
    Sint32,
    Sint64,
    Bool,
    /// Four or eight bytes, which no rule asks for.
    Fixed32,
    Fixed64,
    Text,
    Bytes,
    Message,
}

/// What has come.
pub(super) enum Came<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    Four,
    Eight,
}

impl Wire {
    pub(super) fn of(kind: &Kind) -> Self {
        match kind {
            Kind::Int32 | Kind::Enum(_) => Self::Int32,
            Kind::Int64 | Kind::Uint64 => Self::Int64,
            Kind::Uint32 => Self::Uint32,
            Kind::Sint32 => Self::Sint32,
            Kind::Sint64 => Self::Sint64,
            Kind::Bool => Self::Bool,
            Kind::Fixed32 | Kind::Sfixed32 | Kind::Float => Self::Fixed32,
            Kind::Fixed64 | Kind::Sfixed64 | Kind::Double => Self::Fixed64,
            Kind::String => Self::Text,
            Kind::Bytes => Self::Bytes,
            Kind::Message(_) => Self::Message,
        }
    }

    /// It is a varint.
    pub(super) fn is_number(self) -> bool {
        matches!(
            self,
            Self::Int32 | Self::Int64 | Self::Uint32 | Self::Sint32 | Self::Sint64 | Self::Bool
        )
    }

    /// What a varint means: too long a one is cut, as generated code does it.
    pub(super) fn number(self, varint: u64) -> i64 {
        let zigzag = |n: u64| (n >> 1) as i64 ^ -((n & 1) as i64);
        match self {
            Self::Int32 => i64::from(varint as i32),
            Self::Uint32 => i64::from(varint as u32),
            Self::Sint32 => zigzag(u64::from(varint as u32)),
            Self::Sint64 => zigzag(varint),
            Self::Bool => i64::from(varint != 0),
            _ => varint as i64,
        }
    }
}

/// The next field of a message, which is not empty: its number and what stands in it.
pub(super) fn next<'a>(message: &mut &'a [u8]) -> Result<(u32, Came<'a>), Malformed> {
    let key = u32::try_from(varint(message)?).map_err(|_| Malformed)?;
    let number = key >> 3;
    if number == 0 {
        return Err(Malformed);
    }
    let came = match key & 7 {
        0 => Came::Varint(varint(message)?),
        1 => cut(message, 8).map(|_| Came::Eight)?,
        2 => {
            let length = usize::try_from(varint(message)?).map_err(|_| Malformed)?;
            Came::Bytes(cut(message, length)?)
        }
        5 => cut(message, 4).map(|_| Came::Four)?,
        // Groups: proto3 has none.
        _ => return Err(Malformed),
    };
    Ok((number, came))
}

/// The number in a field of a message; 0 when it is not given.
pub(super) fn number_in(mut message: &[u8], wanted: u32, wire: Wire) -> Result<i64, Malformed> {
    let mut found = 0;
    while !message.is_empty() {
        if let (number, Came::Varint(varint)) = next(&mut message)?
            && number == wanted
        {
            found = wire.number(varint);
        }
    }
    Ok(found)
}

fn cut<'a>(message: &mut &'a [u8], length: usize) -> Result<&'a [u8], Malformed> {
    let (cut, rest) = message.split_at_checked(length).ok_or(Malformed)?;
    *message = rest;
    Ok(cut)
}

pub(super) fn varint(message: &mut &[u8]) -> Result<u64, Malformed> {
    let mut number = 0;
    for shift in (0..70).step_by(7) {
        let (byte, rest) = message.split_first().ok_or(Malformed)?;
        *message = rest;
        // The tenth byte has room for one bit.
        if shift == 63 && *byte > 1 {
            return Err(Malformed);
        }
        number |= u64::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            return Ok(number);
        }
    }
    Err(Malformed)
}
