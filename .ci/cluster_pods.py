"""Pods of the cluster test's own: commands of ours run in them, and loads, inside the cluster and beside it."""

import base64
import json
import os
import subprocess

from cluster_kit import NOW, OUT, RELEASE, ROOT, Failed, apply, door, kubectl, read, run, until

RESTRICTED = {
    "runAsNonRoot": True,
    "runAsUser": 65532,
    "runAsGroup": 65532,
    "fsGroup": 65532,
    "seccompProfile": {"type": "RuntimeDefault"},
}
CLOSED = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}


def pod(name, image, words, **more):
    """A pod of ours, which is not of the release: a stranger, save that it has the key of people's tokens."""
    container = {
        "name": name, "image": image, "imagePullPolicy": "IfNotPresent", "args": list(words), "securityContext": CLOSED,
        "volumeMounts": [{"name": "keys", "mountPath": "/run/yemae/keys", "readOnly": True}],
        # Who measures must not wait for a processor.
        "resources": {"requests": {"cpu": "50m", "memory": "32Mi"}},
    }
    return {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": "yemae-test"}},
        "spec": {
            "restartPolicy": "Never", "securityContext": RESTRICTED, "automountServiceAccountToken": False,
            "enableServiceLinks": False, "containers": [container], "terminationGracePeriodSeconds": 1,
            "volumes": [{"name": "keys", "secret": {"secretName": f"{RELEASE}-users", "defaultMode": 0o440}}], **more,
        },
    }


def said_inside(name, *words, patience=90):
    """What a command of ours says in a pod, which is to end well."""
    kubectl("delete", "pod", name, "--ignore-not-found", patience=90)
    apply(pod(name, NOW, [*words, "--server", door(), "--data", "/run/yemae"]))
    phase = lambda: kubectl("get", "pod", name, "--output", "jsonpath={.status.phase}")  # noqa: E731
    until(f"pod {name} ends", patience, lambda: phase() in ("Succeeded", "Failed"))
    said = kubectl("logs", name)
    if phase() == "Failed":
        raise Failed(f"{name}: {said[-1000:]}")
    return said


class Inside:
    """`yemae load` in a pod: it finds the gateway by its name. What each client saw goes through the node's log, at a price."""

    def __init__(self, name, image, *words, history=("--history", "/dev/stdout")):
        self.name = name
        kubectl("delete", "pod", name, "--ignore-not-found", patience=90)
        apply(pod(name, image, ["load", *words, "--json", *history, "--server", door(), "--data", "/run/yemae"]))
        until(f"pod {name} runs", 90, lambda: self.phase() in ("Running", "Succeeded", "Failed"))

    def phase(self):
        return kubectl("get", "pod", self.name, "--output", "jsonpath={.status.phase}")

    def runs(self):
        return self.phase() == "Running"

    def result(self, patience):
        until(f"pod {self.name} ends", patience, lambda: self.phase() in ("Succeeded", "Failed"), pause=5)
        return sorted_out(kubectl("logs", self.name))


class Outside:
    """The same program on this machine, which finds the gateway by a port of the cluster's node."""

    def __init__(self, name, *words):
        self.history = OUT / f"{name}.history"
        self.history.unlink(missing_ok=True)
        command = [ROOT / "target/image/root-of-image/yemae", "load", *words, "--json", "--history", self.history]
        command += ["--server", outside(), "--data", keys()]
        self.process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)

    def runs(self):
        return self.process.poll() is None

    def result(self, patience):
        try:
            said, _ = self.process.communicate(timeout=patience)
        except subprocess.TimeoutExpired as why:
            self.process.kill()
            raise Failed(f"the load outside did not end in {patience} s") from why
        summary, _ = sorted_out(said)
        return summary, self.history.read_text()


def sorted_out(said):
    """The result, and what each client saw, of what a load has written."""
    summary, history, other = None, [], []
    for line in said.splitlines():
        try:
            told = json.loads(line)
        except ValueError:
            other.append(line)
            continue
        if "op" in told:
            history.append(line)
        elif "tries" in told or "seen" in told:
            summary = told
    if summary is None:
        raise Failed(f"the load said no result: {' / '.join(other[-5:])}")
    return summary, "".join(f"{line}\n" for line in history)


def keys():
    """A data directory here, with the key of people's tokens."""
    folder = OUT / "data/keys"
    folder.mkdir(parents=True, exist_ok=True)
    secret = read("secret", f"{RELEASE}-users")
    (folder / "users.pem").write_bytes(base64.b64decode(secret["data"]["users.pem"]))
    return folder.parent


def outside():
    """The gateway's port on a node: OUTSIDE says another way in."""
    if os.environ.get("OUTSIDE"):
        return os.environ["OUTSIDE"]
    service = read("service", f"{RELEASE}-gateway-door")
    port = next(port["nodePort"] for port in service["spec"]["ports"] if port["name"] == "grpc")
    addresses = json.loads(run("kubectl", "get", "nodes", "--output", "json"))["items"][0]["status"]["addresses"]
    return f"http://{next(own['address'] for own in addresses if own['type'] == 'InternalIP')}:{port}"


def raw(summary):
    """How many calls, and those that failed: each try counts, and a repetition is a try of its own."""
    codes = summary["codes"]
    other = {what: times for what, times in summary["other"].items() if "ok" not in what.split()}
    # The cinema says no for good reasons too; they are told apart.
    failed = sum(times for code, times in codes.items() if code not in ("Ok", "FailedPrecondition"))
    failed += sum(times for what, times in other.items() if not what.startswith("create ") and any(code in what for code in PASSING))
    calls = summary["tries"] + summary["cancelled"] + sum(times for what, times in other.items() if not what.startswith("create "))
    told = {"calls": calls, "failed": failed, "booked": summary["booked"], "codes": codes, "p99_ms": round(summary["p99_ms"], 1)}
    told.update({"other": other} if other else {})
    return {**told, **({"shed": summary["shed"]} if summary["shed"] else {})}


PASSING = "unknown Unavailable DeadlineExceeded OVERLOADED UNREACHABLE BUSY Internal Cancelled".split()
