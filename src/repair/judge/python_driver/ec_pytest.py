"""pytest: collected once by pytest itself; items are then run through its own hooks, or called directly when nothing
but the function would run."""
import inspect
import io
import itertools
import os
import pathlib
import sys

from ec_context import LoadError
from ec_runner import Runner

# Options that make no sense here, and how many words follow them.
DROPPED = {"--pdb": 0, "--trace": 0, "--collect-only": 0, "--co": 0, "-x": 0, "--exitfirst": 0, "-s": 0, "-n": 1,
           "--numprocesses": 1, "--dist": 1, "--maxfail": 1, "--junitxml": 1, "--junit-xml": 1, "--forked": 0}


def kept_arguments(words):
    result = []
    skip = 0
    for word in words:
        if skip:
            skip -= 1
            continue
        name = word.split("=", 1)[0]
        if name in DROPPED:
            skip = 0 if "=" in word else DROPPED[name]
            continue
        if word.startswith("-n") and len(word) > 2 and not word.startswith("--"):
            continue
        result.append(word)
    return result


class Plugin:
    """Our hooks inside the pytest session."""

    def __init__(self, runner, body, wanted_files):
        self.runner = runner
        self.body = body
        self.wanted_files = wanted_files


def _make_hooks(pytest):
    class Hooks(Plugin):
        @pytest.hookimpl(tryfirst=True)
        def pytest_runtestloop(self, session):
            self.runner.adopt(session)
            self.body()
            return True

        @pytest.hookimpl(hookwrapper=True)
        def pytest_runtest_makereport(self, item, call):
            yield
            if call.excinfo is not None and self.runner.excinfo is None:
                self.runner.excinfo = call.excinfo

        def pytest_runtest_logreport(self, report):
            self.runner.reports.append(report)

        def pytest_collectreport(self, report):
            if report.failed:
                self.runner.failed_collectors.append(report)

        @pytest.hookimpl(hookwrapper=True)
        def pytest_make_collect_report(self, collector):
            outcome = yield
            call = getattr(outcome.get_result(), "call", None)
            if call is not None and call.excinfo is not None:
                self.runner.collect_errors[collector.nodeid] = call.excinfo
    if int(pytest.__version__.split(".")[0]) >= 7:
        def ignore(self, collection_path):
            return self.runner.skips_file(str(collection_path), self.wanted_files)
    else:
        def ignore(self, path):
            return self.runner.skips_file(str(path), self.wanted_files)
    ignore.__name__ = "pytest_ignore_collect"
    Hooks.pytest_ignore_collect = ignore
    return Hooks


class PytestRunner(Runner):
    def __init__(self, context):
        super().__init__(context)
        self.items = {}
        self.order = []
        self.direct = {}
        self.reports = []
        self.excinfo = None
        self.failed_collectors = []
        self.collect_errors = {}

    def preload(self):
        try:
            import pytest
        except ImportError:
            raise LoadError("pytest is not installed for %s" % sys.executable)
        import _pytest.python, _pytest.unittest, _pytest.assertion.rewrite, _pytest.monkeypatch, _pytest.tmpdir  # noqa: E401,F401
        import _pytest.debugging, _pytest.doctest, _pytest.junitxml, _pytest.logging, _pytest.cacheprovider  # noqa: E401,F401
        self.pytest = pytest

    def command_line(self):
        words = kept_arguments(self.context.arguments) + ["--capture=no"]
        if not os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD"):
            import importlib.util
            if importlib.util.find_spec("xdist"):
                words.append("-n0")
            if importlib.util.find_spec("pytest_cov"):
                words.append("--no-cov")
        return words

    def serve(self, body, wanted=None):
        files = None
        if wanted is not None:
            files = {test.split("::", 1)[0] for test in wanted}
        hooks = _make_hooks(self.pytest)(self, body, files)
        sys.argv = ["pytest"] + self.context.arguments
        said, sys.stderr = sys.stderr, io.StringIO()
        try:
            status = self.pytest.main(self.command_line(), plugins=[hooks])
        finally:
            text, sys.stderr = sys.stderr.getvalue(), said
        lines = [line for line in text.strip().split("\n") if line.strip()]
        raise LoadError("pytest could not load the tests (exit status %d)%s" %
                        (int(status), ": " + " ".join(lines[:3])[:400] if lines else ""))

    def serve_edited(self, lookup):
        """Test files are read by pytest's own importer, which rewrites their assertions."""
        from _pytest.assertion import rewrite
        rewrite_test, read_pyc = rewrite._rewrite_test, rewrite._read_pyc

        class Edited(type(pathlib.Path())):
            def read_bytes(self):
                return lookup(str(self))

        def edited_rewrite_test(file, config):
            return rewrite_test(file if lookup(str(file)) is None else Edited(file), config)

        def edited_read_pyc(source, *rest, **named):
            return read_pyc(source, *rest, **named) if lookup(str(source)) is None else None

        rewrite._rewrite_test, rewrite._read_pyc = edited_rewrite_test, edited_read_pyc

    def quickly_loaded(self, ids):
        file = ids[0].split("::", 1)[0] if ids else ""
        return list(itertools.takewhile(lambda test: test.split("::", 1)[0] == file, ids))

    def skips_file(self, path, wanted_files):
        """True for test modules that nobody asked for; None leaves the decision to pytest."""
        if wanted_files is None or not path.endswith(".py") or os.path.basename(path) in ("__init__.py", "conftest.py"):
            return None
        return True if not any(path.endswith("/" + file) for file in wanted_files) else None

    def adopt(self, session):
        sys.stderr = sys.__stderr__
        self.session = session
        for item in session.items:
            test = item.nodeid
            if test not in self.items:
                self.items[test] = item
                self.order.append(test)
        plain_hooks = self._only_own_hooks(session.config)
        self.direct = {test: arguments for test, arguments in
                       ((test, self._direct_arguments(item)) for test, item in self.items.items())
                       if plain_hooks and arguments is not None}
        self._leave_out_prose()
        self._leave_out_plugins(session.config)
        terminal = session.config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None:
            session.config.pluginmanager.unregister(terminal)
        for report in self.failed_collectors:
            self._note_failed_collector(report)

    def _leave_out_plugins(self, config):
        """Takes out pytest's own plugins that only tell a person more, or watch for what nobody asked about here."""
        manager = config.pluginmanager
        names = ["stepwise", "junitxml", "pastebin", "nose", "pdbinvoke", "reports", "faulthandler"]
        uses_logs = any({"caplog", "request"} & set(getattr(item, "fixturenames", ())) for item in self.items.values())
        if not uses_logs and config.getoption("log_level", None) is None and not config.getini("log_level"):
            names.append("logging-plugin")
        filters = config.getini("filterwarnings") or config.known_args_namespace.pythonwarnings
        if not filters and not any(mark.name == "filterwarnings" for item in self.items.values()
                                   for mark in item.iter_markers()):
            names += ["warnings", "threadexception", "unraisableexception"]
        for name in names:
            plugin = manager.get_plugin(name)
            if plugin is not None:
                try:
                    manager.unregister(plugin)
                except Exception:
                    pass

    def _leave_out_prose(self):
        """Failure texts for people (source excerpts, diffs) cost pytest more than most tests do; nobody reads them here."""
        for item in self.items.values():
            item.ihook, item.location  # worked out once, here
            item.repr_failure = item._repr_failure_py = lambda excinfo, style=None: str(excinfo.typename)
        try:
            from _pytest.assertion import util
            util.assertrepr_compare = lambda *args, **kwargs: None
        except ImportError:
            pass

    def _note_failed_collector(self, report):
        excinfo = self.collect_errors.get(report.nodeid)
        details = str(report.longrepr)
        if excinfo is None:
            self.problem(report.nodeid, details.strip().split("\n")[-1][:500], details)
            return
        error = excinfo.value
        # pytest wraps import errors into one of its own; the cause knows the place.
        cause = error.__cause__ or error.__context__
        if type(error).__name__ == "CollectError" and cause is not None:
            error = cause
        failure = self.context.failure(type(error), error, error.__traceback__)
        self.problem(report.nodeid, failure["message"], details, failure["frames"])

    def _only_own_hooks(self, config):
        """True when no plugin but pytest's own (and us) takes part in running a test."""
        hook = config.hook
        names = ("pytest_runtest_protocol", "pytest_runtest_setup", "pytest_runtest_call", "pytest_runtest_teardown",
                 "pytest_pyfunc_call", "pytest_runtest_makereport", "pytest_runtest_logstart", "pytest_runtest_logfinish",
                 "pytest_runtest_logreport")
        for name in names:
            for implementation in getattr(hook, name).get_hookimpls():
                module = getattr(implementation.function, "__module__", "")
                if not module.startswith("_pytest.") and not isinstance(implementation.plugin, Plugin):
                    return False
        return not config.getini("filterwarnings") and not (config.known_args_namespace.pythonwarnings or ())

    def _direct_arguments(self, item):
        """The arguments to call the function with when that is all there is to the test, else None."""
        if type(item) is not self.pytest.Function or any(mark.name != "parametrize" for mark in item.iter_markers()):
            return None
        function = item.function
        if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function) or \
                inspect.isasyncgenfunction(function):
            return None
        callspec = getattr(item, "callspec", None)
        values = {}
        if callspec is not None:
            values = dict(getattr(callspec, "funcargs", None) or callspec.params)
        if set(item.fixturenames) != set(values):
            return None
        for definitions in item._fixtureinfo.name2fixturedefs.values():
            if any(getattr(d.func, "__name__", "") != "get_direct_param_fixture_func" for d in definitions):
                return None
        try:
            item.obj
        except Exception:
            return None
        return values

    def ids(self):
        return list(self.order)

    def use_scratch(self, folder):
        super().use_scratch(folder)
        # pytest numbers its folders by what it finds there; in one folder for all, each child would look through more.
        factory = getattr(self.session.config, "_tmp_path_factory", None)
        if factory is not None:
            factory._basetemp = pathlib.Path(folder)

    def all_plain(self, ids):
        return all(test in self.direct for test in ids)

    def shared_values(self):
        return [value for arguments in self.direct.values() for value in arguments.values()]

    def _resolve(self, ids):
        """(position in ids, item or None); the id of a module that once failed to load stands for all its tests."""
        for index, test in enumerate(ids):
            item = self.items.get(test)
            if item is not None:
                yield index, item
                continue
            below = [other for other in self.order if other.startswith(test + "::") or other.startswith(test + "/")]
            if not below or any(problem["id"] == test for problem in self.problems):
                yield index, None
            for other in below:
                yield index, self.items[other]

    def run(self, ids, sink):
        work = list(self._resolve(ids))
        for position, (index, item) in enumerate(work):
            sink.begin(index)
            if item is None:
                outcome = ("error", LoadError, LoadError("the test was not collected"), None)
            elif item.nodeid in self.direct:
                outcome = self._call(item)
            else:
                following = next((other for _, other in work[position + 1:]
                                  if other is not None and other.nodeid not in self.direct), None)
                outcome = self._protocol(item, following)
            last_of_id = position + 1 == len(work) or work[position + 1][0] != index
            if (last_of_id or outcome[0] != "passed") and not sink.end(index, *outcome):
                return

    def _call(self, item):
        try:
            item.obj(**self.direct[item.nodeid])
        except BaseException as error:
            outcome = "skipped" if type(error).__name__ in ("Skipped", "XFailed") else "failed"
            return outcome, type(error), error, error.__traceback__
        return ("passed",)

    def _protocol(self, item, following):
        self.reports.clear()
        self.excinfo = None
        try:
            item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
        except BaseException as error:
            return "error", type(error), error, error.__traceback__
        outcome = "passed" if self.reports else "error"
        for report in self.reports:
            if report.failed:
                outcome = "failed" if report.when == "call" and outcome != "error" else "error"
            elif report.skipped and outcome == "passed":
                outcome = "skipped"
        if outcome == "passed":
            return ("passed",)
        if self.excinfo is not None:
            return outcome, self.excinfo.type, self.excinfo.value, self.excinfo.tb
        failing = next((report for report in self.reports if report.failed), None)
        text = str(failing.longrepr) if failing is not None else "no report"
        error = AssertionError(text.strip().split("\n")[-1])
        return outcome, AssertionError, error, None

    def sources(self, test):
        item = self.items.get(test)
        function = getattr(item, "function", None)
        return self.source_of(function) if function is not None else []

    def texts(self, test):
        callspec = getattr(self.items.get(test), "callspec", None)
        try:
            return [text for text in (repr(value) for value in callspec.params.values()) if len(text) < 500] if callspec else []
        except Exception:
            return []
