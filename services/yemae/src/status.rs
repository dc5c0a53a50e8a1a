//! `yemae status`: how every context is.

use crate::fault::Fault;
use crate::{cli, door, out, rpc, runtime};
use proto::operator::v1::operator_service_client::OperatorServiceClient;
use proto::operator::v1::{BreakerStatus, ContextStatus, GetStatusRequest};
use serde_json::{Value, json};

/// Runs the command.
pub(crate) fn run(command: &cli::Status) -> Result<(), Fault> {
    let (contexts, door) = runtime()?.block_on(async {
        let mesh = rpc::reach(&command.reach)
            .await?
            .acting_as("operator", &["admin"])?;
        let answer = OperatorServiceClient::new(mesh.channel())
            .get_status(GetStatusRequest {})
            .await;
        let answer = answer.map_err(|status| rpc::fault(&status))?;
        Ok::<_, Fault>((
            answer.into_inner().contexts,
            door::standing(&command.reach).await,
        ))
    })?;
    if command.json {
        let all: Vec<_> = contexts.iter().map(to_json).collect();
        out::line(format_args!(
            "{}",
            serde_json::to_string_pretty(&all).map_err(Fault::bug)?
        ));
    } else {
        out::line(format_args!(
            "{:<18} {:<9} {:<8} {:>7} {:>8} {:>6} {:>6} {:>6}  breakers",
            "context", "ready", "version", "outbox", "oldest", "lag", "tasks", "dead"
        ));
        for context in &contexts {
            show(context);
        }
        if let Some((at, is_ready)) = &door {
            let ready = if *is_ready { "ready" } else { "NOT READY" };
            out::line(format_args!("{:<18} {ready:<9} {at}", door::NAME));
        }
    }
    if door.is_some_and(|(_, is_ready)| !is_ready) {
        return Err(Fault::no("the gateway is not ready"));
    }
    let trouble = contexts.iter().filter(|context| !context.ready).count();
    if trouble > 0 {
        Err(Fault::no(format!("{trouble} contexts are not ready")))
    } else {
        Ok(())
    }
}

fn show(context: &ContextStatus) {
    let ready = if context.ready { "ready" } else { "NOT READY" };
    let age = context
        .outbox_age
        .as_ref()
        .map_or_else(|| "-".to_owned(), |age| format!("{} s", age.seconds));
    let lag = if context.consumer_lag < 0 {
        "?".to_owned()
    } else {
        context.consumer_lag.to_string()
    };
    out::line(format_args!(
        "{:<18} {ready:<9} {:<8} {:>7} {age:>8} {lag:>6} {:>6} {:>6}  {}",
        context.context,
        context.version,
        context.outbox_waiting,
        context.tasks_open,
        context.dead_letters,
        breakers(context)
    ));
    if !context.trouble.is_empty() {
        out::line(format_args!("    {}", context.trouble));
    }
}

fn breakers(context: &ContextStatus) -> String {
    let one = |breaker: &BreakerStatus| format!("{} {}", breaker.peer, breaker.state);
    context
        .breakers
        .iter()
        .map(one)
        .collect::<Vec<_>>()
        .join(", ")
}

fn to_json(context: &ContextStatus) -> Value {
    json!({
        "context": context.context,
        "ready": context.ready,
        "trouble": context.trouble,
        "version": context.version,
        "store": context.store,
        "outbox_waiting": context.outbox_waiting,
        "outbox_age_seconds": context.outbox_age.as_ref().map(|age| age.seconds),
        "consumer_lag": context.consumer_lag,
        "tasks_open": context.tasks_open,
        "dead_letters": context.dead_letters,
        "breakers": context.breakers.iter().map(|b| json!({"peer": b.peer, "state": b.state, "failures": b.failures})).collect::<Vec<_>>(),
    })
}
