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

fn fault(file: &Path, why: impl Display) -> TlsFault {
    TlsFault {
        file: file.display().to_string(),
        why: why.to_string(),
    }
}

/// How both ends encrypt and sign.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    crypto::ring::default_provider().into()
}

/// The files that something is made of, as they were read.
#[derive(Default)]
pub(crate) struct Files(Vec<Text>);

impl Files {
    /// What is in the file now.
    pub(crate) fn read(&mut self, file: &Path) -> Result<Text, TlsFault> {
        let text = Text::read(file)?;
        self.0.push(text.clone());
        Ok(text)
    }

    fn have_changed(&self) -> Result<bool, TlsFault> {
        for before in &self.0 {
            if Text::read(&before.file)?.bytes != before.bytes {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Display for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|text| &text.file))
            .finish()
    }
}

/// A file as it was read.
#[derive(Clone)]
pub(crate) struct Text {
    file: PathBuf,
    bytes: Arc<[u8]>,
}

impl Text {
    fn read(file: &Path) -> Result<Self, TlsFault> {
        let bytes = std::fs::read(file).map_err(|why| fault(file, why))?;
        Ok(Self {
            file: file.to_owned(),
            bytes: bytes.into(),
        })
    }

    pub(crate) fn fault(&self, why: impl Display) -> TlsFault {
        fault(&self.file, why)
    }

    /// All certificates in it, PEM; at least one.
    pub(crate) fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, TlsFault> {
        let all = CertificateDer::pem_slice_iter(&self.bytes).collect::<Result<Vec<_>, _>>();
        let all = all.map_err(|why| self.fault(why))?;
        if all.is_empty() {
            return Err(self.fault("has no certificate"));
        }
        Ok(all)
    }

    /// The private key in it. What is wrong with one is not repeated: it might show some of it.
    pub(crate) fn key(&self) -> Result<PrivateKeyDer<'static>, TlsFault> {
        PrivateKeyDer::from_pem_slice(&self.bytes)
            .map_err(|_| self.fault("has no private key in PEM"))
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

type Make<T> = dyn Fn(&mut Files) -> Result<T, TlsFault> + Send + Sync;

/// Something that is made of files, and made again when they have changed; of those that cannot be used nothing is made,
/// and what was there stays.
pub(crate) struct Renewed<T> {
    make: Box<Make<T>>,
    state: Mutex<State<T>>,
}

struct State<T> {
    files: Files,
    made: T,
    looked: Instant,
}

impl<T: Clone> Renewed<T> {
    /// Whatever files `make` reads are looked at again.
    pub(crate) fn open(
        make: impl Fn(&mut Files) -> Result<T, TlsFault> + Send + Sync + 'static,
    ) -> Result<Self, TlsFault> {
        let mut files = Files::default();
        let state = State {
            made: make(&mut files)?,
            files,
            looked: Instant::now(),
        };
        Ok(Self {
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
        if state.files.have_changed()? {
            let mut files = Files::default();
            state.made = (self.make)(&mut files)?;
            state.files = files;
            tracing::info!(files = %state.files, "read again");
        }
        Ok(())
    }
}
