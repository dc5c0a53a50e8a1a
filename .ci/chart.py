#!/usr/bin/env python3
"""Checks the chart: lint, what Kubernetes takes, what the schema refuses, the golden renderings, and the broker's users.

`--write` writes the golden renderings anew, to be read in the diff.
"""

import difflib
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHART = ROOT / "helm"
BIN = ROOT / ".tools" / "bin"
KUBERNETES = "1.36.0"
# Each golden rendering, and what it is of. The seed is as good as any, so that it is the same every time.
SEED = ["--set", "secrets.seed=golden"]
GOLDEN = {
    "default": [],
    "production": ["--values", CHART / "values-production.yaml"],
    "minimal": ["--values", CHART / "values-minimal.yaml"],
}
# No schema of these comes with Kubernetes.
FOREIGN = "GRPCRoute,HTTPRoute,PodMonitor,PrometheusRule"
# What the schema must refuse, and what it must say.
REFUSED = {
    "services.payment.database=sqlite,services.payment.replicas=2": "replicas",
    "services.payment.database=sqlite,services.payment.autoscaling.enabled=true": "autoscaling",
    "defaults.database=sqlite,services.payment.replicas=2": "replicas",
    "defaults.database=sqlite,services.payment.autoscaling.minReplicas=2": "minReplicas",
    "defaults.database=sqlite,defaults.replicas=2": "replicas",
    "services.payment.colour=red": "colour",
    "postgres.enabled=false": "postgres",
    "settings.DATABASE_URL=secret": "DATABASE_URL",
    "services.ops.port=50051": "ops",
    "image.digest=latest": "digest",
    "defaults.port=0": "port",
    "httpRoute.enabled=true": "parentRefs",
    "mtls.existingSecret=": "existingSecret",
}


def main(write):
    faults = contexts()
    for name, values in GOLDEN.items():
        faults += run("helm", "lint", "--strict", "--quiet", "--kube-version", KUBERNETES, CHART, *values)[1:]
        faults += golden(name, template(*SEED, *values), write)
    faults += refusals()
    faults += broker(template(*SEED))
    faults += rules()
    faults += dashboards()
    print(f"chart: {len(GOLDEN)} renderings, {len(REFUSED)} values to be refused, {len(faults)} faults", flush=True)
    sys.exit("\n".join(faults) if faults else 0)


def run(*command):
    """What it printed, and a fault if it failed."""
    program, *rest = map(str, command)
    done = subprocess.run([BIN / program, *rest], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
    return [done.stdout] + ([f"{program} {rest[0]} failed:\n{done.stdout.strip()}"] if done.returncode else [])


def template(*values):
    said, *failed = run("helm", "template", "yemae", CHART, "--namespace", "yemae", "--kube-version", KUBERNETES, *values)
    if failed:
        sys.exit(failed[0])
    return said


def golden(name, rendered, write):
    path = CHART / "golden" / f"{name}.yaml"
    if write:
        path.parent.mkdir(exist_ok=True)
        path.write_text(rendered)
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(rendered)
        file.flush()
        schemas = ROOT / ".tools" / "schemas" / "{{ .ResourceKind }}{{ .KindSuffix }}.json"
        faults = run("kubeconform", "-strict", "-skip", FOREIGN, "-schema-location", schemas, file.name)[1:]
    kept = path.read_text() if path.exists() else ""
    if kept != rendered:
        diff = difflib.unified_diff(kept.splitlines(), rendered.splitlines(), f"golden/{name}.yaml", "now", lineterm="", n=2)
        shown = "\n".join(list(diff)[:60])
        faults.append(f"{name} is rendered otherwise; if it is meant, python3 .ci/chart.py --write:\n{shown}")
    return faults


def rules():
    """What wakes somebody up, tried on series that should and should not."""
    promtool = shutil.which("promtool")
    if not promtool:
        print("chart: the alerts were not tried: there is no promtool in PATH", flush=True)
        return []
    rendered = template(*SEED, "--set", "monitoring.rules.enabled=true", "--show-only", "templates/monitoring.yaml")
    groups = rendered[rendered.index("  groups:"):]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "rules.yaml").write_text("".join(f"{line[2:]}\n" for line in groups.splitlines()))
        tests = shutil.copy(CHART / "rules.test.yaml", folder)
        done = subprocess.run([promtool, "test", "rules", tests], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
    return [f"an alert does otherwise than its test: {done.stdout}"] if done.returncode else []


def dashboards():
    """Each can be read, and asks for metrics that the operator's page has."""
    page = (ROOT / "services/yemae/docs/operations.md").read_text()
    known = set(re.findall(r"<br>`([a-z_]+)` \|", page)) | set(re.findall(r"record: (\S+)", (CHART / "rules.yaml").read_text()))
    known |= {f"{name}_{part}" for name in known for part in ("bucket", "sum", "count")}
    faults, seen = [], set()
    for path in sorted((CHART / "dashboards").glob("*.json")):
        board = json.loads(path.read_text())
        ids = [panel["id"] for panel in board["panels"]]
        if board["uid"] in seen or len(ids) != len(set(ids)):
            faults.append(f"{path.name}: an id is there twice")
        seen.add(board["uid"])
        asked = {name for panel in board["panels"] for target in panel["targets"] for name in METRIC.findall(target["expr"])}
        faults += [f"{path.name}: nobody tells {name}" for name in sorted(asked - known)]
        if not asked:
            faults.append(f"{path.name}: it asks for nothing")
    return faults


# A metric's name in an expression: what stands before its labels, or is a rule's.
METRIC = re.compile(r"\b(?:(?:yemae|rpc|messaging)_[a-z_]+(?=\{)|yemae:[a-z0-9_:]+)")


def refusals():
    faults = []
    for values, word in REFUSED.items():
        said, *failed = run("helm", "template", "yemae", CHART, "--kube-version", KUBERNETES, "--set", values)
        if not failed or "don't meet the specifications of the schema" not in said or word not in said:
            faults.append(f"--set {values} is not refused for {word}: {said[:200]}")
    return faults


def contexts():
    """The chart's contexts are those of the binary, and permit what their keys do there."""
    source = (ROOT / "services/yemae/src/contexts.rs").read_text()
    charges = re.search(r'const CHARGES: &\[&str\] = &\["([^"]+)"\]', source).group(1)
    there = {}
    for name, rest in re.findall(r'Entry::new\("([a-z-]+)"(.*?)(?=Entry::new|\];)', source, re.DOTALL):
        may = re.search(r"\.may\((CHARGES|&\[[^\]]*\])\)", rest)
        listed = [charges] if may and may.group(1) == "CHARGES" else re.findall(r'"([^"]+)"', may.group(1)) if may else []
        there[name] = sorted(listed)
    keys = re.search(r"services\.jwks\.json: \|(.*?)users\.jwks\.json", template(*SEED), re.DOTALL).group(1)
    entries = re.findall(r'"context":"([^"]+)","scopes":\[([^\]]*)\]', keys)
    here = {context: sorted(re.findall(r'"([^"]+)"', scopes)) for context, scopes in entries}
    return [
        f"values.yaml has {here.get(name)} of the context {name}, the binary has {there.get(name)}"
        for name in sorted({*here, *there})
        if here.get(name) != there.get(name)
    ]


# What a user of the broker may publish and hear, and what not.
MAY = {
    "payment": {
        "PUB yemae.payment.Payment.1": True,
        "PUB yemae.cinema-booking.Order.1": False,
        "PUB yemae.payments.Payment.1": False,
        "PUB yemae-commits.payment": True,
        "PUB yemae-commits.mypage": False,
        "PUB $JS.API.CONSUMER.CREATE.YEMAE.payment": True,
        "PUB $JS.API.CONSUMER.CREATE.YEMAE.payment.yemae.*.Order.>": True,
        "PUB $JS.API.CONSUMER.CREATE.YEMAE": False,
        "PUB $JS.API.CONSUMER.CREATE.YEMAE.mypage": False,
        "PUB $JS.API.CONSUMER.MSG.NEXT.YEMAE.mypage": False,
        "PUB $JS.API.CONSUMER.DELETE.YEMAE.mypage": False,
        "PUB $JS.ACK.YEMAE.payment.1.2.3.4.5": True,
        "PUB $JS.ACK.YEMAE.mypage.1.2.3.4.5": False,
        "PUB $JS.ACK._.hash.YEMAE.payment.1.2.3.4.5.6": True,
        "PUB $JS.ACK._.hash.YEMAE.mypage.1.2.3.4.5.6": False,
        "PUB $JS.API.STREAM.INFO.YEMAE": True,
        "PUB $JS.API.STREAM.UPDATE.YEMAE": False,
        "PUB $JS.API.STREAM.DELETE.YEMAE": False,
        "PUB $JS.API.STREAM.PURGE.YEMAE": False,
        "SUB _INBOX.payment.1": True,
        "SUB _INBOX.mypage.1": False,
        "SUB _INBOX.>": False,
        "SUB yemae.>": False,
        "SUB >": False,
    },
    "mypage": {
        "PUB $JS.API.CONSUMER.CREATE.YEMAE": True,
        "PUB $JS.API.CONSUMER.MSG.NEXT.YEMAE.abcdef": True,
        "PUB $JS.API.CONSUMER.MSG.NEXT.YEMAE.mypage": True,
        "PUB $JS.API.CONSUMER.MSG.NEXT.YEMAE.payment": False,
        "PUB yemae.payment.Payment.1": False,
    },
    "provision": {
        "PUB $JS.API.STREAM.CREATE.YEMAE": True,
        "PUB $JS.API.STREAM.UPDATE.YEMAE": True,
        "PUB $JS.API.STREAM.DELETE.YEMAE": False,
        "PUB yemae.payment.Payment.1": False,
    },
    "ops": {
        "PUB $JS.API.CONSUMER.INFO.YEMAE.payment": True,
        "PUB $JS.API.CONSUMER.DELETE.YEMAE.payment": False,
        "PUB yemae.payment.Payment.1": False,
        "PUB yemae-commits.payment": False,
    },
}


def broker(rendered):
    """The real server, with the file that the chart makes for it."""
    found = re.search(r"  nats\.conf: \|\n((?:    .*\n)+)", rendered).group(1)
    configuration = "\n".join(line[4:] for line in found.splitlines())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        for own, other in [("0.0.0.0:4222", f"127.0.0.1:{port}"), ("0.0.0.0:8222", "127.0.0.1:-1"), ("/data", f"{folder}/data")]:
            configuration = configuration.replace(f'"{own}"', f'"{other}"')
        file = Path(folder) / "nats.conf"
        file.write_text(configuration)
        failed = run("nats-server", "--config", file, "-t")[1:]
        if failed:
            return failed
        server = subprocess.Popen([BIN / "nats-server", "--config", file], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            faults = []
            for user, rules in MAY.items():
                words = re.search(rf'user: {user}\n\s*password: "([0-9a-f]+)"', configuration)
                faults += talk(port, user, words.group(1), rules)
            return faults + talk(port, "payment", "guessed", None) + talk(port, "", "", None)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(10)


def talk(port, user, password, rules):
    """Says each and hears whether it was a violation; without rules, the door must stay shut."""
    with connected(port) as connection:
        lines = connection.makefile("rb")
        lines.readline()
        known = f'"user":"{user}","pass":"{password}",' if user else ""
        connection.sendall(f'CONNECT {{{known}"verbose":false}}\r\nPING\r\n'.encode())
        answer = lines.readline().decode().strip()
        if rules is None:
            return [] if answer.startswith("-ERR 'Authorization") else [f"the broker lets {user or 'nobody'} in: {answer}"]
        if answer != "PONG":
            return [f"the broker does not let {user} in: {answer}"]
        faults = []
        for number, (said, may) in enumerate(rules.items()):
            verb, subject = said.split()
            line = f"PUB {subject} 0\r\n\r\n" if verb == "PUB" else f"SUB {subject} {number}\r\n"
            connection.sendall(f"{line}PING\r\n".encode())
            heard = [lines.readline().decode()]
            while heard[-1].strip() not in ("PONG", ""):
                heard.append(lines.readline().decode())
            refused = any("Permissions Violation" in word for word in heard)
            if refused == may:
                faults.append(f"the broker {'refuses' if refused else 'permits'} {user}: {said}")
        return faults


def connected(port):
    end = time.monotonic() + 10
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=10)
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


if __name__ == "__main__":
    main(write="--write" in sys.argv[1:])
