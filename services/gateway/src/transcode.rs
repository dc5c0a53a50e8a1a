//! A JSON request as a call of the method that its path means.

use crate::frames::Frames;
use crate::query::Filling;
use crate::refusals::{LONGEST, broken, other_type, too_long, too_slow};
use crate::routes::{Route, Source};
use crate::template::Bound;
use crate::{frames, json, sse};
use bytes::Bytes;
use http::header::{
    ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, TE,
};
use http::{HeaderMap, HeaderValue, Response, request};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use mesh::Refusal;
use mesh::client::{Reply, Request};
use prost_reflect::{DynamicMessage, Value};
use std::time::Duration;
use tokio::time::timeout;
use tonic::Status;
use tonic::body::Body;

/// A body must be there so long after its headers.
const PATIENCE: Duration = Duration::from_secs(10);
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// W3C Trace Context.
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The body of a request whose route wants one.
pub(crate) async fn body(headers: &HeaderMap, body: Body) -> Result<Bytes, Refusal> {
    let length = headers.get(CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > LONGEST) {
        return Err(too_long());
    }
    if !is_json(headers) {
        return Err(other_type());
    }
    let read = timeout(PATIENCE, Limited::new(body, LONGEST).collect()).await;
    match read {
        Err(_) => Err(too_slow()),
        Ok(Ok(read)) => Ok(read.to_bytes()),
        Ok(Err(why)) if why.is::<LengthLimitError>() => Err(too_long()),
        Ok(Err(_)) => Err(broken()),
    }
}

/// Who says nothing means JSON: there is nothing else here.
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::to_str);
    let encoding = headers.get(CONTENT_ENCODING);
    let plain = encoding.is_none_or(|encoding| encoding == "identity");
    plain
        && match kind {
            None => true,
            Some(Err(_)) => false,
            Some(Ok(kind)) => {
                let (kind, parameters) = kind.split_once(';').unwrap_or((kind, ""));
                let charset = parameters.trim().to_ascii_lowercase();
                kind.trim().eq_ignore_ascii_case("application/json")
                    && matches!(&*charset, "" | "charset=utf-8" | "charset=\"utf-8\"")
            }
        }
}

/// The message that a request is, or everything that is wrong with it.
pub(crate) fn message(
    route: &Route,
    bound: &Bound,
    asked: &request::Parts,
    body: &[u8],
) -> Result<DynamicMessage, Refusal> {
    let message = match &route.body {
        _ if body.is_empty() => DynamicMessage::new(route.input.clone()),
        Source::Nothing => DynamicMessage::new(route.input.clone()),
        Source::Message => json::read(&route.input, body)?,
        Source::Field(field) => json::read_field(&route.input, field, body)?,
    };
    let mut filling = Filling::of(message);
    for (field, text) in bound {
        filling.bound(field, text);
    }
    match asked.uri.query().filter(|query| !query.is_empty()) {
        Some(_) if matches!(route.body, Source::Message) => {
            filling.wrong("query", "must be empty: this request is all in its body");
        }
        query => filling.query(query.unwrap_or_default()),
    }
    name_request(route, &asked.headers, &mut filling);
    resume(route, &asked.headers, &mut filling);
    filling.done()
}

/// `Idempotency-Key` is `request_id`, where there is one.
fn name_request(route: &Route, headers: &HeaderMap, filling: &mut Filling) {
    let Some(field) = &route.request_id else {
        return;
    };
    let mut keys = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(key) = keys.next() else {
        return;
    };
    let Ok(key) = key.to_str() else {
        return filling.wrong("request_id", "must be printable ASCII characters");
    };
    // A quoted string, as the draft of the header has it, or as it is.
    let quoted = key
        .trim()
        .strip_prefix('"')
        .and_then(|key| key.strip_suffix('"'));
    let key = quoted.unwrap_or(key.trim());
    let own = filling.message.get_field(field);
    let own = own.as_str().unwrap_or_default().to_owned();
    if keys.next().is_some() || !(own.is_empty() || own == key) {
        return filling.wrong("request_id", "must be the one that Idempotency-Key names");
    }
    filling
        .message
        .set_field(field, Value::String(key.to_owned()));
}

/// `Last-Event-ID` is where a stream goes on, where it can.
fn resume(route: &Route, headers: &HeaderMap, filling: &mut Filling) {
    let Some((cursor, _)) = &route.resume else {
        return;
    };
    let last = headers.get(LAST_EVENT_ID).map(HeaderValue::to_str);
    match last {
        Some(Ok(last)) => filling
            .message
            .set_field(cursor, Value::String(last.to_owned())),
        Some(Err(_)) => filling.wrong(cursor.name(), "must be what the last event said"),
        None => {}
    }
}

/// The call that it makes. Of the headers, only what a context is to know.
pub(crate) fn call(route: &Route, asked: request::Parts, message: &DynamicMessage) -> Request {
    let body = Body::new(Full::new(json::frame(message)));
    let mut call = Request::new(body);
    *call.method_mut() = http::Method::POST;
    *call.uri_mut() = route.path.clone().into();
    *call.version_mut() = http::Version::HTTP_2;
    *call.extensions_mut() = asked.extensions;
    let headers = call.headers_mut();
    for name in [AUTHORIZATION, ACCEPT_LANGUAGE, REQUEST_ID, TRACEPARENT] {
        for value in asked.headers.get_all(&name) {
            headers.append(name.clone(), value.clone());
        }
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(TE, HeaderValue::from_static("trailers"));
    call
}

/// The answer to a call, in JSON.
pub(crate) async fn answer(
    route: &Route,
    reply: Reply,
    request: &str,
) -> Result<Response<Body>, Status> {
    let (parts, body) = reply.into_parts();
    frames::ended(&parts.headers)?;
    let mut frames = Frames::of(body);
    if route.streams {
        return Ok(sse::answer(route, frames, request));
    }
    let empty = || Refusal::internal("an answer without a message");
    let answer = frames.next().await?.ok_or_else(empty)?;
    frames.next().await?;
    let answer = json::decode(&route.output, answer)?;
    let json = json::show(&answer, route.answers.as_ref())?;
    let mut response = Response::new(Body::new(Full::from(json)));
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    Ok(response)
}
