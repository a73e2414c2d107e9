"""unittest: the suite that `python -m unittest` would run, loaded by unittest's own program."""
import io
import re
import sys
import unittest

from ec_context import LoadError
from ec_runner import Runner


FRAME = re.compile(r'File "([^"\n]+)", line (\d+)(?:, in (\S+))?')


class Program(unittest.TestProgram):
    """Stops where the real program would start to run."""

    def runTests(self):
        pass


class Result(unittest.TestResult):
    """Turns unittest's callbacks into the outcome of one test."""

    def __init__(self, sink, index_of):
        super().__init__()
        self.sink = sink
        self.index_of = index_of
        self.current = None
        self.outcome = None

    def startTest(self, test):
        super().startTest(test)
        self.current = self.index_of(test)
        self.outcome = ("passed",)
        self.sink.begin(self.current)

    def stopTest(self, test):
        index, self.current = self.current, None
        if not self.sink.end(index, *self.outcome):
            self.stop()

    def _bad(self, outcome, test, err):
        if self.current is None:  # setUpClass, setUpModule and their counterparts
            self.class_failure = (outcome,) + tuple(err)
            self.stop()
        elif self.outcome[0] not in ("failed", "error"):
            self.outcome = (outcome,) + tuple(err)

    def addError(self, test, err):
        self._bad("error" if self.current is None else "failed", test, err)

    def addFailure(self, test, err):
        self._bad("failed", test, err)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self._bad("failed", test, err)

    def addSkip(self, test, reason):
        if self.current is None:
            return
        if self.outcome[0] == "passed":
            self.outcome = ("skipped", unittest.SkipTest, unittest.SkipTest(reason), None)

    def addExpectedFailure(self, test, err):
        self.outcome = ("skipped",) + tuple(err)

    def addUnexpectedSuccess(self, test):
        error = AssertionError("unexpected success")
        self.outcome = ("failed", AssertionError, error, None)


def flat(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from flat(test)
        else:
            yield test


class UnittestRunner(Runner):
    def __init__(self, context):
        super().__init__(context)
        self.tests = {}

    def serve(self, body, wanted=None):
        words = [word for word in self.context.arguments if word not in ("-b", "--buffer", "-f", "--failfast", "-c",
                                                                         "--catch")]
        sys.argv = ["python -m unittest"] + words
        said, sys.stderr = sys.stderr, io.StringIO()
        try:
            program = Program(module=None, argv=list(sys.argv), exit=False)
        except SystemExit:
            raise LoadError("unittest could not load the tests: " + sys.stderr.getvalue().strip()[-400:])
        finally:
            sys.stderr = said
        for test in flat(program.test):
            if type(test).__name__ == "_FailedTest":
                self._note_failed(test)
            else:
                self.tests.setdefault(test.id(), test)
        body()

    def _note_failed(self, test):
        error = getattr(test, "_exception", None)
        text = str(error)
        frames = []
        for file, line, function in FRAME.findall(text):  # unittest keeps only the text of the traceback
            relative = self.context.relative(file)
            if relative is not None:
                frames.append({"file": relative, "line": int(line), "function": function})
        self.problem(test.id(), text.strip().split("\n")[-1][:500], text, frames)

    def ids(self):
        return list(self.tests)

    def _resolve(self, ids):
        for index, test in enumerate(ids):
            if test in self.tests:
                yield index, self.tests[test]
                continue
            below = []
            if test.startswith("unittest.loader._FailedTest."):
                module = test.split(".", 3)[3]
                below = [other for name, other in self.tests.items() if name.startswith(module + ".")]
            if not below:
                yield index, None
            for other in below:
                yield index, other

    def run(self, ids, sink):
        work = list(self._resolve(ids))
        for index, test in work:
            if test is None:
                sink.begin(index)
                if not sink.end(index, "error", LoadError, LoadError("the test was not loaded"), None):
                    return
        index_by_test = {id(test): index for index, test in work if test is not None}
        result = Result(sink, lambda test: index_by_test[id(test)])
        remaining = [test for _, test in work if test is not None]
        ended = set()
        result_end, sink_end = result.stopTest, sink.end

        def stop_test(test):
            ended.add(id(test))
            result_end(test)
        result.stopTest = stop_test
        while remaining:
            result.class_failure = None
            result.shouldStop = False
            unittest.TestSuite(remaining).run(result)
            failure = result.class_failure
            remaining = [test for test in remaining if id(test) not in ended]
            if failure is None or not remaining:
                for test in remaining if failure is None and not result.shouldStop else ():
                    sink.begin(index_by_test[id(test)])
                    if not sink_end(index_by_test[id(test)], "skipped", unittest.SkipTest, unittest.SkipTest("not run"), None):
                        return
                return
            # The class or module of the first test left could not be set up: its tests fail with that error.
            guilty = type(remaining[0])
            for test in [test for test in remaining if type(test) is guilty]:
                sink.begin(index_by_test[id(test)])
                if not sink_end(index_by_test[id(test)], *failure):
                    return
            remaining = [test for test in remaining if type(test) is not guilty]

    def sources(self, test):
        case = self.tests.get(test)
        function = getattr(type(case), getattr(case, "_testMethodName", ""), None)
        return self.source_of(function) if function is not None else []
