//! HTTP/2 by hand, as no honest client speaks it.

use crate::rig::soon;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const PRIORITY: u8 = 2;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;
pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;
const GREETING: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A frame of this kind.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// A header as HPACK spells it: literally, never to be remembered.
pub fn header(name: &str, value: &str) -> Vec<u8> {
    let mut spelt = vec![0];
    for text in [name, value] {
        // A length in seven bits, or what is beyond in seven at a time.
        match text.len() {
            short @ ..127 => spelt.push(short as u8),
            long => {
                spelt.push(127);
                let mut rest = long - 127;
                while rest >= 128 {
                    spelt.push((rest % 128) as u8 | 128);
                    rest /= 128;
                }
                spelt.push(rest as u8);
            }
        }
        spelt.extend(text.bytes());
    }
    spelt
}

/// The headers of a GET.
pub fn get(path: &str, token: Option<&str>) -> Vec<u8> {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let authorization = bearer.map(|bearer| header("authorization", &bearer));
    let own = [
        (":method", "GET"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "door"),
    ];
    let own = own.map(|(name, value)| header(name, value));
    own.into_iter().chain(authorization).flatten().collect()
}

/// What became of somebody who said too much.
#[derive(Debug)]
pub struct Flooded {
    /// The bytes that were taken of them.
    pub said: usize,
    /// Nobody listened any more, or the connection was closed.
    pub cut: bool,
    /// The code of the GOAWAY that they heard.
    pub told: Option<u32>,
}

/// Says `unit(0)`, `unit(1)` and so on until so many bytes are said or none are taken any more. `hears`: and takes what is
/// answered meanwhile; else not a byte of it.
pub async fn flood(
    at: SocketAddr,
    most: usize,
    hears: bool,
    unit: impl Fn(u32) -> Vec<u8>,
) -> Flooded {
    let stream = TcpStream::connect(at).await.unwrap();
    let (mut hear, mut speak) = stream.into_split();
    let saying = async move {
        let mut said = 0;
        let mut next = 0;
        let mut words = [GREETING, &frame(SETTINGS, 0, 0, &[])].concat();
        while said < most {
            while words.len() < 16 * 1024 {
                words.extend(unit(next));
                next += 1;
            }
            // Who is not listened to is as good as hung up on.
            match timeout(Duration::from_secs(3), speak.write_all(&words)).await {
                Ok(Ok(())) => said += words.len(),
                Ok(Err(_)) | Err(_) => return (said, true),
            }
            words.clear();
        }
        let _ = speak.shutdown().await;
        (said, false)
    };
    let hearing = async move {
        let mut told = None;
        if !hears {
            return (told, hear);
        }
        let mut heard = Vec::new();
        let mut some = vec![0; 16 * 1024];
        while let Ok(length @ 1..) = hear.read(&mut some).await {
            heard.extend(&some[..length]);
            while let Some((kind, payload, rest)) = split(&heard) {
                if kind == GOAWAY && payload.len() >= 8 {
                    told = Some(u32::from_be_bytes(payload[4..8].try_into().unwrap()));
                }
                heard.drain(..heard.len() - rest);
            }
        }
        (told, hear)
    };
    let ((said, cut), (told, _)) = soon(futures::future::join(saying, hearing)).await;
    Flooded { said, cut, told }
}

/// The first frame of what was heard, and how much is left behind it.
fn split(heard: &[u8]) -> Option<(u8, Vec<u8>, usize)> {
    let [a, b, c, kind, _, _, _, _, _, rest @ ..] = heard else {
        return None;
    };
    let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
    let payload = rest.get(..length)?.to_vec();
    Some((*kind, payload, rest.len() - length))
}
