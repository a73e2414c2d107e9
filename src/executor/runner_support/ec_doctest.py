"""Stands for `python -m doctest`: the same command line, and one JSON line per docstring (see ec_events)."""

import argparse
import doctest
import os
import sys
import time

import ec_events

_writer = ec_events.open_writer("doctest")
ec_events.drop_own_directory()


class _Runner(doctest.DocTestRunner):
    """Collects what went wrong in the docstring that is being run."""

    def __init__(self, **options):
        super().__init__(**options)
        self.ec_failures = []

    def _ec_note(self, test, example, message, details, trace=()):
        line = (test.lineno or 0) + example.lineno + 1
        place = [[os.path.abspath(test.filename), line, test.name]] if test.filename else []
        head = "%s:%d: >>> %s\n" % (test.filename, line, example.source.strip())
        self.ec_failures.append((message, head + details, place + list(trace)))

    def report_failure(self, out, test, example, got):
        super().report_failure(out, test, example, got)
        message = "expected %s, got %s" % (ec_events.first_line(example.want) or "nothing", ec_events.first_line(got) or "nothing")
        self._ec_note(test, example, message, self._checker.output_difference(example, got, self.optionflags))

    def report_unexpected_exception(self, out, test, example, exc_info):
        super().report_unexpected_exception(out, test, example, exc_info)
        self._ec_note(test, example, ec_events.describe(exc_info[1]), doctest._exception_traceback(exc_info), ec_events.frames(exc_info[1]))


def _tests(name):
    """The docstrings of a module file, or the one big example that a text file is."""
    if name.endswith(".py"):
        folder, base = os.path.split(name)
        sys.path.insert(0, folder)
        module = __import__(base[:-3])
        del sys.path[0]
        return doctest.DocTestFinder().find(module)
    with open(name, encoding="utf-8") as stream:
        content = stream.read()
    return [doctest.DocTestParser().get_doctest(content, {"__name__": "__main__"}, os.path.basename(name), name, 0)]


def _main():
    parser = argparse.ArgumentParser(prog="python -m doctest")
    parser.add_argument("-v", "--verbose", action="store_true", default=False)
    parser.add_argument("-o", "--option", action="append", choices=doctest.OPTIONFLAGS_BY_NAME.keys(), default=[])
    parser.add_argument("-f", "--fail-fast", action="store_true")
    parser.add_argument("file", nargs="+")
    arguments = parser.parse_args()
    flags = doctest.FAIL_FAST if arguments.fail_fast else 0
    for option in arguments.option:
        flags |= doctest.OPTIONFLAGS_BY_NAME[option]
    failed = False
    for name in arguments.file:
        runner = _Runner(verbose=arguments.verbose, optionflags=flags)
        for test in _tests(name):
            if not test.examples:
                continue
            runner.ec_failures = []
            if _writer is not None:
                _writer.start(test.name)
            begun = time.perf_counter()
            runner.run(test)
            seconds = time.perf_counter() - begun
            if _writer is not None and not runner.ec_failures:
                _writer.test(test.name, "passed", seconds)
            elif _writer is not None:
                message, _, trace = runner.ec_failures[0]
                _writer.test(test.name, "failed", seconds, message, "\n".join(part[1] for part in runner.ec_failures), trace)
            if runner.ec_failures:
                failed = True
                if arguments.fail_fast:
                    break
        runner.summarize()
        if failed:
            break  # as `python -m doctest` does: later files are not run after a failure
    if _writer is not None:
        _writer.end(1 if failed else 0)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    _main()
