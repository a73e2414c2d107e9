#!/usr/bin/env python3
"""One page over the results of the repair benchmarks, for docs/benchmarks.md.

    summary.py python=py.jsonl javascript=js.jsonl quixbugs=quix.jsonl projects=projects.jsonl
"""

import pathlib
import sys

import fix_client

# What the project set out to reach: plausible, first, of five (percent), median and 90th percentile (seconds).
GOALS = {
    "python": ("HumanEval, Python", ("95", "78", "90", "1", "5")),
    "javascript": ("HumanEval, JavaScript", ("85", "68", "80", "", "")),
    "quixbugs": ("QuixBugs, Python", ("90 (36 of 40)", "", "", "", "")),
    "projects": ("Whole projects", ("", "", "", "", "")),
}


def with_goal(value, goal):
    return f"{value} (goal {goal})" if goal else value


def main():
    given = [argument.partition("=") for argument in sys.argv[1:]]
    if not given or any(name not in GOALS or not path for name, _, path in given):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    table, failures = [], []
    for name, _, path in given:
        rows = fix_client.read_rows(pathlib.Path(path))
        if not rows:
            continue
        title, goals = GOALS[name]
        cells = fix_client.summary_row(title, rows)
        table.append((*cells[:2], *(with_goal(*pair) for pair in zip(cells[2:7], goals)), *cells[7:]))
        kinds = {}
        for row in rows:
            kind = fix_client.failure_kind(row)
            if kind:
                kinds[kind] = kinds.get(kind, 0) + 1
        listed = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items(), key=lambda item: -item[1])) or "none"
        failures.append(f"- {title}: {listed}")
    print(f"{fix_client.markdown_table(fix_client.HEADER, table)}\n\nFailures by kind:\n\n" + "\n".join(failures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
