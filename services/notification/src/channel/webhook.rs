//! Posting to a customer's own address.

use super::{Message, Reach, not_sent};
use bytes::Bytes;
use http::{Request, Uri, header};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use mesh::Refusal;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::time::Duration;
use tokio::net::{TcpStream, lookup_host};

/// How long one try may take in all, from the name to the answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest address.
const LONGEST: usize = 2000;

/// Where a customer wants to be posted to.
#[derive(Clone)]
pub struct Webhook {
    uri: Uri,
    host: String,
    port: u16,
}

impl Webhook {
    /// Reads an address, or says what is wrong with it. A name may still turn out to be out of reach when posting.
    pub fn parse(address: &str, reach: Reach) -> Result<Self, &'static str> {
        let wrong = "must be an http URL of at most 2000 characters";
        let uri: Uri = address
            .parse()
            .ok()
            .filter(|_| address.len() <= LONGEST)
            .ok_or(wrong)?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => return Err("must be an http URL: https is not supported yet"),
            _ => return Err(wrong),
        }
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        if authority.contains('@') {
            return Err("must not hold a user or a password");
        }
        let host = uri.host().unwrap_or_default();
        let port = match uri.port_u16() {
            Some(port) => port,
            None if authority == host => 80,
            None => return Err("must have a port of 1 to 65535, or none"),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let is_in_reach = match host.parse::<IpAddr>() {
            Ok(address) => reach.permits(address),
            Err(_) => reach == Reach::Private || !is_this_machine(host),
        };
        if host.is_empty() || !is_in_reach {
            return Err("must name a host with a public address");
        }
        let host = host.to_owned();
        Ok(Self { uri, host, port })
    }

    /// Posts `message` as JSON, with its id as the idempotency key. Sent is only what was answered with a 2xx: a
    /// redirection is not followed, for it may lead anywhere.
    pub async fn post(&self, message: &Message, reach: Reach) -> Result<(), Refusal> {
        let tried = tokio::time::timeout(PATIENCE, self.try_once(message, reach)).await;
        tried.unwrap_or_else(|_| Err(not_sent("no answer within 5 s")))
    }

    async fn try_once(&self, message: &Message, reach: Reach) -> Result<(), Refusal> {
        let body = serde_json::to_vec(message).map_err(Refusal::internal)?;
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        let host = self.uri.authority().map_or("", |host| host.as_str());
        let request = Request::post(path)
            .header(header::HOST, host)
            .header(header::USER_AGENT, "yemae")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::CONNECTION, "close")
            .header("idempotency-key", &message.id)
            .body(Full::new(Bytes::from(body)))
            .map_err(Refusal::internal)?;

        let stream = self.connect(reach).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(not_sent)?;
        let mut answer = pin!(sender.send_request(request));
        let answer = tokio::select! {
            answer = &mut answer => answer,
            // It may end with the answer in hand.
            _ = connection => answer.await,
        };
        let status = answer.map_err(not_sent)?.status();
        if status.is_success() {
            Ok(())
        } else {
            Err(not_sent(format!(
                "the webhook answered {}",
                status.as_u16()
            )))
        }
    }

    /// Connects to one of the very addresses that were checked: a name asked again could have become another.
    async fn connect(&self, reach: Reach) -> Result<TcpStream, Refusal> {
        let found = lookup_host((self.host.as_str(), self.port)).await;
        let within: Vec<SocketAddr> = found
            .map_err(not_sent)?
            .filter(|address| reach.permits(address.ip()))
            .collect();
        if within.is_empty() {
            return Err(not_sent("its host has no public address"));
        }
        TcpStream::connect(within.as_slice())
            .await
            .map_err(not_sent)
    }
}

fn is_this_machine(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_address_may_be() {
        for fine in [
            "http://example.com",
            "HTTP://example.com:8080/hook?of=ann#part",
            "http://1.1.1.1/",
            "http://[2606:4700::1111]:80/",
        ] {
            assert!(Webhook::parse(fine, Reach::Public).is_ok(), "{fine}");
        }
        for wrong in [
            "",
            "/hook",
            "example.com",
            "ftp://example.com/",
            "https://example.com/",
            "http://",
            "http:///hook",
            "http://exa mple.com/",
            "http://example.com:99999/",
            "http://ann@example.com/",
            "http://ann:secret@example.com:80/",
            "http://localhost/",
            "http://api.LOCALHOST:80/",
            "http://127.0.0.1/",
            "http://[::1]/",
            "http://[::ffff:10.0.0.1]/",
            "http://169.254.169.254/latest/meta-data",
        ] {
            assert!(Webhook::parse(wrong, Reach::Public).is_err(), "{wrong}");
        }
        let long = format!("http://example.com/{}", "x".repeat(LONGEST));
        assert!(Webhook::parse(&long, Reach::Public).is_err());
        for inside in [
            "http://localhost:1/",
            "http://127.0.0.1:1/",
            "http://[::1]:1/",
        ] {
            assert!(Webhook::parse(inside, Reach::Private).is_ok(), "{inside}");
        }
    }
}
