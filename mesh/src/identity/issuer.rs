//! The keys of an issuer, fetched from where it publishes them.

use super::{Fault, fault};
use bytes::Bytes;
use http::header::{ACCEPT, HOST};
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

/// A caller with a new key waits so long for the issuer, and no longer.
const PATIENCE: Duration = Duration::from_secs(3);
/// The longest set of keys that is read, bytes.
const LONGEST: usize = 256 * 1024;

/// Where an issuer publishes its keys: `https://issuer/jwks.json`.
pub(super) struct Issuer {
    uri: Uri,
    host: String,
    port: u16,
    tls: Option<TlsConnector>,
    /// Held while keys are fetched, so that they are fetched once for all who wait.
    pub(super) fetching: Mutex<()>,
}

impl Issuer {
    /// At this URL; over TLS, whose certificates are of one of the authorities in `ca` (PEM), else of one that the system
    /// trusts. `http://` is for an issuer on the same machine, or one behind a network that is trusted.
    pub(super) fn at(url: &str, ca: Option<&Path>) -> Result<Self, Fault> {
        let wrong = |why: &str| fault(Path::new(url), why);
        let uri: Uri = url.parse().map_err(|_| wrong("is no URL"))?;
        let host = uri.host().ok_or_else(|| wrong("names no host"))?;
        let (port, tls) = match uri.scheme_str() {
            Some("https") => (443, Some(connector(ca)?)),
            Some("http") => (80, None),
            _ => return Err(wrong("begins neither with https:// nor with http://")),
        };
        Ok(Self {
            host: host.trim_matches(['[', ']']).to_owned(),
            port: uri.port_u16().unwrap_or(port),
            uri,
            tls,
            fetching: Mutex::default(),
        })
    }

    /// The set as it is published now.
    pub(super) async fn fetch(&self) -> Result<String, String> {
        let fetched = timeout(PATIENCE, self.get()).await;
        fetched.unwrap_or_else(|_| Err("no answer in time".to_owned()))
    }

    async fn get(&self) -> Result<String, String> {
        let told = |why: &dyn std::fmt::Display| why.to_string();
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await;
        let stream = stream.map_err(|why| told(&why))?;
        let Some(tls) = &self.tls else {
            return self.ask(stream).await;
        };
        let name = ServerName::try_from(self.host.clone()).map_err(|why| told(&why))?;
        let stream = tls.connect(name, stream).await;
        self.ask(stream.map_err(|why| told(&why))?).await
    }

    async fn ask<I>(&self, stream: I) -> Result<String, String>
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let told = |why: &dyn std::fmt::Display| why.to_string();
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        let authority = self.uri.authority().map_or("", |own| own.as_str());
        let request = Request::get(path)
            .header(HOST, authority)
            .header(ACCEPT, "application/json")
            .body(Empty::<Bytes>::new())
            .map_err(|why| told(&why))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|why| told(&why))?;
        let asking = async {
            let reply = sender
                .send_request(request)
                .await
                .map_err(|why| told(&why))?;
            if reply.status() != StatusCode::OK {
                return Err(format!("it answered {}", reply.status()));
            }
            let body = Limited::new(reply.into_body(), LONGEST).collect().await;
            let body = body.map_err(|why| told(&why))?.to_bytes();
            String::from_utf8(body.into()).map_err(|why| told(&why))
        };
        tokio::pin!(asking);
        tokio::select! {
            answer = &mut asking => answer,
            // It may have closed right behind its last byte.
            _ = connection => asking.await,
        }
    }
}

fn connector(ca: Option<&Path>) -> Result<TlsConnector, Fault> {
    let mut roots = RootCertStore::empty();
    match ca {
        Some(file) => {
            let all = CertificateDer::pem_file_iter(file).map_err(|why| fault(file, why))?;
            for one in all {
                let added = roots.add(one.map_err(|why| fault(file, why))?);
                added.map_err(|why| fault(file, why))?;
            }
        }
        None => {
            let trusted = rustls_native_certs::load_native_certs().certs;
            let _ = roots.add_parsable_certificates(trusted);
        }
    }
    if roots.is_empty() {
        return Err(fault(
            ca.unwrap_or(Path::new("the system's certificates")),
            "has no authority to trust",
        ));
    }
    let config = ClientConfig::builder_with_provider(crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .map_err(|why| fault(Path::new("TLS"), why))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
