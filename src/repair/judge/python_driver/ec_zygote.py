"""The helpers that hold loaded code and fork: `hot` holds the project, `cold` only what the project stands on."""
import os
import shutil
import sys
import tempfile
import time
import types

from ec_child import Nursery, become_subreaper, silence
from ec_context import LoadError, headline
from ec_source import Cold, DiskCopy, Swapper, live_functions, module_codes, served
from ec_trace import Tracer
import ec_baseline
import ec_burst
import ec_observe


BURST = 64  # candidates in one child


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
        self.scratch = ""

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

    def new_scratch(self):
        """A folder for the temporary files of the next child."""
        if not self.scratch:
            self.scratch = os.path.join(tempfile.gettempdir(), "scratch-%d" % os.getpid())
        try:
            os.mkdir(self.scratch, 0o700)
        except FileExistsError:
            shutil.rmtree(self.scratch, ignore_errors=True)
            os.makedirs(self.scratch, 0o700, exist_ok=True)

    def remove_scratch(self):
        try:
            os.rmdir(self.scratch)
        except OSError:
            shutil.rmtree(self.scratch, ignore_errors=True)

    def clean_up(self, ending, edited):
        self.remove_scratch()
        if ending.wrote:
            self.keeper.put_back(edited)
        self.keeper.restore()

    def op_dirty(self, request):
        self.keeper = ec_baseline.Keeper(self.context, request["files"])
        return {}

    def op_judge(self, request):
        """One answer for each candidate, in order."""
        for candidate in request["candidates"][:-1]:
            self.channel.write(self.judge_one(candidate["edits"], request["tests"], request["limit_ms"] / 1000.0))
        return self.judge_one(request["candidates"][-1]["edits"], request["tests"], request["limit_ms"] / 1000.0)

    def judge_one(self, edits, ids, seconds):
        started = time.monotonic()
        try:
            edited = self.context.edited(edits)
        except (OSError, LoadError) as error:
            return dict(invalid(error), us=0)
        ending = self.fork_judge(edited, edits, ids, seconds)
        self.clean_up(ending, edited)
        return judgement(ending, ids, started)

    def op_run(self, request):
        return ec_baseline.run(self, request)

    def op_sources(self, request):
        """Where the texts of tests stand."""
        sources, texts = [], []
        for test in request["tests"]:
            sources.extend(self.runner.sources(test))
            texts.extend(self.runner.texts(test))
        return {"sources": sorted({(file, line or 0) for file, line in sources}), "texts": texts[:500]}

    def op_observe(self, request):
        return ec_observe.observe(self, request)


class Hot(Helper):
    def main(self):
        self.prepare()
        self.tracer = Tracer(self.context.relative)
        started = time.monotonic()
        before = set(sys.modules)
        # Children of the cold helper load the same files again and again; compiling them, and rewriting the assertions
        # of tests, is most of that. Only now, for what candidates leave behind must serve nobody.
        sys.dont_write_bytecode = False
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
        sys.dont_write_bytecode = True
        import_lines = self.tracer.take()
        self.swapper = Swapper(module_codes(self.context, self.tracer), set(self.tracer.entered), live_functions(self.context.relative))
        self.world = ec_burst.World(self.context, self.runner.shared_values())
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

    def fork_judge(self, edited, edits, ids, seconds):
        def body(report):
            self.disk.edited, self.disk.mark = edited, report.wrote
            try:
                self.swapper.swap(edited, edits, self.context)
            except Cold as reason:
                return report.record({"verdict": "cold", "message": str(reason)})
            except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
                return report.record(invalid(error))
            self.runner.use_scratch(self.scratch)
            sink = JudgeSink(report, ids)
            self.runner.run(ids, sink)
            report.record(sink.verdict())
        self.swapper.prepare(self.context, edits)
        self.new_scratch()
        return self.nursery.run(body, seconds)

    def op_judge(self, request):
        if not self.world.calm or self.keeper.state or not self.runner.all_plain(request["tests"]):
            return super().op_judge(request)
        answers = self.judge_bursts(request)
        last = None
        for answer in answers:
            if last is not None:
                self.channel.write(last)
            last = answer
        return last

    def judge_bursts(self, request):
        """Many candidates in one child; a new child behind one that hung, died, passed or left something behind."""
        ids, seconds = request["tests"], request["limit_ms"] / 1000.0
        changes = []
        for candidate in request["candidates"]:
            try:
                changes.append(self.context.edited(candidate["edits"]))
                self.swapper.prepare(self.context, candidate["edits"])
            except (OSError, LoadError):
                changes.append(None)
        at = 0
        while at < len(changes):
            edits = request["candidates"][at]["edits"]
            if changes[at] is None:
                yield self.judge_one(edits, ids, seconds)
                at += 1
                continue
            numbers = range(at, min(at + BURST, len(changes)))
            started = time.monotonic()
            ending = self.nursery.run(lambda report: self.burst(report, numbers, changes, request, ids), seconds,
                                      on_record=lambda record: seconds)
            for record in ending.records[:len(numbers)]:
                if record.get("verdict") in ("pass", "alone"):
                    # Its process had a past and goes on: a pass counts only from a process of its own.
                    record = self.judge_one(request["candidates"][at]["edits"], ids, seconds)
                elif record.get("verdict") not in ("fail", "invalid", "cold"):
                    record = {"verdict": "fail", "message": "it wrote into its own report"}
                yield record
                at += 1
            if not ending.clean and at < numbers.stop and not (ending.records and ending.records[-1].get("last")):
                ending.records = []
                yield judgement(ending, ids, started)
                at += 1

    def burst(self, report, numbers, changes, request, ids):
        self.disk.mark = report.wrote
        for number in numbers:
            started = time.monotonic()
            result, quiet = self.judge_here(report, changes[number], request["candidates"][number]["edits"], ids)
            quiet = quiet and self.world.is_unchanged()
            result["us"] = int((time.monotonic() - started) * 1e6)
            if result["verdict"] == "pass" or not quiet:
                result["last"] = True
            report.record(result)
            if "last" in result:
                return

    def judge_here(self, report, edited, edits, ids):
        """The verdict, and whether the code swapped in can have left nothing behind unseen."""
        if edited is None:
            return {"verdict": "cold"}, False
        try:
            before = self.swapper.swap(edited, edits, self.context)
        except Cold as reason:
            return {"verdict": "cold", "message": str(reason)}, True
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            return invalid(error), True
        quiet = all(self.world.is_quiet(function.__code__) for function, _ in before)
        sink = JudgeSink(report, ids)
        if quiet:
            self.runner.run(ids, sink)
        self.swapper.undo(before)
        return (sink.verdict(), True) if quiet else ({"verdict": "alone"}, False)

    def fork_run(self, body, seconds, on_record):
        def run(report):
            self.runner.use_scratch(self.scratch)
            body(report)
        self.new_scratch()
        return self.nursery.run(run, seconds, collect_garbage=True, on_record=on_record)


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

    def judge_one(self, edits, ids, seconds):
        """Most candidates fail the first test, and loading a single test file takes a fraction of loading them all."""
        first = self.runner.quickly_loaded(ids)
        if len(first) < len(ids):
            answer = super().judge_one(edits, first, seconds)
            if answer["verdict"] != "pass":
                return answer
        return super().judge_one(edits, ids, seconds)

    def fork_judge(self, edited, edits, ids, seconds):
        def body(report):
            self.disk.edited, self.disk.mark = edited, report.wrote
            try:
                for path, content in edited.items():
                    if path.endswith(".py"):
                        compile(content, path, "exec", dont_inherit=True)
            except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
                return report.record(invalid(error))
            self.runner.serve_edited(served(edited))
            sink = JudgeSink(report, ids)

            def run():
                report.loaded()
                self.runner.use_scratch(self.scratch)
                self.runner.run(ids, sink)
                report.record(sink.verdict())
                os._exit(0)
            try:
                self.runner.serve(run, wanted=ids)
            except LoadError as error:
                report.record({"verdict": "invalid", "message": str(error)})
        self.new_scratch()
        return self.nursery.run(body, seconds, load_seconds=self.load_seconds)

    def fork_run(self, body, seconds, on_record):
        def load_and_run(report):
            def run():
                report.loaded()
                self.runner.use_scratch(self.scratch)
                body(report)
                os._exit(0)
            self.runner.serve(run)
        self.new_scratch()
        return self.nursery.run(load_and_run, seconds, load_seconds=self.load_seconds, collect_garbage=True,
                                on_record=on_record)
