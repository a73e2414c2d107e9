"""`edgecoder acp`: the protocol's own client drives the program, and bytes of our own that no client would send."""

import json
import os
import pathlib
import select
import signal
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/fakes"))

import fake_model  # noqa: E402
import tasks  # noqa: E402

BIN = pathlib.Path(os.environ.get("EC_BIN_DIR", ROOT / "build/bin"))
LIMIT = 60
SECRET = "gh" + "p_" + "Zk3vQ9xTb7LmW2rYc8HdN5sJf4Gp6AqE1uVo"
CASES = 24  # no fewer than tests/clients/acp.mjs takes projects


@pytest.fixture
def server():
    with fake_model.FakeModel() as running:
        yield running


@pytest.fixture
def environment(tmp_path):
    (tmp_path / "home").mkdir()
    return {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path / "home"), "LANG": "C.UTF-8",
            "EDGECODER_DATA_DIR": str(tmp_path / "data")}


def test_the_protocols_own_client_works_with_it(clients, server, environment, tmp_path):
    task = next((task for task in tasks.load() if task.id.startswith("humaneval") and "pytest" in task.test), None)
    if task is None:
        pytest.skip("the shared tasks are not here")
    projects = []
    for number in range(CASES):
        root = tmp_path / f"project{number}"
        task.write(root)
        path = next(iter(task.reference))
        projects.append({"root": str(root), "text": task.text, "test": task.test, "path": path,
                         "tests": next(name for name in task.files if name.startswith("test_")),
                         "module": path[:-3].replace("/", ".")})
    given = {"program": str(BIN / "edgecoder"), "model": server.url, "secret": SECRET, "projects": projects}
    done = clients("acp.mjs", env={**environment, "EC_ACP": json.dumps(given)}, timeout=400)
    assert done.status == 0, done.out + done.err
    assert server.model_calls() and not any(SECRET in entry["body"] for entry in server.requests)


class Connection:
    """Lines to the program and from it, as bytes."""

    def __init__(self, environment, *arguments):
        self.process = subprocess.Popen([BIN / "edgecoder", "acp", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env=environment)
        self.buffer = b""

    def send(self, data):
        self.process.stdin.write(data if isinstance(data, bytes) else json.dumps({"jsonrpc": "2.0", **data}).encode() + b"\n")
        self.process.stdin.flush()

    def message(self):
        deadline = time.monotonic() + LIMIT
        while b"\n" not in self.buffer:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))
            assert ready, "nothing came"
            got = os.read(self.process.stdout.fileno(), 1 << 16)
            assert got, f"it ended: {self.process.wait()} {self.process.stderr.read()}"
            self.buffer += got
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def answer(self, number):
        """The answer to a request; what comes before it is nobody's here."""
        while True:
            message = self.message()
            if message.get("id") == number and "method" not in message:
                return message

    def ask(self, number, method, params):
        self.send({"id": number, "method": method, "params": params})
        return self.answer(number)

    def hello(self, **capabilities):
        return self.ask(0, "initialize", {"protocolVersion": 1, "clientCapabilities": capabilities})


@pytest.fixture
def connect(environment):
    made = []

    def start(*arguments):
        made.append(Connection(environment, *(arguments or ("--model", "none"))))
        return made[-1]

    yield start
    for connection in made:
        connection.process.kill()
        connection.process.wait()
        for stream in (connection.process.stdin, connection.process.stdout, connection.process.stderr):
            stream.close()


@pytest.fixture
def project(tmp_path):
    (tmp_path / "project").mkdir()
    (tmp_path / "project/calc.py").write_text("def add(a, b):\n    return a + b\n")
    return tmp_path / "project"


@pytest.mark.parametrize("line, code", [
    (b"garbage\n", -32700), (b"{\"jsonrpc\":\"2.0\",\"id\":1,\n", -32700), (b"\xff\xfe\n", -32700), (b"[]\n", -32600),
    (b"{\"id\":1,\"method\":\"initialize\"}\n", -32600), (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"params\":[1]}\n", -32600),
    (b"[" * 100_000 + b"\n", -32700),
])
def test_a_line_that_is_no_message_is_refused_and_the_next_one_is_served(connect, line, code):
    it = connect()
    it.send(line)
    assert it.message()["error"]["code"] == code
    assert it.hello()["result"]["protocolVersion"] == 1


@pytest.mark.parametrize("version", [0, 1, 2, 65535])
def test_whatever_version_is_asked_for_the_one_it_speaks_is_named(connect, version):
    it = connect()
    assert it.ask(1, "initialize", {"protocolVersion": version})["result"]["protocolVersion"] == 1


def test_nothing_is_done_before_the_handshake_and_it_is_done_once(connect, project):
    it = connect()
    assert it.ask(1, "session/new", {"cwd": str(project), "mcpServers": []})["error"]["code"] == -32600
    it.hello()
    assert it.ask(2, "initialize", {"protocolVersion": 1})["error"]["code"] == -32600


WRONG = [
    ("initialize", {}, "protocolVersion"), ("initialize", {"protocolVersion": "1"}, "protocolVersion"),
    ("session/new", {"mcpServers": []}, "cwd"), ("session/new", {"cwd": "relative", "mcpServers": []}, "cwd"),
    ("session/new", {"cwd": "/nowhere/at/all", "mcpServers": []}, "cwd"), ("session/new", {"cwd": "/", "mcpServers": []}, "cwd"),
    ("session/new", {"cwd": 7, "mcpServers": []}, "cwd"), ("session/new", {"cwd": "PROJECT"}, "mcpServers"),
    ("session/new", {"cwd": "PROJECT", "mcpServers": [{"name": "x"}]}, "mcpServers[0].command"),
    ("session/new", {"cwd": "PROJECT", "mcpServers": [], "additionalDirectories": ["/tmp"]}, "additionalDirectories"),
    ("session/prompt", {"sessionId": "SESSION"}, "prompt"), ("session/prompt", {"prompt": []}, "sessionId"),
    ("session/prompt", {"sessionId": "SESSION", "prompt": []}, "prompt"),
    ("session/prompt", {"sessionId": "SESSION", "prompt": ["text"]}, "prompt[0]"),
    ("session/prompt", {"sessionId": "SESSION", "prompt": [{"type": "text", "text": 1}]}, "prompt[0].text"),
    ("session/prompt", {"sessionId": "SESSION", "prompt": [{"type": "image", "data": "", "mimeType": "image/png"}]}, "prompt[0].type"),
    ("session/set_mode", {"sessionId": "SESSION", "modeId": "root"}, "modeId"),
    ("session/set_config_option", {"sessionId": "SESSION", "configId": "x", "value": "y"}, "configId"),
    ("session/list", {"cursor": "-1"}, "cursor"), ("authenticate", {"methodId": "x"}, "methodId"),
]


@pytest.mark.parametrize("method, params, field", WRONG)
def test_wrong_parameters_are_named(connect, project, method, params, field):
    it = connect()
    session = ""
    if method != "initialize":
        it.hello()
        session = it.ask(1, "session/new", {"cwd": str(project), "mcpServers": []})["result"]["sessionId"]
    text = json.dumps(params).replace("PROJECT", str(project)).replace("SESSION", session)
    error = it.ask(2, method, json.loads(text))["error"]
    assert (error["code"], error["data"]["field"]) == (-32602, field)


def test_unknown_methods_and_sessions_are_said_to_be(connect, project):
    it = connect()
    it.hello()
    assert it.ask(1, "session/fly", {})["error"]["code"] == -32601
    assert it.ask(2, "session/prompt", {"sessionId": "x", "prompt": []})["error"]["code"] == -32002
    assert it.ask(3, "session/load", {"sessionId": "x", "cwd": str(project), "mcpServers": []})["error"]["code"] == -32002
    assert it.ask(4, "session/load", {"sessionId": "../../x", "cwd": str(project), "mcpServers": []})["error"]["code"] == -32002
    it.send({"method": "session/cancel", "params": {"sessionId": "x"}})
    it.send({"method": "session/cancel", "params": {"sessionId": 7}})
    it.send({"method": "$/cancel_request", "params": {"requestId": None}})
    it.send({"method": "$/of_the_future", "params": {}})
    assert it.ask(5, "session/list", {})["result"] == {"sessions": []}


def test_the_editors_servers_are_told_not_to_be_used(connect, project):
    it = connect()
    it.hello(session={"notices": {}})
    it.send({"id": 1, "method": "session/new", "params": {"cwd": str(project), "mcpServers": [
        {"name": "clock", "command": "/bin/false", "args": [], "env": []},
        {"type": "http", "name": "web", "url": "http://127.0.0.1:1/", "headers": []}]}})
    assert "result" in it.answer(1)
    while (update := it.message()["params"]["update"])["sessionUpdate"] != "notice":
        pass
    assert "clock, web" in update["title"] and "are not used" in update["title"] and "config.toml" in update["title"]


def test_a_line_longer_than_32_mib_ends_the_connection_with_a_reason(connect):
    it = connect()
    it.hello()
    piece = b"x" * (1 << 20)
    with pytest.raises(BrokenPipeError):
        for _ in range(64):
            it.send(piece)
    assert it.process.wait(LIMIT) == 3
    assert b"longer than we take" in it.process.stderr.read()


def test_thirty_three_sessions_are_one_too_many(connect, project):
    it = connect()
    it.hello()
    for number in range(32):
        assert "result" in it.ask(number + 1, "session/new", {"cwd": str(project), "mcpServers": []})
    last = it.ask(99, "session/new", {"cwd": str(project), "mcpServers": []})
    assert last["error"]["code"] == -32600 and "close one" in last["error"]["message"]


def test_an_editor_that_no_longer_reads_is_not_served_in_silence(connect):
    it = connect()
    it.hello()
    it.process.stdout.close()
    it.send({"id": 1, "method": "session/list", "params": {}})
    assert it.process.wait(LIMIT) == 3
    assert b"stopped reading" in it.process.stderr.read()


def test_an_editor_that_never_reads_does_not_keep_the_program_from_ending(connect):
    it = connect()
    it.hello()
    line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "session/fly", "params": {}}).encode() + b"\n"
    while select.select([], [it.process.stdin], [], 1)[1]:
        os.write(it.process.stdin.fileno(), line)  # until it waits for us, and we would for it
    began = time.monotonic()
    it.process.terminate()
    assert it.process.wait(LIMIT) == 130
    assert time.monotonic() - began < 20


def test_a_session_is_not_loaded_while_it_is_being_closed(connect, project):
    it = connect()
    it.hello()
    session = it.ask(1, "session/new", {"cwd": str(project), "mcpServers": []})["result"]["sessionId"]
    mark = f"ec-acp-closing-{os.getpid()}"
    it.send({"id": 2, "method": "session/prompt", "params": {"sessionId": session, "prompt": [
        {"type": "text", "text": f"/test sh -c 'sleep 50; echo {mark}'"}]}})
    until(lambda: len(processes_with(mark)) > 0)
    again = {"sessionId": session, "cwd": str(project), "mcpServers": []}
    # In one piece: the sandbox takes longer to stop than the second line to be read.
    it.send(b"".join(json.dumps({"jsonrpc": "2.0", **request}).encode() + b"\n" for request in (
        {"id": 3, "method": "session/close", "params": {"sessionId": session}},
        {"id": 4, "method": "session/load", "params": again})))
    assert "still being closed" in it.answer(4)["error"]["message"]


def test_logs_and_everything_else_stay_off_standard_output(environment, project):
    requests = [{"id": 0, "method": "initialize", "params": {"protocolVersion": 1}}, {"id": 1, "method": "nothing"}]
    lines = "".join(json.dumps({"jsonrpc": "2.0", **request}) + "\n" for request in requests)
    done = subprocess.run([BIN / "edgecoder", "acp", "--model", "none"], input=lines + "trailing garbage without an end",
                          text=True, capture_output=True, env=environment, timeout=LIMIT)
    assert done.returncode == 0
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [0, 1]


@pytest.mark.parametrize("words, status", [(["--approach", "magic"], 2), (["--approve", "../x"], 2), (["extra"], 2)])
def test_wrong_options_are_refused_before_anything_is_read(environment, words, status):
    done = subprocess.run([BIN / "edgecoder", "acp", *words], stdin=subprocess.DEVNULL, capture_output=True, env=environment)
    assert done.returncode == status and done.stdout == b"" and done.stderr != b""


def processes_with(mark):
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            pass
    return found


def until(holds):
    deadline = time.monotonic() + LIMIT
    while not holds():
        assert time.monotonic() < deadline
        select.select([], [], [], 0.02)


@pytest.mark.parametrize("end", ["close", "kill", "terminate"])
def test_an_editor_that_dies_takes_the_program_and_its_sandbox_with_it(connect, project, end):
    mark = f"ec-acp-mark-{os.getpid()}-{end}"
    it = connect()
    it.hello()
    session = it.ask(1, "session/new", {"cwd": str(project), "mcpServers": []})["result"]["sessionId"]
    it.send({"id": 2, "method": "session/prompt", "params": {"sessionId": session, "prompt": [
        {"type": "text", "text": f"/test sh -c 'sleep 50; echo {mark}'"}]}})
    until(lambda: len(processes_with(mark)) > 0)
    if end == "close":
        it.process.stdin.close()
        it.process.stdout.close()
    else:
        it.process.send_signal(signal.SIGKILL if end == "kill" else signal.SIGTERM)
    it.process.wait(LIMIT)
    until(lambda: processes_with(mark) == [])
    if end == "close":
        it.process.stdin, it.process.stdout = open(os.devnull, "rb"), open(os.devnull, "rb")
