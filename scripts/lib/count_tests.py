#!/usr/bin/env python3
"""Counts what a ctest run really executed.

ctest knows one entry per test program. A program that wrote a JUnit-style report named after its entry (GoogleTest with
GTEST_OUTPUT, pytest with --junitxml) is counted by its cases; any other entry counts as one test. An entry that failed
although no case did (a crash, a time-out, a leak found at exit, a second run within it) counts as one failure more.

usage: count_tests.py REPORT_DIR CTEST_JUNIT [CTEST_JUNIT_OF_SECOND_RUN]
prints "PASSED FAILED SKIPPED", and on stderr what failed or was skipped; what passed only in the second run is named
as unsteady.
"""

import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree


LINES_OF_A_FAILURE = 30


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


def failures_told(output):
    """What GoogleTest's output tells of each failed test, cut to what a log can bear; the end of any other output."""
    told = []
    for match in re.finditer(r"^\[  FAILED  \] (\S+) \(\d+ ms\)$", output, re.MULTILINE):
        start = output.rfind(f"[ RUN      ] {match[1]}\n", 0, match.start())
        told += output[max(start, 0) : match.end()].splitlines()[:LINES_OF_A_FAILURE]
    return told or output.splitlines()[-LINES_OF_A_FAILURE:]


def entries(junit):
    return {entry.get("name"): entry for entry in ElementTree.parse(junit).iter("testcase")}


def main():
    reports, runs = pathlib.Path(sys.argv[1]), [entries(junit) for junit in sys.argv[2:]]
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    last = {name: entry for run in runs for name, entry in run.items()}
    for name, entry in last.items():
        status = {"run": "passed", "fail": "failed"}.get(entry.get("status"), "skipped")
        for run in runs:
            if name in run and run[name].get("status") == "fail":
                print("\n".join(failures_told(run[name].findtext("system-out") or "")), file=sys.stderr)
        if status == "passed" and runs[0][name].get("status") == "fail":
            print(f"unsteady: {name}: it failed beside others and passed alone", file=sys.stderr)
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
