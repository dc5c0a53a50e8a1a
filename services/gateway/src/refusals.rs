//! What the door refuses by itself, and how HTTP says it.

use http::StatusCode;
use mesh::refusal::Kind;
use mesh::{Refusal, text};
use std::time::Duration;
use tonic::Code;

/// The longest body of a JSON request, bytes: a message of the longest, which is 1 MiB.
pub(crate) const LONGEST: usize = 1024 * 1024;

/// A request that is no message of its method.
pub(crate) fn malformed(why: String) -> Refusal {
    Refusal::new(Kind::Invalid, "MALFORMED_REQUEST", in_both(why))
}

/// A text about what the caller sent, which it may repeat.
fn in_both(why: String) -> mesh::Text {
    let why = shortened(why);
    let ko = format!("요청 형식이 올바르지 않습니다: {why}");
    text(why, ko)
}

fn shortened(mut why: String) -> String {
    why.truncate(why.floor_char_boundary(500));
    why
}

/// No route has this path.
pub(crate) fn no_route() -> Refusal {
    Refusal::new(
        Kind::NotFound,
        "UNKNOWN_ROUTE",
        text(
            "nothing is served at this path",
            "제공되지 않는 주소입니다.",
        ),
    )
}

/// A route has this path, but not for this verb.
pub(crate) fn other_verb(verbs: &str) -> Refusal {
    Refusal::new(
        Kind::Unimplemented,
        "METHOD_NOT_ALLOWED",
        text(
            format!("this path takes {verbs}"),
            format!("이 주소에서 제공되지 않는 방식입니다. 가능한 방식: {verbs}"),
        ),
    )
}

pub(crate) fn too_long() -> Refusal {
    Refusal::new(
        Kind::Invalid,
        "MESSAGE_TOO_LONG",
        text(
            format!("the body is longer than {LONGEST} bytes"),
            format!("요청 본문이 {LONGEST}바이트보다 큽니다."),
        ),
    )
    .with("most_bytes", LONGEST)
}

pub(crate) fn too_slow() -> Refusal {
    Refusal::new(
        Kind::Deadline,
        "REQUEST_TIMEOUT",
        text(
            "the body did not come in time",
            "요청이 제시간에 도착하지 않았습니다.",
        ),
    )
}

/// The connection broke in the middle of a body.
pub(crate) fn broken() -> Refusal {
    malformed("the body ended early".to_owned())
}

pub(crate) fn other_type() -> Refusal {
    Refusal::new(
        Kind::Invalid,
        "UNSUPPORTED_MEDIA_TYPE",
        text(
            "the body must be application/json, in UTF-8 and not compressed",
            "본문은 압축하지 않은 UTF-8의 application/json이어야 합니다.",
        ),
    )
}

/// gRPC wants HTTP/2.
pub(crate) fn other_version() -> Refusal {
    Refusal::new(
        Kind::Precondition,
        "HTTP_VERSION",
        text(
            "gRPC is served over HTTP/2; over HTTP/1.1 there are gRPC-Web and JSON",
            "gRPC는 HTTP/2로 제공됩니다. HTTP/1.1에서는 gRPC-Web과 JSON을 쓸 수 있습니다.",
        ),
    )
}

/// Too many calls by one caller or address.
pub(crate) fn rate_limited(limit: &'static str, wait: Duration) -> Refusal {
    Refusal::new(
        Kind::Exhausted,
        "RATE_LIMITED",
        text(
            "too many calls in a short time; wait a moment",
            "요청이 너무 많습니다. 잠시 후 다시 시도해 주세요.",
        ),
    )
    .with("limit", limit)
    .retry_after(wait)
}

/// Too many of something by one caller at the same time.
pub(crate) fn too_many(limit: &'static str, most: usize) -> Refusal {
    Refusal::new(
        Kind::Exhausted,
        "RATE_LIMITED",
        text(
            format!("{most} are open at the same time; close one of them first"),
            format!("동시에 {most}개까지 열 수 있습니다. 먼저 하나를 닫아 주세요."),
        ),
    )
    .with("limit", limit)
    .retry_after(Duration::from_secs(1))
}

/// The HTTP status of a refusal: that of its code (google.rpc.Code), save where HTTP has a word of its own.
pub(crate) fn http_status(code: Code, reason: &str) -> StatusCode {
    match reason {
        "METHOD_NOT_ALLOWED" => return StatusCode::METHOD_NOT_ALLOWED,
        "MESSAGE_TOO_LONG" => return StatusCode::PAYLOAD_TOO_LARGE,
        "REQUEST_TIMEOUT" => return StatusCode::REQUEST_TIMEOUT,
        "UNSUPPORTED_MEDIA_TYPE" => return StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "HTTP_VERSION" => return StatusCode::HTTP_VERSION_NOT_SUPPORTED,
        _ => {}
    }
    match code {
        Code::Ok => StatusCode::OK,
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => {
            StatusCode::BAD_REQUEST
        }
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::Aborted | Code::AlreadyExists => StatusCode::CONFLICT,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        // 499 is nginx's, for a client that hung up.
        Code::Cancelled => StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
        Code::Unknown | Code::Internal | Code::DataLoss => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
