"""HumanEval (OpenAI, MIT): the tasks, the examples in their docstrings, and the official checks.

The data is read where it lies ($EC_SHARED/data or ../shared/data beside the project) and never copied into it.
"""

import ast
import gzip
import json
import os
import pathlib
import re
from dataclasses import dataclass

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]


def data_file():
    """Path of HumanEval.jsonl.gz, or None."""
    places = [pathlib.Path(os.environ["EC_SHARED"])] if os.environ.get("EC_SHARED") else []
    places.append(ROOT.parent / "shared")
    for place in places:
        path = place / "data" / "HumanEval.jsonl.gz"
        if path.is_file():
            return path
    return None


@dataclass(frozen=True)
class Example:
    call: str  # source of the expression
    expected: str  # source of the literal it must equal


@dataclass(frozen=True)
class Task:
    id: str
    entry: str
    solution: str  # prompt and canonical solution
    test: str  # official check(candidate)
    examples: tuple


def literal(text):
    """The value of a literal or of arithmetic on literals; raises ValueError."""
    tree = ast.parse(text.strip(), mode="eval")
    allowed = (ast.Expression, ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.Set, ast.UnaryOp, ast.BinOp, ast.USub, ast.UAdd,
               ast.Add, ast.Sub, ast.Mult, ast.Load)
    for node in ast.walk(tree):
        if not isinstance(node, allowed):
            raise ValueError(text)
    return eval(compile(tree, "<literal>", "eval"), {})  # only literals and arithmetic are left


def longest_literal(text):
    """Source of the longest literal at the start of `text`, or None."""
    text = re.split(r"\s#", text)[0].strip().rstrip(".")
    lowered = re.sub(r"^(true|false|none)\b", lambda m: m.group().capitalize(), text)
    for end in range(len(lowered), 0, -1):
        if end < len(lowered) and not re.match(r"[\s.=,]", lowered[end]) or lowered[end - 1] in ".,":
            continue
        try:
            value = literal(lowered[:end])
            return repr(value)
        except (ValueError, SyntaxError, TypeError, MemoryError):
            continue
    return None


def call_at(text, start):
    """The balanced call that starts at `start`, or None."""
    for end in range(start, len(text)):
        if text[end] == ")":
            try:
                ast.parse(text[start:end + 1], mode="eval")
                return text[start:end + 1]
            except SyntaxError:
                continue
    return None


RELATION = re.compile(r"\s*(?:==>|==|=>|->|➞|=|#\s*returns|returns|should return|should be equal to|should be)\s*", re.I)


def prompt_examples(lines, index, entry):
    """`>>> expression` with the answer on the following lines."""
    code = lines[index].strip()[3:].strip()
    code = re.split(r"\s#", code)[0].strip()
    try:
        tree = ast.parse(code, mode="eval").body
    except SyntaxError:
        return None
    if entry + "(" not in code:
        return None
    if isinstance(tree, ast.Compare) and len(tree.ops) == 1 and isinstance(tree.ops[0], ast.Eq):
        expected = longest_literal(ast.unparse(tree.comparators[0]))
        return Example(ast.unparse(tree.left), expected) if expected is not None else None
    answer = ""
    for line in lines[index + 1:index + 6]:
        if line.strip().startswith(">>>"):
            break
        if not line.strip():
            break
        answer += line.strip() + " "
        try:
            return Example(code, repr(literal(answer)))
        except (ValueError, SyntaxError, TypeError):
            continue
    return Example(code, "None") if not answer else None


def parameters(tree, entry):
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == entry:
            return [a.arg for a in node.args.args]
    return []


def named_values(text, count):
    """Values of `a = 1, b = [2]` or of one bare literal, as source texts; None if it is something else."""
    parts = re.split(r"(?:^|,)\s*[A-Za-z_]\w*\s*[:=]\s*", text.strip())
    if len(parts) == 1:
        parts = ["", text]
    values = []
    for part in parts[1:]:
        value = longest_literal(part.strip().rstrip(","))
        if value is None:
            return None
        values.append(value)
    return values if len(values) == count else None


def worded_examples(doc, entry, count):
    """`Input: … Output: …` and `For x = … the output should be …`."""
    for match in re.finditer(r"Input:\s*((?:.|\n)*?)\n\s*Output:\s*(.+)", doc):
        values = named_values(re.sub(r"\s*\n\s*", ", ", match.group(1).strip()), count)
        expected = longest_literal(match.group(2))
        if values and expected is not None:
            yield Example(f"{entry}({', '.join(values)})", expected)
    for match in re.finditer(r"For (\w+ = .+?),?\s+the (?:output|result) should be\s+(.+)", doc):
        values = named_values(match.group(1), count)
        expected = longest_literal(match.group(2))
        if values and expected is not None:
            yield Example(f"{entry}({', '.join(values)})", expected)


def examples_of(solution, entry):
    tree = ast.parse(solution)
    function = next(n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == entry)
    doc = ast.get_docstring(function) or next(
        (s.value.value for s in function.body if isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant)), "")
    lines = doc.split("\n")
    found = []
    for index, line in enumerate(lines):
        if line.strip().startswith(">>>"):
            found.append(prompt_examples([l.replace("\n", "\\n") for l in lines], index, entry))
            continue
        for match in re.finditer(rf"\b{re.escape(entry)}\(", line):
            call = call_at(line, match.start())
            relation = RELATION.match(line, match.start() + len(call)) if call else None
            if relation:
                expected = longest_literal(line[relation.end():])
                if expected is not None:
                    found.append(Example(call, expected))
            break
    found += worded_examples(doc, entry, len(parameters(tree, entry)))
    unique = []
    for example in found:
        if example and example not in unique:
            unique.append(example)
    return tuple(unique)


def load():
    """All tasks with whatever examples could be read from their docstrings."""
    tasks = []
    with gzip.open(data_file(), "rt", encoding="utf-8") as stream:
        for line in stream:
            record = json.loads(line)
            solution = (record["prompt"] + record["canonical_solution"]).lstrip("\n").rstrip() + "\n"
            tasks.append(Task(record["task_id"].split("/")[1], record["entry_point"], solution, record["test"],
                              examples_of(solution, record["entry_point"])))
    return tasks


PLAIN_RUNNER = """

if __name__ == "__main__":
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
"""


def example_tests(task):
    """The docstring's examples as plain test functions, for pytest and for `python3 test_examples.py` alike."""
    out = [f"from solution import {task.entry}\n"]
    for number, example in enumerate(task.examples, 1):
        comparison = f"is {example.expected}" if example.expected == "None" else f"== {example.expected}"
        out.append(f"\n\ndef test_example_{number}():\n    assert {example.call} {comparison}\n")
    out.append(PLAIN_RUNNER)
    return "".join(out)


def official_program(task, solution):
    """A program that prints a last line `official: ok` when `solution` passes the official check."""
    return f"{solution}\n\n{task.test}\n\ncheck({task.entry})\nprint('official: ok')\n"
