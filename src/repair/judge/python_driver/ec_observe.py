"""Runs candidates on generated inputs, so that those which behave alike can be told from those which do not.

One child runs the tests that reach the function and keeps copies of the arguments it is called with; from there every
candidate gets a child of its own, so all see the same inputs in the same state.
"""
import ast
import copy
import functools
import hashlib
import io
import os
import signal
import sys
import time
import types

from ec_child import Nursery
from ec_context import LoadError, TimeLimit
import ec_inputs
from ec_source import Cold, Swapper, live_functions, module_codes
from ec_trace import Tracer

MOST_CALLS = 30
RECORD_SECONDS = 2.0
INPUT_SECONDS = 0.015
LATE_SECONDS = 0.004  # for each further input once three have been too slow
CANDIDATE_SECONDS = 3.0  # of wall time: only code that sleeps gets there
MASK = (1 << 53) - 1


def observe(helper, request):
    empty = {"digests": [[] for _ in request["candidates"]]}
    try:
        target = enclosing_function(helper.context.original(request["file"]), request["line"])
        edited = [helper.context.edited(candidate["edits"]) for candidate in request["candidates"]]
    except (OSError, SyntaxError, ValueError, RecursionError, LoadError):
        return empty
    if target is None:
        return empty

    def body(report):
        for digests in _observe(helper, request, target, edited):
            report.record(digests)

    ending = helper.fork_run(body, RECORD_SECONDS + 3.0 + 0.5 * len(edited), None)
    helper.clean_up(ending, {})
    lists = [record for record in ending.records if isinstance(record, list)][:len(edited)]
    return {"digests": lists + [[]] * (len(edited) - len(lists))}


def enclosing_function(source, line):
    """(first line with decorators, path of names) of the function or method around a line; inner ones count as part
    of the outermost, which is the one that can be called."""
    def search(nodes, path):
        for node in nodes:
            first = min([node.lineno] + [d.lineno for d in getattr(node, "decorator_list", [])]) \
                if hasattr(node, "lineno") else 0
            if not hasattr(node, "end_lineno") or not first <= line <= node.end_lineno:
                continue
            if isinstance(node, ast.FunctionDef):
                return first, path + [node.name]
            if isinstance(node, ast.ClassDef):
                return search(node.body, path + [node.name])
            below = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)]
            found = search(below, path)
            if found is not None:
                return found
        return None
    return search(ast.parse(source).body, [])


class QuietSink:
    """Lets tests run for their calls alone."""

    def __init__(self, until, calls):
        self.until = until
        self.calls = calls

    def begin(self, index):
        signal.setitimer(signal.ITIMER_REAL, max(0.001, min(1.0, self.until - time.monotonic())), 0.05)

    def end(self, index, *outcome):
        signal.setitimer(signal.ITIMER_REAL, 0)
        return time.monotonic() < self.until and len(self.calls) < MOST_CALLS


class Calls(list):
    """Copies of the arguments of distinct calls."""

    def __init__(self):
        super().__init__()
        self.seen = set()
        self.spent = 0.0

    def note(self, frame):
        if len(self) >= MOST_CALLS or self.spent > 0.5:
            return
        started = time.monotonic()
        try:
            call = copy.deepcopy(arguments(frame))
            key = ec_inputs.canonical(call)
            if len(key) < 20000 and key not in self.seen:
                self.seen.add(key)
                self.append(call)
        except TimeLimit:
            raise
        except BaseException:
            pass
        self.spent += time.monotonic() - started


def arguments(frame):
    code, values = frame.f_code, frame.f_locals
    names = code.co_varnames
    count = code.co_argcount
    args = [values[name] for name in names[:count]]
    keywords = {name: values[name] for name in names[count:count + code.co_kwonlyargcount]}
    at = count + code.co_kwonlyargcount
    if code.co_flags & 0x04:
        args.extend(values[names[at]])
        at += 1
    if code.co_flags & 0x08:
        keywords.update(values[names[at]])
    return tuple(args), keywords


def _late(signum, frame):
    raise TimeLimit()


def _observe(helper, request, target, edited):
    first, path = target
    calls = Calls()
    tracer = Tracer(helper.context.relative, lines=False)
    tracer.watched = (request["file"], first, path[-1])
    tracer.on_call = calls.note
    signal.signal(signal.SIGALRM, _late)
    ids = [test for test in request.get("tests") or helper.runner.ids()]
    tracer.start()
    try:
        helper.runner.run(ids, QuietSink(time.monotonic() + RECORD_SECONDS, calls))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        tracer.stop()
    if not calls:
        return
    modules = module_codes(helper.context, tracer)
    functions = live_functions(helper.context.relative)
    known = getattr(helper, "swapper", None)
    if known is not None:  # what was loaded before the fork is frozen and not found again
        modules = dict(known.modules, **modules)
        functions.update(known.functions)
    swapper = Swapper(modules, set(), functions)
    clear_caches(helper.context)
    place = Place(helper.context.absolute(request["file"]), first, path, swapper)
    inputs = ec_inputs.generate([place.as_called(call) for call in calls], request["seed"])
    nursery = Nursery()
    nursery.settle()
    for change in edited:
        yield _digests(nursery, place, change, inputs)


def clear_caches(context):
    """Results that the tests left in caches would hide what a candidate computes."""
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and context.relative(file) is not None:
            for value in list(vars(module).values()):
                if isinstance(value, functools._lru_cache_wrapper):
                    value.cache_clear()


class Place:
    """Finds the function to call, before or after an edit."""

    def __init__(self, file, first, path, swapper):
        self.file = file
        self.first = first
        self.path = path
        self.swapper = swapper

    def live(self):
        for functions in self.swapper.functions.values():
            code = functions[0].__code__
            if (code.co_firstlineno, code.co_name) == (self.first, self.path[-1]) and \
                    os.path.realpath(code.co_filename) == os.path.realpath(self.file):
                return functions[0]
        return None

    def as_called(self, call):
        """The call without arguments that only repeat a default: an edit of the default must show."""
        function = self.live()
        args, keywords = list(call[0]), dict(call[1])
        code = getattr(function, "__code__", None)
        if code is None:
            return call
        if len(args) <= code.co_argcount:
            defaults = (None,) * (code.co_argcount - len(function.__defaults__ or ())) + (function.__defaults__ or ())
            required = code.co_argcount - len(function.__defaults__ or ())
            while len(args) > required and ec_inputs.canonical(args[-1]) == ec_inputs.canonical(defaults[len(args) - 1]):
                args.pop()
        for name, default in (function.__kwdefaults__ or {}).items():
            if name in keywords and ec_inputs.canonical(keywords[name]) == ec_inputs.canonical(default):
                del keywords[name]
        return tuple(args), keywords

    def edited(self, change):
        """The function with the edit in place; None when it cannot be had."""
        function = self.live()
        try:
            self.swapper.swap(change)
            return function
        except Cold:
            pass
        for path, content in change.items():
            module = next((m for m in list(sys.modules.values()) if isinstance(getattr(m, "__file__", None), str)
                           and os.path.realpath(m.__file__) == os.path.realpath(path)), None)
            if module is None or module.__name__ == "__main__":
                return None
            exec(compile(content, path, "exec", dont_inherit=True), module.__dict__)
            if os.path.realpath(path) == os.path.realpath(self.file):
                function = self._resolve(module)
        return function

    def _resolve(self, module):
        value = vars(module)
        for name in self.path:
            value = (value if isinstance(value, dict) else vars(value)).get(name)
            if value is None:
                return None
        value = getattr(value, "__func__", value)
        while hasattr(value, "__wrapped__"):
            value = value.__wrapped__
        return value if callable(value) else None


def _digests(nursery, place, change, inputs):
    def body(report):
        try:
            function = place.edited(change)
        except BaseException:
            return
        if function is None:
            return
        signal.signal(signal.SIGVTALRM, _late)
        late = 0
        for call in inputs:
            digest, timed_out = _one(function, call, INPUT_SECONDS if late < 3 else LATE_SECONDS)
            late += timed_out
            report.record(digest)
        report.record("end")

    ending = nursery.run(body, CANDIDATE_SECONDS)
    digests = [record for record in ending.records if isinstance(record, int)]
    if not digests and not ending.timed_out:
        return []
    # What it did not get to within its time counts as not ending.
    return digests + [_hash("timeout")] * (len(inputs) - len(digests))


def _one(function, call, seconds):
    try:
        args, kwargs = copy.deepcopy(call)
    except BaseException:
        return _hash("no copy"), 0
    said = sys.stdout
    sys.stdout = io.StringIO()
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, seconds)
    try:
        try:
            text = _result(function(*args, **kwargs))
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    except TimeLimit:
        return _hash("timeout"), 1
    except BaseException as error:
        text = "raised " + type(error).__name__
    finally:
        printed = sys.stdout
        sys.stdout = said
    try:
        text += "|" + ec_inputs.canonical((args, kwargs))
        text += "|" + printed.getvalue()[:10000]
    except BaseException as error:
        text += "|" + type(error).__name__
    return _hash(text), 0


def _result(value):
    if isinstance(value, (types.GeneratorType, map, filter, zip, enumerate, reversed)) or \
            type(value).__name__.endswith("_iterator"):
        items = []
        for item in value:
            items.append(item)
            if len(items) >= 200:
                break
        return "items" + ec_inputs.canonical(items)
    if isinstance(value, types.CoroutineType):
        value.close()
        return "coroutine"
    return ec_inputs.canonical(value)


def _hash(text):
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "little") & MASK
