"""`python -m doctest FILE…`: one test for each docstring (or text file) that holds examples."""
import doctest
import importlib
import os
import sys

from ec_context import LoadError
from ec_runner import Runner


class Checker(doctest.DocTestRunner):
    """Remembers the first failure instead of printing all."""

    def reset(self):
        self.first = None

    def _note(self, example, test, kind, error, trace):
        if self.first is None:
            self.first = ("failed", kind, error, trace)

    def report_start(self, out, test, example):
        pass

    def report_success(self, out, test, example, got):
        pass

    def report_failure(self, out, test, example, got):
        text = "%s gave %s, expected %s" % (example.source.strip(), got.strip() or "nothing", example.want.strip() or "nothing")
        self._note(example, test, AssertionError, AssertionError(text), None)

    def report_unexpected_exception(self, out, test, example, exc_info):
        if not isinstance(exc_info[1], Exception):
            raise exc_info[1]
        self._note(example, test, *exc_info)


class DoctestRunner(Runner):
    def __init__(self, context):
        super().__init__(context)
        self.files, self.flags = self._parse(context.arguments)
        self.tests = {}

    @staticmethod
    def _parse(words):
        files, flags = [], 0
        take = False
        for word in words:
            if take:
                flags |= doctest.OPTIONFLAGS_BY_NAME.get(word, 0)
                take = False
            elif word in ("-o", "--option"):
                take = True
            elif word.startswith("--option="):
                flags |= doctest.OPTIONFLAGS_BY_NAME.get(word.split("=", 1)[1], 0)
            elif not word.startswith("-"):
                files.append(word)
        return files, flags

    def serve(self, body, wanted=None):
        if not self.files:
            raise LoadError("no file with doctests was named")
        for file in self.files:
            self._load(file)
        body()

    def _load(self, file):
        path = os.path.normpath(os.path.join(self.context.directory, file))
        if not path.endswith(".py"):
            with open(path, encoding="utf-8") as handle:
                text = handle.read()
            test = doctest.DocTestParser().get_doctest(text, {"__name__": "__main__"}, os.path.basename(path), path, 0)
            found = [test]
        else:
            folder, name = os.path.split(path)
            sys.path.insert(0, folder)
            try:
                module = importlib.import_module(name[:-3])
            except BaseException as error:
                failure = self.context.failure(type(error), error, error.__traceback__)
                self.problem(file, failure["message"], failure["details"], failure["frames"])
                return
            finally:
                del sys.path[0]
            found = doctest.DocTestFinder().find(module)
        for test in found:
            if test.examples:
                self.tests["%s:%d" % (test.name, (test.lineno or 0) + 1)] = test

    def ids(self):
        return list(self.tests)

    def _find(self, name):
        """Lines move when an edit adds some, so the name of the docstring's owner decides."""
        if name in self.tests:
            return [self.tests[name]]
        owner = name.rsplit(":", 1)[0]
        found = [test for key, test in self.tests.items() if key.rsplit(":", 1)[0] == owner]
        if not found and name in self.files and not self.problems:
            return list(self.tests.values())
        return found[:1]

    def run(self, ids, sink):
        checker = Checker(optionflags=self.flags)
        for index, name in enumerate(ids):
            sink.begin(index)
            found = self._find(name)
            outcome = ("passed",) if found else ("error", LoadError, LoadError("the doctest was not found"), None)
            for test in found:
                checker.reset()
                try:
                    checker.run(test, out=lambda text: None, clear_globs=False)
                    outcome = checker.first or outcome
                except BaseException as error:
                    outcome = ("failed", type(error), error, error.__traceback__)
                if outcome[0] != "passed":
                    break
            if not sink.end(index, *outcome):
                return

    def texts(self, test):
        found = self._find(test)
        return [text.strip() for case in found for example in case.examples for text in (example.source, example.want)]
