//! An OTLP collector that keeps what it is told.

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

/// A span, and who told it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub span: Span,
    pub attributes: BTreeMap<String, String>,
    pub resource: BTreeMap<String, String>,
}

#[derive(Clone, Default)]
struct Keeper(Arc<Mutex<Vec<Seen>>>);

#[tonic::async_trait]
impl TraceService for Keeper {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        for told in request.into_inner().resource_spans {
            let resource = texts(&told.resource.unwrap_or_default().attributes);
            let spans = told.scope_spans.into_iter().flat_map(|scope| scope.spans);
            self.0.lock().unwrap().extend(spans.map(|span| Seen {
                attributes: texts(&span.attributes),
                resource: resource.clone(),
                span,
            }));
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

fn texts(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |value: Option<&AnyValue>| match value.and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(other) => format!("{other:?}"),
        None => String::new(),
    };
    let pair = |pair: &KeyValue| (pair.key.clone(), text(pair.value.as_ref()));
    attributes.iter().map(pair).collect()
}

pub struct Collector {
    url: String,
    kept: Keeper,
}

impl Collector {
    pub async fn start() -> Self {
        Self::serve("http://127.0.0.1", Server::builder()).await
    }

    /// At this host, by such a server.
    pub async fn serve(host: &str, mut server: Server) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("{host}:{}", listener.local_addr().unwrap().port());
        let kept = Keeper::default();
        let serving = server
            .add_service(TraceServiceServer::new(kept.clone()))
            .serve_with_incoming(TcpListenerStream::new(listener));
        mesh::task::detach(serving);
        Self { url, kept }
    }

    pub fn url(&self) -> String {
        self.url.clone()
    }

    pub fn spans(&self) -> Vec<Seen> {
        self.kept.0.lock().unwrap().clone()
    }
}
