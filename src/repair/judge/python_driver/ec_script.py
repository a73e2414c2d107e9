"""`python3 file.py args`: one test, the script; it passes when it ends with status 0."""
import os
import sys
import threading
import types

from ec_context import LoadError
from ec_runner import Runner


class ScriptRunner(Runner):
    only_cold = True

    def __init__(self, context):
        super().__init__(context)
        if not context.arguments:
            raise LoadError("no script was named")
        self.script = context.arguments[0]
        self.path = os.path.normpath(os.path.join(context.directory, self.script))
        self.content = None

    def serve(self, body, wanted=None):
        body()

    def ids(self):
        return [self.script]

    def run(self, ids, sink):
        for index in range(len(ids)):
            sink.begin(index)
            if not sink.end(index, *self._execute()):
                return

    def _execute(self):
        sys.argv = list(self.context.arguments)
        sys.path[0:1] = [os.path.dirname(self.path)] if self.context.cwd_on_path else [os.path.dirname(self.path), *sys.path[0:1]]
        module = types.ModuleType("__main__")
        module.__file__ = self.script
        module.__builtins__ = __builtins__
        sys.modules["__main__"] = module
        try:
            code = compile(self._source(), self.path, "exec", dont_inherit=True)
            exec(code, module.__dict__)
            return self._after()
        except SystemExit as leave:
            if (leave.code is None or leave.code == 0) and not self._left_early(leave.__traceback__):
                return self._after()
            return "failed", SystemExit, leave, leave.__traceback__
        except BaseException as error:
            return "failed", type(error), error, error.__traceback__

    def _left_early(self, trace):
        """True when the interpreter was ended from project code that is not the script and never spoke of exiting."""
        file = None
        while trace is not None:
            file = self.context.relative(trace.tb_frame.f_code.co_filename) or file
            trace = trace.tb_next
        if file is None or self.context.absolute(file) == self.path:
            return False
        return b"exit" not in self.context.original(file).lower()

    def _source(self):
        import importlib.machinery
        return importlib.machinery.SourceFileLoader("__main__", self.path).get_data(self.path)

    @staticmethod
    def _after():
        """What the interpreter does at its end: other threads and exit handlers can still decide the exit status."""
        threading._shutdown()
        import atexit
        atexit._run_exitfuncs()
        return ("passed",)

    def sources(self, test):
        relative = self.context.relative(self.path)
        return [(relative, None)] if relative else []
