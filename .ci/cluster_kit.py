"""What the cluster test types: kubectl and helm, and its report. Every wait has a bound."""

import json
import os
import shlex
import shutil
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from cluster_images import NATS, POSTGRESQL

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "target/cluster"
RELEASE = "yemae"
NAMESPACE = os.environ.get("NAMESPACE", "yemae-test")
# How an archive comes into the cluster; its path is added. kind load image-archive, k3s ctr images import …
LOAD_IMAGE = shlex.split(os.environ.get("LOAD_IMAGE", "kind load image-archive"))
CHART = ROOT / "helm"
HELM = ROOT / ".tools/bin/helm" if (ROOT / ".tools/bin/helm").exists() else shutil.which("helm")
VERSION = next(line.split()[1] for line in (CHART / "Chart.yaml").read_text().splitlines() if line.startswith("appVersion:"))
NOW, NEXT, BEFORE = f"yemae:{VERSION}", "yemae:next", "yemae:before"
OWN = f"app.kubernetes.io/instance={RELEASE}"
# By name: which of them run, a load would ask a process that serves all.
SYSTEMS = [word for system in ("cinema", "vod", "food", "iptv", "taxi") for word in ("--system", system)]
CONTEXTS = f"{OWN},app.kubernetes.io/component notin (ops,provision,postgresql,nats)"
VALUES = [
    f"postgresql.image.repository={POSTGRESQL}", "postgresql.image.tag=test",
    f"nats.image.repository={NATS}", "nats.image.tag=test", "door.type=NodePort",
    # The DNS by whatever label and port its pods have.
    "networkPolicy.dnsPorts={53,1053,5353}",
    "networkPolicy.dnsTo[0].namespaceSelector.matchLabels.kubernetes\\.io/metadata\\.name=kube-system",
    # Payment is told to be slow, or away.
    "services.payment.settings.YEMAE_SIMULATOR=true",
]
WAIT = ["--wait", "--timeout", "5m"]


def namespace():
    """Where the release is that is spoken of."""
    return PLACE[-1]


def door():
    return f"http://{RELEASE}-gateway.{namespace()}:8088"


PLACE = [NAMESPACE]


@contextmanager
def beside(what):
    """A namespace beside the test's own, gone at the end unless KEEP is set; answers its name."""
    name = f"{NAMESPACE}-{what}"
    gone = ["kubectl", "delete", "namespace", name, "--ignore-not-found", "--timeout", "120s"]
    run(*gone, patience=130)
    run("kubectl", "create", "namespace", name)
    run("kubectl", "label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
    try:
        yield name
    finally:
        if not os.environ.get("KEEP"):
            run(*gone[:5], "--wait=false", patience=130)


@contextmanager
def elsewhere(what):
    """The same, and all that is typed within it is of the release there."""
    with beside(what) as name:
        PLACE.append(name)
        try:
            yield name
        finally:
            PLACE.pop()


class Failed(Exception):
    """A step did not come true."""


def say(*words):
    print(datetime.now().strftime("%H:%M:%S"), *words, flush=True)


def run(*command, given=None, patience=60, may_fail=False):
    """What it wrote to stdout; what it complained of, if it failed."""
    try:
        done = subprocess.run(
            [str(word) for word in command], input=given, timeout=patience,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True,
            stdin=None if given is not None else subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as why:
        raise Failed(f"{' '.join(map(str, command))[:200]}: no end after {patience} s") from why
    if done.returncode and not may_fail:
        raise Failed(f"{' '.join(map(str, command))[:200]}: {done.returncode}\n{(done.stderr + done.stdout).strip()[-2000:]}")
    return done.stdout


def kubectl(*words, at=None, **how):
    return run("kubectl", "--namespace", at or namespace(), *words, **how)


def read(*words, at=None):
    return json.loads(kubectl("get", *words, "--output", "json", at=at))


def apply(*objects, at=None):
    kubectl("apply", "--filename", "-", at=at, given=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))


def helm(verb, *words, patience=300):
    return run(HELM, verb, RELEASE, *words, "--namespace", namespace(), patience=patience)


def template(*words, at):
    """What the chart renders, and the hooks of `helm test` not."""
    version = json.loads(run("kubectl", "version", "--output", "json"))["serverVersion"]["gitVersion"]
    return run(HELM, "template", RELEASE, CHART, "--no-hooks", *words, "--namespace", at, "--kube-version", version, patience=60)


def until(what, seconds, look, pause=0.5):
    """Asks until the answer is a true one. Who measures pauses for longer: to ask costs what some bookings do."""
    end = time.monotonic() + seconds
    while True:
        answer = look()
        if answer:
            return answer
        if time.monotonic() > end:
            raise Failed(f"{what}: not within {seconds} s")
        time.sleep(pause)


def ops(*words, given=None, patience=200, may_fail=False):
    """What an operator types."""
    stdin = ["--stdin"] if given is not None else []
    return kubectl("exec", *stdin, f"deploy/{RELEASE}-ops", "--", "/yemae", *words, given=given, patience=patience, may_fail=may_fail)


def audit(history=""):
    """The mesh at rest: the breaches of each rule, which must be none."""
    wanted = ["audit", "--quiet", "--wait", "150s", "--json"]
    said = ops(*wanted, *(["--history", "-"] if history else []), given=history or None, patience=300, may_fail=True)
    try:
        rules = json.loads(said)
    except ValueError as why:
        raise Failed(f"the audit could not be read: {said[:400]}") from why
    breaches = {rule: verdict["breaches"][:3] for rule, verdict in rules.items() if verdict["breaches"]}
    if breaches:
        raise Failed(f"audit: {json.dumps(breaches)[:2000]}")
    return {"compared": sum(verdict["compared"] for verdict in rules.values()), "breaches": 0}


class Looking(threading.Thread):
    """Looks about once a second until told to stop; what could not be seen is looked at again."""

    def __init__(self):
        super().__init__(daemon=True)
        self.stop = threading.Event()

    def run(self):
        while not self.stop.wait(1):
            try:
                self.look()
            except Failed:
                continue


def tagged(image):
    """The value that says which image all contexts run."""
    return f"image.tag={image.split(':')[1]}"


def values(*more):
    return [word for value in [*VALUES, *more] for word in ("--set", value)]


@contextmanager
def step(name, report):
    """Times a step; what it puts into the map that it gets is its line in the report."""
    told, begun = {}, time.monotonic()
    say(f"{name} …")
    try:
        yield told
        told.setdefault("passed", True)
    except Failed as why:
        told.update(passed=False, why=str(why))
    told["took_s"] = round(time.monotonic() - begun, 1)
    told["load_average"] = round(os.getloadavg()[0], 1)
    say(name, json.dumps(told, ensure_ascii=False))
    report[name] = told
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "report.json").write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")


def give_up(why):
    sys.exit(f"cluster: {why}")
