#!/usr/bin/env python3
"""Seeds single faults into HumanEval's reference solutions: a corpus for the repair benchmark.

    seed_faults.py --out DIR [--count 300] [--seed 2024]

Every case is a directory DIR/cases/ID with solution.py and test_examples.py, the docstring's examples as plain test
functions. DIR/manifest.jsonl names class, line and official check of each; the official check never lies in a case.
A fault counts when at least one example fails and the official check fails. Classes have equal shares; at most one
case in ten may hang.
"""

import argparse
import json
import os
import pathlib
import random
import sys

import humaneval
import judge_python
import python_faults

HANG_SHARE = 0.10
PER_TASK = 4  # cases of all classes from one task, so that no task weighs too much


def eligible(tasks):
    """Tasks with at least two examples that the reference passes, with only those examples."""
    chosen = []
    for task in tasks:
        checks = [f"assert {e.call} {'is' if e.expected == 'None' else '=='} {e.expected}" for e in task.examples]
        if len(checks) < 2:
            continue
        results, official = judge_python.judge(task.solution, checks, humaneval.official_program(task, task.solution), 5.0)
        kept = tuple(e for e, result in zip(task.examples, results) if result == "pass")
        if official == "pass" and len(kept) >= 2:
            chosen.append(humaneval.Task(task.id, task.entry, task.solution, task.test, kept))
    return chosen


def admitted(task, changed):
    """None, or how the fault shows: "fail" or "slow"."""
    checks = [f"assert {e.call} {'is' if e.expected == 'None' else '=='} {e.expected}" for e in task.examples]
    results, official = judge_python.judge(changed, checks, humaneval.official_program(task, changed))
    if all(result == "pass" for result in results) or official == "pass":
        return None
    return "slow" if "slow" in results else "fail"


def pick(kind, tasks, share, hang_share, used, seen, rng):
    """Up to `share` cases of class `kind`, spread over the tasks in rounds, none of them in `seen`."""
    pools = []
    for task in tasks:
        pool = list(python_faults.faults(task.solution, kind))
        rng.shuffle(pool)
        if pool:
            pools.append((task, pool))
    rng.shuffle(pools)
    found, hangs = [], 0
    while len(found) < share and any(pool for _, pool in pools):
        for task, pool in sorted(pools, key=lambda item: used.get(item[0].id, 0)):
            while pool and len(found) < share and used.get(task.id, 0) < PER_TASK:
                fault, changed = pool.pop()
                if changed in seen:
                    continue
                seen.add(changed)
                shows = admitted(task, changed)
                if shows is None or (shows == "slow" and hangs >= hang_share):
                    continue
                hangs += shows == "slow"
                used[task.id] = used.get(task.id, 0) + 1
                found.append((task, fault, changed, shows))
                break
        if all(used.get(task.id, 0) >= PER_TASK or not pool for task, pool in pools):
            break
    return found


def write_case(out, number, task, fault, changed, shows):
    name = f"{fault.kind}-{number:02d}"
    folder = out / "cases" / name
    folder.mkdir(parents=True)
    (folder / "solution.py").write_text(changed, encoding="utf-8")
    (folder / "test_examples.py").write_text(humaneval.example_tests(task), encoding="utf-8")
    return {"id": name, "class": fault.kind, "task": task.id, "entry": task.entry, "line": fault.line, "shows": shows,
            "file": "solution.py", "reference": task.solution, "official": f"{task.test}\n\ncheck({task.entry})\nprint('official: ok')\n"}


def build(out, count, seed, report=sys.stderr):
    rng = random.Random(seed)
    tasks = eligible(humaneval.load())
    kinds = list(python_faults.CLASSES)
    share = count // len(kinds)
    print(f"{len(tasks)} tasks with two examples or more; {share} cases in each of {len(kinds)} classes", file=report)
    used, seen, manifest = {}, set(), []
    for kind in kinds:
        cases = pick(kind, tasks, share, max(1, int(share * HANG_SHARE)), used, seen, rng)
        print(f"  {kind:18} {len(cases)}", file=report)
        for number, case in enumerate(cases):
            manifest.append(write_case(out, number, *case))
    with open(out / "manifest.jsonl", "w", encoding="utf-8") as stream:
        for entry in manifest:
            stream.write(json.dumps(entry) + "\n")
    return manifest


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=2024)
    options = parser.parse_args()
    if humaneval.data_file() is None:
        print("skipped: HumanEval.jsonl.gz was found neither under $EC_SHARED/data nor ../shared/data")
        return 0
    if options.out.exists() and any(os.scandir(options.out)):
        parser.error(f"{options.out} is not empty")
    options.out.mkdir(parents=True, exist_ok=True)
    manifest = build(options.out, options.count, options.seed)
    print(f"{len(manifest)} cases in {options.out}, {sum(c['shows'] == 'slow' for c in manifest)} of them hang")
    return 0


if __name__ == "__main__":
    sys.exit(main())
