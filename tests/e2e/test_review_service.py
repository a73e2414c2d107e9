"""`edgecoderd review` from outside: who may call what, how big, twice, out of order, and for somebody else's review."""

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
import urllib.parse

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("EC_BIN_DIR", ROOT / "build/bin")) / "edgecoderd"


class Service:
    def __init__(self, data):
        self.data = data
        self.process = subprocess.Popen([PROGRAM, "review", "--listen", "127.0.0.1:0", "--data-dir", data],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        env={**os.environ, "XDG_CONFIG_HOME": str(data.parent / "config")})
        line = self.process.stdout.readline()
        assert line.startswith("ready review http://127.0.0.1:"), line
        self.url = line.split()[2]
        self.token = (data / "secrets/review-token").read_text().strip()

    def call(self, method, path, body=None, token=None, **headers):
        port = urllib.parse.urlsplit(self.url).port
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if body is not None and not isinstance(body, (str, bytes)):
            body, headers["Content-Type"] = json.dumps(body), "application/json"
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        response.text = response.read().decode()
        connection.close()
        return response

    def ask(self, key, link=False, package="a question"):
        response = self.call("POST", "/reviews", {"package": package, "link": link}, self.token, Idempotency_Key=key)
        assert response.status == 201, response.text
        return json.loads(response.text)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        _, self.err = self.process.communicate(timeout=60)
        return self.process.returncode


@pytest.fixture
def service(tmp_path):
    running = Service(tmp_path / "data")
    yield running
    if running.process.poll() is None:
        running.process.kill()
        running.process.communicate()


def problem(response, status, code=None):
    assert response.status == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    document = json.loads(response.text)
    assert document["status"] == status and document["code"] and (code is None or document["code"] == code)


def test_it_says_where_it_is_keeps_its_token_private_and_ends_on_sigterm(service):
    assert stat.S_IMODE(os.stat(service.data / "secrets/review-token").st_mode) == 0o600
    assert stat.S_IMODE(os.stat(service.data / "review-service.db").st_mode) == 0o600
    assert service.call("GET", "/healthz").status == 200 and service.call("GET", "/readyz").status == 200
    assert 'edgecoder_reviews{state="waiting"} 0' in service.call("GET", "/metrics").text
    assert service.stop() == 0
    assert service.token not in service.err


@pytest.mark.parametrize("method, path, body", [("POST", "/reviews", {"package": "x"}), ("GET", "/reviews/1", None),
                                                ("POST", "/reviews/1/answer", {"answer": "x"})])
def test_nobody_gets_in_without_the_token(service, method, path, body):
    for token in (None, "", "x", service.token[:-1], service.token + "0", service.token.upper()):
        if token == service.token:
            continue
        problem(service.call(method, path, body, token, Idempotency_Key="k"), 401, "unauthorized")


@pytest.mark.parametrize("path, token", [("/reviews", ""), ("/reviews", "wrong"), ("/reviews/1/answer", ""),
                                         ("/reviews/1/answer", "wrong"), ("/reviews/1/answer", "2.of-another-review")])
def test_a_body_of_whoever_has_no_token_is_not_read(service, path, token):
    """The head says a large body: the answer comes with most of it unsent, and the connection is over."""
    bearer = f"Authorization: Bearer {token}\r\n" if token else ""
    with socket.create_connection(("127.0.0.1", urllib.parse.urlsplit(service.url).port), timeout=60) as wire:
        wire.sendall(f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n{bearer}"
                     f"Idempotency-Key: k\r\nContent-Length: 1000000\r\n\r\n".encode() + b" " * 1000)
        answer = b""
        while piece := wire.recv(65536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 401 ") and b'"code":"unauthorized"' in answer, answer
    assert b"\r\nWWW-Authenticate: Bearer\r\n" in answer


def test_a_question_is_stored_once_and_answered_once(service):
    first = service.ask("k1")
    assert first["state"] == "waiting" and "link" not in first
    assert service.ask("k1") == first, "the same request again"
    problem(service.call("POST", "/reviews", {"package": "other"}, service.token, Idempotency_Key="k1"), 422)
    problem(service.call("POST", "/reviews", {"package": "x"}, service.token), 400, "idempotency_key_required")
    answer = f"/reviews/{first['id']}/answer"
    assert service.call("POST", answer, {"answer": "a diff"}, service.token).status == 200
    assert service.call("POST", answer, {"answer": "a diff"}, service.token).status == 200, "twice the same"
    problem(service.call("POST", answer, {"answer": "another"}, service.token), 409)
    got = json.loads(service.call("GET", f"/reviews/{first['id']}", token=service.token).text)
    assert got == {"id": first["id"], "state": "answered", "answer": "a diff"}
    problem(service.call("GET", "/reviews/nobody", token=service.token), 404)
    problem(service.call("POST", "/reviews/nobody/answer", {"answer": "x"}, service.token), 404)


def test_bad_input_is_the_callers_fault(service):
    def post(body):
        return service.call("POST", "/reviews", body, service.token, Idempotency_Key="k", Content_Type="application/json")

    for body in ("", "{", "[1]", "null", '{"package": 3}', '{"package": ""}', '{"package": " "}', "{}",
                 '{"package": "a\\u0000b"}', '{"package": "x", "link": "yes"}', b'{"package": "\xff"}'):
        assert post(body).status in (400, 422), body
    problem(post(json.dumps({"package": "x" * (256 * 1024 + 1)})), 422, "invalid")
    problem(post("x" * (1024 * 1024 + 1)), 413)
    problem(service.call("POST", "/reviews", "x", service.token, Content_Type="text/plain"), 415)
    problem(service.call("GET", "/reviews", token=service.token), 405)
    problem(service.call("GET", "/nothing"), 404)
    problem(service.call("GET", "/healthz", Host="evil.example"), 421)


def test_a_person_with_a_link_reads_and_answers_once(service):
    made = service.ask("k1", link=True, package="fix <b>this</b> & that")
    other = service.ask("k2", link=True)
    link = made["link"]
    assert len(link.split(".")[1]) * 4 >= 128, "bits"
    page = service.call("GET", link)
    assert page.status == 200 and "fix &lt;b&gt;this&lt;/b&gt; &amp; that" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"] and "script" not in page.text
    assert page.headers["Referrer-Policy"] == "no-referrer" and "http" not in page.text.replace("http-equiv", "")
    token = link.removeprefix("/r/")
    problem(service.call("GET", f"/reviews/{made['id']}", token=token), 401)
    problem(service.call("POST", f"/reviews/{other['id']}/answer", {"answer": "x"}, token), 401)
    for wrong in (link[:-1], link + "0", link.replace(made["id"], other["id"]), "/r/x", "/r/x.y"):
        assert service.call("GET", wrong).status == 404
    form = urllib.parse.urlencode({"answer": "--- a/x\r\n+++ b/x\r\n@@ é + % @@"})
    kind = {"Content_Type": "application/x-www-form-urlencoded"}
    assert service.call("POST", link, "answer=", **kind).status == 422
    assert service.call("POST", link, form, **kind).status == 200
    assert service.call("POST", link, form, **kind).status == 404 and service.call("GET", link).status == 404
    got = json.loads(service.call("GET", f"/reviews/{made['id']}", token=service.token).text)
    assert got["answer"] == "--- a/x\n+++ b/x\n@@ é + % @@"


def test_a_link_may_answer_through_the_api_too(service):
    made = service.ask("k1", link=True)
    token = made["link"].removeprefix("/r/")
    answer = f"/reviews/{made['id']}/answer"
    assert service.call("POST", answer, {"answer": "a"}, token).status == 200
    problem(service.call("POST", answer, {"answer": "a"}, token), 401)


def test_guessing_links_is_slow(service):
    statuses = [service.call("GET", f"/r/x.{number}").status for number in range(140)]
    assert set(statuses) == {404, 429}


@pytest.mark.parametrize("addresses", [1, 16])
@pytest.mark.parametrize("said", [b"", b"POST /reviews HTTP/1.1\r\nHost: localh"])
def test_a_thousand_half_open_connections_keep_nobody_out(service, said, addresses):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4096)), hard))
    where = ("127.0.0.1", urllib.parse.urlsplit(service.url).port)
    with contextlib.ExitStack() as opened:
        for number in range(1000):
            half = opened.enter_context(socket.create_connection(where, 20, source_address=(f"127.0.0.{1 + number % addresses}", 0)))
            with contextlib.suppress(OSError):  # ended already in favour of a later one
                half.sendall(said)
        assert service.call("GET", "/healthz").status == 200
        assert json.loads(service.call("GET", f"/reviews/{service.ask('k')['id']}", token=service.token).text)


def test_what_was_stored_survives_a_kill(service, tmp_path):
    made = service.ask("k1", link=True)
    service.process.kill()
    service.process.communicate()
    again = Service(tmp_path / "data")
    try:
        assert again.token == service.token and again.ask("k1", link=True) == made
        assert again.call("GET", made["link"]).status == 200
    finally:
        again.process.kill()
        again.process.communicate()


def test_it_listens_beyond_loopback_only_behind_a_proxy(tmp_path):
    refused = subprocess.run([PROGRAM, "review", "--listen", "0.0.0.0:0", "--data-dir", tmp_path / "data"],
                             capture_output=True, text=True, timeout=60)
    assert refused.returncode == 2 and "--behind-proxy" in refused.stderr and not refused.stdout


def test_edgecoder_reaches_a_person_through_it(service, edgecoder, tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    (project / "a.txt").write_text("one\ntwo\n")
    (tmp_path / "config/edgecoder").mkdir(parents=True)
    (tmp_path / "config/edgecoder/config.toml").write_text(
        f'[review.ann]\nkind = "link"\nurl = "{service.url}"\nkey_env = "TEAM_TOKEN"\n')
    env = {"EDGECODER_DATA_DIR": str(tmp_path / "mine"), "XDG_CONFIG_HOME": str(tmp_path / "config"),
           "TEAM_TOKEN": service.token}

    def review(*words):
        return edgecoder("review", *words, env=env)

    number = review("queue", "--dir", project, "--task", "make it three", "--file", "a.txt").out.strip()
    sent = review("send", number, "--yes")
    link = sent.out.strip().removeprefix(service.url)
    assert sent.status == 0 and link.startswith("/r/") and "make it three" in service.call("GET", link).text
    assert "no answer yet" in review("send", "--all", "--yes", "--dir", project).err
    diff = "--- a/a.txt\n+++ b/a.txt\n@@ -1,2 +1,2 @@\n one\n-two\n+three\n"
    service.call("POST", link, urllib.parse.urlencode({"answer": diff}), Content_Type="application/x-www-form-urlencoded")
    assert review("send", number, "--yes").status == 0
    untested = review("accept", number, "--json")
    assert untested.status == 1 and untested.json()["tests"]["outcome"] == "untested"
    assert review("accept", number, "--anyway").status == 0
    assert (project / "a.txt").read_text() == "one\nthree\n"
