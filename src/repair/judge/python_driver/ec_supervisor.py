"""Keeps the hot and the cold helper alive and turns protocol requests into theirs. Runs no code of the project."""
import os
import signal
import time

from ec_channel import Channel
from ec_child import high
from ec_context import LoadError
import ec_baseline
import ec_literals
import ec_zygote

LOAD_SECONDS = 60.0


class Gone(Exception):
    """The helper died or did not answer."""


class Remote:
    """The supervisor's end of one helper process."""

    def __init__(self, make):
        ask_read, ask_write = os.pipe()
        answer_read, answer_write = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                for fd in (3, 4, ask_write, answer_read):
                    try:
                        os.close(fd)
                    except OSError:
                        pass
                os.setpgid(0, 0)
                make(Channel(high(ask_read), high(answer_write))).main()
            finally:
                os._exit(72)
        os.close(ask_read)
        os.close(answer_write)
        self.channel = Channel(answer_read, ask_write)
        self.facts = None

    def send(self, request):
        try:
            self.channel.write(request)
        except OSError:
            raise Gone("the helper has ended")

    def receive(self, seconds):
        try:
            answer = self.channel.read(time.monotonic() + seconds)
        except (TimeoutError, OSError, ValueError):
            raise Gone("the helper did not answer in time")
        if answer is None:
            raise Gone("the helper has ended")
        return answer

    def wait_ready(self):
        if self.facts is None:
            self.facts = self.receive(LOAD_SECONDS)
        if "error" in self.facts:
            raise LoadError(self.facts["error"])
        return self.facts

    def end(self):
        self.channel.close()
        for kill, target in ((os.killpg, self.pid), (os.kill, self.pid)):
            try:
                kill(target, signal.SIGKILL)
            except OSError:
                pass
        try:
            os.waitpid(self.pid, 0)
        except OSError:
            pass


class Supervisor:
    def __init__(self, context, runner):
        self.context = context
        self.runner = runner
        self.hot = None
        self.cold = None
        self.dirty = list(context.dirty)
        self.hot_facts = None
        self.no_hot = runner.only_cold

    def begin(self):
        """Starts loading the project without waiting for it."""
        if self.no_hot:
            self._start_cold()
        else:
            self._start_hot()

    def end(self):
        for remote in (self.hot, self.cold):
            if remote is not None:
                remote.end()

    def _start_hot(self):
        self.context.dirty = self.dirty
        self.hot = Remote(lambda channel: ec_zygote.Hot(self.context, self.runner, channel))

    def _start_cold(self):
        facts = self.hot_facts or {}
        load = 2.0 + 4 * facts.get("load_ms", 0) / 1000.0
        self.context.dirty = self.dirty
        self.cold = Remote(lambda channel: ec_zygote.ColdHelper(self.context, self.runner, channel,
                                                               facts.get("modules", []), load))

    def _hot(self):
        if self.hot is None:
            self._start_hot()
        try:
            self.hot_facts = self.hot.wait_ready()
        except Gone as gone:
            self.hot.end()
            self.hot = None
            raise LoadError("loading the tests did not end: %s" % gone)
        return self.hot

    def _cold(self):
        if self.cold is None:
            self._start_cold()
        try:
            self.cold.wait_ready()
        except Gone as gone:
            self.cold.end()
            self.cold = None
            raise LoadError("the helper for edited modules did not start: %s" % gone)
        return self.cold

    def _main(self):
        """The helper that runs the unchanged program."""
        return self._cold() if self.no_hot else self._hot()

    def _ask(self, request, seconds):
        remote = self._main()
        try:
            remote.send(request)
            return remote.receive(seconds)
        except Gone as gone:
            self._drop(remote)
            raise LoadError(str(gone))

    def _drop(self, remote):
        remote.end()
        if remote is self.hot:
            self.hot = None
        if remote is self.cold:
            self.cold = None

    # baseline

    def baseline(self, request):
        limit_ms = request.get("limit_ms", 60000)
        facts = self._main().facts
        ids = facts["tests"]
        before = ec_baseline.Snapshot(self.context.root, True)
        first = self._run(ids, limit_ms)
        results = first["results"]
        self._note_dirty(before)
        self._second_chance(ids, results, first, limit_ms)
        flaky = self._repeat(ids, results, first, int(request.get("repeats", 3)), limit_ms)
        traced = self._run(ids, limit_ms, trace=True, longest=first["longest"] or 0.03, hangs=first["hangs"],
                           red=[n for n, result in enumerate(results) if result["outcome"] in ("failed", "error")],
                           hung=[n for n, result in enumerate(results) if result["hung"]])
        tests = []
        for number, test in enumerate(ids):
            lines = traced["results"][number].get("lines", {})
            tests.append(self._entry(test, results[number], number in flaky, lines))
        for problem in facts["problems"]:
            tests.append(dict({"duration_us": 0, "flaky": False, "lines": {}}, **problem))
        failing = [test["id"] for test in tests if test["outcome"] in ("failed", "error")]
        where = self._ask({"op": "sources", "tests": failing[:200]}, 20)
        return {"type": "baseline", "tests": tests, "import_lines": facts["import_lines"],
                "constants": ec_literals.constants(self.context, where["sources"], where["texts"]),
                "dirty": bool(self.dirty), "files": self.dirty}

    def _run(self, ids, limit_ms, **more):
        return self._ask(dict({"op": "run", "tests": ids, "limit_ms": limit_ms}, **more), limit_ms / 1000.0 + 20)

    def _second_chance(self, ids, results, first, limit_ms):
        """Runs the first test that did not end once more and longer; if that helps, the others too."""
        hung = [n for n, result in enumerate(results) if result["hung"]]
        for n in hung:
            least = max(2.0 if first["longest"] is not None else 3.0, 100 * (first["longest"] or 0.0))
            answer = self._run([ids[n]], limit_ms, least=least)["results"][0]
            if answer["hung"]:
                return
            results[n] = answer
            first["longest"] = max(first["longest"] or 0.0, answer["duration_us"] / 1e6)

    def _repeat(self, ids, results, first, repeats, limit_ms):
        """Runs the failing tests again; gives the numbers of those that ended differently."""
        failing = [n for n, result in enumerate(results) if result["outcome"] in ("failed", "error")]
        flaky = set()
        for _ in range(repeats - 1):
            again = [n for n in failing if n not in flaky and not results[n]["hung"]]
            if not again:
                break
            answers = self._run([ids[n] for n in again], limit_ms, longest=first["longest"], hangs=first["hangs"])
            for n, answer in zip(again, answers["results"]):
                if answer["outcome"] != results[n]["outcome"]:
                    flaky.add(n)
        return flaky

    @staticmethod
    def _entry(test, result, flaky, lines):
        return {"id": test, "outcome": result["outcome"], "duration_us": result["duration_us"],
                "message": result["message"], "details": result["details"], "frames": result["frames"], "flaky": flaky, "hung": result["hung"],
                "lines": lines}

    def _note_dirty(self, before):
        after = ec_baseline.Snapshot(self.context.root, False)
        changed = after.changed_since(before)
        if not changed:
            return
        self.dirty = changed
        ec_baseline.Keeper(self.context, changed, before).restore()
        for remote in (self.hot, self.cold):
            if remote is not None:
                remote.send({"op": "dirty", "files": changed})
                remote.receive(10)

    # judge and observe

    def judge(self, request):
        """Yields the judgements in order. All candidates go to the hot helper at once; those it cannot take follow in
        the cold one."""
        candidates = request["candidates"]
        answers = (dict(verdict="cold") for _ in candidates) if self.no_hot else self._ask_all(self._hot, request, candidates)
        for index, answer in enumerate(answers):
            if answer["verdict"] == "cold":
                answer = next(self._ask_all(self._cold, request, [candidates[index]]))
            yield {"type": "judgement", "index": index, "verdict": answer["verdict"],
                   "stopped_at": answer.get("stopped_at", ""), "message": answer.get("message", ""),
                   "passed": answer.get("passed", 0), "us": answer.get("us", 0)}

    def _ask_all(self, helper, request, candidates):
        """An answer for each candidate; a helper that dies is replaced and goes on behind the one that killed it."""
        done = 0
        while done < len(candidates):
            remote = helper()
            try:
                remote.send({"op": "judge", "candidates": candidates[done:], "tests": request["tests"],
                             "limit_ms": request["limit_ms"]})
                while done < len(candidates):
                    answer = remote.receive(request["limit_ms"] / 1000.0 + LOAD_SECONDS)
                    done += 1
                    yield answer
            except Gone as gone:
                self._drop(remote)
                done += 1
                yield {"verdict": "timeout", "message": str(gone)}

    def observe(self, request):
        try:
            answer = self._ask(dict(request, op="observe"), 5.0 + 0.6 * len(request["candidates"]))
        except LoadError:
            answer = {"digests": [[] for _ in request["candidates"]]}
        return {"type": "observation", "digests": answer["digests"]}
