# The start of a warm Python sandbox: says on descriptor 4 that the interpreter is up, waits on descriptor 3 for what
# to run, and runs it as `python3 FILE`, `-c`, `-m` or `-` would have. The request: u32 size, then fields separated by
# NUL: directory, kind, number of words, number of variables, words…, variables…, code (all that is left).
import os
import sys


def _read(size):
    data = b""
    while len(data) < size:
        part = os.read(3, size - len(data))
        if not part:
            os._exit(125)
        data += part
    return data


def _request():
    data = _read(int.from_bytes(_read(4), "little"))
    os.close(3)
    directory, kind, words, variables, rest = data.split(b"\0", 4)
    words, variables = int(words), int(variables)
    fields = rest.split(b"\0", words + variables)
    for variable in fields[words:-1]:
        name, _, value = variable.partition(b"=")
        os.environb[name] = value
    os.chdir(directory)
    return kind, [os.fsdecode(word) for word in fields[:words]], fields[-1]


def _script(path, main):
    name = path
    if sys.version_info >= (3, 9) and not os.path.isabs(path):
        name = os.getcwd() + "/" + path
    try:
        with open(path, "rb") as file:
            code = file.read()
    except OSError as error:
        print(f"{sys.orig_argv[0]}: can't open file {name!r}: [Errno {error.errno}] {error.strerror}", file=sys.stderr)
        sys.exit(2)
    loader = sys.modules["_frozen_importlib_external"].SourceFileLoader("__main__", name)
    main.update(__file__=name, __cached__=None, __loader__=loader)
    return name, code


def _run():
    os.write(4, b"w")
    os.close(4)
    kind, words, code = _request()
    main = sys.modules["__main__"].__dict__
    first = ""
    if kind == b"m":
        sys.argv, started = ["-m", *words[1:]], ["-m", *words]
        first = os.getcwd()
    elif kind == b"f":
        sys.argv = started = words
        first = os.path.dirname(os.path.realpath(words[0]))
    elif kind == b"c":
        sys.argv, started = ["-c", *words], ["-c", os.fsdecode(code), *words]
    else:
        sys.argv = started = ["-", *words]
    sys.orig_argv = ["python3", *started]
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = first
    try:
        if kind == b"m":
            import runpy

            runpy._run_module_as_main(words[0])
            return
        if kind == b"f":
            name, code = _script(words[0], main)
        else:
            name, code = ("<string>", os.fsdecode(code)) if kind == b"c" else ("<stdin>", code)
        exec(compile(code, name, "exec", dont_inherit=True), main)
    except SystemExit:
        raise
    except BaseException as error:
        # As if this file were not there: neither in the traceback nor in the exit code.
        sys.excepthook(type(error), error.with_traceback(error.__traceback__.tb_next), error.__traceback__)
        sys.exit(1)


_run()
