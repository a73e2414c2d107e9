"""What the runner helpers share: a file of JSON lines, one record per finished test.

A record is written when its test ends and the session-end record last, so that whoever reads the file after a crash or
a time limit knows what had finished and that the rest is missing. Runs under the Python of the project (3.6 and newer).
"""

import json
import os
import sys

MESSAGE_CHARS = 400
DETAIL_CHARS = 12000
FRAME_COUNT = 100
# The reader refuses artifacts above 16 MiB: from here on the texts are left out, so that the outcomes still arrive.
LEAN_AFTER_BYTES = 10 << 20


def text(value, limit):
    """`value` as text that UTF-8 can carry, at most `limit` characters, the middle left out."""
    result = str(value).encode("utf-8", "replace").decode("utf-8")
    if len(result) <= limit:
        return result
    half = limit // 2
    return result[:half] + "\n…\n" + result[-half:]


def first_line(value):
    lines = [line for line in str(value).splitlines() if line.strip()]
    return text(lines[0].strip() if lines else "", MESSAGE_CHARS)


def describe(error):
    """One line for an exception: "ValueError: too small"."""
    try:
        shown = str(error)
    except Exception as problem:  # a __str__ of the code under test may itself fail
        shown = "<unprintable: %s>" % type(problem).__name__
    name = type(error).__name__
    return first_line(name + ": " + shown if shown else name)


def frames(error):
    """[file, line, function] from outermost to innermost; an exception's cause comes after it, being further in."""
    found = []
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        entry = error.__traceback__
        while entry is not None:
            code = entry.tb_frame.f_code
            found.append([os.path.abspath(code.co_filename), entry.tb_lineno or 0, code.co_name])
            entry = entry.tb_next
        if isinstance(error, SyntaxError) and error.filename and error.lineno:
            found.append([os.path.abspath(error.filename), error.lineno, "<module>"])
        if error.__cause__ is not None:
            error = error.__cause__
        else:
            error = None if error.__suppress_context__ else error.__context__
    machinery = (os.sep + "_pytest" + os.sep, os.sep + "pluggy" + os.sep, os.sep + "unittest" + os.sep)
    found = [frame for frame in found if os.path.isfile(frame[0]) and not any(part in frame[0] for part in machinery)]
    if len(found) > FRAME_COUNT:
        found = found[: FRAME_COUNT // 4] + found[-(FRAME_COUNT * 3 // 4):]
    return [[text(name, 1000), line, text(function, 200)] for name, line, function in found]


class Writer:
    """Appends records to a file of its own; does nothing in a forked child, which would write them twice."""

    def __init__(self, directory, runner):
        self._pid = os.getpid()
        self._bytes = 0
        self._count = 0
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_CLOEXEC", 0)
        self._fd = -1
        for number in range(1000):
            try:
                self._fd = os.open(os.path.join(directory, "events-%d-%d.jsonl" % (self._pid, number)), flags, 0o600)
                break
            except FileExistsError:
                continue
        self._write({"e": "begin", "runner": runner, "version": 1, "cwd": os.getcwd()})

    def _write(self, record):
        if self._fd < 0 or os.getpid() != self._pid:
            return
        line = (json.dumps(record) + "\n").encode("ascii")
        self._bytes += len(line)
        while line:
            line = line[os.write(self._fd, line):]

    def start(self, test):
        self._write({"e": "start", "id": text(test, 4000)})

    def test(self, test, outcome, seconds=0.0, message="", details="", trace=()):
        record = {"e": "test", "id": text(test, 4000), "outcome": outcome, "us": int(seconds * 1e6)}
        if self._bytes < LEAN_AFTER_BYTES:
            if message:
                record["message"] = text(message, MESSAGE_CHARS)
            if details:
                record["details"] = text(details, DETAIL_CHARS)
            if trace:
                record["frames"] = list(trace)
        self._count += 1
        self._write(record)

    def problem(self, what):
        self._write({"e": "problem", "text": text(what, MESSAGE_CHARS)})

    def end(self, exit_code):
        self._write({"e": "end", "exit": int(exit_code), "tests": self._count})


def open_writer(runner):
    """The writer that was asked for through the environment, or None. Takes the request out of the environment, so that
    programs which the tests start neither find the report nor add to it."""
    directory = os.environ.pop("EC_REPORT_DIR", "")
    here = os.path.dirname(os.path.abspath(__file__))
    path = [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part and part != here]
    if path:
        os.environ["PYTHONPATH"] = os.pathsep.join(path)
    else:
        os.environ.pop("PYTHONPATH", None)
    return Writer(directory, runner) if directory and os.path.isdir(directory) else None


def drop_own_directory():
    """A wrapper script's folder is sys.path[0]; the runner it stands for would have the working directory there."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [part for part in sys.path if os.path.abspath(part or ".") != here]
    sys.path.insert(0, os.getcwd())
