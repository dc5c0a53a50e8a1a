//! `yemae republish`: orders that are long over, for a view that starts empty.

use crate::fault::Fault;
use crate::{cli, out, rpc, runtime};
use mesh::client::Client;
use proto::operator::v1::operator_service_client::OperatorServiceClient;
use proto::operator::v1::{GetStatusRequest, RepublishOrdersRequest, RepublishOrdersResponse};
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tonic::Status;

type Operator = OperatorServiceClient<Client>;

/// Before a step that did not come through is tried again, and between looks at what is not yet published.
const LOOK: Duration = Duration::from_millis(200);
/// How often progress is told.
const TELL: Duration = Duration::from_secs(1);

/// Runs the command.
pub(crate) fn run(command: &cli::Republish) -> Result<(), Fault> {
    let stated = runtime()?.block_on(async {
        let mesh = rpc::reach(&command.reach)
            .await?
            .acting_as("operator", &["admin"])?;
        let mut operator = Operator::new(mesh.channel());
        let stated = state(&mut operator, command).await?;
        until_published(&mut operator, command).await?;
        Ok(stated)
    })?;
    let context = &command.context;
    if command.json {
        let result = json!({"context": context, "stated": stated});
        let result = serde_json::to_string_pretty(&result).map_err(Fault::bug)?;
        out::line(result);
    } else {
        out::line(format_args!(
            "{context} stated {stated} orders once more; they are in the stream for a day"
        ));
    }
    Ok(())
}

/// Has every step done. Answers how many orders were stated.
async fn state(operator: &mut Operator, command: &cli::Republish) -> Result<i64, Fault> {
    let (mut stated, mut cursor, mut told) = (0, command.after.clone(), Instant::now());
    loop {
        let step = step(operator, command, &cursor).await?;
        stated += step.stated;
        if step.next_cursor.is_empty() {
            return Ok(stated);
        }
        cursor = step.next_cursor;
        if told.elapsed() >= TELL && !command.json {
            out::line(format_args!("{stated} stated, up to the order {cursor}"));
            told = Instant::now();
        }
    }
}

/// One step, tried again for as long as it may pass.
async fn step(
    operator: &mut Operator,
    command: &cli::Republish,
    cursor: &str,
) -> Result<RepublishOrdersResponse, Fault> {
    let request = RepublishOrdersRequest {
        context: command.context.clone(),
        cursor: cursor.to_owned(),
    };
    let end = Instant::now() + command.wait;
    loop {
        match operator.republish_orders(request.clone()).await {
            Ok(step) => return Ok(step.into_inner()),
            Err(why) if !rpc::is_passing(&why) => return Err(rpc::fault(&why)),
            Err(why) if Instant::now() >= end => return Err(stuck(command, cursor, &why)),
            Err(_) => sleep(LOOK).await,
        }
    }
}

/// Waits until the stream has what was stated: nothing waits in the outbox that is as old.
async fn until_published(operator: &mut Operator, command: &cli::Republish) -> Result<(), Fault> {
    let done = Instant::now();
    loop {
        let status = operator.get_status(GetStatusRequest {}).await;
        let status = status.map_err(|why| rpc::fault(&why))?.into_inner();
        let of = status
            .contexts
            .into_iter()
            .find(|status| status.context == command.context && status.ready);
        let since = done.elapsed();
        if of.is_some_and(|of| {
            let oldest = of.outbox_age.map(Duration::try_from);
            oldest.is_none_or(|age| age.is_ok_and(|age| age < since))
        }) {
            return Ok(());
        }
        if since >= command.wait {
            return Err(Fault::no(format!(
                "they are all stated, but not yet in the stream after {} s: `yemae status` may say what is away; nothing has \
                 to be done again",
                command.wait.as_secs()
            )));
        }
        sleep(LOOK).await;
    }
}

fn stuck(command: &cli::Republish, cursor: &str, why: &Status) -> Fault {
    let after = match cursor {
        "" => String::new(),
        cursor => format!(" --after {cursor}"),
    };
    Fault::no(format!(
        "it has not got ahead for {} s ({}); go on with `yemae republish {}{after}`",
        command.wait.as_secs(),
        why.message(),
        command.context
    ))
}
