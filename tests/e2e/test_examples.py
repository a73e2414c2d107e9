"""The sample projects are broken in exactly the way their pages say."""

import os
import re
import shutil
import subprocess
import sys

import pytest

ENVIRONMENT = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}


def output_of(argv, cwd):
    done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, env=ENVIRONMENT)
    return done.returncode, done.stdout


def test_two_tests_of_the_python_sample_fail(sample):
    status, out = output_of([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], sample("broken-python"))
    assert status == 1
    assert re.search(r"2 failed, 17 passed", out)


def test_three_tests_in_two_files_of_the_sample_for_the_swarm_fail(sample):
    status, out = output_of([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], sample("two-faults"))
    assert status == 1
    assert "3 failed, 6 passed" in out
    assert "FAILED tests/test_berths.py" in out and "FAILED tests/test_fees.py" in out


def test_two_tests_of_the_node_sample_fail(sample):
    if not shutil.which("node"):
        pytest.skip("node is not on this machine")
    status, out = output_of(["node", "--test", "--test-reporter=tap"], sample("broken-node"))
    assert status == 1
    assert "# pass 14" in out and "# fail 2" in out
