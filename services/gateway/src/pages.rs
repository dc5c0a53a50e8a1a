//! What the door answers by itself: whether it lives, and what is to be known of the mesh before one has a token.

use crate::Settings;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Response, StatusCode};
use http_body_util::Full;
use mesh::Contracts;
use std::collections::BTreeMap;
use std::path::PathBuf;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;

/// The pages.
pub(crate) struct Pages {
    jwks: Option<PathBuf>,
    draining: CancellationToken,
    /// Those that never change: by path, what they are and hold.
    fixed: BTreeMap<&'static str, (&'static str, Bytes)>,
}

impl Pages {
    pub(crate) fn new(_: &Contracts, _: &[&str], settings: &Settings) -> Self {
        Self {
            jwks: settings.jwks.clone(),
            draining: CancellationToken::new(),
            fixed: BTreeMap::new(),
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
            other => {
                let (kind, bytes) = self.fixed.get(other)?;
                Some(page(kind, bytes.clone()))
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
