//! `yemae rebuild mypage`: the page anew from the stream.

use crate::fault::Fault;
use crate::{cli, out, rpc, runtime};
use mesh::client::Client;
use mesh::refusal::reason;
use proto::mypage::v1::rebuild_service_client::RebuildServiceClient;
use proto::mypage::v1::{GetRebuildRequest, Rebuild, RebuildState, StartRebuildRequest};
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tonic::Status;

type Rebuilds = RebuildServiceClient<Client>;

/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// How often progress is told.
const TELL: Duration = Duration::from_secs(1);

/// Runs the command.
pub(crate) fn run(command: &cli::Rebuild) -> Result<(), Fault> {
    let done = runtime()?.block_on(async {
        let mesh = rpc::reach(&command.reach)
            .await?
            .acting_as("operator", &["admin"])?;
        let mut rebuilds = RebuildServiceClient::new(mesh.channel());
        let begun = begin(&mut rebuilds, command).await?;
        follow(&mut rebuilds, command, begun).await
    })?;
    let is_equal = done.hash_before == done.hash_after;
    if command.json {
        let result = json!({
            "rebuild_id": done.rebuild_id,
            "state": state(&done),
            "seen": done.seen,
            "total": done.total,
            "refused": done.refused,
            "carried": done.carried,
            "hash_before": done.hash_before,
            "hash_after": done.hash_after,
            "equal": is_equal,
        });
        let result = serde_json::to_string_pretty(&result).map_err(Fault::bug)?;
        out::line(result);
    } else {
        out::line(format_args!(
            "mypage was rebuilt: {} orders read, {} taken over from what was shown, {} messages left out",
            done.seen, done.carried, done.refused
        ));
        out::line(format_args!(
            "before {}\nafter  {}",
            done.hash_before, done.hash_after
        ));
    }
    if is_equal {
        Ok(())
    } else {
        Err(Fault::no(
            "what is shown now differs from what was shown before",
        ))
    }
}

/// Starts a rebuild; if there is one already, that is the one.
async fn begin(rebuilds: &mut Rebuilds, command: &cli::Rebuild) -> Result<Rebuild, Fault> {
    let request = StartRebuildRequest {
        request_id: mesh::id::new(),
    };
    let end = Instant::now() + command.wait;
    loop {
        let why = match rebuilds.start_rebuild(request.clone()).await {
            Ok(started) => return Ok(started.into_inner().rebuild.unwrap_or_default()),
            Err(why) => why,
        };
        if reason(&why).as_deref() == Some("REBUILD_UNDER_WAY") {
            if !command.json {
                out::line("mypage is being rebuilt already; this is how far it has come");
            }
            // The newest.
            return Ok(Rebuild::default());
        }
        if !rpc::is_passing(&why) || Instant::now() >= end {
            return Err(rpc::fault(&why));
        }
        sleep(LOOK).await;
    }
}

/// Looks at it until it is done.
async fn follow(
    rebuilds: &mut Rebuilds,
    command: &cli::Rebuild,
    mut known: Rebuild,
) -> Result<Rebuild, Fault> {
    let (mut moved_at, mut told) = (Instant::now(), None);
    loop {
        let request = GetRebuildRequest {
            rebuild_id: known.rebuild_id.clone(),
        };
        let trouble = match rebuilds.get_rebuild(request).await {
            Ok(found) => {
                let found = found.into_inner().rebuild.unwrap_or_default();
                if found != known {
                    (known, moved_at) = (found, Instant::now());
                }
                None
            }
            Err(why) if rpc::is_passing(&why) => Some(why),
            Err(why) => return Err(rpc::fault(&why)),
        };
        if known.state() == RebuildState::Done {
            return Ok(known);
        }
        let is_news = told.is_none_or(|(state, at): (_, Instant)| {
            state != known.state || (at < moved_at && at.elapsed() >= TELL)
        });
        if is_news && !command.json {
            out::line(progress(&known));
            told = Some((known.state, Instant::now()));
        }
        if moved_at.elapsed() >= command.wait {
            return Err(stuck(&known, trouble.as_ref(), command.wait));
        }
        sleep(LOOK).await;
    }
}

fn progress(rebuild: &Rebuild) -> String {
    match rebuild.state() {
        RebuildState::Reading => format!("reading: {} of {}", rebuild.seen, rebuild.total),
        RebuildState::Comparing => format!("comparing: {} taken over so far", rebuild.carried),
        _ => state(rebuild).to_owned(),
    }
}

fn state(rebuild: &Rebuild) -> &'static str {
    match rebuild.state() {
        RebuildState::Unspecified => "not known yet",
        RebuildState::Asked => "asked for",
        RebuildState::Reading => "reading",
        RebuildState::Comparing => "comparing",
        RebuildState::Done => "done",
    }
}

fn stuck(known: &Rebuild, trouble: Option<&Status>, wait: Duration) -> Fault {
    let state = state(known);
    let trouble = trouble.map_or_else(String::new, |why| format!(" ({})", why.message()));
    Fault::no(format!(
        "the rebuild has not got ahead for {} s: {state}{trouble}; it goes on by itself once it can, and \
         `yemae rebuild mypage` follows it; `yemae status` may say what is away",
        wait.as_secs()
    ))
}
