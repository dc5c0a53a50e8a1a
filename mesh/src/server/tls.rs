//! Who a listener is to those who connect, and whom it lets.

use crate::tls::{Renewed, TlsFault, VERSIONS, provider};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// Whoever could not agree with us has so long to hear why.
const FAREWELL: Duration = Duration::from_secs(1);
/// And so much of what they have said meanwhile is taken, bytes: closed with more left unread, TCP would take back what we said.
const UNHEARD: u64 = 64 * 1024;

/// Who we are to those who connect: a certificate chain and its key, both PEM. The files are read again when they have
/// changed; those that cannot be read leave what was there. Cheap to clone.
#[derive(Clone)]
pub struct Tls(Arc<Renewed<TlsAcceptor>>);

impl Tls {
    /// Reads the files. `clients`: whoever connects must show a certificate of one of the authorities in this file (mTLS).
    /// `http1`: callers may choose HTTP/1.1 as well as HTTP/2.
    pub fn from_files(
        certificate: &Path,
        key: &Path,
        clients: Option<&Path>,
        http1: bool,
    ) -> Result<Self, TlsFault> {
        let mut protocols = vec![b"h2".to_vec()];
        if http1 {
            protocols.push(b"http/1.1".to_vec());
        }
        let (certificate, key) = (certificate.to_owned(), key.to_owned());
        let clients = clients.map(Path::to_owned);
        let acceptor = Renewed::open(move |files| {
            let (chain, key) = (files.read(&certificate)?, files.read(&key)?);
            let config = ServerConfig::builder_with_provider(provider())
                .with_protocol_versions(VERSIONS)
                .map_err(|why| chain.fault(why))?;
            let config = match &clients {
                None => config.with_no_client_auth(),
                Some(authorities) => {
                    let authorities = files.read(authorities)?;
                    let roots = authorities.authorities()?;
                    let judge = WebPkiClientVerifier::builder_with_provider(roots, provider());
                    let judge = judge.build().map_err(|why| authorities.fault(why))?;
                    config.with_client_cert_verifier(judge)
                }
            };
            let mut config = config
                .with_single_cert(chain.certificates()?, key.key()?)
                .map_err(|why| chain.fault(why))?;
            config.alpn_protocols = protocols.clone();
            if clients.is_some() {
                // A session that is taken up again would not show its certificate again.
                config.session_storage = Arc::new(NoServerSessionStorage {});
                config.send_tls13_tickets = 0;
            }
            Ok(TlsAcceptor::from(Arc::new(config)))
        })?;
        Ok(Self(Arc::new(acceptor)))
    }

    pub(super) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let shaken = self.0.now().accept(stream).into_fallible().await;
        match shaken {
            Ok(stream) => Ok(stream),
            Err((why, stream)) => {
                let _ = timeout(FAREWELL, hang_up(stream)).await;
                Err(why)
            }
        }
    }
}

/// Waits until the peer has heard what it was told.
async fn hang_up(mut stream: TcpStream) -> io::Result<()> {
    stream.shutdown().await?;
    let mut unheard = stream.take(UNHEARD);
    tokio::io::copy(&mut unheard, &mut tokio::io::sink())
        .await
        .map(drop)
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}
