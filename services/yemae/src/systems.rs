//! The ordering systems as the demo and the load know them: a system is one entry here.

use crate::demo::{self, Cast};
use crate::fault::Fault;
use crate::load::moves::Moves;
use crate::rpc::{self, Mesh};
use crate::{load, stage};
use futures::future::LocalBoxFuture;
use proto::operator::v1::GetStatusRequest;
use proto::operator::v1::operator_service_client::OperatorServiceClient;
use std::collections::HashSet;
use std::sync::Arc;
use tonic::Code;

/// What is typed for every system that runs.
pub(crate) const EVERY: &str = "all";

/// A system that can be shown.
pub(crate) struct System {
    /// What is typed: `yemae demo cinema`.
    pub(crate) name: &'static str,
    /// Where one of these does not run, the system is not shown. The shared contexts (payment, mypage, notification) go
    /// without saying.
    pub(crate) needs: &'static [&'static str],
    /// What `up --demo` fills in, through the public RPCs, unless it is there already.
    pub(crate) stage: for<'a> fn(&'a Mesh) -> LocalBoxFuture<'a, Result<(), Fault>>,
    /// The story that `yemae demo` plays: each step said, each step checked.
    pub(crate) story: for<'a> fn(&'a Cast) -> LocalBoxFuture<'a, Result<(), Fault>>,
    /// Sets a scene for the customers of `yemae load`, of this run, who order so often a second (0: as often as they are
    /// answered).
    pub(crate) load: Load,
}

/// How its scene is set.
type Load = for<'a> fn(&'a Mesh, &'a str, f64) -> LocalBoxFuture<'a, Result<Arc<dyn Moves>, Fault>>;

/// The first of them: what the trials of `yemae load` are made for.
pub(crate) const CINEMA: &System = &ALL[0];

/// Every system.
pub(crate) const ALL: &[System] = &[
    System {
        name: "cinema",
        needs: &[
            "cinema-movie",
            "cinema-theater",
            "cinema-booking",
            "cinema-ticket",
        ],
        stage: |mesh| Box::pin(stage::cinema::set(mesh)),
        story: |cast| Box::pin(demo::cinema::tell(cast)),
        load: |mesh, run, rate| Box::pin(load::cinema::set(mesh, run, rate)),
    },
    System {
        name: "vod",
        needs: &["cinema-movie", "vod-order", "vod-library"],
        stage: |mesh| Box::pin(stage::vod::set(mesh)),
        story: |cast| Box::pin(demo::vod::tell(cast)),
        load: |mesh, run, _| Box::pin(load::vod::set(mesh, run)),
    },
    System {
        name: "food",
        needs: &["food-order", "food-store"],
        stage: |mesh| Box::pin(stage::food::set(mesh)),
        story: |cast| Box::pin(demo::food::tell(cast)),
        load: |mesh, run, _| Box::pin(load::food::set(mesh, run)),
    },
    System {
        name: "iptv",
        needs: &["iptv-subscription", "iptv-support", "iptv-installation"],
        stage: |mesh| Box::pin(stage::iptv::set(mesh)),
        story: |cast| Box::pin(demo::iptv::tell(cast)),
        load: |mesh, run, _| Box::pin(load::iptv::set(mesh, run)),
    },
    System {
        name: "taxi",
        needs: &["taxi-ride", "taxi-dispatch"],
        stage: |mesh| Box::pin(stage::taxi::set(mesh)),
        story: |cast| Box::pin(demo::taxi::tell(cast)),
        load: |mesh, run, _| Box::pin(load::taxi::set(mesh, run)),
    },
];

/// What can be typed: each by its name, and all of those that run.
pub(crate) fn names() -> Vec<&'static str> {
    let names = ALL.iter().map(|system| system.name);
    names.chain([EVERY]).collect()
}

/// The systems of these names. For [`EVERY`] those that run here, an error if there are none, and a line for each that is
/// left out, which it may be for good.
pub(crate) async fn chosen(
    mesh: &Mesh,
    names: &[String],
) -> Result<(Vec<&'static System>, Vec<String>), Fault> {
    let is_named = |name: &str| names.iter().any(|named| named == name);
    if !is_named(EVERY) {
        let named = ALL.iter().filter(|system| is_named(system.name));
        return Ok((named.collect(), Vec::new()));
    }
    let operator = mesh.acting_as("operator", &["admin"])?;
    let answer = OperatorServiceClient::new(operator.channel())
        .get_status(GetStatusRequest {})
        .await;
    let answer = answer.map_err(|status| match status.code() {
        // A gateway is for customers: the operator's service is not behind it.
        Code::Unimplemented => Fault::usage(
            "this address does not tell which systems run: name them, by --system or as the story",
        ),
        _ => rpc::fault(&status),
    });
    let answer = answer?.into_inner();
    let runs: HashSet<_> = answer.contexts.into_iter().map(|own| own.context).collect();
    let (mut there, mut left_out) = (Vec::new(), Vec::new());
    for system in ALL {
        match missing(system, |name| runs.contains(name)) {
            None => there.push(system),
            Some(missing) => {
                left_out.push(format!("{}: left out, there is no {missing}", system.name));
            }
        }
    }
    if there.is_empty() {
        let why = left_out.join("; ");
        return Err(Fault::no(format!("no system runs here: {why}")));
    }
    Ok((there, left_out))
}

/// What it needs and nobody runs.
pub(crate) fn missing(system: &System, runs: impl Fn(&str) -> bool) -> Option<&'static str> {
    system.needs.iter().copied().find(|name| !runs(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contexts;

    #[test]
    fn a_system_needs_contexts_that_there_are() {
        for system in ALL {
            let unknown = missing(system, |name| contexts::find(name).is_some());
            assert_eq!(unknown, None, "{}", system.name);
        }
    }
}
