//! A key that signs, and how the world is told of its public half.

use super::{Fault, fault};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey, KeypairBytes, spki::der::pem};
use ed25519_dalek::{Signer as _, SigningKey};
use rand::TryRngCore;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

/// An Ed25519 key pair. Cheap to clone; its Debug says nothing.
#[derive(Clone)]
pub struct Key {
    pair: Arc<SigningKey>,
    id: Arc<str>,
}

impl Key {
    /// A fresh key in memory.
    pub fn generate() -> Result<Self, Fault> {
        let mut seed = [0; 32];
        rand::rngs::OsRng
            .try_fill_bytes(&mut seed)
            .map_err(|why| fault(Path::new("the system's randomness"), why))?;
        Ok(Self::from_pair(SigningKey::from_bytes(&seed)))
    }

    /// Makes a key file that only its owner reads: PKCS#8 PEM, mode 0600. One that is there already is an error: what
    /// it signed would be good for nothing.
    pub fn make(path: &Path) -> Result<Self, Fault> {
        if path.exists() {
            return Err(fault(path, "is there already"));
        }
        let key = Self::generate()?;
        // Without the public half, as openssl writes it and older ones insist.
        let bytes = KeypairBytes {
            secret_key: key.pair.to_bytes(),
            public_key: None,
        };
        let text = bytes
            .to_pkcs8_pem(pem::LineEnding::LF)
            .map_err(|why| fault(path, why))?;
        write(path, text.as_bytes(), 0o600).map_err(|why| fault(path, why))?;
        Ok(key)
    }

    /// Reads a key file.
    pub fn read(path: &Path) -> Result<Self, Fault> {
        let text = fs::read_to_string(path).map_err(|why| fault(path, why))?;
        SigningKey::from_pkcs8_pem(&text)
            .map(Self::from_pair)
            .map_err(|_| fault(path, "is no Ed25519 private key in PKCS#8 PEM"))
    }

    fn from_pair(pair: SigningKey) -> Self {
        // RFC 7638: the members that make the key, in alphabetical order, without spaces.
        let x = URL_SAFE_NO_PAD.encode(pair.verifying_key().as_bytes());
        let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
        let id = URL_SAFE_NO_PAD.encode(Sha256::digest(members));
        Self {
            pair: Arc::new(pair),
            id: id.into(),
        }
    }

    /// Its `kid`: the RFC 7638 thumbprint.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its entry in a JWKS for people's tokens.
    pub fn entry(&self) -> Value {
        json!({
            "kty": "OKP",
            "crv": "Ed25519",
            "x": URL_SAFE_NO_PAD.encode(self.pair.verifying_key().as_bytes()),
            "kid": self.id(),
            "alg": "EdDSA",
            "use": "sig",
        })
    }

    /// Its entry in the services' JWKS: a token by it is good for this context and these scopes at most.
    pub fn service_entry(&self, context: &str, scopes: &[&str]) -> Value {
        let mut entry = self.entry();
        entry["context"] = json!(context);
        entry["scopes"] = json!(scopes);
        entry
    }

    /// A token of these claims: a JWT. What it is good for is for whoever trusts the key to say.
    pub fn sign(&self, claims: &Value) -> String {
        let header = json!({"alg": "EdDSA", "kid": self.id(), "typ": "JWT"});
        self.sign_under(&header, claims)
    }

    pub(super) fn sign_under(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        let signature = self.pair.sign(message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// Writes a JWKS of these entries for everybody to read.
pub fn write_jwks(path: &Path, entries: &[Value]) -> Result<(), Fault> {
    let text = format!("{:#}\n", json!({"keys": entries}));
    write(path, text.as_bytes(), 0o644).map_err(|why| fault(path, why))
}

/// Written aside and renamed, so that nobody ever reads half a file.
fn write(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let aside = path.with_extension(format!("{}.new", std::process::id()));
    let written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&aside)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&aside, path));
    if written.is_err() {
        let _ = fs::remove_file(&aside);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_file_is_its_owners_and_reads_back_as_the_same_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        let made = Key::make(&path).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(Key::read(&path).unwrap().entry(), made.entry());
        assert!(
            Key::make(&path).is_err(),
            "an existing key was written over"
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn the_id_is_the_thumbprint_of_rfc_8037() {
        // RFC 8037, appendix A.
        let seed = URL_SAFE_NO_PAD
            .decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
            .unwrap();
        let key = Key::from_pair(SigningKey::from_bytes(&seed.try_into().unwrap()));
        assert_eq!(key.id(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        assert_eq!(
            key.entry()["x"],
            "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
        );
    }

    #[test]
    fn debug_says_nothing() {
        assert_eq!(format!("{:?}", Key::generate().unwrap()), "***");
    }
}
