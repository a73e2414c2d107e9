#!/usr/bin/env python3
"""Repairs the forty Python programs of QuixBugs (jkoppel/QuixBugs) with their own pytest files as the command.

    EC_QUIXBUGS=/path/to/QuixBugs quixbugs_bench.py --edgecoder build/bin/edgecoder [--only gcd,kth] [--budget 60]

Skips with a message where EC_QUIXBUGS names no checkout. Nothing of QuixBugs is kept: each program is repaired in a
temporary project laid out as the checkout is, without the corrected programs.
"""

import argparse
import ast
import difflib
import os
import pathlib
import shutil
import sys
import tempfile

import fix_client


def checkout():
    place = os.environ.get("EC_QUIXBUGS")
    if place and (pathlib.Path(place) / "python_testcases" / "load_testdata.py").is_file():
        return pathlib.Path(place)
    return None


def programs(root):
    """Names of the programs that have a test file."""
    return sorted(path.stem[len("test_"):] for path in (root / "python_testcases").glob("test_*.py"))


def build_project(root, name, target):
    """The program, its test file and its data, as a user would have them. The corrected program stays out."""
    for folder in ("python_programs", "python_testcases", "json_testcases"):
        (target / folder).mkdir(parents=True)
    wanted = ["conftest.py", f"python_programs/{name}.py", "python_programs/node.py", f"python_testcases/test_{name}.py",
              "python_testcases/load_testdata.py", "python_testcases/node.py", f"json_testcases/{name}.json"]
    for relative in wanted:
        if (root / relative).is_file():
            shutil.copyfile(root / relative, target / relative)


def shape(text):
    """The syntax tree without the prose that QuixBugs appends to its programs."""
    tree = ast.parse(text)
    tree.body = [node for node in tree.body if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))]
    return ast.dump(tree)


def run_case(options, root, name):
    faulty = (root / "python_programs" / f"{name}.py").read_text()
    corrected = (root / "correct_python_programs" / f"{name}.py").read_text()
    with tempfile.TemporaryDirectory(prefix="ec-quixbugs-") as scratch:
        os.chmod(scratch, 0o755)
        project = pathlib.Path(scratch) / "project"
        build_project(root, name, project)
        command = f"python3 -m pytest -q python_testcases/test_{name}.py"
        document = fix_client.fix(options.edgecoder, project, command, options.budget, options.fix_seed)
        patches = fix_client.offered(document) if document["status"] == "fixed" else []
        exact = []
        for patch in patches:
            shutil.copyfile(root / "python_programs" / f"{name}.py", project / "python_programs" / f"{name}.py")
            try:
                fix_client.apply_patch(project, patch)
                exact.append(shape((project / "python_programs" / f"{name}.py").read_text()) == shape(corrected))
            except (fix_client.PatchError, OSError, IndexError, AttributeError, SyntaxError):
                exact.append(False)
    candidates = document.get("candidates") or {}
    seeded = "\n".join(difflib.unified_diff(corrected.split("\n"), faulty.split("\n"), "corrected", "faulty", n=1, lineterm=""))
    return {"id": name, "class": "QuixBugs", "status": document["status"], "crash": document.get("crash", False),
            "reason": document.get("reason"), "plausible": bool(patches), "first": bool(exact) and exact[0], "five": any(exact),
            "seconds": document["seconds"], "budget": options.budget, "tried": candidates.get("tried"), "per_second": candidates.get("per_second"),
            "patches": patches, "verdicts": ["" if same else "not the upstream text" for same in exact], "seeded": seeded + "\n"}


def summary(options, rows, before):
    fixed = [row for row in rows if row["plausible"]]
    cells = [(row["id"], "fixed" if row["plausible"] else fix_client.failure_kind(row), "yes" if row["first"] else "",
              f"{row['seconds']:.2f}", str(row.get("tried") if row.get("tried") is not None else "-")) for row in rows]
    seconds = [row["seconds"] for row in rows]
    after = fix_client.machine().rsplit("load ", 1)[1]
    return (f"## QuixBugs: {len(fixed)} of {len(rows)} Python programs fixed\n\n- {before} before, load {after} after\n"
            f"- budget {options.budget} s each, search seed {options.fix_seed}; median {fix_client.quantile(seconds, 0.5):.2f} s, "
            f"90th percentile {fix_client.quantile(seconds, 0.9):.2f} s\n"
            f"- the first patch is the upstream correction, layout and comments aside, in {sum(r['first'] for r in rows)}, one of five in "
            f"{sum(r['five'] for r in rows)} (other patches may be right as well)\n\n"
            + fix_client.markdown_table(("program", "result", "upstream text", "s", "tried"), cells) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--edgecoder", type=pathlib.Path, required=True)
    parser.add_argument("--only", help="programs, comma-separated")
    parser.add_argument("--budget", type=int, default=60)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--fix-seed", type=int, default=1)
    parser.add_argument("--out", type=pathlib.Path, help="write one JSON line a program to this file")
    parser.add_argument("--resume", action="store_true", help="leave out what --out already holds")
    parser.add_argument("--report", type=pathlib.Path, help="write the table as Markdown")
    parser.add_argument("--failures", type=pathlib.Path, help="write faults and patches that are not the upstream text as Markdown")
    options = parser.parse_args()
    root = checkout()
    if root is None:
        print("skipped: EC_QUIXBUGS does not name a checkout of jkoppel/QuixBugs")
        return 0
    options.edgecoder = options.edgecoder.resolve()
    names = [name for name in programs(root) if not options.only or name in options.only.split(",")]
    before = fix_client.machine()
    log = fix_client.ResultLog(options.out, options.resume)
    rows = list(log.rows)

    def done(row):
        rows.append(row)
        log.write(row)
        print(f"[{len(rows)}/{len(names)}] {row['id']:28} {row['seconds']:7.2f} s  {'fixed' if row['plausible'] else fix_client.failure_kind(row)}",
              file=sys.stderr, flush=True)
        for patch in row["patches"][:1]:
            print(patch, file=sys.stderr)
        if options.failures:
            options.failures.write_text(fix_client.failing_cases(rows), encoding="utf-8")

    fix_client.parallel(lambda name: run_case(options, root, name), log.left(names, str), options.jobs, done)
    rows.sort(key=lambda row: row["id"])
    text = summary(options, rows, before)
    print(text)
    if options.report:
        options.report.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
