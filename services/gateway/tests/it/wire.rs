//! HTTP/1.1 by hand, as curl and worse speak it.

use crate::rig::{Town, soon};
use serde_json::Value;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What was answered.
#[derive(Debug)]
pub struct Heard {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Heard {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.iter().filter(|(own, _)| own == name);
        let (_, value) = all.next()?;
        assert!(all.next().is_none(), "{name} twice");
        Some(value)
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The reason of a problem.
    pub fn reason(&self) -> String {
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{self:?}"
        );
        let problem = self.json();
        assert_eq!(problem["status"], self.status, "{problem}");
        problem["reason"].as_str().unwrap().to_owned()
    }
}

/// A request, put together piece by piece.
pub struct Ask<'a> {
    town: &'a Town,
    head: String,
    body: Vec<u8>,
}

impl Town {
    /// A request without a token: "GET /v1/me/orders".
    pub fn ask(&self, line: &str) -> Ask<'_> {
        Ask {
            town: self,
            head: format!("{line} HTTP/1.1\r\nhost: door\r\nconnection: close\r\n"),
            body: Vec::new(),
        }
    }

    /// As "kim", a customer.
    pub fn kim(&self, line: &str) -> Ask<'_> {
        let token = self.token("customer");
        self.ask(line).bearer(&token)
    }
}

impl Ask<'_> {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.head += &format!("{name}: {value}\r\n");
        self
    }

    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string().into_bytes())
    }

    pub fn body(mut self, kind: &str, body: Vec<u8>) -> Self {
        self.body = body;
        self.header("content-type", kind)
    }

    pub async fn heard(self) -> Heard {
        let mut bytes = self.head.into_bytes();
        if !self.body.is_empty() {
            bytes.extend(format!("content-length: {}\r\n", self.body.len()).bytes());
        }
        bytes.extend(b"\r\n");
        bytes.extend(self.body);
        let heard = say(self.town.at, &bytes).await;
        parse(&heard)
    }
}

/// Says this and hears all that comes back.
pub async fn say(at: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(at).await.unwrap();
    // It may be answered before all of it was read.
    let _ = stream.write_all(bytes).await;
    let mut heard = Vec::new();
    let _ = soon(stream.read_to_end(&mut heard)).await;
    heard
}

pub fn parse(heard: &[u8]) -> Heard {
    let end = heard.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(heard)));
    let head = std::str::from_utf8(&heard[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap();
    let headers = lines.map(|line| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.to_owned(), value.to_owned())
    });
    let mut all = Heard {
        status: status.parse().unwrap(),
        headers: headers.collect(),
        body: heard[end + 4..].to_vec(),
    };
    if all.header("transfer-encoding") == Some("chunked") {
        all.body = unchunked(&all.body);
    }
    all
}

pub fn unchunked(mut chunks: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    loop {
        let Some(end) = chunks.windows(2).position(|two| two == b"\r\n") else {
            return whole;
        };
        let length = std::str::from_utf8(&chunks[..end]).unwrap();
        let length = usize::from_str_radix(length, 16).unwrap();
        let rest = &chunks[end + 2..];
        whole.extend(&rest[..length.min(rest.len())]);
        match rest.get(length + 2..) {
            Some(rest) if length > 0 => chunks = rest,
            _ => return whole,
        }
    }
}
