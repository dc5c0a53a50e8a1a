"""The steps of the cluster test that knock where they may not: other pods' ports, and doors with keys that are not theirs."""

import base64
import hashlib
import json
import re
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cluster_kit import CHART, NAMESPACE, NOW, RELEASE, ROOT, Failed, apply, kubectl, namespace, read, run, until
from cluster_pods import keys, pod


def edges(told):
    """Every port of the release, tried from a pod that is not of it. Where the network knows no policies nothing can be shown."""
    doors = {f"{own['metadata']['name']}.{NAMESPACE}": own["spec"]["ports"][0]["port"] for own in read("services")["items"]}
    tried = {name: knock(name.split(".")[0], f"http://{name}:{port}") for name, port in sorted(doors.items())}
    # NATS and PostgreSQL speak no gRPC: open or shut, they look the same from here.
    contexts = [name for name in tried if not any(other in name for other in ("-gateway", "-nats", "-postgresql"))]
    open_ = [name for name in contexts if not tried[name]]
    told["tried"], told["shut"] = len(tried), sum(tried.values())
    if open_ == contexts:
        told["not_shown"] = "the cluster's network does not enforce NetworkPolicy: every port answered"
    elif open_:
        raise Failed(f"a stranger reaches {', '.join(open_)}")
    elif all(tried.values()):
        raise Failed("a stranger does not reach the gateway")
    else:
        told.update(between(sorted(name.split(".")[0][len(RELEASE) + 1:] for name in contexts)))


def between(contexts):
    """Every context tries every other one's door: open are those that values.yaml says it calls, and all for the gateway and ops."""
    wanted = {(who, whom) for who in ("gateway", "ops") for whom in contexts}
    wanted |= {(who, whom) for who, calls in calls_of(contexts).items() for whom in calls}
    pairs = [(who, whom) for who in [*contexts, "gateway", "ops"] for whom in contexts if who != whom]
    with ThreadPoolExecutor(24) as several:
        found = {pair for pair, is_open in zip(pairs, several.map(lambda pair: reaches(*pair), pairs)) if is_open}
    if found != wanted:
        raise Failed(f"open, and not to be: {sorted(found - wanted)}; shut, and not to be: {sorted(wanted - found)}")
    return {"between_contexts": len(pairs), "open": len(found)}


def calls_of(contexts):
    found, name = {}, ""
    for line in (CHART / "values.yaml").read_text().splitlines():
        entry = re.match(r"  ([a-z-]+):", line)
        name = entry.group(1) if entry else name
        calls = re.match(r"    calls: \{(.*)\}$", line)
        if calls and name in contexts:
            found[name] = re.findall(r"([a-z-]+): \[", calls.group(1))
    return found


def reaches(who, whom):
    """Whether anything answers there: what is sent as a token is none, and nobody is told more than that."""
    door = f"http://{RELEASE}-{whom}:50051"
    words = ["/yemae", "call", "GetStatus", "{}", "--server", door, "--token-file", "/proc/self/comm"]
    command = ["kubectl", "--namespace", NAMESPACE, "exec", f"deploy/{RELEASE}-{who}", "--", *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, timeout=120)
    if "UNAUTHENTICATED" in done.stderr:
        return True
    if any(word in done.stderr for word in ("DEADLINE", "PEER_UNREACHABLE", "cannot be reached")):
        return False
    raise Failed(f"{who} to {whom}: {done.stderr[-300:]}")


def knock(name, at):
    """Whether nobody answers there. Whatever answers in any way is open: a refusal, or no gRPC."""
    words = ["status", "--server", at, "--data", "/run/yemae"]
    name = f"knock-{name}"[:60]
    kubectl("delete", "pod", name, "--ignore-not-found", patience=60)
    apply(pod(name, NOW, words))
    phase = until(f"{name} ends", 60, lambda: ended(name))
    said = kubectl("logs", name)
    kubectl("delete", "pod", name, "--wait=false")
    return phase != "Succeeded" and ("DEADLINE" in said or "PEER_UNREACHABLE" in said or "cannot be reached" in said)


def ended(name):
    phase = kubectl("get", "pod", name, "--output", "jsonpath={.status.phase}")
    return phase if phase in ("Succeeded", "Failed") else None


def identities(told):
    """Tokens by keys that are not in the key sets, and by keys that lack the scope."""
    with tempfile.TemporaryDirectory() as folder:
        forged = Path(folder) / "users.pem"
        run("openssl", "genpkey", "-algorithm", "ed25519", "-out", forged)
        cases = {
            "no token": ("", "Unauthenticated"),
            "a person's, by a key that nobody knows": (token(forged, "kim", roles=["customer"]), "Unauthenticated"),
            "a person's, by a context's key": (token(own_key("payment", folder), "kim", roles=["customer"]), "Unauthenticated"),
            "a person's, run out": (token(users(), "kim", roles=["customer"], good_for=-60), "Unauthenticated"),
            "a person's, for somebody else": (token(users(), "kim", roles=["customer"], aud="other"), "Unauthenticated"),
            "a person's, who is no operator": (token(users(), "kim", roles=["customer"]), "PermissionDenied"),
            "an operator's": (token(users(), "op", roles=["admin"]), "Ok"),
        }
        found = {case: asked("GetStatus", "{}", given, folder) for case, (given, _) in cases.items()}
        charge = {
            "a context's, by a key that nobody knows": (token(forged, "cinema-booking"), "Unauthenticated"),
            "a context's, under another's name": (token(own_key("cinema-movie", folder), "cinema-booking"), "Unauthenticated"),
            "a context's, that may not charge": (token(own_key("cinema-movie", folder), "cinema-movie"), "PermissionDenied"),
            "a person's, at a context's door": (token(users(), "kim", roles=["customer"]), "PermissionDenied"),
            "a context's, that may": (token(own_key("cinema-booking", folder), "cinema-booking"), "InvalidArgument"),
        }
        found.update({case: asked("PaymentService/Approve", "{}", given, folder) for case, (given, _) in charge.items()})
    wanted = {case: code for case, (_, code) in {**cases, **charge}.items()}
    told["answered"] = found
    wrong = {case: found[case] for case in wanted if code(wanted[case]) != found[case]}
    if wrong:
        raise Failed(f"answered otherwise than meant: {wrong}")


def code(name):
    return "".join(f"_{letter}" if letter.isupper() and at else letter for at, letter in enumerate(name)).upper()


def asked(method, request, given, folder):
    """What payment says to this token, by the port of its own that is forwarded here."""
    file = Path(folder) / "token"
    file.write_text(given)
    with forwarded("payment") as at:
        command = [ROOT / "target/image/root-of-image/yemae", "call", method, request, "--server", at, "--token-file", file]
        done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, timeout=60)
    if done.returncode == 0:
        return "OK"
    return next((word.rstrip(":") for word in done.stderr.split() if word.rstrip(":").replace("_", "").isupper() and len(word) > 5), done.stderr.strip())


class forwarded:
    """A port of a pod, brought here."""

    def __init__(self, name):
        self.name = name

    def __enter__(self):
        command = ["kubectl", "--namespace", namespace(), "port-forward", f"deploy/{RELEASE}-{self.name}", ":50051"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, universal_newlines=True)
        line = self.process.stdout.readline()
        if "127.0.0.1:" not in line:
            raise Failed(f"no port was forwarded: {line}")
        return f"http://127.0.0.1:{line.split('127.0.0.1:')[1].split()[0]}"

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)


def users():
    return keys() / "keys/users.pem"


def own_key(context, folder):
    path = Path(folder) / f"{context}.pem"
    path.write_bytes(base64.b64decode(read("secret", f"{RELEASE}-{context}")["data"]["key.pem"]))
    return path


def token(key, subject, roles=None, good_for=60, aud="yemae"):
    """Signed by openssl: EdDSA, its key named by its thumbprint."""
    public = subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"], stdout=subprocess.PIPE, check=True, timeout=10).stdout[-32:]
    known_by = plain(hashlib.sha256(f'{{"crv":"Ed25519","kty":"OKP","x":"{plain(public)}"}}'.encode()).digest())
    claims = {"iss": "yemae", "aud": aud, "sub": subject, "iat": int(time.time()), "exp": int(time.time()) + good_for}
    claims.update({"roles": roles} if roles else {})
    said = ".".join(plain(json.dumps(part).encode()) for part in ({"alg": "EdDSA", "kid": known_by, "typ": "JWT"}, claims))
    with tempfile.NamedTemporaryFile() as file:
        file.write(said.encode())
        file.flush()
        command = ["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", file.name]
        signature = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=10).stdout
    return f"{said}.{plain(signature)}"


def plain(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
