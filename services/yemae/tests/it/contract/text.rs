//! Texts that match a pattern.

use rand::Rng;
use regex::Regex;
use regex_syntax::hir::{Class, Hir, HirKind};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

/// A pattern as it was read.
type Read = (Arc<Hir>, Regex);

/// Those that were read: thousands of texts are made of each.
static READ: LazyLock<Mutex<HashMap<String, Read>>> = LazyLock::new(Mutex::default);

fn read(pattern: &str) -> Read {
    let mut read = READ.lock().unwrap();
    if let Some(known) = read.get(pattern) {
        return known.clone();
    }
    let new = (
        Arc::new(regex_syntax::parse(pattern).unwrap()),
        Regex::new(pattern).unwrap(),
    );
    read.insert(pattern.to_owned(), new.clone());
    new
}

/// Whether a text matches.
pub fn matches(pattern: &str, text: &str) -> bool {
    read(pattern).1.is_match(text)
}

/// Some text that matches.
pub fn matching(pattern: &str, dice: &mut impl Rng) -> String {
    let mut text = String::new();
    add(&read(pattern).0, dice, &mut text);
    text
}

fn add(hir: &Hir, dice: &mut impl Rng, text: &mut String) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(std::str::from_utf8(&literal.0).unwrap()),
        HirKind::Class(Class::Unicode(class)) => {
            let ranges = class.ranges();
            // Mostly what people type.
            let range = if dice.random_bool(0.7) {
                0
            } else {
                dice.random_range(0..ranges.len())
            };
            let (first, last) = (
                u32::from(ranges[range].start()),
                u32::from(ranges[range].end()),
            );
            let letter = (0..).find_map(|_| char::from_u32(dice.random_range(first..=last)));
            text.push(letter.unwrap());
        }
        HirKind::Class(Class::Bytes(_)) => panic!("patterns are of characters"),
        HirKind::Repetition(repeated) => {
            let most = repeated
                .max
                .unwrap_or(repeated.min + 12)
                .min(repeated.min + 12);
            for _ in 0..dice.random_range(repeated.min..=most) {
                add(&repeated.sub, dice, text);
            }
        }
        HirKind::Capture(group) => add(&group.sub, dice, text),
        HirKind::Concat(parts) => parts.iter().for_each(|part| add(part, dice, text)),
        HirKind::Alternation(ways) => add(&ways[dice.random_range(0..ways.len())], dice, text),
    }
}
