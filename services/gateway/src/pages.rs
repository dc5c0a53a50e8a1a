//! What the door answers by itself: whether it lives, and what is to be known of the mesh before one has a token.

use crate::{Settings, asyncapi, openapi};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION};
use http::{HeaderValue, Method, Response, StatusCode};
use http_body_util::Full;
use mesh::Contracts;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use tokio_util::sync::CancellationToken;
use tonic::body::Body;

/// The pages.
pub(crate) struct Pages {
    jwks: Option<PathBuf>,
    draining: CancellationToken,
    /// The page to try the routes on: by path, what each file is and holds.
    fixed: BTreeMap<&'static str, (&'static str, &'static str)>,
    openapi: Document,
    asyncapi: Document,
}

/// A document about what is served, written when it is first asked for.
type Document = LazyLock<Bytes, Box<dyn FnOnce() -> Bytes + Send + Sync>>;

fn document(write: impl FnOnce() -> Value + Send + Sync + 'static) -> Document {
    LazyLock::new(Box::new(|| write().to_string().into()))
}

impl Pages {
    pub(crate) fn new(contracts: &Arc<Contracts>, services: &[&str], settings: &Settings) -> Self {
        let services: Vec<_> = services.iter().map(|name| (*name).to_owned()).collect();
        let (routes, stream) = (contracts.clone(), contracts.clone());
        let files = openapi::page::FILES.into_iter();
        Self {
            jwks: settings.jwks.clone(),
            draining: CancellationToken::new(),
            fixed: files
                .map(|file| (file.path, (file.content_type, file.body)))
                .collect(),
            openapi: document(move || {
                let services: Vec<_> = services.iter().map(String::as_str).collect();
                openapi::document(&routes, &services)
            }),
            asyncapi: document(move || asyncapi::document(&stream)),
        }
    }

    /// Cancelled when the door is about to close.
    pub(crate) fn draining(&self) -> &CancellationToken {
        &self.draining
    }

    /// The page at a path, if there is one.
    pub(crate) async fn find(&self, verb: &Method, path: &str) -> Option<Response<Body>> {
        if verb != Method::GET {
            return None;
        }
        match path {
            "/" => {
                let text = "/docs shows every route and an example of each; /openapi.json says the same to programs\n";
                let mut page = page(
                    "text/plain; charset=utf-8",
                    Bytes::from_static(text.as_bytes()),
                );
                *page.status_mut() = StatusCode::SEE_OTHER;
                page.headers_mut()
                    .insert(LOCATION, HeaderValue::from_static("/docs"));
                Some(page)
            }
            "/healthz" if self.draining.is_cancelled() => {
                let mut page = page("text/plain", Bytes::from_static(b"draining\n"));
                *page.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                Some(page)
            }
            "/healthz" => Some(page("text/plain", Bytes::from_static(b"ok\n"))),
            "/.well-known/jwks.json" => {
                // Read each time: whoever adds a key adds it there.
                let keys = tokio::fs::read(self.jwks.as_ref()?).await.ok()?;
                let mut page = page("application/jwk-set+json", keys.into());
                let a_minute = HeaderValue::from_static("public, max-age=60");
                page.headers_mut().insert(CACHE_CONTROL, a_minute);
                Some(page)
            }
            "/openapi.json" => Some(page("application/json", self.openapi.clone())),
            "/asyncapi.json" => Some(page("application/json", self.asyncapi.clone())),
            other => {
                let (kind, text) = self.fixed.get(other)?;
                let mut page = page(kind, Bytes::from_static(text.as_bytes()));
                let policy = HeaderValue::from_static(openapi::page::POLICY);
                page.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
                Some(page)
            }
        }
    }
}

fn page(kind: &'static str, bytes: Bytes) -> Response<Body> {
    let mut page = Response::new(Body::new(Full::new(bytes)));
    let kind = HeaderValue::from_static(kind);
    page.headers_mut().insert(CONTENT_TYPE, kind);
    page
}
