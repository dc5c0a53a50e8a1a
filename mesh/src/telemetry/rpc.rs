//! What is told of a call on either side, by the names of the semantic conventions 1.39 for RPC.

use super::trace::{Kind, Span};
use opentelemetry::{Context, KeyValue, StringValue};
use tonic::Code;

/// What a method is told by: made once for each, so that a call copies no text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Labels {
    /// "yemae.payment.v1.PaymentService/Approve".
    method: StringValue,
    context: StringValue,
}

impl Labels {
    /// Of the method at `path`, as `context` serves it.
    pub(crate) fn new(path: &str, context: &str) -> Self {
        let method = path.strip_prefix('/').unwrap_or(path);
        Self {
            method: shared(method),
            context: shared(context),
        }
    }

    /// What no contract names: the path is the caller's own text.
    pub(crate) fn other(context: &str) -> Self {
        Self::new("_OTHER", context)
    }

    /// The same as `context` calls it.
    pub(crate) fn of_caller(&self, context: &StringValue) -> Self {
        Self {
            method: self.method.clone(),
            context: context.clone(),
        }
    }

    /// The span of a call that came in.
    pub(crate) fn server(&self, parent: Option<Context>) -> Span {
        Span::begin(Kind::Server, parent, || {
            (
                self.method.as_str().to_owned().into(),
                self.attributes().into(),
            )
        })
    }

    /// The span of a call to `peer`.
    pub(crate) fn client(&self, peer: &StringValue) -> Span {
        Span::begin(Kind::Client, super::trace::current(), || {
            let mut attributes = Vec::from(self.attributes());
            attributes.push(KeyValue::new("server.address", peer.clone()));
            (self.method.as_str().to_owned().into(), attributes)
        })
    }

    fn attributes(&self) -> [KeyValue; 3] {
        [
            KeyValue::new("rpc.system.name", "grpc"),
            KeyValue::new("rpc.method", self.method.clone()),
            KeyValue::new(super::CONTEXT, self.context.clone()),
        ]
    }
}

/// A text that is copied by counting.
pub(crate) fn shared(text: &str) -> StringValue {
    std::sync::Arc::<str>::from(text).into()
}

/// What became of a call: of the codes that are errors to `kind`'s side its span says so.
pub(crate) fn ended(span: &Span, kind: &Kind, code: Code) {
    let name = name(code);
    span.tell(|| KeyValue::new("rpc.response.status_code", name));
    if is_error(kind, code) {
        span.fail(name);
    }
}

/// A server's refusal is an answer; to a client whatever is not OK is an error.
pub(crate) fn is_error(kind: &Kind, code: Code) -> bool {
    let is_ours = matches!(
        code,
        Code::Unknown
            | Code::DeadlineExceeded
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
    );
    is_ours || (*kind == Kind::Client && code != Code::Ok)
}

/// As gRPC spells it.
pub(crate) fn name(code: Code) -> &'static str {
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
