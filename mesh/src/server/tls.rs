//! TLS by files, which may be replaced while they are in use.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// How often the files are looked at again at most. Whoever renews certificates does it days before they expire.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Why a certificate or its key cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("TLS, {file}: {why}")]
pub struct TlsFault {
    file: String,
    why: String,
}

fn fault(file: &Path, why: impl Display) -> TlsFault {
    TlsFault {
        file: file.display().to_string(),
        why: why.to_string(),
    }
}

/// Who we are to those who connect: a certificate chain and its key, both PEM. The files are read again when they have
/// changed; those that cannot be read leave what was there. Cheap to clone.
#[derive(Clone)]
pub struct Tls(Arc<Inner>);

struct Inner {
    files: Files,
    state: Mutex<State>,
}

struct Files {
    certificate: PathBuf,
    key: PathBuf,
    protocols: Vec<Vec<u8>>,
}

struct State {
    text: (Vec<u8>, Vec<u8>),
    acceptor: TlsAcceptor,
    looked: Instant,
}

impl Tls {
    /// Reads the files. `http1`: callers may choose HTTP/1.1 as well as HTTP/2.
    pub fn from_files(certificate: &Path, key: &Path, http1: bool) -> Result<Self, TlsFault> {
        let mut protocols = vec![b"h2".to_vec()];
        if http1 {
            protocols.push(b"http/1.1".to_vec());
        }
        let files = Files {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            protocols,
        };
        let text = files.read()?;
        let state = State {
            acceptor: files.acceptor(&text)?,
            text,
            looked: Instant::now(),
        };
        Ok(Self(Arc::new(Inner {
            files,
            state: Mutex::new(state),
        })))
    }

    pub(super) async fn accept(&self, stream: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
        self.acceptor().accept(stream).await
    }

    /// A few KiB of local files, so they are read in place.
    fn acceptor(&self) -> TlsAcceptor {
        let files = &self.0.files;
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.looked.elapsed() >= LOOK_EVERY {
            state.looked = Instant::now();
            match files.read() {
                Ok(text) if text == state.text => {}
                Ok(text) => match files.acceptor(&text) {
                    Ok(acceptor) => {
                        tracing::info!(file = %files.certificate.display(), "certificate read again");
                        (state.text, state.acceptor) = (text, acceptor);
                    }
                    Err(why) => tracing::warn!(%why, "the old certificate stays"),
                },
                Err(why) => tracing::warn!(%why, "the old certificate stays"),
            }
        }
        state.acceptor.clone()
    }
}

impl Files {
    fn read(&self) -> Result<(Vec<u8>, Vec<u8>), TlsFault> {
        let read = |path: &Path| std::fs::read(path).map_err(|why| fault(path, why));
        Ok((read(&self.certificate)?, read(&self.key)?))
    }

    fn acceptor(&self, (chain, key): &(Vec<u8>, Vec<u8>)) -> Result<TlsAcceptor, TlsFault> {
        let of_chain = |why: &dyn Display| fault(&self.certificate, why);
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<_, _>>()
            .map_err(|why| of_chain(&why))?;
        if chain.is_empty() {
            return Err(of_chain(&"has no certificate"));
        }
        // What is wrong with a key is not repeated: it might show some of it.
        let of_key = |_| fault(&self.key, "has no private key in PEM");
        let key = PrivateKeyDer::from_pem_slice(key).map_err(of_key)?;
        let mut config =
            ServerConfig::builder_with_provider(crypto::ring::default_provider().into())
                .with_safe_default_protocol_versions()
                .map_err(|why| of_chain(&why))?
                .with_no_client_auth()
                .with_single_cert(chain, key)
                .map_err(|why| of_chain(&why))?;
        config.alpn_protocols = self.protocols.clone();
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tls({})", self.0.files.certificate.display())
    }
}
