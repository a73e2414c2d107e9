"""`edgecoderd inference` from outside: where it listens, who is told of it, and how it comes and goes."""

import json
import os
import pathlib
import signal
import socket
import stat
import subprocess
import urllib.error
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("EC_BIN_DIR", ROOT / "build/bin")) / "edgecoderd"


def start(*arguments, **env):
    kept = {name: value for name, value in os.environ.items() if name != "XDG_RUNTIME_DIR"}
    # Any free port, and nobody's coordinator.
    kept |= {"INFERENCE_PORT": "0", "EDGECODER_COORDINATOR": "http://127.0.0.1:1"}
    if "XDG_RUNTIME_DIR" in env:
        kept["EDGECODER_DATA_DIR"] = str(env["XDG_RUNTIME_DIR"] / "data")
    return subprocess.Popen([PROGRAM, "inference", *map(str, arguments)], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env={**kept, **{name: str(value) for name, value in env.items()}})


@pytest.fixture
def host(tmp_path):
    process = start(XDG_RUNTIME_DIR=tmp_path)
    process.line = process.stdout.readline()
    if "built without llama.cpp" in (process.stderr.read() if not process.line else ""):
        pytest.skip("built without llama.cpp")
    process.url = process.line.split()[-1]
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate()


def test_it_listens_in_the_runtime_directory_of_the_user(host, tmp_path):
    place = tmp_path / "edgecoder/inference.sock"
    assert host.stderr.readline() == f"inference: models of this user's programs run at {place}\n"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700


def test_it_listens_in_the_data_directory_where_there_is_no_runtime_directory(tmp_path):
    process = start("--data-dir", tmp_path / "new" / "data")
    assert process.stdout.readline().startswith("ready inference http://")
    assert (tmp_path / "new/data/run/inference.sock").is_socket()
    assert stat.S_IMODE((tmp_path / "new/data").stat().st_mode) == 0o700
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_it_says_in_one_line_where_it_is(host):
    assert host.line.startswith("ready inference http://127.0.0.1:")
    host.send_signal(signal.SIGTERM)
    assert host.communicate(timeout=60)[0] == ""


def test_a_second_one_says_that_the_first_is_there(host, tmp_path):
    second = start(XDG_RUNTIME_DIR=tmp_path)
    out, err = second.communicate(timeout=60)
    assert (second.returncode, out) == (3, "")
    assert "already running" in err


def test_sigterm_ends_it_and_takes_its_socket_away(host, tmp_path):
    host.send_signal(signal.SIGTERM)
    host.communicate(timeout=60)
    assert host.returncode == 0
    assert not (tmp_path / "edgecoder/inference.sock").exists()


def test_doctor_says_where_models_run(host, tmp_path, edgecoder):
    def inference(**env):
        return edgecoder("doctor", "--json", env=env).json()["inference"]

    assert inference(XDG_RUNTIME_DIR=str(tmp_path)) == "shared"
    assert inference(XDG_RUNTIME_DIR=str(tmp_path), EDGECODER_SHARED_INFERENCE="off") == "private"
    assert inference(XDG_RUNTIME_DIR=str(tmp_path / "elsewhere")) == "private"
    host.send_signal(signal.SIGTERM)
    host.communicate(timeout=60)
    assert inference(XDG_RUNTIME_DIR=str(tmp_path)) == "private"


def ask(process, method, path, body=None, token=None):
    """The answer of the HTTP service: status and JSON."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    request = urllib.request.Request(process.url + path, data=data, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def token_of(tmp_path):
    file = tmp_path / "data/secrets/inference-token"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    return file.read_text().strip()


def test_it_takes_a_task_apart_without_a_model_and_loses_nothing(host, tmp_path):
    prompt = "In the parser:\n1. keep x = 1.5 and print(x)? yes!\n2. speed it up.\n\nFinally, write the docs."
    assert ask(host, "GET", "/health") == (200, {"ok": True})
    status, answer = ask(host, "POST", "/decompose", {"taskId": "t1", "prompt": prompt, "snapshotRef": "s"}, token_of(tmp_path))
    assert (status, answer["by"]) == (200, "list")
    inputs = [part["input"] for part in answer["subtasks"]]
    assert len(inputs) == 3
    for words in ("keep x = 1.5 and print(x)? yes!", "speed it up.", "Finally, write the docs."):
        assert any(words in each for each in inputs)
    assert all(part["taskId"] == "t1" and part["snapshotRef"] == "s" for part in answer["subtasks"])


def test_an_escalation_without_a_model_says_what_is_missing(host, tmp_path):
    status, answer = ask(host, "POST", "/escalate", {"task": "add", "failedCode": "a - b"}, token_of(tmp_path))
    assert (status, answer["code"]) == (503, "no_model")


def test_strangers_and_nonsense_are_refused(host, tmp_path):
    good = {"taskId": "t", "prompt": "x"}
    assert ask(host, "POST", "/decompose", good)[0] == 401
    assert ask(host, "POST", "/decompose", good, "0" * 64)[0] == 401
    token = token_of(tmp_path)
    for body in ("", "[]", "{", {"taskId": "t"}, {**good, "prompt": 1}, {**good, "files": ["../x"]}, {**good, "language": "cobol"}):
        assert ask(host, "POST", "/decompose", body, token)[0] == 400, body
    for body, field in (({"taskId": "t"}, "prompt"), ({**good, "prompt": 1}, "prompt"), ({**good, "files": ["../x"]}, "files"),
                        ({**good, "failing": [{"id": 5}]}, "failing.id"), ({**good, "language": "cobol"}, "language")):
        assert ask(host, "POST", "/decompose", body, token)[1]["fields"] == [field]
    assert "fields" not in ask(host, "POST", "/decompose", [], token)[1]
    assert ask(host, "POST", "/decompose", {**good, "prompt": "x" * 3_000_000}, token)[0] == 413
    assert ask(host, "GET", "/decompose", None, token)[0] == 405


def test_its_openapi_document_names_every_route(host):
    assert "# TYPE " in urllib.request.urlopen(host.url + "/metrics", timeout=60).read().decode(), "open, for Prometheus"
    status, document = ask(host, "GET", "/openapi.json")
    assert status == 200
    assert set(document["paths"]) == {"/health", "/healthz", "/readyz", "/decompose", "/escalate", "/metrics", "/openapi.json"}


def test_it_has_no_such_options(tmp_path):
    for words in (["--listen", "4302"], ["--stdin"], ["--memory", "-1"], ["--memory", "much"]):
        process = start(*words, XDG_RUNTIME_DIR=tmp_path)
        process.communicate(timeout=60)
        assert process.returncode == 2, words


@pytest.mark.parametrize("arguments, words", [(["--stdio"], "no socket"), (["--at", "here.sock"], "no socket"), (["--at", "a", "--stdio"], "exclude")])
def test_what_programs_start_is_no_use_to_a_person(tmp_path, arguments, words):
    process = start(*arguments)
    out, err = process.communicate(timeout=60)
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
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "")
    assert not (tmp_path / "own/inference.sock").exists()


def test_other_services_do_not_pay_for_the_libraries_of_models():
    needed = subprocess.run(["ldd", PROGRAM], capture_output=True, text=True, check=True).stdout
    assert "libllama" not in needed and "libggml" not in needed
