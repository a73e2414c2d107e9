"""Python source text with its syntax tree: where a node lies in the bytes, and edits that keep the layout.

Nothing here is shared with the repair engine: the corpora must not know how the search looks at code.
"""

import ast
import re
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Fault:
    """One seeded fault: the class it belongs to and the byte ranges it rewrites."""

    kind: str
    line: int
    edits: tuple  # ((begin, end, replacement bytes), ...), not overlapping
    note: str = field(default="", compare=False)


class Source:
    """A parsed file. Offsets are bytes, because ast counts columns in UTF-8 bytes."""

    def __init__(self, text):
        self.text = text
        self.data = text.encode()
        self.tree = ast.parse(text)
        self.shape = ast.dump(self.tree)
        self.starts = [0]
        for line in self.data.split(b"\n"):
            self.starts.append(self.starts[-1] + len(line) + 1)
        self.parent = {}
        self.role = {}
        for node in ast.walk(self.tree):
            for name, value in ast.iter_fields(node):
                for child in value if isinstance(value, list) else [value]:
                    if isinstance(child, ast.AST) and not isinstance(child, (ast.expr_context, ast.operator, ast.cmpop, ast.boolop, ast.unaryop)):
                        self.parent[child] = node
                        self.role[child] = name
        self.docstrings = self._docstrings()

    def _docstrings(self):
        found = set()
        for node in ast.walk(self.tree):
            body = getattr(node, "body", None)
            if isinstance(body, list):
                for statement in body:
                    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                        found.add(statement)
                        found.add(statement.value)
        return found

    def begin(self, node):
        return self.starts[node.lineno - 1] + node.col_offset

    def end(self, node):
        return self.starts[node.end_lineno - 1] + node.end_col_offset

    def code(self, node):
        return self.data[self.begin(node):self.end(node)].decode()

    def gap(self, left, right):
        """Byte range between two nodes that stand one after the other."""
        return self.end(left), self.begin(right)

    def find_between(self, left, right, pattern):
        """Byte range of the one match of `pattern` between two nodes, or None."""
        low, high = self.gap(left, right)
        matches = list(re.finditer(pattern, self.data[low:high].decode()))
        if len(matches) != 1:
            return None
        prefix = self.data[low:high].decode()
        begin = low + len(prefix[:matches[0].start()].encode())
        return begin, begin + len(matches[0].group().encode())

    def ancestors(self, node):
        while node in self.parent:
            node = self.parent[node]
            yield node

    def function_of(self, node):
        for ancestor in self.ancestors(node):
            if isinstance(ancestor, (ast.FunctionDef, ast.AsyncFunctionDef)):
                return ancestor
        return None

    def block_of(self, statement):
        """The list of statements that holds `statement`."""
        owner = self.parent[statement]
        for name in ("body", "orelse", "finalbody"):
            block = getattr(owner, name, None)
            if isinstance(block, list) and any(item is statement for item in block):
                return block
        return None

    def in_loop(self, node):
        for ancestor in self.ancestors(node):
            if isinstance(ancestor, (ast.For, ast.While)):
                return True
            if isinstance(ancestor, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                return False
        return False

    def whole_lines(self, node):
        """Byte range of the lines of `node` if nothing else stands on them, else None."""
        begin, end = self.starts[node.lineno - 1], self.starts[node.end_lineno]
        before = self.data[begin:self.begin(node)]
        after = self.data[self.end(node):end].split(b"#")[0]
        if before.strip() or after.strip(b"; \t\r\n"):
            return None
        return begin, end

    def nodes(self):
        """Every node inside a function body, in source order, without docstrings and annotations."""
        found = []

        def visit(node, inside):
            for name, value in ast.iter_fields(node):
                if name in ("annotation", "returns", "decorator_list", "type_comment"):
                    continue
                for child in value if isinstance(value, list) else [value]:
                    if not isinstance(child, ast.AST) or child in self.docstrings:
                        continue
                    now = inside or (name == "body" and isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))
                    if now and hasattr(child, "lineno"):
                        found.append(child)
                    visit(child, now)

        visit(self.tree, False)
        # The parts of an f-string carry the position of the whole string before Python 3.12.
        return [n for n in found if not isinstance(n, (ast.JoinedStr, ast.FormattedValue))
                and not any(isinstance(a, ast.JoinedStr) for a in self.ancestors(n))]

    def apply(self, fault):
        data = self.data
        for begin, end, replacement in sorted(fault.edits, reverse=True):
            data = data[:begin] + replacement + data[end:]
        return data.decode()
