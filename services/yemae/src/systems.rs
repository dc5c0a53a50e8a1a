//! The ordering systems as the demo knows them: a system is one entry here.

use crate::demo::{self, Cast};
use crate::fault::Fault;
use crate::rpc::Mesh;
use crate::stage;
use futures::future::LocalBoxFuture;

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
}

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
    },
    System {
        name: "vod",
        needs: &["cinema-movie", "vod-order", "vod-library"],
        stage: |mesh| Box::pin(stage::vod::set(mesh)),
        story: |cast| Box::pin(demo::vod::tell(cast)),
    },
    System {
        name: "food",
        needs: &["food-order", "food-store"],
        stage: |mesh| Box::pin(stage::food::set(mesh)),
        story: |cast| Box::pin(demo::food::tell(cast)),
    },
    System {
        name: "iptv",
        needs: &["iptv-subscription", "iptv-support", "iptv-installation"],
        stage: |mesh| Box::pin(stage::iptv::set(mesh)),
        story: |cast| Box::pin(demo::iptv::tell(cast)),
    },
];

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
