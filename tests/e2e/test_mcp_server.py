"""`edgecoder mcp` from outside: clients that others wrote, and those who mean harm."""

import base64
import hashlib
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import stat
import subprocess
import threading
import time
import urllib.parse

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("EC_BIN_DIR", ROOT / "build/bin"))
PROGRAM = BIN / "edgecoder"
CONFORMANCE_PROGRAM = BIN.parent / "tests/ec_mcp_conformance_program"
CONFORMANCE = "node_modules/@modelcontextprotocol/conformance/dist/index.js"
INSPECTOR = "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js"
PYTEST = "/usr/bin/python3 -m pytest -q -p no:cacheprovider"
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
BOTH = "application/json, text/event-stream"
VERIFIER = "a" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
BACK = "http://127.0.0.1:9/callback"


class Server:
    """A process that prints `ready mcp URL`, with the lines of its stderr as they come."""

    def __init__(self, data, *command):
        self.data = data
        self.process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True,
                                        env={**os.environ, "EDGECODER_DATA_DIR": str(data)})
        line = self.process.stdout.readline()
        assert re.match(r"ready mcp http://127\.0\.0\.1:\d+/mcp$", line), line
        self.url = line.split()[2]
        self.port = urllib.parse.urlsplit(self.url).port
        self.origin = f"http://127.0.0.1:{self.port}"
        self.lines = []
        self.news = threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        for line in self.process.stderr:
            with self.news:
                self.lines.append(line)
                self.news.notify_all()

    def code(self, number):
        """The code of the number-th client that asked to be let in."""

        def codes():
            return re.findall(r"type this code on its page: (\S+)", "".join(self.lines))

        with self.news:
            assert self.news.wait_for(lambda: len(codes()) >= number, timeout=60)
            return codes()[number - 1]

    @property
    def token(self):
        return (self.data / "secrets/mcp-token").read_text().strip()

    def call(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        response.text = response.read().decode()
        connection.close()
        return response

    def rpc(self, message, token=None, session=None, **headers):
        if session:
            headers["Mcp_Session_Id"] = session
        if token != "":
            headers["Authorization"] = f"Bearer {token or self.token}"
        headers.setdefault("Accept", BOTH)
        return self.call("POST", "/mcp", {"jsonrpc": "2.0", **message}, **headers)

    def open(self, token=None):
        response = self.rpc({"id": 1, "method": "initialize", "params": HELLO}, token)
        assert response.status == 200, response.text
        return response.headers["Mcp-Session-Id"]

    def register(self, *redirects, **more):
        body = {"client_name": "a client", "redirect_uris": list(redirects or (BACK,)), **more}
        response = self.call("POST", "/register", body)
        return json.loads(response.text)["client_id"] if response.status == 201 else response

    def ask(self, client, **more):
        query = {"response_type": "code", "client_id": client, "redirect_uri": BACK, "state": "s",
                 "code_challenge": CHALLENGE, "code_challenge_method": "S256", "resource": self.url, **more}
        return self.call("GET", "/authorize?" + urllib.parse.urlencode({k: v for k, v in query.items() if v is not None}))

    def form(self, path, fields, **headers):
        return self.call("POST", path, urllib.parse.urlencode(fields),
                         **{"Content_Type": "application/x-www-form-urlencoded", **headers})

    def let_in(self, client, number=1, **more):
        request = re.search(r'name="request" value="([0-9a-f]+)"', self.ask(client, **more).text)[1]
        answer = self.form("/authorize", {"request": request, "code": self.code(number), "decision": "allow"})
        assert answer.status == 303, answer.text
        return urllib.parse.parse_qs(urllib.parse.urlsplit(answer.headers["Location"]).query)["code"][0]

    def redeem(self, client, code, **more):
        return self.form("/token", {"grant_type": "authorization_code", "client_id": client, "code": code,
                                    "redirect_uri": BACK, "code_verifier": VERIFIER, **more})

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)
        return self.process.returncode


@pytest.fixture
def project(sample):
    return sample("broken-python")


@pytest.fixture
def serve(tmp_path, project):
    running = []

    def start(*more):
        running.append(Server(tmp_path / "data", PROGRAM, "mcp", "--listen", "127.0.0.1:0", "--root", project, *more))
        return running[-1]

    yield start
    for server in running:
        server.stop()


@pytest.fixture
def server(serve):
    return serve()


def test_the_sdks_client_uses_every_tool_over_a_pipe_over_http_and_with_oauth(clients, project, tmp_path):
    done = clients("mcp_server.mjs", timeout=600,
                   env={"EC_PROGRAM": str(PROGRAM), "EC_PROJECT": str(project), "EC_TEST": PYTEST,
                        "EDGECODER_DATA_DIR": str(tmp_path / "data")})
    assert done.status == 0, done.out + done.err


def test_the_client_of_the_revision_without_sessions_uses_the_tools_over_a_pipe_and_over_http(clients, project, tmp_path):
    done = clients("mcp_stateless.mjs", timeout=600,
                   env={"EC_PROGRAM": str(PROGRAM), "EC_PROJECT": str(project), "EC_TEST": PYTEST,
                        "EDGECODER_DATA_DIR": str(tmp_path / "data")})
    assert done.status == 0, done.out + done.err


def inspect(clients, *words, home):
    done = clients(INSPECTOR, "--cli", *words, timeout=120, env={"HOME": str(home)})
    assert done.status == 0, done.out + done.err
    return json.loads(done.out)


def test_the_inspector_lists_and_calls_tools_over_a_pipe_and_over_http(clients, server, project, tmp_path):
    over_pipe = ["--", PROGRAM, "mcp", "--root", project]
    over_http = ["--transport", "http", "--header", f"Authorization: Bearer {server.token}", "--", server.url]
    for target in (over_pipe, over_http):
        listed = inspect(clients, "--method", "tools/list", "--strict", *target, home=tmp_path)
        assert {tool["name"] for tool in listed["tools"]} == {"run_in_sandbox", "fix_failing_tests", "search_code",
                                                              "review_queue"}
        ran = inspect(clients, "--method", "tools/call", "--tool-name", "run_in_sandbox", "--tool-arg",
                      "command=echo hello", *target, home=tmp_path)
        assert ran["structuredContent"]["stdout"] == "hello\n"


def test_all_conformance_scenarios_of_servers_pass(clients, tmp_path):
    server = Server(tmp_path / "data", CONFORMANCE_PROGRAM)
    try:
        done = clients(CONFORMANCE, "server", "--url", server.url, "--suite", "all", "-o", tmp_path / "results",
                       timeout=300, cwd=tmp_path)
    finally:
        assert server.stop() == 0
    assert done.status == 0, done.out + done.err
    assert "32 scenarios" in done.out or done.out.count("=== Running scenario") == 32, done.out
    checks = [check for file in (tmp_path / "results").rglob("checks.json") for check in json.loads(file.read_text())]
    assert len(checks) >= 40
    assert [check for check in checks if check["status"] in ("FAILURE", "WARNING")] == []


def test_the_token_is_kept_for_its_owner_alone_and_never_printed(server):
    file = server.data / "secrets/mcp-token"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    server.open()
    assert server.stop() == 0
    assert server.token not in "".join(server.lines)


def test_who_has_no_token_is_told_where_to_get_one(server):
    for token in ("", "wrong", server.token[:-1] + "x", server.token + "x"):
        for method, body in (("POST", "{}"), ("GET", None), ("DELETE", None)):
            headers = {"Accept": BOTH, "Content_Type": "application/json"}
            if token:
                headers["Authorization"] = f"Bearer {token}"
            response = server.call(method, "/mcp", body, **headers)
            assert response.status == 401
            challenge = response.headers["WWW-Authenticate"]
            where = re.search(r'resource_metadata="([^"]+)"', challenge)[1]
    resource = json.loads(server.call("GET", urllib.parse.urlsplit(where).path).text)
    assert resource["resource"] == server.url and resource["authorization_servers"] == [server.origin]
    metadata = json.loads(server.call("GET", "/.well-known/oauth-authorization-server").text)
    assert metadata["issuer"] == server.origin and metadata["code_challenge_methods_supported"] == ["S256"]


def test_pages_of_other_origins_and_other_host_names_get_nowhere(server):
    session = server.open()
    for origin in ("http://evil.example", "null", "http://localhost:1", f"https://127.0.0.1:{server.port}"):
        assert server.rpc({"id": 1, "method": "ping"}, session=session, Origin=origin).status == 403
        assert server.call("POST", "/register", {"redirect_uris": [BACK]}, Origin=origin).status == 403
        assert server.form("/token", {}, Origin=origin).status == 403
        assert server.form("/authorize", {}, Origin=origin).status == 403
    for path in ("/mcp", "/authorize?client_id=x"):
        assert server.call("GET", path, Sec_Fetch_Site="cross-site", Accept=BOTH).status == 403
    for path in ("/mcp", "/authorize", "/.well-known/oauth-protected-resource", "/token"):
        for host in ("evil.example", f"evil.example:{server.port}", f"127.0.0.1.evil.example:{server.port}"):
            assert server.call("GET", path, Host=host).status == 421
    for method in ("OPTIONS", "POST"):
        response = server.call(method, "/mcp", Origin=server.origin, Access_Control_Request_Method="POST")
        assert "Access-Control-Allow-Origin" not in response.headers
    assert server.rpc({"id": 1, "method": "ping"}, session=session, Origin=server.origin).status == 200


def test_a_session_belongs_to_whoever_opened_it(server):
    mine = server.open()
    client = server.register()
    tokens = json.loads(server.redeem(client, server.let_in(client)).text)
    theirs = server.open(tokens["access_token"])
    ping = {"id": 2, "method": "ping"}
    assert server.rpc(ping, tokens["access_token"], theirs).status == 200
    assert server.rpc(ping, tokens["access_token"], mine).status == 404
    assert server.rpc(ping, session=theirs).status == 404
    for method in ("GET", "DELETE"):
        assert server.call(method, "/mcp", Authorization=f"Bearer {server.token}", Accept=BOTH,
                           Mcp_Session_Id=theirs).status == 404
    assert server.rpc(ping, tokens["access_token"], theirs).status == 200
    assert server.rpc(ping, session="0" * 64).status == 404
    assert server.rpc(ping, session="../../x").status == 404
    assert server.rpc(ping).status == 400
    assert server.call("DELETE", "/mcp", Authorization=f"Bearer {server.token}", Mcp_Session_Id=mine).status == 204
    assert server.rpc(ping, session=mine).status == 404


def test_what_is_no_message_is_refused_and_harms_nobody(server):
    session = server.open()
    headers = {"Authorization": f"Bearer {server.token}", "Accept": BOTH, "Mcp_Session_Id": session,
               "Content_Type": "application/json"}
    for body in ("", "{", "[]", "null", "7", '"x"', "{}", '{"jsonrpc":"1.0","id":1,"method":"ping"}', "\x00",
                 '{"jsonrpc":"2.0","id":{},"method":"ping"}', '{"jsonrpc":"2.0","id":1,"method":7}',
                 '[{"jsonrpc":"2.0","id":1,"method":"ping"}]', '{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}',
                 "[" * 100000, '{"jsonrpc":"2.0","result":1}'):
        response = server.call("POST", "/mcp", body, **headers)
        assert response.status == 400, body[:80]
        assert json.loads(response.text)["error"]["code"] in (-32700, -32600), body[:80]
    assert server.call("POST", "/mcp", "{}", **{**headers, "Content_Type": "text/plain"}).status == 415
    assert server.call("POST", "/mcp", "{}", **{**headers, "Accept": "application/json"}).status == 406
    assert server.call("GET", "/mcp", **{**headers, "Accept": "application/json"}).status == 406
    assert server.rpc({"id": 1, "method": "ping"}, session=session, MCP_Protocol_Version="1999-01-01").status == 400
    for event in ("x", "1", "-", "99-1", "18446744073709551616-1"):
        assert server.call("GET", "/mcp", **{**headers, "Last_Event_ID": event}).status == 400, event
    assert server.rpc({"method": "notifications/initialized"}, session=session).status == 202
    assert server.rpc({"method": "notifications/cancelled", "params": {"requestId": []}}, session=session).status == 202
    assert server.rpc({"id": 5, "result": {}}, session=session).status == 202
    assert server.rpc({"id": 1, "method": "ping"}, session=session).status == 200


def test_a_huge_body_and_half_a_request_are_refused(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as raw:
        raw.sendall(f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Type: application/json\r\n"
                    f"Authorization: Bearer {server.token}\r\nContent-Length: 100000000\r\n\r\n".encode())
        assert b" 413 " in raw.recv(65536).split(b"\r\n")[0]
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as raw:
        raw.sendall(b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Le")
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as raw:
        raw.sendall(b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n")
        assert b" 401 " in raw.recv(65536).split(b"\r\n")[0]  # by its head, not a byte of the body was sent
    server.open()


def test_sessions_are_bounded_and_the_oldest_gives_way(server):
    first = server.open()
    for _ in range(40):
        last = server.open()
    assert server.rpc({"id": 1, "method": "ping"}, session=first).status == 404
    assert server.rpc({"id": 1, "method": "ping"}, session=last).status == 200


def test_redirect_addresses_are_this_machines_or_https_and_match_to_the_letter(server):
    for bad in ("http://evil.example/", "javascript:alert(1)", "http://127.0.0.1@evil.example/", "https://x/#frag",
                "http://127.0.0.1.evil.example/", "data:text/html,x", "", "https://x y/", 7):
        assert server.register(bad).status == 400, bad
    assert server.call("POST", "/register", {"redirect_uris": []}).status == 400
    assert server.call("POST", "/register", {"redirect_uris": [BACK] * 9}).status == 400
    assert server.call("POST", "/register", []).status == 400
    client = server.register(BACK, "https://app.example/back")
    for near in (BACK + "/", BACK + "?x=1", BACK.upper(), "http://127.0.0.1:10/callback", "http://127.0.0.1/callback",
                 "https://evil.example/", BACK + "%2F..", None):
        refused = server.ask(client, redirect_uri=near)
        assert refused.status == 400 and "Location" not in refused.headers, near
    assert server.ask("nobody").status == 400
    assert server.ask(client, redirect_uri="https://app.example/back").status == 200
    twice = server.call("GET", f"/authorize?client_id={client}&redirect_uri={urllib.parse.quote(BACK, '')}"
                               f"&redirect_uri=https://evil.example/")
    assert twice.status == 400


def test_what_a_client_asks_wrongly_goes_back_to_it_and_pkce_cannot_be_left_out(server):
    client = server.register()
    for change, error in (({"code_challenge": None}, "invalid_request"),
                          ({"code_challenge_method": "plain"}, "invalid_request"),
                          ({"code_challenge_method": None}, "invalid_request"),
                          ({"code_challenge": "short"}, "invalid_request"),
                          ({"response_type": "token"}, "unsupported_response_type"),
                          ({"resource": "http://127.0.0.1:1/mcp"}, "invalid_target"),
                          ({"resource": server.origin}, "invalid_target"),
                          ({"scope": "mcp:read everything"}, "invalid_scope"),
                          ({"scope": "mcp:apply"}, "invalid_scope")):
        answer = server.ask(client, **change)
        assert answer.status == 303
        back = urllib.parse.urlsplit(answer.headers["Location"])
        query = urllib.parse.parse_qs(back.query)
        assert f"{back.scheme}://{back.netloc}{back.path}" == BACK
        assert query["error"] == [error] and query["state"] == ["s"] and "code" not in query, change


def test_the_page_takes_the_code_or_the_token_and_nothing_else(server):
    client = server.register(client_name="<script>alert(1)</script>\r\nX: y")
    page = server.ask(client)
    assert "<script" not in page.text and "&lt;script&gt;" in page.text
    assert page.headers["X-Frame-Options"] == "DENY" and "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert "form-action 'self' http://127.0.0.1:9;" in page.headers["Content-Security-Policy"]
    request = re.search(r'name="request" value="([0-9a-f]+)"', page.text)[1]
    assert server.code(1) not in page.text and server.token not in page.text
    for _ in range(4):
        wrong = server.form("/authorize", {"request": request, "code": "00000-00000", "decision": "allow"})
        assert wrong.status == 403 and "not the code" in wrong.text
    assert server.form("/authorize", {"request": request, "code": "", "decision": "allow"}).status == 404
    assert server.form("/authorize", {"request": request, "code": server.code(1), "decision": "allow"}).status == 404

    request = re.search(r'name="request" value="([0-9a-f]+)"', server.ask(client).text)[1]
    denied = server.form("/authorize", {"request": request, "code": server.code(2), "decision": "deny"})
    assert denied.status == 303 and "error=access_denied" in denied.headers["Location"]
    assert server.form("/authorize", {"request": request, "code": server.code(2), "decision": "allow"}).status == 404

    request = re.search(r'name="request" value="([0-9a-f]+)"', server.ask(client).text)[1]
    allowed = server.form("/authorize", {"request": request, "code": server.token, "decision": "allow"})
    assert allowed.status == 303 and "code=" in allowed.headers["Location"]


def test_a_code_that_is_used_twice_ends_what_came_of_it(server):
    client = server.register()
    code = server.let_in(client)
    tokens = json.loads(server.redeem(client, code).text)
    assert tokens["token_type"] == "Bearer" and tokens["expires_in"] == 900
    server.open(tokens["access_token"])
    again = server.redeem(client, code)
    assert again.status == 400 and json.loads(again.text)["error"] == "invalid_grant"
    assert server.rpc({"id": 1, "method": "initialize", "params": HELLO}, tokens["access_token"]).status == 401
    spent = server.form("/token", {"grant_type": "refresh_token", "client_id": client,
                                   "refresh_token": tokens["refresh_token"]})
    assert json.loads(spent.text)["error"] == "invalid_grant"


def test_a_code_is_of_no_use_without_its_verifier_its_client_and_its_address(server):
    client, other = server.register(), server.register()
    for number, (who, change) in enumerate(((client, {"code_verifier": "b" * 43}), (client, {"code_verifier": ""}),
                                            (client, {"code_verifier": CHALLENGE}),
                                            (client, {"redirect_uri": BACK + "/"}), (other, {})), 1):
        code = server.let_in(client, number)
        assert json.loads(server.redeem(who, code, **change).text)["error"] == "invalid_grant", change
        assert server.redeem(client, code).status == 400
    assert json.loads(server.redeem("nobody", "x").text)["error"] == "invalid_client"
    assert json.loads(server.redeem(client, "x", grant_type="password").text)["error"] == "unsupported_grant_type"


def test_a_token_that_was_revoked_or_was_another_servers_opens_nothing(server, serve):
    client = server.register()
    tokens = json.loads(server.redeem(client, server.let_in(client)).text)
    assert server.form("/revoke", {"token": tokens["access_token"], "client_id": "nobody"}).status == 200
    session = server.open(tokens["access_token"])
    assert server.form("/revoke", {"token": tokens["refresh_token"], "client_id": client}).status == 200
    assert server.rpc({"id": 1, "method": "ping"}, tokens["access_token"], session).status == 401
    tokens = json.loads(server.redeem(client, server.let_in(client, 2)).text)
    another = serve()
    assert another.rpc({"id": 1, "method": "initialize", "params": HELLO}, tokens["access_token"]).status == 401


def test_a_client_that_loses_its_connection_comes_back_for_the_rest(server):
    session = server.open()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    headers = {"Authorization": f"Bearer {server.token}", "Accept": BOTH, "Mcp-Session-Id": session,
               "Content-Type": "application/json"}
    call = {"jsonrpc": "2.0", "id": 7, "method": "tools/call",
            "params": {"name": "run_in_sandbox", "arguments": {"command": "sleep 1; echo late"}}}
    connection.request("POST", "/mcp", json.dumps(call), headers)
    response = connection.getresponse()
    assert response.headers["Content-Type"] == "text/event-stream"
    first = response.readline().decode()
    assert re.match(r"id: \d+-0$", first), first
    connection.sock.close()
    connection.close()
    rest = server.call("GET", "/mcp", Authorization=f"Bearer {server.token}", Accept=BOTH, Mcp_Session_Id=session,
                       Last_Event_ID=first.removeprefix("id: ").strip())
    assert '"stdout":"late\\n"' in rest.text and '"id":7' in rest.text


def sleeping_call(number, **meta):
    return {"jsonrpc": "2.0", "id": number, "method": "tools/call",
            "params": {"name": "run_in_sandbox", "arguments": {"command": "sleep 300", "timeout_s": 400}, **meta}}


def begin(server, call, **headers):
    """Sends a call and waits until its stream has begun."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("POST", "/mcp", json.dumps(call),
                       {"Authorization": f"Bearer {server.token}", "Accept": BOTH, "Content-Type": "application/json",
                        **headers})
    response = connection.getresponse()
    assert response.status == 200 and response.headers["Content-Type"] == "text/event-stream"
    return connection, response


def finds_room(server, session):
    """Whether a call is taken, before the calls that hold the places would end by themselves."""
    deadline, number = time.monotonic() + 60, 1000
    while time.monotonic() < deadline:
        number += 1
        call = {"id": number, "method": "tools/call",
                "params": {"name": "run_in_sandbox", "arguments": {"command": "echo room"}}}
        text = server.rpc(call, session=session).text
        if '"stdout":"room' in text:
            return True
        assert "too many calls" in text, text
        time.sleep(0.1)  # between two looks; the rate of a client is limited
    return False


def test_calls_are_bounded_and_those_that_are_given_up_make_room(server):
    session = server.open()
    held = [begin(server, sleeping_call(number), **{"Mcp-Session-Id": session}) for number in range(16)]
    busy = server.rpc({"id": 99, "method": "tools/call",
                       "params": {"name": "search_code", "arguments": {"query": "fee"}}}, session=session)
    assert "too many calls" in busy.text
    for number in range(16):
        server.rpc({"method": "notifications/cancelled", "params": {"requestId": number}}, session=session)
    for connection, response in held:
        assert '"result"' not in response.read().decode()
        connection.close()
    assert finds_room(server, session)


def test_a_client_without_a_session_that_vanishes_frees_its_call(server):
    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}
    for number in range(16):
        connection, response = begin(server, sleeping_call(number, _meta=meta),
                                     **{"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call",
                                        "Mcp-Name": "run_in_sandbox"})
        response.close()
        connection.close()
    assert finds_room(server, server.open())


def test_a_token_without_the_scope_to_apply_writes_nothing(serve, project, snapshot):
    server = serve("--allow-apply")
    client = server.register()
    tokens = json.loads(server.redeem(client, server.let_in(client, scope="mcp:run")).text)
    session = server.open(tokens["access_token"])
    before = snapshot(project)
    refused = server.rpc({"id": 2, "method": "tools/call",
                          "params": {"name": "fix_failing_tests",
                                     "arguments": {"test_command": PYTEST, "apply": True}}},
                         tokens["access_token"], session)
    assert refused.status == 403 and 'error="insufficient_scope"' in refused.headers["WWW-Authenticate"]
    assert "mcp:apply" in refused.headers["WWW-Authenticate"]
    assert snapshot(project) == before


def test_projects_outside_the_roots_are_out_of_reach(edgecoder, tmp_path, project):
    secret = tmp_path / "other"
    secret.mkdir()
    (secret / "needle.py").write_text("def needle_in_another_project(): pass\n")
    (project / "link").symlink_to(secret)
    data = {"EDGECODER_DATA_DIR": str(tmp_path / "data")}
    queued = edgecoder("review", "queue", "--task", "of another project", "--json", cwd=secret, env=data).json()
    lines = [{"id": 1, "method": "initialize", "params": {**HELLO, "capabilities": {"roots": {"listChanged": True}}}}]
    calls = [("search_code", {"query": "needle", "directory": "link"}),
             ("search_code", {"query": "needle", "directory": "../other"}),
             ("search_code", {"query": "needle_in_another_project"}),
             ("run_in_sandbox", {"command": f"cat {secret}/needle.py link/needle.py"}),
             ("review_queue", {"action": "show", "id": queued["id"]}),
             ("review_queue", {"action": "list"})]
    process = subprocess.Popen([PROGRAM, "mcp", "--root", project], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               text=True, env={**os.environ, **data})
    for number, (name, arguments) in enumerate(calls, 2):
        lines.append({"id": number, "method": "tools/call", "params": {"name": name, "arguments": arguments}})
    for line in lines:
        process.stdin.write(json.dumps({"jsonrpc": "2.0", **line}) + "\n")
    process.stdin.flush()
    answers = [process.stdout.readline() for _ in lines]
    process.stdin.close()
    assert process.wait(timeout=60) == 0
    assert "def needle" not in "".join(answers) and "of another project" not in "".join(answers)


def test_a_root_that_a_link_took_the_place_of_is_no_root_any_more(serve, tmp_path):
    for name, word in (("root", "plain"), ("other", "needle")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "words.py").write_text(f"def {word}(): pass\n")
    root = tmp_path / "root"
    server = serve("--root", root)
    session = server.open()

    def answers():
        calls = [("run_in_sandbox", {"command": "cat words.py"}), ("search_code", {"query": "needle plain"}),
                 ("fix_failing_tests", {"test_command": "cat words.py; false", "budget_s": 1}),
                 ("review_queue", {"action": "queue", "task": "t", "files": ["words.py"]})]
        return [server.rpc({"id": number, "method": "tools/call", "params": {"name": name, "arguments": {**arguments, "root": str(root)}}},
                           session=session).text for number, (name, arguments) in enumerate(calls)]

    assert "def plain" in answers()[0]
    root.rename(tmp_path / "old")
    root.symlink_to(tmp_path / "other")
    assert all("isError" in answer and "def needle" not in answer for answer in answers())


def test_wrong_words_end_with_a_reason(edgecoder, tmp_path):
    for words, status, reason in ((("--root", tmp_path / "nowhere"), 2, "there is no folder"),
                                  (("--root", "/"), 2, "/ is no project"),
                                  (("--listen", "nonsense"), 2, "is not ADDR:PORT"),
                                  (("--listen", "0.0.0.0:0"), 2, "")):
        done = edgecoder("mcp", *words, cwd=tmp_path)
        assert (done.status, done.out) == (status, "") and reason in done.err, done.err


def test_a_signal_ends_it_soon_though_the_client_reads_nothing(edgecoder, tmp_path, project):
    process = subprocess.Popen([PROGRAM, "mcp", "--root", project], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               env={**os.environ, "EDGECODER_DATA_DIR": str(tmp_path / "data")})
    hello = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": HELLO}
    asked = json.dumps(hello).encode() + b"\n" + b'{"jsonrpc":"2.0","id":1,"method":"tools/list"}\n' * 200
    process.stdin.write(asked)  # less than a pipe holds; the answers are more
    process.stdin.flush()
    assert process.stdout.read(1) == b"{"
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 0
    process.stdout.close()


def test_garbage_on_the_pipe_is_answered_and_the_conversation_goes_on(edgecoder, project):
    text = "\n".join(["{", "[]", "\x00\xff", "", json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"})]) + "\n"
    done = subprocess.run([PROGRAM, "mcp", "--root", project], input=text.encode("latin-1"), capture_output=True,
                          timeout=30)
    answers = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert done.returncode == 0 and [answer.get("error", {}).get("code") for answer in answers] == [-32700, -32600,
                                                                                                     -32700, None]
