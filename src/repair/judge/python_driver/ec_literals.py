"""Literal values in the failing tests: material for constants in candidates."""
import ast


def constants(context, sources, texts):
    """`sources`: (file, line) of test functions, line 0 for whole files; `texts`: further source text."""
    counts = {}
    trees = {}
    for file, line in sources:
        if file not in trees:
            try:
                trees[file] = ast.parse(context.original(file))
            except (OSError, SyntaxError, ValueError, RecursionError):
                trees[file] = None
        if trees[file] is not None:
            _count(_function(trees[file], line), counts)
    for text in texts:
        try:
            _count(ast.parse(text), counts)
        except (SyntaxError, ValueError, RecursionError):
            pass
    return [text for text, _ in sorted(counts.items(), key=lambda item: -item[1])][:40]


def _function(tree, line):
    """The definition that starts at `line` (its first decorator counts); the whole tree when there is none."""
    if not line:
        return tree
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            first = min([node.lineno] + [decorator.lineno for decorator in node.decorator_list])
            if first <= line <= node.lineno:
                return node
    return tree


def _count(tree, counts):
    docstrings = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            docstrings.add(id(node.value))
        text = _literal(node)
        if text is not None and id(node) not in docstrings:
            counts[text] = counts.get(text, 0) + 1


def _literal(node):
    if isinstance(node, ast.Constant):
        value = node.value
        if value is None or isinstance(value, (bool, int, float, str)):
            text = repr(value)
            return text if len(text) <= 60 else None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _literal(node.operand)
        return None if inner is None else "-" + inner
    if isinstance(node, (ast.List, ast.Tuple)) and len(node.elts) <= 4 and isinstance(getattr(node, "ctx", None), ast.Load):
        parts = [_literal(element) for element in node.elts]
        if None in parts:
            return None
        if isinstance(node, ast.List):
            return "[%s]" % ", ".join(parts)
        return "(%s%s)" % (", ".join(parts), "," if len(parts) == 1 else "")
    return None
