//! What somebody might send by mistake or on purpose, the same by the same seed.

use crate::rig::ID;
use prost_reflect::{Kind, MessageDescriptor};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Texts that readers of texts stumble over.
const ODD: [&str; 24] = [
    "",
    " ",
    "0",
    "-1",
    "9223372036854775808",
    "1e400",
    "NaN",
    "null",
    "true",
    "9999-99-99T99:99:99Z",
    "0000-12-31T23:59:59.9999999999Z",
    "1e9s",
    "-315576000001s",
    "a,,b.c.",
    "가나다라마바사아자차카타파하가나다라마바사아자차카타파하",
    "\u{202e}\u{0}\u{ffff}",
    "../../..",
    "%00%ff",
    "====",
    "PHASE_NOBODY",
    "KRW",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "\"",
    ID,
];

/// A sequence of numbers: xorshift64*.
pub struct Dice(u64);

impl Dice {
    pub fn of(seed: u64, what: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        (seed, what).hash(&mut hasher);
        Self(hasher.finish() | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    pub fn below(&mut self, most: usize) -> usize {
        (self.next() % most as u64) as usize
    }

    pub fn bytes(&mut self, most: usize) -> Vec<u8> {
        (0..self.below(most)).map(|_| self.next() as u8).collect()
    }

    fn odd(&mut self) -> String {
        match self.below(8) {
            0 => ODD[14].repeat(self.below(40)),
            1 => String::from_utf8_lossy(&self.bytes(60)).into_owned(),
            _ => ODD[self.below(ODD.len())].to_owned(),
        }
    }

    /// Sometimes with a byte changed, or without its end.
    pub fn mangled(&mut self, mut bytes: Vec<u8>) -> Vec<u8> {
        if !bytes.is_empty() {
            let at = self.below(bytes.len());
            match self.below(6) {
                0 => bytes[at] = self.next() as u8,
                1 => bytes.truncate(at),
                2 => bytes = self.bytes(200),
                _ => {}
            }
        }
        bytes
    }

    /// A message as gRPC frames it, or nearly.
    pub fn frame(&mut self) -> Vec<u8> {
        let message = self.bytes(100);
        let mut frame = vec![0];
        frame.extend((message.len() as u32).to_be_bytes());
        frame.extend(message);
        self.mangled(frame)
    }

    /// A header's value.
    pub fn value(&mut self) -> http::HeaderValue {
        let value = match self.below(3) {
            0 => self.bytes(40),
            _ => self.odd().into_bytes(),
        };
        http::HeaderValue::from_bytes(&value)
            .unwrap_or_else(|_| http::HeaderValue::from_static("x"))
    }

    /// A path that the template matches, or nearly, with a query or without.
    pub fn path(&mut self, template: &str) -> String {
        let mut path = String::new();
        for (n, piece) in template.split('{').enumerate() {
            let (_, rest) = if n == 0 {
                ("", piece)
            } else {
                piece.split_once('}').unwrap()
            };
            if n > 0 {
                path += &match self.below(3) {
                    0 => ID.to_owned(),
                    _ => escaped(self.odd().as_bytes()),
                };
            }
            path += rest;
        }
        match self.below(3) {
            0 => {
                let keys = ["page_size", "pageToken", "systems", "a.b", "request_id", ""];
                let key = keys[self.below(keys.len())].to_owned();
                format!(
                    "{path}?{key}={}&{}",
                    escaped(self.odd().as_bytes()),
                    escaped(&self.bytes(20))
                )
            }
            _ => path,
        }
    }

    /// JSON of a message with some of these fields, of any type.
    pub fn json(&mut self, message: &MessageDescriptor) -> String {
        self.object(message, 4)
    }

    fn object(&mut self, message: &MessageDescriptor, deep: usize) -> String {
        let mut members = Vec::new();
        for field in message.fields() {
            if self.below(3) == 0 {
                continue;
            }
            let kind = field.kind();
            let inner = kind.as_message().filter(|_| deep > 0);
            let mut value = match (inner, kind.clone()) {
                (Some(inner), _) if self.below(4) > 0 => self.object(inner, deep - 1),
                (_, Kind::Int32 | Kind::Int64 | Kind::Uint32) if self.below(2) == 0 => {
                    "7".to_owned()
                }
                (_, Kind::Bool) if self.below(2) == 0 => "true".to_owned(),
                _ => self.any(3),
            };
            if field.is_list() && self.below(4) > 0 {
                value = format!("[{value},{value}]");
            }
            let name = if self.below(2) == 0 {
                field.name()
            } else {
                field.json_name()
            };
            members.push(format!("{}:{value}", serde_json::json!(name)));
        }
        format!("{{{}}}", members.join(","))
    }

    fn any(&mut self, deep: usize) -> String {
        match self.below(if deep == 0 { 5 } else { 8 }) {
            0 => ["null", "true", "-0", "1e999", "18446744073709551616", "0.1"][self.below(6)]
                .to_owned(),
            1..5 => serde_json::json!(self.odd()).to_string(),
            5 => format!("[{}]", self.any(deep - 1)),
            6 => "[".repeat(self.below(300)) + &"]".repeat(self.below(300)),
            _ => format!(
                "{{{}:{}}}",
                serde_json::json!(self.odd()),
                self.any(deep - 1)
            ),
        }
    }
}

/// Every byte that is no letter or digit as a path spells it.
fn escaped(bytes: &[u8]) -> String {
    let spell = |byte: &u8| match byte {
        plain if plain.is_ascii_alphanumeric() => char::from(*plain).to_string(),
        other => format!("%{other:02X}"),
    };
    bytes.iter().map(spell).collect()
}
