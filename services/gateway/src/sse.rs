//! A server's stream as Server-Sent Events: each message an event, a broken stream ended by `event: error`.

use crate::frames::Frames;
use crate::json;
use crate::problem::Problem;
use crate::routes::Route;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response};
use http_body::Frame;
use http_body_util::StreamBody;
use mesh::Refusal;
use prost_reflect::{FieldDescriptor, MessageDescriptor};
use std::convert::Infallible;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use tonic::Status;
use tonic::body::Body;

/// When nothing else was sent for so long, a comment is: proxies take a silent connection for a dead one.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(15);

/// A stream on its way out.
struct Events {
    frames: Frames,
    output: MessageDescriptor,
    answers: Option<FieldDescriptor>,
    /// The field that says where to resume behind a message.
    cursor: Option<FieldDescriptor>,
    request: String,
    heartbeat: Instant,
    over: bool,
}

/// Answers with the messages of `frames`.
pub(crate) fn answer(route: &Route, frames: Frames, request: &str) -> Response<Body> {
    let events = Events {
        frames,
        output: route.output.clone(),
        answers: route.answers.clone(),
        cursor: route.resume.as_ref().map(|(_, cursor)| cursor.clone()),
        request: request.to_owned(),
        heartbeat: Instant::now() + HEARTBEAT,
        over: false,
    };
    let events = futures::stream::unfold(events, |mut events| async {
        let event = events.next().await?;
        Some((Ok::<_, Infallible>(Frame::data(event)), events))
    });
    let begun = futures::stream::iter([Ok(Frame::data(Bytes::from_static(b": yemae\n\n")))]);
    let events = futures::StreamExt::chain(begun, events);
    let mut response = Response::new(Body::new(StreamBody::new(events)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // nginx would collect them.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

impl Events {
    async fn next(&mut self) -> Option<Bytes> {
        if self.over {
            return None;
        }
        let event = tokio::select! {
            message = self.frames.next() => match message {
                Ok(Some(message)) => self.event(message).unwrap_or_else(|why| self.error(&why.into())),
                Ok(None) => return None,
                Err(status) => self.error(&status),
            },
            () = sleep_until(self.heartbeat) => ":\n\n".to_owned(),
        };
        self.heartbeat = Instant::now() + HEARTBEAT;
        Some(event.into())
    }

    fn event(&self, message: Bytes) -> Result<String, Refusal> {
        let message = json::decode(&self.output, message)?;
        // serde_json's compact form has no line breaks.
        let data = String::from_utf8(json::show(&message, self.answers.as_ref())?);
        let data = data.map_err(Refusal::internal)?;
        let cursor = self.cursor.as_ref().map(|field| message.get_field(field));
        let cursor = cursor.as_deref().and_then(|cursor| cursor.as_str());
        // What the form of the events cannot hold is no id.
        let cursor = cursor.filter(|text| !text.is_empty() && !text.contains(['\n', '\r', '\0']));
        let id = cursor.map_or_else(String::new, |cursor| format!("id: {cursor}\n"));
        Ok(format!("{id}data: {data}\n\n"))
    }

    fn error(&mut self, status: &Status) -> String {
        self.over = true;
        let problem = Problem::of(status, &self.request).text();
        format!("event: error\ndata: {problem}\n\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::{Found, Routes};
    use http_body_util::BodyExt;
    use mesh::Contracts;

    #[tokio::test(start_paused = true)]
    async fn a_silent_stream_is_kept_alive() {
        let contracts = Contracts::load(proto::DESCRIPTORS).unwrap();
        let routes = Routes::read(&contracts, &["yemae.mypage.v1.MyPageService"]).unwrap();
        let Found::Route(route, _) = routes.find(&http::Method::GET, "/v1/me/orders:watch") else {
            panic!("not found");
        };
        let silence = futures::stream::pending::<Result<Frame<Bytes>, Status>>();
        let frames = Frames::of(Body::new(StreamBody::new(silence)));
        let mut body = answer(route, frames, "r-1").into_body();
        let mut next = async || {
            let frame = body.frame().await.unwrap().unwrap();
            frame.into_data().unwrap()
        };
        let began = Instant::now();
        assert_eq!(next().await, ": yemae\n\n");
        assert_eq!(began.elapsed(), Duration::ZERO);
        for n in 1..4 {
            assert_eq!(next().await, ":\n\n");
            assert_eq!(began.elapsed(), HEARTBEAT * n);
        }
    }
}
