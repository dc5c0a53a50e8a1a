//! What is told of a call on either side, by the names of the semantic conventions 1.39 for RPC.

use super::catalog::{CLIENT_REFUSED, RPC_CLIENT, RPC_SERVER, SERVER_SHED};
use super::gauges::Reading;
use super::metric::Metric;
use super::trace::{Kind, Span};
use super::{CONTEXT, REASON};
use crate::contracts::Method;
use crate::refusal;
use opentelemetry::{Context, KeyValue, StringValue};
use std::time::Duration;
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
            KeyValue::new(CONTEXT, self.context.clone()),
        ]
    }
}

/// A text that is copied by counting.
pub(crate) fn shared(text: &str) -> StringValue {
    std::sync::Arc::<str>::from(text).into()
}

/// What became of a call; to a `peer`, or here.
pub(crate) fn ended(
    span: &Span,
    labels: &Labels,
    peer: Option<&StringValue>,
    code: Code,
    took: Duration,
) {
    let (name, fails) = (refusal::code_name(code), is_error(peer.is_some(), code));
    let status = KeyValue::new("rpc.response.status_code", name);
    span.tell(|| status.clone());
    if fails {
        span.fail(name);
    }
    if !RPC_SERVER.is_on() {
        return;
    }
    let [system, method, context] = labels.attributes();
    let error = KeyValue::new("error.type", name);
    let (took, fails) = (took.as_secs_f64(), usize::from(fails));
    match peer {
        None => {
            let all = [system, method, status, context, error];
            RPC_SERVER.record(took, &all[..4 + fails]);
        }
        Some(peer) => {
            let peer = KeyValue::new("server.address", peer.clone());
            let all = [system, method, status, context, peer, error];
            RPC_CLIENT.record(took, &all[..5 + fails]);
        }
    }
}

/// A call was turned away at the door.
pub(crate) fn shed(method: &Method, reason: &'static str) {
    let context = KeyValue::new(CONTEXT, method.labels.context.clone());
    SERVER_SHED.add(1, &[context, KeyValue::new(REASON, reason)]);
}

/// Who calls whom.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) context: StringValue,
    pub(crate) peer: StringValue,
}

impl Line {
    pub(crate) fn attributes(&self) -> [KeyValue; 2] {
        [
            KeyValue::new(CONTEXT, self.context.clone()),
            KeyValue::new("server.address", self.peer.clone()),
        ]
    }

    /// A call that this side did not make.
    pub(crate) fn refused(&self, reason: &'static str) {
        let [context, peer] = self.attributes();
        CLIENT_REFUSED.add(1, &[context, peer, KeyValue::new(REASON, reason)]);
    }

    /// One reading of it.
    pub(crate) fn reading(&self, metric: &'static Metric, value: f64) -> Vec<Reading> {
        vec![Reading {
            metric,
            value,
            attributes: self.attributes().into(),
        }]
    }
}

/// A server's refusal is an answer; to a client whatever is not OK is an error.
fn is_error(to_client: bool, code: Code) -> bool {
    let is_ours = matches!(
        code,
        Code::Unknown
            | Code::DeadlineExceeded
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
    );
    is_ours || (to_client && code != Code::Ok)
}
