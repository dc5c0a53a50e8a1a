//! HTTP/1.1 by hand: a request, and all that comes back.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

/// A gateway, as somebody sees it.
#[derive(Clone)]
pub struct Door {
    url: String,
    token: Option<String>,
}

/// What was answered.
#[derive(Debug)]
pub struct Heard {
    pub status: u16,
    pub body: String,
}

impl Heard {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}

impl Door {
    pub fn at(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            token: None,
        }
    }

    pub fn with_token(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn authority(&self) -> &str {
        self.url.strip_prefix("http://").unwrap()
    }

    pub fn get(&self, path: &str) -> Heard {
        heard(self.say("GET", path, &[], ""))
    }

    pub fn post(&self, path: &str, body: &Value, headers: &[(&str, &str)]) -> Heard {
        let json = ("content-type", "application/json");
        let headers = [headers, &[json]].concat();
        heard(self.say("POST", path, &headers, &body.to_string()))
    }

    /// A stream's body, from its first byte on.
    pub fn open(&self, path: &str) -> impl Read + use<> {
        self.open_with(path, &[])
    }

    pub fn open_with(&self, path: &str, headers: &[(&str, &str)]) -> impl Read + use<> {
        self.say("GET", path, headers, "")
    }

    fn say(&self, verb: &str, path: &str, headers: &[(&str, &str)], body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.authority()).unwrap();
        stream.set_read_timeout(Some(crate::rig::PATIENCE)).unwrap();
        let mut head = format!("{verb} {path} HTTP/1.1\r\nhost: door\r\nconnection: close\r\n");
        if let Some(token) = &self.token {
            head += &format!("authorization: Bearer {token}\r\n");
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("content-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(head.as_bytes()).unwrap();
        stream
    }
}

fn heard(stream: TcpStream) -> Heard {
    let mut lines = BufReader::new(stream);
    let mut first = String::new();
    lines.read_line(&mut first).unwrap();
    let status = first.split(' ').nth(1).unwrap_or_default().parse().unwrap();
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0, "cut off");
        assert!(
            !line.to_lowercase().starts_with("transfer-encoding"),
            "{line}"
        );
    }
    let mut body = String::new();
    lines.read_to_string(&mut body).unwrap();
    Heard { status, body }
}
