//! Every rule that a contract has of a request's fields: what breaks one is refused with that field, what keeps all of them is
//! not. In process by the thousand, and at the real door once for each rule.

use super::asked::Door;
use super::broken::broken;
use super::env::Env;
use super::error::undocumented;
use super::made::{any, any_message, one_of, plain};
use super::repeats::UNKNOWN;
use super::rpcs::{CONTRACTS, Rpc, all, find, judged};
use super::table::{OK, column, conclude};
use crate::rig::{Up, directory};
use futures::StreamExt;
use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::time::Duration;
use tonic::Code;

/// Messages of each RPC that are judged in process.
const MANY: usize = 300;
/// That are sent.
const SOME: usize = 12;

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
