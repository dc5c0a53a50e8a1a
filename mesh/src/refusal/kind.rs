//! The kinds of no, and how gRPC spells them.

use tonic::Code;

/// What kind of no it is; each is one gRPC code (AIP-193).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// INVALID_ARGUMENT: the request is wrong whatever the state.
    Invalid,
    /// NOT_FOUND, also for what belongs to somebody else.
    NotFound,
    /// FAILED_PRECONDITION: the state does not allow it; repeating changes nothing.
    Precondition,
    /// ABORTED: lost a race; repeat the whole request.
    Aborted,
    /// RESOURCE_EXHAUSTED: shed or limited at our own door.
    Exhausted,
    /// UNAVAILABLE: cannot now; repeat later.
    Unavailable,
    /// DEADLINE_EXCEEDED.
    Deadline,
    /// UNAUTHENTICATED: no valid token.
    Unauthenticated,
    /// PERMISSION_DENIED: a valid token that does not permit this.
    Denied,
    /// UNIMPLEMENTED: no such method here.
    Unimplemented,
    /// INTERNAL: our bug.
    Internal,
}

impl Kind {
    /// As gRPC spells it.
    pub(crate) fn name(self) -> &'static str {
        code_name(self.code())
    }

    pub(super) fn code(self) -> Code {
        match self {
            Self::Invalid => Code::InvalidArgument,
            Self::NotFound => Code::NotFound,
            Self::Precondition => Code::FailedPrecondition,
            Self::Aborted => Code::Aborted,
            Self::Exhausted => Code::ResourceExhausted,
            Self::Unavailable => Code::Unavailable,
            Self::Deadline => Code::DeadlineExceeded,
            Self::Unauthenticated => Code::Unauthenticated,
            Self::Denied => Code::PermissionDenied,
            Self::Unimplemented => Code::Unimplemented,
            Self::Internal => Code::Internal,
        }
    }
}

/// A code as gRPC spells it: "NOT_FOUND".
pub fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
