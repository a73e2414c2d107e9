"""`edgecoderd coordinator` and those who mean it no good: every field of every endpoint wrong, missing, huge, negative,
repeated, out of order, for somebody else's job, with an old fence, from a clock an hour off."""

import base64
import concurrent.futures
import contextlib
import copy
import hashlib
import http.client
import json
import os
import re
import socket
import sqlite3
import stat
import struct
import time
import urllib.parse

import pytest

from ed25519 import Key
from swarm_node import Node, b64
from test_coordinator import Coordinator

HUGE = "x" * 300_001  # nor is it base64
OFFER = {"kinds": ["repair", "attempt", "subtask", "verify"], "languages": ["python"], "memory_mb": 4096,
         "model_class": "small", "gpu": True, "groups": [], "snapshots": ["snap-1"], "model": "tiny"}
# Of a node and a job that are not here.
NOBODY = base64.urlsafe_b64encode(hashlib.sha256(b"nobody").digest()).decode().rstrip("=")
NOWHERE = "0190000000007000800000000000dead"


def job(**fields):
    return {"kind": "repair", "spec": b64(b"a spec"), "blobs": [], "snapshot": "snap-1",
            "tasks": [{"key": "shard-0", "kind": "repair", "payload": b64(b"a share"), "after": [],
                       "needs": {"languages": ["python"], "memory_mb": 64, "model_class": "", "gpu": False},
                       "expected_s": 60}],
            "priority": 50, "verification": "none", "group": "", "group_key": "", "cache_key": "", "budget_s": 600,
            "budget_milli": 0, **fields}


def fresh_key():
    return os.urandom(9).hex()


def submit(client, body, key=None):
    return client.post("/v1/jobs", body, Idempotency_Key=fresh_key() if key is None else key)


def claim(worker, most=1):
    answer = worker.post("/v1/claim", {"protocol": "1.1", "offer": OFFER, "most": most, "wait_s": 0})
    assert answer.status == 200, answer.text
    return answer.json()["leases"]


def report(lease, outcome="solved", **fields):
    return {"task": lease["task"], "fence": lease["fence"], "outcome": outcome, "result": b64(b"a patch"), **fields}


def complete(worker, *reports):
    return worker.post("/v1/complete", {"protocol": "1.1", "reports": list(reports)})


def holding(worker, lease):
    """What the coordinator says of a lease that `worker` says it holds."""
    answer = worker.post("/v1/heartbeat", {"protocol": "1.1", "offer": OFFER,
                                           "telemetry": {"updated_ms": int(time.time() * 1000)},
                                           "held": [{"task": lease["task"], "fence": lease["fence"]}]})
    assert answer.status == 200, answer.text
    return answer.json()["held"][0]["holding"]


def head_of(node, method, target, body, signer=None):
    """The headers of a request that is in order, as pairs that can be spoiled; `signer` signs instead of the node."""
    head = [("Host", urllib.parse.urlsplit(node.url).netloc), ("Idempotency-Key", fresh_key())]
    if method == "POST":
        head += [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    return head + list((signer or node).sign(method, target, body).items())


class Raw:
    """The answer to a request of just these headers, also twice, also nonsense."""

    def __init__(self, coordinator, method, target, body, head):
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(coordinator.url).netloc, timeout=40)
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in head:
            connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        self.status, self.headers, self.text = response.status, response.headers, response.read().decode()
        connection.close()

    def json(self):
        return json.loads(self.text)


@pytest.fixture(scope="module")
def coordinator(tmp_path_factory):
    running = Coordinator(tmp_path_factory.mktemp("hostile") / "data")
    yield running
    alive = running.process.poll() is None
    healthy = alive and Raw(running, "GET", "/healthz", b"", [("Host", running.url.split("/")[2])]).status == 200
    running.kill()
    assert healthy


@pytest.fixture(scope="module")
def anna(coordinator):
    coordinator.admin.ask("account.grant", account="anna", milli=1_000_000_000)
    return coordinator.node("client", "anna")


@pytest.fixture(scope="module")
def bob(coordinator):
    coordinator.admin.ask("account.grant", account="bob", milli=1_000_000_000)
    return coordinator.node("client", "bob")


@pytest.fixture(scope="module")
def worker(coordinator):
    return coordinator.node("worker", "carl")


@pytest.fixture(scope="module")
def other_worker(coordinator):
    return coordinator.node("worker", "dora")


@pytest.fixture
def lease(anna, worker):
    """A task that `worker` holds; nobody else's is in the way."""
    [submitted] = submit(anna, job()).json()["jobs"]
    for _ in range(50):
        for one in claim(worker, most=16):
            if one["job"] == submitted["id"]:
                yield one
                anna.post(f"/v1/jobs/{submitted['id']}/cancel", {})
                return
    raise AssertionError("the task was not handed out")


def problem(answer, *statuses):
    """A clear refusal: a problem document with a code, and never the server's own fault."""
    assert answer.status in (statuses or (400, 401, 403, 404, 409, 413, 415, 422)), (answer.status, answer.text[:500])
    assert answer.headers["Content-Type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == answer.status and document["code"]
    return document


def balance(coordinator, account):
    [found] = [one for one in coordinator.admin.ask("account.list")["accounts"] if one["id"] == account]
    return found["balance_milli"], found["held_milli"]


# --- Who may come in

ENDPOINTS = [
    ("client", "POST", "/v1/jobs", job()),
    ("client", "GET", "/v1/jobs", None),
    ("client", "GET", f"/v1/jobs/{NOWHERE}", None),
    ("client", "GET", f"/v1/jobs/{NOWHERE}/events", None),
    ("client", "GET", f"/v1/jobs/{NOWHERE}/explain", None),
    ("client", "POST", f"/v1/jobs/{NOWHERE}/cancel", {}),
    ("client", "POST", f"/v1/jobs/{NOWHERE}/verdict", {"task": NOWHERE, "good": True}),
    ("client", "POST", f"/v1/jobs/{NOWHERE}/keys", {"node": NOBODY, "sealed": b64(b"key")}),
    ("client", "POST", "/v1/blobs/missing", {"ids": ["a"]}),
    ("worker", "POST", "/v1/blobs/fetch", {"ids": ["a"]}),
    ("worker", "POST", "/v1/claim", {"protocol": "1.1", "offer": OFFER, "most": 1, "wait_s": 0}),
    ("worker", "POST", "/v1/heartbeat", {"protocol": "1.1", "held": [], "offer": OFFER}),
    ("worker", "POST", "/v1/complete", {"task": NOWHERE, "fence": 1, "outcome": "error"}),
    ("worker", "POST", "/v1/give-back", {"task": NOWHERE, "fence": 1, "reason": "no"}),
    ("worker", "GET", f"/v1/tasks/{NOWHERE}/key?fence=1", None),
]


def without(name):
    return lambda head: [pair for pair in head if pair[0] != name]


def twice(name):
    return lambda head: head + [pair for pair in head if pair[0] == name]


def changed(name, change):
    return lambda head: [(key, change(value) if key == name else value) for key, value in head]


BAD_HEADS = {
    "no signature at all": lambda head: [pair for pair in head if not pair[0].startswith(("Signature", "Content-D"))],
    "no signature": without("Signature"),
    "no input": without("Signature-Input"),
    "no digest": without("Content-Digest"),
    "signature twice": twice("Signature"),
    "input twice": twice("Signature-Input"),
    "digest twice": twice("Content-Digest"),
    "garbage signature": changed("Signature", lambda value: "sig1=:AAAA:"),
    "flipped signature": changed("Signature", lambda value: value[:20] + ("A" if value[20] != "A" else "B") + value[21:]),
    "garbage input": changed("Signature-Input", lambda value: "sig1=();created=1"),
    "another label": changed("Signature-Input", lambda value: value.replace("sig1", "sig2")),
    "fewer components": changed("Signature-Input", lambda value: value.replace(' "@query"', "")),
    "another algorithm": changed("Signature-Input", lambda value: value.replace("ed25519", "hmac-sha256")),
    "huge input": changed("Signature-Input", lambda value: value + "x" * 8000),
    "another digest": changed("Content-Digest", lambda value: "sha-512=:AAAA:"),
    "another's id": changed("Signature-Input", lambda value: value.replace('keyid="', 'keyid="A')),
    "a time that is none": changed("Signature-Input", lambda value: value.replace("created=", "created=-")),
}


@pytest.mark.parametrize("kind,method,target,body", ENDPOINTS, ids=[f"{one[1]} {one[2][:20]}" for one in ENDPOINTS])
def test_only_well_signed_requests_come_in(coordinator, anna, worker, kind, method, target, body):
    node = anna if kind == "client" else worker
    data = b"" if body is None else json.dumps(body).encode()

    def send(change=lambda head: head, signer=None, target_sent=target, data_sent=data):
        head = change(head_of(node, method, target, data, signer))
        if method == "POST":
            head = changed("Content-Length", lambda value: str(len(data_sent)))(head)
        return Raw(coordinator, method, target_sent, data_sent, head)

    for name, change in BAD_HEADS.items():
        assert problem(send(change), 401)["code"] == "denied", name
    stranger = Node(coordinator.url)
    assert problem(send(signer=stranger), 401)["code"] == "denied"
    stranger.id = node.id
    assert problem(send(signer=stranger), 401)["code"] == "denied"
    assert problem(send(target_sent=target + ("&" if "?" in target else "?") + "x=1"), 401)["code"] == "denied"
    if method == "POST":
        assert problem(send(data_sent=data + b" "), 401)["code"] == "denied"
    for off, word in ((-3600, "behind"), (3600, "ahead")):
        late = copy.copy(node)
        late.clock = off
        answer = send(signer=late)
        detail = problem(answer, 409)["detail"]
        [told] = re.findall(rf"(\d+) s {word}", detail)
        assert abs(int(told) - abs(off)) < 60, detail
        assert abs(int(answer.headers["Edgecoder-Time"]) - time.time() * 1000) < 60_000


def test_a_request_counts_once(coordinator, worker):
    body = json.dumps({"offer": OFFER, "wait_s": 0}).encode()
    head = head_of(worker, "POST", "/v1/claim", body)
    assert Raw(coordinator, "POST", "/v1/claim", body, head).status == 200
    for _ in range(3):
        assert problem(Raw(coordinator, "POST", "/v1/claim", body, head), 409)["code"] == "conflict"


def test_a_request_is_for_this_host(coordinator, worker):
    body = json.dumps({"offer": OFFER, "wait_s": 0}).encode()
    head = head_of(worker, "POST", "/v1/claim", body)
    port = coordinator.url.rsplit(":", 1)[1]
    for change, status in ((changed("Host", lambda value: f"localhost:{port}"), 401),
                           (changed("Host", lambda value: "evil.example"), 421), (twice("Host"), 400),
                           (without("Host"), 400)):
        problem(Raw(coordinator, "POST", "/v1/claim", body, change(head)), status)


OF_ONE_KIND = [one for one in ENDPOINTS if "/blobs/" not in one[2]]


@pytest.mark.parametrize("kind,method,target,body", OF_ONE_KIND, ids=[f"{one[1]} {one[2][:20]}" for one in OF_ONE_KIND])
def test_nobody_does_what_is_another_kinds(anna, worker, kind, method, target, body):
    node = worker if kind == "client" else anna
    answer = node.call(method, target, body, Idempotency_Key=fresh_key())
    assert problem(answer, 403)["code"] == "wrong_kind"


def token(coordinator, kind, account, approved=True):
    return coordinator.admin.token(kind, account, approved)


def test_joining_asks_for_the_key_that_joins(coordinator):
    good = token(coordinator, "worker", "eve")
    node = Node(coordinator.url)
    other = Node(coordinator.url)
    other.public = node.public
    problem(other.join(good, "worker"), 401)
    other.id = node.id
    problem(other.join(good, "worker"), 401)
    late = copy.copy(node)
    late.clock = -3600
    problem(late.join(good, "worker"), 409)
    problem(node.join(good, "client"), 401)
    # Nothing of that used the token up.
    assert node.join(good, "worker").status == 201
    assert node.join(good, "worker").status == 201
    problem(Node(coordinator.url).join(good, "worker"), 401)


def test_bad_tokens_look_all_the_same(coordinator):
    used = token(coordinator, "worker", "eve")
    assert Node(coordinator.url).join(used, "worker").status == 201
    good = token(coordinator, "client", "eve")
    details = set()
    for bad in (used, good, good[:-1], good[:-1] + ("A" if good[-1] != "A" else "E"), "ecn_", "x",
                "ecn_aaaaaaaa_" + "A" * 43, "' OR 1=1 --", "é" * 30):
        details.add(problem(Node(coordinator.url).join(bad, "worker"), 401)["detail"])
    assert len(details) == 1


def test_a_join_that_is_refused_does_not_wait_for_the_writer(coordinator):
    used = token(coordinator, "worker", "eve")
    assert Node(coordinator.url).join(used, "worker").status == 201
    nodes = [Node(coordinator.url) for _ in range(3)]
    database = sqlite3.connect(coordinator.data / "coordinator.db", isolation_level=None, timeout=60)
    database.execute("BEGIN IMMEDIATE")  # nobody else can write until the end
    try:
        for node, bad in zip(nodes, (used, used[:-1] + "!", "ecn_aaaaaaaa_" + "A" * 43)):
            problem(node.join(bad, "worker"), 401)
    finally:
        database.execute("ROLLBACK")
        database.close()


def test_a_key_keeps_its_account_and_a_revoked_one_stays_out(coordinator):
    node = coordinator.node("worker", "frank")
    thief = token(coordinator, "worker", "eve")
    problem(node.join(thief, "worker"), 409)
    assert [one["account"] for one in coordinator.admin.ask("node.list")["nodes"] if one["id"] == node.id] == ["frank"]
    claim(node)
    coordinator.admin.ask("node.set_state", id=node.id, state="revoked", reason="a test")
    assert "revoked" in problem(node.post("/v1/claim", {"offer": OFFER, "wait_s": 0}), 401)["detail"]
    problem(node.join(thief, "worker"), 401)


def test_who_is_revoked_while_it_waits_is_given_nothing(coordinator, anna):
    node = coordinator.node("worker", "frank")
    only_here = {**OFFER, "kinds": ["escalate"]}
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(node.post, "/v1/claim", {"protocol": "1.1", "offer": only_here, "wait_s": 25})
        deadline = time.monotonic() + 60
        while coordinator.admin.ask("status")["claims_waiting"] == 0:
            assert time.monotonic() < deadline, "the claim never came to wait"
        coordinator.admin.ask("node.set_state", id=node.id, state="revoked", reason="a test")
        [submitted] = submit(anna, job(tasks=[{"key": "t", "kind": "escalate"}])).json()["jobs"]
        assert waiting.result(timeout=60).json()["leases"] == []
    assert anna.get(f"/v1/jobs/{submitted['id']}").json()["state"] == "queued"
    anna.post(f"/v1/jobs/{submitted['id']}/cancel", {})


def test_a_node_waits_for_a_person(coordinator):
    node = Node(coordinator.url)
    assert node.join(token(coordinator, "worker", "gil", approved=False), "worker").json()["state"] == "pending"
    ask = {"offer": OFFER, "wait_s": 0}
    assert f"edgecoder node approve {node.id}" in problem(node.post("/v1/claim", ask), 401)["detail"]
    for state, status in (("approved", 200), ("suspended", 401), ("approved", 200)):
        coordinator.admin.ask("node.set_state", id=node.id, state=state, reason="")
        assert node.post("/v1/claim", ask).status == status
    with pytest.raises(RuntimeError, match="cannot become pending"):
        coordinator.admin.ask("node.set_state", id=node.id, state="pending", reason="")


# --- Every field

def places(value, path=()):
    """Where something stands in a document, the document itself left out."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*path, key)
            yield from places(inner, (*path, key))
    elif isinstance(value, list) and value:
        yield (*path, 0)
        yield from places(value[0], (*path, 0))


def put(document, path, value):
    out = copy.deepcopy(document)
    at = out
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return out


def wrong_for(value):
    """Values that no field which takes `value` takes."""
    if isinstance(value, bool):
        return ["true", 1, 0, [], {}]
    if isinstance(value, int):
        return [-2, -2**63, 2**63, 10**30, 1.5, 1e300, "1", True, [], {}, HUGE[:5000]]
    if isinstance(value, str):
        return [7, -1, True, [], {}, ["x"], HUGE, "\u0000", "\ud800", "../../etc/passwd\n", "\x1b[31m"]
    if isinstance(value, list):
        return [7, "x", True, {}, [7], [{}], [[]], ["\n"], [None] * 2, ["x"] * 70_000]
    return [7, "x", True, [], [{}]]


FREE_TEXT = {"label", "token"}  # any line of text is one

BODIES = [
    ("client", "/v1/jobs", job(tasks=[{**job()["tasks"][0], "after": []}], expected="nothing")),
    ("client", f"/v1/jobs/{NOWHERE}/verdict", {"task": NOWHERE, "good": True}),
    ("client", f"/v1/jobs/{NOWHERE}/keys", {"node": NOBODY, "sealed": b64(b"key")}),
    ("client", "/v1/blobs/missing", {"ids": ["a"]}),
    ("worker", "/v1/blobs/fetch", {"ids": ["a"]}),
    ("worker", "/v1/claim", {"protocol": "1.1", "offer": {**OFFER, "groups": ["g"]}, "most": 1, "wait_s": 0}),
    ("worker", "/v1/heartbeat", {
        "protocol": "1.1", "held": [{"task": NOWHERE, "fence": 1, "progress": b64(b"p"), "percent": 5}],
        "offer": OFFER, "slots": 2, "holding_back": "idle",
        "telemetry": {"device": "laptop", "external_power": True, "battery_percent": 50, "low_power_mode": False,
                      "thermal": "nominal", "cpu_percent": 10, "idle_s": 5, "updated_ms": 1}}),
    ("worker", "/v1/complete", {"protocol": "1.1", "reports": [{
        "task": NOWHERE, "fence": 1, "outcome": "solved", "result": b64(b"r"), "blobs": ["b"], "reason": "word",
        "wall_ms": 5, "children": [{"key": "part-1", "kind": "subtask", "needs": {"languages": ["python"]},
                                    "payload": b64(b"p"), "after": ["part-0"], "expected_s": 5}]}]}),
    ("worker", "/v1/give-back", {"task": NOWHERE, "fence": 1, "reason": "no"}),
    ("joiner", "/v1/nodes", {"token": "ecn_aaaaaaaa_" + "A" * 43, "key": "", "kind": "worker", "label": "x"}),
]


@pytest.mark.parametrize("kind,target,body", BODIES, ids=[one[1] for one in BODIES])
def test_every_field_is_read_with_suspicion(coordinator, anna, worker, kind, target, body):
    node = {"client": anna, "worker": worker}.get(kind) or Node(coordinator.url)
    if kind == "joiner":
        body = {**body, "key": node.public}
    # As it stands it is understood: what comes of it depends on what it names.
    assert node.post(target, body, Idempotency_Key=fresh_key()).status in (200, 201, 401, 403, 404, 409)
    taken = []
    for path in places(body):
        value = body
        for step in path:
            value = value[step]
        for wrong in wrong_for(value):
            data = json.dumps(put(body, path, wrong)).encode()
            answer = node.post(target, data, Idempotency_Key=fresh_key())
            where = (path, str(wrong)[:40], answer.status, answer.text[:300])
            if path[-1] in FREE_TEXT and isinstance(wrong, str) and answer.status == 401:
                continue
            if answer.status not in (400, 413) or problem(answer)["code"] not in ("invalid_argument", "too_large"):
                taken.append(where)
            elif answer.status == 400 and wrong != "\ud800" and not isinstance(wrong, float):
                named = [step for step in path if isinstance(step, str)][-1]
                if named not in answer.json()["detail"]:
                    taken.append(where)
    assert not taken, "\n".join(map(str, taken))


@pytest.mark.parametrize("kind,target,body", BODIES, ids=[one[1] for one in BODIES])
def test_what_is_missing_or_doubled_is_told(coordinator, anna, worker, kind, target, body):
    node = {"client": anna, "worker": worker}.get(kind) or Node(coordinator.url)
    for name in body:
        if name == "wait_s":
            continue  # a claim that does not say how long it waits waits long
        less = {key: value for key, value in body.items() if key != name}
        for data in (less, {**body, name: None}):
            answer = node.post(target, data, Idempotency_Key=fresh_key())
            assert answer.status < 500, answer.text
            if answer.status >= 400:
                problem(answer, 400, 401, 403, 404, 409)
        doubled = json.dumps(body)[:-1] + f', "{name}": {json.dumps(body[name])}}}'
        assert node.post(target, doubled.encode(), Idempotency_Key=fresh_key()).status < 500


@pytest.mark.parametrize("kind,target,body", BODIES, ids=[one[1] for one in BODIES])
def test_bodies_that_are_no_messages(coordinator, anna, worker, kind, target, body):
    node = {"client": anna, "worker": worker}.get(kind) or Node(coordinator.url)
    whole = json.dumps(body).encode()
    for data in (b"", b"{", b"[]", b"null", b"7", b'"x"', whole + b"x", whole[:-1], b"\xef\xbb\xbf" + whole, b"\xff\xfe",
                 b"[" * 4000, b'{"a":' * 700 + b"1" + b"}" * 700, b"\x00" * 100, b"NaN", b"{'a':1}",
                 b'{"a": "\xc3\x28"}'):
        problem(node.post(target, data, Idempotency_Key=fresh_key()), 400, 413, *([] if data else [415]))
    problem(node.post(target, whole, type="text/plain", Idempotency_Key=fresh_key()), 415)


def test_greetings(coordinator):
    def hello(data):
        return Node(coordinator.url).send("POST", "/v1/hello", data, {"Content-Type": "application/json"})

    for versions, spoken in ((["1.0"], "1.0"), (["1.1"], "1.1"), (["1.0", "1.1"], "1.1"), (["1.99", "2.0"], "1.1"),
                             (["1.0", "x", "", "1.1.1", "-1.1"], "1.0")):
        answer = hello(json.dumps({"versions": versions}).encode())
        assert answer.status == 200 and answer.json()["protocol"] == spoken, answer.text
        assert abs(answer.json()["now_ms"] - time.time() * 1000) < 60_000
    for body in ({}, {"versions": []}, {"versions": ["0.9"]}, {"versions": ["2.0"]}, {"versions": "1.1"}, {"versions": [1.1]},
                 {"versions": ["1.1"] * 17}, {"versions": ["1" * 17]}, {"versions": [None]}, []):
        problem(hello(json.dumps(body).encode()), 400)
    problem(hello(b"x" * 5000), 413)


def test_numbers_in_addresses(coordinator, anna, worker):
    for query in ("limit=-1", "limit=1e9", "limit=999999999999999999999", "limit=x", "before=../x", "before=" + "x" * 65,
                  "limit=%31%00", "limit=1&limit=2", "%", "limit=%zz"):
        answer = anna.get("/v1/jobs?" + query)
        assert answer.status in (200, 400), answer.text
    for query in ("", "fence=0", "fence=-1", "fence=x", "fence=1&wait_s=-1", "fence=1&wait_s=31", "fence=" + "9" * 40):
        problem(worker.get(f"/v1/tasks/{NOWHERE}/key?{query}"), 400)
    for target in ("/v1/jobs/..", "/v1/jobs/%2e%2e", "/v1/jobs/" + "a" * 300, "/v1/jobs/a%00b", "/v1/jobs/~", "//v1/jobs",
                   "/v1/jobs/"):
        problem(anna.get(target), 400, 404)


def test_where_to_go_on_in_a_stream(anna):
    [mine] = submit(anna, job()).json()["jobs"]
    for after in ("-1", "x", "1e3", "9" * 30, "0x1", " 1"):
        problem(anna.get(f"/v1/jobs/{mine['id']}/events?after={urllib.parse.quote(after)}"), 400)
    for after in ("-1", "x", "9" * 30):
        problem(anna.get(f"/v1/jobs/{mine['id']}/events", Last_Event_ID=after), 400)
    anna.post(f"/v1/jobs/{mine['id']}/cancel", {})
    assert list(anna.events(mine["id"], after=2**53)) == []


def test_tiles_that_are_none(coordinator):
    for path in ("0/-1", "0/x", "0/x001", "63/000", "0/999", "x/000", "0/000.p/0", "0/000.p/257", "entries/../0", "0/0000",
                 "0/x001/x002/x003/x004/x005/x006/x007", "entries", "0"):
        answer = Node(coordinator.url).send("GET", f"/log/tile/{path}")
        problem(answer, 400, 404)


FIRST_VERSION = [("POST", "/register"), ("POST", "/heartbeat"), ("POST", "/pull"), ("POST", "/result"), ("POST", "/submit"),
                 ("GET", "/status"), ("GET", "/capacity"), ("GET", "/features")]


@pytest.mark.parametrize("method,target", FIRST_VERSION)
def test_the_first_versions_endpoints_are_no_back_door(coordinator, anna, worker, method, target):
    stranger = Node(coordinator.url)
    bodies = [b""] if method == "GET" else [b"{}", b'{"agentId":"a"}', json.dumps({"agentId": "a", "job": job()}).encode()]
    for body in bodies:
        for answer in (stranger.send(method, target, body, {"Content-Type": "application/json"}),
                       stranger.call(method, target, body)):
            problem(answer, 400, 401, 403)
    if method == "GET":
        return
    for node in (anna, worker):
        for body in (b"{", b"[]", b"7", b"\xff", b"[" * 4000, b'{"agentId":7}', b'{"agentId":"' + b"x" * 200_000 + b'"}',
                     b'{"agentId":"a\\u0000b"}', b'{"taskId":-1,"subtaskId":{},"ok":"yes","agentId":"a"}',
                     b'{"taskId":"../x","subtaskId":"../x","ok":true,"agentId":"a","output":"not base64!"}',
                     b'{"agentId":"a","powerTelemetry":{"batteryLevelPct":-5,"lowPowerMode":"x"}}'):
            answer = node.post(target, body)
            assert answer.status < 500, (body[:60], answer.text)
            if answer.status >= 400:
                problem(answer, 400, 401, 403, 404, 413)


# --- What is somebody else's

def test_nobody_sees_or_touches_anothers_job(anna, bob):
    [mine] = submit(anna, job(verification="submitter")).json()["jobs"]
    task = anna.get(f"/v1/jobs/{mine['id']}").json()["tasks"][0]["id"]
    unknown = problem(bob.get(f"/v1/jobs/{NOWHERE}"), 404)["detail"]
    for method, what, body in (("GET", "", None), ("GET", "/explain", None), ("GET", "/events", None),
                               ("POST", "/cancel", {}), ("POST", "/verdict", {"task": task, "good": True}),
                               ("POST", "/keys", {"node": NOBODY, "sealed": b64(b"key")})):
        document = problem(bob.call(method, f"/v1/jobs/{mine['id']}{what}", body), 404)
        if method == "GET":
            assert document["detail"].replace(mine["id"], NOWHERE) == unknown
    assert mine["id"] not in bob.get("/v1/jobs?limit=100").text
    assert anna.get(f"/v1/jobs/{mine['id']}").json()["state"] == "queued"
    # A task of another job is none of this one.
    [other] = submit(bob, job()).json()["jobs"]
    problem(bob.post(f"/v1/jobs/{other['id']}/verdict", {"task": task, "good": False}), 404)
    anna.post(f"/v1/jobs/{mine['id']}/cancel", {})
    bob.post(f"/v1/jobs/{other['id']}/cancel", {})


def test_a_lease_is_its_holders(coordinator, other_worker, worker, lease):
    mine = report(lease)
    for answer in (other_worker.post("/v1/complete", mine),
                   other_worker.post("/v1/give-back", {"task": lease["task"], "fence": lease["fence"], "reason": "no"}),
                   other_worker.get(f"/v1/tasks/{lease['task']}/key?fence={lease['fence']}")):
        problem(answer, 404, 409)
    assert holding(other_worker, lease) == "lost"
    for fence in (lease["fence"] + 1, lease["fence"] + 10**6, 2**53):
        problem(worker.post("/v1/complete", {**mine, "fence": fence}), 409)
    assert holding(worker, lease) == "kept"
    assert worker.post("/v1/complete", mine).status == 200


def test_an_old_fence_opens_nothing(anna, worker, lease):
    back = {"task": lease["task"], "fence": lease["fence"], "reason": "suspended"}
    assert worker.post("/v1/give-back", back).status == 200
    problem(worker.post("/v1/complete", report(lease)), 409)
    problem(worker.post("/v1/give-back", back), 404, 409)
    problem(worker.get(f"/v1/tasks/{lease['task']}/key?fence={lease['fence']}"), 404, 409)
    assert holding(worker, lease) == "lost"


def test_work_is_paid_once_however_often_it_is_handed_in(coordinator, worker, other_worker, lease):
    before, _ = balance(coordinator, "carl")
    mine = report(lease)
    answer = complete(worker, mine, mine, mine)
    assert answer.status == 200, answer.text
    assert answer.json()["reports"][0]["task"] == "done"
    paid, _ = balance(coordinator, "carl")
    assert paid > before
    for _ in range(3):
        again = worker.post("/v1/complete", mine)
        assert again.status == 200 and again.headers["Idempotency-Replayed"] == "true", again.text
    # Nor for another outcome, or somebody else.
    for answer in (worker.post("/v1/complete", {**mine, "outcome": "nothing"}),
                   worker.post("/v1/complete", {**mine, "result": b64(b"another patch")}),
                   other_worker.post("/v1/complete", mine)):
        assert answer.status == 409 or (answer.status == 200 and answer.headers["Idempotency-Replayed"] == "true"), answer.text
    assert balance(coordinator, "carl")[0] == paid
    assert balance(coordinator, "dora")[0] == 0


def test_a_report_that_is_out_of_turn_spoils_no_other(worker, lease):
    strange = {"task": NOWHERE, "fence": 1, "outcome": "error"}
    answer = complete(worker, strange, report(lease), strange)
    assert answer.status == 200, answer.text
    first, second, third = answer.json()["reports"]
    assert second["task"] == "done" and first["code"] == third["code"] == "not_found"


def test_what_a_worker_may_not_say_of_a_task(worker, lease):
    problem(worker.post("/v1/complete", report(lease, "passed")), 400, 409)
    problem(worker.post("/v1/complete", report(lease, "rejected")), 400, 409)
    child = {"key": "more", "kind": "subtask", "payload": b64(b"work"), "after": []}
    problem(worker.post("/v1/complete", report(lease, children=[child])), 400, 409)
    problem(worker.post("/v1/complete", report(lease, blobs=["not-here"])), 400, 404, 409)
    assert worker.post("/v1/complete", report(lease)).status == 200


# --- Jobs that are none

def tasks(*after):
    return [{"key": f"t{number}", "kind": "subtask", "payload": b64(b"p"), "after": list(names)}
            for number, names in enumerate(after)]


@pytest.mark.parametrize("fields", [
    {"tasks": tasks(["t0"])},
    {"tasks": tasks(["t1"], ["t0"])},
    {"tasks": tasks(["t2"], ["t0"], ["t1"])},
    {"tasks": tasks(["t9"])},
    {"tasks": tasks([], ["t0", "t0"])},
    {"tasks": tasks([]) * 2},
    {"tasks": [{"key": f"t{n}", "kind": "repair"} for n in range(257)]},
    {"tasks": [{"key": "t", "kind": "verify"}]},
    {"spec": base64.b64encode(b"x" * (257 << 10)).decode()},
    {"spec": "not base64!"},
    {"spec": "QUJD=="},
    {"tasks": [{"key": "t", "kind": "repair", "payload": base64.b64encode(b"x" * (65 << 10)).decode()}]},
    {"blobs": ["nobody-sent-this"]},
    {"budget_milli": 1},
    {"priority": 101},
    {"budget_s": 0},
    {"kind": "everything"},
], ids=lambda fields: ",".join(fields) + str(abs(hash(str(fields))) % 1000))
def test_jobs_that_make_no_sense_cost_nothing(coordinator, anna, fields):
    before = balance(coordinator, "anna")
    problem(submit(anna, job(**fields)), 400, 404, 409, 413)
    # With one that makes sense: all or none.
    problem(submit(anna, {"jobs": [job(), job(**fields)]}), 400, 404, 409, 413)
    assert balance(coordinator, "anna") == before


def test_a_key_is_for_one_body(coordinator, anna):
    before = balance(coordinator, "anna")
    key = fresh_key()
    first = submit(anna, job(), key)
    assert first.status == 201
    once = balance(coordinator, "anna")
    for _ in range(3):
        again = submit(anna, job(), key)
        assert (again.status, again.bytes) == (first.status, first.bytes)
    assert problem(submit(anna, job(priority=51), key), 422)["code"] == "idempotency_key_reused"
    assert balance(coordinator, "anna") == once
    for bad in ("", " ", "x" * 129, "a b", "é"):
        problem(submit(anna, job(), bad.encode().decode("latin-1")), 400)
    problem(anna.post("/v1/jobs", job()), 400)
    problem(submit(anna, {"jobs": [job()] * 101}), 400)
    problem(submit(anna, {"jobs": []}), 400)
    [mine] = first.json()["jobs"]
    for _ in range(2):
        assert anna.post(f"/v1/jobs/{mine['id']}/cancel", {}).status == 200
    assert balance(coordinator, "anna") == before


def test_who_has_nothing_gets_nothing(coordinator):
    poor = coordinator.node("client", "poor")
    problem(submit(poor, job()), 403)
    assert balance(coordinator, "poor") == (0, 0)
    assert poor.get("/v1/jobs").json()["jobs"] == []


# --- Blobs

def frame(name, content):
    return struct.pack(">I", len(name)) + name + struct.pack(">I", len(content)) + content


def send_blobs(node, data):
    return node.post("/v1/blobs", data, type="application/octet-stream")


def test_blobs_that_are_none(anna):
    good = frame(b"good-blob", b"sealed")
    for data in (b"\x00", good[:-1], good + b"\x00\x00", frame(b"", b"x"), frame(b"../../x", b"x"), frame(b"a/b", b"x"),
                 frame(b"x" * 65, b"x"), frame(b"\xff", b"x"), b"\xff\xff\xff\xff" + b"x" * 10,
                 struct.pack(">I", 1) + b"a" + b"\xff\xff\xff\xff", frame(b"big", b"x" * ((1 << 20) + 1))):
        problem(send_blobs(anna, good + data), 400, 413)
    # All or none.
    assert anna.post("/v1/blobs/missing", {"ids": ["good-blob"]}).json()["ids"] == ["good-blob"]
    problem(send_blobs(anna, b"".join(frame(b"b%d" % n, b"") for n in range(1100))), 400, 413)


def test_a_blob_is_its_accounts(coordinator, anna, bob, worker):
    assert send_blobs(anna, frame(b"anna-1", b"hers")).status == 200
    assert send_blobs(bob, frame(b"anna-1", b"his")).status in (200, 400, 404, 409)
    assert bob.post("/v1/blobs/missing", {"ids": ["anna-1", "x"]}).json()["ids"] in (["x"], ["anna-1", "x"])
    # A worker that holds no task of hers gets nothing of it.
    assert b"hers" not in worker.post("/v1/blobs/fetch", {"ids": ["anna-1"]}).bytes
    hers = anna.post("/v1/blobs/fetch", {"ids": ["anna-1"]})
    assert hers.status == 200 and hers.bytes == frame(b"anna-1", b"hers")
    problem(anna.post("/v1/blobs/fetch", {"ids": ["anna-1"] * 17}), 400, 413)
    problem(worker.post("/v1/blobs/fetch", {"ids": ["x"] * 1025}), 400, 413)


# --- The admin socket

def admin_answers(coordinator, data):
    """What the admin socket says to these bytes, until it has nothing more to say."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(60)
        line.connect(coordinator.admin.path)
        answer = b""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it may hang up before it has read everything
            line.sendall(data)
            line.shutdown(socket.SHUT_WR)
            while piece := line.recv(65536):
                answer += piece
    return [json.loads(one) for one in answer.splitlines()]


def test_the_admin_socket_is_its_owners_and_speaks_clearly(coordinator):
    assert stat.S_IMODE(os.stat(coordinator.admin.path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(os.path.dirname(coordinator.admin.path)).st_mode) == 0o700
    for data in (b"{\n", b"[]\n", b"\xff\n", b"7\n", b"{}\n", b'{"jsonrpc":"2.0","id":1}\n', b"x" * 1_000_000):
        for answer in admin_answers(coordinator, data):
            assert answer["error"]["message"]
    for method, params in (("nothing", {}), ("token.create", {}), ("token.create", {"account": 7}),
                           ("token.create", {"account": "x", "kind": "king"}),
                           ("token.create", {"account": "x", "uses": 0}),
                           ("token.create", {"account": "x", "uses": 10**9}),
                           ("token.create", {"account": "x", "life_s": 86_401}),
                           ("token.create", {"account": "../x"}), ("token.create", {"account": "mint"}),
                           ("token.create", {"account": "x" * 65}),
                           ("token.create", {"account": "x", "approved": "yes"}),
                           ("node.set_state", {"id": "x", "state": "approved"}),
                           ("node.set_state", {"id": NOBODY, "state": "approved"}),
                           ("node.set_state", {"id": NOBODY, "state": "king"}),
                           ("account.grant", {"account": "x", "milli": 0}),
                           ("account.grant", {"account": "x", "milli": -5}),
                           ("account.grant", {"account": "x", "milli": 2**62}), ("account.grant", {"account": "x"}),
                           ("account.grant", {"account": "mint", "milli": 5})):
        with pytest.raises(RuntimeError):
            coordinator.admin.ask(method, **params)
    assert coordinator.admin.ask("status")["draining"] is False


def test_a_grant_under_one_key_is_given_once(coordinator):
    for _ in range(3):
        coordinator.admin.ask("account.grant", account="hanna", milli=500, key="once")
    assert balance(coordinator, "hanna")[0] == 500


def test_the_signatures_here_are_those_of_the_rfc():
    key = Key(bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))  # RFC 8032, test 2
    assert key.public.hex() == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    assert key.sign(b"\x72").hex().startswith("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da")
