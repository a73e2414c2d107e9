"""The scripts of the README, on a machine that lacks something."""

import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture
def without_sudo(tmp_path):
    """An ordinary user's machine without sudo, where a package is missing: the tools in PATH say so."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for folder in os.environ["PATH"].split(":"):
        for tool in pathlib.Path(folder).iterdir() if pathlib.Path(folder).is_dir() else []:
            if tool.name != "sudo" and not (tools / tool.name).is_symlink():
                (tools / tool.name).symlink_to(tool)
    for name, text in {"id": "echo 1000", "apt-get": "exit 100",
                       "dpkg-query": "case \"$*\" in *libpq-dev*) exit 1 ;; *) printf installed ;; esac"}.items():
        (tools / name).unlink(missing_ok=True)
        (tools / name).write_text(f"#!/bin/sh\n{text}\n")
        (tools / name).chmod(0o755)

    def run(script, *arguments):
        return subprocess.run([ROOT / "scripts" / script, *arguments], env={**os.environ, "PATH": str(tools)},
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)

    return run


@pytest.mark.parametrize("script", ["quickstart", "test"])
def test_a_missing_package_is_named_with_the_command_for_root_where_there_is_no_sudo(without_sudo, script):
    done = without_sudo(script)
    assert done.returncode == 3, done.stderr
    assert "error: packages are missing, and installing them needs root" in done.stderr
    assert "as root, run: apt-get install" in done.stderr and "libpq-dev" in done.stderr


@pytest.mark.parametrize(("words", "named"), [(["--bogus"], "--bogus"), (["--with", "nonsense"], "nonsense")])
def test_a_word_that_the_test_script_does_not_know_is_named(without_sudo, words, named):
    done = without_sudo("test", *words)
    assert done.returncode == 2 and named in done.stderr and "--help" in done.stderr
