#!/usr/bin/env python3
"""Plays the examples in proto/examples on a mesh of their own, each as its README says, with the tool chains that are here.

`make test-clients` builds what is needed and runs this. Named as arguments: only these. A language whose tool chain is
missing is skipped, and said so; where CI is set that fails. Afterwards the mesh is asked, and audited: each client has
booked a seat and has its money back.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "proto/examples"
YEMAE = ROOT / "target/debug/yemae"
# What has to be in PATH, and what is run after the README's commands, where they left off.
LANGUAGES = {
    "python": (["python3"], "python test_sales.py"),
    "go": (["go"], ""),
    "typescript": (["node", "npm"], ""),
    "rust": (["cargo"], ""),
    "java": (["java", "javac", "mvn"], ""),
}
# A tool chain may have to fetch and build its libraries first.
PATIENCE = 900


def main(wanted):
    unknown = set(wanted) - set(LANGUAGES)
    if unknown:
        sys.exit(f"clients: there is no example in {', '.join(unknown)}; there are {', '.join(LANGUAGES)}")
    os.environ["PATH"] = os.pathsep.join(map(str, (YEMAE.parent, ROOT / ".tools/bin", os.environ["PATH"])))
    failed, skipped = [], []
    with mesh() as reach:
        for language in wanted or LANGUAGES:
            programs, then = LANGUAGES[language]
            missing = [program for program in programs if not shutil.which(program)]
            if missing:
                print(f"clients: {language} skipped: no {' and no '.join(missing)} in PATH", flush=True)
                skipped.append(language)
                continue
            begun = time.monotonic()
            why = play(language, then, reach)
            failed += [language] if why else []
            print(f"clients: {language} {why or 'ok'}, {time.monotonic() - begun:.0f} s", flush=True)
        words = ["yemae", "audit", "--quiet", "--wait", "120s", "--data", reach["DATA"]]
        audit = subprocess.run(words, stdout=subprocess.PIPE, text=True)
        if audit.returncode != 0:
            failed.append("audit")
            print(audit.stdout, flush=True)
    if failed:
        sys.exit(f"clients: {', '.join(failed)} failed")
    if skipped and os.environ.get("CI"):
        sys.exit("clients: under CI none may be skipped")


def play(language, then, reach):
    """Types what the README says. None, or why that is not good."""
    customer = f"client-{language}"
    here = EXAMPLES / language
    commands = re.findall(r"^```sh\n(.*?)^```", (here / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    script = "\n".join(["set -euo pipefail", *commands, then])
    words = ["yemae", "token", customer, "--data", reach["DATA"]]
    token = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    with tempfile.TemporaryFile("w+") as log:
        environment = {**os.environ, **reach, "TOKEN": token}
        try:
            quiet = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": subprocess.STDOUT}
            subprocess.run(["bash", "-xc", script], cwd=here, env=environment, check=True, timeout=PATIENCE, **quiet)
            return cancelled(customer, reach)
        except subprocess.SubprocessError as why:
            log.seek(0)
            print("".join(log.readlines()[-60:]))
            return f"failed: {'took too long' if isinstance(why, subprocess.TimeoutExpired) else 'see above'}"


def cancelled(customer, reach):
    """Whether the mesh says of each of the customer's bookings that it was cancelled and the money is back."""
    words = ["yemae", "call", "ListMyOrders", "--as", customer, "--data", reach["DATA"]]
    page = json.loads(subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout)
    orders = page.get("orders", [])
    if not orders:
        return "failed: it has booked nothing"
    open_ones = [order["orderId"] for order in orders if order["phase"] != "PHASE_CANCELLED" or not order.get("finishedAt")]
    return f"failed: {', '.join(open_ones)} not cancelled and refunded" if open_ones else None


@contextmanager
def mesh():
    """Runs one until the end. Yields what a client has to be told of it."""
    folder = Path(tempfile.mkdtemp(prefix="yemae-clients-"))
    words = [YEMAE, "up", "--listen", "127.0.0.1:0", "--demo", "--data", folder / "data"]
    with open(folder / "log", "w+") as log:
        up = subprocess.Popen(words, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
        try:
            end = time.monotonic() + 60
            while "yemae is ready" not in (folder / "log").read_text():
                if up.poll() is not None or time.monotonic() > end:
                    sys.exit("clients: the mesh does not start\n" + (folder / "log").read_text())
                time.sleep(0.1)
            running = json.loads((folder / "data/lock").read_text())
            yield {"DATA": str(folder / "data"), "SERVER": running["grpc"], "NATS_URL": running["nats"]}
        finally:
            up.terminate()
            up.wait()
            shutil.rmtree(folder)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
