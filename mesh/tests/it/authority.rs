//! Certificates, made by openssl where there is one.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Somebody who certifies others, for as long as they are held.
pub struct Authority(TempDir);

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
    /// None, and a line that says so: there is no openssl.
    pub fn new() -> Option<Self> {
        let own = Self(tempfile::tempdir().unwrap());
        let args = ["-x509", "-days", "2", "-subj", "/CN=authority"];
        let made = own.request(&args, &own.key(), &own.certificate());
        if !made {
            println!("skipped: there is no openssl");
        }
        made.then_some(own)
    }

    /// What those who trust it have.
    pub fn certificate(&self) -> PathBuf {
        self.0.path().join("ca.crt")
    }

    fn key(&self) -> PathBuf {
        self.0.path().join("ca.key")
    }

    /// A certificate for whoever is called by this name, good for so many days.
    pub fn certify(&self, name: &str, days: u32) -> Pair {
        let pair = Pair(tempfile::tempdir().unwrap());
        let asked = pair.0.path().join("tls.csr");
        let alt = format!("subjectAltName=DNS:{name}");
        let uses = "extendedKeyUsage=serverAuth,clientAuth";
        let args = ["-subj", "/CN=somebody", "-addext", &alt, "-addext", uses];
        assert!(self.request(&args, &pair.key(), &asked));
        let mut sign = Command::new("openssl");
        sign.args(["x509", "-req", "-copy_extensions", "copy", "-set_serial"])
            .arg(rand::random::<u32>().to_string())
            .args(["-days", &days.to_string()])
            .arg("-in")
            .arg(&asked)
            .arg("-CA")
            .arg(self.certificate())
            .arg("-CAkey")
            .arg(self.key())
            .arg("-out")
            .arg(pair.certificate());
        sign.stdout(Stdio::null()).stderr(Stdio::null());
        assert!(sign.status().unwrap().success());
        pair
    }

    /// Makes a key and asks for a certificate, or certifies itself. False: there is no openssl.
    fn request(&self, args: &[&str], key: &Path, out: &Path) -> bool {
        let mut make = Command::new("openssl");
        make.arg("req").args(args);
        make.args("-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes".split(' '));
        if !args.contains(&"-x509") {
            make.arg("-new");
        }
        make.arg("-keyout").arg(key).arg("-out").arg(out);
        make.stdout(Stdio::null()).stderr(Stdio::null());
        make.status().is_ok_and(|status| {
            assert!(status.success());
            true
        })
    }
}
