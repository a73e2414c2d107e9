"""Compiles only the function that an edit lies in, so that judging in a big module costs no more than in a small one."""
import __future__
import ast
import re

from ec_context import apply_edits

COOKIE = re.compile(rb"coding[:=]\s*([-\w.]+)")


class Fragment:
    """One function or method whose body edits may lie in."""

    def __init__(self, path, line, begin, body, end):
        self.path = path        # names of the classes around it and its own
        self.line = line        # of its first decorator, or of `def`
        self.begin = begin      # byte offsets: the start of that line, of the body, and the end
        self.body = body
        self.end = end
        self.reference = None   # own parts of the containers in the unedited fragment


class FragmentedFile:
    def __init__(self, content, filename, own):
        self.content = content
        self.filename = filename
        self.own = own
        self.flags = 0
        self.fragments = []
        if self._has_plain_offsets():
            try:
                self._index(ast.parse(content))
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                self.fragments = []

    def _has_plain_offsets(self):
        """True when the parser's columns are byte offsets of the file."""
        head = b"\n".join(self.content.split(b"\n", 2)[:2])
        cookie = COOKIE.search(head)
        if cookie and cookie.group(1).lower().replace(b"_", b"-") not in (b"utf-8", b"utf8", b"ascii"):
            return False
        if self.content.startswith(b"\xef\xbb\xbf") or b"\f" in self.content:
            return False
        return self.content.count(b"\r") == self.content.count(b"\r\n")

    def _index(self, tree):
        starts = [0]
        for line in self.content.split(b"\n"):
            starts.append(starts[-1] + len(line) + 1)
        for node in tree.body:
            if isinstance(node, ast.ImportFrom) and node.module == "__future__":
                for alias in node.names:
                    feature = getattr(__future__, alias.name, None)
                    self.flags |= feature.compiler_flag if feature is not None else 0

        def walk(nodes, path):
            for node in nodes:
                if isinstance(node, ast.ClassDef):
                    walk(node.body, path + [node.name])
                elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    line = min([node.lineno] + [decorator.lineno for decorator in node.decorator_list])
                    first = node.body[0]
                    self.fragments.append(Fragment(path + [node.name], line, starts[line - 1],
                                                   starts[first.lineno - 1] + first.col_offset,
                                                   starts[node.end_lineno - 1] + node.end_col_offset))
        walk(tree.body, [])

    def find(self, edits):
        """The fragment whose body holds all edits, or None."""
        for fragment in self.fragments:
            if all(fragment.body <= edit["begin"] and edit["end"] <= fragment.end for edit in edits):
                return fragment
        return None

    def compile(self, fragment, edits):
        """The code object of the edited function; None when it must be compiled with its whole module. SyntaxError
        and ValueError are those of the edit."""
        self.prepare(fragment)
        if fragment.reference is False:
            return None
        text = apply_edits(self.content, edits, fragment.begin, fragment.end)
        code, containers = self._compile(fragment, text)
        return code if containers == fragment.reference else None

    def prepare(self, fragment):
        if fragment.reference is None:
            fragment.reference = self._reference(fragment)

    def _reference(self, fragment):
        try:
            return self._compile(fragment, self.content[fragment.begin:fragment.end])[1]
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False

    def _compile(self, fragment, text):
        around = fragment.path[:-1]
        lines = [b" " * depth + b"class " + name.encode() + b":" for depth, name in enumerate(around)]
        padding = b"\n" * max(0, fragment.line - 1 - len(lines))
        source = padding + b"".join(line + b"\n" for line in lines) + text + b"\n"
        code = compile(source, self.filename, "exec", flags=self.flags, dont_inherit=True)
        containers = []
        for name in fragment.path:
            containers.append(self.own(code))
            inner = [c for c in code.co_consts if type(c) is type(code) and c.co_name == name]
            if len(inner) != 1:
                raise SyntaxError("not one function of that name")
            code = inner[0]
        return code, containers
