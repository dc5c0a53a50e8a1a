//! Whom we believe to be the peer that we call, and who we are to it.

use crate::tls::{Renewed, TlsFault, VERSIONS, provider};
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::client::Resumption;

/// How peers are called over TLS: a peer's certificate must be of one of our authorities, and for the name by which it is
/// called. The files, all PEM, are read again when they have changed; those that cannot be read leave what was there.
/// Cheap to clone.
#[derive(Clone)]
pub struct Tls(Arc<Renewed<TlsConnector>>);

impl Tls {
    /// Reads the files: the authorities, and the certificate chain and key that a peer which asks for them is shown.
    pub fn from_files(authorities: &Path, own: Option<(&Path, &Path)>) -> Result<Self, TlsFault> {
        let authorities = authorities.to_owned();
        let own = own.map(|(certificate, key)| (certificate.to_owned(), key.to_owned()));
        let connector = Renewed::open(move |files| {
            let authorities = files.read(&authorities)?;
            let config = ClientConfig::builder_with_provider(provider())
                .with_protocol_versions(VERSIONS)
                .map_err(|why| authorities.fault(why))?
                .with_root_certificates(authorities.authorities()?);
            let mut config = match &own {
                Some((certificate, key)) => {
                    let (chain, key) = (files.read(certificate)?, files.read(key)?);
                    config
                        .with_client_auth_cert(chain.certificates()?, key.key()?)
                        .map_err(|why| chain.fault(why))?
                }
                None => config.with_no_client_auth(),
            };
            config.alpn_protocols = vec![b"h2".to_vec()];
            // A session that is taken up again would not show its certificate again. Connections live for minutes: what it
            // would spare is little.
            config.resumption = Resumption::disabled();
            Ok(TlsConnector::from(Arc::new(config)))
        })?;
        Ok(Self(Arc::new(connector)))
    }

    pub(super) fn connector(&self) -> TlsConnector {
        self.0.now()
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}
