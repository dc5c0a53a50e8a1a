#!/usr/bin/env python3
"""Prints what the contract gate has found, as a table of RPCs and checks; fails where a cell is missing.

Each check of services/yemae/tests/it/contract writes a column into target/contract: a line for every RPC, with "ok" or why the
check does not apply to it, by its descriptor. `contract.py clear` forgets the last run's.
"""

import shutil
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "target/contract"
# What make contract runs; a check that wrote nothing has not run.
CHECKS = 10


def main():
    columns = {path.stem: dict(rows_of(path)) for path in sorted(FOLDER.glob("*.tsv"))}
    rpcs = sorted({rpc for column in columns.values() for rpc in column})
    checks = sorted(columns)
    faults = [f"{len(checks)} checks have told something, of {CHECKS}"] if len(checks) != CHECKS else []
    reasons = {}
    width = max(map(len, rpcs), default=3)
    for number, check in enumerate(checks):
        print(f"{' ' * width} {'│ ' * number}┌ {check.partition('-')[2]}")
    for rpc in rpcs:
        cells = [columns[check].get(rpc) for check in checks]
        faults += [f"{rpc}: nothing of {check}" for check, cell in zip(checks, cells) if cell is None]
        print(f"{rpc:{width}} {' '.join(map(mark, cells))}")
        for check, cell in zip(checks, cells):
            if cell and cell.startswith("n/a"):
                reasons.setdefault((check, cell.partition(": ")[2]), []).append(rpc)
    print("✓ held against the mesh   · does not apply, by its descriptor:")
    for (check, reason), where in sorted(reasons.items()):
        print(f"  {check.partition('-')[2]}: {reason} ({len(where)} RPCs)")
    events = FOLDER / "events.txt"
    if events.exists():
        told = [line.split("\t") for line in events.read_text(encoding="utf-8").splitlines()]
        seen = [name for name, times in told if int(times)]
        print(f"events: {len(told)} declared rightly; {len(seen)} of them told by the stories of the demo")
        unseen = [name for name, times in told if not int(times)]
        print("  not told by them, but held to it in the worlds of the tests: " + ", ".join(name.removeprefix("yemae.") for name in unseen))
    else:
        faults.append("nothing of the events")
    print(f"contract: {len(rpcs)} RPCs × {len(checks)} checks, {len(faults)} faults", flush=True)
    sys.exit("\n".join(faults) if faults else 0)


def rows_of(path):
    for line in path.read_text(encoding="utf-8").splitlines():
        rpc, _, cell = line.partition("\t")
        yield rpc, cell


def mark(cell):
    return "?" if cell is None else "✓" if cell.startswith("ok") else "·"


if __name__ == "__main__":
    if sys.argv[1:] == ["clear"]:
        shutil.rmtree(FOLDER, ignore_errors=True)
    else:
        main()
