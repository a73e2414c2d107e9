"""Stands for `python -m unittest`: the same command line and discovery, and one JSON line per test (see ec_events)."""

import os
import sys
import time
import traceback
import unittest

import ec_events

_writer = ec_events.open_writer("unittest")
ec_events.drop_own_directory()

_SEVERITY = {"passed": 0, "skipped": 1, "failed": 2, "error": 3}


def _name(test):
    """A module that could not be loaded stands in unittest as a method of `_FailedTest`; people know it by its name."""
    if type(test).__name__ == "_FailedTest":
        return test._testMethodName
    return test.id()


class _Result(unittest.TextTestResult):
    """Records each test once, at its end, with the worst of what happened to it; sub-tests are told in its text."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self._ec_now = None

    def _ec_note(self, test, outcome, error=None, message="", prefix=""):
        now = self._ec_now
        if now is None:  # outside any test: setUpClass, setUpModule and their ends
            now = {"outcome": "passed", "message": "", "details": "", "trace": []}
        if error is not None:
            message = prefix + ec_events.describe(error[1])
            details = prefix + "".join(traceback.format_exception(*error))
            now["details"] = (now["details"] + "\n" + details) if now["details"] else details
        if _SEVERITY[outcome] > _SEVERITY[now["outcome"]]:
            now["outcome"], now["message"] = outcome, message
            if error is not None:
                now["trace"] = ec_events.frames(error[1])
        if self._ec_now is None and _writer is not None:
            _writer.test(_name(test), now["outcome"], 0.0, now["message"], now["details"], now["trace"])

    def startTest(self, test):
        self._ec_now = {"outcome": "passed", "message": "", "details": "", "trace": [], "begun": time.perf_counter()}
        if _writer is not None:
            _writer.start(_name(test))
        super().startTest(test)

    def stopTest(self, test):
        super().stopTest(test)
        now, self._ec_now = self._ec_now, None
        if now is not None and _writer is not None:
            seconds = time.perf_counter() - now["begun"]
            _writer.test(_name(test), now["outcome"], seconds, now["message"], now["details"], now["trace"])

    def addError(self, test, err):
        super().addError(test, err)
        self._ec_note(test, "error", err)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._ec_note(test, "failed", err)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        if self._ec_now is None and _writer is not None:
            _writer.test(_name(test), "skipped", 0.0, reason)
        elif self._ec_now is not None:
            self._ec_note(test, "skipped", message=str(reason))

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self._ec_note(test, "skipped", message="expected failure")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self._ec_note(test, "failed", message="unexpected success")

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            outcome = "failed" if issubclass(err[0], test.failureException) else "error"
            self._ec_note(test, outcome, err, prefix=subtest._subDescription() + " ")


class _Runner(unittest.TextTestRunner):
    resultclass = _Result


def _main():
    sys.argv[0] = os.path.basename(sys.executable) + " -m unittest"
    program = unittest.main(module=None, testRunner=_Runner, exit=False)
    result = program.result
    # Python 3.12 and newer end with 5 when nothing ran; the older ones call that a success.
    code = 0 if result.wasSuccessful() else 1
    if code == 0 and result.testsRun == 0 and not result.skipped and sys.version_info >= (3, 12):
        code = 5
    if _writer is not None:
        _writer.end(code)
    sys.exit(code)


if __name__ == "__main__":
    _main()
