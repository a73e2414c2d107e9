"""`edgecoderd ide` from outside: its token, its answers, who may call it, how big, how often, and what hostile clients get."""

import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import resource
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.parse

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/fakes"))

from scripted_model import ScriptedModel  # noqa: E402

PROGRAM = pathlib.Path(os.environ.get("EC_BIN_DIR", ROOT / "build/bin")) / "edgecoderd"


class Service:
    def __init__(self, folder, model, *arguments, config="", env=None):
        self.data = folder / "data"
        (folder / "config/edgecoder").mkdir(parents=True, exist_ok=True)
        (folder / "config/edgecoder/config.toml").write_text(config)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("EDGECODER_", "OLLAMA_"))}
        self.process = subprocess.Popen(
            [PROGRAM, "ide", "--listen", "127.0.0.1:0", "--data-dir", self.data, *map(str, arguments)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**kept, "XDG_CONFIG_HOME": str(folder / "config"), "EDGECODER_MODEL": model,
                 "EDGECODER_SHARED_INFERENCE": "off", **(env or {})})
        line = self.process.stdout.readline()
        assert line.startswith("ready ide http://127.0.0.1:"), (line, self.process.stderr.read() if not line else "")
        self.url = line.split()[2]
        self.port = urllib.parse.urlsplit(self.url).port
        self.token = (self.data / "secrets/ide-token").read_text().strip()

    def call(self, method, path, body=None, token=True, timeout=20, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            headers["Authorization"] = f"Bearer {self.token if token is True else token}"
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            body = body if isinstance(body, (str, bytes)) else json.dumps(body)
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        response.text = response.read().decode()
        connection.close()
        return response

    def ask(self, path, body, **headers):
        response = self.call("POST", path, body, **headers)
        assert response.status == 200, response.text
        return json.loads(response.text)

    def chat(self, text, **fields):
        return self.ask("/v1/chat/completions", {"messages": [{"role": "user", "content": text}], **fields})

    def status(self):
        return json.loads(self.call("GET", "/v1/router/status").text)

    def lane(self, purpose="chat"):
        lanes = [lane for model in self.status()["models"] for lane in model["lanes"] if lane["purpose"] == purpose]
        return lanes[0] if lanes else None

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        _, self.err = self.process.communicate(timeout=60)
        return self.process.returncode


class Stream:
    """A streaming request that is read as far as a test likes."""

    def __init__(self, service, path, body):
        self.connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
        self.connection.request("POST", path, json.dumps({**body, "stream": True}),
                                {"Authorization": f"Bearer {service.token}", "Content-Type": "application/json"})

    def open(self):
        self.response = self.connection.getresponse()
        return self.response

    def until(self, text):
        seen = b""
        while text.encode() not in seen:
            line = self.response.readline()
            assert line, seen
            seen += line
        return seen.decode()

    def close(self):
        # The response holds the socket as well.
        self.connection.sock and self.connection.sock.shutdown(socket.SHUT_RDWR)
        self.connection.close()


def hang(text="wait"):
    return {"messages": [{"role": "user", "content": f"hang: {text}"}]}


def eventually(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to be"
        time.sleep(0.05)  # the status route takes 600 questions a minute


@pytest.fixture
def model():
    with ScriptedModel() as running:
        yield running


@pytest.fixture
def start(tmp_path, model):
    running = []

    def begin(*arguments, words=None, **more):
        running.append(Service(tmp_path, model.words if words is None else words, *arguments, **more))
        return running[-1]

    yield begin
    for service in running:
        if service.process.poll() is None:
            service.process.kill()
        service.process.communicate()


@pytest.fixture
def service(start):
    return start()


def problem(response, status, code=None):
    assert response.status == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    document = json.loads(response.text)
    assert document["status"] == status and document["code"] and (code is None or document["code"] == code), document
    return document


# --- start, token, stop

def test_it_says_where_it_is_keeps_its_token_private_and_drains_on_sigterm(service):
    assert stat.S_IMODE(os.stat(service.data / "secrets/ide-token").st_mode) == 0o600
    assert service.call("GET", "/healthz", token=None).status == 200
    assert service.call("GET", "/readyz", token=None).status == 200
    assert service.stop() == 0
    assert service.token not in service.err and "secrets/ide-token" in service.err


def test_the_token_stays_the_same_over_restarts(start):
    first = start()
    assert first.stop() == 0
    assert start().token == first.token


@pytest.mark.parametrize("path", ["/v1/models", "/v1/router/status", "/models", "/metrics", "/openapi.json"])
def test_everything_asks_for_the_token(service, path):
    document = problem(service.call("GET", path, token=None), 401, "invalid_api_key")
    assert document["error"]["type"] == "authentication_error"
    problem(service.call("GET", path, token="0" * 64), 401)
    assert service.call("GET", path).status == 200
    assert service.call("GET", path, token=None, x_api_key=service.token).status == 200
    assert service.call("GET", path, token=None, api_key=service.token).status == 200


def test_the_openapi_document_names_every_route_and_can_be_had_without_serving(service, tmp_path):
    document = json.loads(service.call("GET", "/openapi.json").text)
    assert set(document["paths"]) == {
        "/healthz", "/readyz", "/metrics", "/openapi.json", "/v1/models", "/v1/models/{id}", "/v1/chat/completions",
        "/v1/responses", "/v1/completions", "/v1/embeddings", "/v1/router/status", "/infill", "/run", "/models"}
    done = subprocess.run([PROGRAM, "ide", "--openapi", "--data-dir", tmp_path / "other"], capture_output=True, text=True,
                          timeout=60)
    assert json.loads(done.stdout)["paths"] == document["paths"]


def test_sigterm_ends_streams_that_hang(service, model):
    stream = Stream(service, "/v1/chat/completions", hang())
    stream.open()
    stream.until("wait")
    begun = time.monotonic()
    assert service.stop() == 0
    assert time.monotonic() - begun < 30
    assert model.left.wait(60)


# --- models and routes

def test_the_route_of_an_answer_stands_in_its_head(service):
    response = service.call("POST", "/v1/chat/completions", {"messages": [{"role": "user", "content": "say: hi"}]})
    assert response.headers["x-edgecoder-route"].startswith("local; model=scripted; why=")
    stream = Stream(service, "/v1/responses", {"model": "scripted", "input": "say: hi"})
    assert stream.open().headers["x-edgecoder-route"].startswith("local; model=scripted; why=")


def test_a_model_from_nowhere_is_refused_with_the_closest_name_and_nothing_is_connected_to(service, model):
    messages = [{"role": "user", "content": "say: hi"}]
    problem(service.call("POST", "/v1/completions", {"model": "edgecoder-agent", "prompt": "x"}), 400, "unsupported_model")
    error = problem(service.call("POST", "/v1/chat/completions", {"model": "scriptet", "messages": messages}), 404)["error"]
    assert error["code"] == "model_not_found" and "scripted" in error["message"]
    with ScriptedModel() as other:
        for name in (other.words, f"{other.url}/chat/completions#scripted", "/etc/passwd", "../x", "x" * 5000, "none"):
            problem(service.call("POST", "/v1/chat/completions", {"model": name, "messages": messages}), 404)
        assert not other.requests
    assert not model.requests


def test_configured_models_are_offered_and_a_remote_one_only_by_its_name(start, model):
    with ScriptedModel() as other:
        config = f'[service.ide]\nmodels = ["{other.url}#second", "https://models.example/v1#far"]\n'
        service = start(config=config)
        ids = [entry["id"] for entry in json.loads(service.call("GET", "/v1/models").text)["data"]]
        assert ids == ["edgecoder-agent", "scripted", "second", "far"]
        assert service.chat("say: one", model="second")["choices"][0]["message"]["content"] == "one"
        assert service.chat("say: two")["model"] == "scripted"
        assert [body["model"] for body in other.bodies()] == ["second"]
        runs = {entry["model"]: entry["runs"] for entry in service.status()["models"]}
        assert runs == {"scripted": "local", "second": "local", "far": "remote"}


def test_without_a_model_it_says_what_to_do(start):
    service = start(words="none")
    error = problem(service.call("POST", "/v1/chat/completions", {"messages": [{"role": "user", "content": "x"}]}), 503)
    assert "edgecoder model use" in error["detail"]
    assert "edgecoder model use" in problem(service.call("POST", "/run", {"task": "print 1"}), 503)["detail"]


def test_what_the_model_server_refuses_comes_as_an_error_with_a_status(service):
    response = service.call("POST", "/v1/chat/completions", {"stream": True, **{"messages": [
        {"role": "user", "content": "fail: 400"}]}})
    assert response.status >= 400 and "error" in json.loads(response.text)
    eventually(lambda: service.lane()["failed"] == 1 and service.lane()["last_error"])


# --- what reaches the model

def test_roles_parts_tools_and_sampling_reach_the_model(service, model):
    service.ask("/v1/chat/completions", {
        "messages": [{"role": "developer", "content": "be brief"},
                     {"role": "user", "content": [{"type": "text", "text": "say: "}, {"type": "text", "text": "hi"}]}],
        "tools": [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}, {"type": "retrieval"}],
        "temperature": 0, "top_p": 0.5, "seed": 42, "max_completion_tokens": 9, "stop": ["###"], "unknown": {"x": 1}})
    body = model.bodies()[-1]
    assert body["messages"][0] == {"role": "system", "content": "be brief"}
    assert body["messages"][1]["content"] == "say: hi"
    assert [tool["function"]["name"] for tool in body["tools"]] == ["look"]
    assert (body["temperature"], body["top_p"], body["seed"], body["max_tokens"], body["stop"]) == (0, 0.5, 42, 9, ["###"])


def test_an_answer_to_the_same_question_may_differ_unless_a_seed_is_named(service, model):
    for _ in range(2):
        service.chat("say: hi")
        service.chat("say: hi", seed=7)
    seeds = [body["seed"] for body in model.bodies()]
    assert seeds[0] != seeds[2] and seeds[1] == seeds[3] == 7


# --- waiting, leaving, queues

def test_tools_of_megabytes_reach_a_client_of_responses_in_full(service):
    tools = [{"type": "function", "name": f"tool{n}", "description": "d" * 20_000,
              "parameters": {"type": "object", "properties": {}}} for n in range(150)]
    stream = Stream(service, "/v1/responses", {"input": "say: hello", "tools": tools})
    assert stream.open().status == 200
    stream.until("event: response.completed\n")
    last = json.loads(stream.response.readline().removeprefix(b"data: "))
    assert last["response"]["output"][0]["content"][0]["text"] == "hello"
    assert len(last["response"]["tools"]) == 150


def test_a_client_that_goes_away_frees_the_model(service, model):
    stream = Stream(service, "/v1/chat/completions", hang())
    stream.open()
    stream.until("wait")
    left = time.monotonic()
    stream.close()
    assert model.left.wait(60)
    print(f"the model was left {1000 * (model.left_at - left):.0f} ms after the client had gone")
    assert service.chat("say: next")["choices"][0]["message"]["content"] == "next"


def test_a_client_that_goes_away_while_it_waits_is_never_asked_for(service, model):
    first = Stream(service, "/v1/chat/completions", hang())
    first.open()
    first.until("wait")
    waiting = Stream(service, "/v1/chat/completions", {"messages": [{"role": "user", "content": "say: never"}]})
    eventually(lambda: service.lane()["waiting"] == 1)
    waiting.close()
    eventually(lambda: service.lane()["waiting"] == 0)
    first.close()
    service.chat("say: after")
    assert not any("never" in json.dumps(body) for body in model.bodies())


def test_two_hundred_streams_wait_in_little_memory(service, model):
    def resident():
        text = pathlib.Path(f"/proc/{service.process.pid}/status").read_text()
        return int(next(line for line in text.splitlines() if line.startswith("VmRSS")).split()[1])

    service.chat("say: warm")
    first = Stream(service, "/v1/chat/completions", hang())
    first.open()
    first.until("wait")
    before = resident()
    waiting = [Stream(service, "/v1/chat/completions", {"messages": [{"role": "user", "content": "say: hi"}]})
               for _ in range(200)]
    eventually(lambda: service.lane()["waiting"] == 200, 30)
    grown = resident() - before
    threads = len(list(pathlib.Path(f"/proc/{service.process.pid}/task").iterdir()))
    print(f"200 waiting streams take {grown / 1024:.1f} MB, the service with them {(before + grown) / 1024:.1f}; {threads} threads")
    assert grown < 20 * 1024 and threads < 40
    for stream in waiting:
        stream.close()
    eventually(lambda: service.lane()["waiting"] == 0)
    first.close()
    assert service.chat("say: after")["choices"][0]["message"]["content"] == "after"


def test_a_full_queue_says_so(service):
    first = Stream(service, "/v1/chat/completions", hang())
    first.open()
    first.until("wait")
    waiting = [Stream(service, "/v1/chat/completions", {"messages": [{"role": "user", "content": "say: hi"}]})
               for _ in range(256)]
    eventually(lambda: service.lane()["waiting"] == 256, 30)
    response = service.call("POST", "/v1/chat/completions", {"messages": [{"role": "user", "content": "say: hi"}]})
    problem(response, 429, "queue_full")
    assert int(response.headers["Retry-After"]) > 0
    for stream in waiting + [first]:
        stream.close()


def test_the_first_byte_comes_when_the_model_says_it(service, model):
    service.chat("say: warm")
    delays = []
    for _ in range(30):
        stream = Stream(service, "/v1/chat/completions", {"messages": [{"role": "user", "content": "say: one two"}]})
        stream.open()
        stream.until('"content":"one ')
        delays.append(time.monotonic() - model.said_at)
        stream.until("[DONE]")
    delays.sort()
    print(f"the first piece came {1000 * delays[15]:.2f} ms after the model had said it (best {1000 * delays[0]:.2f} ms)")
    assert delays[0] < 0.05


# --- gaps

def test_infill_answers_with_the_fields_that_editors_read(service, model):
    model.filling = "return a + b\n\n\ndef g():\n    pass"
    answer = service.ask("/infill", {"input_prefix": "def f(a, b):\n", "prompt": "    ", "input_suffix": "\n\nprint(f(1, 2))\n",
                                     "input_extra": [{"filename": "b.py", "text": "x = 1"}], "n_predict": 64, "n_indent": 4,
                                     "t_max_predict_ms": 1000, "cache_prompt": True, "samplers": ["top_k", "infill"]})
    assert answer["content"] == "return a + b" and answer["stop"] is True and answer["truncated"] is False
    assert answer["timings"]["predicted_n"] == 3 and answer["tokens_predicted"] == 3
    body = model.bodies("/infill")[-1]
    assert body["input_prefix"].endswith("def f(a, b):\n    ") and body["input_extra"][0]["text"] == "x = 1"
    flat = service.ask("/infill", {"input_prefix": "x = ", "input_suffix": "\n",
                                   "response_fields": ["content", "timings/prompt_n"]})
    assert set(flat) == {"content", "timings/prompt_n"}


def test_warming_up_answers_with_nothing(service, model):
    answer = service.ask("/infill", {"input_prefix": "x", "input_suffix": "y", "prompt": "", "n_predict": 0})
    assert answer["content"] == "" and answer["tokens_predicted"] == 0
    assert len(model.bodies("/infill")) >= 1


def test_a_newer_gap_of_the_same_session_makes_the_older_ones_pointless(service, model):
    service.ask("/infill", {"input_prefix": "a", "input_suffix": "b"})
    model.hold.clear()
    model.hung.clear()

    def gap(prefix):
        return service.call("POST", "/infill", {"input_prefix": prefix, "input_suffix": ""}, x_edgecoder_session="s1")

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        first = pool.submit(gap, "fi")
        assert model.hung.wait(60)
        second = pool.submit(gap, "fir")
        assert json.loads(first.result(10).text)["content"] == ""
        eventually(lambda: sum(b["input_prefix"].endswith("fir") for b in model.bodies("/infill")) == 1)
        third = pool.submit(gap, "firs")
        assert json.loads(second.result(10).text)["content"] == ""
        model.hold.set()
        assert json.loads(third.result(10).text)["content"] == "filled"


def test_neighbouring_files_go_before_a_gap_for_clients_that_send_none(service, model):
    gap = {"input_prefix": "def helper():\n    return 1\n", "input_suffix": "", "filename": "helper.py"}
    service.ask("/infill", gap)
    service.ask("/infill", {"input_prefix": "import helper\n", "input_suffix": "", "filename": "main.py"})
    extra = model.bodies("/infill")[-1].get("input_extra") or [{}]
    assert extra[0].get("filename") == "helper.py" and "def helper" in extra[0]["text"]


def test_gaps_go_to_the_model_for_gaps_and_to_another_machine_only_when_that_is_named(start, model):
    gap = {"input_prefix": "a", "input_suffix": "b"}
    far = start(words="http://192.0.2.1:9/v1#far")
    problem(far.call("POST", "/infill", gap), 403, "remote_not_chosen")
    problem(far.call("POST", "/v1/completions", {"prompt": "a", "suffix": "b"}), 403, "remote_not_chosen")
    assert far.stop() == 0
    service = start(words="http://192.0.2.1:9/v1#far", config=f'[service.ide]\nfill = "{model.words}"\n')
    response = service.call("POST", "/infill", gap)
    assert json.loads(response.text)["content"] == "filled"
    assert response.headers["x-edgecoder-route"] == 'local; model=scripted; why="the model for gaps"'


# --- /run and /models of the first version

def test_run_writes_a_program_runs_it_and_answers_as_the_first_version_did(service, model):
    assert json.loads(service.call("GET", "/models").text) == {"providers": ["edgecoder-local", "ollama-local"]}
    answer = service.ask("/run", {"task": "say: it", "language": "python", "provider": "edgecoder-local"}, timeout=60)
    assert set(answer) == {"plan", "generatedCode", "runResult", "iterations", "history"}
    assert set(answer["runResult"]) >= {"language", "ok", "stdout", "stderr", "exitCode", "durationMs", "queueForCloud"}
    assert answer["iterations"] == len(answer["history"]) == 3  # "hello" is no program
    assert answer["runResult"]["queueForCloud"] and answer["runResult"]["queueReason"] == "model_limit"


def test_run_gives_the_model_its_errors_and_ends_with_a_program_that_runs(service, model):
    model.lines = ["a plan", "```python\nprint(six * 7)\n```", "```python\nprint(6 * 7)\n```"]
    answer = service.ask("/run", {"task": "multiply"}, timeout=60)
    assert (answer["plan"], answer["iterations"]) == ("a plan", 2)
    assert answer["runResult"]["ok"] and answer["runResult"]["stdout"] == "42\n" and not answer["runResult"]["queueForCloud"]
    assert "NameError" in model.bodies()[-1]["messages"][-1]["content"]
    model.lines = ["a plan", "```js\nconsole.log(6 * 7)\n```"]
    answer = service.ask("/run", {"task": "multiply", "language": "javascript"}, timeout=60)
    assert answer["runResult"]["stdout"] == "42\n" and answer["generatedCode"] == "console.log(6 * 7)\n"


def test_a_program_that_reaches_out_finds_nothing(service, model):
    model.lines = ["a plan", "```\nimport os, socket\nprint(os.path.exists(os.path.expanduser('~/.ssh')), os.listdir('.'))\n"
                   "socket.create_connection(('127.0.0.1', %d), 1)\n```" % service.port] + ["```\nraise SystemExit(3)\n```"] * 2
    answer = service.ask("/run", {"task": "reach out"}, timeout=60)
    first = answer["history"][0]["runResult"]
    assert not first["ok"] and first["stdout"] == "False ['program.py']\n"


def test_run_asks_ollama_on_this_machine_when_told_to_and_nowhere_else(start):
    import fake_model
    with fake_model.FakeModel(ollama=True) as ollama:
        service = start(env={"OLLAMA_HOST": f"127.0.0.1:{ollama.port}", "OLLAMA_MODEL": "oracle:none"})
        response = service.call("POST", "/run", {"task": "x", "provider": "ollama-local"}, timeout=60)
        assert response.status == 200 and "ollama-local" in response.headers["x-edgecoder-route"]
        assert {entry["model"] for entry in ollama.model_calls()} == {"oracle:none"}
    assert service.stop() == 0
    service = start(env={"OLLAMA_HOST": "192.0.2.1:11434"})
    problem(service.call("POST", "/run", {"task": "x", "provider": "ollama-local"}), 403, "not_local")


@pytest.mark.parametrize("body", [{}, {"task": " "}, {"task": 3}, {"task": "x", "language": "perl"},
                                  {"task": "x", "provider": "cloud"}, {"task": "x", "language": 1}])
def test_run_refuses_what_it_cannot_do(service, body):
    problem(service.call("POST", "/run", body), 400)


# --- hostile clients

def test_a_page_on_another_origin_can_do_nothing(service, model):
    body = {"messages": [{"role": "user", "content": "say: hi"}]}
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec_Fetch_Site": "cross-site"}):
        response = service.call("POST", "/v1/chat/completions", body, **headers)
        assert response.status == 403 and "access-control-allow-origin" not in {k.lower() for k in response.headers}
        assert service.call("GET", "/v1/models", **headers).status == 403
    assert service.call("POST", "/v1/chat/completions", json.dumps(body), Content_Type="text/plain").status == 415
    assert service.call("OPTIONS", "/v1/chat/completions", Origin="https://evil.example").status >= 400
    assert not model.requests


def test_a_host_name_that_was_bound_again_is_refused(service):
    assert service.call("GET", "/v1/models", Host="evil.example").status in (400, 403, 421)
    assert service.call("GET", "/v1/models", Host="localhost").status == 200


def test_strangers_send_no_bodies_and_use_up_nobodys_turn(service):
    head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", service.port), timeout=60) as stranger:
        stranger.sendall(f"{head}Content-Length: 10000000\r\n\r\n".encode())
        assert b" 401 " in stranger.recv(4096)  # and no byte of a body was sent
    with socket.create_connection(("127.0.0.1", service.port), timeout=60) as stranger:
        for _ in range(1300):  # more than anybody may ask in a minute
            stranger.sendall(b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer wrong\r\n\r\n")
            answer = b""
            while not answer.endswith(b"}\n"):
                answer += stranger.recv(4096)
            assert b" 401 " in answer
    assert service.call("GET", "/v1/models").status == 200


def test_a_body_of_a_hundred_megabytes_is_refused_by_its_head(service):
    with socket.create_connection(("127.0.0.1", service.port), timeout=60) as client:
        client.sendall((f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {service.token}\r\n"
                        "Content-Type: application/json\r\nContent-Length: 100000000\r\n\r\n").encode())
        assert b" 413 " in client.recv(4096)
    assert service.chat("say: hi")["choices"]


NESTED = '{"messages":' + "[" * 33 + "]" * 33 + "}"
WRONG = [
    ("", "invalid_json"), ("[]", "invalid_json"), ("{", "invalid_json"), (NESTED, "invalid_json"), ("\xff", "invalid_json"),
    ({}, None), ({"messages": []}, None), ({"messages": "x"}, None), ({"messages": [1]}, None), ({"messages": [{}]}, None),
    ({"messages": [{"role": "king", "content": "x"}]}, "invalid_value"), ({"messages": [{"role": "user", "content": 1}]}, None),
    ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]}, "unsupported_content"),
    ({"messages": [{"role": "user", "content": ["x"]}]}, None),
    ({"messages": [{"role": "tool", "tool_call_id": "a", "content": "x"}]}, "invalid_value"),
    ({"messages": [{"role": "tool", "content": "x"}]}, None),
    ({"messages": [{"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "[1]"}}]}]}, None),
    ({"messages": [{"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "{"}}]}]}, None),
    ({"messages": [{"role": "assistant", "tool_calls": [
        {"id": "a", "function": {"name": "f", "arguments": "{}"}},
        {"id": "a", "function": {"name": "f", "arguments": "{}"}}]}]}, "invalid_value"),
    ({"messages": [{"role": "assistant", "tool_calls": {"id": "a"}}]}, None),
] + [({"messages": [{"role": "user", "content": "x"}], field: value}, code) for field, value, code in [
    ("model", 3, "invalid_type"), ("stream", "yes", "invalid_type"), ("tools", {}, "invalid_type"), ("tools", [1], "invalid_type"),
    ("tools", [{"type": "function"}], None), ("tools", [{"type": "function", "function": {"name": 1}}], "invalid_type"),
    ("tools", [{"type": "function", "function": {"name": "f"}}] * 2, "invalid_value"),
    ("tools", [{"type": "function", "function": {"name": "f", "parameters": "x"}}], "invalid_type"),
    ("tool_choice", "sometimes", "invalid_value"), ("tool_choice", "required", "invalid_value"), ("tool_choice", 1, "invalid_type"),
    ("tool_choice", {"type": "function", "function": {"name": "f"}}, "invalid_value"),
    ("response_format", "json", "invalid_type"), ("response_format", {"type": "xml"}, "invalid_value"),
    ("response_format", {"type": "json_schema"}, None), ("response_format", {"type": "json_schema", "json_schema": {}}, None),
    ("temperature", "warm", "invalid_type"), ("temperature", 3, "invalid_value"), ("temperature", -1, "invalid_value"),
    ("top_p", 2, "invalid_value"), ("max_tokens", 0, "invalid_value"), ("max_tokens", 1.5, "invalid_type"),
    ("max_tokens", 1e300, "invalid_type"), ("max_tokens", "9", "invalid_type"), ("seed", "x", "invalid_type"),
    ("stop", 1, "invalid_type"), ("stop", [1], "invalid_type"), ("stop", ["a"] * 99, "invalid_value"), ("n", 2, "unsupported_value"),
    ("n", 0, "invalid_value"), ("stream_options", 1, "invalid_type"), ("stream_options", {"include_usage": 1}, "invalid_type"),
    ("metadata", "x", "invalid_type"), ("metadata", {"a": 1}, "invalid_type"), ("metadata", {str(i): "" for i in range(17)}, None)]]


@pytest.fixture(scope="module")
def long_lived(tmp_path_factory):
    with ScriptedModel() as model:
        service = Service(tmp_path_factory.mktemp("ide"), model.words)
        service.model = model
        yield service
        service.process.kill()
        service.process.communicate()


@pytest.mark.parametrize("body, code", WRONG, ids=range(len(WRONG)))
def test_what_is_no_request_is_refused_with_the_field_at_fault(long_lived, body, code):
    raw = body.encode("latin-1") if isinstance(body, str) else body
    document = problem(long_lived.call("POST", "/v1/chat/completions", raw), 400, code)
    assert document["error"]["message"] and document["error"]["type"] == "invalid_request_error"
    assert not long_lived.model.requests


@pytest.mark.parametrize("path, body", [
    ("/v1/responses", {}), ("/v1/responses", {"input": 3}), ("/v1/responses", {"input": []}), ("/v1/responses", {"input": [3]}),
    ("/v1/responses", {"input": [{"type": "function_call_output", "call_id": "x", "output": "y"}]}),
    ("/v1/responses", {"input": [{"type": "item_reference", "id": "x"}]}),
    ("/v1/responses", {"input": "x", "background": True}), ("/v1/responses", {"input": "x", "previous_response_id": "resp_1"}),
    ("/v1/responses", {"input": "x", "conversation": "c"}), ("/v1/responses", {"input": "x", "text": {"format": {"type": "x"}}}),
    ("/v1/responses", {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}]}),
    ("/v1/completions", {}), ("/v1/completions", {"prompt": [1, 2]}), ("/v1/completions", {"prompt": ["a", "b"]}),
    ("/v1/completions", {"prompt": "x", "suffix": 1}), ("/v1/completions", {"prompt": "x", "best_of": 3}),
    ("/infill", {"input_prefix": 1}), ("/infill", {"input_extra": "x"}), ("/infill", {"input_extra": [1]}),
    ("/infill", {"n_predict": "x"}), ("/infill", {"n_indent": -3}), ("/infill", {"input_extra": [{"text": 1}]}),
    ("/v1/embeddings", {}), ("/v1/embeddings", {"input": []}), ("/v1/embeddings", {"input": [1, 2]}),
    ("/v1/embeddings", {"input": [[1]]}), ("/v1/embeddings", {"input": ""}), ("/v1/embeddings", {"input": "x", "encoding_format": "hex"})])
def test_the_other_routes_refuse_what_is_no_request(long_lived, path, body):
    problem(long_lived.call("POST", path, body), 400)
    assert not long_lived.model.requests


def test_half_a_request_and_thousands_of_connections_leave_it_unharmed(service):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 12_000), hard))
    try:
        with contextlib.ExitStack() as stack:
            for number in range(min(hard, 10_200) - 200):
                client = stack.enter_context(socket.socket())
                client.settimeout(5)
                with contextlib.suppress(OSError):
                    client.connect(("127.0.0.1", service.port))
                    client.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Le")
                if number % 2000 == 1999:
                    assert service.call("GET", "/healthz", token=None).status == 200
            assert service.chat("say: still here")["choices"][0]["message"]["content"] == "still here"
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert service.stop() == 0


# --- a model that runs here

@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A model with random weights and a real tokenizer that knows gaps."""
    writer = pathlib.Path(os.environ.get("EC_BIN_DIR", ROOT / "build/bin")).parent / "tests/ec_write_model"
    if not writer.exists():
        pytest.skip("built without llama.cpp")
    file = tmp_path_factory.mktemp("model") / "tiny.gguf"
    subprocess.run([writer, file, "tiny-coder"], check=True, timeout=60)
    return file


def test_a_model_that_runs_here_chats_streams_and_is_left_at_once(start, tiny):
    service = start(words=str(tiny))
    answer = service.chat("hello", max_tokens=8, seed=3, temperature=0)
    assert answer["model"] == "tiny" and answer["choices"][0]["finish_reason"] in ("length", "stop")
    assert answer["usage"]["completion_tokens"] > 0
    assert service.chat("hello", max_tokens=8, seed=3, temperature=0)["choices"] == answer["choices"]
    stream = Stream(service, "/v1/chat/completions", {"messages": [{"role": "user", "content": "go on"}], "max_tokens": 3000})
    assert stream.open().headers["x-edgecoder-route"].startswith("local; model=tiny")
    stream.until('"content":"')
    stream.until('"content":"')
    left = time.monotonic()
    stream.close()
    eventually(lambda: service.lane()["state"] == "ready")
    print(f"the model's slot was free {1000 * (time.monotonic() - left):.0f} ms after the client had gone")


# --- the agent

@pytest.fixture
def oracle():
    import fake_model
    import tasks
    with fake_model.FakeModel() as running:
        yield running, next(task for task in tasks.load() if task.test.startswith(tasks.PYTHON))


def project_of(task, folder):
    folder.mkdir()
    task.write(folder)
    return folder


@pytest.mark.parametrize("path, stream", [("/v1/chat/completions", False), ("/v1/chat/completions", True), ("/v1/responses", True)])
def test_the_agent_answers_with_a_tested_patch_and_writes_nothing(start, tmp_path, snapshot, oracle, path, stream):
    server, task = oracle
    project = project_of(task, tmp_path / "project")
    before = snapshot(project)
    service = start("--root", project, words=f"{server.url}#oracle:none")
    turn = {"messages": [{"role": "user", "content": task.text}]} if "chat" in path else {"input": task.text}
    body = {"model": "edgecoder-agent", **turn, "metadata": {"test": task.test}}
    if stream:
        answer = Stream(service, path, body)
        assert answer.open().status == 200
        text = answer.until("[DONE]" if "chat" in path else "event: response.completed")
        assert ("reasoning_content" if "chat" in path else "reasoning_summary_text.delta") in text
    else:
        message = service.ask(path, body, timeout=60)["choices"][0]["message"]
        text = message["content"]
        assert "tests:" in message["reasoning_content"]
    assert "```diff" in text and "+++ b/" in text
    assert snapshot(project) == before


def test_the_agent_writes_when_it_is_told_to(start, tmp_path, oracle):
    server, task = oracle
    project = project_of(task, tmp_path / "project")
    service = start("--root", tmp_path, words=f"{server.url}#oracle:none")
    answer = service.ask("/v1/chat/completions", {"model": "edgecoder-agent", "messages": [{"role": "user", "content": task.text}]},
                         timeout=60, X_Edgecoder_Workspace=str(project), X_Edgecoder_Apply="true", X_Edgecoder_Test=task.test)
    assert "edgecoder undo" in answer["choices"][0]["message"]["content"]
    assert answer["usage"]["completion_tokens"] > 0
    assert subprocess.run(task.test, shell=True, cwd=project, capture_output=True, timeout=60).returncode == 0
    assert service.status()["agent"]["workspaces"][0]["workspace"] == str(project)


def test_the_agent_ends_when_its_client_goes(start, tmp_path, model):
    project = tmp_path / "project"
    project.mkdir()
    (project / "a.py").write_text("x = 1\n")
    service = start("--root", project)
    stream = Stream(service, "/v1/chat/completions", {"model": "edgecoder-agent", **hang()})
    assert stream.open().status == 200
    assert model.hung.wait(20)
    stream.close()
    assert model.left.wait(60)
    eventually(lambda: service.status()["agent"]["workspaces"][0]["state"] == "ready")

def test_the_agent_stays_out_of_folders_that_nobody_opened_to_it(start, tmp_path):
    for name in ("root/inside", "outside"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "root/link").symlink_to(tmp_path / "outside")
    body = {"model": "edgecoder-agent", "messages": [{"role": "user", "content": "say: hi"}]}
    closed = start()
    problem(closed.call("POST", "/v1/chat/completions", body), 403, "no_workspace")
    assert closed.stop() == 0
    service = start("--root", tmp_path / "root")
    for place in (tmp_path / "outside", tmp_path / "root/link", tmp_path / "root/../outside", "/", tmp_path / "roots"):
        problem(service.call("POST", "/v1/chat/completions", body, X_Edgecoder_Workspace=str(place)), 403, "workspace_denied")
    problem(service.call("POST", "/v1/chat/completions", body, X_Edgecoder_Workspace="root"), 400)
    problem(service.call("POST", "/v1/chat/completions", {**body, "metadata": {"workspace": "/"}}), 403)
    problem(service.call("POST", "/v1/chat/completions", {**body, "metadata": {"apply": "maybe"}}), 400)


def test_the_agent_follows_no_link_that_takes_the_place_of_its_folder_while_it_waits(start, tmp_path, model):
    for name, word in (("root/sub", "plain"), ("outside", "unspeakable")):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / f"{word}.py").write_text(f"def {word}():\n    return 1\n")
    service = start("--root", tmp_path / "root")
    there = {"model": "edgecoder-agent", "metadata": {"workspace": str(tmp_path / "root/sub")}}
    first = Stream(service, "/v1/chat/completions", {**there, **hang()})
    assert first.open().status == 200 and model.hung.wait(20)
    second = Stream(service, "/v1/chat/completions", {**there, "messages": [{"role": "user", "content": "say: hi"}]})
    eventually(lambda: service.status()["agent"]["workspaces"][0]["waiting"] == 1)
    (tmp_path / "root/sub").rename(tmp_path / "root/old")
    (tmp_path / "root/sub").symlink_to(tmp_path / "outside")
    first.close()
    assert second.open().status == 403
    assert "plain" in json.dumps(model.requests) and "unspeakable" not in json.dumps(model.requests)


# --- clients that others wrote

@pytest.mark.parametrize("script", ["openai.mjs", "ai_sdk.mjs"])
def test_clients_that_others_wrote_work_with_it(start, clients, script, request):
    writer = pathlib.Path(os.environ.get("EC_BIN_DIR", ROOT / "build/bin")).parent / "tests/ec_write_model"
    embeds = request.getfixturevalue("tiny") if writer.exists() else ""
    service = start(config=f'[model]\nembeddings = "{embeds}"\n' if embeds else "")
    done = clients(script, env={"BASE": service.url + "/v1", "TOKEN": service.token, "MODEL": "scripted",
                                "EMBEDS": "tiny" if embeds else ""})
    print(done.out)
    assert done.status == 0, done.out + done.err


def test_gaps_are_filled_while_an_answer_is_under_way_by_the_same_process(start, tiny):
    service = start(words=str(tiny))
    service.ask("/infill", {"input_prefix": "x = f(", "input_suffix": ")\n", "n_predict": 4})  # loaded for both lanes
    service.chat("hi", max_tokens=2)
    stream = Stream(service, "/v1/chat/completions", {"messages": [{"role": "user", "content": "go on"}], "max_tokens": 3000})
    stream.open()
    stream.until('"content":"')
    begun = time.monotonic()
    gap = service.ask("/infill", {"input_prefix": "x = f(", "input_suffix": ")\n", "n_predict": 8, "temperature": 0})
    print(f"a gap of {gap['tokens_predicted']} tokens took {1000 * (time.monotonic() - begun):.0f} ms beside an answer")
    assert service.lane("chat")["state"] == "busy"
    assert gap["tokens_predicted"] >= 1 and "\n" not in gap["content"]
    children = pathlib.Path(f"/proc/{service.process.pid}/task").glob("*/children")
    assert sum(len(child.read_text().split()) for child in children) == 1
    stream.close()


def test_vectors_are_made_here_and_the_same_text_has_the_same(start, tiny):
    service = start(config=f'[model]\nembeddings = "{tiny}"\n')
    body = service.ask("/v1/embeddings", {"input": ["one", "two", "one"]})
    vectors = [entry["embedding"] for entry in body["data"]]
    assert vectors[0] == vectors[2] != vectors[1] and body["model"] == "tiny"
    assert [entry["index"] for entry in body["data"]] == [0, 1, 2] and body["usage"]["prompt_tokens"] > 0
    assert abs(sum(number * number for number in vectors[0]) - 1) < 1e-3
    problem(service.call("POST", "/v1/embeddings", {"model": "scripted", "input": "x"}), 400, "unsupported_model")
