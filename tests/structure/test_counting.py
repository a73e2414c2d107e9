"""What scripts/test says of a run: the counts, the words of a test that failed, and what passed only by itself."""

import pathlib
import subprocess
import sys

COUNT = pathlib.Path(__file__).resolve().parents[2] / "scripts/lib/count_tests.py"
OUTPUT = """[ RUN      ] Attack.IsRefused
[       OK ] Attack.IsRefused (3 ms)
[ RUN      ] Attack.LeavesNothing
attack_test.cpp:9: Failure
new shm: 0
[  FAILED  ] Attack.LeavesNothing (4 ms)
[  FAILED  ] 1 test, listed below:
[  FAILED  ] Attack.LeavesNothing
"""


def report(path, *entries):
    cases = "".join(
        f'<testcase name="{name}" status="{status}"><system-out>{output}</system-out></testcase>' for name, status, output in entries
    )
    path.write_text(f"<testsuite>{cases}</testsuite>")
    return path


def count(tmp_path, *reports):
    done = subprocess.run([sys.executable, COUNT, tmp_path, *reports], capture_output=True, text=True, check=True)
    return done.stdout.strip(), done.stderr


def test_a_failure_within_a_program_is_told_in_its_own_words(tmp_path):
    first = report(tmp_path / "first", ("attack", "fail", OUTPUT), ("other", "run", ""))
    counts, told = count(tmp_path, first)
    assert counts == "1 1 0"
    assert "new shm: 0" in told and "failed: attack" in told
    assert "IsRefused" not in told


def test_what_passes_by_itself_is_named_as_unsteady_with_what_it_said(tmp_path):
    first = report(tmp_path / "first", ("attack", "fail", OUTPUT), ("other", "run", ""))
    again = report(tmp_path / "again", ("attack", "run", ""))
    counts, told = count(tmp_path, first, again)
    assert counts == "2 0 0"
    assert "unsteady: attack" in told and "new shm: 0" in told and "failed: attack" not in told


def test_what_fails_twice_has_failed(tmp_path):
    first = report(tmp_path / "first", ("attack", "fail", OUTPUT))
    again = report(tmp_path / "again", ("attack", "fail", "Segmentation fault"))
    counts, told = count(tmp_path, first, again)
    assert counts == "0 1 0"
    assert "unsteady" not in told and "Segmentation fault" in told
