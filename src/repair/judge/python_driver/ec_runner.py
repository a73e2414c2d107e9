"""What the supervisor expects of a test framework."""
import inspect
import sys


class Runner:
    only_cold = False  # True: nothing can be kept loaded between candidates

    def __init__(self, context):
        self.context = context
        self.problems = []  # tests that could not be loaded: id, outcome "error", message, details, frames

    def preload(self):
        """Imports the framework, in a process that never runs project code."""

    def serve(self, body, wanted=None):
        """Loads the tests (at least those with the ids `wanted`), then calls body(). Raises LoadError."""
        raise NotImplementedError

    def ids(self):
        raise NotImplementedError

    def run(self, ids, sink):
        """Runs the tests in this order: sink.begin(index), then sink.end(index, outcome, kind, error, traceback)
        until that says False."""
        raise NotImplementedError

    def serve_edited(self, lookup):
        """In a child, before serve(): where lookup(path) gives bytes, they stand for the file, also for what the
        framework reads by itself."""

    def quickly_loaded(self, ids):
        """Leading ids for which less has to be loaded than for all of them; all where that makes no difference."""
        return ids

    def use_scratch(self, folder):
        """In a child: from now on temporary files go into this folder, which its parent removes."""
        module = sys.modules.get("tempfile")
        if module is not None:
            module.tempdir = folder

    def all_plain(self, ids):
        """True when these tests are functions that are called and nothing else, so that one process can run them
        again and again."""
        return False

    def shared_values(self):
        """Values that plain tests get passed every time."""
        return []

    def sources(self, test):
        """Where the text of a test stands: pairs of file and line (None for the whole file)."""
        return []

    def source_of(self, function):
        code = getattr(inspect.unwrap(function), "__code__", None)
        relative = self.context.relative(code.co_filename) if code is not None else None
        return [(relative, code.co_firstlineno)] if relative else []

    def texts(self, test):
        """Further source text that belongs to a test."""
        return []

    def problem(self, test, message, details="", frames=()):
        self.problems.append({"id": test, "outcome": "error", "message": message, "details": details[-4000:],
                              "frames": list(frames)})
