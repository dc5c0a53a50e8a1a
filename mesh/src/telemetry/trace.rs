//! Spans, and the context they hand on: over calls, through the outbox and the stream, into tasks. While nothing is
//! exported, a context that came in is handed on as it came, and nothing else is done.

use futures::future::Either;
use http::{HeaderMap, HeaderValue};
use opentelemetry::KeyValue;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{
    FutureExt, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt, Tracer,
};
use opentelemetry::{Context, ContextGuard};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracer;
use std::borrow::Cow;
use std::sync::OnceLock;

/// W3C Trace Context, in gRPC metadata as in a message's headers.
pub(crate) const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";

/// There is one as soon as spans are exported.
pub(super) static TRACER: OnceLock<SdkTracer> = OnceLock::new();

/// What a span is about; each is a kind of OpenTelemetry's.
pub(crate) type Kind = SpanKind;

/// What is handed on from here, if anything is.
pub(crate) fn current() -> Option<Context> {
    Context::map_current(|context| is_valid(context).then(|| context.clone()))
}

fn is_valid(context: &Context) -> bool {
    context.has_active_span() && context.span().span_context().is_valid()
}

/// Makes `context` the current one of this thread while the guard is held.
pub(crate) fn enter(context: &Option<Context>) -> Option<ContextGuard> {
    context.clone().map(Context::attach)
}

/// Runs `work` with what is handed on from here, wherever it runs. No async function: that would hold `work` twice, and
/// calls in one process lie within each other on one stack.
pub(crate) fn within<T>(
    context: Option<Context>,
    work: impl Future<Output = T>,
) -> impl Future<Output = T> {
    match context {
        Some(context) => Either::Left(work.with_context(context)),
        None => Either::Right(work),
    }
}

/// What is handed on from here, as it is written into an outbox row, a task and a message: only what somebody records.
pub(crate) fn traceparent() -> Option<String> {
    Context::map_current(|context| {
        let span = context.has_active_span().then(|| context.span())?;
        let context = span.span_context();
        (context.is_valid() && context.is_sampled()).then(|| write(context))
    })
}

/// The ids of what is recorded here, for a log line.
pub(super) fn ids() -> Option<(String, String)> {
    let context = current()?;
    let span = context.span();
    let (trace, span) = (
        span.span_context().trace_id(),
        span.span_context().span_id(),
    );
    Some((trace.to_string(), span.to_string()))
}

fn write(context: &SpanContext) -> String {
    format!(
        "00-{}-{}-{:02x}",
        context.trace_id(),
        context.span_id(),
        context.trace_flags().to_u8()
    )
}

/// What a row, a task or a message says; none when it says nothing that can be read.
pub(crate) fn parse(traceparent: Option<&str>) -> Option<Context> {
    traceparent.and_then(|parent| {
        read(&Said {
            parent,
            state: None,
        })
    })
}

/// What a request says.
pub(crate) fn extract(headers: &HeaderMap) -> Option<Context> {
    let parent = headers.get(TRACEPARENT)?.to_str().ok()?;
    let state = headers.get(TRACESTATE);
    let state = state.and_then(|state| state.to_str().ok());
    read(&Said { parent, state })
}

/// Says in a request what is handed on from here.
pub(crate) fn inject(context: &Option<Context>, headers: &mut HeaderMap) {
    let Some(context) = context else { return };
    let span = context.span();
    let context = span.span_context();
    if let Ok(parent) = HeaderValue::try_from(write(context)) {
        headers.insert(TRACEPARENT, parent);
    }
    headers.remove(TRACESTATE);
    let state = context.trace_state().header();
    if let Some(state) = HeaderValue::try_from(state).ok().filter(|s| !s.is_empty()) {
        headers.insert(TRACESTATE, state);
    }
}

struct Said<'a> {
    parent: &'a str,
    state: Option<&'a str>,
}

impl Extractor for Said<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            TRACEPARENT => Some(self.parent),
            TRACESTATE => self.state,
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT, TRACESTATE]
    }
}

fn read(said: &Said<'_>) -> Option<Context> {
    let context = TraceContextPropagator::new().extract_with_context(&Context::new(), said);
    is_valid(&context).then_some(context)
}

/// A piece of work as a trace shows it. It ends when this is dropped.
pub(crate) struct Span {
    context: Option<Context>,
    is_own: bool,
}

impl Span {
    /// Begins one below `parent`, or a trace of its own; `told` answers its name and attributes, and is asked only when
    /// somebody records them.
    pub(crate) fn begin(
        kind: Kind,
        parent: Option<Context>,
        told: impl FnOnce() -> (Cow<'static, str>, Vec<KeyValue>),
    ) -> Self {
        let Some(tracer) = TRACER.get() else {
            return Self {
                context: parent,
                is_own: false,
            };
        };
        let parent = parent.unwrap_or_default();
        let builder = SpanBuilder::default().with_kind(kind);
        let context = parent.with_span(tracer.build_with_context(builder, &parent));
        if context.span().is_recording() {
            let (name, attributes) = told();
            context.span().update_name(name);
            context.span().set_attributes(attributes);
        }
        Self {
            context: Some(context),
            is_own: true,
        }
    }

    /// None, with nothing to hand on.
    pub(crate) fn nothing() -> Self {
        Self {
            context: None,
            is_own: false,
        }
    }

    /// What is handed on from within it.
    pub(crate) fn context(&self) -> &Option<Context> {
        &self.context
    }

    /// Runs `work` as part of it.
    pub(crate) fn run<T>(&self, work: impl Future<Output = T>) -> impl Future<Output = T> {
        within(self.context.clone(), work)
    }

    /// Adds to it, when it is recorded.
    pub(crate) fn tell(&self, attribute: impl FnOnce() -> KeyValue) {
        self.with_recorded(|context| context.span().set_attribute(attribute()));
    }

    /// It failed, with an error of this class.
    pub(crate) fn fail(&self, class: &'static str) {
        self.with_recorded(|context| {
            let span = context.span();
            span.set_attribute(KeyValue::new("error.type", class));
            // Without words: those of an error may be about somebody.
            span.set_status(Status::error(""));
        });
    }

    fn with_recorded(&self, tell: impl FnOnce(&Context)) {
        if let Some(context) = self.context.as_ref().filter(|_| self.is_own)
            && context.span().is_recording()
        {
            tell(context);
        }
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        // By its own word: what runs on may hold the context for longer.
        if let Some(context) = self.context.as_ref().filter(|_| self.is_own) {
            context.span().end();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn what_came_in_is_handed_on_as_it_came() {
        let mut headers = HeaderMap::new();
        headers.insert(TRACEPARENT, HeaderValue::from_static(PARENT));
        headers.insert(TRACESTATE, HeaderValue::from_static("a=1,b=2"));
        let told = || unreachable!("nobody records it");
        let span = Span::begin(Kind::Server, extract(&headers), told);
        let mut onward = HeaderMap::new();
        inject(span.context(), &mut onward);
        assert_eq!(onward, headers);
        let _within = enter(span.context());
        assert_eq!(traceparent().as_deref(), Some(PARENT));
    }

    #[test]
    fn what_nobody_records_is_not_written_down() {
        let unrecorded = PARENT.replace("-01", "-00");
        let _within = enter(&parse(Some(&unrecorded)));
        assert!(current().is_some());
        assert_eq!(traceparent(), None);
    }

    #[test]
    fn what_cannot_be_read_is_nothing() {
        for wrong in ["", "00", "x", "00-0-0-01", &PARENT.replace("4bf9", "zzzz")] {
            assert!(parse(Some(wrong)).is_none(), "{wrong}");
        }
        assert!(parse(None).is_none() && current().is_none());
    }
}
