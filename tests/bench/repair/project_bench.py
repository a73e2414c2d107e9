#!/usr/bin/env python3
"""Repairs faults seeded into whole projects, with each project's own test suite as the command and as the judge.

    project_bench.py --edgecoder build/bin/edgecoder [--projects toolz,chai] [--faults 10] [--budget 120]

Needs apt-get and npm for the first run; projects and corpora are kept in the cache folder. A patch is *plausible* when the
whole suite passes with it, *right* when it gives back the original text (spelling of white space aside).
"""

import argparse
import ast
import difflib
import functools
import json
import os
import pathlib
import random
import re
import shlex
import sys
import tempfile

import fix_client
import projects
import python_faults
import python_source
import seed_faults_js

SEEDING_LIMIT = 120.0
COUNTS = {
    "pytest": (r"(\d+) passed", r"(\d+) failed", r"(\d+) errors?\b"),
    "mocha": (r"(\d+) passing", r"(\d+) failing", r"$^"),
    "tape": (r"# pass\s+(\d+)", r"# fail\s+(\d+)", r"$^"),
}


def counts(command, text):
    """(passed, failed) as the runner's closing lines say."""
    patterns = next(value for name, value in COUNTS.items() if name in command)
    found = [re.findall(pattern, text) for pattern in patterns]
    passed, failed, errors = (int(numbers[-1]) if numbers else 0 for numbers in found)
    return passed, failed + errors


def run_suite(project, folder, limit):
    """(exit code or None, passed, failed, seconds) of the suite run over a text that is ours, outside the sandbox."""
    code, out, err, seconds = fix_client.run_program(["sh", "-c", project.command], folder, limit, fix_client.environment())
    passed, failed = counts(project.command, out + err)
    return code, passed, failed, seconds


def all_faults(project, folder, rng):
    """Unchecked faults of the whole project by class: {class: [(file, line, function that gives the changed text or None)]}."""
    pools = {}
    for name in projects.source_files(project, folder):
        text = (folder / name).read_text(encoding="utf-8")
        if project.language == "python":
            source = python_source.Source(text)
            for kind in python_faults.CLASSES:
                pools.setdefault(kind, []).extend(
                    (name, fault.line, functools.partial(python_faults.faulty_text, source, fault)) for fault in python_faults.sites(source, kind))
        else:
            for kind, found in seed_faults_js.sites_of(folder / name).items():
                pools.setdefault(kind, []).extend(
                    (name, fault["line"], functools.partial(javascript_text, text, fault["edits"])) for fault in found)
    for pool in pools.values():
        rng.shuffle(pool)
    return pools


def javascript_text(text, edits):
    for begin, end, replacement in sorted(edits, reverse=True):
        text = text[:begin] + replacement + text[end:]
    with tempfile.NamedTemporaryFile("w", suffix=".js") as stream:
        stream.write(text)
        stream.flush()
        return text if fix_client.run_program(["node", "--check", stream.name], "/", 30)[0] == 0 else None


def seed(project, folder, count, seed_number, report=sys.stderr):
    """`count` faults that the suite notices without falling apart: at least one test fails and half still pass."""
    rng = random.Random(f"{seed_number}-{project.name}")
    found = []
    with tempfile.TemporaryDirectory(prefix="ec-seed-") as scratch:
        work = pathlib.Path(scratch) / "project"
        fix_client.copy_project(folder, work)
        code, passed, failed, seconds = run_suite(project, work, SEEDING_LIMIT)
        if code != 0 or failed or not passed:
            raise projects.Unavailable(f"its suite does not pass here (exit {code}, {passed} passed, {failed} failed)")
        print(f"{project.name}: {passed} tests in {seconds:.1f} s", file=report)
        pools = all_faults(project, folder, rng)
        kinds = rng.sample(sorted(pools), len(pools))
        seen = set()
        while len(found) < count and any(pools.values()):
            for kind in kinds:
                while pools[kind] and len(found) < count:
                    name, line, text = pools[kind].pop()
                    changed = text()
                    if changed is None or changed in seen:
                        continue
                    seen.add(changed)
                    original = (folder / name).read_text(encoding="utf-8")
                    (work / name).write_text(changed, encoding="utf-8")
                    code, good, bad, _ = run_suite(project, work, min(SEEDING_LIMIT, 5 * seconds + 5))
                    (work / name).write_text(original, encoding="utf-8")
                    if code not in (0, None) and bad >= 1 and good >= passed // 2:
                        found.append({"id": f"{project.name}-{len(found):02d}-{kind}", "class": kind, "file": name, "line": line,
                                      "changed": changed, "failing": bad, "passing": good})
                        break
    return found


def corpus(project, folder, options):
    path = options.cache / "corpora" / f"{project.name}-{project.version}-{options.seed}-{options.faults}.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        cases = seed(project, folder, options.faults, options.seed)
        path.write_text(json.dumps(cases))
    return json.loads(path.read_text())


def shape(project, text):
    """What two texts share when only their layout differs."""
    if project.language == "python":
        return ast.dump(ast.parse(text))
    return "".join(text.split())


def judge_patch(options, project, folder, case, patch):
    """(the suite passes in the sandbox, the original is restored, what went wrong)"""
    with tempfile.TemporaryDirectory(prefix="ec-judge-") as scratch:
        os.chmod(scratch, 0o755)
        work = pathlib.Path(scratch) / "project"
        fix_client.copy_project(folder, work)
        (work / case["file"]).write_text(case["changed"], encoding="utf-8")
        try:
            fix_client.apply_patch(work, patch)
            same = shape(project, (work / case["file"]).read_text(encoding="utf-8")) == shape(
                project, (folder / case["file"]).read_text(encoding="utf-8"))
        except (fix_client.PatchError, OSError, IndexError, AttributeError, SyntaxError) as error:
            return False, False, f"patch does not apply: {error}"
        argv = [str(options.edgecoder), "exec", "--json", "--timeout", "180", "--memory", "2048", "--", *shlex.split(project.command)]
        code, out, err, _ = fix_client.run_program(argv, work, 240, fix_client.environment())
    try:
        document = json.loads(out)
    except ValueError:
        return False, same, f"exec gave no document (exit {code}): {err.strip()[-200:]}"
    passed, failed = counts(project.command, document.get("stdout", "") + document.get("stderr", ""))
    good = document.get("status") == "ok" and passed > 0 and failed == 0
    return good, same, "" if same else "not the original text" if good else f"suite: {document.get('status')}, {failed} failed"


def run_case(options, project, folder, case):
    with tempfile.TemporaryDirectory(prefix="ec-fix-") as scratch:
        os.chmod(scratch, 0o755)
        work = pathlib.Path(scratch) / "project"
        fix_client.copy_project(folder, work)
        (work / case["file"]).write_text(case["changed"], encoding="utf-8")
        document = fix_client.fix(options.edgecoder, work, project.command, options.budget, options.fix_seed)
    patches = fix_client.offered(document) if document["status"] == "fixed" else []
    verdicts = [judge_patch(options, project, folder, case, patch) for patch in patches]
    candidates = document.get("candidates") or {}
    seeded = "\n".join(difflib.unified_diff((folder / case["file"]).read_text().split("\n"), case["changed"].split("\n"),
                                            f"original/{case['file']}", "faulty", n=1, lineterm=""))
    return {"id": case["id"], "class": case["class"], "project": project.name, "status": document["status"], "crash": document.get("crash", False),
            "reason": document.get("reason"), "plausible": bool(verdicts) and verdicts[0][0], "first": bool(verdicts) and verdicts[0][1],
            "five": any(same for _, same, _ in verdicts), "seconds": document["seconds"], "budget": options.budget, "tried": candidates.get("tried"),
            "per_second": candidates.get("per_second"), "patches": patches, "verdicts": [why for _, _, why in verdicts], "seeded": seeded + "\n"}


def main():
    default_cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "edgecoder-bench"
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--edgecoder", type=pathlib.Path, help="without it, projects are fetched and faults seeded, and that is all")
    parser.add_argument("--projects", help="names, comma-separated: " + ", ".join(p.name for p in projects.PROJECTS))
    parser.add_argument("--ids", help="case ids, comma-separated")
    parser.add_argument("--faults", type=int, default=10, help="faults in each project")
    parser.add_argument("--seed", type=int, default=2024)
    parser.add_argument("--fix-seed", type=int, default=1)
    parser.add_argument("--budget", type=int, default=120)
    parser.add_argument("--cache", type=pathlib.Path, default=default_cache)
    parser.add_argument("--out", type=pathlib.Path, help="write one JSON line a case to this file")
    parser.add_argument("--resume", action="store_true", help="leave out what --out already holds")
    parser.add_argument("--report", type=pathlib.Path, help="write the table as Markdown")
    parser.add_argument("--failures", type=pathlib.Path, help="write every case whose first patch was not the original as Markdown")
    options = parser.parse_args()
    before = fix_client.machine()
    log, notes = fix_client.ResultLog(options.out, options.resume), []
    rows = list(log.rows)
    for project in projects.PROJECTS:
        if options.projects and project.name not in options.projects.split(","):
            continue
        try:
            folder = projects.fetch(project, options.cache)
            cases = corpus(project, folder, options)
        except projects.Unavailable as reason:
            notes.append(f"{project.name} skipped: {reason}")
            print(notes[-1], file=sys.stderr)
            continue
        files = sum(len(names) for _, _, names in os.walk(folder))
        notes.append(f"{project.name} {project.version} ({project.kind} package): {files} files, `{project.command}`, {len(cases)} faults")
        for case in log.left(cases):
            if options.edgecoder and (not options.ids or case["id"] in options.ids.split(",")):
                row = run_case(options, project, folder, case)
                rows.append(row)
                log.write(row)
                print(f"{row['id']:40} {row['seconds']:7.2f} s  {fix_client.failure_kind(row) or 'right'}", file=sys.stderr, flush=True)
                if options.failures:
                    options.failures.write_text(fix_client.failing_cases(rows), encoding="utf-8")
    after = fix_client.machine().rsplit("load ", 1)[1]
    text = fix_client.report(f"Whole projects, {len(rows)} seeded single faults", [
        *notes, f"budget {options.budget} s each, corpus seed {options.seed}, search seed {options.fix_seed}; right means: the original "
        "text is restored", f"{before} before, load {after} after"], rows, group="project")
    print(text)
    if options.report:
        options.report.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
