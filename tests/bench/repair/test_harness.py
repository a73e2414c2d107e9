"""What the repair benchmarks rest on: faults are real and single, patches are applied strictly, figures are counted right."""

import pathlib
import shutil
import subprocess
import tempfile
import unittest

import fix_client
import humaneval
import humaneval_bench
import judge_python
import python_faults

SAMPLE = '''
def busy(numbers, limit):
    """Text with 1 + 1 that must stay."""
    total = 0
    names = []
    if not numbers:
        return []
    for index in range(1, len(numbers)):
        value = abs(numbers[index - 1])
        if value > limit and index % 2 == 0:
            total += value
            names.append(str(value))
        elif value == 3:
            continue
        else:
            total = max(total, value // 2)
    while total > 10:
        total = total - 1
        break
    if total:
        names.sort()
    return names[1:]
'''

PATCH = """--- a/solution.py
+++ b/solution.py
@@ -1,3 +1,3 @@
 def f(x):
-    return x - 1
+    return x + 1
 # end
"""


class Faults(unittest.TestCase):
    def test_every_class_finds_faults_that_parse_and_change_the_tree(self):
        for kind in python_faults.CLASSES:
            with self.subTest(kind):
                found = list(python_faults.faults(SAMPLE, kind))
                self.assertTrue(found)
                for _, changed in found:
                    compile(changed, kind, "exec")
                    self.assertNotEqual(changed, SAMPLE)

    def test_docstrings_are_never_touched(self):
        for kind in python_faults.CLASSES:
            for _, changed in python_faults.faults(SAMPLE, kind):
                self.assertIn('"""Text with 1 + 1 that must stay."""', changed)

    def test_offsets_hold_where_text_before_the_fault_is_not_ascii(self):
        text = "def f(a):\n    b = 'é➞'; return a + 1\n"
        self.assertIn("def f(a):\n    b = 'é➞'; return a - 1\n", [changed for _, changed in python_faults.faults(text, "arithmetic")])

    def test_the_same_text_gives_the_same_faults(self):
        first = [changed for _, changed in python_faults.faults(SAMPLE, "literal")]
        self.assertEqual(first, [changed for _, changed in python_faults.faults(SAMPLE, "literal")])


class Judge(unittest.TestCase):
    def test_passing_failing_and_endless_programs_are_told_apart(self):
        text = "def f(n):\n    while n == 3: pass\n    return n\n"
        results, official = judge_python.judge(text, ["assert f(1) == 1", "assert f(2) == 1", "assert f(3)"], text + "assert f(2) == 2", 0.3)
        self.assertEqual((["pass", "fail", "slow"], "pass"), (results, official))

    def test_a_solution_that_swallows_everything_is_still_stopped(self):
        text = "def f():\n    while True:\n        try:\n            pass\n        except Exception:\n            pass\n"
        self.assertEqual((["slow"], None), tuple(judge_python.judge(text, ["f()"], None, 0.3)))


class Examples(unittest.TestCase):
    def test_the_forms_that_docstrings_use_are_read(self):
        doc = ["    >>> f(1)\n    2\n", "    >>> f([1, 2]) == 3\n", "    f(4) => 'x'\n", "    f(5) ➞ True\n", "    f(6)   # returns \"ab\"\n",
               "    f(7) should return 16.\n", "    f(8) -> 3 - 0 - 1 = 2\n", "    f(9) => true\n"]
        found = humaneval.examples_of('def f(x):\n    """\n' + "".join(doc) + '    """\n    return x\n', "f")
        self.assertEqual([("f(1)", "2"), ("f([1, 2])", "3"), ("f(4)", "'x'"), ("f(5)", "True"), ("f(6)", "'ab'"), ("f(7)", "16"),
                          ("f(8)", "2"), ("f(9)", "True")], [(e.call, e.expected) for e in found])

    def test_worded_inputs_and_outputs_are_read(self):
        text = 'def f(a, k):\n    """\n    Input: a = [1, 2], k = 3\n    Output: [2]\n    """\n'
        self.assertEqual([("f([1, 2], 3)", "[2]")], [(e.call, e.expected) for e in humaneval.examples_of(text, "f")])


class Patches(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.file = self.folder / "solution.py"

    def test_a_patch_is_applied(self):
        self.file.write_text("def f(x):\n    return x - 1\n# end\n")
        fix_client.apply_patch(self.folder, PATCH)
        self.assertEqual("def f(x):\n    return x + 1\n# end\n", self.file.read_text())

    def test_context_that_does_not_match_is_refused(self):
        self.file.write_text("def f(x):\n    return x * 1\n# end\n")
        with self.assertRaises(fix_client.PatchError):
            fix_client.apply_patch(self.folder, PATCH)

    def test_a_path_outside_the_project_is_refused(self):
        with self.assertRaises(fix_client.PatchError):
            fix_client.apply_patch(self.folder, PATCH.replace("b/solution.py", "b/../solution.py"))

    def test_carriage_returns_survive(self):
        self.file.write_bytes(b"def f(x):\r\n    return x - 1\r\n# end\r\n")
        fix_client.apply_patch(self.folder, PATCH.replace("f(x):\n", "f(x):\r\n").replace("1\n", "1\r\n").replace("# end\n", "# end\r\n"))
        self.assertEqual(b"def f(x):\r\n    return x + 1\r\n# end\r\n", self.file.read_bytes())


def row(number, status="fixed", first=True, five=True, seconds=1.0, reason=None):
    return {"id": str(number), "class": "c", "status": status, "plausible": status == "fixed", "first": first, "five": five,
            "seconds": seconds, "reason": reason, "tried": 10, "per_second": 100.0}


class Figures(unittest.TestCase):
    def test_percentages_count_cases(self):
        rows = [row(1), row(2, first=False), row(3, first=False, five=False), row(4, "unfixed", False, False, 60.0, "the budget is spent")]
        cells = fix_client.summary_row("all", rows)
        self.assertEqual(("all", "4", "75.0", "25.0", "50.0", "1.00"), cells[:6])

    def test_failures_are_named(self):
        kinds = [fix_client.failure_kind(r) for r in (row(1), row(2, first=False), row(3, first=False, five=False),
                                                      row(4, "unfixed", False, False, 60.0, "the budget is spent"), row(5, "error", False, False))]
        self.assertEqual(["", "wrong first, right among five", "none of five right", "out of time", "error"], kinds)

    def test_a_search_that_never_began_and_a_budget_overrun_are_told(self):
        rows = [dict(row(1, "unfixed", False, False, 90.0, "nothing ran"), tried=0, budget=60), dict(row(2), budget=60)]
        self.assertEqual("search never began", fix_client.failure_kind(rows[0]))
        self.assertIn("More than a tenth over the budget: 1\n", fix_client.report("t", [], rows))

    def test_offered_patches_are_the_first_and_at_most_four_others(self):
        document = {"patch": "p0", "alternatives": [{"patch": f"p{i}"} for i in range(1, 9)]}
        self.assertEqual(["p0", "p1", "p2", "p3", "p4"], fix_client.offered(document))

    def test_a_sample_takes_equal_shares_of_the_classes(self):
        entries = [{"id": f"{kind}{i}", "class": kind} for kind in "abc" for i in range(10)]
        sample = humaneval_bench.even_sample(entries, 6, 1)
        self.assertEqual(["a", "a", "b", "b", "c", "c"], [entry["class"] for entry in sample])


@unittest.skipUnless(shutil.which("node"), "node is not installed")
class JavaScriptTasks(unittest.TestCase):
    def test_every_translated_task_has_the_three_parts_and_at_least_two_examples(self):
        files = sorted((humaneval.HERE / "humaneval_js").glob("*.js"))
        self.assertGreaterEqual(len(files), 64)
        for path in files:
            solution, rest = path.read_text(encoding="utf-8").split("// --- examples\n")
            examples, official = rest.split("// --- official\n")
            self.assertGreaterEqual(examples.count("\ntest("), 2, path.name)
            self.assertIn("module.exports", solution)
            self.assertIn("assert.", official)

    def test_the_reference_solutions_pass_their_official_checks(self):
        program = []
        for path in sorted((humaneval.HERE / "humaneval_js").glob("*.js")):
            solution, rest = path.read_text(encoding="utf-8").split("// --- examples\n")
            program.append(f"(function () {{ const module = {{}};{solution}\n{rest.split('// --- official')[1]} }})();\n")
        done = subprocess.run(["node", "-"], input="".join(program).encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        self.assertEqual(0, done.returncode, done.stdout[-500:])
        self.assertEqual(len(program), done.stdout.count(b"official: ok"))


if __name__ == "__main__":
    unittest.main()
