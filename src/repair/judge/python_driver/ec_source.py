"""Puts edited sources under a loaded or loading project without touching its files.

Two ways: swap() changes the code of live functions, served() makes imports read the edited text. Programs that the
tests start see neither, so just before one starts the edited files are written into the workspace (whose view is
private to the sandbox) and put back by the parent.
"""
import importlib.machinery
import os
import sys
import types

from ec_fragment import FragmentedFile

CODE = types.CodeType
FUNCTION_LIKE = 0x1 | 0x2  # CO_OPTIMIZED | CO_NEWLOCALS: functions, lambdas, comprehensions; not classes or modules


class Cold(Exception):
    """The edit cannot be swapped into a loaded project."""


def _constant_key(value):
    if isinstance(value, CODE):
        return CODE
    if isinstance(value, (tuple, frozenset)):
        keys = [_constant_key(item) for item in value]
        return (type(value), tuple(keys) if isinstance(value, tuple) else frozenset(keys))
    if isinstance(value, (float, complex)):
        return (type(value), repr(value))  # tells 0.0 from -0.0
    return (type(value), value)


def _own(code):
    """All that makes a code object behave, but for the code objects inside it and line numbers."""
    return (code.co_code, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars, code.co_flags,
            code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_name,
            getattr(code, "co_exceptiontable", b""), tuple([_constant_key(c) for c in code.co_consts]))


def nested(code):
    return [constant for constant in code.co_consts if isinstance(constant, CODE)]


class Swapper:
    """Knows the live code of the loaded project. Built once in the hot helper, used in its children."""

    def __init__(self, modules, executed, functions):
        self.modules = modules      # absolute path -> [code object of the module as it was executed]
        self.executed = executed    # ids of code objects that ran while loading
        self.files = {}
        self.functions = functions  # id of a code object -> the live functions that carry it

    def _live_below(self, code):
        return any(id(kid) in self.functions or self._live_below(kid) for kid in nested(code))

    def _compare(self, old, new, top, swaps):
        if old == new:
            return False
        own_same = _own(old) == _own(new)
        old_kids, new_kids = nested(old), nested(new)
        function_like = old.co_flags & FUNCTION_LIKE == FUNCTION_LIKE
        paired = [kid.co_name for kid in old_kids] == [kid.co_name for kid in new_kids]
        if not own_same:
            if not function_like or new.co_flags & FUNCTION_LIKE != FUNCTION_LIKE:
                raise Cold("it changes module or class level code")
            if id(old) in self.executed:
                raise Cold("it changes code that ran while loading")
            if not paired and self._live_below(old):
                raise Cold("it changes the inner functions of live closures")
        changed = not own_same
        if paired:
            for old_kid, new_kid in zip(old_kids, new_kids):
                changed |= self._compare(old_kid, new_kid, not function_like, swaps)
        if changed and function_like:
            live = self.functions.get(id(old), ())
            if top and not live:
                raise Cold("no live function carries the changed code")
            if any(function.__code__.co_freevars != new.co_freevars for function in live):
                raise Cold("it changes what a live closure captures")
            swaps.extend((function, new) for function in live)
        return changed

    def swap(self, edited, edits=(), context=None):
        """Swaps every changed function or raises Cold with nothing changed. SyntaxError and ValueError pass. Gives
        what undo() needs."""
        swaps = self._swaps_of_fragments(edits, context) if context is not None else None
        if swaps is None:
            swaps = self._swaps_of_files(edited)
        before = [(function, function.__code__) for function, _ in swaps]
        for function, code in swaps:
            function.__code__ = code
        return before

    @staticmethod
    def undo(before):
        for function, code in before:
            function.__code__ = code

    def prepare(self, context, edits):
        """Does what all children would do again. Call it before the fork."""
        for relative in {edit["file"] for edit in edits}:
            file = self.fragmented(context, relative)
            fragment = file.find([edit for edit in edits if edit["file"] == relative]) if file is not None else None
            if fragment is not None:
                file.prepare(fragment)

    def fragmented(self, context, relative):
        """The indexed file; None when it was not loaded exactly once."""
        if relative not in self.files:
            olds = self.modules.get(context.absolute(relative), ())
            self.files[relative] = FragmentedFile(context.original(relative), olds[0].co_filename, _own) \
                if len(olds) == 1 else None
        return self.files[relative]

    def _swaps_of_fragments(self, edits, context):
        """As _swaps_of_files, compiling only the edited function; None when that cannot be done."""
        if len({edit["file"] for edit in edits}) != 1:
            return None
        file = self.fragmented(context, edits[0]["file"])
        fragment = file.find(edits) if file is not None else None
        if fragment is None:
            return None
        old = self.modules[context.absolute(edits[0]["file"])][0]
        for depth, name in enumerate(fragment.path):
            last = depth + 1 == len(fragment.path)
            found = [c for c in nested(old) if c.co_name == name and (not last or c.co_firstlineno == fragment.line)]
            if len(found) != 1:
                return None
            old = found[0]
        new = file.compile(fragment, edits)
        if new is None:
            return None
        swaps = []
        self._compare(old, new, True, swaps)
        return swaps

    def _swaps_of_files(self, edited):
        swaps = []
        for path, content in edited.items():
            olds = self.modules.get(path)
            if not olds:
                if path in self.modules or not path.endswith(".py"):
                    raise Cold("not a loaded module")
                compile(content, path, "exec", dont_inherit=True)
                raise Cold("not a loaded module")
            for old in olds:
                new = compile(content, old.co_filename, "exec", dont_inherit=True)
                self._compare(old, new, True, swaps)
        return swaps


def served(edited):
    """From now on imports of these files in this process read the given bytes. Never undone: call it in a child. Gives
    the function that finds the bytes for a path, None for all other files."""
    loader = importlib.machinery.SourceFileLoader
    get_data, path_stats = loader.get_data, loader.path_stats
    names = {os.path.basename(path) for path in edited}

    def lookup(path):
        content = edited.get(path)
        if content is None and os.path.basename(path) in names:
            content = edited.get(os.path.realpath(path))
        return content

    def edited_get_data(self, path):
        content = lookup(path)
        return get_data(self, path) if content is None else content

    def edited_path_stats(self, path):
        if lookup(path) is not None:
            raise OSError("edited: no cached bytecode fits")
        return path_stats(self, path)

    loader.get_data, loader.path_stats = edited_get_data, edited_path_stats
    import linecache
    for path, content in edited.items():
        text = content.decode("utf-8", "replace")
        linecache.cache[path] = (len(text), None, text.splitlines(True), path)
    return lookup


class DiskCopy:
    """Writes the edited files out just before the code under test starts another program."""

    def __init__(self, mark):
        self.mark = mark    # called once when files were written, so that the parent puts the originals back
        self.edited = {}
        self._wrap()

    def _materialise(self):
        edited, self.edited = self.edited, {}
        if not edited:
            return
        self.mark()
        for path, content in edited.items():
            try:
                with open(path, "wb") as file:
                    file.write(content)
                os.utime(path, ns=(0, 4102444800 * 10**9))  # a time no cached bytecode carries
            except OSError:
                pass

    def _wrap(self):
        import subprocess
        import _posixsubprocess

        def wrap(owner, name):
            original = getattr(owner, name, None)
            if original is None:
                return

            def wrapper(*args, **kwargs):
                self._materialise()
                return original(*args, **kwargs)
            wrapper.__name__ = name
            setattr(owner, name, wrapper)

        wrap(_posixsubprocess, "fork_exec")
        wrap(subprocess, "_fork_exec")
        for name in ("posix_spawn", "posix_spawnp", "system", "execv", "execve"):
            wrap(os, name)


def module_codes(context, tracer):
    """Code objects of modules by absolute path, out of what the tracer saw being executed."""
    modules = {}
    for code in tracer.entered.values():
        if code.co_name == "<module>":
            path = os.path.normpath(os.path.join(context.directory, code.co_filename))
            for name in {path, os.path.realpath(path)}:
                modules.setdefault(name, []).append(code)
    return modules


def live_functions(relative):
    """Functions of project files by the id of their code object. Call it before gc.freeze()."""
    import gc
    result = {}
    for thing in gc.get_objects():
        if type(thing) is types.FunctionType and relative(thing.__code__.co_filename) is not None:
            result.setdefault(id(thing.__code__), []).append(thing)
    return result
