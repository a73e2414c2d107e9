#!/usr/bin/env python3
"""Counts what a ctest run really executed.

ctest knows one entry per test program. A program that wrote a JUnit-style report named after its entry (GoogleTest with
GTEST_OUTPUT, pytest with --junitxml) is counted by its cases; any other entry counts as one test. An entry that failed
although no case did (a crash, a time-out, a leak found at exit) counts as one failure more.

usage: count_tests.py CTEST_JUNIT REPORT_DIR   prints "PASSED FAILED SKIPPED", and on stderr what failed or was skipped
"""

import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def cases_of(report):
    """Yields (name, outcome, message) for every case of a JUnit-style report, GoogleTest's dialect included."""
    for case in report.iter("testcase"):
        name = f"{case.get('classname', '')}.{case.get('name', '')}"
        failure = case.find("failure") if case.find("failure") is not None else case.find("error")
        skip = case.find("skipped")
        if failure is not None:
            yield name, "failed", ""
        elif skip is not None or case.get("result") == "skipped" or case.get("status") in ("notrun", "disabled"):
            message = "" if skip is None else (skip.get("message") or skip.text or "")
            yield name, "skipped", message.strip()
        else:
            yield name, "passed", ""


def read_cases(path):
    try:
        return list(cases_of(ElementTree.parse(path)))
    except (OSError, ElementTree.ParseError):
        return []


def main():
    junit, reports = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for entry in ElementTree.parse(junit).iter("testcase"):
        name = entry.get("name")
        status = {"run": "passed", "fail": "failed"}.get(entry.get("status"), "skipped")
        cases = read_cases(reports / f"{name}.xml")
        if not cases:
            cases = [(name, status, "the whole program")]
        elif status == "failed" and not any(outcome == "failed" for _, outcome, _ in cases):
            cases.append((f"{name} (the program itself: crash, time-out or leak)", "failed", ""))
        for case, outcome, message in cases:
            counts[outcome] += 1
            if outcome == "failed":
                print(f"failed: {case}", file=sys.stderr)
            elif outcome == "skipped":
                first_line = message.splitlines()[-1].strip() if message else "no reason given"
                print(f"skipped: {case}: {first_line}", file=sys.stderr)
    print(counts["passed"], counts["failed"], counts["skipped"])


if __name__ == "__main__":
    main()
