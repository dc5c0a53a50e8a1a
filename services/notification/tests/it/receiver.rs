//! A real HTTP server on loopback: a customer's.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// A request that it got.
#[derive(Clone, Debug)]
pub struct Got {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: serde_json::Value,
}

impl Got {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap().to_str().unwrap()
    }
}

/// Answers with these statuses in turn, then with 204.
#[derive(Clone, Default)]
pub struct Receiver {
    got: Arc<Mutex<Vec<Got>>>,
    statuses: Arc<Mutex<VecDeque<u16>>>,
}

impl Receiver {
    pub async fn start(statuses: &[u16]) -> (Self, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let receiver = Self::default();
        receiver.statuses.lock().unwrap().extend(statuses);
        receiver.clone().serve(listener);
        (receiver, address)
    }

    pub fn serve(self, listener: TcpListener) {
        mesh::task::detach(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let receiver = self.clone();
                let answer = service_fn(move |request| receiver.clone().answer(request));
                let connection =
                    http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
                mesh::task::detach(connection);
            }
        });
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        self.got.lock().unwrap().push(Got {
            method: head.method,
            uri: head.uri,
            headers: head.headers,
            body: serde_json::from_slice(&body).unwrap(),
        });
        let status = self.statuses.lock().unwrap().pop_front().unwrap_or(204);
        let answer = Response::builder()
            .status(status)
            .header("location", "/elsewhere")
            .body(Full::default());
        Ok(answer.unwrap())
    }

    pub fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }
}
