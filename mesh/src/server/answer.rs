//! How a no becomes a status: ours, a panic's, and tonic's own.

use super::next::{Incoming, Next};
use crate::call;
use crate::client::Reply;
use crate::contracts::malformed;
use crate::refusal::{Kind, Refusal, text};
use futures::FutureExt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// Makes every refusal from below a reply, in the caller's language; a panic is a refusal, too.
pub(super) async fn answer(next: Next, incoming: Incoming) -> Result<Reply, Refusal> {
    let call = Arc::new(incoming.call.clone());
    call::scope(call, async move {
        let answer = AssertUnwindSafe(async move { next.call(incoming).await })
            .catch_unwind()
            .await
            .unwrap_or_else(|_| Err(panicked()));
        Ok(reply(answer))
    })
    .await
}

pub(super) fn reply(answer: Result<Reply, Refusal>) -> Reply {
    answer.unwrap_or_else(|refusal| refusal.into_status().into_http())
}

/// The panic itself has been told on stderr, with its place.
pub(super) fn panicked() -> Refusal {
    Refusal::internal("a handler panicked")
}

/// Lets through what a contract names, and health and reflection.
pub(super) async fn known(next: Next, incoming: Incoming) -> Result<Reply, Refusal> {
    if incoming.method.is_none() && !is_plumbing(&incoming) {
        return Err(unknown());
    }
    next.call(incoming).await
}

/// Health and reflection: no contract of ours, open to everybody, never shed.
pub(super) fn is_plumbing(incoming: &Incoming) -> bool {
    incoming.call.method.starts_with("/grpc.")
}

pub(super) fn unknown() -> Refusal {
    Refusal::new(
        Kind::Unimplemented,
        "UNKNOWN_METHOD",
        text("no such method is served here", "제공되지 않는 기능입니다."),
    )
}

/// How tonic begins when a request cannot be decoded, which it calls INTERNAL.
const NOT_DECODED: [&str; 5] = [
    "failed to decode Protobuf message",
    "Missing request message",
    "protocol error",
    "Unexpected EOF decoding",
    "Error decompressing",
];

/// Gives the bare statuses of tonic itself an ErrorInfo, and the blame for bad bytes to who sent them.
pub(super) async fn explain(next: Next, incoming: Incoming) -> Result<Reply, Refusal> {
    let mut reply = next.call(incoming).await?;
    let status = Status::from_header_map(reply.headers());
    let Some(status) = status.filter(|s| s.code() != Code::Ok && s.details().is_empty()) else {
        return Ok(reply);
    };
    let not_decoded = NOT_DECODED
        .iter()
        .any(|begin| status.message().starts_with(begin));
    match status.code() {
        Code::Internal if not_decoded => return Err(malformed(status.message().to_owned())),
        Code::Unimplemented => return Err(unknown()),
        code => {
            let call = call::current();
            let domain = call.as_ref().map_or("yemae", |call| &call.context);
            let info = ErrorDetails::with_error_info(reason(code), domain, []);
            let status = Status::with_error_details(code, status.message(), info);
            // Into the headers that are there, so that what the handler added to them stays.
            let _ = status.add_header(reply.headers_mut());
        }
    }
    Ok(reply)
}

/// "DATA_LOSS" of DataLoss.
fn reason(code: Code) -> String {
    let mut reason = String::new();
    for letter in format!("{code:?}").chars() {
        if letter.is_uppercase() && !reason.is_empty() {
            reason.push('_');
        }
        reason.push(letter.to_ascii_uppercase());
    }
    reason
}
