"""`edgecoderd coordinator` from outside: who may call what, how big, twice, out of order, for somebody else's job."""

import base64
import contextlib
import copy
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import tempfile
import threading
import time
import urllib.request

import pytest

import postgres_server
from merkle import leaf_hash, root_by_proof, root_of
from swarm_node import Admin, Node, b64

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("EC_BIN_DIR", ROOT / "build/bin")) / "edgecoderd"
OFFER = {"kinds": ["repair", "attempt", "subtask", "verify"], "languages": ["python"], "memory_mb": 4096}


class Started:
    """A program of services, and its end."""

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.out, self.err = self.process.communicate(timeout=60)
        return self.process.returncode

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


class Coordinator(Started):
    def __init__(self, data, *more, command="coordinator", config=None, database=None, below=()):
        """`below`: the words of a program that becomes this one."""
        self.data = data
        environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        if database:
            environment["DATABASE_URL"] = database
        environment["XDG_CONFIG_HOME"] = str(data.parent / "config")
        words = [*below, PROGRAM, command, "--listen", "127.0.0.1:0", "--data-dir", data, *more]
        if config is not None:
            (data.parent / "config.toml").write_text(config)
            words += ["--config", data.parent / "config.toml"]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        env=environment)
        line = self.process.stdout.readline()
        assert line.startswith("ready coordinator http"), line + self.process.stderr.read()
        self.url = line.split()[2]
        self.admin = Admin(data)

    def metric(self, name):
        text = Node(self.url).send("GET", "/metrics").text
        return int(re.search(rf"^edgecoder_{name} (\d+)$", text, re.M)[1])

    def node(self, kind, account="local", **more):
        node = Node(self.url, **more)
        answer = node.join(self.admin.token(kind, account), kind)
        assert answer.status == 201, answer.text
        assert answer.json()["id"] == node.id and answer.json()["state"] == "approved"
        return node


@pytest.fixture
def coordinator(tmp_path):
    running = Coordinator(tmp_path / "data")
    yield running
    running.kill()


@pytest.fixture
def client(coordinator):
    return coordinator.node("client")


@pytest.fixture
def worker(coordinator):
    return coordinator.node("worker")


def task(key="shard-0", **more):
    return {"key": key, "kind": "repair", "payload": b64(b"sealed payload"), "expected_s": 60, **more}


def job(*tasks, **more):
    return {"kind": "repair", "spec": b64(b"sealed spec"), "tasks": list(tasks) or [task()], "verification": "none",
            "budget_s": 600, "budget_milli": 10_000, **more}


def submit(client, body, key="k1"):
    return client.post("/v1/jobs", body, Idempotency_Key=key)


def submitted(client, body, key="k1"):
    answer = submit(client, body, key)
    assert answer.status == 201, answer.text
    return answer.json()["jobs"][0]["id"]


def claim(worker, wait_s=0, most=1, **more):
    return worker.post("/v1/claim", {"protocol": "1.1", "offer": OFFER, "most": most, "wait_s": wait_s, **more})


def leases(worker, **more):
    answer = claim(worker, **more)
    assert answer.status == 200, answer.text
    return answer.json()["leases"]


def report(lease, outcome="solved", **more):
    return {"task": lease["task"], "fence": lease["fence"], "outcome": outcome, "result": b64(b"sealed result"), **more}


def complete(worker, *reports):
    return worker.post("/v1/complete", {"protocol": "1.1", "reports": list(reports)})


def problem(answer, status, code=None):
    assert answer.status == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert code is None or answer.json()["code"] == code, answer.text
    return answer.json()["detail"]


def replayed(answer, first):
    """It is the first answer again, and says so."""
    assert (answer.status, answer.bytes) == (first.status, first.bytes)
    assert answer.headers["Idempotency-Replayed"] == "true" and first.headers["Idempotency-Replayed"] in (None, "true")


def eventually(condition, patience=60):
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("it did not come to pass in time")


def test_a_job_is_submitted_claimed_renewed_completed_and_shown(coordinator, client, worker):
    id = submitted(client, job())
    [lease] = leases(worker)
    assert lease["job"] == id and lease["key"] == "shard-0" and lease["spec"] == b64(b"sealed spec")
    beat = worker.post("/v1/heartbeat", {"protocol": "1.1", "offer": OFFER, "held": [
        {"task": lease["task"], "fence": lease["fence"], "progress": b64(b"sealed progress"), "percent": 40}]})
    assert beat.status == 200 and beat.json()["held"][0]["holding"] == "kept", beat.text
    assert abs(beat.json()["now_ms"] / 1000 - time.time()) < 60
    done = complete(worker, report(lease))
    assert done.status == 200 and done.json()["reports"][0]["task"] == "done", done.text
    shown = client.get(f"/v1/jobs/{id}").json()
    assert shown["state"] == "done" and shown["result"] == b64(b"sealed result")
    assert [row["id"] for row in client.get("/v1/jobs").json()["jobs"]] == [id]
    types = [event["type"] for event in client.events(id)]
    assert "progress" in types and types[-1] == "state"


def test_everything_private_is_private(coordinator):
    for name in ["coordinator.db", "secrets/log-key", "secrets/admin-token", "run/admin.sock"]:
        assert stat.S_IMODE(os.stat(coordinator.data / name).st_mode) == 0o600, name
    assert stat.S_IMODE(os.stat(coordinator.data / "run").st_mode) == 0o700
    token = (coordinator.data / "secrets/admin-token").read_text().strip()
    assert coordinator.stop() == 0
    assert token not in coordinator.err + coordinator.out


def test_a_second_coordinator_on_the_same_data_is_refused(coordinator):
    words = [PROGRAM, "coordinator", "--listen", "127.0.0.1:0", "--data-dir", coordinator.data]
    second = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert second.returncode == 1 and "another coordinator runs" in second.stderr
    assert coordinator.admin.ask("status")["draining"] is False


def test_a_stale_socket_is_replaced_after_a_kill(coordinator, client):
    id = submitted(client, job())
    coordinator.kill()
    again = Coordinator(coordinator.data)
    try:
        client.url = again.url
        assert client.get(f"/v1/jobs/{id}").json()["state"] == "queued", "what was acknowledged is there"
        assert len(again.admin.ask("node.list")["nodes"]) == 1
    finally:
        again.kill()


def test_a_waiting_worker_is_woken_by_a_submit(coordinator, client, worker):
    waited = 0
    for round in range(8):
        got = {}
        waiting = threading.Thread(target=lambda: got.update(leases=leases(worker, wait_s=25)))
        waiting.start()
        eventually(lambda: coordinator.admin.ask("status")["claims_waiting"] == 1)
        id = submitted(client, job(), f"k{round}")
        waiting.join(60)
        [lease] = got["leases"]
        at = {}
        for event in client.events(id):
            at.setdefault(event["reason"], event["at_ms"])
            if "claimed" in at:
                break
        waited += at["claimed"] - at["submitted"]
        complete(worker, report(lease))
    assert waited < 2000, "by the second's tick it would be half a second each time"


def test_one_task_wakes_one_of_many_and_the_others_go_on_waiting(coordinator, client, worker):
    got = []
    threads = [threading.Thread(target=lambda: got.append(leases(worker, wait_s=25))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for waiting in range(6, 0, -1):
        eventually(lambda: coordinator.admin.ask("status")["claims_waiting"] == waiting)
        submitted(client, job(), f"k{waiting}")
        eventually(lambda: len(got) == 7 - waiting)
    for thread in threads:
        thread.join(60)
    assert [len(one) for one in got] == [1] * 6
    assert leases(worker, wait_s=1) == [], "when its time is over it is answered"


def test_a_dependency_becomes_claimable_for_a_waiting_worker(coordinator, client, worker):
    submitted(client, job(task("first"), task("second", after=["first"]), kind="split"))
    [first] = leases(worker, most=4)
    got = {}
    waiting = threading.Thread(target=lambda: got.update(leases=leases(worker, wait_s=20)))
    waiting.start()
    eventually(lambda: coordinator.admin.ask("status")["claims_waiting"] == 1)
    assert complete(worker, report(first)).status == 200
    waiting.join(60)
    assert got["leases"][0]["key"] == "second" and got["leases"][0]["inputs"][0]["key"] == "first"


def test_an_older_worker_speaks_1_0(coordinator, client, worker):
    assert worker.send("POST", "/v1/hello", b'{"versions":["0.9","1.0"]}',
                       {"Content-Type": "application/json"}).json()["protocol"] == "1.0"
    submitted(client, job())
    first = worker.post("/v1/claim", {"offer": OFFER, "wait_s": 0})
    lease = first.json()["lease"]
    assert "leases" not in first.json() and lease["key"] == "shard-0"
    assert worker.post("/v1/claim", {"offer": OFFER, "wait_s": 0}).json() == {"lease": None}
    done = worker.post("/v1/complete", report(lease))
    assert done.status == 200 and done.json()["task"] == "done", done.text
    replayed(worker.post("/v1/complete", report(lease)), done)
    problem(worker.post("/v1/complete", report({**lease, "fence": lease["fence"] + 1})), 409, "conflict")


def test_versions_are_negotiated(coordinator):
    node = Node(coordinator.url)
    hello = lambda versions: node.send("POST", "/v1/hello", json.dumps({"versions": versions}).encode(),
                                       {"Content-Type": "application/json"})
    assert hello(["1.0", "1.1"]).json()["protocol"] == "1.1"
    assert hello(["1.7"]).json()["protocol"] == "1.1", "a newer minor version is met at ours"
    problem(hello(["2.0", "x"]), 400, "no_common_protocol")
    assert abs(hello(["1.0"]).json()["now_ms"] / 1000 - time.time()) < 60


def test_the_same_submit_again_has_the_first_answer_and_another_under_its_key_is_refused(coordinator, client):
    for body in [job(), {"jobs": [job(), job(priority=1), job()]}]:
        key = f"key-{len(body)}"
        first = submit(client, body, key)
        assert first.status == 201 and first.headers["Idempotency-Replayed"] is None
        for _ in range(2):
            replayed(submit(client, body, key), first)
        problem(submit(client, job(priority=51), key), 422, "idempotency_key_reused")
        assert client.post(f"/v1/jobs/{first.json()['jobs'][0]['id']}/cancel", {}).status == 200
        replayed(submit(client, body, key), first)
    assert len(client.get("/v1/jobs").json()["jobs"]) == 4
    assert coordinator.metric("jobs_submitted_total") == 4
    other = submit(coordinator.node("client", "other"), job(), "key-7")
    assert other.headers["Idempotency-Replayed"] is None, "a key is an account's own"
    problem(client.post("/v1/jobs", job()), 400, "idempotency_key_required")
    problem(submit(client, job(), "k" * 129), 400, "idempotency_key_required")


def submit_at_once(nodes, key):
    """The same job under one key from all of them at the same time: one is the first, and all get its answer."""
    answers = []
    threads = [threading.Thread(target=lambda node=node: answers.append(submit(node, job(), key))) for node in nodes]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert {(each.status, each.bytes) for each in answers} == {(201, answers[0].bytes)}, [each.text for each in answers]
    assert sum(each.headers["Idempotency-Replayed"] is None for each in answers) == 1


def test_submits_under_one_key_at_the_same_time_are_one_job(coordinator, client):
    submit_at_once([client] * 8, "key")
    assert len(client.get("/v1/jobs").json()["jobs"]) == 1


def test_whatever_is_sent_again_has_the_first_answer(coordinator, client, worker):
    """Where it counts once: a join, results, a verdict, keys, blobs, a cancel; heartbeats may be said as often as one
    likes, and a task that was given back may be somebody else's by then."""
    token = coordinator.admin.token("worker")
    node = Node(coordinator.url)
    assert node.join(token, "worker").bytes == node.join(token, "worker").bytes
    grant = lambda milli: coordinator.admin.ask("account.grant", account="anna", milli=milli, key="grant")
    assert grant(1000) == grant(1000) and grant(1000)["balance_milli"] == 1000
    with pytest.raises(RuntimeError, match="used for another grant"):
        grant(2000)
    with pytest.raises(RuntimeError, match="used for another grant"):
        coordinator.admin.ask("account.grant", account="bert", milli=1000, key="grant")
    assert [each["id"] for each in coordinator.admin.ask("account.list")["accounts"]].count("bert") == 0
    blob = lambda: client.call("POST", "/v1/blobs", frames(("b", b"sealed")), type="application/octet-stream")
    assert (blob().status, blob().bytes) == (200, b"{}\n")
    id = submitted(client, job(verification="submitter"))
    [lease] = leases(worker)
    beat = lambda: worker.post("/v1/heartbeat", {"held": [{"task": lease["task"], "fence": lease["fence"]}]})
    assert beat().json()["held"][0]["holding"] == beat().json()["held"][0]["holding"] == "kept"
    key = lambda: client.post(f"/v1/jobs/{id}/keys", {"node": worker.id, "sealed": b64(b"key")})
    assert (key().status, key().bytes) == (200, b"{}\n")
    first = complete(worker, report(lease))
    assert first.json()["reports"][0]["task"] == "verifying" and first.headers["Idempotency-Replayed"] is None
    replayed(complete(worker, report(lease)), first)
    mixed = complete(worker, report(lease), report({"task": "nothing-0", "fence": 1}))
    assert mixed.headers["Idempotency-Replayed"] is None
    judge = lambda: client.post(f"/v1/jobs/{id}/verdict", {"task": lease["task"], "good": True})
    first = judge()
    assert first.json() == {"task": "done", "job": "done"} and first.headers["Idempotency-Replayed"] is None
    replayed(judge(), first)
    cancelled = submitted(client, job(), "cancelled")
    cancel = lambda: client.post(f"/v1/jobs/{cancelled}/cancel", {})
    assert (cancel().status, cancel().bytes) == (200, b"{}\n") == (cancel().status, cancel().bytes)
    back = submitted(client, job(), "back")
    [lease] = leases(worker)
    give_back = lambda: worker.post("/v1/give-back", {"task": lease["task"], "fence": lease["fence"]})
    assert give_back().status == 200
    problem(give_back(), 409, "conflict")
    assert client.get(f"/v1/jobs/{back}").json()["tasks"][0]["state"] == "queued"


def test_several_jobs_in_one_are_all_taken_or_none(coordinator, client):
    answer = submit(client, {"jobs": [job(), job(priority=1)]})
    assert answer.status == 201 and len(answer.json()["jobs"]) == 2
    bad = submit(client, {"jobs": [job(), job(task("a", after=["a"]))]}, "k2")
    assert bad.status == 400, bad.text
    assert len(client.get("/v1/jobs").json()["jobs"]) == 2


def test_what_came_out_counts_once_and_an_old_fence_is_refused(coordinator, client, worker):
    submitted(client, job())
    [lease] = leases(worker)
    other = coordinator.node("worker")
    assert complete(other, report(lease)).json()["reports"][0]["code"] in ("conflict", "not_found"), "not its lease"
    stale = complete(worker, report({**lease, "fence": lease["fence"] + 5}))
    assert stale.json()["reports"][0]["code"] == "conflict"
    mixed = complete(worker, report(lease), report({"task": "nothing-0", "fence": 1}))
    assert [row.get("code") for row in mixed.json()["reports"]] == [None, "not_found"], mixed.text
    once = complete(worker, report(lease))
    replayed(complete(worker, report(lease)), once)


def test_a_task_given_back_goes_to_another(coordinator, client, worker):
    submitted(client, job())
    [lease] = leases(worker)
    back = {"task": lease["task"], "fence": lease["fence"], "reason": "draining"}
    assert worker.post("/v1/give-back", back).status == 200
    problem(worker.post("/v1/give-back", {**back, "fence": lease["fence"] + 1}), 409)
    [again] = eventually(lambda: leases(coordinator.node("worker")))
    assert again["task"] == lease["task"] and again["fence"] > lease["fence"]


def test_nobody_sees_the_jobs_of_another_account(coordinator, client, worker):
    id = submitted(client, job())
    coordinator.admin.ask("account.grant", account="other", milli=10_000)
    stranger = coordinator.node("client", "other")
    for method, path, body in [("GET", f"/v1/jobs/{id}", None), ("GET", f"/v1/jobs/{id}/explain", None),
                               ("GET", f"/v1/jobs/{id}/events", None), ("POST", f"/v1/jobs/{id}/cancel", {}),
                               ("POST", f"/v1/jobs/{id}/verdict", {"task": f"{id}-0", "good": True}),
                               ("POST", f"/v1/jobs/{id}/keys", {"node": worker.id, "sealed": b64(b"key")})]:
        problem(stranger.call(method, path, body), 404, "not_found")
    assert stranger.get("/v1/jobs").json() == {"jobs": []}
    assert client.get(f"/v1/jobs/{id}").json()["state"] == "queued"


def test_every_kind_of_node_has_its_own_routes(coordinator, client, worker):
    problem(claim(client), 403, "wrong_kind")
    problem(complete(client, {"task": "t", "fence": 1, "outcome": "solved"}), 403, "wrong_kind")
    problem(submit(worker, job()), 403, "wrong_kind")
    problem(worker.get("/v1/jobs"), 403, "wrong_kind")


def test_an_unsigned_or_badly_signed_request_is_refused_without_a_hint(coordinator, client):
    body = json.dumps(job()).encode()
    kind = {"Content-Type": "application/json"}
    details = [problem(client.send("POST", "/v1/jobs", body, kind), 401, "denied")]
    signed = client.sign("POST", "/v1/jobs", body)
    details.append(problem(client.send("POST", "/v1/jobs", body + b" ", {**kind, **signed}), 401, "denied"))
    details.append(problem(client.send("POST", "/v1/blobs/missing", body, {**kind, **signed}), 401, "denied"))
    details.append(problem(submit(Node(coordinator.url), job()), 401, "denied"))
    assert len(set(details)) == 1


def test_a_request_counts_once(coordinator, client):
    body = json.dumps(job()).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": "k", **client.sign("POST", "/v1/jobs", body)}
    assert client.send("POST", "/v1/jobs", body, headers).status == 201
    problem(client.send("POST", "/v1/jobs", body, headers), 409, "conflict")


def test_a_wrong_clock_is_told_how_far_it_is_off_and_what_to_do(coordinator, worker):
    worker.clock = 3600
    for _ in range(2):  # known to the cache, and not
        answer = claim(worker)
        detail = problem(answer, 409, "conflict")
        [off] = re.findall(r"(\d+) s ahead", detail)
        assert 3540 < int(off) <= 3600, detail
        assert "set that machine's clock" in detail
        assert abs(int(answer.headers["Edgecoder-Time"]) / 1000 - time.time()) < 60


def test_a_revoked_node_is_out_at_once(coordinator, client, worker):
    id = submitted(client, job())
    [lease] = leases(worker)
    coordinator.admin.ask("node.set_state", id=worker.id, state="revoked", reason="lost")
    assert "revoked" in problem(claim(worker), 401, "denied")
    assert "revoked" in problem(complete(worker, report(lease)), 401, "denied")
    assert client.get(f"/v1/jobs/{id}").json()["state"] != "done"
    with pytest.raises(RuntimeError):
        coordinator.admin.ask("node.set_state", id=worker.id, state="approved")


def test_who_follows_or_waits_when_it_is_revoked_is_sent_away(coordinator, client, worker):
    id = submitted(client, job())
    follower = coordinator.node("client")
    stream = follower.events(id)
    assert next(stream)["reason"] == "submitted"
    [lease] = leases(worker)
    answers = []
    waiting = threading.Thread(
        target=lambda: answers.append(
            worker.get(f"/v1/tasks/{lease['task']}/key?fence={lease['fence']}&wait_s=25")))
    waiting.start()
    assert next(event for event in client.events(id) if event["type"] == "key_wanted")["node"] == worker.id
    before = time.monotonic()
    for node in (follower, worker):
        coordinator.admin.ask("node.set_state", id=node.id, state="revoked", reason="lost")
    assert client.post(f"/v1/jobs/{id}/keys", {"node": worker.id, "sealed": b64(b"the key")}).status == 200
    assert all(event["type"] != "progress" for event in stream), "and it has ended"
    waiting.join(60)
    problem(answers[0], 401, "denied")
    assert time.monotonic() - before < 20
    assert client.get(f"/v1/jobs/{id}").json()["state"] == "running"


def test_a_node_waits_for_a_person_and_its_token_is_good_once(coordinator):
    token = coordinator.admin.token("worker", approved=False)
    node = Node(coordinator.url)
    assert node.join(token, "worker").json()["state"] == "pending"
    assert node.join(token, "worker").status == 201, "joining twice changes nothing"
    assert "edgecoder node approve" in problem(claim(node), 401, "denied")
    problem(Node(coordinator.url).join(token, "worker"), 401, "denied")
    problem(Node(coordinator.url).join("ecn_00000000_" + "a" * 43, "worker"), 401, "denied")
    problem(Node(coordinator.url).join(coordinator.admin.token("worker"), "client"), 401, "denied")
    coordinator.admin.ask("node.set_state", id=node.id, state="approved")
    assert leases(node) == []
    someone = Node(coordinator.url)
    stolen = {"token": coordinator.admin.token("worker"), "key": node.public, "kind": "worker", "label": ""}
    problem(someone.post("/v1/nodes", stolen), 401, "denied")


def test_an_account_without_credit_submits_nothing(coordinator):
    poor = coordinator.node("client", "poor")
    problem(submit(poor, job()), 403, "denied")
    balance = coordinator.admin.ask("account.grant", account="poor", milli=5_000, key="gift")["balance_milli"]
    assert balance == 5_000
    assert coordinator.admin.ask("account.grant", account="poor", milli=5_000, key="gift")["balance_milli"] == 5_000
    assert submit(poor, job(budget_milli=2_000), "k2").status == 201


BAD_JOBS = [b"", b"[]", b"{", b'{"jobs":[]}', b'{"kind":"repair"}', json.dumps(job(kind="dance")).encode(),
            json.dumps(job(priority=101)).encode(), json.dumps(job(priority=-1)).encode(),
            json.dumps(job(budget_milli=-5)).encode(), json.dumps(job(budget_s=0)).encode(),
            json.dumps(job(budget_s=10**30)).encode(), json.dumps(job(spec="not base64")).encode(),
            json.dumps(job(task(), task())).encode(), json.dumps(job(task("a", after=["b"]))).encode(),
            json.dumps(job(task("a", after=["b"]), task("b", after=["a"]))).encode(),
            json.dumps(job(group="a/b")).encode(), json.dumps(job(blobs=["../x"])).encode(),
            json.dumps(job(task(payload=b64(b"x" * 70_000)))).encode()]


@pytest.mark.parametrize("number", range(len(BAD_JOBS)))
def test_a_bad_job_is_refused(coordinator, number):
    client = coordinator.node("client")
    answer = client.post("/v1/jobs", BAD_JOBS[number], Idempotency_Key="k")
    assert answer.status in (400, 404, 413), answer.text
    assert client.get("/v1/jobs").json() == {"jobs": []}


def test_bad_fields_of_work_are_refused(coordinator, client, worker):
    id = submitted(client, job())
    [lease] = leases(worker)
    for path, bodies in {
        "/v1/claim": [[], {"most": 0}, {"most": 65}, {"wait_s": 30}, {"wait_s": -1}, {"protocol": "2.0"},
                      {"offer": {"kinds": ["dig"]}}, {"offer": {"snapshots": ["x"] * 33}}],
        "/v1/heartbeat": [[], {"held": {}}, {"held": [{"task": "t"}]}, {"held": [{"task": "t", "fence": -1}]},
                          {"telemetry": {"battery_percent": 130}}, {"telemetry": {"device": "phone", "cpu_percent": -1}},
                          {"holding_back": "Because I say so"}],
        "/v1/complete": [[], {}, {"reports": []}, {"reports": [report(lease, "won")]},
                         {"reports": [report(lease, reason="Traceback: secret")]},
                         {"reports": [report(lease, result="?")]}, {"reports": [report(lease, wall_ms=-1)]}],
        "/v1/give-back": [{}, {"task": lease["task"]}, {"task": lease["task"], "fence": 0}]}.items():
        for body in bodies:
            problem(worker.post(path, body), 400, "invalid_argument")
    for target in ["key", "key?fence=x", "key?fence=0", f"key?fence=1&wait_s=30"]:
        problem(worker.get(f"/v1/tasks/{lease['task']}/{target}"), 400, "invalid_argument")
    problem(client.get("/v1/jobs?limit=101"), 400)
    problem(client.get("/v1/jobs?before=a/b"), 400)
    problem(client.get(f"/v1/jobs/{id}/events?after=-1"), 400)
    problem(client.get("/v1/jobs/none"), 404, "not_found")
    assert client.get(f"/v1/jobs/{id}").json()["state"] in ("leased", "running")


def test_telemetry_that_cannot_be_true_costs_no_lease(coordinator, client, worker):
    submitted(client, job())
    [lease] = leases(worker)

    def beat(**telemetry):
        answer = worker.post("/v1/heartbeat", {
            "protocol": "1.1", "offer": OFFER, "held": [{"task": lease["task"], "fence": lease["fence"]}],
            "telemetry": {"device": "laptop", "external_power": False, **telemetry}})
        assert answer.status == 200, answer.text
        assert answer.json()["held"][0]["holding"] == "kept"

    def why():
        waits = submitted(client, job(task("other")), key="k2")
        return str(client.get(f"/v1/jobs/{waits}/explain").json())

    beat(battery_percent=20, updated_ms=1_000_000)
    assert "telemetry_implausible" not in why()
    beat(battery_percent=90, updated_ms=1_000_001)
    assert "telemetry_implausible" in why(), "no battery charges like that"
    beat(battery_percent=20, updated_ms=1_000_002)
    beat(battery_percent=90, updated_ms=5)
    assert "telemetry_implausible" not in why(), "a heartbeat that was overtaken says nothing"


def test_only_the_operators_account_says_what_must_come_out(coordinator, client, worker):
    """Or anybody had honest workers called liars."""
    stranger = coordinator.node("client", "mallory")
    coordinator.admin.ask("account.grant", account="mallory", milli=10_000)
    problem(submit(stranger, job(expected="nothing")), 403, "no_canaries")
    assert leases(worker) == []
    assert submit(client, job(expected="solved")).status == 201


def test_two_nodes_of_an_account_do_not_check_each_other(coordinator):
    client = coordinator.node("client", "anna")
    coordinator.admin.ask("account.grant", account="anna", milli=10_000)
    one, two, other = (coordinator.node("worker", account) for account in ("mallory", "mallory", "bob"))
    id = submitted(client, job(verification="always"))
    [lease] = leases(one)
    complete(one, report(lease))
    assert leases(two) == []
    assert "made or checked the result" in str(client.get(f"/v1/jobs/{id}/explain").json())
    [check] = leases(other)
    complete(other, report(check, "passed"))
    assert client.get(f"/v1/jobs/{id}").json()["state"] == "done"


def test_a_heartbeat_for_anothers_lease_says_that_it_is_lost(coordinator, client, worker):
    submitted(client, job())
    [lease] = leases(worker)
    other = coordinator.node("worker")
    beat = other.post("/v1/heartbeat", {"protocol": "1.1", "offer": OFFER,
                                        "held": [{"task": lease["task"], "fence": lease["fence"]}]})
    assert beat.json()["held"][0]["holding"] == "lost"


def test_a_worker_that_starts_again_and_one_whose_clock_was_set_back_are_heard(coordinator, worker):
    now = int(time.time() * 1000)
    beat = lambda **telemetry: worker.post("/v1/heartbeat", {"protocol": "1.1", "offer": OFFER, "held": [],
                                                             "telemetry": telemetry})
    assert beat(updated_ms=now).status == 200
    first = beat()
    assert first.status == 200, first.text  # a start says nothing of the machine yet
    assert beat(updated_ms=now - 3_600_000).status == 200
    problem(beat(updated_ms=now + 1, battery_percent=101), 400)
    problem(beat(updated_ms=now - 1, battery_percent=101), 400)


def test_a_cancelled_job_is_told_to_who_works_at_it(coordinator, client, worker):
    id = submitted(client, job())
    [lease] = leases(worker)
    assert client.post(f"/v1/jobs/{id}/cancel", {}).status == 200
    assert client.post(f"/v1/jobs/{id}/cancel", {}).status == 200, "again is no error"
    beat = worker.post("/v1/heartbeat", {"protocol": "1.1", "offer": OFFER,
                                         "held": [{"task": lease["task"], "fence": lease["fence"]}]})
    assert beat.json()["held"][0]["holding"] in ("cancelled", "lost")
    assert [event["state"] for event in client.events(id)][-1] == "cancelled"


def test_a_heartbeat_that_waits_is_answered_when_the_job_ends(coordinator, client):
    def beat(worker, lease, wait_s):
        return worker.post("/v1/heartbeat", {"protocol": "1.1", "offer": OFFER, "wait_s": wait_s,
                                             "held": [{"task": lease["task"], "fence": lease["fence"]}]}).json()

    workers = [coordinator.node("worker") for _ in range(2)]
    ends = {"cancelled": lambda id, lease: client.post(f"/v1/jobs/{id}/cancel", {}),
            "done": lambda id, lease: complete(workers[0], report(lease))}
    for number, (state, end) in enumerate(ends.items()):
        id = submitted(client, job(task("shard-0"), task("shard-1")), key=f"k{number}")
        [first], [second] = leases(workers[0]), leases(workers[1])
        answers = []
        waiting = threading.Thread(target=lambda: answers.append(beat(workers[1], second, 29)))
        waiting.start()
        assert any(event["reason"] == "started" for event in client.events(id, timeout=60))
        assert not answers
        assert end(id, first).status == 200
        waiting.join(60)
        # Kept is what it would say when its time is over.
        assert [held["holding"] for held in answers[0]["held"]] == ["cancelled"], state
    id = submitted(client, job(), key="k9")
    [lease] = leases(workers[1])
    older = threading.Thread(target=lambda: answers.append(beat(workers[1], lease, 29)))
    older.start()
    assert any(event["reason"] == "started" for event in client.events(id, timeout=60))
    assert beat(workers[1], lease, 0)["held"][0]["holding"] == "kept", "another one does not wait"
    assert beat(workers[1], lease, 0)["next_s"] > 0
    problem(workers[1].post("/v1/heartbeat", {"protocol": "1.1", "offer": OFFER, "held": [], "wait_s": 30}), 400)
    assert client.post(f"/v1/jobs/{id}/cancel", {}).status == 200
    older.join(60)
    assert answers[-1]["held"][0]["holding"] == "cancelled" and answers[-1]["next_s"] == 0


def test_events_go_on_where_they_left_off(coordinator, client, worker):
    id = submitted(client, job())
    stream = client.events(id)
    first = next(stream)
    assert first["sequence"] >= 1 and first["job"] == id
    [lease] = leases(worker)
    assert next(stream)["sequence"] > first["sequence"]
    complete(worker, report(lease))
    rest = [event["sequence"] for event in stream]
    assert rest and rest == sorted(rest)
    assert [event["sequence"] for event in client.events(id, after=first["sequence"])][-1] == rest[-1]
    assert [event["sequence"] for event in client.events(id, last_event_id=rest[-1])] == []


def frames(*blobs):
    out = b""
    for name, data in blobs:
        out += len(name).to_bytes(4, "big") + name.encode() + len(data).to_bytes(4, "big") + data
    return out


def put(node, *blobs):
    return node.call("POST", "/v1/blobs", frames(*blobs), type="application/octet-stream")


def test_one_node_does_not_take_the_streams_of_all(coordinator, client):
    id = submitted(client, job())
    host, port = coordinator.url.removeprefix("http://").split(":")
    with contextlib.ExitStack() as open_streams:
        def follow(node):
            line = open_streams.enter_context(socket.create_connection((host, int(port)), timeout=60))
            target = f"/v1/jobs/{id}/events"
            head = {"Host": f"{host}:{port}", **node.sign("GET", target, b"")}
            line.sendall(f"GET {target} HTTP/1.1\r\n".encode() + b"".join(
                f"{name}: {value}\r\n".encode() for name, value in head.items()) + b"\r\n")
            return int(line.recv(4096).split()[1])

        assert {follow(client) for _ in range(512)} == {200}
        eventually(lambda: follow(client) == 429, 60)  # those that are just written to are not counted
        assert follow(coordinator.node("client")) == 200


def test_blobs_are_kept_within_an_account_and_given_to_who_works_at_the_job(coordinator, client, worker):
    stranger = coordinator.node("client", "other")
    assert client.post("/v1/blobs/missing", {"ids": ["a", "b"]}).json()["ids"] == ["a", "b"]
    assert put(client, ("a", b"\x00sealed"), ("b", b"more")).status == 200
    assert client.post("/v1/blobs/missing", {"ids": ["a", "b", "c"]}).json()["ids"] == ["c"]
    assert stranger.post("/v1/blobs/missing", {"ids": ["a"]}).json()["ids"] == ["a"]
    assert put(stranger, ("a", b"poison")).status == 200
    assert client.post("/v1/blobs/fetch", {"ids": ["b", "a", "c"]}).bytes == frames(("b", b"more"), ("a", b"\x00sealed"))
    assert worker.post("/v1/blobs/fetch", {"ids": ["a"]}).bytes in (b"", frames(("a", b"\x00sealed")))
    submitted(client, job(blobs=["a", "b"], snapshot="a"))
    assert len(leases(worker)) == 1
    assert worker.post("/v1/blobs/fetch", {"ids": ["a"]}).bytes == frames(("a", b"\x00sealed"))
    problem(client.post("/v1/blobs/fetch", {"ids": [f"b{i}" for i in range(17)]}), 413, "too_large")
    problem(client.post("/v1/blobs/missing", {"ids": ["x"] * 1025}), 400)
    for bad in [b"\x00\x00", frames(("a/b", b"x")), b"\x00\x00\x00\x01a\xff\xff\xff\xff"]:
        assert client.call("POST", "/v1/blobs", bad, type="application/octet-stream").status in (400, 413)


def test_a_job_whose_blobs_are_not_here_is_refused(coordinator, client):
    assert submit(client, job(blobs=["nowhere"], snapshot="nowhere")).status in (400, 404)


def test_an_accounts_blobs_are_bounded(tmp_path):
    running = Coordinator(tmp_path / "data", config="[service.coordinator]\naccount_blobs_mb = 1\n")
    try:
        client = running.node("client")
        assert put(client, ("a", b"x" * 600_000)).status == 200
        full = put(client, ("b", b"x" * 600_000))
        problem(full, 429, "over_quota")
        assert int(full.headers["Retry-After"]) > 0
        assert client.post("/v1/blobs/missing", {"ids": ["a", "b"]}).json()["ids"] == ["b"]
    finally:
        running.kill()


def test_a_key_is_asked_for_by_an_event_and_given_to_the_node_alone(coordinator, client, worker):
    id = submitted(client, job())
    stream = client.events(id)
    [lease] = leases(worker)
    target = f"/v1/tasks/{lease['task']}/key?fence={lease['fence']}"
    assert worker.get(target).json() == {"key": ""}
    wanted = next(event for event in stream if event["type"] == "key_wanted")
    assert wanted["node"] == worker.id
    got = {}
    waiting = threading.Thread(target=lambda: got.update(worker.get(target + "&wait_s=20").json()))
    waiting.start()
    assert client.post(f"/v1/jobs/{id}/keys", {"node": worker.id, "sealed": b64(b"the key")}).status == 200
    waiting.join(60)
    assert got["key"] == b64(b"the key")
    other = coordinator.node("worker")
    assert other.get(target).status in (404, 409)
    problem(worker.get(f"/v1/tasks/{lease['task']}/key?fence={lease['fence'] + 1}"), 409, "conflict")


def test_why_a_job_waits_is_explained(coordinator, client, worker):
    leases(worker)
    id = submitted(client, job(task(needs={"gpu": True, "languages": ["python"]})))
    why = client.get(f"/v1/jobs/{id}/explain").json()
    assert why["summary"] and any("gpu" in reason for reason in why["reasons"]), why


def test_open_routes_and_the_log(coordinator, client, worker):
    node = Node(coordinator.url)
    assert node.send("GET", "/healthz").text == "ok\n"
    assert node.send("GET", "/readyz").text == "ready\n"
    submitted(client, job())
    [lease] = leases(worker)
    complete(worker, report(lease))
    metrics = node.send("GET", "/metrics").text
    assert "edgecoder_jobs_submitted_total 1\n" in metrics and "edgecoder_leases_total 1\n" in metrics
    note = eventually(lambda: (lambda a: a.text if a.status == 200 and a.text.split("\n")[1] != "0" else None)(
        node.send("GET", "/log/checkpoint")))
    assert note.startswith("edgecoder.local/log\n")
    size = int(note.split("\n")[1])
    assert node.send("GET", f"/log/tile/0/000.p/{size}").status == 200
    assert node.send("GET", f"/log/tile/entries/000.p/{size}").status == 200
    assert node.send("GET", "/log/tile/9/000").status in (400, 404)


def test_the_owner_of_a_paid_task_finds_its_leaf_in_the_log(coordinator, client, worker):
    """With a proof that holds against the tiles which everybody is served."""
    payer, earner = coordinator.node("client", "payer"), coordinator.node("worker", "earner")
    coordinator.admin.ask("account.grant", account="payer", milli=100_000)
    for number in range(3):
        submitted(client, job(), f"before-{number}")
        complete(worker, report(leases(worker)[0]))
    id = submitted(payer, job(task("a"), task("b"), kind="split"), "paid")
    for lease in leases(earner, most=4):
        assert complete(earner, report(lease)).json()["reports"][0]["task"] == "done"
    target = f"/v1/jobs/{id}/receipts"

    def covered():
        found = payer.get(target).json()["receipts"]
        return found if len(found) == 2 and all("proof" in each for each in found) else None

    receipts = eventually(covered)
    assert [each["task"] for each in receipts] == [row["id"] for row in payer.get(f"/v1/jobs/{id}").json()["tasks"]]
    node = Node(coordinator.url)
    for each in receipts:
        leaf = json.loads(each["leaf"])
        assert leaf["task"] == each["task"] and leaf["type"] == "paid" and leaf["worker"] == earner.id and leaf["milli"] > 0
        head, checkpoint = each["proof"].split("\n\n", 1)
        kind, index, *hashes = head.splitlines()
        assert (kind, index) == ("c2sp.org/tlog-proof@v1", f"index {each['index']}")
        _, size, root = checkpoint.splitlines()[:3]
        reached = root_by_proof(each["index"], int(size), leaf_hash(each["leaf"].encode()),
                                [base64.b64decode(text) for text in hashes])
        assert reached == base64.b64decode(root)
        tile = node.send("GET", f"/log/tile/0/000.p/{size}").bytes
        leaves = [tile[at : at + 32] for at in range(0, len(tile), 32)]
        assert leaves[each["index"]] == leaf_hash(each["leaf"].encode()) and root_of(leaves) == reached
    problem(client.get(target), 404, "not_found")
    problem(earner.get(target), 403)
    assert client.get("/v1/jobs/%s/receipts" % submitted(client, job(), "unpaid")).json() == {"receipts": []}


def test_the_document_describes_the_table(coordinator):
    document = Node(coordinator.url).send("GET", "/openapi.json").json()
    node = Node(coordinator.url)
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            answer = node.send(method.upper(), path.replace("{", "").replace("}", ""))
            assert str(answer.status) in operation["responses"], (method, path, answer.status)
            if "security" in operation:
                assert {"signature": []} in operation["security"], (method, path)
                assert answer.status in (401, 400), (method, path, answer.status)
    assert {"signature", "bearer"} == set(document["components"]["securitySchemes"])
    named = {(parameter["name"], parameter["in"]) for parameter in document["paths"]["/v1/jobs/{id}/events"]["get"]["parameters"]}
    assert named == {("id", "path"), ("after", "query"), ("Last-Event-ID", "header")}
    assert document["paths"]["/v1/jobs"]["post"]["parameters"][0] == {
        "name": "Idempotency-Key", "in": "header", "required": True, "schema": {"type": "string"}}


def test_too_much_that_waits_is_turned_away_with_when_to_come_again(tmp_path):
    running = Coordinator(tmp_path / "data", config="[service.coordinator]\naccount_queued = 2\nqueued = 1\n")
    try:
        anna = running.node("client")
        mine = submit(anna, job(task("a"), task("b"), task("c")))
        problem(mine, 429, "over_quota")
        assert mine.headers["Retry-After"] == "10"
        full = submit(anna, job(task("a"), task("b")))
        problem(full, 503, "unavailable")
        assert full.headers["Retry-After"] == "30"
        submitted(anna, job(task("a")), "small")
    finally:
        running.kill()


def test_beyond_loopback_it_needs_tls_and_makes_nothing_before(tmp_path):
    done = subprocess.run([PROGRAM, "coordinator", "--listen", "0.0.0.0:0", "--data-dir", tmp_path / "data"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "--tls-cert" in done.stderr and "--behind-proxy" in done.stderr
    assert not (tmp_path / "data").exists()


def test_what_is_at_fault_is_named_in_fields(coordinator, client):
    answer = submit(client, job(budget_s=-1, priority="high"))
    assert answer.status == 400 and sorted(answer.json()["fields"]) == ["budget_s", "priority"], answer.text
    assert submit(client, job(task("a"), task("a"))).json()["fields"] == ["tasks.key"]
    # In other words than "must be", and none of the words of the message counts.
    assert submit(client, job(budget_milli=1)).json()["fields"] == ["budget_milli"]
    assert submit(client, job(task(needs={"model_class": "must be: huge"}))).json()["fields"] == ["tasks[0].needs.model_class"]
    assert client.get("/v1/jobs?limit=x").json()["fields"] == ["limit"]
    assert client.post("/v1/jobs", job()).json()["fields"] == ["Idempotency-Key"]
    assert "fields" not in client.get("/v1/jobs/none").json()
    assert client.post("/v1/jobs", b"{", Idempotency_Key="k").status == 400


def test_one_that_goes_down_lets_reports_in_and_hands_nothing_out(coordinator, client, worker):
    submitted(client, job())
    [lease] = leases(worker)
    got = {}
    waiting = threading.Thread(target=lambda: got.update(claim(worker, wait_s=25).json()))
    waiting.start()
    eventually(lambda: coordinator.admin.ask("status")["claims_waiting"] == 1)
    coordinator.admin.ask("drain")
    waiting.join(60)
    assert got == {"leases": []}, "who waits is answered"
    problem(submit(client, job(), "k2"), 503)
    assert complete(worker, report(lease)).json()["reports"][0]["task"] == "done"
    beat = worker.post("/v1/heartbeat", {"protocol": "1.1", "offer": OFFER, "held": []})
    assert beat.json()["drain"] is True
    assert coordinator.stop() == 0


def test_sigterm_answers_who_waits_and_ends(coordinator, worker):
    got = {}
    waiting = threading.Thread(target=lambda: got.update(claim(worker, wait_s=25).json()))
    waiting.start()
    eventually(lambda: coordinator.admin.ask("status")["claims_waiting"] == 1)
    assert coordinator.stop() == 0
    waiting.join(60)
    assert got == {"leases": []}


def test_the_admin_socket_refuses_what_is_wrong(coordinator):
    for method, params in [("nothing", {}), ("token.create", {"kind": "king", "account": "a"}),
                           ("token.create", {"kind": "worker"}), ("token.create", {"account": "a b", "kind": "worker"}),
                           ("token.create", {"account": "a", "kind": "worker", "uses": 0}),
                           ("token.create", {"account": "a", "kind": "worker", "life_s": 10**9}),
                           ("account.grant", {"account": "a", "milli": -1}), ("account.grant", {"account": "mint", "milli": 1}),
                           ("account.grant", {"account": "a", "milli": "1"}),
                           ("node.set_state", {"id": "x", "state": "approved"})]:
        with pytest.raises(RuntimeError):
            coordinator.admin.ask(method, **params)
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(60)
        line.connect(coordinator.admin.path)
        line.sendall(b"no json\n" + b'{"jsonrpc":"2.0","id":7,"method":"status"}\n')
        with line.makefile() as reader:
            assert json.loads(reader.readline())["error"]["code"] == -32700
            assert json.loads(reader.readline())["id"] == 7
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(60)
        line.connect(coordinator.admin.path)
        try:
            line.sendall(b"x" * 100_000)
            assert line.recv(10) == b"", "a line without an end is not waited for"
        except (BrokenPipeError, ConnectionResetError):
            pass
    assert coordinator.admin.ask("status")["workers"] == 0


def test_the_admin_socket_answers_nobody_but_its_user():
    if os.geteuid() != 0:
        pytest.skip("another user can only be had as root")
    ask = ("import socket, sys; s = socket.socket(socket.AF_UNIX); s.settimeout(20); s.connect(sys.argv[1]); "
           "s.sendall(b'{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"node.list\",\"params\":{}}\\n'); "
           "print(s.recv(4096).decode())")
    with tempfile.TemporaryDirectory() as folder:
        data = pathlib.Path(folder) / "data"
        running = Coordinator(data)
        try:
            at = data / "run/admin.sock"

            def said(**who):
                return subprocess.run(["/usr/bin/python3", "-c", ask, at], capture_output=True, text=True, **who)

            assert "nodes" in said().stdout
            assert "PermissionError" in said(user="nobody").stderr
            # As if somebody had opened the folders.
            for path, mode in [(pathlib.Path(folder), 0o755), (data, 0o755), (data / "run", 0o755), (at, 0o777)]:
                path.chmod(mode)
            stranger = said(user="nobody")
            assert "PermissionError" not in stranger.stderr and "nodes" not in stranger.stdout, stranger
            assert "nodes" in said().stdout
        finally:
            running.kill()


def test_the_first_version_still_works_signed(coordinator, client):
    worker = Node(coordinator.url)
    problem(worker.send("POST", "/pull", b'{"agentId":"a"}', {"Content-Type": "application/json"}), 401)
    registered = worker.post("/register", {"agentId": "old agent", "os": "linux", "version": "1", "mode": "swarm-only",
                                           "registrationToken": coordinator.admin.token("worker"),
                                           "publicKey": worker.public, "maxConcurrentTasks": 2})
    assert registered.status == 200 and registered.json()["accepted"] is True, registered.text
    sent = client.post("/submit", {"taskId": "t1", "job": job()})
    assert sent.status == 200 and len(sent.json()["subtasks"]) == 1, sent.text
    replayed(client.post("/submit", {"taskId": "t1", "job": job()}), sent)
    id = sent.json()["taskId"]
    pulled = worker.post("/pull", {"agentId": "old agent"}).json()["subtask"]
    assert pulled["taskId"] == id and pulled["envelope"]["spec"] == b64(b"sealed spec")
    assert worker.post("/pull", {"agentId": "old agent"}).json() == {"subtask": None}
    assert worker.post("/heartbeat", {"agentId": "old agent"}).json()["ok"] is True
    other = coordinator.node("worker")
    result = {"subtaskId": pulled["id"], "taskId": id, "agentId": "old agent", "ok": True,
              "output": b64(b"sealed result"), "durationMs": 5}
    problem(other.post("/result", result), 409, "conflict")
    assert worker.post("/result", result).json() == {"ok": True}
    shown = client.get(f"/status?taskId={id}").json()
    assert client.get("/status?taskId=t1").json() == shown, "by its submitter's name for it too"
    problem(client.get("/status?taskId=t2"), 404)
    problem(coordinator.node("client", "bob").get("/status?taskId=t1"), 404)
    assert shown["state"] == "done" and shown["job"]["result"] == b64(b"sealed result")
    assert client.get("/status").json()["queued"] == 0
    capacity = worker.get("/capacity").json()
    assert capacity["totals"]["agentsConnected"] == 1 and capacity["agents"][0]["maxConcurrentTasks"] == 2
    assert capacity["totals"]["searchers"] == 1 and worker.get("/capacity?group=g1").json()["totals"]["searchers"] == 0
    leases(other, offer={**OFFER, "groups": ["g1"]})
    assert worker.get("/capacity?group=g1").json()["totals"]["searchers"] == 1
    problem(worker.get("/capacity?group=%00"), 400, "invalid_argument")
    assert "ownerEmail" not in capacity["agents"][0] and "sourceIp" not in capacity["agents"][0]
    assert client.get("/features").json() == {"public_mesh": False, "enterprise_overlay": False}
    assert worker.send("GET", "/health/runtime").json()["ok"] is True
    problem(worker.send("GET", "/status"), 401)
    problem(worker.send("GET", "/capacity"), 401)


def test_the_first_version_takes_no_plaintext_here_and_tells_a_phone_when_to_rest(coordinator, client):
    problem(client.post("/submit", {"taskId": "t", "prompt": "secret source"}), 403, "plaintext_refused")
    phone = Node(coordinator.url)
    phone.post("/register", {"agentId": "p", "registrationToken": coordinator.admin.token("worker"),
                             "publicKey": phone.public, "powerTelemetry": {"lowPowerMode": True}})
    assert phone.post("/pull", {}).json() == {"subtask": None, "powerDeferred": True, "reason": "ios_low_power_mode"}
    waiting = Node(coordinator.url)
    refused = waiting.post("/register", {"agentId": "w", "publicKey": waiting.public,
                                         "registrationToken": coordinator.admin.token("worker", approved=False)})
    assert refused.status == 403 and refused.json()["code"] == "node_not_activated"
    for bad in [{}, {"agentId": ""}, {"agentId": "a", "mode": "x"}, {"agentId": "a", "maxConcurrentTasks": 65},
                {"agentId": "a", "publicKey": "zz"}, {"agentId": "a", "registrationToken": "t"}]:
        problem(phone.post("/register", bad), 400, "invalid_argument")


@pytest.fixture
def postgres():
    if reason := postgres_server.missing():
        pytest.skip(reason)
    running = postgres_server.Postgres()
    yield running
    running.remove()


def test_two_coordinators_on_one_database_are_one_swarm(postgres, tmp_path):
    one = Coordinator(tmp_path / "one", database=postgres.url)
    eventually(lambda: Node(one.url).send("GET", "/log/checkpoint").status == 200)
    stranger = subprocess.run([PROGRAM, "coordinator", "--listen", "127.0.0.1:0", "--data-dir", tmp_path / "two"],
                              capture_output=True, text=True, timeout=60,
                              env={**os.environ, "DATABASE_URL": postgres.url})
    assert stranger.returncode != 0 and "signed by another key" in stranger.stderr, stranger.stderr
    (tmp_path / "two/secrets/log-key").write_bytes((tmp_path / "one/secrets/log-key").read_bytes())
    two = Coordinator(tmp_path / "two", database=postgres.url)
    try:
        client, worker = one.node("client"), one.node("worker")
        worker.url = two.url
        got = {}
        waiting = threading.Thread(target=lambda: got.update(leases=leases(worker, wait_s=20)))
        waiting.start()
        eventually(lambda: two.admin.ask("status")["claims_waiting"] == 1)
        id = submitted(client, job())
        waiting.join(60)
        [lease] = got["leases"]
        assert lease["job"] == id
        stream = client.events(id)
        assert next(stream)["job"] == id
        assert complete(worker, report(lease)).json()["reports"][0]["task"] == "done"
        assert [event["state"] for event in stream][-1] == "done", "followed at one, completed at the other"
        twin = copy.copy(client)
        twin.url = two.url
        for round in range(5):
            submit_at_once([client, twin] * 3, f"at-once-{round}")
        assert len(client.get("/v1/jobs").json()["jobs"]) == 6
        two.admin.ask("node.set_state", id=worker.id, state="revoked", reason="lost")
        worker.url = one.url
        eventually(lambda: claim(worker).status == 401)
    finally:
        one.kill()
        two.kill()


def test_a_database_that_goes_away_and_comes_back_loses_nothing(postgres, tmp_path):
    running = Coordinator(tmp_path / "data", database=postgres.url)
    try:
        client, worker = running.node("client"), running.node("worker")
        id = submitted(client, job())
        [lease] = leases(worker)
        postgres.kill()
        gone = complete(worker, report(lease))
        problem(gone, 503)
        assert gone.headers["Retry-After"] == "1"
        problem(submit(client, job(), "k2"), 503)
        assert Node(running.url).send("GET", "/readyz").status == 503
        assert Node(running.url).send("GET", "/healthz").status == 200
        postgres.start()
        done = eventually(lambda: (lambda a: a if a.status == 200 else None)(complete(worker, report(lease))))
        assert done.json()["reports"][0]["task"] == "done", done.text
        assert submit(client, job(), "k2").status == 201
        assert client.get(f"/v1/jobs/{id}").json()["state"] == "done"
        assert len(client.get("/v1/jobs").json()["jobs"]) == 2
    finally:
        running.kill()


def test_what_was_committed_without_an_answer_counts_once_when_it_is_asked_again(postgres, tmp_path):
    between = postgres_server.LosesAnswers(postgres)
    running = Coordinator(tmp_path / "data", database=between.url)

    def lost_then_again(word, ask):
        before = between.lost
        between.lose(word)
        problem(ask(), 503, "timeout")
        assert between.lost == before + 1
        return ask()

    def grant():
        return running.admin.ask("account.grant", account="anna", milli=500_000, key="grant-of-today")

    try:
        running.admin.ask("account.grant", account="anna", milli=1, key="first")
        between.lose("grant-of-today")
        with pytest.raises(RuntimeError):
            grant()
        assert between.lost == 1 and grant()["balance_milli"] == 500_001
        client, worker = running.node("client", "anna"), running.node("worker", "lab")
        assert lost_then_again("blob-of-today", lambda: put(client, ("blob-of-today", b"x" * 100))).status == 200
        assert postgres.rows("SELECT count(*), sum(size) = max(s.bytes) FROM blob b JOIN store_account s "
                             "ON s.account = b.account") == [(1, True)]
        wanted = job(blobs=["blob-of-today"])
        again = lost_then_again("key-of-today", lambda: submit(client, wanted, "key-of-today"))
        assert again.status == 201 and again.headers["Idempotency-Replayed"] == "true"
        assert [one["id"] for one in client.get("/v1/jobs").json()["jobs"]] == [again.json()["jobs"][0]["id"]]
        [lease] = leases(worker)
        told = lost_then_again(worker.id, lambda: complete(worker, report(lease)))
        assert told.json()["reports"][0]["task"] == "done" and told.headers["Idempotency-Replayed"] == "true"
        id = submitted(client, job(), "another")
        assert lost_then_again(id, lambda: client.post(f"/v1/jobs/{id}/cancel", {})).status == 200
        accounts = {each["id"]: each for each in running.admin.ask("account.list")["accounts"]}
        assert accounts["lab"]["balance_milli"] == 1000 and accounts["anna"]["balance_milli"] == 499_001
        assert accounts["anna"]["held_milli"] == 0
    finally:
        running.kill()
        between.remove()


@pytest.fixture
def small_disk():
    """A folder, and the words that put a small disk there for the program that follows and for nobody else: other tests
    look at what is mounted on this machine."""
    with tempfile.TemporaryDirectory(prefix="edgecoder-") as folder:
        data = pathlib.Path(folder) / "data"
        data.mkdir(mode=0o700)
        below = ["unshare", "--mount", "sh", "-c",
                 'mount -t tmpfs -o size=6m,mode=0700 tmpfs "$0" && exec "$@"', data]
        if subprocess.run([*below, "true"], capture_output=True).returncode != 0:
            pytest.skip("no small disk can be made here")
        yield data, below


def test_a_full_disk_is_said_and_nothing_is_lost(small_disk):
    data, below = small_disk
    running = Coordinator(data, below=below)
    try:
        inside = pathlib.Path(f"/proc/{running.process.pid}/root") / data.relative_to("/")
        running.admin = Admin(inside)
        client = running.node("client")
        first = submitted(client, job(), "first")
        filler = inside / "filler"
        with open(filler, "wb", buffering=0) as out:
            try:
                while True:
                    out.write(b"x" * 65536)
            except OSError:
                pass
        refused = eventually(lambda: next((answer for answer in [put(client, (os.urandom(8).hex(), b"x" * 65536))]
                                           if answer.status != 200), None))
        problem(refused, 503, "storage_full")
        assert client.get(f"/v1/jobs/{first}").json()["state"] == "queued"
        filler.unlink()
        assert eventually(lambda: submit(client, job(), "second").status == 201)
        assert [row["id"] for row in client.get("/v1/jobs").json()["jobs"]][-1] == first
    finally:
        running.kill()


def openssl(*words):
    made = subprocess.run(["openssl", *map(str, words)], capture_output=True)
    assert made.returncode == 0, made.stderr


@pytest.fixture
def authority(tmp_path):
    """Makes an authority's certificate in ca.pem, and certificates of this machine that it signed."""
    folder = tmp_path / "ca"
    folder.mkdir()
    openssl("req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=test authority", "-days", "2",
            "-keyout", folder / "ca.key", "-out", folder / "ca.pem")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")

    def issue(name):
        openssl("req", "-newkey", "ed25519", "-nodes", "-subj", f"/CN={name}", "-keyout", folder / f"{name}.key",
                "-out", folder / f"{name}.csr")
        openssl("x509", "-req", "-in", folder / f"{name}.csr", "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key",
                "-set_serial", "0x" + os.urandom(8).hex(), "-days", "2", "-extfile", folder / "names",
                "-out", folder / f"{name}.pem")
        return folder / f"{name}.pem", folder / f"{name}.key"

    issue.trust = lambda: ssl.create_default_context(cafile=folder / "ca.pem")
    return issue


def test_a_certificate_is_served(authority, tmp_path):
    certificate, key = authority("first")
    running = Coordinator(tmp_path / "data", "--tls-cert", certificate, "--tls-key", key)
    try:
        assert running.url.startswith("https://")
        with urllib.request.urlopen(running.url + "/healthz", context=authority.trust(), timeout=60) as answer:
            assert answer.read() == b"ok\n"
        half = subprocess.run([PROGRAM, "coordinator", "--tls-cert", certificate, "--data-dir", tmp_path / "other"],
                              capture_output=True, text=True, timeout=60)
        assert half.returncode == 2 and "go together" in half.stderr
        bare = subprocess.run([PROGRAM, "coordinator", "--listen", "0.0.0.0:0", "--data-dir", tmp_path / "other"],
                              capture_output=True, text=True, timeout=30)
        assert bare.returncode == 2 and "--tls-cert" in bare.stderr and "--behind-proxy" in bare.stderr
    finally:
        running.kill()


def test_at_sighup_new_connections_get_the_renewed_certificate(authority, tmp_path):
    """A wrong file keeps the old one, and says so; a connection that is open goes on."""
    served = tmp_path / "served.pem", tmp_path / "served.key"
    first, second = authority("first"), authority("second")
    running = None

    def connect():
        wire = socket.create_connection(("127.0.0.1", int(running.url.rsplit(":", 1)[1])), timeout=60)
        return authority.trust().wrap_socket(wire, server_hostname="localhost")

    def name():
        with connect() as tls:
            return dict(field[0] for field in tls.getpeercert()["subject"])["commonName"]

    def asked(tls):
        tls.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = b""
        while not answer.endswith(b"ok\n"):
            answer += tls.recv(4096) or pytest.fail(f"the connection ended: {answer}")
        return answer.startswith(b"HTTP/1.1 200 ")

    def serve(certificate, key):
        shutil.copy(certificate, served[0])
        shutil.copy(key, served[1])

    def hang_up():
        running.process.send_signal(signal.SIGHUP)
        return running.process.stderr.readline()

    serve(*first)
    running = Coordinator(tmp_path / "data", "--tls-cert", served[0], "--tls-key", served[1])
    try:
        assert name() == "first"
        with connect() as open_before:
            assert asked(open_before)
            serve(first[0], second[1])
            said = hang_up()
            assert "coordinator keeps its certificate" in said and "no key of that certificate" in said
            running.process.stderr.readline()
            assert name() == "first"
            served[0].write_text("no certificate")
            assert "holds no certificate" in hang_up()
            running.process.stderr.readline()
            assert name() == "first"
            served[1].unlink()
            assert "there is no file" in hang_up()
            running.process.stderr.readline()
            serve(*second)
            assert "new connections get the certificate" in hang_up()
            assert name() == "second"
            assert asked(open_before)
        assert running.stop() == 0
    finally:
        running.kill()


def test_it_is_small_and_quick(tmp_path):
    start = time.monotonic()
    running = Coordinator(tmp_path / "data")
    ready = time.monotonic() - start
    try:
        status = pathlib.Path(f"/proc/{running.process.pid}/status").read_text()
        resident = int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])
        print(f"ready after {ready * 1000:.0f} ms, {resident / 1024:.1f} MB")
        assert resident < 40 * 1024
    finally:
        running.kill()


class Everything(Started):
    """`edgecoderd all` on free ports."""

    def __init__(self, data, **environment):
        self.data = data
        kept = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        ports = {name: "0" for name in ("COORDINATOR_PORT", "IDE_PORT", "REVIEW_PORT", "INFERENCE_PORT")}
        self.process = subprocess.Popen(
            [PROGRAM, "all", "--data-dir", data], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**kept, **ports, "XDG_CONFIG_HOME": str(data.parent / "config"), **environment})
        self.urls = {}
        while "review" not in self.urls:
            line = self.process.stdout.readline()
            assert line.startswith("ready "), line + self.process.stderr.read()
            _, name, url = line.split()
            self.urls[name] = url
        self.admin = Admin(data)


@pytest.fixture
def everything(tmp_path):
    running = Everything(tmp_path / "data")
    yield running
    running.kill()


def test_all_services_of_a_machine_start_together_and_end_together(everything):
    assert list(everything.urls)[0] == "coordinator" and {"ide", "review"} < set(everything.urls)
    for url in everything.urls.values():
        assert Node(url).send("GET", "/healthz").status == 200
    assert everything.stop() == 0


def test_when_one_service_cannot_start_none_runs(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ports = {"COORDINATOR_PORT": "0", "IDE_PORT": "0", "INFERENCE_PORT": "0",
                 "REVIEW_PORT": str(taken.getsockname()[1])}
        done = subprocess.run([PROGRAM, "all", "--data-dir", tmp_path / "data"], capture_output=True, text=True,
                              timeout=60, env={**os.environ, **ports, "XDG_CONFIG_HOME": str(tmp_path / "config")})
    assert done.returncode == 3 and "review: " in done.stderr
    running = Coordinator(tmp_path / "data")
    running.kill()


def test_the_first_version_in_clear_on_its_own_machine(everything):
    node = Node(everything.urls["coordinator"])
    token = (everything.data / "secrets/admin-token").read_text().strip()
    canary = "canary_line_of_source_91b7"
    body = json.dumps({"taskId": "t1", "prompt": f"write {canary}", "language": "python",
                       "snapshotRef": "main"}).encode()
    kind = {"Content-Type": "application/json"}
    problem(node.send("POST", "/submit", body, kind), 401, "token_required")
    problem(node.send("POST", "/submit", body, {**kind, "Authorization": "Bearer " + "0" * 64}), 401, "token_required")
    admin = {**kind, "Authorization": f"Bearer {token}"}
    sent = node.send("POST", "/submit", body, admin)
    assert sent.status == 200 and len(sent.json()["subtasks"]) == 1, sent.text
    replayed(node.send("POST", "/submit", body, admin), sent)

    worker = Node(node.url)
    registered = worker.post("/register", {
        "agentId": "w", "registrationToken": everything.admin.token("worker"), "publicKey": worker.public,
        "offer": {**OFFER, "groups": [node.send("GET", f"/status?taskId={sent.json()['taskId']}", headers=admin)
                                      .json()["job"]["group"]]}})
    assert registered.status == 200, registered.text
    subtask = worker.post("/pull", {"agentId": "w"}).json()["subtask"]
    assert subtask["id"] == sent.json()["subtasks"][0] and subtask["kind"] == "attempt"
    assert worker.post("/result", {"subtaskId": subtask["id"], "ok": True, "output": b64(b"sealed"),
                                   "durationMs": 1}).json() == {"ok": True}
    shown = node.send("GET", f"/status?taskId={sent.json()['taskId']}", headers=admin).json()
    assert shown["state"] in ("verifying", "running", "queued", "done")
    assert "w" in [agent["agentId"] for agent in node.send("GET", "/capacity", headers=admin).json()["agents"]]
    everything.stop()
    for file in everything.data.rglob("*"):
        assert not file.is_file() or canary.encode() not in file.read_bytes(), file
    assert canary not in everything.out + everything.err


def test_all_services_together_are_small_and_quick(tmp_path):
    start = time.monotonic()
    running = Everything(tmp_path / "data")
    ready = time.monotonic() - start
    try:
        status = pathlib.Path(f"/proc/{running.process.pid}/status").read_text()
        resident = int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])
        print(f"ready after {ready * 1000:.0f} ms, {resident / 1024:.1f} MB")
        assert resident < 80 * 1024
    finally:
        running.kill()
