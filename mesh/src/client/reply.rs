//! What a reply says, and the replies that this client makes itself.

use super::Reply;
use crate::refusal::{Kind, Refusal, WAITS_FOR, text};
use http::StatusCode;
use std::borrow::Cow;
use std::time::Duration;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// Marks a reply that no peer made; none that a peer makes keeps such a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Own {
    /// Refused here: nothing was tried, and nothing is learned about the peer.
    Refused,
    /// The peer could not be reached, or its reply was lost.
    Lost,
    /// The peer did not answer in time.
    Silent,
}

/// Who made it, when not the peer.
pub(super) fn own(reply: &Reply) -> Option<Own> {
    reply.extensions().get().copied()
}

/// Marks the reply of a call that never left: there was no connection, and there is another place to go to.
#[derive(Clone, Copy)]
struct Elsewhere;

/// The call may go elsewhere at once: it has not been sent.
pub(super) fn send_elsewhere(reply: &mut Reply) {
    reply.extensions_mut().insert(Elsewhere);
}

/// Whether it may.
pub(super) fn may_go_elsewhere(reply: &Reply) -> bool {
    reply.extensions().get::<Elsewhere>().is_some()
}

/// Whether the peer itself is well, and says that it waits for somebody else.
pub(super) fn waits(reply: &Reply) -> bool {
    let info = status(reply).and_then(|status| status.get_details_error_info());
    info.is_some_and(|info| info.metadata.contains_key(WAITS_FOR))
}

/// The gRPC code. A proxy's reply has none: its HTTP status says it, as gRPC's own table maps it.
pub(super) fn code(reply: &Reply) -> Code {
    match (reply.headers().get("grpc-status"), reply.status()) {
        (Some(code), _) => Code::from_bytes(code.as_bytes()),
        (None, StatusCode::OK) => Code::Ok,
        (None, StatusCode::UNAUTHORIZED) => Code::Unauthenticated,
        (None, StatusCode::FORBIDDEN) => Code::PermissionDenied,
        (None, StatusCode::NOT_FOUND) => Code::Unimplemented,
        (None, StatusCode::BAD_REQUEST) => Code::Internal,
        (
            None,
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT,
        ) => Code::Unavailable,
        (None, _) => Code::Unknown,
    }
}

/// The status of a reply that is an error.
pub(super) fn status(reply: &Reply) -> Option<Status> {
    Status::from_header_map(reply.headers()).filter(|status| status.code() != Code::Ok)
}

/// When the peer wants to be asked again.
pub(super) fn retry_after(reply: &Reply) -> Option<Duration> {
    status(reply)?.get_details_retry_info()?.retry_delay
}

/// Turned away by a full peer, or by the limit of calls to it here. Who is full says when to come back; a quota does not.
pub(super) fn is_for_want_of_place(reply: &Reply) -> bool {
    code(reply) == Code::ResourceExhausted && retry_after(reply).is_some()
}

/// Why this client refused, in a word.
#[derive(Clone, Copy)]
struct Reason(&'static str);

/// Why it was refused here, when it was.
pub(super) fn refused(reply: &Reply) -> Option<&'static str> {
    let Reason(reason) = reply.extensions().get()?;
    Some(reason)
}

fn made(own: Own, refusal: Refusal) -> Reply {
    let reason = refusal.reason.clone();
    let mut reply: Reply = refusal.into_status().into_http();
    if let (Own::Refused, Cow::Borrowed(reason)) = (own, reason) {
        reply.extensions_mut().insert(Reason(reason));
    }
    reply.extensions_mut().insert(own);
    reply
}

/// The breaker is open.
pub(super) fn circuit_open(peer: &str, wait: Duration) -> Reply {
    let words = text(
        format!("{peer} keeps failing and is left alone for a moment; try again"),
        format!(
            "{peer} 서비스가 응답하지 않아 잠시 호출을 멈췄습니다. 잠시 후 다시 시도해 주세요."
        ),
    );
    let refusal = Refusal::new(Kind::Unavailable, "CIRCUIT_OPEN", words);
    made(Own::Refused, refusal.retry_after(wait))
}

/// Too many calls are in flight.
pub(super) fn client_busy(peer: &str, wait: Duration) -> Reply {
    let words = text(
        format!("too many calls to {peer} are under way; try again"),
        format!("{peer} 서비스에 요청이 몰리고 있습니다. 잠시 후 다시 시도해 주세요."),
    );
    let refusal = Refusal::new(Kind::Exhausted, "CLIENT_BUSY", words);
    made(Own::Refused, refusal.retry_after(wait))
}

/// There was too little time to begin with.
pub(super) fn out_of_time(peer: &str) -> Reply {
    let words = text(
        format!("too little time was left to call {peer}; it was not called"),
        format!("처리 시간이 부족하여 {peer} 서비스를 호출하지 않았습니다."),
    );
    made(
        Own::Refused,
        Refusal::new(Kind::Deadline, "OUT_OF_TIME", words),
    )
}

/// The headers of the request are longer than the peer reads.
pub(super) fn headers_too_long() -> Reply {
    let words = text(
        "the request's headers are too long; it was not read",
        "요청 헤더가 너무 큽니다.",
    );
    made(
        Own::Refused,
        Refusal::new(Kind::Invalid, "HEADERS_TOO_LONG", words),
    )
}

/// What cannot be kept for a second attempt.
pub(super) fn request_too_large(longest: usize) -> Reply {
    let words = text(
        format!("the request is larger than {longest} bytes; it was not sent"),
        "요청이 너무 큽니다.",
    );
    made(
        Own::Refused,
        Refusal::new(Kind::Invalid, "REQUEST_TOO_LARGE", words),
    )
}

/// A request that its own caller could not write down.
pub(super) fn unwritten(status: Status) -> Reply {
    let mut reply: Reply = status.into_http();
    reply.extensions_mut().insert(Own::Refused);
    reply
}

/// A reply that nobody here will hold.
pub(super) fn reply_too_large(peer: &str, longest: usize) -> Reply {
    let words = text(
        format!("the reply of {peer} is larger than {longest} bytes"),
        format!("{peer} 서비스의 응답이 너무 큽니다."),
    );
    made(
        Own::Lost,
        Refusal::new(Kind::Exhausted, "REPLY_TOO_LARGE", words),
    )
}

/// No connection, or one that broke before the whole reply was here; `why` reaches the log alone.
pub(super) fn unreachable(peer: &str, why: impl std::fmt::Display) -> Reply {
    tracing::debug!(peer, %why, "lost");
    let words = text(
        format!("{peer} cannot be reached; try again"),
        format!("{peer} 서비스에 연결할 수 없습니다. 잠시 후 다시 시도해 주세요."),
    );
    made(
        Own::Lost,
        Refusal::new(Kind::Unavailable, "PEER_UNREACHABLE", words),
    )
}

/// There is no connection that both ends trust.
pub(super) fn insecure(peer: &str, why: &str) -> Reply {
    tracing::debug!(peer, why, "no secure connection");
    let words = text(
        format!("{peer} cannot be reached securely: {why}"),
        format!("{peer} 서비스에 안전하게 연결할 수 없습니다. 잠시 후 다시 시도해 주세요."),
    );
    made(
        Own::Lost,
        Refusal::new(Kind::Unavailable, "PEER_UNREACHABLE", words),
    )
}

/// Something that is no gRPC server answered, and not because it was busy.
pub(super) fn no_peer(peer: &str, status: StatusCode) -> Reply {
    tracing::warn!(peer, %status, "answered without a gRPC status");
    let words = text(
        format!("what answers for {peer} does not speak gRPC"),
        format!("{peer} 서비스에 연결할 수 없습니다."),
    );
    made(
        Own::Lost,
        Refusal::new(Kind::Internal, "PEER_UNREACHABLE", words),
    )
}

/// The attempt took too long ([`Kind::Unavailable`]), or the call did ([`Kind::Deadline`]).
pub(super) fn peer_timeout(peer: &str, kind: Kind) -> Reply {
    let words = text(
        format!("{peer} did not answer in time"),
        format!("{peer} 서비스가 제시간에 응답하지 않았습니다."),
    );
    made(Own::Silent, Refusal::new(kind, "PEER_TIMEOUT", words))
}
