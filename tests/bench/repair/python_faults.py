"""Fault classes for Python, after what studies of real single faults report (DebugBench, QuixBugs, BugsInPy, ODC and
the mutation-testing taxonomies). Each class is a generator of Fault values over a Source; all sites are yielded and the
caller samples them.
"""

import ast

from python_source import Fault, Source

COMPARISONS = {
    ast.Lt: ("<", ["<=", ">", ">="]),
    ast.LtE: ("<=", ["<", ">=", ">"]),
    ast.Gt: (">", [">=", "<", "<="]),
    ast.GtE: (">=", [">", "<=", "<"]),
    ast.Eq: ("==", ["!=", ">=", "<="]),
    ast.NotEq: ("!=", ["==", "<", ">"]),
    ast.In: (r"\bin\b", ["not in"]),
    ast.NotIn: (r"\bnot\s+in\b", ["in"]),
    ast.Is: (r"\bis\b", ["is not"]),
    ast.IsNot: (r"\bis\s+not\b", ["is"]),
}
ARITHMETIC = {
    ast.Add: (r"\+", ["-", "*"]),
    ast.Sub: ("-", ["+"]),
    ast.Mult: (r"(?<!\*)\*(?!\*)", ["+", "**", "//"]),
    ast.Div: (r"(?<!/)/(?!/)", ["*", "%"]),
    ast.FloorDiv: ("//", ["%", "*"]),
    ast.Mod: ("%", ["//", "/", "-"]),
    ast.Pow: (r"\*\*", ["*", "+"]),
    ast.BitAnd: ("&", ["|", "^"]),
    ast.BitOr: (r"\|", ["&", "^"]),
    ast.BitXor: (r"\^", ["&", "|"]),
    ast.LShift: ("<<", [">>"]),
    ast.RShift: (">>", ["<<"]),
}
WRONG_CALLS = {
    "max": ["min", "sum"], "min": ["max"], "any": ["all"], "all": ["any"], "sum": ["len", "max"], "len": ["max"],
    "sorted": ["list", "reversed"], "reversed": ["sorted", "list"], "set": ["list"], "ord": ["len"], "abs": ["int"],
    "round": ["int"], "append": ["extend"], "extend": ["append"], "add": ["discard"], "lower": ["upper"],
    "upper": ["lower"], "islower": ["isupper", "isalpha"], "isupper": ["islower", "isalpha"], "isalpha": ["isdigit", "islower"],
    "isdigit": ["isalpha"], "isalnum": ["isalpha"], "startswith": ["endswith"], "endswith": ["startswith"],
    "strip": ["rstrip"], "lstrip": ["rstrip"], "rstrip": ["lstrip"], "ceil": ["floor"], "floor": ["ceil"],
    "index": ["count"], "count": ["index"], "find": ["rfind", "count"], "rfind": ["find"], "keys": ["values"],
    "values": ["keys"], "items": ["keys"], "swapcase": ["lower", "upper"], "title": ["upper"], "insert": ["append"],
    "sort": ["reverse"], "split": ["strip"], "union": ["intersection"], "intersection": ["union"], "update": ["setdefault"],
    "sqrt": ["floor"], "pop": ["remove"], "setdefault": ["get"], "popleft": ["pop"], "appendleft": ["append"],
    "partition": ["rpartition"], "rsplit": ["split"],
}
CONVERSIONS = {"int", "float", "round", "abs", "str", "bool", "list", "tuple"}


def number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def constant(node, kind=None):
    return isinstance(node, ast.Constant) and (kind is None or type(node.value) is kind)


class Seeder:
    def __init__(self, source: Source):
        self.source = source
        self.nodes = source.nodes()

    def fault(self, kind, node, *edits):
        parts = []
        for begin, end, text in edits:
            text = text.encode()
            if self.source.data[begin:end] == text:
                return None
            parts.append((begin, end, text))
        return Fault(kind, node.lineno, tuple(parts), ast.dump(node)[:40])

    def replace(self, kind, node, text):
        return self.fault(kind, node, (self.source.begin(node), self.source.end(node), text))

    def swap(self, kind, owner, left, right):
        s = self.source
        return self.fault(kind, owner, (s.begin(left), s.end(left), s.code(right)), (s.begin(right), s.end(right), s.code(left)))

    def delete(self, kind, statement):
        s = self.source
        lines = s.whole_lines(statement)
        block = s.block_of(statement)
        if lines is None or block is None or len([b for b in block if b not in s.docstrings]) == 1:
            return self.replace(kind, statement, "pass")
        return self.fault(kind, statement, (*lines, ""))

    # -- operators ---------------------------------------------------------------------------------------------------
    def comparison(self):
        for node in self.nodes:
            if isinstance(node, ast.Compare):
                operands = [node.left, *node.comparators]
                for index, operator in enumerate(node.ops):
                    pattern, others = COMPARISONS[type(operator)]
                    place = self.source.find_between(operands[index], operands[index + 1], pattern)
                    for other in others if place else []:
                        yield self.fault("comparison", node, (*place, other))

    def arithmetic(self):
        for node in self.nodes:
            if isinstance(node, ast.BinOp):
                left, right, suffix = node.left, node.right, ""
            elif isinstance(node, ast.AugAssign):
                left, right, suffix = node.target, node.value, "="
            else:
                continue
            if type(node.op) not in ARITHMETIC or constant(left, str):
                continue
            pattern, others = ARITHMETIC[type(node.op)]
            place = self.source.find_between(left, right, pattern + suffix)
            for other in others if place else []:
                yield self.fault("arithmetic", node, (*place, other + suffix))

    def conversion(self):
        """Integer versus float division; a conversion, rounding or absolute value that is missing."""
        for node in self.nodes:
            if isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, (ast.Div, ast.FloorDiv)):
                left, right = (node.left, node.right) if isinstance(node, ast.BinOp) else (node.target, node.value)
                place = self.source.find_between(left, right, "//?")
                if place:
                    yield self.fault("conversion", node, (*place, "//" if isinstance(node.op, ast.Div) else "/"))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CONVERSIONS and node.args and not node.keywords:
                yield self.replace("conversion", node, "(" + self.source.code(node.args[0]) + ")"
                                   if isinstance(node.args[0], (ast.BinOp, ast.GeneratorExp, ast.IfExp)) else self.source.code(node.args[0]))

    # -- conditions --------------------------------------------------------------------------------------------------
    def condition(self):
        """A condition negated, a `not` lost, the wrong connective."""
        for node in self.nodes:
            if isinstance(node, ast.BoolOp):
                word, other = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
                places = [self.source.find_between(a, b, rf"\b{word}\b") for a, b in zip(node.values, node.values[1:])]
                for place in places:
                    if place:
                        yield self.fault("condition", node, (*place, other))
            if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
                yield self.replace("condition", node, self.source.code(node.operand))
            test = getattr(node, "test", None)
            if isinstance(node, (ast.If, ast.While, ast.IfExp)) and not (isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)):
                text = self.source.code(test)
                simple = isinstance(test, (ast.Name, ast.Call, ast.Attribute, ast.Subscript, ast.Constant))
                yield self.replace("condition", test, f"not {text}" if simple else f"not ({text})")

    def missing_condition(self):
        """An operand of a condition, a filter or a whole guard that somebody forgot."""
        for node in self.nodes:
            if isinstance(node, ast.BoolOp) and len(node.values) >= 2:
                for index, value in enumerate(node.values):
                    rest = node.values[:index] + node.values[index + 1:]
                    word = " and " if isinstance(node.op, ast.And) else " or "
                    yield self.replace("missing_condition", node, word.join(self.source.code(v) for v in rest))
            if isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
                for generator in node.generators:
                    for test in generator.ifs:
                        begin = self.source.end(generator.iter)
                        if len(generator.ifs) == 1:
                            text = self.source.data[begin:self.source.begin(test)].decode()
                            at = text.rfind("if")
                            tail = self.source.end(test)
                            if at >= 0 and text.count("(") == text.count(")"):
                                yield self.fault("missing_condition", test, (begin + len(text[:at].rstrip().encode()), tail, ""))
            if isinstance(node, ast.If) and not node.orelse and len(node.body) == 1 and isinstance(
                    node.body[0], (ast.Return, ast.Continue, ast.Break, ast.Raise)) and not self.is_elif(node):
                yield self.delete("missing_condition", node)
            if isinstance(node, ast.If) and not node.orelse and not self.is_elif(node) and len(node.body) == 1 \
                    and isinstance(node.body[0], (ast.Assign, ast.AugAssign, ast.Expr)) and node.body[0].lineno == node.lineno + 1:
                s = self.source
                yield self.fault("missing_condition", node, (s.begin(node), s.begin(node.body[0]), ""))

    def is_elif(self, node):
        return isinstance(node, ast.If) and self.source.data[self.source.begin(node):].startswith(b"elif")

    # -- names, operands, calls --------------------------------------------------------------------------------------
    def wrong_variable(self):
        bound = {}
        for node in self.nodes:
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                bound.setdefault(self.source.function_of(node), {}).setdefault(node.id, node.lineno)
        for node in ast.walk(self.source.tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                for argument in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]:
                    if argument.arg not in ("self", "cls"):
                        bound.setdefault(node, {})[argument.arg] = node.lineno
        for node in self.nodes:
            if not (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)) or self.source.role.get(node) == "func":
                continue
            scopes = [a for a in self.source.ancestors(node) if isinstance(a, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))]
            names = {name: line for scope in reversed(scopes) for name, line in bound.get(scope, {}).items()}
            if node.id not in names:
                continue
            for name, line in sorted(names.items()):
                if name != node.id and line <= node.lineno and name != "_":
                    yield self.replace("wrong_variable", node, name)

    def swapped(self):
        for node in self.nodes:
            if isinstance(node, ast.Call) and not any(isinstance(a, ast.Starred) for a in node.args):
                for left, right in zip(node.args, node.args[1:]):
                    yield self.swap("swapped", node, left, right)
            if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Sub, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.Add)):
                if isinstance(node.left, (ast.Name, ast.Call, ast.Constant, ast.Subscript, ast.Attribute)) and isinstance(
                        node.right, (ast.Name, ast.Call, ast.Constant, ast.Subscript, ast.Attribute)):
                    yield self.swap("swapped", node, node.left, node.right)
            if isinstance(node, ast.IfExp):
                yield self.swap("swapped", node, node.body, node.orelse)
            if isinstance(node, (ast.Tuple, ast.List)) and isinstance(node.ctx, ast.Load) and len(node.elts) == 2:
                yield self.swap("swapped", node, *node.elts)
            if isinstance(node, ast.Slice) and node.lower and node.upper:
                yield self.swap("swapped", node, node.lower, node.upper)

    def wrong_call(self):
        for node in self.nodes:
            if not isinstance(node, ast.Call):
                continue
            if isinstance(node.func, ast.Name):
                for other in WRONG_CALLS.get(node.func.id, []):
                    yield self.replace("wrong_call", node.func, other)
            elif isinstance(node.func, ast.Attribute):
                end = self.source.end(node.func)
                begin = end - len(node.func.attr.encode())
                for other in WRONG_CALLS.get(node.func.attr, []):
                    yield self.fault("wrong_call", node, (begin, end, other))

    # -- bounds and values -------------------------------------------------------------------------------------------
    def bounds(self):
        """Expressions that say where something starts or ends."""
        for node in self.nodes:
            if isinstance(node, ast.Subscript) and not isinstance(node.slice, (ast.Slice, ast.Tuple)):
                if not constant(node.slice, str):
                    yield node.slice
            if isinstance(node, ast.Slice):
                yield from [bound for bound in (node.lower, node.upper) if bound]
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range":
                yield from node.args
            if isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.Lt, ast.LtE, ast.Gt, ast.GtE)):
                yield from [operand for operand in node.comparators if constant(operand, int) or isinstance(operand, (ast.Name, ast.Call, ast.BinOp))]

    def off_by_one(self):
        for node in self.bounds():
            code = self.source.code(node)
            if constant(node, int):
                yield self.replace("off_by_one", node, str(node.value + 1))
                yield self.replace("off_by_one", node, str(node.value - 1))
            elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)) and constant(node.right, int) and node.right.value == 1:
                yield self.replace("off_by_one", node, self.source.code(node.left))
            elif isinstance(node, (ast.Name, ast.Call)):
                yield self.replace("off_by_one", node, code + " - 1")
                yield self.replace("off_by_one", node, code + " + 1")

    def slice_range(self):
        for node in self.nodes:
            s = self.source
            if isinstance(node, ast.Slice):
                lower, upper, step = (s.code(part) if part else "" for part in (node.lower, node.upper, node.step))

                def text(a, b, c):
                    return f"{a}:{b}" + (f":{c}" if c else "")

                variants = []
                if lower:
                    variants += [text("", upper, step), *([text("", lower, step)] if not upper else [])]
                if upper:
                    variants += [text(lower, "", step), *([text(upper, "", step)] if not lower else [])]
                if step:
                    variants += [text(lower, upper, ""), text(lower, upper, step[1:] if step.startswith("-") else "-" + step)]
                for variant in variants:
                    yield self.replace("slice_range", node, variant)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range":
                args = [s.code(a) for a in node.args]
                variants = [[f"1, {args[0]}"]] if len(args) == 1 else []
                if len(args) == 2:
                    variants += [[args[1]], ["0", args[1]], [*args, "2"]]
                if len(args) == 3:
                    variants += [args[:2], [args[0], args[1], "1"], [args[1], args[0], args[2]]]
                for variant in variants:
                    yield self.replace("slice_range", node, f"range({', '.join(variant)})")

    def initial_value(self):
        for node in self.nodes:
            if not isinstance(node, ast.Assign) or self.source.in_loop(node) and not isinstance(node.value, ast.Constant):
                continue
            values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
            for value in values:
                if constant(value, bool):
                    yield self.replace("initial_value", value, str(not value.value))
                elif constant(value, int):
                    for other in (1 - value.value, value.value + 1, value.value - 1):
                        yield self.replace("initial_value", value, str(other))
                elif constant(value, float):
                    yield self.replace("initial_value", value, str(value.value + 1.0))
                elif constant(value, str):
                    yield self.replace("initial_value", value, "' '" if value.value == "" else "''")
                elif constant(value) and value.value is None:
                    yield self.replace("initial_value", value, "0")
                elif isinstance(value, ast.List):
                    yield self.replace("initial_value", value, "[0]" if not value.elts else "[]")
                elif isinstance(value, ast.Subscript) and isinstance(node.targets[0], ast.Name):
                    yield self.replace("initial_value", value, "0")
                elif isinstance(value, ast.UnaryOp) and constant(value.operand):
                    yield self.replace("initial_value", value, "0")

    def literal(self):
        for node in self.nodes:
            if not isinstance(node, ast.Constant) or isinstance(self.source.parent.get(node), ast.Slice):
                continue
            value = node.value
            if isinstance(value, bool):
                yield self.replace("literal", node, str(not value))
            elif isinstance(value, int):
                for other in (value + 1, value * 10, abs(value - 1)):
                    yield self.replace("literal", node, str(other))
            elif isinstance(value, float):
                yield self.replace("literal", node, str(value * 10))
            elif isinstance(value, str) and "\n" not in self.source.code(node):
                for other in (value.swapcase(), value[:-1], value + " "):
                    if other != value:
                        yield self.replace("literal", node, repr(other))

    # -- statements --------------------------------------------------------------------------------------------------
    def missing_statement(self):
        for node in self.nodes:
            if isinstance(node, ast.AugAssign):
                yield self.delete("missing_statement", node)
            elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                yield self.delete("missing_statement", node)
            elif isinstance(node, ast.Assign) and (self.source.in_loop(node) or self.rebinds(node)):
                yield self.delete("missing_statement", node)

    def rebinds(self, assign):
        names = {n.id for target in assign.targets for n in ast.walk(target) if isinstance(n, ast.Name)}
        reads = {n.id for n in ast.walk(assign.value) if isinstance(n, ast.Name)}
        return bool(names & reads)

    def returning(self):
        """A return that is missing, comes too early, or gives the wrong truth value."""
        s = self.source
        for node in self.nodes:
            if not isinstance(node, ast.Return) or node.value is None:
                continue
            yield self.fault("return", node, (s.begin(node), s.begin(node.value), ""))
            if constant(node.value, bool):
                yield self.replace("return", node.value, str(not node.value.value))
            elif isinstance(node.value, (ast.Name, ast.Call, ast.BinOp)):
                yield self.replace("return", node.value, "None")
            block = s.block_of(node) or []
            at = next((i for i, item in enumerate(block) if item is node), 0)
            before = block[at - 1] if at > 0 else None
            if isinstance(before, (ast.For, ast.While)) and not before.orelse and s.whole_lines(node) and before.body[0].lineno > before.lineno:
                line = s.starts[node.lineno - 1]
                yield self.fault("return", node, (line, s.begin(node), " " * before.body[0].col_offset))

    def control_flow(self):
        """break and continue lost or confused, a lost else, elif for if, a loop that runs once."""
        s = self.source
        for node in self.nodes:
            if isinstance(node, (ast.Break, ast.Continue)):
                yield self.replace("control_flow", node, "continue" if isinstance(node, ast.Break) else "break")
                yield self.delete("control_flow", node)
            if isinstance(node, ast.If):
                if self.is_elif(node):
                    yield self.fault("control_flow", node, (s.begin(node), s.begin(node) + 4, "if"))
                elif node.orelse and not self.is_elif(node.orelse[0]):
                    place = s.find_between(node.body[-1], node.orelse[0], r"\belse\b")
                    if place:
                        line_start = s.data.rfind(b"\n", 0, place[0]) + 1
                        if not s.data[line_start:place[0]].strip():
                            yield self.fault("control_flow", node.orelse[0], (line_start, s.starts[node.orelse[-1].end_lineno], ""))
                block = s.block_of(node) or []
                at = next((i for i, item in enumerate(block) if item is node), 0)
                if at > 0 and isinstance(block[at - 1], ast.If) and not block[at - 1].orelse and not self.is_elif(node):
                    yield self.fault("control_flow", node, (s.begin(node), s.begin(node) + 2, "elif"))
            if isinstance(node, ast.While) and not node.orelse and not any(isinstance(n, (ast.Break, ast.Continue)) for n in ast.walk(node)):
                yield self.fault("control_flow", node, (s.begin(node), s.begin(node) + 5, "if"))
            if isinstance(node, (ast.For, ast.While)) and len(node.body) > 1 and not node.orelse:
                last = node.body[-1]
                if s.whole_lines(last) and last.lineno == last.end_lineno and not isinstance(last, (ast.Break, ast.Continue)):
                    yield self.fault("control_flow", last, (s.starts[last.lineno - 1], s.begin(last), " " * node.col_offset))


CLASSES = {
    "comparison": Seeder.comparison,
    "arithmetic": Seeder.arithmetic,
    "conversion": Seeder.conversion,
    "condition": Seeder.condition,
    "missing_condition": Seeder.missing_condition,
    "wrong_variable": Seeder.wrong_variable,
    "swapped": Seeder.swapped,
    "wrong_call": Seeder.wrong_call,
    "off_by_one": Seeder.off_by_one,
    "slice_range": Seeder.slice_range,
    "initial_value": Seeder.initial_value,
    "literal": Seeder.literal,
    "missing_statement": Seeder.missing_statement,
    "return": Seeder.returning,
    "control_flow": Seeder.control_flow,
}


def sites(source, kind):
    """Every fault of class `kind`, unchecked and cheap: whole projects have tens of thousands."""
    return [fault for fault in CLASSES[kind](Seeder(source)) if fault is not None]


def faulty_text(source, fault):
    """The text with the fault, or None where it no longer parses or means the same."""
    changed = source.apply(fault)
    try:
        tree = ast.dump(ast.parse(changed))
    except (SyntaxError, ValueError):
        return None
    return changed if tree != source.shape else None


def faults(text, kind):
    """Every fault of class `kind` in `text` that still parses and changes the tree, without repetitions."""
    source = Source(text)
    seen = set()
    for fault in sites(source, kind):
        changed = faulty_text(source, fault)
        if changed is not None and changed not in seen:
            seen.add(changed)
            yield fault, changed
