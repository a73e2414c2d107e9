"""Runs the unchanged tests: outcomes, failure frames, coverage, and which project files the tests write."""
import os
import signal
import stat
import sys
import time

from ec_context import FOREIGN, TimeLimit
from ec_trace import Tracer


class Patience:
    """How long one test may take: short, for a hang costs all of it, and longer where others took long. The supervisor
    gives the first that did not end a second, longer chance."""

    def __init__(self, most, least=0.0, longest=None, hangs=0):
        self.most = most
        self.least = least
        self.longest = longest
        self.hangs = hangs

    def seconds(self):
        return min(self.most, max(self.least, 0.5 if self.hangs else 1.0, 30 * (self.longest or 0.0)))

    def note(self, seconds, hung):
        if hung:
            self.hangs += 1
        else:
            self.longest = max(self.longest or 0.0, seconds)


class BaselineSink:
    KNOWN_HANG = 0.3  # seconds: enough to see where it hangs

    def __init__(self, report, context, tracer, patience, numbers, known):
        self.report = report
        self.context = context
        self.tracer = tracer
        self.patience = patience
        self.numbers = numbers
        self.red = set(known.get("red", ()))
        self.hung = set(known.get("hung", ()))
        signal.signal(signal.SIGALRM, self._late)

    @staticmethod
    def _late(signum, frame):
        raise TimeLimit()

    def begin(self, index):
        self.report.at(index)
        if self.tracer is not None:
            self.tracer.take()
            self.tracer.patience = Tracer.THOROUGH if self.numbers[index] in self.red else Tracer.BRIEF
            self.tracer.go_on()
        self.started = time.monotonic()
        # Again and again: code under test may swallow the first.
        hangs = self.numbers[index] in self.hung
        signal.setitimer(signal.ITIMER_REAL, self.KNOWN_HANG if hangs else self.patience.seconds(), 0.05)

    def end(self, index, outcome, kind=None, error=None, trace=None):
        signal.setitimer(signal.ITIMER_REAL, 0)
        seconds = time.monotonic() - self.started
        hung = isinstance(error, TimeLimit)
        self.patience.note(seconds, hung)
        record = {"index": self.numbers[index], "outcome": outcome, "duration_us": int(seconds * 1e6), "hung": hung,
                  "message": "", "details": "", "frames": []}
        if self.tracer is not None:
            record["lines"] = self.tracer.take()
        if kind is not None:
            record.update(self.context.failure(kind, error, trace))
        self.report.record(record)
        return True


def run(helper, request):
    """Runs the tests `request.tests` in one child, in a further one from where a child died. Coverage if asked."""
    ids = request["tests"]
    patience = Patience(request["limit_ms"] / 1000.0, request.get("least", 0.0), request.get("longest"),
                        request.get("hangs", 0))
    give_up = time.monotonic() + request["limit_ms"] / 1000.0
    results = {}
    todo = list(range(len(ids)))
    import_lines = {}
    while todo and time.monotonic() < give_up:
        def body(report, numbers=tuple(todo)):
            tracer = None
            if request.get("trace"):
                tracer = Tracer(helper.context.relative)
                tracer.start()
            sink = BaselineSink(report, helper.context, tracer, patience, numbers, request)
            helper.runner.run([ids[number] for number in numbers], sink)

        def on_record(record):
            results[record["index"]] = record
            patience.note(record["duration_us"] / 1e6, record["hung"])
            return min(patience.seconds() + 1.0, max(0.0, give_up - time.monotonic()))

        ending = helper.fork_run(body, patience.seconds() + 1.0, on_record)
        left = [number for number in todo if number not in results]
        if not left:
            break
        # The child died or hung beyond reach of its timer: blame the test it was in, go on behind it.
        position = ending.running if 0 <= ending.running < len(todo) else 0
        guilty = todo[position]
        if guilty in results:
            guilty = left[0]
        if ending.timed_out:
            patience.note(0, True)
        message = "timed out: the test did not end in its time" if ending.timed_out else \
            "the test ended the interpreter: %s" % (ending.how or "no reason known")
        results[guilty] = {"index": guilty, "outcome": "failed", "duration_us": 0, "hung": ending.timed_out,
                           "message": message, "details": "", "frames": []}
        todo = [number for number in todo if number not in results]
    helper.remove_scratch()
    helper.keeper.restore()
    for number in range(len(ids)):
        results.setdefault(number, {"index": number, "outcome": "skipped", "duration_us": 0, "hung": False,
                                    "message": "not run: the time for the first run was over", "details": "",
                                    "frames": []})
    return {"results": [results[number] for number in range(len(ids))], "longest": patience.longest,
            "hangs": patience.hangs, "import_lines": import_lines}


def read_regular(path):
    """Bytes and time of a file; opening a pipe that has its name would wait for ever."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise OSError("not a regular file: %s" % path)
    with open(descriptor, "rb") as file:
        return file.read(), status.st_mtime_ns


class Snapshot:
    """Names, sizes and times of the project's files, and the bytes of small ones, to see and undo what tests write."""

    MOST_FILES = 20000
    MOST_BYTES = 8 << 20
    SMALL = 64 << 10

    def __init__(self, root, contents):
        self.root = root
        self.files = {}
        self.contents = {}
        kept = 0
        for folder, folders, files in os.walk(root):
            folders[:] = [name for name in folders if name not in FOREIGN and name != "__pycache__"
                          and name not in (".pytest_cache", ".mypy_cache", ".hypothesis")]
            for name in files:
                path = os.path.join(folder, name)
                try:
                    status = os.lstat(path)
                except OSError:
                    continue
                relative = path[len(root) + 1:]
                self.files[relative] = (status.st_mtime_ns, status.st_size, status.st_ino)
                if contents and status.st_size <= self.SMALL and kept + status.st_size <= self.MOST_BYTES:
                    try:
                        self.contents[relative] = (read_regular(path)[0], status.st_mtime_ns)
                        kept += status.st_size
                    except OSError:
                        pass
            if len(self.files) > self.MOST_FILES:
                break

    def changed_since(self, earlier):
        names = [name for name, facts in self.files.items() if earlier.files.get(name) != facts]
        names.extend(name for name in earlier.files if name not in self.files)
        return sorted(names)[:1000]


class Keeper:
    """Puts files that tests are known to write back to what they were."""

    def __init__(self, context, files, snapshot=None):
        self.context = context
        self.state = {}
        for relative in files:
            path = context.absolute(relative)
            known = snapshot.contents.get(relative) if snapshot is not None else None
            if known is None and (snapshot is None or relative in snapshot.files):
                try:
                    known = read_regular(path)
                except OSError:
                    known = None
            self.state[path] = known

    def restore(self):
        for path, known in self.state.items():
            try:
                if known is None:
                    os.unlink(path)
                    continue
                if os.stat(path).st_mtime_ns == known[1]:
                    continue
            except OSError:
                if known is None:
                    continue
            self._write(path, *known)

    def put_back(self, edited):
        """Undoes what DiskCopy wrote."""
        for path in edited:
            try:
                self._write(path, self.context.original(os.path.relpath(path, self.context.root)), None)
            except OSError:
                pass

    @staticmethod
    def _write(path, content, mtime_ns):
        try:
            if os.path.lexists(path) and not os.path.isfile(path):
                os.unlink(path)
            with open(path, "wb") as file:
                file.write(content)
            if mtime_ns is not None:
                os.utime(path, ns=(mtime_ns, mtime_ns))
        except OSError:
            pass
