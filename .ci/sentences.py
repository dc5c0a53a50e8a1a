#!/usr/bin/env python3
"""Checks that what is said of the domain was seen: every test that a table of sentences lists ran and passed.

A table is a `tests/sentences.md` with rows of two columns: a sentence, and the tests that show it, each in backticks and
spelled as nextest prints it: `cinema-booking::it selling::seats_are_paid_before_they_are_booked`. Which tests ran is read
from the JUnit reports that `make test` keeps in target/reports, one for each of its runs.
"""

import re
import sys
import xml.etree.ElementTree as xml
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / "target/reports"


def main():
    tables = sorted(ROOT.glob("services/*/tests/sentences.md")) + sorted(ROOT.glob("mesh/*/tests/sentences.md"))
    reports = sorted(REPORTS.glob("*.xml"))
    if not reports:
        sys.exit(f"sentences: no reports in {REPORTS.relative_to(ROOT)}: `make test` writes them")
    ran = {}
    for report in reports:
        read(report, ran)
    listed, faults = 0, []
    for table in tables:
        name = table.relative_to(ROOT)
        rows = list(rows_of(table.read_text(encoding="utf-8")))
        listed += len(rows)
        if not rows:
            faults.append(f"{name}: no rows; they look like: | sentence | `package::it module::test` |")
        faults += [f"{name}:{number}: {why}" for number, tests in rows for why in judged(tests, ran)]
    print(f"sentences: {listed} in {len(tables)} tables, {len(ran)} tests ran, {len(faults)} faults", flush=True)
    sys.exit("\n".join(faults) if faults else 0)


def read(report, ran):
    """Whether a test passed, in every run that it was in."""
    for suite in xml.parse(report).getroot().iter("testsuite"):
        for case in suite.iter("testcase"):
            test = f"{suite.get('name')} {case.get('name')}"
            passed = all(case.find(trouble) is None for trouble in ("failure", "error", "skipped"))
            ran[test] = ran.get(test, True) and passed


def rows_of(text):
    """The number and the tests of each row, after the lines that begin a table."""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("|"):
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        is_head = cells[-1] == "test" or all(set(cell) <= set("-: ") for cell in cells)
        if not is_head:
            yield number, re.findall(r"`([^`]+)`", cells[-1]) if len(cells) == 2 else None


def judged(tests, ran):
    if tests is None:
        yield "a row has two columns: sentence | test"
    elif not tests:
        yield "no test is listed"
    for test in tests or []:
        if test not in ran:
            yield f"{test} did not run{nearest(test, ran)}"
        elif not ran[test]:
            yield f"{test} failed"


def nearest(test, ran):
    """One of the same last name, if there is just one: modules are renamed more often than tests."""
    last = re.split(r"::| ", test)[-1]
    same = [other for other in ran if re.split(r"::| ", other)[-1] == last]
    return f"; did you mean {same[0]}?" if len(same) == 1 else ""


if __name__ == "__main__":
    main()
