#!/usr/bin/env python3
"""Measures the released yemae: bookings by closed-loop clients, what they cost each process, and beside that what the parts
can do by themselves in the same run. Prints one JSON object; exits 1 if an accepted booking is not on its customer's page
or the audit finds fault. `make bench` builds what it needs and runs it."""

import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
YEMAE = ROOT / "target/release/yemae"
TICKS = os.sysconf("SC_CLK_TCK")
# A process that uses less of a core than this does nothing any more.
QUIET = 0.05
PATIENCE = 120


def main():
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--clients", type=int, default=64)
    asked.add_argument("--seconds", type=int, default=10)
    asked.add_argument("--store", choices=("sqlite", "postgres"), default="sqlite")
    asked.add_argument("--no-bare", action="store_true", help="without the limits of the parts")
    asked = asked.parse_args()
    result = {
        "commit": output("git", "describe", "--always", "--dirty", "--abbrev=12"),
        "cores": os.cpu_count(),
        "load_average": os.getloadavg(),
        "clients": asked.clients,
        "store": asked.store,
        "fsync": "every group commit; the broker as it comes, every 2 minutes",
    }
    if not asked.no_bare:
        result["bare_per_second"] = bare()
        result["gateway"] = json.loads(output(built("door")))
    for name, arguments in (("one_process", []), ("processes", ["--processes"])):
        with database(asked.store) as (settings, server):
            result[name] = whole(arguments, asked, settings, server)
    print(json.dumps(result, indent=2))
    sound = all(result[name]["sound"] for name in ("one_process", "processes"))
    sys.exit(0 if sound else 1)


def whole(arguments, asked, settings, server):
    """A mesh of its own, loaded, and what that took."""
    folder = Path(tempfile.mkdtemp(prefix="yemae-bench-"))
    data = ["--data", folder / "data"]
    history = ["--history", folder / "history"]
    log = open(folder / "log", "w")
    started = time.monotonic()
    words = [YEMAE, "up", "--listen", "127.0.0.1:0", *data, *arguments]
    up = subprocess.Popen(words, env=os.environ | settings, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        if "ready" not in up.stdout.readline():
            sys.exit("the mesh does not start:\n" + (folder / "log").read_text())
        ready = time.monotonic() - started
        threading.Thread(target=up.stdout.read, daemon=True).start()
        quiet(up.pid, server)
        idle = {name: rss(pid) for name, pid in family(up.pid).items()}
        load([*data, *history], 2, asked.clients, 1)
        quiet(up.pid, server)
        before = used(up.pid, server)
        own = os.times()
        seen = load([*data, *history], asked.seconds, asked.clients, 2)
        generator = os.times()
        lagged = quiet(up.pid, server)
        members = family(up.pid)
        booked = max(seen["booked"], 1)
        spent = {name: after - before.get(name, 0) for name, after in used(up.pid, server).items()}
        spent["load"] = generator.children_user + generator.children_system - own.children_user - own.children_system
        words = [YEMAE, "audit", "--quiet", "--wait", "120s", *data, *history]
        audit = subprocess.run(words, env=os.environ | settings, stdout=subprocess.PIPE, text=True)
        return {
            "ready_seconds": round(ready, 3),
            "load": seen,
            "quiet_after_seconds": round(lagged, 1),
            "cpu_ms_per_booking": {name: round(1000 * seconds / booked, 3) for name, seconds in spent.items()},
            "rss_mib_idle": idle,
            "rss_mib_after": {name: rss(pid) for name, pid in members.items()},
            "sound": audit.returncode == 0 and seen["visible"]["watched"] > 0 and seen["visible"]["missing"] == 0,
            "audit": audit.stdout.strip().splitlines(),
        }
    finally:
        up.terminate()
        up.wait()
        log.close()
        shutil.rmtree(folder)


def load(data, seconds, clients, seed):
    words = ["--seconds", seconds, "--clients", clients, "--seed", seed, "--just-book", "--json"]
    done = subprocess.run([str(word) for word in (YEMAE, "load", *data, *words)], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit("yemae load failed")
    return json.loads(done.stdout)


def quiet(root, server):
    """Waits until nobody works any more; the seconds until then."""
    begun = time.monotonic()
    while time.monotonic() - begun < PATIENCE:
        at, before = time.monotonic(), used(root, server)
        time.sleep(1)
        most = max(seconds - before.get(name, 0) for name, seconds in used(root, server).items())
        if most < QUIET * (time.monotonic() - at):
            return at - begun
    sys.exit(f"the mesh still works after {PATIENCE} s")


def family(root):
    """The processes of a mesh by what they are."""
    members = {}
    for pid in descendants(root):
        words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
        if "nats-server" in words[0]:
            members["nats-server"] = pid
        elif words[1:2] == ["child"]:
            members[words[2]] = pid
        else:
            members["yemae"] = pid
    return members


def descendants(root):
    found, waiting = [], [root]
    while waiting:
        found.append(waiting.pop())
        waiting += map(int, output("pgrep", "-P", str(found[-1])).split())
    return found


def used(root, server):
    """The seconds of a core that each has used by now."""
    seconds = {name: cpu(pid) for name, pid in family(root).items()}
    if server:
        # What its ended sessions used is its own by now.
        seconds["postgres"] = sum(map(cpu, descendants(server)))
    return seconds


def cpu(pid):
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except FileNotFoundError:
        # It has ended since it was looked for, and is its parent's.
        return 0
    return sum(map(int, fields[11:15])) / TICKS


def rss(pid):
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return round(int(found[1]) / 1024, 1)


@contextmanager
def database(store):
    """The settings that say where the databases are, and the process of their server."""
    if store == "sqlite":
        yield {}, None
        return
    words = [built("postgres")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        yield json.loads(server.stdout.readline()), server.pid
        server.stdin.close()


def built(bench):
    words = ["cargo", "build", "--release", "--locked", "--workspace", "--bench", bench, "--message-format", "json"]
    made = map(json.loads, output(*words).splitlines())
    return next(it["executable"] for it in made if it.get("target", {}).get("name") == bench)


def bare():
    """What the parts do by themselves, with a broker of their own."""
    program = built("limits")
    folder = tempfile.mkdtemp(prefix="yemae-limits-")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    words = ["nats-server", "-js", "-sd", folder, "-a", "127.0.0.1", "-p", port]
    nats = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        return json.loads(output(program, "nats://127.0.0.1:" + port))
    finally:
        nats.terminate()
        nats.wait()
        shutil.rmtree(folder)


def output(*words):
    return subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout.strip()


if __name__ == "__main__":
    main()
