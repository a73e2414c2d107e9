"""Line coverage of any Python program, switched on through PYTHONPATH: the interpreter imports this module by itself.

Leaves one JSON file per process in the folder named by EC_COVERAGE_DIR, with the lines executed inside the folder named
by EC_COVERAGE_ROOT. A sitecustomize of the machine or of the project still runs.
"""

import importlib.machinery
import importlib.util
import os
import sys


def _ec_run_other_sitecustomize():
    here = os.path.dirname(os.path.abspath(__file__))
    path = [p for p in sys.path if os.path.abspath(p or ".") != here]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", path)
    if spec is not None and spec.loader is not None:
        module = importlib.util.module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


class _EcCoverage:
    def __init__(self, root, folder):
        self.root = os.path.join(root, "")
        self.folder = folder
        self.pid = os.getpid()
        self.known = {}
        self.inside = set()
        self.module = set()

    def relative(self, filename):
        """Path below the root, or None for libraries and everything outside."""
        try:
            return self.known[filename]
        except KeyError:
            pass
        path = os.path.normpath(os.path.join(os.getcwd(), filename))
        found = None
        if path.startswith(self.root) and not filename.startswith("<"):
            found = path[len(self.root):]
            parts = found.split(os.sep)
            if any(p in ("site-packages", "dist-packages", "node_modules", ".venv", "venv", ".tox") for p in parts):
                found = None
        self.known[filename] = found
        return found

    # Before Python 3.12: a trace function.
    def trace(self, frame, event, arg):
        code = frame.f_code
        path = self.relative(code.co_filename)
        if path is None:
            return None
        lines = self.inside if code.co_flags & 0x1 else self.module

        def local(frame, event, arg):
            if event == "line":
                lines.add((path, frame.f_lineno))
            return local

        if code.co_flags & 0x1:
            lines.add((path, code.co_firstlineno))
        return local

    def start(self):
        import atexit
        import threading

        atexit.register(self.write)
        os.register_at_fork(after_in_child=self.reset)
        if hasattr(sys, "monitoring") and sys.monitoring.get_tool(3) is None:
            events = sys.monitoring
            events.use_tool_id(3, "ec_coverage")

            def line(code, number):
                path = self.relative(code.co_filename)
                if path is not None:
                    (self.inside if code.co_flags & 0x1 else self.module).add((path, number))
                return events.DISABLE

            events.register_callback(3, events.events.LINE, line)
            events.set_events(3, events.events.LINE)
        else:
            threading.settrace(self.trace)
            sys.settrace(self.trace)
        leave = os._exit

        def leaving(status):
            self.write()
            leave(status)

        os._exit = leaving

    def reset(self):
        self.pid = os.getpid()
        self.inside.clear()
        self.module.clear()

    def write(self):
        import json

        def grouped(lines):
            files = {}
            for path, number in list(lines):
                files.setdefault(path, []).append(number)
            return files

        try:
            with open(os.path.join(self.folder, "ec-cover-%d.json" % self.pid), "w") as out:
                json.dump({"inside": grouped(self.inside), "module": grouped(self.module)}, out)
        except OSError:
            pass


def _ec_start():
    root = os.environ.get("EC_COVERAGE_ROOT")
    folder = os.environ.get("EC_COVERAGE_DIR")
    if root and folder and os.path.isdir(folder):
        _EcCoverage(root, folder).start()


_ec_start()
_ec_run_other_sitecustomize()
