"""Small repositories with one thing to do in each: what is there, what the reference solution is, how it is tested.

Most are made from HumanEval (OpenAI, MIT), which is read where it lies ($EC_SHARED/data or ../shared/data beside the
project) and never copied into it; four are hand-made and cover what HumanEval does not: JavaScript, a change over
several files, CRLF line ends.
"""

import gzip
import json
import os
import pathlib
import re
from dataclasses import dataclass

import handmade

ROOT = pathlib.Path(__file__).resolve().parents[2]
PYTHON = "/usr/bin/python3" if pathlib.Path("/usr/bin/python3").exists() else "python3"
PYTEST = f"{PYTHON} -B -m pytest -q -p no:cacheprovider"
UNITTEST = f"{PYTHON} -B -m unittest -q"
NODE = "node --test"


@dataclass(frozen=True)
class Task:
    id: str
    text: str  # what a person types
    test: str  # the command that must pass
    files: dict  # path -> text before
    reference: dict  # path -> text after, only files that change
    near_miss: tuple  # (path, right line, wrong line) of the reference
    known_by: tuple  # texts, any of which in a prompt says that it is about this task

    def write(self, folder):
        """The repository as it is before the work."""
        for path, text in self.files.items():
            target = pathlib.Path(folder) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode())

    def write_reference(self, folder):
        for path, text in self.reference.items():
            (pathlib.Path(folder) / path).write_bytes(text.encode())


# (number, the line of the reference that a near miss gets wrong, how). That each wrong line fails the tests is tested.
HUMANEVAL = (
    (3, "if balance < 0:", "if balance <= 0:"),
    (5, "for n in numbers[:-1]:", "for n in numbers[:-2]:"),
    (6, "if c == '(':", "if c != '(':"),
    (9, "running_max = max(running_max, n)", "running_max = min(running_max, n)"),
    (12, "if len(s) == maxlen:", "if len(s) != maxlen:"),
    (18, "if string[i:i+len(substring)] == substring:", "if string[i:i+len(substring)] != substring:"),
    (25, "if n > 1:", "if n >= 1:"),
    (36, "if i % 11 == 0 or i % 13 == 0:", "if i % 11 != 0 or i % 13 == 0:"),
    (56, "if depth < 0:", "if depth <= 0:"),
    (69, "if frq[i] >= i:", "if frq[i] > i:"),
    (73, "if arr[i] != arr[len(arr) - i - 1]:", "if arr[i] != arr[len(arr) - i - 2]:"),
    (80, "if len(s) < 3:", "if len(s) <= 3:"),
    (108, "lambda x: x > 0,", "lambda x: x >= 0,"),
    (114, "if max_sum == 0:", "if max_sum != 0:"),
    (149, "if len(i)%2 == 0:", "if len(i)%2 != 0:"),
    (154, "if a[i:i+l] == pat[j:j+l]:", "if a[i:i+l] != pat[j:j+l]:"),
)
# Solved functions that stand above the unsolved one in its file: a whole file is more than one function.
NEIGHBOURS = (2, 13, 23, 28, 34, 42, 45, 53)
IMPORT = re.compile(r"^(?:from|import) .*$", re.M)


def shared_folder():
    """The folder of shared test data, or None."""
    places = [pathlib.Path(os.environ["EC_SHARED"])] if os.environ.get("EC_SHARED") else []
    for place in [*places, ROOT.parent / "shared"]:
        if (place / "data" / "HumanEval.jsonl.gz").is_file():
            return place
    return None


def humaneval_records():
    place = shared_folder()
    if place is None:
        return {}
    with gzip.open(place / "data" / "HumanEval.jsonl.gz", "rt", encoding="utf-8") as stream:
        records = [json.loads(line) for line in stream]
    return {int(record["task_id"].split("/")[1]): record for record in records}


def module_text(neighbour, record, body):
    """Imports of both first, then the solved neighbour, then the function with `body`."""
    prompts = [neighbour["prompt"], record["prompt"]]
    imports = sorted({found.strip() for prompt in prompts for found in IMPORT.findall(prompt)})
    head, signature = (IMPORT.sub("", prompt).strip("\n") for prompt in prompts)
    front = "\n".join(imports) + "\n\n\n" if imports else ""
    return f"{front}{head}\n{neighbour['canonical_solution'].strip(chr(10))}\n\n\n{signature.rstrip()}\n{body.strip(chr(10))}\n"


def test_text(module, neighbour, record, style):
    """The official checks of both functions as one test file, for pytest or unittest."""
    checks = []
    for name, given in (("neighbour", neighbour), ("wanted", record)):
        body = re.sub(r"^METADATA = \{.*?^\}\n", "", given["test"], flags=re.S | re.M).strip()
        checks.append(body.replace("def check(candidate)", f"def check_{name}(candidate)"))
    names = [neighbour["entry_point"], record["entry_point"]]
    head = f"from {module} import {', '.join(names)}\n\n\n" + "\n\n\n".join(checks) + "\n\n\n"
    cases = [(names[0], "neighbour"), (names[1], "wanted")]
    if style == "pytest":
        return head + "\n\n".join(f"def test_{entry}():\n    check_{which}({entry})\n" for entry, which in cases)
    methods = "\n".join(f"    def test_{entry}(self):\n        check_{which}({entry})\n" for entry, which in cases)
    return f"import unittest\n\n{head}class Checks(unittest.TestCase):\n{methods}"


def humaneval_task(records, position):
    number, right, wrong = HUMANEVAL[position]
    record, neighbour = records[number], records[NEIGHBOURS[position % len(NEIGHBOURS)]]
    entry = record["entry_point"]
    package = ("textkit", "src/numbers_kit", "lib")[position % 3]
    path = f"{package}/{entry.lower()}.py"
    unsolved = ("    raise NotImplementedError", "    return None  # not written yet")[position % 2]
    style = ("pytest", "unittest")[position // 3 % 2]
    module = path[:-3].replace("/", ".")
    reference = module_text(neighbour, record, record["canonical_solution"])
    tests = f"test_{entry.lower()}.py"
    files = {
        path: module_text(neighbour, record, unsolved),
        tests: test_text(module, neighbour, record, style),
        "README.md": f"# {package}\n\nSmall functions with their tests. Run the tests with `{PYTHON} -m {style}`.\n",
        **{f"{folder}/__init__.py": "" for folder in [package, *(["src"] if "/" in package else [])]},
    }
    return Task(f"humaneval-{number}", f"Implement {entry} in {path} as its docstring says, so that all tests pass.",
                PYTEST if style == "pytest" else UNITTEST, files, {path: reference}, (path, right, wrong), (path, tests, f"{entry}("))


def load():
    """All tasks; only the hand-made ones where the shared data is absent."""
    records = humaneval_records()
    made = [humaneval_task(records, position) for position in range(len(HUMANEVAL))] if records else []
    commands = {"pytest": PYTEST, "unittest": UNITTEST, "node": NODE}
    for project in handmade.PROJECTS:
        made.append(Task(project.id, project.text, commands[project.runner], project.files, project.reference,
                         project.near_miss, tuple(project.reference) + project.known_by))
    return made


def sample(count):
    """`count` tasks of different kinds: by turns a hand-made one and one of HumanEval's."""
    made = load()
    by_hand = [task for task in made if not task.id.startswith("humaneval-")]
    others = [task for task in made if task.id.startswith("humaneval-")]
    mixed = []
    while by_hand or others:
        mixed += [pool.pop(0) for pool in (others, by_hand) if pool]
    return mixed[:count]
