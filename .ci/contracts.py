#!/usr/bin/env python3
"""Lints the contracts with buf, on the image that proto's build script writes, and compares them with those of the last
release; no schema registry is asked.

The arguments are the cargo command that has just run: it does nothing again, but says where that image lies.
"""

import json
import subprocess
import sys
from pathlib import Path


def main(command):
    now = image(command)
    # The image carries third-party files too; only ours are ours to judge.
    ours = ["--config", "buf.yaml", "--path", "yemae"]
    print("buf lint, with buf.yaml, of the image in cargo's OUT_DIR of proto", flush=True)
    code = subprocess.run(["buf", "lint", now, *ours]).returncode
    then = last_release()
    if then:
        print(f"buf breaking, against {then}", flush=True)
        code |= subprocess.run(["buf", "breaking", now, "--against", str(then), *ours]).returncode
    sys.exit(code)


def image(command):
    # Before the `--`: what follows it is for the compiler.
    end = command.index("--") if "--" in command else len(command)
    command = command[:end] + ["--message-format=json-render-diagnostics"] + command[end:]
    cargo = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
    if cargo.returncode != 0:
        sys.exit(f"contracts: {' '.join(command)} failed\n{cargo.stderr}")
    folders = {message["out_dir"] for message in map(json.loads, cargo.stdout.splitlines()) if is_proto(message)}
    if len(folders) != 1:
        sys.exit(f"contracts: expected one build of the crate proto, found {sorted(folders) or 'none'}")
    return folders.pop() + "/contracts.binpb"


def last_release():
    """The image that `make release` kept of the newest version, if there was one."""
    images = list(Path("proto/released").glob("*.binpb"))
    return max(images, key=lambda path: [int(part) for part in path.stem.split(".")], default=None)


def is_proto(message):
    # A package id is `path+file://…/proto#0.1.0`, and `…/folder#proto@0.1.0` where folder and name differ.
    if message["reason"] != "build-script-executed" or not message["package_id"].startswith("path+"):
        return False
    folder, _, name = message["package_id"].partition("#")
    return (name.split("@")[0] if "@" in name else folder.rsplit("/", 1)[-1]) == "proto"


if __name__ == "__main__":
    main(sys.argv[1:])
