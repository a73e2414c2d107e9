"""When may several candidates share one forked child? When nothing that one leaves behind can reach the next.

A world is calm when its project code can change nothing but project globals, and those are all things whose changes
show in a cheap fingerprint. The fingerprint is taken after every candidate; one that changed it ends the burst.
"""
import dis
import functools
import sys
import types

IMPORT_NAME = dis.opmap["IMPORT_NAME"]
STORE_ATTR = {dis.opmap["STORE_ATTR"], dis.opmap["DELETE_ATTR"]}
LOAD_GLOBAL = {dis.opmap["LOAD_GLOBAL"], dis.opmap["LOAD_NAME"]}
FILLERS = {0, dis.opmap["EXTENDED_ARG"]}
QUIET_MODULES = {
    "math", "cmath", "itertools", "functools", "operator", "collections", "heapq", "bisect", "re", "string", "typing",
    "abc", "enum", "dataclasses", "numbers", "fractions", "statistics", "copy", "json", "textwrap", "datetime",
    "hashlib", "types", "builtins", "__future__", "pytest", "_pytest", "unittest", "contextlib", "array", "struct", "sys",
    "difflib", "unicodedata", "keyword", "time", "typing_extensions"}
LOUD_NAMES = {
    "open", "exec", "eval", "__import__", "globals", "vars", "setattr", "delattr", "input", "breakpoint",
    "__dict__", "__globals__", "__code__", "__defaults__", "__setattr__", "__builtins__", "__closure__",
    "setrecursionlimit", "modules", "path", "stdout", "stdin", "stderr", "settrace", "setprofile", "meta_path", "argv",
    "displayhook", "excepthook", "setswitchinterval", "path_hooks", "addLevelName", "_exit", "kill", "fork",
    "import_module", "register", "patch", "set_int_max_str_digits"}
SCALARS = (int, float, complex, str, bytes, bool, type(None), type(Ellipsis), type(NotImplemented), range)
MODULE_DUNDERS = {"__name__", "__doc__", "__package__", "__loader__", "__spec__", "__file__", "__cached__",
                  "__builtins__", "__annotations__", "__warningregistry__", "__path__"}

CLASS_DUNDERS = {"__dict__", "__weakref__", "__module__", "__doc__", "__annotations__", "__dataclass_fields__",
                 "__dataclass_params__", "__firstlineno__", "__static_attributes__", "__annotations_cache__"}


class Loud(Exception):
    """Something here could carry a change from one candidate to the next unseen."""


def is_scalar(value):
    if isinstance(value, (tuple, frozenset)):
        return all(is_scalar(item) for item in value)
    return type(value) in SCALARS


def is_plain_data(value, depth=0):
    if depth > 20:
        return False
    kind = type(value)
    if kind in (list, tuple, set, frozenset):
        return all(is_plain_data(item, depth + 1) for item in value)
    if kind is dict:
        return all(is_plain_data(k, depth + 1) and is_plain_data(v, depth + 1) for k, v in value.items())
    return kind in SCALARS


class World:
    def __init__(self, context, shared):
        """`shared`: values that tests get passed again and again."""
        self.context = context
        self.dicts = []         # namespaces whose values must stay the same objects
        self.data = []          # plain containers whose content must stay equal
        self.functions = []
        self.caches = []
        self.seen = set()
        self.quiet_code = {}
        self.reason = ""
        try:
            for module in list(sys.modules.values()):
                file = getattr(module, "__file__", None)
                if isinstance(file, str) and context.relative(file) is not None:
                    self._namespace(vars(module), module.__name__)
            for value in shared:
                if not is_scalar(value):
                    self._value(value, "an argument of a test")
            self.kept = [list(names.values()) for names in self.dicts]  # so that an id names one object
            self.calm = True
        except Loud as loud:
            self.calm = False
            self.reason = str(loud)
        if self.calm:
            for function in self.functions:
                function.__dict__  # comes into being on first use
            self.before = self.fingerprint()
            self.calm = len(self.before[1]) < 100000

    def _namespace(self, names, where):
        self.dicts.append(names)
        for name, value in list(names.items()):
            if name in MODULE_DUNDERS or name.startswith("@py"):
                continue
            self._value(value, "%s.%s" % (where, name))

    def _value(self, value, where):
        if is_scalar(value) or id(value) in self.seen:
            return
        self.seen.add(id(value))
        if isinstance(value, types.ModuleType):
            self._module(value, where)
        elif isinstance(value, types.FunctionType):
            self._function(value, where)
        elif isinstance(value, (staticmethod, classmethod)):
            self._value(value.__func__, where)
        elif isinstance(value, property):
            for part in (value.fget, value.fset, value.fdel):
                self._value(part, where)
        elif isinstance(value, functools._lru_cache_wrapper):
            if value.cache_info().currsize:
                raise Loud("%s holds cached results" % where)
            self.caches.append(value)
            self._value(value.__wrapped__, where)
        elif isinstance(value, type):
            self._class(value, where)
        elif type(value) in (list, dict, set, tuple, frozenset) and is_plain_data(value):
            self.data.append(value)
        elif self._top(type(value).__module__) not in QUIET_MODULES or \
                isinstance(value, (list, dict, set, types.GeneratorType)):
            raise Loud("%s is a %s" % (where, type(value).__name__))
        elif isinstance(value, (types.BuiltinFunctionType, types.BuiltinMethodType)):
            owner = getattr(value, "__module__", None) or "builtins"
            if self._top(owner) not in QUIET_MODULES and self._top(owner).lstrip("_") not in QUIET_MODULES:
                raise Loud("%s comes from %s" % (where, owner))

    @staticmethod
    def _top(name):
        return (name or "").split(".")[0]

    def _module(self, module, where):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and self.context.relative(file) is not None:
            return
        if self._top(module.__name__) not in QUIET_MODULES:
            raise Loud("%s is the module %s" % (where, module.__name__))

    def _function(self, function, where):
        if self.context.relative(function.__code__.co_filename) is None:
            if self._top(function.__module__) not in QUIET_MODULES:
                raise Loud("%s comes from %s" % (where, function.__module__))
            return
        if not self.is_quiet(function.__code__):
            raise Loud("%s does something with effects elsewhere" % where)
        self.functions.append(function)
        for value in (function.__defaults__ or ()) + tuple((function.__kwdefaults__ or {}).values()):
            self._value(value, where)
        for cell in function.__closure__ or ():
            try:
                content = cell.cell_contents
            except ValueError:
                continue
            if not isinstance(content, (types.FunctionType, type)) and not is_scalar(content):
                raise Loud("%s captures a variable" % where)
            self._value(content, where)

    def _class(self, kind, where):
        module = sys.modules.get(kind.__module__)
        file = getattr(module, "__file__", None)
        if not isinstance(file, str) or self.context.relative(file) is None:
            if self._top(kind.__module__) not in QUIET_MODULES:
                raise Loud("%s comes from %s" % (where, kind.__module__))
            return
        names = kind.__dict__
        self.dicts.append(names)
        for name, value in list(names.items()):
            if name in CLASS_DUNDERS or \
                    isinstance(value, (types.GetSetDescriptorType, types.MemberDescriptorType)):
                continue
            self._value(value, where + "." + name)

    def is_quiet(self, code):
        known = self.quiet_code.get(id(code))
        if known is None:
            known = self._names_are_quiet(code) and all(self.is_quiet(inner) for inner in code.co_consts
                                                        if isinstance(inner, types.CodeType))
            self.quiet_code[id(code)] = known
            self.seen.add(id(code))
        return known

    def _names_are_quiet(self, code):
        for name in code.co_names:
            if name in LOUD_NAMES:
                return False
            if name in sys.modules and name not in QUIET_MODULES and IMPORT_NAME in code.co_code[::2]:
                file = getattr(sys.modules[name], "__file__", None)
                if not isinstance(file, str) or self.context.relative(file) is None:
                    return False
        # Attributes of foreign objects are in no fingerprint: x.y = z is fine only for an x that is no global or import.
        operations = [operation for operation in code.co_code[::2] if operation not in FILLERS]
        for place, operation in enumerate(operations):
            if operation in STORE_ATTR and (IMPORT_NAME in operations or operations[place - 1] in LOAD_GLOBAL):
                return False
        return True

    def fingerprint(self):
        return ([list(map(id, names.values())) for names in self.dicts], repr(self.data),
                [len(function.__dict__) for function in self.functions])

    def is_unchanged(self):
        for cache in self.caches:
            cache.cache_clear()
        try:
            return self.fingerprint() == self.before
        except BaseException:
            return False

