//! Makes one whole reply of whatever comes back.

use super::endpoint::{Lost, Wire};
use super::reply::{self, Own};
use super::trip::{Departure, NEVER_SENT, Trip};
use super::{Reply, Request};
use crate::refusal::Kind;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::{HeaderMap, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::sync::Arc;
use tonic::Code;
use tonic::body::Body;
use tonic_types::StatusExt;
use tower::ServiceExt;

/// A unary reply is read up to here, bytes: what generated clients take, 4 MiB, and gRPC's five.
const LONGEST_REPLY: usize = (4 << 20) + 5;
/// What a server of ours says that turns a call away before a handler sees it.
const AT_THE_DOOR: &str = "OVERLOADED";
const DETAILS: &str = "grpc-status-details-bin";

/// gRPC lets senders choose whether to pad.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Sends one attempt over the wire and reads what is answered: a unary reply to its end, so that a lost one is seen by
/// the layers above while they can do something about it.
pub(super) async fn receive(peer: Arc<str>, wire: Wire, mut request: Request) -> Reply {
    let trip = Trip::of(&request);
    let departure = trip.depart();
    request.extensions_mut().insert(departure.ticket());
    match wire.oneshot(request).await {
        Err(Lost::Late) => reply::peer_timeout(&peer, Kind::Unavailable),
        Err(Lost::Broken(why)) => reply::unreachable(&peer, why),
        Err(Lost::Insecure(why)) => reply::insecure(&peer, why),
        Ok(reply) => answered(&peer, trip.is_unary(), departure, reply).await,
    }
}

async fn answered(peer: &str, unary: bool, departure: Departure, mut reply: Reply) -> Reply {
    departure.arrived();
    reply.extensions_mut().remove::<Own>();
    distrust(reply.headers_mut());
    let has_status = reply.headers().contains_key("grpc-status");
    let reply = if !has_status && reply.status() != StatusCode::OK {
        other_than_grpc(peer, &reply)
    } else if has_status {
        reply
    } else if unary {
        whole(peer, reply).await
    } else {
        reply.map(|body| Body::new(body.map_frame(distrust_trailers)))
    };
    if is_turned_away(peer, &reply) {
        departure.turned_away();
    }
    reply
}

/// Takes off what only this client may say, and details that tonic would panic at.
fn distrust(headers: &mut HeaderMap) {
    headers.remove(NEVER_SENT);
    let unreadable = |details: &http::HeaderValue| BASE64.decode(details.as_bytes()).is_err();
    if headers.get(DETAILS).is_some_and(unreadable) {
        headers.remove(DETAILS);
    }
}

fn distrust_trailers(frame: Frame<bytes::Bytes>) -> Frame<bytes::Bytes> {
    match frame.into_trailers() {
        Ok(mut trailers) => {
            distrust(&mut trailers);
            Frame::trailers(trailers)
        }
        Err(frame) => frame,
    }
}

/// A proxy on the way, or no gRPC server at all.
fn other_than_grpc(peer: &str, reply: &Reply) -> Reply {
    match (reply::code(reply), reply.status()) {
        (Code::Unavailable, status) => reply::unreachable(peer, status),
        (_, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE) => reply::headers_too_long(),
        _ => reply::no_peer(peer, reply.status()),
    }
}

/// Reads a unary reply to its end. Only trailers say that it is whole; an error in them goes into the headers, where
/// unary handlers' errors mostly are, and where every layer looks.
async fn whole(peer: &str, reply: Reply) -> Reply {
    let (mut parts, body) = reply.into_parts();
    let read = match Limited::new(body, LONGEST_REPLY).collect().await {
        Ok(read) => read,
        Err(why) if why.is::<LengthLimitError>() => {
            return reply::reply_too_large(peer, LONGEST_REPLY);
        }
        Err(why) => return reply::unreachable(peer, why),
    };
    let code = read
        .trailers()
        .and_then(|trailers| trailers.get("grpc-status"));
    match code.map(|code| Code::from_bytes(code.as_bytes())) {
        None => reply::unreachable(peer, "the reply ended without a status"),
        Some(Code::Ok) => Reply::from_parts(parts, Body::new(read)),
        Some(_) => {
            let mut trailers = read.trailers().cloned().unwrap_or_default();
            distrust(&mut trailers);
            parts.headers.extend(trailers);
            Reply::from_parts(parts, Body::empty())
        }
    }
}

/// Turned away by the server itself. By its domain the peer's own word: a handler that passes on how it was itself
/// turned away elsewhere has run.
fn is_turned_away(peer: &str, reply: &Reply) -> bool {
    reply::own(reply).is_none()
        && reply::code(reply) == Code::ResourceExhausted
        && reply::status(reply)
            .and_then(|status| status.get_details_error_info())
            .is_some_and(|info| info.reason == AT_THE_DOOR && info.domain == peer)
}
