"""The helpers that hold loaded code and fork: `hot` holds the project, `cold` only what the project stands on."""
import os
import sys
import time
import types

from ec_child import Nursery, become_subreaper, silence
from ec_context import LoadError, TimeLimit, headline
from ec_source import Cold, DiskCopy, Swapper, live_functions, served
from ec_trace import Tracer
import ec_baseline


class JudgeSink:
    """Stops at the first test that does not pass."""

    def __init__(self, report, ids):
        self.report = report
        self.ids = ids
        self.passed = 0
        self.stopped_at = ""
        self.message = ""

    def begin(self, index):
        self.report.at(index)

    def end(self, index, outcome, kind=None, error=None, trace=None):
        if outcome == "passed":
            self.passed += 1
            return True
        self.stopped_at = self.ids[index]
        self.message = headline(kind, error) if kind else outcome
        return False

    def verdict(self):
        passed = not self.stopped_at and self.passed == len(self.ids) and self.passed > 0
        return {"verdict": "pass" if passed else "fail", "stopped_at": self.stopped_at, "message": self.message,
                "passed": self.passed}


def invalid(error):
    return {"verdict": "invalid", "message": headline(type(error), error)}


def judgement(ending, ids, started):
    """What the parent makes of a child: its word counts only together with how it ended."""
    running = ids[ending.running] if 0 <= ending.running < len(ids) else ""
    result = {"verdict": "fail", "stopped_at": running, "message": "", "passed": max(0, ending.running)}
    last = ending.records[-1] if ending.records else None
    if ending.timed_out:
        result.update(verdict="timeout", message="it did not end in its time")
    elif last is None or last.get("verdict") not in ("pass", "fail", "invalid", "cold"):
        result.update(message=ending.how or "it ended before the tests did")
    elif last["verdict"] == "pass" and not ending.clean:
        result.update(message=ending.how)
    else:
        result.update(last)
        if last["verdict"] == "pass":
            result["stopped_at"] = ""
    result["us"] = int((time.monotonic() - started) * 1e6)
    return result


class Helper:
    """What hot and cold share: a loop over requests from the supervisor."""

    def __init__(self, context, runner, channel):
        self.context = context
        self.runner = runner
        self.channel = channel
        self.nursery = Nursery()
        self.keeper = ec_baseline.Keeper(context, context.dirty)

    def prepare(self):
        silence()
        become_subreaper()
        sys.modules["__main__"] = types.ModuleType("__main__")
        sys.stdin = open(os.devnull)
        self.disk = DiskCopy(None)

    def loop(self):
        while True:
            request = self.channel.read()
            if request is None:
                os._exit(0)
            operation = getattr(self, "op_" + request["op"])
            self.channel.write(operation(request))

    def clean_up(self, ending, edited):
        if ending.wrote:
            self.keeper.put_back(edited)
        self.keeper.restore()

    def op_dirty(self, request):
        self.keeper = ec_baseline.Keeper(self.context, request["files"])
        return {}

    def op_judge(self, request):
        started = time.monotonic()
        ids = request["tests"]
        try:
            edited = self.context.edited(request["edits"])
        except (OSError, LoadError) as error:
            return dict(invalid(error), us=0)
        ending = self.fork_judge(edited, ids, request["limit_ms"] / 1000.0)
        self.clean_up(ending, edited)
        return judgement(ending, ids, started)

    def op_run(self, request):
        return ec_baseline.run(self, request)

    def op_observe(self, request):
        import ec_observe
        return ec_observe.observe(self, request)


class Hot(Helper):
    def main(self):
        self.channel_ready = False
        self.prepare()
        self.tracer = Tracer(self.context.relative)
        started = time.monotonic()
        before = set(sys.modules)
        try:
            self.tracer.start()
            self.runner.serve(lambda: self.ready(started, before))
            raise LoadError("the test framework ended before it ran a test")
        except LoadError as error:
            self.channel.write({"error": str(error)})
        except BaseException as error:
            self.channel.write({"error": "loading the tests failed: " + headline(type(error), error)})
        os._exit(0)

    def ready(self, started, before):
        self.tracer.stop()
        import_lines = self.tracer.take()
        modules = {}
        for code in self.tracer.entered.values():
            if code.co_name == "<module>":
                path = os.path.normpath(os.path.join(self.context.directory, code.co_filename))
                modules.setdefault(path, []).append(code)
                modules.setdefault(os.path.realpath(path), []).append(code)
        modules = {path: list({id(code): code for code in codes}.values()) for path, codes in modules.items()}
        self.swapper = Swapper(modules, set(self.tracer.entered), live_functions(self.context.relative))
        self.codes = list(self.tracer.entered.values())
        self.nursery.settle()
        self.channel.write({"tests": self.runner.ids(), "problems": self.runner.problems, "import_lines": import_lines,
                            "load_ms": int((time.monotonic() - started) * 1000), "modules": self.libraries(before)})
        self.loop()

    def libraries(self, before):
        """Modules from outside the project that loading it brought in: the cold helper loads them ahead."""
        names = []
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if name not in before and isinstance(file, str) and self.context.relative(file) is None and \
                    not name.startswith(("ec_", "_ec")):
                names.append(name)
        return names

    def fork_judge(self, edited, ids, seconds):
        def body(report):
            self.disk.edited, self.disk.mark = edited, report.wrote
            try:
                self.swapper.swap(edited)
            except Cold as reason:
                return report.record({"verdict": "cold", "message": str(reason)})
            except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
                return report.record(invalid(error))
            sink = JudgeSink(report, ids)
            self.runner.run(ids, sink)
            report.record(sink.verdict())
        return self.nursery.run(body, seconds)

    def fork_run(self, body, seconds, on_record):
        return self.nursery.run(body, seconds, collect_garbage=True, on_record=on_record)


class ColdHelper(Helper):
    """Children load the project themselves, with the edited sources served in place of the files."""

    def __init__(self, context, runner, channel, modules, load_seconds):
        super().__init__(context, runner, channel)
        self.modules = modules
        self.load_seconds = load_seconds

    def main(self):
        self.prepare()
        import importlib
        for name in self.modules:
            try:
                importlib.import_module(name)
            except BaseException:
                pass
        self.nursery.settle()
        self.channel.write({"tests": self.runner.ids(), "problems": [], "import_lines": {}, "load_ms": 0, "modules": []})
        self.loop()

    def fork_judge(self, edited, ids, seconds):
        def body(report):
            self.disk.edited, self.disk.mark = edited, report.wrote
            try:
                for path, content in edited.items():
                    if path.endswith(".py"):
                        compile(content, path, "exec", dont_inherit=True)
            except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
                return report.record(invalid(error))
            served(edited)
            sink = JudgeSink(report, ids)

            def run():
                report.loaded()
                self.runner.run(ids, sink)
                report.record(sink.verdict())
                os._exit(0)
            try:
                self.runner.serve(run, wanted=ids)
            except LoadError as error:
                report.record({"verdict": "invalid", "message": str(error)})
        return self.nursery.run(body, seconds, load_seconds=self.load_seconds)

    def fork_run(self, body, seconds, on_record):
        def load_and_run(report):
            def run():
                report.loaded()
                body(report)
                os._exit(0)
            self.runner.serve(run)
        return self.nursery.run(load_and_run, seconds, load_seconds=self.load_seconds, collect_garbage=True,
                                on_record=on_record)
