//! gRPC-Web, binary and as text: trailers come in the body, for browsers do not show any.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{BufMut, Bytes, BytesMut};
use futures::stream;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use mesh::client::{Reply, Request};
use tonic::Status;
use tonic::body::Body;

/// What marks the last frame, which holds the trailers.
const TRAILERS: u8 = 0x80;
const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");

/// How its bytes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Binary,
    /// In base64.
    Text,
}

impl Form {
    /// Of a content type. None: it is no gRPC-Web.
    pub(crate) fn of(kind: &str) -> Option<Self> {
        let (kind, parameters) = kind.split_once(';').unwrap_or((kind, ""));
        let _ = parameters;
        match kind.trim() {
            "application/grpc-web" | "application/grpc-web+proto" => Some(Self::Binary),
            "application/grpc-web-text" | "application/grpc-web-text+proto" => Some(Self::Text),
            _ => None,
        }
    }

    fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Binary => "application/grpc-web+proto",
            Self::Text => "application/grpc-web-text+proto",
        })
    }
}

/// The same request in gRPC's own form.
pub(crate) fn request(form: Form, request: Request) -> Request {
    let mut request = match form {
        Form::Binary => request,
        Form::Text => request.map(decoded),
    };
    request.headers_mut().insert(CONTENT_TYPE, GRPC);
    request
}

/// The same reply in gRPC-Web's form.
pub(crate) fn reply(form: Form, reply: Reply) -> Reply {
    let mut reply = reply.map(|body| framed(form, body));
    reply
        .headers_mut()
        .insert(CONTENT_TYPE, form.content_type());
    reply
}

/// Base64 comes in as it likes: in any pieces, also several padded ones after each other.
fn decoded(body: Body) -> Body {
    let state = (body, BytesMut::new());
    let pieces = stream::try_unfold(state, |(mut body, mut left)| async move {
        loop {
            let Some(frame) = body.frame().await else {
                return match left.is_empty() {
                    true => Ok(None),
                    false => Err(Status::invalid_argument("the body is no whole base64")),
                };
            };
            let Ok(data) = frame?.into_data() else {
                continue;
            };
            left.extend_from_slice(&data);
            let whole = left.len() / 4 * 4;
            let bytes = decode(&left.split_to(whole))?;
            if !bytes.is_empty() {
                return Ok(Some((Frame::data(bytes), (body, left))));
            }
        }
    });
    Body::new(StreamBody::new(pieces))
}

fn decode(text: &[u8]) -> Result<Bytes, Status> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    // Up to each padding, which ends a piece.
    for piece in text
        .chunks(4)
        .collect::<Vec<_>>()
        .chunk_by(|quad, _| !quad.ends_with(b"="))
    {
        let piece = piece.concat();
        let decoded = STANDARD.decode_vec(&piece, &mut bytes);
        decoded.map_err(|_| Status::invalid_argument("the body is no base64"))?;
    }
    Ok(bytes.into())
}

fn framed(form: Form, body: Body) -> Body {
    let pieces = stream::unfold(Some(body), move |body| async move {
        let mut body = body?;
        let (bytes, next) = match body.frame().await {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => (data, Some(body)),
                Err(frame) => (last(&frame.into_trailers().unwrap_or_default()), None),
            },
            Some(Err(status)) => {
                let mut trailers = HeaderMap::new();
                let _ = status.add_header(&mut trailers);
                (last(&trailers), None)
            }
            None => return None,
        };
        let bytes = match form {
            Form::Binary => bytes,
            Form::Text => STANDARD.encode(bytes).into(),
        };
        Some((Ok::<_, Status>(Frame::data(bytes)), next))
    });
    Body::new(StreamBody::new(pieces))
}

/// The trailers as the last frame: as HTTP/1.1 would write them.
fn last(trailers: &HeaderMap) -> Bytes {
    let mut text = BytesMut::new();
    for (name, value) in trailers {
        text.put_slice(name.as_str().as_bytes());
        text.put_slice(b":");
        text.put_slice(value.as_bytes());
        text.put_slice(b"\r\n");
    }
    let mut frame = BytesMut::with_capacity(5 + text.len());
    frame.put_u8(TRAILERS);
    frame.put_u32(u32::try_from(text.len()).unwrap_or(u32::MAX));
    frame.put(text);
    frame.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(body: Body) -> Result<Bytes, Status> {
        Ok(body.collect().await?.to_bytes())
    }

    fn pieces(all: Vec<Frame<Bytes>>) -> Body {
        Body::new(StreamBody::new(stream::iter(
            all.into_iter().map(Ok::<_, Status>),
        )))
    }

    #[test]
    fn content_types() {
        for (kind, form) in [
            ("application/grpc-web", Some(Form::Binary)),
            ("application/grpc-web+proto; charset=x", Some(Form::Binary)),
            ("application/grpc-web-text+proto", Some(Form::Text)),
            ("application/grpc", None),
            ("application/grpc-web+json", None),
            ("application/json", None),
        ] {
            assert_eq!(Form::of(kind), form, "{kind}");
        }
    }

    #[tokio::test]
    async fn text_is_decoded_however_it_is_cut() {
        let message = b"\0\0\0\0\x0bhello there";
        let (head, tail) = message.split_at(5);
        let text = [STANDARD.encode(head), STANDARD.encode(tail)].concat();
        for cut in 1..text.len() {
            let cut = text.as_bytes().chunks(cut);
            let cut = cut.map(|piece| Frame::data(Bytes::copy_from_slice(piece)));
            let read = read(decoded(pieces(cut.collect()))).await.unwrap();
            assert_eq!(&read[..], message);
        }
        for wrong in ["AAA", "A=AA", "!!!!", "AA=A"] {
            let wrong = pieces(vec![Frame::data(Bytes::from_static(wrong.as_bytes()))]);
            assert!(read(decoded(wrong)).await.is_err());
        }
    }

    #[tokio::test]
    async fn trailers_are_the_last_frame() {
        let reply = || {
            let mut trailers = HeaderMap::new();
            trailers.insert("grpc-status", HeaderValue::from_static("0"));
            let data = Frame::data(Bytes::from_static(b"\0\0\0\0\x01a"));
            pieces(vec![data, Frame::trailers(trailers)])
        };
        let whole = b"\0\0\0\0\x01a\x80\0\0\0\x0fgrpc-status:0\r\n";
        assert_eq!(
            &read(framed(Form::Binary, reply())).await.unwrap()[..],
            whole
        );
        let text = read(framed(Form::Text, reply())).await.unwrap();
        assert_eq!(&decode(&text).unwrap()[..], whole);
    }

    #[tokio::test]
    async fn a_stream_that_breaks_says_so_in_its_last_frame() {
        let broken = stream::iter([Err::<Frame<Bytes>, _>(Status::unavailable("gone"))]);
        let read = read(framed(Form::Binary, Body::new(StreamBody::new(broken)))).await;
        let read = read.unwrap();
        assert_eq!(read[0], TRAILERS);
        let text = String::from_utf8_lossy(&read[5..]);
        assert!(text.contains("grpc-status:14\r\n") && text.contains("grpc-message:gone"));
    }
}
