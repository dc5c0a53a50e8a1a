//! Until when the caller waits, and who may end a call then.

use super::next::{Incoming, Next, layer as layer_of};
use crate::client::Reply;
use crate::refusal::{Kind, Refusal, text};
use crate::telemetry::rpc::shed;
use crate::{deadline, task};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::TaskTracker;
use tracing::Instrument;

/// We answer so much before the caller's own timer, so that it hears our answer and not its own silence.
const MARGIN: Duration = Duration::from_millis(20);

pub(super) fn layer(work: TaskTracker) -> impl Fn(Next) -> Next + Clone {
    layer_of(move |next, incoming| keep(work.clone(), next, incoming))
}

async fn keep(work: TaskTracker, next: Next, mut incoming: Incoming) -> Result<Reply, Refusal> {
    let asked = deadline::read(incoming.request.headers());
    let asked = asked.map(|asked| asked.saturating_sub(MARGIN));
    let own = incoming.method.as_ref().map(|method| method.deadline);
    let patience = own.into_iter().chain(asked).min();
    if patience.is_some_and(|patience| patience.is_zero()) {
        if let Some(method) = &incoming.method {
            shed(method, "DEADLINE_EXCEEDED");
        }
        return Err(out_of_time());
    }
    // Too far off to be told is no deadline.
    let deadline = patience.and_then(|patience| Instant::now().checked_add(patience));
    incoming.call.deadline = deadline;

    let changes = incoming.method.as_ref().is_some_and(|m| !m.read_only);
    match deadline {
        _ if changes && incoming.is_unary() => finish(work, next, incoming).await,
        Some(deadline) => timeout_at(deadline, next.call(incoming))
            .await
            .unwrap_or_else(|_| Err(out_of_time())),
        None => next.call(incoming).await,
    }
}

/// A command runs to its end in a task of its own, whether its caller stays or not, and answers by itself: it alone
/// knows whether its deadline came before or after it was written. Its permit goes with it.
pub(super) async fn finish(
    work: TaskTracker,
    next: Next,
    incoming: Incoming,
) -> Result<Reply, Refusal> {
    let running = async move { next.call(incoming).await }.in_current_span();
    match task::detach(work.track_future(running)).await {
        Ok(answer) => answer,
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(Refusal::internal("the task of a command was cancelled")),
        },
    }
}

pub(super) fn out_of_time() -> Refusal {
    Refusal::new(
        Kind::Deadline,
        "DEADLINE_EXCEEDED",
        text("the time is up", "처리 시간이 초과되었습니다."),
    )
}
