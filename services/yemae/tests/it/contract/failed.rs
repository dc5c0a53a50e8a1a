//! A try that failed stays one.

use super::asked::Door;
use super::env::Env;
use super::repeats::ground;
use super::rpcs::{Rpc, all, find};
use super::table::{OK, conclude};
use super::ways::Ground;
use crate::rig::{Up, directory};
use prost::Message;
use prost_reflect::Value;
use tokio::time::sleep;

/// Whoever charges can be told by its bank that it is declined: that is no success to be remembered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_try_is_not_remembered_as_a_success() {
    let data = directory();
    let mesh = Up::on_files(data.path(), &[]);
    let own = ground(&mesh);
    let charging: Vec<_> = all().into_iter().filter(Rpc::charges).collect();
    let mut ways = Vec::new();
    let mut wrong = Vec::new();
    for rpc in charging {
        match own.walk_to(&rpc).await {
            Ok(env) => ways.push((rpc, env)),
            Err(why) => wrong.push(format!("{}: {why}", rpc.name())),
        }
    }
    declining(&own, 100).await;
    for (rpc, env) in &ways {
        let message = own.message(rpc, env);
        let who = Door::whom(rpc, &env.end());
        let end = tokio::time::Instant::now() + super::error::PATIENCE;
        let reason = loop {
            let answer = own.door.raw(rpc, &who, message.encode_to_vec()).await;
            let reason = answer.map_or_else(|no| no.reason, |_| "OK".to_owned());
            if reason == "PAYMENT_DECLINED" || reason == "OK" || tokio::time::Instant::now() > end {
                break reason;
            }
            sleep(super::error::LOOK).await;
        };
        if reason != "PAYMENT_DECLINED" {
            wrong.push(format!("{}: {reason} of a bank that declines", rpc.name()));
        }
    }
    declining(&own, 0).await;
    for (rpc, env) in &ways {
        let message = own.message(rpc, env);
        if let Err(no) = own.until_ok(rpc, env, &message).await {
            wrong.push(format!("{}: {no:?} after it was declined once", rpc.name()));
        }
    }
    wrong.extend(super::error::undocumented());
    let cells = all().into_iter().map(|rpc| {
        let cell = match () {
            () if rpc.charges() => OK,
            () if rpc.creates() => {
                "n/a: no payment_method; a refused try comes first in \"same bytes\""
            }
            () => "n/a: no request_id",
        };
        (rpc, cell.to_owned())
    });
    conclude("7-failed tries", &cells.collect::<Vec<_>>(), &wrong);
    assert!(mesh.stop());
}

async fn declining(ground: &Ground, percent: i32) {
    let rpc = find("/yemae.payment.v1.SimulatorService/SetBehavior");
    let mut message = ground.message(&rpc, &Env::new(0));
    let behavior = message
        .get_field_by_name_mut("behavior")
        .unwrap()
        .as_message_mut()
        .unwrap();
    behavior.set_field_by_name("declined_percent", Value::I32(percent));
    let who = Door::whom(&rpc, "gate");
    ground.door.ask(&rpc, &who, &message).await.unwrap();
}
