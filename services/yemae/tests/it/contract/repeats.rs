//! Whatever changes something may be asked for again: what creates answers the same bytes, what changes has no second effect.

use super::asked::{Door, Who};
use super::effects::at_rest;
use super::env::Env;
use super::kept::{Kept, again};
use super::made::any;
use super::rpcs::{Rpc, all};
use super::table::{OK, conclude};
use super::ways::{Ground, each};
use crate::rig::{Up, directory};
use futures::future::join_all;
use prost::Message;
use prost_reflect::{DynamicMessage, Value};
use std::collections::BTreeSet;
use tonic::Code;

/// How often each creating request is sent at once.
const AT_ONCE: usize = 6;
/// How often a way is walked: another's may cross it, as when its driver is given to somebody else.
const WALKS: usize = 3;
/// A field that no contract has, and what stands in it: whoever does not know it reads over it.
pub const UNKNOWN: &[u8] = &[0xfa, 0xf1, 0x04, 3, b'n', b'e', b'w'];

fn with_unknown(message: &[u8]) -> Vec<u8> {
    [message, UNKNOWN].concat()
}

/// Where ways are walked.
pub fn ground(up: &Up) -> Ground {
    Ground {
        door: Door::of(up),
        data: up.data.clone(),
    }
}

/// Makes what the RPC makes or changes what it changes, once its way is walked.
async fn first(ground: Ground, rpc: Rpc) -> Result<Kept, String> {
    let mut last = String::new();
    for _ in 0..WALKS {
        let env = match ground.walk_to(&rpc).await {
            Ok(env) => env,
            Err(why) => {
                last = why;
                continue;
            }
        };
        let message = ground.message(&rpc, &env);
        let made = match rpc.creates() {
            true => created(&ground, &rpc, &env, &message).await,
            false => {
                let answer = ground.until_ok(&rpc, &env, &message).await;
                answer.map_err(|no| format!("{no:?} of {message}"))
            }
        };
        match made {
            Ok(answer) => {
                let who = Door::whom(&rpc, &env.end());
                let message = message.encode_to_vec();
                return Ok(Kept {
                    rpc,
                    who,
                    message,
                    answer,
                    env,
                });
            }
            Err(why) => last = why,
        }
    }
    Err(format!("{}: {last}", rpc.name()))
}

/// A try that breaks a rule, then many at once, then another body.
async fn created(
    ground: &Ground,
    rpc: &Rpc,
    env: &Env,
    message: &DynamicMessage,
) -> Result<Vec<u8>, String> {
    let who = Door::whom(rpc, &env.end());
    let others: Vec<_> = rpc
        .input()
        .fields()
        .filter(|field| field.name() != "request_id")
        .collect();
    let mut empty = DynamicMessage::new(rpc.input());
    let id = message
        .get_field_by_name("request_id")
        .unwrap()
        .into_owned();
    empty.set_field_by_name("request_id", id);
    if !others.is_empty() {
        let failed = ground.door.raw(rpc, &who, empty.encode_to_vec()).await;
        let code = failed.err().map(|no| no.code);
        if code != Some(Code::InvalidArgument) {
            return Err(format!(
                "a request with nothing in it was answered {code:?}"
            ));
        }
    }
    // What comes before may not have been heard of yet; nobody else asks meanwhile.
    let first = ground.until_ok(rpc, env, message).await;
    let first = first.map_err(|no| format!("{no:?} of {message}"))?;
    let again = (0..AT_ONCE).map(|n| {
        let plain = message.encode_to_vec();
        let bytes = if n % 2 == 0 {
            plain
        } else {
            with_unknown(&plain)
        };
        ground.door.patiently(rpc, &who, bytes)
    });
    for answer in join_all(again).await {
        let answer = answer.map_err(|no| format!("again: {no:?}"))?;
        if answer != first {
            return Err("the same request was answered in other bytes".to_owned());
        }
    }
    if !others.is_empty() {
        another_body(ground, rpc, &who, message).await?;
    }
    Ok(first)
}

async fn another_body(
    ground: &Ground,
    rpc: &Rpc,
    who: &Who,
    message: &DynamicMessage,
) -> Result<(), String> {
    for field in rpc
        .input()
        .fields()
        .filter(|field| field.name() != "request_id")
    {
        for _ in 0..3 {
            let mut other = message.clone();
            let value = any(&field, &mut rand::rng());
            let value = if field.is_list() {
                Value::List(vec![value])
            } else {
                value
            };
            other.set_field(&field, value);
            if other == *message {
                continue;
            }
            match ground.door.patiently(rpc, who, other.encode_to_vec()).await {
                Ok(_) => return Err(format!("another body was taken under the same id: {other}")),
                Err(no) if no.fields.iter().any(|field| field == "request_id") => return Ok(()),
                Err(_) => {}
            }
        }
    }
    Err("another body was not refused for its request_id".to_owned())
}

/// The same, sent many times at once by somebody who has not heard the first answer.
async fn at_once(ground: Ground, rpc: Rpc) -> Result<Kept, String> {
    let mut last = String::new();
    for _ in 0..WALKS {
        let walked = async {
            let env = ground.walk_to(&rpc).await?;
            let message = ground.message(&rpc, &env);
            let who = Door::whom(&rpc, &env.end());
            let calls = (0..AT_ONCE).map(|_| ground.until_ok(&rpc, &env, &message));
            let answers: Result<Vec<_>, _> = join_all(calls).await.into_iter().collect();
            let answers = answers.map_err(|no| format!("at once: {no:?}"))?;
            let different: BTreeSet<_> = answers.iter().collect();
            if different.len() > 1 {
                return Err(format!("{} different answers at once", different.len()));
            }
            let (answer, message) = (answers[0].clone(), message.encode_to_vec());
            Ok(Kept {
                rpc: rpc.clone(),
                who,
                message,
                answer,
                env,
            })
        };
        match walked.await {
            Ok(kept) => return Ok(kept),
            Err(why) => last = why,
        }
    }
    Err(format!("{}: {last}", rpc.name()))
}

fn split(results: Vec<Result<Kept, String>>) -> (Vec<Kept>, Vec<String>) {
    let (mut kept, mut wrong) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(one) => kept.push(one),
            Err(why) => wrong.push(why),
        }
    }
    (kept, wrong)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_creates_answers_the_same_bytes_for_ever() {
    let data = directory();
    let mesh = Up::on_files(data.path(), &[]);
    let creating: Vec<_> = all().into_iter().filter(Rpc::creates).collect();
    let own = ground(&mesh);
    let one_by_one = each(creating.clone(), |rpc| first(own.clone(), rpc)).await;
    let together = each(creating, |rpc| at_once(own.clone(), rpc)).await;
    let (kept, mut wrong) = split(one_by_one.into_iter().chain(together).collect());

    // All at once, as a power cut would.
    mesh.kill();
    let mesh = Up::on_files(data.path(), &[]);
    let door = Door::of(&mesh);
    for Kept {
        rpc,
        who,
        message,
        answer,
        ..
    } in &kept
    {
        for message in [message.clone(), with_unknown(message)] {
            match door.patiently(rpc, who, message).await {
                Ok(again) if again == *answer => {}
                Ok(_) => wrong.push(format!("{}: other bytes after a restart", rpc.name())),
                Err(no) => wrong.push(format!("{}: {no:?} after a restart", rpc.name())),
            }
        }
    }
    wrong.extend(super::error::undocumented());
    let cells = all().into_iter().map(|rpc| {
        let cell = if rpc.creates() {
            OK
        } else {
            "n/a: no request_id"
        };
        (rpc, cell.to_owned())
    });
    conclude("5-same bytes", &cells.collect::<Vec<_>>(), &wrong);
    assert!(mesh.stop());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changes_has_no_second_effect() {
    let data = directory();
    let mesh = Up::on_files(data.path(), &[]);
    // What only reads is asked for, too: its way has to be there, and it tells the same twice.
    let changing = all().into_iter().filter(|rpc| !rpc.creates());
    let own = ground(&mesh);
    let firsts = each(changing.collect(), |rpc| first(own.clone(), rpc)).await;
    let (kept, mut wrong) = split(firsts);
    let before = at_rest(data.path()).await;
    for kept in &kept {
        let second = again(&own.door, kept, kept.message.clone()).await;
        let third = again(&own.door, kept, with_unknown(&kept.message)).await;
        match (second, third) {
            (Ok(second), Ok(third)) if second == third => {}
            (Ok(second), Ok(third)) => {
                wrong.push(format!("{}: {second:?}, then {third:?}", kept.rpc.name()));
            }
            (Err(why), _) | (_, Err(why)) => wrong.push(format!("{}: {why}", kept.rpc.name())),
        }
    }
    let after = at_rest(data.path()).await;
    for (context, effect) in after.difference(&before) {
        let by = kept.iter().filter(|kept| {
            let ids = [
                "order_id",
                "movie_id",
                "store_id",
                "plan_id",
                "hold_id",
                "payment_id",
            ];
            ids.iter()
                .any(|id| kept.env.text(id).is_some_and(|id| effect.what.contains(id)))
        });
        let by: Vec<_> = by.map(|kept| kept.rpc.name()).collect();
        wrong.push(format!(
            "a second effect: {context} {effect:?}, perhaps of {by:?}"
        ));
    }
    wrong.extend(super::error::undocumented());
    let cells = all().into_iter().map(|rpc| {
        let cell = match () {
            () if rpc.creates() => "n/a: a request_id",
            () => OK,
        };
        (rpc, cell.to_owned())
    });
    conclude("6-no second effect", &cells.collect::<Vec<_>>(), &wrong);
    assert!(mesh.stop());
}
