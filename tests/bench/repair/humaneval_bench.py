#!/usr/bin/env python3
"""Repairs faults seeded into HumanEval: the search sees the docstring's examples, the official tests judge afterwards.

    humaneval_bench.py --edgecoder build/bin/edgecoder [--language python|javascript] [--limit N] [--report FILE.md]

Prints a table by fault class: plausible (its tests pass), first patch correct, correct among the first five. Judging
runs generated code, so it happens in `edgecoder exec`. No figure is a pass or a fail here.
"""

import argparse
import difflib
import importlib
import itertools
import json
import pathlib
import random
import sys
import tempfile

import fix_client
import humaneval

SUFFIX = {"python": ".py", "javascript": ".js"}
COMMAND = {"python": "python3 -m pytest -q", "javascript": "node --test"}
SEEDER = {"python": "seed_faults", "javascript": "seed_faults_js"}


def corpus(options, scratch):
    """The manifest and the folder of the cases, seeded now unless --corpus names a ready one."""
    folder = options.corpus
    if folder is None:
        folder = pathlib.Path(scratch) / "corpus"
        folder.mkdir()
        importlib.import_module(SEEDER[options.language]).build(folder, options.count, options.seed)
    with open(folder / "manifest.jsonl", encoding="utf-8") as stream:
        return folder, [json.loads(line) for line in stream]


def even_sample(entries, limit, seed):
    """`limit` cases with equal shares of the classes, the same for the same seed."""
    shuffled = random.Random(seed).sample(entries, len(entries))
    classes = {}
    for entry in shuffled:
        classes.setdefault(entry["class"], []).append(entry)
    rounds = [entry for group in itertools.zip_longest(*classes.values()) for entry in group if entry]
    return sorted(rounds[:limit], key=lambda entry: entry["id"])


def chosen(entries, options):
    if options.only:
        entries = [e for e in entries if e["class"] in options.only.split(",")]
    if options.ids:
        entries = [e for e in entries if e["id"] in options.ids.split(",")]
    if options.limit and options.limit < len(entries):
        entries = even_sample(entries, options.limit, options.seed)
    return entries


def judge_patch(options, case_folder, entry, patch):
    """Empty when the patched solution passes the official tests, else what went wrong."""
    with tempfile.TemporaryDirectory(prefix="ec-judge-") as scratch:
        target = pathlib.Path(scratch) / "project"
        fix_client.copy_project(case_folder, target)
        try:
            fix_client.apply_patch(target, patch)
        except (fix_client.PatchError, OSError, IndexError, AttributeError) as error:
            return f"patch does not apply: {error}"
        solution = (target / entry["file"]).read_bytes().decode("utf-8", "surrogateescape")
        program = f"{solution}\n\n{entry['official']}"
        passed, reason = fix_client.sandboxed_program(options.edgecoder, program, SUFFIX[options.language])
        return "" if passed else reason


def run_case(options, folder, entry):
    case_folder = folder / "cases" / entry["id"]
    with tempfile.TemporaryDirectory(prefix="ec-fix-") as scratch:
        project = pathlib.Path(scratch) / "project"
        fix_client.copy_project(case_folder, project)
        pathlib.Path(scratch).chmod(0o755)
        document = fix_client.fix(options.edgecoder, project, options.test or COMMAND[options.language], options.budget, options.fix_seed)
    patches = fix_client.offered(document) if document["status"] == "fixed" else []
    verdicts = [judge_patch(options, case_folder, entry, patch) for patch in patches]
    candidates = document.get("candidates") or {}
    seeded = "\n".join(difflib.unified_diff(entry["reference"].split("\n"), (case_folder / entry["file"]).read_text().split("\n"),
                                            "reference", "faulty", n=1, lineterm=""))
    return {"id": entry["id"], "class": entry["class"], "task": entry["task"], "status": document["status"],
            "crash": document.get("crash", False), "reason": document.get("reason"), "plausible": bool(patches),
            "first": bool(verdicts) and not verdicts[0], "five": any(not v for v in verdicts),
            "seconds": document["seconds"], "budget": options.budget,
            "wall_ms": document.get("wall_ms"), "tried": candidates.get("tried"), "per_second": candidates.get("per_second"),
            "tier": document.get("tier"), "proposer": document.get("proposer"), "before": (document.get("tests") or {}).get("before"),
            "patches": patches, "verdicts": verdicts, "seeded": seeded + "\n"}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--edgecoder", type=pathlib.Path, required=True)
    parser.add_argument("--language", choices=SUFFIX, default="python")
    parser.add_argument("--test", help="test command given to fix (default: python3 -m pytest -q, node --test)")
    parser.add_argument("--corpus", type=pathlib.Path, help="a folder made by seed_faults.py instead of seeding now")
    parser.add_argument("--count", type=int, help="cases to seed (default: 300 in Python, 150 in JavaScript)")
    parser.add_argument("--seed", type=int, default=2024, help="seed of the corpus and of --limit")
    parser.add_argument("--fix-seed", type=int, default=1)
    parser.add_argument("--limit", type=int, help="run a sample of this size")
    parser.add_argument("--only", help="fault classes, comma-separated")
    parser.add_argument("--ids", help="case ids, comma-separated")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--budget", type=int, default=60)
    parser.add_argument("--out", type=pathlib.Path, help="write one JSON line a case to this file")
    parser.add_argument("--resume", action="store_true", help="leave out what --out already holds")
    parser.add_argument("--report", type=pathlib.Path, help="write the table as Markdown")
    parser.add_argument("--failures", type=pathlib.Path, help="write every case whose first patch was wrong as Markdown")
    options = parser.parse_args()
    if options.language == "python" and options.corpus is None and humaneval.data_file() is None:
        print("skipped: HumanEval.jsonl.gz was found neither under $EC_SHARED/data nor ../shared/data")
        return 0
    options.edgecoder = options.edgecoder.resolve()
    options.count = options.count or (300 if options.language == "python" else 150)
    before = fix_client.machine()
    with tempfile.TemporaryDirectory(prefix="ec-corpus-") as scratch:
        folder, entries = corpus(options, scratch)
        entries = chosen(entries, options)
        log = fix_client.ResultLog(options.out, options.resume)
        rows = list(log.rows)

        def done(row):
            rows.append(row)
            log.write(row)
            verdict = fix_client.failure_kind(row) or "right"
            print(f"[{len(rows)}/{len(entries)}] {row['id']:24} {row['seconds']:7.2f} s  {verdict}", file=sys.stderr, flush=True)
            if options.failures:
                options.failures.write_text(fix_client.failing_cases(rows), encoding="utf-8")

        fix_client.parallel(lambda entry: run_case(options, folder, entry), log.left(entries), options.jobs, done)
    rows.sort(key=lambda row: row["id"])
    text = fix_client.report(f"HumanEval, {options.language}, {len(rows)} seeded single faults", [
        f"command `{options.test or COMMAND[options.language]}`, budget {options.budget} s, {options.jobs} at a time, corpus seed "
        f"{options.seed}, search seed {options.fix_seed}", f"{before} before, load {fix_client.machine().rsplit('load ', 1)[1]} after"], rows)
    print(text)
    if options.report:
        options.report.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
