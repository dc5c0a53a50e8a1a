//! Keeps what breaks a rule of its contract from the handlers.

use super::next::{Incoming, Next, layer as layer_of};
use crate::client::Reply;
use crate::contracts::{Contracts, malformed, message_of};
use crate::refusal::Refusal;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use std::sync::Arc;
use tonic::body::Body;

pub(super) fn layer(contracts: Arc<Contracts>) -> impl Fn(Next) -> Next + Clone {
    layer_of(move |next, incoming| judge(contracts.clone(), next, incoming))
}

async fn judge(
    contracts: Arc<Contracts>,
    next: Next,
    mut incoming: Incoming,
) -> Result<Reply, Refusal> {
    let Some(method) = &incoming.method else {
        return next.call(incoming).await;
    };
    let path = method.path.clone();
    let (head, body) = incoming.request.into_parts();
    let body = match body.collect().await {
        Ok(body) => body.to_bytes(),
        // Too long, or too late: it says so itself.
        Err(status) => return Ok(status.into_http()),
    };
    match message_of(&body) {
        Some(message) => contracts.check(&path, message)?,
        None if is_compressed(&body) => {
            return Err(malformed("compressed requests are not read here"));
        }
        // Torn, or missing: tonic makes nothing of it, either.
        None => {}
    }
    incoming.request = http::Request::from_parts(head, Body::new(Full::new(body)));
    next.call(incoming).await
}

fn is_compressed(body: &Bytes) -> bool {
    body.first().is_some_and(|flag| *flag != 0)
}
