"""`edgecoder exec`: a program in the sandbox, its verdict as JSON, its files kept only when asked."""

import os
import pathlib
import shutil
import signal
import subprocess
import time

import pytest

KEYS = {"status", "exit_code", "signal", "stdout", "stderr", "stdout_bytes", "stderr_bytes", "truncated", "wall_ms", "cpu_ms",
        "peak_memory_bytes", "tier", "changes"}


@pytest.fixture
def project(tmp_path):
    (tmp_path / "keep.txt").write_text("keep")
    return tmp_path


def test_a_command_that_ends_well(edgecoder, project):
    done = edgecoder("exec", "--json", "--", "sh", "-c", "echo out; echo err >&2", cwd=project)
    result = done.json()
    assert done.status == 0
    assert KEYS <= result.keys()
    assert (result["status"], result["exit_code"], result["stdout"], result["stderr"]) == ("ok", 0, "out\n", "err\n")
    assert result["changes"] == [] and result["truncated"] is False
    assert result["tier"] in ("A", "A+") and result["peak_memory_bytes"] > 0


def test_without_json_the_streams_pass_through(edgecoder, project):
    done = edgecoder("exec", "--", "sh", "-c", "echo out; echo err >&2; exit 3", cwd=project)
    assert done.status == 1 and done.out == "out\n"
    assert done.err == "err\nedgecoder: the program ended with exit code 3\n"


def test_a_file_runs_by_its_name_and_its_own_imports(edgecoder, project):
    (project / "lib.py").write_text("x = 41")
    (project / "main.py").write_text("import lib; print(lib.x + 1)")
    assert edgecoder("exec", "main.py", cwd=project).out == "42\n"
    if shutil.which("node"):
        (project / "main.js").write_text("console.log(6 * 7)")
        assert edgecoder("exec", "main.js", cwd=project).out == "42\n"


def test_a_program_on_standard_input(project):
    program = pathlib.Path(os.environ.get("EC_BIN_DIR", "build/bin")).resolve() / "edgecoder"
    done = subprocess.run([program, "exec", "--lang", "python", "-"], input="print('piped')", cwd=project, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "piped\n")
    done = subprocess.run([program, "exec", "-"], input="print(1)", cwd=project, capture_output=True, text=True)
    assert done.returncode == 2 and "--lang" in done.stderr


@pytest.mark.parametrize("status, script, options", [
    ("failed", "exit 7", []),
    ("timeout", "sleep 60", ["--timeout", "0.3"]),
    ("memory", "exec python3 -c \"a=[]\nwhile True: a.append(b'x'*1000000)\"", ["--memory", "64"]),
    ("output", "exec cat /dev/zero", []),
    ("disk", "cat /dev/zero > big", []),
    ("signal", "kill -SEGV $$", []),
])
def test_every_ending_has_its_word(edgecoder, project, snapshot, status, script, options):
    before = snapshot(project)
    done = edgecoder("exec", "--json", *options, "--", "sh", "-c", script, cwd=project)
    assert (done.status, done.json()["status"]) == (1, status)
    assert snapshot(project) == before


def test_changes_are_listed_and_not_kept(edgecoder, project, snapshot):
    before = snapshot(project)
    done = edgecoder("exec", "--json", "--", "sh", "-c", "echo n > new.txt; rm keep.txt; mkdir d; echo x > d/y", cwd=project)
    assert done.json()["changes"] == ["d/y", "keep.txt", "new.txt"]
    assert snapshot(project) == before


def test_apply_keeps_them_but_never_in_guarded_places(edgecoder, project):
    done = edgecoder("exec", "--json", "--apply", "--", "sh", "-c", "echo n > new.txt; mkdir .git; echo evil > .git/config", cwd=project)
    assert done.status == 0 and done.json()["refused"] == [".git/config"]
    assert (project / "new.txt").read_text() == "n\n" and not (project / ".git").exists()


def test_apply_keeps_nothing_of_a_run_that_failed(edgecoder, project, snapshot):
    before = snapshot(project)
    assert edgecoder("exec", "--apply", "--", "sh", "-c", "echo n > new.txt; exit 1", cwd=project).status == 1
    assert snapshot(project) == before


@pytest.mark.parametrize("arguments, status", [
    (["--", "no-such-program"], 1), (["missing.py"], 2), (["--timeout", "0", "--", "true"], 2), (["--memory", "1", "--", "true"], 2),
    (["--lang", "cobol", "x"], 2), ([], 2)])
def test_bad_input_gets_one_sentence(edgecoder, project, arguments, status):
    done = edgecoder("exec", *arguments, cwd=project)
    assert done.status == status and done.err.strip()


def test_the_root_directory_is_no_workspace(edgecoder):
    done = edgecoder("exec", "--json", "--", "true", cwd="/")
    assert done.status == 2 and done.json()["status"] == "sandbox_error" and "/" in done.json()["reason"]


def test_interrupting_leaves_nothing_behind(project):
    program = pathlib.Path(os.environ.get("EC_BIN_DIR", "build/bin")).resolve() / "edgecoder"
    for how in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        mark = f"ec-exec-{os.getpid()}-{how.value}"
        running = subprocess.Popen([program, "exec", "--timeout", "100", "--", "bash", "-c", f"exec -a {mark} sleep 1000"], cwd=project)
        while not named(mark):
            assert running.poll() is None
        running.send_signal(how)
        running.wait(timeout=30)
        deadline = time.monotonic() + 30
        while named(mark) and time.monotonic() < deadline:
            pass
        assert not named(mark)


def named(mark):
    """Processes whose first word is exactly `mark` (bash's own command line mentions it too)."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes().split(b"\0")[0] == mark.encode():
                found.append(path)
        except OSError:
            pass
    return found
