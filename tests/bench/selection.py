#!/usr/bin/env python3
"""Selection by execution against CodeT, on its own published samples.

100 programs and 100 test samples that CodeGen-16B wrote for each of the 164 HumanEval tasks (microsoft/CodeT; the files
are not part of this repository). Every distinct program runs against every distinct assertion in our sandbox; the same
matrix is then ranked by CodeT's dual execution agreement and by ours. Printed: pass@1 of a random sample, of CodeT's
choice, of ours, and of an oracle. Ties are resolved by expectation over the samples that share the best score.

    selection.py --data DIR [--bin build/bin/selection_bench] [--keep DIR] [--tasks even|odd|all]
"""
import argparse
import ast
import collections
import gzip
import json
import math
import os
import pathlib
import platform
import subprocess
import sys
import tempfile

STOPS = ("\nclass", "\ndef", "\n#", "\nif", "\nprint")
ASSERTIONS_PER_SAMPLE = 5
LIMIT_MS = 300


def read_lines(path):
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def cut(text):
    """A completion up to where its function ends."""
    return text[:min([text.find(stop) for stop in STOPS if stop in text], default=len(text))]


def is_code(text):
    try:
        ast.parse(text)
        return bool(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def assertions(sample, function):
    """The first valid assertions of a test sample; it continues a prompt that ends in "assert "."""
    parts = [part for part in ("assert " + sample).split("assert ") if part.strip() and function in part]
    found = [cut(("assert " + part).strip()).strip() for part in parts]
    return [text for text in found if is_code(text)][:ASSERTIONS_PER_SAMPLE]


def same_problem(rows, task):
    """The row for a task: the files come in other orders than HumanEval, and some function names occur twice."""
    def bare(text):
        return "".join(text.split()).replace("'''", '"""')
    named = [row for row in rows if "def %s(" % task["entry_point"] in row["prompt"]]
    return max(named, key=lambda row: len(os.path.commonprefix([bare(row["prompt"]), bare(task["prompt"])])))


def problem_of(task, programs, tests):
    row = same_problem(programs, task)
    copies = collections.Counter(row["prompt"] + cut(sample) for sample in row["samples"])
    function = task["entry_point"]
    written = collections.Counter()
    for sample in same_problem(tests, task)["samples"]:
        written.update(assertions(sample, function))
    check = "%s\ncheck(%s)" % (task["test"], function)
    return {"file": "solution.py", "names": [function], "candidates": list(copies), "copies": list(copies.values()),
            "tests": list(written), "test_copies": list(written.values()),
            # As a text, so that the calls in it are no inputs to compare answers on.
            "truth": "exec(%r)" % check, "limit_ms": LIMIT_MS, "parallel": len(os.sched_getaffinity(0))}


def measured(problem, program, kept):
    if not kept.exists():
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
            json.dump(problem, file)
            file.flush()
            run = subprocess.run([program, file.name], stdout=subprocess.PIPE, check=True)
        kept.write_bytes(run.stdout)
    return json.loads(kept.read_bytes())


def expectation(scored, problem, result):
    """The share of right samples among those with the best score; `scored`: (members, score) of each group."""
    best = max(score for _members, score in scored)
    chosen = [i for members, score in scored if math.isclose(score, best, rel_tol=1e-12) for i in members]
    right = sum(problem["copies"][i] for i in chosen if result["right"][i])
    return right / sum(problem["copies"][i] for i in chosen)


def by_codet(problem, result):
    """Groups by the set of tests passed; tests, as often as written, times the root of the samples. Random where no
    program passes a test."""
    groups = collections.defaultdict(list)
    for i, passes in enumerate(result["passes"]):
        if "1" in passes:
            groups[passes].append(i)
    if not groups:
        return by_chance(problem, result)
    return expectation([(members, math.sqrt(sum(problem["copies"][i] for i in members)) *
                         sum(copies for copies, bit in zip(problem["test_copies"], passes) if bit == "1"))
                        for passes, members in groups.items()], problem, result)


def by_agreement(problem, result):
    return expectation([(group["members"], group["score"]) for group in result["groups"]], problem, result)


def by_chance(problem, result):
    return expectation([(range(len(problem["copies"])), 1)], problem, result)


def by_oracle(_problem, result):
    return float(any(result["right"]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, type=pathlib.Path)
    parser.add_argument("--bin", default="build/bin/selection_bench")
    parser.add_argument("--keep", type=pathlib.Path, help="where results lie between runs")
    parser.add_argument("--tasks", choices=("even", "odd", "all"), default="all")
    options = parser.parse_args()
    if not (options.data / "HumanEval.jsonl.gz").exists():
        sys.exit("%s does not hold HumanEval.jsonl.gz and CodeT's samples" % options.data)
    tasks = read_lines(options.data / "HumanEval.jsonl.gz")
    programs = read_lines(options.data / "codet-humaneval-codegen16b-solutions.jsonl.gz")
    tests = read_lines(options.data / "codet-humaneval-codegen16b-tests.jsonl.gz")
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        keep = options.keep or pathlib.Path(scratch)
        keep.mkdir(parents=True, exist_ok=True)
        for number, task in enumerate(tasks):
            if options.tasks != "all" and number % 2 != (options.tasks == "odd"):
                continue
            problem = problem_of(task, programs, tests)
            result = measured(problem, options.bin, keep / ("%d.json" % number))
            rows.append((number, [rule(problem, result) for rule in (by_chance, by_codet, by_agreement, by_oracle)]))
            if sys.stderr.isatty():
                print("\r%d tasks" % len(rows), end="", file=sys.stderr)
    load = os.getloadavg()[0]
    print("machine: %s, %d cores, load %.1f; Python %s; %d ms of processor time for an assertion and for the check"
          % (platform.processor() or platform.machine(), os.cpu_count(), load, platform.python_version(), LIMIT_MS))
    print("%-12s %6s %8s %8s %8s %8s" % ("tasks", "number", "random", "CodeT", "ours", "oracle"))
    better = sum(score[2] > score[1] + 1e-9 for _number, score in rows)
    worse = sum(score[2] < score[1] - 1e-9 for _number, score in rows)
    for name, wanted in (("all", (0, 1)), ("even", (0,)), ("odd", (1,))):
        scores = [score for number, score in rows if number % 2 in wanted]
        if scores:
            print("%-12s %6d" % (name, len(scores)), *("%7.2f%%" % (100 * sum(column) / len(scores))
                                                      for column in zip(*scores)))
    print("ours is better than CodeT on %d tasks, worse on %d, the same on %d"
          % (better, worse, len(rows) - better - worse))


if __name__ == "__main__":
    main()
