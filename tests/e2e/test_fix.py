"""`edgecoder fix` through the front door: the main job, and every bad input it promises to survive.

Whatever happens, one clear sentence, the right exit status, and the user's files byte for byte as they were.
"""

import json
import os
import pathlib
import signal
import subprocess
import time

import pytest

PYTEST = "/usr/bin/python3 -m pytest -q"

PAGING = '''def page(items, number, size):
    """Items on one page; pages count from 1."""
    first = number * size
    return items[first:first + size]
'''
PAGING_TESTS = """from shop.paging import page


def test_first_page():
    assert page([1, 2, 3, 4, 5], 1, 2) == [1, 2]


def test_last_page():
    assert page([1, 2, 3, 4, 5], 3, 2) == [5]


def test_empty():
    assert page([], 1, 2) == []
"""
SHOP = {"shop/__init__.py": "", "shop/paging.py": PAGING, "tests/test_paging.py": PAGING_TESTS, "conftest.py": ""}


@pytest.fixture
def project(tmp_path):
    """Makes a project folder from names and contents."""

    def make(files, name="project"):
        root = tmp_path / name
        for file, content in files.items():
            path = root / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return root

    return make


@pytest.fixture
def fix(edgecoder, tmp_path):
    """Runs fix on a project, the data directory being a private one."""

    def run(root, *arguments, test=PYTEST):
        return edgecoder("fix", "--dir", root, "--test", test, *arguments, env={"EDGECODER_DATA_DIR": str(tmp_path / "data")})

    return run


# The main job.


def test_a_broken_project_gets_a_verified_patch_and_stays_as_it_was(fix, project, snapshot):
    root = project(SHOP)
    before = snapshot(root)
    run = fix(root, "--json")
    assert run.status == 0, run.err
    result = run.json()
    assert result["status"] == "fixed"
    assert "--- a/shop/paging.py" in result["patch"]
    assert "-    first = number * size" in result["patch"]
    assert result["tests"]["before"] == result["tests"]["before"] | {"passed": 1, "failed": 2}
    assert result["tests"]["after"] == result["tests"]["after"] | {"passed": 3, "failed": 0}
    assert result["proposer"] == "mutation" and result["explanation"] and result["tier"]
    assert result["candidates"]["tried"] > 0 and result["candidates"]["per_second"] > 0
    assert snapshot(root) == before


def test_the_patch_is_one_that_git_applies(fix, project):
    root = project(SHOP)
    patch = fix(root).out
    subprocess.run(["git", "init", "-q", "."], cwd=root, check=True)
    subprocess.run(["git", "apply"], input=patch, text=True, cwd=root, check=True)
    assert "first = number * size\n" not in (root / "shop/paging.py").read_text()


def test_apply_writes_the_patch_and_then_the_tests_pass(fix, project):
    root = project(SHOP)
    os.chmod(root / "shop/paging.py", 0o640)
    assert fix(root, "--apply", "--json").json()["applied"] is True
    assert "first = number * size\n" not in (root / "shop/paging.py").read_text()
    assert (root / "shop/paging.py").stat().st_mode & 0o777 == 0o640
    assert fix(root, "--json").json()["status"] == "already_passing"


def test_the_same_seed_gives_the_same_patches(fix, project):
    root = project(SHOP)
    first, second = (fix(root, "--json", "--seed", 7).json() for _ in range(2))
    assert first["patch"] == second["patch"]
    assert first["alternatives"] == second["alternatives"]
    assert first["candidates"]["tried"] == second["candidates"]["tried"]


def test_events_are_json_lines_that_end_in_one_result(fix, project):
    events = [json.loads(line) for line in fix(project(SHOP), "--events").out.splitlines()]
    types = [event["type"] for event in events]
    assert types[-1] == "result" and types.count("result") == 1
    assert types.count("stage") >= 3 and "progress" in types
    assert events[-1]["status"] == "fixed"
    assert [event["elapsed_ms"] for event in events] == sorted(event["elapsed_ms"] for event in events)


def test_people_get_the_patch_on_stdout_and_words_on_stderr_without_colours(fix, project):
    run = fix(project(SHOP))
    assert run.out.startswith("diff --git a/shop/paging.py")
    assert "fixed" in run.err and "\x1b" not in run.out + run.err


@pytest.mark.parametrize("sample_name, test", [("broken-python", PYTEST), ("broken-node", "node --test")])
def test_the_shipped_samples_are_fixed(fix, sample, sample_name, test):
    result = fix(sample(sample_name), "--json", test=test).json()
    assert result["status"] == "fixed", result
    assert result["tests"]["after"]["failed"] == 0


def test_a_plain_script_with_assertions_is_fixed_outside_its_assertions(fix, project):
    root = project({"prog.py": "def double(x):\n    return x + 2\n\n\nassert double(2) == 4\nassert double(5) == 10\n"})
    result = fix(root, "--json", test="/usr/bin/python3 prog.py").json()
    assert result["status"] == "fixed", result
    assert "assert" not in "".join(line for line in result["patch"].splitlines() if line[:1] in "+-")


def test_two_independent_faults_need_a_pair_of_edits(fix, project):
    root = project({"a.py": "def f(x):\n    return x - 1\n\n\ndef g(x):\n    return x * 3\n",
                    "test_a.py": "from a import f, g\n\ndef test_f():\n    assert f(1) == 2 and f(5) == 6\n\n"
                                 "def test_g():\n    assert g(5) == 10 and g(3) == 6\n"})
    result = fix(root, "--json").json()
    assert result["status"] == "fixed", result
    assert result["operator"].count("+") >= 1


SLOW_TESTS = """import time
from even import is_even


def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_other():
    burn(0.6)


def test_even():
    assert is_even(2)
    burn(1.2)
"""


def test_a_test_that_failed_at_once_may_take_its_time_to_pass(fix, project):
    root = project({"even.py": "def is_even(n):\n    return n % 2 == 1\n", "test_even.py": SLOW_TESTS})
    result = fix(root, "--json").json()
    assert result["status"] == "fixed", result.get("reason")


def test_tests_are_edited_only_when_asked(fix, project):
    files = {"a.py": "def f():\n    return 4\n", "test_a.py": "from a import f\n\ndef test_f():\n    assert f() == 5 - f() * 0\n"}
    assert "test_a.py" not in fix(project(files), "--json").json()["patch"]


CLAMP = "def clamp(n, lo, hi):\n    if n < lo:\n        return lo\n    if n > hi:\n        return lo\n    return n\n"
UNUSUAL_TESTS = {
    "/usr/bin/python3 -m unittest ut": {
        "ut.py": "import unittest\nfrom lib import clamp\nclass Clamp(unittest.TestCase):\n"
                 "    def test_a(self): self.assertEqual(clamp(1, 2, 3), 2)\n"
                 "    def test_b(self):\n        n, lo, hi = 9, 2, 3\n        self.assertEqual(clamp(n, lo, hi), 3)\n"},
    PYTEST: {
        "pytest.ini": "[pytest]\npython_files = check_*.py\npython_functions = check_*\npython_classes = Checks\n",
        "check_lib.py": "from lib import clamp\nclass Checks:\n    def check_high(self):\n        got = clamp(9, 2, 3)\n"
                        "        assert got == 3\n    def check_low(self):\n        assert clamp(1, 2, 3) == 2\n"},
    "/usr/bin/python3 check.py": {
        "check.py": "import sys\nfrom lib import clamp\nif clamp(9, 2, 3) != 3:\n    print('wrong')\n    sys.exit(1)\n"},
}


@pytest.mark.parametrize("test", UNUSUAL_TESTS)
def test_tests_of_unusual_names_are_not_edited_either(fix, project, test):
    result = fix(project({"lib.py": CLAMP, **UNUSUAL_TESTS[test]}), "--json", test=test).json()
    assert result["status"] == "fixed", result.get("reason")
    for patch in [result["patch"], *(other["patch"] for other in result["alternatives"])]:
        assert [line for line in patch.splitlines() if line.startswith("+++")] == ["+++ b/lib.py"]


def test_a_flaky_test_is_named_and_never_counted_as_fixed(fix, project):
    root = project({"a.py": "def f():\n    return 1\n",
                    "test_a.py": "import a, time\n\ndef test_flaky():\n    assert a.f() and time.time_ns() // 1000 % 2 == 0\n"})
    for _ in range(12):  # a coin thrown three times: look at a run in which it fell both ways
        result = fix(root, "--json", "--budget", 20).json()
        if result["status"] == "unfixed" and result["tests"]["flaky"]:
            assert "flaky" in result["reason"]
            return
    pytest.skip("the coin fell the same way every time")


# Bad input.


def refused(run, status):
    assert run.status == status, run.err
    assert run.json()["status"] == "error"
    sentence = run.err.splitlines()[0]
    assert sentence.startswith("edgecoder: ") and len(run.err.splitlines()) <= 2
    return sentence


def test_a_command_that_does_not_exist_is_wrong_usage(fix, project):
    assert "cannot be started" in refused(fix(project(SHOP), "--json", test="no-such-runner-7 -q"), 2)


def test_a_command_that_passes_already_says_so(fix, project):
    run = fix(project({"test_a.py": "def test_a():\n    assert True\n"}), "--json")
    assert run.status == 0 and run.json()["status"] == "already_passing"


def test_a_command_that_hangs_ends_with_the_budget(fix, project, snapshot):
    root = project({"test_a.py": "def test_a():\n    while True:\n        pass\n"})
    before, start = snapshot(root), time.monotonic()
    run = fix(root, "--json", "--budget", 4)
    assert run.status == 1 and run.json()["status"] == "unfixed" and run.json()["reason"]
    assert time.monotonic() - start < 30
    assert snapshot(root) == before


def test_a_huge_file_is_told_and_does_not_outlast_the_budget(fix, project):
    """Loading and tracing 30,000 functions takes most of a minute."""
    helpers = "".join(f"def helper_{n}(value):\n    if value > {n}:\n        return value + {n}\n    return value - {n}\n\n\n" for n in range(22000))
    root = project({"big.py": helpers + "def wanted(value):\n    return value - 1\n",
                    "test_big.py": "from big import wanted\n\ndef test_wanted():\n    assert wanted(1) == 2\n"})
    start = time.monotonic()
    run = fix(root, "--json", "--budget", 5)
    assert time.monotonic() - start < 30
    assert run.status == 1 and run.json()["status"] == "unfixed"
    assert "big.py" in run.json()["reason"] and "1 MiB" in run.json()["reason"]


def test_a_program_that_hangs_is_fixed(fix, project):
    root = project({"a.py": "def count(n):\n    i = 0\n    while i != n:\n        i += 2\n    return i\n",
                    "test_a.py": "import a\n\ndef test_count():\n    assert a.count(3) == 3\n\ndef test_none():\n    assert a.count(0) == 0\n"})
    assert fix(root, "--json").json()["status"] == "fixed"


def test_a_command_that_prints_without_end_is_cut_off(fix, project):
    root = project({"flood.py": "import sys\nwhile True:\n    sys.stdout.write('x' * 65536)\n"})
    run = fix(root, "--json", "--budget", 10, test="sh -c 'cat flood.py; /usr/bin/python3 flood.py; exit 1'")
    assert run.status == 1 and run.json()["status"] == "unfixed" and len(run.out) < 100_000


def test_a_project_that_fails_to_import_is_told(fix, project):
    root = project({"a.py": "import module_that_is_nowhere\n\ndef f(x):\n    return module_that_is_nowhere.g(x)\n",
                    "test_a.py": "import a\n\ndef test_a():\n    assert a.f(1) == 1 and a.f(2) == 20\n"})
    run = fix(root, "--json", "--budget", 15)
    assert run.status == 1 and run.json()["status"] == "unfixed" and run.json()["reason"]


def test_a_test_that_needs_the_network_finds_none(fix, project):
    root = project({"a.py": "import socket\n\ndef f():\n    return socket.create_connection(('127.0.0.1', 9), 1)\n",
                    "test_a.py": "import a\n\ndef test_a():\n    assert a.f().fileno() > 7000\n"})
    run = fix(root, "--json", "--budget", 6)
    assert run.status == 1 and run.json()["status"] == "unfixed"


def test_tests_that_change_files_change_none_of_yours(fix, project, snapshot):
    writes = ("import os, pathlib\n\ndef test_zz_writes():\n    pathlib.Path('shop/paging.py').write_text('ruined')\n"
              "    pathlib.Path('new.txt').write_text('x')\n    os.remove('conftest.py')\n")
    root = project(SHOP | {"tests/test_zz.py": writes})
    before = snapshot(root)
    assert fix(root, "--json").json()["status"] == "fixed"
    assert snapshot(root) == before


@pytest.mark.parametrize("directory", ["/nowhere/at/all", "/", "~", "/etc/passwd", ""])
def test_a_directory_that_is_not_there_or_too_much_is_refused(edgecoder, tmp_path, directory):
    home = tmp_path / "home"
    home.mkdir()
    refused(edgecoder("fix", "--dir", str(home) if directory == "~" else directory, "--test", PYTEST, "--json",
                      env={"HOME": str(home)}), 2)


def test_a_read_only_project_is_fixed(fix, project):
    root = project(SHOP)
    for path in [root, *root.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        assert fix(root, "--json").json()["status"] == "fixed"
    finally:
        for path in [root, *root.rglob("*")]:
            path.chmod(0o755)


def test_links_that_lead_out_are_not_followed(fix, project, snapshot):
    outside = project({"secret.py": PAGING}, "outside")
    root = project({name: text for name, text in SHOP.items() if name != "shop/paging.py"})
    (root / "shop/paging.py").symlink_to(outside / "secret.py")
    before = snapshot(outside)
    run = fix(root, "--apply", "--json", "--budget", 10)
    assert run.json()["status"] != "fixed"
    assert snapshot(outside) == before


def test_crlf_tabs_and_foreign_bytes_survive_an_apply(fix, project):
    source = (b"# -*- coding: latin-1 -*-\r\nNAME = '\xe9t\xe9'\r\n\r\ndef page(items, number, size):\r\n\tfirst = number * size\r\n"
              b"\treturn items[first:first + size]\r\n")
    root = project(SHOP | {"shop/paging.py": source})
    run = fix(root, "--apply", "--json")
    assert run.json()["status"] == "fixed", run.out + run.err
    fixed = (root / "shop/paging.py").read_bytes()
    head, tail = source.split(b"number * size")
    assert fixed.startswith(head) and fixed.endswith(tail) and fixed != source
    assert fixed.count(b"\r\n") == fixed.count(b"\n") == source.count(b"\n")


def test_a_patch_that_another_test_forbids_is_not_shown_and_that_test_is_named(fix, project):
    frozen = {"shop/names.py": "def shop():\n    return 'ours'\n",
              "tests/test_names.py": "import pathlib\n\nfrom shop.names import shop\n\n\ndef test_the_paging_is_not_touched():\n"
                                     "    assert shop() == 'ours'\n"
                                     f"    assert pathlib.Path('shop/paging.py').read_text() == {PAGING!r}\n"}
    run = fix(project(SHOP | frozen), "--json", "--budget", "30")
    assert run.status == 1 and run.json()["status"] == "unfixed"
    assert "none passed the whole command: 1 of its tests failed" in run.json()["reason"], run.json()["reason"]
    assert "test_the_paging_is_not_touched" in run.json()["reason"]


def test_a_syntax_error_is_not_mistaken_for_a_failing_test(fix, project):
    root = project({"a.py": "def f(:\n    return 1\n", "test_a.py": "import a\n\ndef test_a():\n    assert a.f() == 1\n"})
    run = fix(root, "--json", "--budget", 10)
    assert run.status == 1 and run.json()["status"] == "unfixed" and run.json()["reason"]


def test_tests_are_not_bent_around_a_program_that_cannot_be_read(fix, project):
    root = project({"lib/slug.js": "function slug(text) {\n  return text; (\n}\nmodule.exports = { slug };\n",
                    "test/slug.test.js": "const test = require('node:test');\nconst assert = require('node:assert');\n"
                                         "const { slug } = require('../lib/slug.js');\n"
                                         "test('keeps words', () => assert.strictEqual(slug('a'), 'a'));\n"})
    run = fix(root, "--json", "--budget", 8, test="node --test")
    assert run.json()["status"] == "unfixed" and "slug.test.js" not in run.json()["patch"]


def test_fifty_thousand_files_are_no_obstacle(fix, project):
    root = project(SHOP)
    for folder in range(50):
        (root / f"data/{folder}").mkdir(parents=True)
        for file in range(1000):
            (root / f"data/{folder}/{file}.txt").write_bytes(b"x")
    result = fix(root, "--json", test=PYTEST + " tests").json()
    assert result["status"] == "fixed", result


def test_a_disk_that_fills_is_reported_or_survived(fix, project, snapshot):
    fills = "def test_zz_fills():\n    with open('big', 'wb') as f:\n        while True:\n            f.write(b'x' * 1048576)\n"
    root = project(SHOP | {"tests/test_zz.py": fills})
    before = snapshot(root)
    run = fix(root, "--json", "--budget", 20)
    assert run.status == 1 and run.json()["status"] == "unfixed" and run.json()["reason"]
    assert snapshot(root) == before


FULL_DISK = """
set -e
mount -t tmpfs -o size=256k,mode=0755 tmpfs disk
cp -r project disk/project
mkdir disk/data
dd if=/dev/zero of=disk/fill bs=1k count=1000 2>/dev/null || true
set +e
EDGECODER_DATA_DIR="$PWD/$1" "$2" fix --dir disk/project --test "$3" --apply --json
echo "exit $?" >&2
diff -r project disk/project && echo unchanged >&2
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
@pytest.mark.parametrize("data", ["disk/data", "data"])
def test_a_full_disk_of_the_host_is_told_and_keeps_the_files(edgecoder, project, tmp_path, data):
    project(SHOP)
    tmp_path.chmod(0o755)
    (tmp_path / "disk").mkdir()
    run = subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-c", FULL_DISK, "sh", data, edgecoder.program, PYTEST],
                         cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    assert "No space left on device" in json.loads(run.stdout)["reason"], run.stderr
    assert "exit 3" in run.stderr and "unchanged" in run.stderr, run.stderr


@pytest.mark.parametrize("words", [["--budget", "0"], ["--budget", "-1"], ["--budget", "nan"], ["--model", "gpt-9"], ["--frobnicate"],
                                   ["--json", "--events"]])
def test_wrong_words_are_wrong_usage(fix, project, words):
    assert fix(project(SHOP), *words).status == 2


@pytest.mark.parametrize("test", ["", "  ", "\n"])
def test_an_empty_command_is_wrong_usage(fix, project, test):
    assert fix(project(SHOP), test=test).status == 2


def start_time(pid):
    """With the number, the name of a process: numbers come round again."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
    except OSError:
        return None


def family(pid):
    """A process and all that came from it, as pairs of number and start time."""
    found, waiting = set(), [pid]
    while waiting:
        one = waiting.pop()
        found.add((one, start_time(one)))
        for task in pathlib.Path(f"/proc/{one}/task").glob("*/children"):
            try:
                waiting += [int(child) for child in task.read_text().split()]
            except OSError:
                continue
    return {member for member in found if member[1] is not None}


def wait_until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


SLEEPS = {"test_a.py": "import time\n\ndef test_a():\n    time.sleep(1000)\n"}


@pytest.mark.parametrize("how, delay", [(signal.SIGINT, 0.05), (signal.SIGINT, 0.8), (signal.SIGTERM, 0.4), (signal.SIGKILL, 0.05),
                                        (signal.SIGKILL, 0.8)])
def test_an_end_at_any_point_leaves_nothing_behind(project, snapshot, tmp_path, how, delay):
    root = project(SLEEPS)
    before = snapshot(root)
    mounts = pathlib.Path("/proc/mounts").read_text()
    program = pathlib.Path(os.environ["EC_BIN_DIR"]) / "edgecoder"
    run = subprocess.Popen([program, "fix", "--dir", root, "--test", PYTEST], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, text=True, env={**os.environ, "EDGECODER_DATA_DIR": str(tmp_path / "data")})
    time.sleep(delay)  # the point at which it is hit; which one does not matter
    members = family(run.pid)
    run.send_signal(how)
    out, err = run.communicate(timeout=60)
    assert run.returncode == (-how if how == signal.SIGKILL else 130), err
    if how != signal.SIGKILL:
        assert "nothing was changed" in err and out == ""
    assert wait_until(lambda: not any(start_time(pid) == started for pid, started in members)), "processes are left"
    assert wait_until(lambda: pathlib.Path("/proc/mounts").read_text() == mounts), "mounts are left"
    assert snapshot(root) == before


def test_an_interrupted_search_resumes_without_judging_anything_twice(project, tmp_path, edgecoder):
    hopeless = "".join(f"    x = x + {i} - y\n" for i in range(3, 40))
    root = project({"a.py": f"def f(x, y):\n{hopeless}    return x\n",
                    "test_a.py": "import a\n\ndef test_a():\n    assert a.f(1, 2) == 'no number at all' and a.f(2, 2) == 'neither'\n"})
    words = ["fix", "--dir", str(root), "--test", PYTEST, "--events", "--budget", "60"]
    environment = {**os.environ, "EDGECODER_DATA_DIR": str(tmp_path / "data")}
    program = pathlib.Path(os.environ["EC_BIN_DIR"]) / "edgecoder"
    run = subprocess.Popen([program, *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)
    tried = 0
    for line in run.stdout:
        tried = json.loads(line).get("tried", tried)
        if tried > 300:
            run.kill()
            break
    run.wait()
    journal = next((tmp_path / "data/fix").glob("*.jsonl"))
    known = {json.loads(line)["id"] for line in journal.read_text().splitlines() if line.endswith("}")}
    assert len(known) >= 300
    result = edgecoder("fix", "--dir", root, "--test", PYTEST, "--json", "--budget", 20, "--resume", env=environment).json()
    assert result["candidates"]["remembered"] >= len(known)
    lines = [json.loads(line)["id"] for line in journal.read_text().splitlines() if line.endswith("}")]
    assert len(lines) == len(set(lines)), "something was judged twice"


def test_version_and_help_answer(edgecoder):
    assert edgecoder("--version").out.startswith("edgecoder ")
    for command in ["fix", "exec", "doctor"]:
        run = edgecoder(command, "--help")
        assert run.status == 0 and "Usage" in run.out and "Options" in run.out
    assert edgecoder().status == 2
    assert edgecoder("nonsense").status == 2


def test_doctor_tells_what_this_machine_can_do(edgecoder):
    report = edgecoder("doctor", "--json").json()
    assert report["status"] == "ok" and report["tier"] and report["tools"]["python3"].startswith("Python 3")
