//! Every rule that a contract has of a request's fields: what breaks one is refused with that field, what keeps all of them is
//! not. In process by the thousand, and at the real door once for each rule.

use super::asked::Door;
use super::env::Env;
use super::error::undocumented;
use super::made::{
    self, OfText, any, any_message, is_required, items, may_be_empty, one_of, plain, span,
};
use super::repeats::UNKNOWN;
use super::rpcs::{CONTRACTS, Rpc, all, find, judged, number, of_value, rules, set};
use super::table::{OK, column, conclude};
use crate::rig::{Up, directory};
use futures::StreamExt;
use prost::Message;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::time::Duration;
use tonic::Code;

/// Messages of each RPC that are judged in process.
const MANY: usize = 300;
/// That are sent.
const SOME: usize = 12;

/// A message that breaks one rule.
struct Broken {
    message: DynamicMessage,
    /// The fields that are to be told.
    fields: Vec<String>,
    rule: String,
}

/// `this.minor_units >= 1`, of a field's own message.
pub fn compared(field: &FieldDescriptor) -> Vec<(String, i64)> {
    let Some(list) = rules(field).and_then(|rules| set(&rules, "cel")) else {
        return Vec::new();
    };
    let rules = list.as_list().unwrap().iter().map(|rule| {
        let expression = set(rule.as_message().unwrap(), "expression").unwrap();
        let expression = expression.as_str().unwrap().to_owned();
        let (name, least) = expression
            .split_once(" >= ")
            .expect("the gate breaks only >=");
        let name = name.strip_prefix("this.").unwrap().to_owned();
        (name, least.parse().unwrap())
    });
    rules.collect()
}

/// Everything that breaks one rule of `base`, which keeps them all.
fn broken(base: &DynamicMessage, of: &MessageDescriptor) -> Vec<Broken> {
    let mut all = Vec::new();
    let group = one_of(of);
    for field in of.fields() {
        let mut base = base.clone();
        if group.iter().any(|name| name == field.name()) {
            group.iter().for_each(|name| base.clear_field_by_name(name));
        }
        break_field(&base, &field, &mut all);
    }
    if let [first, more @ ..] = &group[..] {
        let mut none = base.clone();
        let mut every = base.clone();
        for name in &group {
            let field = of.get_field_by_name(name).unwrap();
            none.clear_field(&field);
            every.set_field(&field, any(&field, &mut rand::rng()));
        }
        all.push(Broken {
            message: none,
            fields: group.clone(),
            rule: format!("none of {first}…"),
        });
        all.push(Broken {
            message: every,
            fields: more.to_vec(),
            rule: format!("all of {first}…"),
        });
    }
    all
}

fn break_field(base: &DynamicMessage, field: &FieldDescriptor, all: &mut Vec<Broken>) {
    let name = field.name().to_owned();
    let mut push = |value: Option<Value>, fields: String, rule: &str| {
        let mut message = base.clone();
        match value {
            Some(value) => message.set_field(field, value),
            None => message.clear_field(field),
        }
        all.push(Broken {
            message,
            fields: vec![fields],
            rule: rule.to_owned(),
        });
    };
    if is_required(field) {
        push(None, name.clone(), "required");
    }
    if field.is_list() {
        let (least, most, unique) = items(field);
        let mut dice = StdRng::seed_from_u64(1);
        let mut list = |n: usize| {
            let mut made: Vec<Value> = Vec::new();
            while made.len() < n {
                let one = any(field, &mut dice);
                if !unique || !made.contains(&one) {
                    made.push(one);
                }
            }
            made
        };
        if least > 0 {
            push(Some(Value::List(Vec::new())), name.clone(), "min_items");
        }
        push(Some(Value::List(list(most + 1))), name.clone(), "max_items");
        let two = list(2.min(most));
        if unique {
            let same = vec![two[0].clone(), two[0].clone()];
            push(Some(Value::List(same)), name.clone(), "unique");
        }
        for (wrong, inner, rule) in wrong_values(field, Some(&two[0])) {
            push(
                Some(Value::List(vec![two[0].clone(), wrong])),
                format!("{name}[1]{inner}"),
                &rule,
            );
        }
        return;
    }
    let own = base.get_field(field).into_owned();
    for (wrong, inner, rule) in wrong_values(field, Some(&own)) {
        push(Some(wrong), format!("{name}{inner}"), &rule);
    }
}

/// Values that break one rule, where in them it is broken, and which.
fn wrong_values(field: &FieldDescriptor, own: Option<&Value>) -> Vec<(Value, String, String)> {
    let plainly = |wrong: Vec<(Value, &str)>| {
        let wrong = wrong.into_iter();
        wrong
            .map(|(value, rule)| (value, String::new(), rule.to_owned()))
            .collect()
    };
    match field.kind() {
        Kind::String => plainly(wrong_texts(field)),
        Kind::Enum(_) => plainly(wrong_enums(field)),
        Kind::Bool | Kind::Bytes => Vec::new(),
        Kind::Message(of) if of.full_name() == "google.protobuf.Duration" => {
            if of_value(field).is_none() {
                return Vec::new();
            }
            let wrong = [
                (span(&of, -1, 0), "gte"),
                (span(&of, 3601, 0), "lte"),
                (span(&of, 0, -1), "gte"),
            ];
            plainly(wrong.to_vec())
        }
        Kind::Message(of) if of.package_name() == "google.protobuf" => Vec::new(),
        Kind::Message(of) => {
            let own = own
                .and_then(Value::as_message)
                .filter(|own| own.fields().next().is_some());
            let base = own
                .cloned()
                .unwrap_or_else(|| any_message(&of, &mut StdRng::seed_from_u64(2)));
            let inner = broken(&base, &of).into_iter();
            let mut wrong: Vec<_> = inner
                .map(|inner| {
                    let at = format!(".{}", inner.fields[0]);
                    (Value::Message(inner.message), at, inner.rule)
                })
                .collect();
            for (name, least) in compared(field) {
                let mut low = base.clone();
                low.set_field_by_name(&name, Value::I64(least - 1));
                wrong.push((Value::Message(low), format!(".{name}"), "cel".to_owned()));
            }
            wrong
        }
        _ => plainly(wrong_numbers(field)),
    }
}

fn wrong_texts(field: &FieldDescriptor) -> Vec<(Value, &'static str)> {
    let rule = OfText::of(field);
    let mut wrong = Vec::new();
    if rule.uuid {
        wrong.push(("no-uuid".to_owned(), "uuid"));
    }
    if !rule.one_of.is_empty() {
        wrong.push(("zz".to_owned(), "in"));
    }
    if rule.least > 0 {
        wrong.push(("x".repeat(rule.least - 1), "min_len"));
    }
    if rule.one_of.is_empty() && !rule.uuid {
        wrong.push(("x".repeat(rule.most + 1), "max_len"));
    }
    if let Some(pattern) = &rule.pattern {
        let odd = ["\u{7f}", "\n", "é\u{1}", " ", "~~~", "zz"];
        let odd = odd
            .into_iter()
            .filter(|odd| !super::text::matches(pattern, odd));
        wrong.extend(odd.map(|odd| (odd.to_owned(), "pattern")));
    }
    let wrong = wrong
        .into_iter()
        .filter(|(text, _)| !text.is_empty() || !may_be_empty(field));
    wrong
        .map(|(text, rule)| (Value::String(text), rule))
        .collect()
}

fn wrong_enums(field: &FieldDescriptor) -> Vec<(Value, &'static str)> {
    let Some(said) = of_value(field) else {
        return Vec::new();
    };
    let mut wrong = vec![
        (Value::EnumNumber(9_999), "defined_only"),
        (Value::EnumNumber(-1), "defined_only"),
    ];
    let out = set(&said, "not_in");
    for n in out.as_ref().and_then(Value::as_list).unwrap_or_default() {
        let n = i32::try_from(number(n).unwrap()).unwrap();
        wrong.push((Value::EnumNumber(n), "not_in"));
    }
    wrong
}

fn wrong_numbers(field: &FieldDescriptor) -> Vec<(Value, &'static str)> {
    if of_value(field).is_none() {
        return Vec::new();
    }
    let (least, most) = made::range(field);
    let is_long = matches!(field.kind(), Kind::Int64 | Kind::Sint64);
    let wrong = [
        (least.checked_sub(1), "at least"),
        (most.checked_add(1), "at most"),
    ];
    let value = |n: i64| {
        if is_long {
            Some(Value::I64(n))
        } else {
            i32::try_from(n).ok().map(Value::I32)
        }
    };
    let wrong = wrong.into_iter();
    wrong
        .filter_map(|(n, rule)| Some((value(n?)?, rule)))
        .collect()
}

/// The plain message of an RPC with everything in it, so that each field's rules are there to be broken.
fn full(rpc: &Rpc) -> DynamicMessage {
    let mut message = plain(&rpc.input(), &Env::new(0));
    let mut dice = StdRng::seed_from_u64(3);
    let group = one_of(&rpc.input());
    for field in rpc.input().fields() {
        if !message.has_field(&field)
            && !field.is_list()
            && !group.contains(&field.name().to_owned())
        {
            message.set_field(&field, any(&field, &mut dice));
        }
    }
    if let Some(first) = group.first() {
        let field = rpc.input().get_field_by_name(first).unwrap();
        message.set_field(&field, any(&field, &mut dice));
    }
    message
}

fn verdict(rpc: &Rpc, bytes: &[u8]) -> Vec<String> {
    match CONTRACTS.check(&rpc.method.path, bytes) {
        Ok(()) => Vec::new(),
        Err(no) if no.violations.is_empty() => vec![no.to_string()],
        Err(no) => {
            let wrong = no.violations.into_iter();
            each_once(wrong.map(|wrong| wrong.field).collect())
        }
    }
}

/// A field that breaks several rules is told by each of them.
fn each_once(mut fields: Vec<String>) -> Vec<String> {
    fields.dedup();
    fields
}

/// Why the check of rules says nothing of an RPC.
fn without_rules(rpc: &Rpc, rules: usize) -> String {
    match rules {
        0 if rpc.input().fields().len() == 0 => "n/a: its request has no fields".to_owned(),
        0 => "n/a: none of its fields has a rule".to_owned(),
        rules => format!("{OK} ({rules})"),
    }
}

#[test]
fn every_rule_is_kept_and_told() {
    let mut dice = StdRng::seed_from_u64(11);
    let (mut cells, mut wrong, mut judged) = (Vec::new(), Vec::new(), 0);
    for rpc in all() {
        for _ in 0..MANY {
            let message = any_message(&rpc.input(), &mut dice);
            let told = verdict(&rpc, &message.encode_to_vec());
            if !told.is_empty() {
                wrong.push(format!("{}: refused {told:?} of {message}", rpc.name()));
                break;
            }
            judged += 1;
        }
        let broken = broken(&full(&rpc), &rpc.input());
        for broken in &broken {
            let told = verdict(&rpc, &broken.message.encode_to_vec());
            if told != broken.fields {
                let (rule, message) = (&broken.rule, &broken.message);
                let expected = &broken.fields;
                wrong.push(format!(
                    "{}: {rule} of {expected:?} told as {told:?}: {message}",
                    rpc.name()
                ));
            }
            judged += 1;
        }
        let cell = without_rules(&rpc, broken.len());
        cells.push((rpc, cell));
    }
    println!("{judged} messages judged");
    conclude("3-rules", &cells, &wrong);
}

/// Whether a field, or one that it is in, is one that only its context can judge.
fn is_judged(of: &MessageDescriptor, path: &str) -> bool {
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    let name = first.split('[').next().unwrap_or_default();
    let Some(field) = of.get_field_by_name(name) else {
        return false;
    };
    let inner = field.kind();
    let deeper = || {
        inner
            .as_message()
            .is_some_and(|inner| is_judged(inner, rest))
    };
    judged(&field).is_some() || deeper()
}

#[tokio::test]
async fn the_door_tells_every_rule_and_asks_for_no_more() {
    let data = directory();
    let mesh = Up::on_files(data.path(), &[]);
    let door = Door::of(&mesh);
    let checks = all().into_iter().map(|rpc| at_the_door(door.clone(), rpc));
    let checked: Vec<_> = futures::stream::iter(checks)
        .buffer_unordered(4)
        .collect()
        .await;
    let (mut cells, mut wrong) = (Vec::new(), Vec::new());
    for (rpc, cell, faults) in checked {
        cells.push((find(&rpc.method.path), cell));
        wrong.extend(faults);
    }
    cells.sort_by(|(a, _), (b, _)| a.name().cmp(b.name()));
    conclude("9-documented errors", &every_ok(), &undocumented());
    conclude("4-rules at the door", &cells, &wrong);
    column("9-unknown fields", &every_ok());
    assert!(mesh.stop());
}

fn every_ok() -> Vec<(Rpc, String)> {
    all().into_iter().map(|rpc| (rpc, OK.to_owned())).collect()
}

async fn at_the_door(door: Door, rpc: Rpc) -> (Rpc, String, Vec<String>) {
    let who = Door::whom(&rpc, "rules");
    let mut wrong = Vec::new();
    let broken = broken(&full(&rpc), &rpc.input());
    for broken in &broken {
        let no = door
            .raw(&rpc, &who, broken.message.encode_to_vec())
            .await
            .err();
        let told = no.map_or_else(Vec::new, |no| each_once(no.fields));
        if told != broken.fields {
            let (rule, expected) = (&broken.rule, &broken.fields);
            wrong.push(format!(
                "{}: {rule} of {expected:?} told as {told:?}",
                rpc.name()
            ));
        }
    }
    let mut dice = StdRng::seed_from_u64(dice_of(&rpc));
    let patience = Duration::from_millis(400);
    for _ in 0..SOME {
        let message = any_message(&rpc.input(), &mut dice);
        let answer = door
            .within(&rpc, &who, message.encode_to_vec(), patience)
            .await;
        let Err(no) = answer else { continue };
        let is_fine = match no.code {
            Code::InvalidArgument => {
                let unjudged = no
                    .fields
                    .iter()
                    .find(|field| !is_judged(&rpc.input(), field));
                unjudged.is_none() && !no.fields.is_empty()
            }
            code => !matches!(code, Code::Internal | Code::Unknown | Code::DataLoss),
        };
        if !is_fine {
            wrong.push(format!(
                "{}: {no:?} of {message}, which keeps the rules",
                rpc.name()
            ));
            break;
        }
    }
    // What it does not know it reads over.
    let plain = full(&rpc).encode_to_vec();
    let mut told = Vec::new();
    for message in [[&plain, UNKNOWN].concat(), plain] {
        let answer = door.within(&rpc, &who, message, patience).await;
        told.push(answer.err().map(|no| no.code));
    }
    let is_unread = |code: &Option<Code>| *code == Some(Code::InvalidArgument);
    if is_unread(&told[0]) != is_unread(&told[1]) {
        wrong.push(format!(
            "{}: {told:?} with and without an unknown field",
            rpc.name()
        ));
    }
    let cell = without_rules(&rpc, broken.len());
    (rpc, cell, wrong)
}

fn dice_of(rpc: &Rpc) -> u64 {
    let mut dice = StdRng::seed_from_u64(rpc.name().len() as u64);
    dice.random()
}
