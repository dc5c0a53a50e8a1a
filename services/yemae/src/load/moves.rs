//! What the customers of a system do. A system is one file here, `load/<system>.rs`, and one entry in `systems.rs`.

use crate::rpc::Mesh;
use futures::future::{BoxFuture, LocalBoxFuture};
use tonic::{Response, Status};

/// How a load pays.
pub(super) const PAYMENT_METHOD: &str = "pm_load";

/// What somebody asks for.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// Of what: a screening, a movie, a store.
    pub(crate) of: String,
    /// Which of it, where there is a choice: seats, dishes.
    pub(crate) parts: Vec<String>,
    /// What it costs, in won.
    pub(crate) won: i64,
}

/// What kind of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// One that nobody else asks for.
    One,
    /// Two at once, where that is possible.
    Two,
    /// What somebody else has seen a moment before, where only one can have it.
    Taken,
}

/// The customers of a system, and who fulfils what they order. Each call is one try, answered as the mesh answered it.
pub(crate) trait Moves: Send + Sync {
    /// What a customer asks for next. None: there is nothing at this moment, but there will be.
    fn want(&self, wish: Wish) -> Option<Wanted>;

    /// It was surely not sold.
    fn give_back(&self, _wanted: Wanted) {}

    /// Adds what can be asked for, whenever it becomes little, for as long as it is polled.
    fn keep_ready(&self) -> LocalBoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }

    /// Orders it; answers the order's id.
    fn create<'a>(
        &'a self,
        by: &'a Mesh,
        request_id: &'a str,
        wanted: &'a Wanted,
    ) -> BoxFuture<'a, Result<String, Status>>;

    /// Asks to cancel it.
    fn cancel<'a>(&'a self, by: &'a Mesh, order_id: &'a str) -> BoxFuture<'a, Result<(), Status>>;

    /// Takes the step after which it can't be cancelled any more. None: the order has not come so far yet. `by` is whose
    /// order it is; most systems have somebody else for it.
    fn progress<'a>(
        &'a self,
        by: &'a Mesh,
        order_id: &'a str,
    ) -> BoxFuture<'a, Option<Result<(), Status>>>;
}

/// What came of a step. None: it was refused for one of these reasons, and will not be a moment later.
pub(super) fn unless<T>(
    answer: Result<Response<T>, Status>,
    not_yet: &[&str],
) -> Option<Result<(), Status>> {
    let reason = answer.as_ref().err().and_then(mesh::refusal::reason);
    match reason {
        Some(reason) if not_yet.contains(&reason.as_str()) => None,
        _ => Some(answer.map(drop)),
    }
}
