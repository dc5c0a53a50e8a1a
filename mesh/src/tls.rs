//! What TLS needs of files, which may be replaced while they are in use.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use tokio_rustls::rustls::crypto::{self, CryptoProvider};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{RootCertStore, SupportedProtocolVersion, version};

/// How often the files are looked at again at most. Whoever renews certificates does it days before they expire.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// What both ends speak.
pub(crate) const VERSIONS: &[&SupportedProtocolVersion] = &[&version::TLS13, &version::TLS12];

/// Why a file cannot be used for TLS.
#[derive(Debug, thiserror::Error)]
#[error("TLS, {file}: {why}")]
pub struct TlsFault {
    file: String,
    why: String,
}

pub(crate) fn fault(file: &Path, why: impl Display) -> TlsFault {
    TlsFault {
        file: file.display().to_string(),
        why: why.to_string(),
    }
}

/// How both ends encrypt and sign.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    crypto::ring::default_provider().into()
}

/// A file as it was read.
pub(crate) struct Text<'a>(&'a Path, &'a [u8]);

impl Text<'_> {
    pub(crate) fn fault(&self, why: impl Display) -> TlsFault {
        fault(self.0, why)
    }

    /// All certificates in it, PEM; at least one.
    pub(crate) fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, TlsFault> {
        let all = CertificateDer::pem_slice_iter(self.1).collect::<Result<Vec<_>, _>>();
        let all = all.map_err(|why| self.fault(why))?;
        if all.is_empty() {
            return Err(self.fault("has no certificate"));
        }
        Ok(all)
    }

    /// The private key in it. What is wrong with one is not repeated: it might show some of it.
    pub(crate) fn key(&self) -> Result<PrivateKeyDer<'static>, TlsFault> {
        PrivateKeyDer::from_pem_slice(self.1).map_err(|_| self.fault("has no private key in PEM"))
    }

    /// The certificates in it as authorities to trust.
    pub(crate) fn authorities(&self) -> Result<Arc<RootCertStore>, TlsFault> {
        let mut roots = RootCertStore::empty();
        for one in self.certificates()? {
            roots.add(one).map_err(|why| self.fault(why))?;
        }
        Ok(Arc::new(roots))
    }
}

type Make<T> = dyn Fn(&[Text<'_>]) -> Result<T, TlsFault> + Send + Sync;

/// Something that is made of files, and made again when they have changed; of those that cannot be used nothing is made,
/// and what was there stays.
pub(crate) struct Renewed<T> {
    files: Vec<PathBuf>,
    make: Box<Make<T>>,
    state: Mutex<State<T>>,
}

struct State<T> {
    texts: Vec<Vec<u8>>,
    made: T,
    looked: Instant,
}

impl<T: Clone> Renewed<T> {
    pub(crate) fn open(
        files: Vec<PathBuf>,
        make: impl Fn(&[Text<'_>]) -> Result<T, TlsFault> + Send + Sync + 'static,
    ) -> Result<Self, TlsFault> {
        let texts = read(&files)?;
        let state = State {
            made: make(&of(&files, &texts))?,
            texts,
            looked: Instant::now(),
        };
        Ok(Self {
            files,
            make: Box::new(make),
            state: Mutex::new(state),
        })
    }

    /// What the files say now. They are a few KiB of this machine's, so they are read in place.
    pub(crate) fn now(&self) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.looked.elapsed() >= LOOK_EVERY {
            state.looked = Instant::now();
            if let Err(why) = self.look(&mut state) {
                tracing::warn!(%why, "what was read before stays");
            }
        }
        state.made.clone()
    }

    fn look(&self, state: &mut State<T>) -> Result<(), TlsFault> {
        let texts = read(&self.files)?;
        if texts != state.texts {
            state.made = (self.make)(&of(&self.files, &texts))?;
            state.texts = texts;
            tracing::info!(file = %self, "read again");
        }
        Ok(())
    }
}

fn read(files: &[PathBuf]) -> Result<Vec<Vec<u8>>, TlsFault> {
    let read = |file: &PathBuf| std::fs::read(file).map_err(|why| fault(file, why));
    files.iter().map(read).collect()
}

fn of<'a>(files: &'a [PathBuf], texts: &'a [Vec<u8>]) -> Vec<Text<'a>> {
    let both = files.iter().zip(texts);
    both.map(|(file, text)| Text(file, text)).collect()
}

impl<T> Display for Renewed<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let first = self.files.first().map(|file| file.display());
        first.map_or(Ok(()), |first| write!(f, "{first}"))
    }
}
