#!/usr/bin/env python3
"""Cuts a release: `make release VERSION=0.1.0`, which runs CI before it. Pushes nothing.

The tree is clean, the workspace has that version, CHANGELOG.md has its section. What the release promised is kept as
proto/released/VERSION.binpb, the image of its contracts without comments: later contracts are compared with it. The section
gets its date, both are committed, and the commit is tagged.
"""

import datetime
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHANGELOG = ROOT / "CHANGELOG.md"


def main(step, version, *command):
    check(version)
    if step == "cut":
        cut(version, list(command))


def check(version):
    """Everything that can be known before CI has run for half an hour."""
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        give_up(f"VERSION={version!r}: it has three numbers, as 0.1.0")
    dirty = git("status", "--porcelain")
    if dirty:
        give_up("the tree is not clean; commit or stash first:\n" + dirty)
    own = re.search(r'^version = "([^"]+)"', (ROOT / "Cargo.toml").read_text(encoding="utf-8"), re.MULTILINE)
    if not own or own.group(1) != version:
        give_up(f"the workspace's version in Cargo.toml is {own and own.group(1)}, not {version}")
    if not section(version):
        give_up(f"CHANGELOG.md has no section that begins with: ## [{version}] - Unreleased")
    if git("tag", "--list", tag(version)):
        give_up(f"there is a tag {tag(version)} already")
    if image(version).exists():
        give_up(f"there is a {image(version).relative_to(ROOT)} already")


def cut(version, command):
    # The cargo command of make lint: it does nothing again, but says where the image lies.
    sys.path.insert(0, str(ROOT / ".ci"))
    import contracts

    built = contracts.image(command)
    image(version).parent.mkdir(exist_ok=True)
    run("buf", "build", built, "--exclude-source-info", "--output", str(image(version)))
    today = datetime.date.today().isoformat()
    log = CHANGELOG.read_text(encoding="utf-8")
    CHANGELOG.write_text(log.replace(section(version), f"## [{version}] - {today}"), encoding="utf-8")
    git("add", str(image(version)), str(CHANGELOG))
    git("commit", "--quiet", "--message", f"Release {version}")
    git("tag", "--annotate", tag(version), "--message", f"yemae {version}")
    print(f"release: {version} is committed and tagged {tag(version)}; nothing was pushed")


def section(version):
    found = re.search(rf"^## \[{re.escape(version)}\] - Unreleased$", CHANGELOG.read_text(encoding="utf-8"), re.MULTILINE)
    return found and found.group(0)


def tag(version):
    return f"v{version}"


def image(version):
    return ROOT / "proto/released" / f"{version}.binpb"


def git(*arguments):
    return run("git", *arguments)


def run(*command):
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
    if done.returncode != 0:
        give_up(f"{' '.join(command[:2])} failed: {(done.stdout + done.stderr).strip()}")
    return done.stdout.strip()


def give_up(sentence):
    sys.exit("release: " + sentence)


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in ("check", "cut"):
        sys.exit("release: check VERSION, or: cut VERSION CARGO COMMAND…")
    main(*sys.argv[1:])
