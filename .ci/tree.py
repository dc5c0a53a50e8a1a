#!/usr/bin/env python3
"""Checks what git tracks: the top level holds what it should, no file names a machine or a registry, none is too long, rows stay
prepared."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOP = """
    Cargo.toml Cargo.lock buf.yaml Makefile README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE
    proto mesh services helm
""".split()
LONG = 300
# Where a package comes from is for the user's own settings to say.
REGISTRIES = r"""
    \bcrates\.io | \bpypi\.(?:org|io) | \bpythonhosted\.org | \bnpmjs\.(?:org|com) | \byarnpkg\.com
    | \b(?:proxy|sum)\.golang\.org | \brepo1?\.maven\. | \bcentral\.sonatype\. | \b(?:deb|security)\.debian\.org
    | \barchive\.ubuntu\.com | \brubygems\.org
"""
# Paths that exist on one machine only.
MACHINES = r"(?<![\w.${}~/-]) / (?: work | root | (?:home|Users)/[\w.-]+ ) /"
FORBIDDEN = {
    "names a package registry's host": re.compile(REGISTRIES, re.VERBOSE | re.IGNORECASE),
    "holds a machine's path": re.compile(MACHINES, re.VERBOSE),
}
# diesel's usual INSERT of a row says DEFAULT for each None: PostgreSQL then prepares it anew each time, for one question more.
INSERTED = re.compile(r"#\[derive\([^)]*\bInsertable\b[^)]*\)\]\s*#\[diesel\(([^]]*)\)\]")
KEPT = "treat_none_as_default_value = false"


def main():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if listed.returncode != 0:
        said = "not checked: " + listed.stderr.decode().strip().splitlines()[0]
        sys.exit("tree: " + said) if os.environ.get("CI") else print("tree: warning: " + said)
        return
    paths = [path for path in listed.stdout.decode().split("\0") if path]
    faults = top_level(paths)
    for path in paths:
        faults += contents(path)
    print(f"tree: {len(paths)} files, {len(faults)} faults", flush=True)
    sys.exit("\n".join(faults) if faults else 0)


def top_level(paths):
    entries = sorted({path.split("/")[0] for path in paths})
    return [
        f"{entry}: the top level is the map of the project, and this is not on it. "
        "It belongs in a folder or, if a tool wants it there, behind a dot."
        for entry in entries
        if entry not in TOP and not entry.startswith(".")
    ]


def contents(path):
    file = ROOT / path
    if path == "Cargo.lock" or file.is_symlink() or not file.is_file():
        return []
    data = file.read_bytes()
    if b"\0" in data:
        return []
    lines = data.decode(errors="replace").splitlines()
    if path.endswith(".rs") and len(lines) > LONG:
        print(f"tree: warning: {path} has {len(lines)} lines; over {LONG}, a file mostly holds two things")
    unkept = [
        f"{path}: an Insertable row without #[diesel({KEPT})] is prepared anew each time"
        for found in INSERTED.finditer("\n".join(lines))
        if path.endswith(".rs") and KEPT not in found.group(1)
    ]
    return unkept + [
        f"{path}:{number}: {why}: {found.group(0)}"
        for number, line in enumerate(lines, 1)
        for why, pattern in FORBIDDEN.items()
        for found in pattern.finditer(line)
    ]


if __name__ == "__main__":
    main()
