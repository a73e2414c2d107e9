"""pytest plugin: one JSON line per test as it finishes (see ec_events). Works with pytest 6 and newer, and under xdist,
where only the controller writes."""

import os
import re

import pytest

import ec_events

_writer = ec_events.open_writer("pytest")
_SEVERITY = {"passed": 0, "skipped": 1, "failed": 2, "error": 3}
_running = {}

# The options that brought us here are not the tests' business, and a pytest that they start must not inherit them.
_options = re.sub(r"^(-p ec_report)? ?(-o cache_dir=\S+)? ?", "", os.environ.get("PYTEST_ADDOPTS", ""), count=1)
if _options:
    os.environ["PYTEST_ADDOPTS"] = _options
else:
    os.environ.pop("PYTEST_ADDOPTS", None)


def pytest_sessionstart(session):
    global _writer
    if hasattr(session.config, "workerinput"):
        _writer = None


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed and call.excinfo is not None:
        report.ec_frames = ec_events.frames(call.excinfo.value)


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report(collector):
    outcome = yield
    report = outcome.get_result()
    call = getattr(report, "call", None)
    if report.failed and call is not None and call.excinfo is not None:
        report.ec_frames = ec_events.frames(call.excinfo.value)


def _message(report):
    longrepr = report.longrepr
    if hasattr(report, "wasxfail"):
        return "xfail: " + str(report.wasxfail)
    if isinstance(longrepr, tuple) and len(longrepr) == 3:
        return ec_events.first_line(longrepr[2])
    crash = getattr(longrepr, "reprcrash", None)
    if crash is not None:
        return ec_events.first_line(crash.message)
    raised = re.findall(r"^E\s+(.*)$", str(longrepr or ""), re.MULTILINE)
    return ec_events.first_line(raised[-1] if raised else longrepr or "")


def pytest_runtest_logstart(nodeid, location):
    if _writer is not None:
        _writer.start(nodeid)


def pytest_runtest_logreport(report):
    if _writer is None or report.outcome == "rerun":
        return
    state = _running.setdefault(report.nodeid, {"outcome": "passed", "seconds": 0.0, "text": {}})
    state["seconds"] += getattr(report, "duration", 0.0) or 0.0
    outcome = report.outcome
    if outcome == "failed" and report.when in ("setup", "teardown"):
        outcome = "error"
    if _SEVERITY.get(outcome, 3) > _SEVERITY[state["outcome"]]:
        state["outcome"] = outcome if outcome in _SEVERITY else "error"
        state["text"] = {
            "message": _message(report),
            "details": report.longreprtext if report.failed else "",
            "trace": getattr(report, "ec_frames", ()),
        }
    if report.when not in ("setup", "call"):  # teardown, or "???" when an xdist worker died
        del _running[report.nodeid]
        _writer.test(report.nodeid, state["outcome"], state["seconds"], **state["text"])


def pytest_collectreport(report):
    if _writer is None:
        return
    if report.failed:
        _writer.test(report.nodeid or ".", "error", 0.0, _message(report), report.longreprtext, getattr(report, "ec_frames", ()))
    elif report.skipped:
        _writer.test(report.nodeid or ".", "skipped", 0.0, _message(report))


def pytest_internalerror(excrepr):
    if _writer is not None:
        _writer.problem("pytest failed internally: " + str(excrepr).strip().splitlines()[-1])


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session, exitstatus):
    if _writer is not None:
        _writer.end(exitstatus)
