//! Bounds what is read of a request.

use super::deadline::out_of_time;
use super::next::{Incoming, Next};
use crate::client::Reply;
use crate::contracts::malformed;
use crate::refusal::{Kind, Refusal, text};
use http_body::{Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};
use tonic::Status;
use tonic::body::Body;

/// The longest message, bytes (reliability.md, Calls). tonic's own limit is a setting of each generated server, which
/// one of them would forget.
const LONGEST: usize = 1024 * 1024;
/// What gRPC puts before a message: a flag and its length in four bytes.
const PREFIX: usize = 5;

/// How long a request may be on its way: what a stream of replies is given is no time for its one message.
const SENDING: Duration = Duration::from_secs(10);

pub(super) async fn bound(next: Next, mut incoming: Incoming) -> Result<Reply, Refusal> {
    let is_ours = incoming.method.is_some();
    // No method of a contract streams its requests; reflection does.
    let gauge = Gauge::new(is_ours);
    let sent = is_ours.then(|| Instant::now() + SENDING);
    let deadline = incoming.call.deadline.into_iter().chain(sent).min();
    incoming.request = incoming.request.map(|body| {
        Body::new(Bounded {
            body,
            gauge,
            deadline,
            alarm: None,
        })
    });
    next.call(incoming).await
}

/// A body that ends in an error rather than be too long or too late. A command's handler has not begun by then, so that
/// it may be told so although it is a command.
struct Bounded {
    body: Body,
    gauge: Gauge,
    deadline: Option<Instant>,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl http_body::Body for Bounded {
    type Data = bytes::Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Status>>> {
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                let data = frame.data_ref().map_or(&[][..], |data| data);
                let fits = self.gauge.pass(data);
                Poll::Ready(Some(fits.map(|()| frame).map_err(Status::from)))
            }
            Poll::Pending => {
                // Most bodies have come with their headers and never need a timer.
                let Some(deadline) = self.deadline else {
                    return Poll::Pending;
                };
                let alarm = self
                    .alarm
                    .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
                alarm
                    .as_mut()
                    .poll(cx)
                    .map(|()| Some(Err(out_of_time().into())))
            }
            done => done,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Follows the messages of a body as it passes, and refuses one at the length it announces.
struct Gauge {
    only_one: bool,
    messages: usize,
    prefix: Vec<u8>,
    left: usize,
}

impl Gauge {
    fn new(only_one: bool) -> Self {
        Self {
            only_one,
            messages: 0,
            prefix: Vec::with_capacity(PREFIX),
            left: 0,
        }
    }

    fn pass(&mut self, mut data: &[u8]) -> Result<(), Refusal> {
        while !data.is_empty() {
            let of_message = self.left.min(data.len());
            self.left -= of_message;
            data = &data[of_message..];

            let of_prefix = (PREFIX - self.prefix.len()).min(data.len());
            self.prefix.extend_from_slice(&data[..of_prefix]);
            data = &data[of_prefix..];
            if let [_, length @ ..] = &self.prefix[..]
                && let Ok(length) = <[u8; 4]>::try_from(length)
            {
                self.begin(u32::from_be_bytes(length) as usize)?;
            }
        }
        Ok(())
    }

    fn begin(&mut self, length: usize) -> Result<(), Refusal> {
        self.prefix.clear();
        self.messages += 1;
        self.left = length;
        if length > LONGEST {
            return Err(too_long(length));
        }
        if self.only_one && self.messages > 1 {
            return Err(malformed("this method takes one message"));
        }
        Ok(())
    }
}

fn too_long(length: usize) -> Refusal {
    Refusal::new(
        Kind::Invalid,
        "MESSAGE_TOO_LONG",
        text(
            format!("the message has {length} bytes; {LONGEST} is the most"),
            "요청이 너무 큽니다.",
        ),
    )
    .with("most_bytes", LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(length: usize) -> Vec<u8> {
        let mut message = vec![0];
        message.extend(u32::try_from(length).unwrap().to_be_bytes());
        message.resize(PREFIX + length, 7);
        message
    }

    #[test]
    fn messages_are_measured_however_they_are_cut() {
        let two = [message(300), message(0), message(LONGEST)].concat();
        for cut in [1, 2, 4, 5, 6, 299, 70_000, two.len()] {
            let mut gauge = Gauge::new(false);
            for piece in two.chunks(cut) {
                assert_eq!(gauge.pass(piece), Ok(()), "cut in {cut}");
            }
            assert_eq!((gauge.messages, gauge.left), (3, 0), "cut in {cut}");
        }
    }

    #[test]
    fn a_long_message_is_refused_at_its_announcement() {
        let mut gauge = Gauge::new(true);
        let announced = message(LONGEST + 1);
        assert_eq!(gauge.pass(&announced[..4]), Ok(()));
        let refusal = gauge.pass(&announced[4..5]).unwrap_err();
        assert_eq!(refusal.reason, "MESSAGE_TOO_LONG");
    }

    #[test]
    fn one_message_is_not_two() {
        let two = [message(1), message(1)].concat();
        let refusal = Gauge::new(true).pass(&two).unwrap_err();
        assert_eq!(refusal.reason, "MALFORMED_REQUEST");
    }
}
