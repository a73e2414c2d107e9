"""Runs generated assertions against one candidate and writes down which hold and what the functions answered.

The only argument is the folder of the record; job.json beside this file says what to run. Each line of the record is one
fact, written the moment it is known, so that a candidate which ends the process, or is stopped, loses only what was still
to come:
  t INDEX 0|1     the assertion was run
  o INDEX DIGEST  the answer of the INDEX-th call
Without files in the job no candidate runs: the record is the list of the distinct calls that the assertions make, as JSON.
Limits are processor time, so that a busy machine condemns nobody; the sandbox bounds the clock on the wall.
"""
import importlib
import json
import os
import re
import signal
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PATIENCE = 20  # assertions that run out of time before the rest counts as failed
ANSWER_BYTES = 1 << 20
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


class OutOfTime(BaseException):
    pass


def out_of_time(_signal, _frame):
    raise OutOfTime()


class Clock:
    """Bounds one step; says whether the candidate has used up its patience."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.spent = 0

    def run(self, step):
        """The step's value and None, or None and what went wrong."""
        try:
            # Again and again, because a bare `except:` in a loop would swallow the first one.
            signal.setitimer(signal.ITIMER_PROF, self.seconds, 0.05)
            try:
                value = step()
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
            return value, None
        except OutOfTime as error:
            self.spent += 1
            return None, error
        except BaseException as error:
            return None, error
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)


def load(path):
    """The names that a file of the candidate defines, imported the way its project would."""
    stem = path[:-3] if path.endswith(".py") else path
    parts = [part for part in stem.split("/") if part not in ("", ".")]
    if parts[-1] == "__init__":
        parts.pop()
    if parts and parts[0] == "src":
        parts = parts[1:]
    folder = os.path.dirname(os.path.abspath(path))
    for name, place in ((".".join(parts), None), (parts[-1] if parts else "", folder)):
        if place is not None and place not in sys.path:
            sys.path.insert(0, place)
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        if os.path.realpath(getattr(module, "__file__", "") or "") == os.path.realpath(path):
            return vars(module)
    raise ImportError(path)


def calls_of(sources, names):
    """The distinct calls of `names` in the assertions, in order."""
    import ast
    found = {}
    for source in sources:
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                try:
                    found.setdefault(ast.unparse(node), None)
                except RecursionError:
                    pass
    return list(found)


def digest(value):
    if isinstance(value, float):
        value = round(value, 6)
    text = ADDRESS.sub("", repr(value)[:ANSWER_BYTES])
    return "%x-%x" % (hash(text) & (1 << 64) - 1, len(text))  # the seed of hashes is fixed


def compiled(source, mode):
    try:
        return compile(source, "<assertion>", mode)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def main():
    with open(os.path.join(HERE, "job.json"), encoding="utf-8") as file:
        job = json.load(file)
    record = os.open(os.path.join(sys.argv[1], "record"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    write, leave = os.write, os._exit
    pid, getpid = os.getpid(), os.getpid

    def note(line):
        # What a candidate forked and let run on has nothing to say here.
        if getpid() != pid:
            leave(1)
        write(record, (line + "\n").encode())

    sources, calls = job["tests"], job["calls"]
    if not job["files"]:
        found = calls_of(sources, set(job["names"]))[:job["most_calls"]]
        write(record, json.dumps(found).encode())
        leave(0)
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    while HERE in sys.path:
        sys.path.remove(HERE)
    sys.path[:0] = [os.getcwd(), os.path.join(os.getcwd(), "src")]
    sys.argv = [""]
    signal.signal(signal.SIGPROF, out_of_time)
    tests = [compiled(source, "exec") for source in sources]
    questions = [compiled(source, "eval") for source in calls]
    world = {"__name__": "assertions"}
    loading = Clock(job["load_seconds"])
    for path in job["files"]:
        names, error = loading.run(lambda path=path: load(path))
        if error is not None:
            leave(0)
        world.update((name, value) for name, value in names.items() if not name.startswith("__"))
    clock = Clock(job["seconds"])
    for index, code in enumerate(tests):
        if code is None or clock.spent >= PATIENCE:
            continue
        _value, error = clock.run(lambda code=code: exec(code, dict(world)))
        note("t %d %d" % (index, error is None))
    clock = Clock(job["seconds"])
    for index, code in enumerate(questions):
        if code is None or clock.spent >= PATIENCE:
            continue
        answer, error = clock.run(lambda code=code: digest(eval(code, dict(world))))
        if error is None:
            note("o %d %s" % (index, answer))
    leave(0)


main()
