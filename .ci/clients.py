#!/usr/bin/env python3
"""Plays the examples in proto/examples on a mesh of their own, each as its README says, with the tool chains that are here;
then each client once more through the gateway, and the page in a browser.

`make test-clients` builds what is needed and runs this. Named as arguments: only these. What has no tool chain here is skipped,
and said so; where CI is set that fails. Afterwards the mesh is asked, and audited: each client has booked a seat and has its
money back.
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
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread, Timer
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "proto/examples"
YEMAE = ROOT / "target/debug/yemae"
# What has to be in PATH, and what the README's commands leave ready: the client, and what else there is to try.
LANGUAGES = {
    "python": (["python3"], "python book.py", "python test_sales.py"),
    "go": (["go"], "go run .", ""),
    "typescript": (["node", "npm"], "npm run book", ""),
    "rust": (["cargo"], "../../../target/debug/book", ""),
    "java": (["java", "javac", "mvn"], "mvn --quiet --batch-mode exec:java", ""),
}
# The page of the TypeScript example, which is built with it.
BROWSER = "browser"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
# A tool chain may have to fetch and build its libraries first.
PATIENCE = 900


def main(wanted):
    everything = [*LANGUAGES, BROWSER]
    unknown = set(wanted) - set(everything)
    if unknown:
        sys.exit(f"clients: there is no example {', '.join(unknown)}; there are {', '.join(everything)}")
    os.environ["PATH"] = os.pathsep.join(map(str, (YEMAE.parent, ROOT / ".tools/bin", os.environ["PATH"])))
    failed, skipped = [], []
    with mesh() as reach:
        for name in wanted or everything:
            missing = lacking(name, reach)
            if missing:
                print(f"clients: {name} skipped: no {' and no '.join(missing)}", flush=True)
                skipped.append(name)
                continue
            begun = time.monotonic()
            why = browse(reach) if name == BROWSER else play(name, reach)
            why = why or cancelled(f"client-{name}", reach)
            failed += [name] if why else []
            print(f"clients: {name} {f'failed: {why}' if why else 'ok'}, {time.monotonic() - begun:.0f} s", flush=True)
        words = ["yemae", "audit", "--quiet", "--wait", "120s", "--data", reach["DATA"]]
        audit = subprocess.run(words, stdout=subprocess.PIPE, text=True)
        if audit.returncode != 0:
            failed.append("audit")
            print(audit.stdout, flush=True)
    if failed:
        sys.exit(f"clients: {', '.join(failed)} failed")
    if skipped and os.environ.get("CI"):
        sys.exit("clients: under CI none may be skipped")


def lacking(name, reach):
    """What is not here that this one needs."""
    if name != BROWSER:
        return [f"{program} in PATH" for program in LANGUAGES[name][0] if not shutil.which(program)]
    there = {
        "gateway": reach["GATEWAY"],
        "chromium in PATH": any(map(shutil.which, CHROMIUM)),
        "page, the TypeScript example makes it": (EXAMPLES / "typescript/dist/browser.js").exists(),
    }
    return [what for what, is_there in there.items() if not is_there]


def play(language, reach):
    """Types what the README says, and then goes through the gateway. None, or why that is not good."""
    _, client, then = LANGUAGES[language]
    here = EXAMPLES / language
    commands = re.findall(r"^```sh\n(.*?)^```", (here / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    if reach["GATEWAY"]:
        commands.append(f'SERVER="$GATEWAY" {client}')
    script = "\n".join(["set -euo pipefail", *commands, then])
    with tempfile.TemporaryFile("w+") as log:
        environment = {**os.environ, **reach, "TOKEN": token(f"client-{language}", reach)}
        quiet = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": subprocess.STDOUT}
        try:
            subprocess.run(["bash", "-xc", script], cwd=here, env=environment, check=True, timeout=PATIENCE, **quiet)
            return None
        except subprocess.SubprocessError as why:
            log.seek(0)
            print("".join(log.readlines()[-60:]))
            return "took too long" if isinstance(why, subprocess.TimeoutExpired) else "see above"


def browse(reach):
    """Opens the page in a browser, which finds in the address what a person types, and reads what it says."""
    serve = partial(QuietHandler, directory=EXAMPLES / "typescript")
    with tempfile.TemporaryDirectory() as profile, ThreadingHTTPServer(("127.0.0.1", 0), serve) as site:
        Thread(target=site.serve_forever, daemon=True).start()
        typed = urlencode({"mesh": f"http://{reach['GATEWAY']}", "token": token(f"client-{BROWSER}", reach)})
        words = [next(filter(None, map(shutil.which, CHROMIUM))), "--headless=new", "--disable-gpu", "--enable-logging=stderr"]
        # Its sandbox cannot be had by root; the page is our own.
        words += ["--no-sandbox", f"--user-data-dir={profile}", f"http://127.0.0.1:{site.server_port}/index.html#{typed}"]
        chromium = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace")
        # Ends the reading below, too.
        late = Timer(60, chromium.kill)
        late.start()
        try:
            said = []
            for line in chromium.stderr:
                said += [line] if "CONSOLE" in line else []
                if "the money is back" in line:
                    return None
            return "the page said " + ("".join(said) or "nothing")
        finally:
            late.cancel()
            chromium.kill()
            chromium.wait()
            site.shutdown()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def token(customer, reach):
    words = ["yemae", "token", customer, "--data", reach["DATA"]]
    return subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def cancelled(customer, reach):
    """Whether the mesh says of each of the customer's bookings that it was cancelled and the money is back."""
    words = ["yemae", "call", "ListMyOrders", "--as", customer, "--data", reach["DATA"]]
    page = json.loads(subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout)
    orders = page.get("orders", [])
    if not orders:
        return "it has booked nothing"
    open_ones = [order["orderId"] for order in orders if order["phase"] != "PHASE_CANCELLED" or not order.get("finishedAt")]
    return f"{', '.join(open_ones)} not cancelled and refunded" if open_ones else None


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
            gateway = (running.get("gateway") or "").split("://")[-1]
            addresses = {"SERVER": running["grpc"], "NATS_URL": running["nats"], "GATEWAY": gateway}
            yield {"DATA": str(folder / "data"), **addresses}
        finally:
            up.terminate()
            up.wait()
            shutil.rmtree(folder)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
