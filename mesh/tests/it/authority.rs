//! Certificates for tests.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    date_time_ymd,
};
use std::path::PathBuf;
use tempfile::TempDir;

/// Somebody who certifies others, for as long as they are held.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    folder: TempDir,
}

/// Files of a certificate and its key.
pub struct Pair(TempDir);

impl Pair {
    pub fn certificate(&self) -> PathBuf {
        self.0.path().join("tls.crt")
    }

    pub fn key(&self) -> PathBuf {
        self.0.path().join("tls.key")
    }

    /// Puts another in its place.
    pub fn become_(&self, other: &Self) {
        std::fs::copy(other.key(), self.key()).unwrap();
        std::fs::copy(other.certificate(), self.certificate()).unwrap();
    }
}

impl Authority {
    pub fn new() -> Self {
        let mut own = named("authority", Vec::new());
        own.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = own.self_signed(&key).unwrap();
        let authority = Self {
            issuer: Issuer::new(own, key),
            folder: tempfile::tempdir().unwrap(),
        };
        std::fs::write(authority.certificate(), certificate.pem()).unwrap();
        authority
    }

    /// What those who trust it have.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }

    /// A certificate for whoever is called by this name.
    pub fn certify(&self, name: &str) -> Pair {
        self.certify_until(name, 4000)
    }

    /// A certificate that is good until a year begins.
    pub fn certify_until(&self, name: &str, year: i32) -> Pair {
        let mut asked = named("somebody", vec![name.to_owned()]);
        asked.not_after = date_time_ymd(year, 1, 1);
        asked.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        let key = KeyPair::generate().unwrap();
        let certificate = asked.signed_by(&key, &self.issuer).unwrap();
        let pair = Pair(tempfile::tempdir().unwrap());
        std::fs::write(pair.key(), key.serialize_pem()).unwrap();
        std::fs::write(pair.certificate(), certificate.pem()).unwrap();
        pair
    }
}

/// A name that says nothing, and those that count.
fn named(common: &str, names: Vec<String>) -> CertificateParams {
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, common);
    params
}
