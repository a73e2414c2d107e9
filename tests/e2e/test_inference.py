"""`edgecoderd inference` from outside: where it listens, who is told of it, and how it comes and goes."""

import os
import pathlib
import signal
import socket
import stat
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("EC_BIN_DIR", ROOT / "build/bin")) / "edgecoderd"


def start(*arguments, **env):
    kept = {name: value for name, value in os.environ.items() if name != "XDG_RUNTIME_DIR"}
    return subprocess.Popen([PROGRAM, "inference", *map(str, arguments)], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env={**kept, **{name: str(value) for name, value in env.items()}})


@pytest.fixture
def host(tmp_path):
    process = start(XDG_RUNTIME_DIR=tmp_path)
    line = process.stdout.readline()
    if "built without llama.cpp" in (process.stderr.read() if not line else ""):
        pytest.skip("built without llama.cpp")
    process.line = line
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate()


def test_it_listens_in_the_runtime_directory_of_the_user(host, tmp_path):
    place = tmp_path / "edgecoder/inference.sock"
    assert host.line == f"ready inference unix:{place}\n"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700


def test_it_listens_in_the_data_directory_where_there_is_no_runtime_directory(tmp_path):
    process = start("--data-dir", tmp_path / "new" / "data")
    assert process.stdout.readline() == f"ready inference unix:{tmp_path}/new/data/run/inference.sock\n"
    assert stat.S_IMODE((tmp_path / "new/data").stat().st_mode) == 0o700
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 0


def test_a_second_one_says_that_the_first_is_there(host, tmp_path):
    second = start(XDG_RUNTIME_DIR=tmp_path)
    out, err = second.communicate(timeout=20)
    assert (second.returncode, out) == (3, "")
    assert "already running" in err


def test_sigterm_ends_it_and_takes_its_socket_away(host, tmp_path):
    host.send_signal(signal.SIGTERM)
    host.communicate(timeout=20)
    assert host.returncode == 0
    assert not (tmp_path / "edgecoder/inference.sock").exists()


def test_doctor_says_where_models_run(host, tmp_path, edgecoder):
    def inference(**env):
        return edgecoder("doctor", "--json", env=env).json()["inference"]

    assert inference(XDG_RUNTIME_DIR=str(tmp_path)) == "shared"
    assert inference(XDG_RUNTIME_DIR=str(tmp_path), EDGECODER_SHARED_INFERENCE="off") == "private"
    assert inference(XDG_RUNTIME_DIR=str(tmp_path / "elsewhere")) == "private"
    host.send_signal(signal.SIGTERM)
    host.communicate(timeout=20)
    assert inference(XDG_RUNTIME_DIR=str(tmp_path)) == "private"


def test_it_has_no_such_options(tmp_path):
    for words in (["--listen", "127.0.0.1:4302"], ["--memory", "-1"], ["--memory", "much"]):
        process = start(*words, XDG_RUNTIME_DIR=tmp_path)
        process.communicate(timeout=20)
        assert process.returncode == 2, words


@pytest.mark.parametrize("arguments, words", [(["--stdio"], "no socket"), (["--at", "here.sock"], "no socket"), (["--at", "a", "--stdio"], "exclude")])
def test_what_programs_start_is_no_use_to_a_person(tmp_path, arguments, words):
    process = start(*arguments)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (2, "")
    assert words in err


def test_one_that_a_program_started_ends_with_it(tmp_path):
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen([PROGRAM, "inference", "--at", tmp_path / "own/inference.sock"], stdin=theirs, stdout=subprocess.PIPE, text=True)
    with ours:
        assert len(ours.recv(1)) == 1
        assert stat.S_IMODE((tmp_path / "own/inference.sock").stat().st_mode) == 0o600
        assert process.poll() is None
    out, _ = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, "")
    assert not (tmp_path / "own/inference.sock").exists()


def test_other_services_do_not_pay_for_the_libraries_of_models():
    needed = subprocess.run(["ldd", PROGRAM], capture_output=True, text=True, check=True).stdout
    assert "libllama" not in needed and "libggml" not in needed
