//! The messages of a gRPC reply.

use bytes::{Buf, Bytes, BytesMut};
use http::HeaderMap;
use http_body_util::BodyExt;
use tonic::body::Body;
use tonic::{Code, Status};

/// What gRPC puts before a message: a flag and its length in four bytes.
const PREFIX: usize = 5;
/// The longest message that is taken, bytes: what generated clients take.
const LONGEST: usize = 4 << 20;

/// Reads one message after the other.
pub(crate) struct Frames {
    body: Body,
    buffer: BytesMut,
}

impl Frames {
    pub(crate) fn of(body: Body) -> Self {
        Self {
            body,
            buffer: BytesMut::new(),
        }
    }

    /// The next one; none when the reply ended well, else what it ended with. Nothing is lost when the wait is given up.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Status> {
        loop {
            if let Some(message) = self.message()? {
                return Ok(Some(message));
            }
            let frame = match self.body.frame().await {
                Some(frame) => frame?,
                None => return Err(Status::unavailable("the reply ended without a status")),
            };
            match frame.into_data() {
                Ok(data) => self.buffer.extend_from_slice(&data),
                Err(frame) => {
                    let trailers = frame.into_trailers().unwrap_or_default();
                    return ended(&trailers).map(|()| None);
                }
            }
        }
    }

    fn message(&mut self) -> Result<Option<Bytes>, Status> {
        let Some((prefix, rest)) = self.buffer.split_first_chunk::<PREFIX>() else {
            return Ok(None);
        };
        let [flag, length @ ..] = prefix;
        let length = u32::from_be_bytes(*length) as usize;
        if *flag != 0 || length > LONGEST {
            return Err(Status::internal("a reply that nobody here can read"));
        }
        if rest.len() < length {
            return Ok(None);
        }
        self.buffer.advance(PREFIX);
        Ok(Some(self.buffer.split_to(length).freeze()))
    }
}

/// What headers or trailers say of how the reply ended.
pub(crate) fn ended(headers: &HeaderMap) -> Result<(), Status> {
    match Status::from_header_map(headers) {
        Some(status) if status.code() != Code::Ok => Err(status),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body::Frame;
    use http_body_util::StreamBody;

    fn frames(pieces: Vec<Frame<Bytes>>) -> Frames {
        let pieces = futures::stream::iter(pieces.into_iter().map(Ok::<_, Status>));
        Frames::of(Body::new(StreamBody::new(pieces)))
    }

    fn trailers(status: &str) -> Frame<Bytes> {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", status.parse().unwrap());
        Frame::trailers(trailers)
    }

    #[tokio::test]
    async fn messages_are_read_however_they_are_cut() {
        let bytes = b"\0\0\0\0\x02ab\0\0\0\0\0\0\0\0\0\x01c";
        for cut in 1..bytes.len() {
            let pieces = bytes
                .chunks(cut)
                .map(|piece| Frame::data(Bytes::copy_from_slice(piece)));
            let mut frames = frames(pieces.chain([trailers("0")]).collect());
            for message in ["ab", "", "c"] {
                assert_eq!(frames.next().await.unwrap().unwrap(), message);
            }
            assert_eq!(frames.next().await.unwrap(), None);
        }
    }

    #[tokio::test]
    async fn what_ends_badly_is_an_error() {
        let refused = frames(vec![trailers("5")]).next().await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound);
        let cut = frames(vec![Frame::data(Bytes::from_static(b"\0\0\0\0\x02a"))]);
        for (mut frames, code) in [
            (cut, Code::Unavailable),
            (frames(vec![]), Code::Unavailable),
            (
                frames(vec![Frame::data(Bytes::from_static(b"\x01\0\0\0\0"))]),
                Code::Internal,
            ),
            (
                frames(vec![Frame::data(Bytes::from_static(b"\0\xff\0\0\0"))]),
                Code::Internal,
            ),
        ] {
            assert_eq!(frames.next().await.unwrap_err().code(), code);
        }
    }
}
