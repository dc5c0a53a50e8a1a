"""Certificates for a release whose contexts show each other theirs, and what may be seen of it from outside."""

import base64
import re
import subprocess
import tempfile
from pathlib import Path

from cluster_edges import forwarded
from cluster_kit import RELEASE, Failed, apply, namespace, read, run, until


class Authority:
    """A CA, which lives as long as its folder."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.key("ca")
        run("openssl", "req", "-x509", "-new", "-key", self.folder / "ca.key", "-subj", "/CN=a house's own", "-days", "2", "-out", self.folder / "ca.crt")

    def key(self, name):
        run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", self.folder / f"{name}.key")

    def certify(self, name):
        """By the names that its Service is called by."""
        own = f"{RELEASE}-{name}"
        names = [own, f"{own}.{namespace()}", f"{own}.{namespace()}.svc", f"{own}.{namespace()}.svc.cluster.local"]
        alternative = ",".join(f"DNS:{one}" for one in names)
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"extendedKeyUsage=serverAuth,clientAuth\nsubjectAltName={alternative}\n")
        self.key(name)
        asked, made = self.folder / f"{name}.csr", self.folder / f"{name}.crt"
        run("openssl", "req", "-new", "-key", self.folder / f"{name}.key", "-subj", f"/CN={name}", "-out", asked)
        signed = ["-CA", self.folder / "ca.crt", "-CAkey", self.folder / "ca.key", "-CAcreateserial", "-days", "2"]
        run("openssl", "x509", "-req", "-in", asked, *signed, "-extfile", extensions, "-out", made)

    def secret(self, name):
        """As cert-manager would write it."""
        self.certify(name)
        files = {"tls.crt": f"{name}.crt", "tls.key": f"{name}.key", "ca.crt": "ca.crt"}
        data = {key: base64.b64encode((self.folder / file).read_bytes()).decode() for key, file in files.items()}
        return {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": {"name": f"{RELEASE}-{name}-tls"}, "data": data}

    def all(self, names):
        apply(*(self.secret(name) for name in names))


def shown(authority, name):
    """The serial number of the certificate that a context shows to who shows one."""
    said = handshake(name, authority, "ops")
    found = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", said, re.DOTALL)
    if not found:
        raise Failed(f"{name} shows no certificate: {said[-600:]}")
    return run("openssl", "x509", "-noout", "-serial", given=found.group(0)).strip()


def handshake(name, authority=None, who=None):
    """What openssl tells of a connection to a pod of a context."""
    own = ["-cert", authority.folder / f"{who}.crt", "-key", authority.folder / f"{who}.key"] if authority else []
    with forwarded(name) as at:
        words = ["openssl", "s_client", "-connect", at[len("http://"):], "-alpn", "h2", *own]
        # Whether the other side was content with us is only heard by reading on.
        done = subprocess.run(
            ["timeout", "4", *map(str, words), "-ign_eof"], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True, errors="replace", timeout=20,
        )
    return done.stdout


def turned_away(told):
    """Without a certificate, and with one of another CA."""
    with tempfile.TemporaryDirectory() as folder:
        other = Authority(folder)
        other.certify("ops")
        for case, said in {"no certificate": handshake("payment"), "of another CA": handshake("payment", other, "ops")}.items():
            alert = re.search(r"alert ([a-z ]+?)(?::|\n)", said)
            if not alert:
                raise Failed(f"{case}: not turned away: {said[-600:]}")
            told[case] = alert.group(1)


def renewed(authority, names, patience=180):
    """New certificates in the Secrets; seconds until a pod that was not restarted shows its own."""
    before = shown(authority, "payment")
    authority.all(names)
    until("a renewed certificate is shown", patience, lambda: shown(authority, "payment") != before)
    restarts = [own["restartCount"] for pod in read("pods")["items"] for own in pod["status"].get("containerStatuses", [])]
    return sum(restarts)
