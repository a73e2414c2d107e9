"""What every repair benchmark needs: running `edgecoder fix`, applying its patches, judging, counting, printing."""

import concurrent.futures
import functools
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import statistics
import subprocess
import tempfile
import time

OFFERED = 5


class PatchError(ValueError):
    pass


def apply_patch(folder, patch):
    """Applies a unified diff to the files under `folder`. Strict: context must match, paths must stay inside."""
    folder = pathlib.Path(folder)
    lines = patch.split("\n")
    at = 0
    while at < len(lines):
        if not lines[at].startswith("--- "):
            at += 1
            continue
        name = re.sub(r"^b/", "", lines[at + 1][4:].split("\t")[0].strip())
        if name.startswith("/") or ".." in pathlib.PurePath(name).parts:
            raise PatchError(f"path outside the project: {name}")
        source = (folder / name).read_bytes().decode("utf-8", "surrogateescape").split("\n")
        at += 2
        result, position = [], 0
        while at < len(lines) and lines[at].startswith("@@"):
            header = re.match(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", lines[at])
            start, old = int(header.group(1)), int(header.group(2) or 1)
            new = int(header.group(4) or 1)
            begin = start - 1 if old else start
            result += source[position:begin]
            position = begin
            at += 1
            while old > 0 or new > 0:
                mark, text = lines[at][:1] or " ", lines[at][1:]
                if mark in " -":
                    if source[position] != text:
                        raise PatchError(f"{name}:{position + 1}: the patch expects {text!r}")
                    position += 1
                    old -= 1
                if mark in " +":
                    result.append(text)
                    new -= 1
                at += 1
            if at < len(lines) and lines[at].startswith("\\"):
                at += 1
        result += source[position:]
        (folder / name).write_bytes("\n".join(result).encode("utf-8", "surrogateescape"))


@functools.cache
def environment():
    """Our environment, with a PATH whose python3 knows pytest where the first one on it does not."""
    names = dict(os.environ)
    for prefix in ("", "/usr/bin:"):
        names["PATH"] = prefix + os.environ.get("PATH", "")
        probe = ["python3", "-m", "pytest", "--version"]
        if subprocess.run(probe, env=names, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0:
            return names
    return dict(os.environ)


def run_program(argv, cwd, limit, environment=None):
    """(exit code or None when it ran over `limit`, stdout, stderr, seconds). Ends what it started."""
    start = time.monotonic()
    process = subprocess.Popen(argv, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               start_new_session=True, env=environment)
    try:
        out, err = process.communicate(timeout=limit)
        code = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        code = None
    return code, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"), time.monotonic() - start


def fix(edgecoder, project, command, budget, seed, extra=()):
    """The result document of `edgecoder fix`, with `seconds` measured from outside and `crash` where there is none."""
    argv = [str(edgecoder), "fix", "--dir", str(project), "--test", command, "--json", "--seed", str(seed), "--budget", str(budget), *extra]
    code, out, err, seconds = run_program(argv, project, budget * 2 + 60, environment())
    try:
        document = json.loads(out)
    except ValueError:
        document = {"status": "error", "crash": True, "reason": "over twice the budget" if code is None else
                    f"exit {code} without a JSON document: {(err or out).strip()[-300:]}"}
    document["seconds"] = round(seconds, 3)
    document["exit"] = code
    return document


def offered(document):
    """The patches in the order in which they were offered, at most five."""
    if not document.get("patch"):
        return []
    alternatives = [a.get("patch", "") for a in document.get("alternatives") or [] if isinstance(a, dict)]
    return [p for p in [document["patch"], *alternatives] if p][:OFFERED]


def sandboxed_program(edgecoder, text, suffix, limit=30):
    """(passed, reason): runs a generated program in the sandbox; it passes by ending well with `official: ok`."""
    with tempfile.TemporaryDirectory(prefix="ec-official-") as folder:
        os.chmod(folder, 0o755)
        name = "official" + suffix
        (pathlib.Path(folder) / name).write_text(text, encoding="utf-8", errors="surrogateescape")
        argv = [str(edgecoder), "exec", "--json", "--timeout", str(limit), name]
        code, out, err, _ = run_program(argv, folder, limit + 30, environment())
    try:
        document = json.loads(out)
    except ValueError:
        return False, f"exec gave no document (exit {code}): {err.strip()[-200:]}"
    if document.get("status") == "ok" and document.get("stdout", "").rstrip().endswith("official: ok"):
        return True, ""
    lines = (document.get("stderr") or document.get("stdout") or "").strip().split("\n")
    # Node ends with its version; what went wrong stands above.
    telling = [line.strip() for line in lines if re.match(r"\s*(Uncaught )?\w*Error\b", line)] or lines
    return False, f"{document.get('status')}: {telling[-1][:200]}"


def copy_project(source, target):
    shutil.copytree(source, target, symlinks=True)
    for folder, _, files in os.walk(target):
        os.chmod(folder, 0o755)
        for name in files:
            path = os.path.join(folder, name)
            if not os.path.islink(path):
                os.chmod(path, os.stat(path).st_mode | 0o644)


def parallel(work, items, jobs, on_result):
    """Runs `work` over `items` with `jobs` threads; hands each result to `on_result` in the caller's thread."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=jobs) as pool:
        for future in concurrent.futures.as_completed([pool.submit(work, item) for item in items]):
            on_result(future.result())


# -- figures -------------------------------------------------------------------------------------------------------------
def quantile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(round(share * (len(ordered) - 1))))] if ordered else 0.0


def failure_kind(row):
    """One word for what went wrong, empty when the first patch was right."""
    if row.get("crash"):
        return "no result document"
    if row["status"] in ("error", "already_passing"):
        return row["status"]
    if not row["plausible"]:
        if not row.get("tried"):
            return "search never began"
        reason = (row.get("reason") or "").lower()
        return "out of time" if any(word in reason for word in ("budget", "time", "deadline")) else "candidates exhausted"
    if not row["first"]:
        return "wrong first, right among five" if row["five"] else "none of five right"
    return ""


def machine():
    model = platform.machine()
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().split("\n"):
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    return f"{model}, {os.cpu_count()} cores, Linux {platform.release()}, load {load}"


def summary_row(name, rows):
    count = len(rows)
    seconds = [row["seconds"] for row in rows]
    percent = [100.0 * sum(bool(row[key]) for row in rows) / count for key in ("plausible", "first", "five")]
    tried = [row["tried"] for row in rows if row.get("tried") is not None]
    rate = [row["per_second"] for row in rows if row.get("per_second")]
    return (name, str(count), *(f"{p:.1f}" for p in percent), f"{statistics.median(seconds):.2f}", f"{quantile(seconds, 0.9):.2f}",
            f"{statistics.median(tried):.0f}" if tried else "-", f"{statistics.median(rate):.0f}" if rate else "-")


HEADER = ("", "cases", "plausible %", "first %", "of five %", "median s", "p90 s", "tried (median)", "per s (median)")


def markdown_table(header, rows):
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]

    def line(cells):
        return "| " + " | ".join(cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(cells, widths))) + " |"

    rule = "|" + "|".join("-" * (w + 2) if i == 0 else "-" * (w + 1) + ":" for i, w in enumerate(widths)) + "|"
    return "\n".join([line(header), rule, *(line(row) for row in rows)])


def report(title, conditions, rows, group="class"):
    """The one-page summary: figures over all and by group, failures by kind, the cases behind them."""
    head = "\n".join(f"- {text}" for text in conditions)
    if not rows:
        return f"## {title}\n\n{head}\n\nNo case was run.\n"
    groups = {}
    for row in rows:
        groups.setdefault(row[group], []).append(row)
    table = [summary_row("all", rows)] + [summary_row(name, groups[name]) for name in groups]
    kinds = {}
    for row in rows:
        if failure_kind(row):
            kinds.setdefault(failure_kind(row), []).append(row["id"])
    late = [row["id"] for row in rows if row["seconds"] > 1.1 * row.get("budget", float("inf")) + 1]
    failures = "\n".join(f"- {kind}: {len(ids)}" for kind, ids in sorted(kinds.items(), key=lambda i: -len(i[1]))) or "- none"
    if late:
        failures += f"\n\nMore than a tenth over the budget: {', '.join(late)}"
    return f"## {title}\n\n{head}\n\n{markdown_table(HEADER, table)}\n\nFailures by kind:\n\n{failures}\n"


def failing_cases(rows):
    """Every case whose first patch was not right, with what was seeded and what was offered."""
    out = []
    for row in sorted(rows, key=lambda r: (failure_kind(r), r["id"])):
        kind = failure_kind(row)
        if not kind:
            continue
        out.append(f"### {row['id']}: {kind}\n\n{row.get('reason') or ''}\n\nseconds {row['seconds']}, tried {row.get('tried')}, "
                   f"per second {row.get('per_second')}\n\nseeded fault (reference to faulty):\n```diff\n{row.get('seeded', '')}```\n")
        for number, (patch, verdict) in enumerate(zip(row.get("patches", []), row.get("verdicts", [])), 1):
            out.append(f"offered {number} ({verdict or 'right'}):\n```diff\n{patch.rstrip()}\n```\n")
    return "\n".join(out)


def read_rows(path):
    with open(path, encoding="utf-8") as stream:
        return [json.loads(line) for line in stream if line.strip()]


class ResultLog:
    """Appends one JSON line a case, so that a run cut short loses nothing; with `resume`, `rows` holds what is there."""

    def __init__(self, path, resume=False):
        self.rows = read_rows(path) if path and resume and path.exists() else []
        self.stream = open(path, "a" if resume else "w", encoding="utf-8") if path else None

    def left(self, items, name=lambda item: item["id"]):
        done = {row["id"] for row in self.rows}
        return [item for item in items if name(item) not in done]

    def write(self, row):
        if self.stream:
            self.stream.write(json.dumps(row) + "\n")
            self.stream.flush()
