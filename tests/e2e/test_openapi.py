"""The OpenAPI documents of coordinator and inference service against the services: what a schema allows is taken, what
it forbids is refused with the field's name, and every answer is what its schema says."""

import contextlib
import re

import pytest

import openapi
import test_coordinator
from swarm_node import Node, b64
from test_coordinator import Coordinator, frames, job, leases, report, submitted
from test_inference import ask, host, token_of  # noqa: F401  (host is a fixture)


@contextlib.contextmanager
def documented(folder):
    running = Coordinator(folder / "data")
    try:
        running.document = openapi.check(Node(running.url).send("GET", "/openapi.json").json())
        yield running
    finally:
        running.kill()


@pytest.fixture(scope="module")
def coordinator(tmp_path_factory):
    with documented(tmp_path_factory.mktemp("openapi")) as running:
        yield running


class Checked(Node):
    """A node that holds every answer against the document."""

    def __init__(self, coordinator, kind, account="local"):
        super().__init__(coordinator.url)
        self.document, self.seen = coordinator.document, set()
        assert self.join(coordinator.admin.token(kind, account), kind).status == 201

    def send(self, method, target, body=b"", headers=None, timeout=60):
        answer = super().send(method, target, body, headers, timeout)
        operation = self.document.operation(method, target)
        assert str(answer.status) in operation["responses"], (method, target, answer.status, answer.text)
        [(type, content)] = operation["responses"][str(answer.status)]["content"].items()
        assert answer.headers["Content-Type"].split(";")[0] == type, (method, target, answer.text)
        if type.endswith("json") and target != "/openapi.json":
            found = self.document.wrong(content["schema"], answer.json())
            assert not found, (method, target, found)
        self.seen.add((operation["summary"], answer.status))
        return answer


@pytest.fixture(scope="module")
def nodes(coordinator):
    return {kind: Checked(coordinator, kind) for kind in ("client", "worker")}


def names(fields, expected):
    """Whether one of the fields named is the one expected: `tasks[0].needs.gpu` is `needs.gpu` of a task."""
    plain = [re.sub(r"\[\d+\]", "", field) for field in fields]
    return any(expected == field or expected.endswith("." + field) for field in plain)


def json_operations(document):
    for path, method, operation in document.operations():
        schema = operation.get("requestBody", {"content": {}})["content"].get("application/json", {}).get("schema")
        if schema and document.at(schema).keys() - {"description"}:
            yield path, method, schema


def sender(nodes, path, method):
    """How this request is sent by whoever may."""
    kind = "client" if path.startswith("/v1/jobs") or path == "/submit" else "worker"
    number = iter(range(1_000_000))

    def send(body):
        return nodes[kind].call(method.upper(), path.replace("{id}", "nothing-0"), body,
                                Idempotency_Key=f"{path}-{next(number)}-{id(number)}")
    return send


PATHS = ["/v1/hello", "/v1/nodes", "/v1/jobs", "/v1/jobs/{id}/verdict", "/v1/jobs/{id}/keys", "/v1/blobs/missing",
         "/v1/blobs/fetch", "/v1/claim", "/v1/heartbeat", "/v1/complete", "/v1/give-back", "/register", "/heartbeat",
         "/submit", "/result"]


def test_every_request_with_a_schema_is_tried_here(coordinator):
    assert sorted({path for path, *_ in json_operations(coordinator.document)}) == sorted(PATHS)


@pytest.mark.parametrize("path", PATHS)
def test_what_a_schema_allows_is_taken(coordinator, nodes, path):
    document = coordinator.document
    [(_, method, schema)] = [each for each in json_operations(document) if each[0] == path]
    send = sender(nodes, path, method)
    for variant in document.variants(schema):
        small, whole = document.example(variant, False), document.example(variant, True)
        for body in [small, whole, *document.extremes(variant, whole)]:
            answer = send(body)
            assert answer.status in (200, 201, 401, 403, 404, 409, 422), (body, answer.text)


@pytest.mark.parametrize("path", PATHS)
def test_what_a_schema_forbids_is_refused_by_name(coordinator, nodes, path):
    document = coordinator.document
    [(_, method, schema)] = [each for each in json_operations(document) if each[0] == path]
    send = sender(nodes, path, method)
    assert send([]).status == 400
    tried = 0
    for variant in document.variants(schema):
        whole = document.example(variant, True)
        for field, body in document.spoiled(variant, whole):
            answer = send(body)
            assert answer.status in (400, 413), (field, body, answer.text)
            # Without `jobs` or `reports` it is another variant, and lacks what that asks for.
            if variant.get("required") != [field] or field in body or variant is document.at(schema):
                assert names(answer.json()["fields"], field), (field, str(body)[:300], answer.text)
            tried += 1
    assert tried > 0


@pytest.fixture
def quiet(tmp_path):
    """One that has no other jobs."""
    with documented(tmp_path) as running:
        yield running


def test_a_whole_job_is_answered_as_the_document_says(quiet):
    client, worker, document = Checked(quiet, "client"), Checked(quiet, "worker"), quiet.document
    for path in ("/healthz", "/readyz", "/metrics", "/openapi.json", "/health/runtime", "/log/checkpoint"):
        assert client.send("GET", path).status == 200
    client.send("POST", "/v1/hello", b'{"versions": ["1.1"]}', {"Content-Type": "application/json"})
    assert client.call("POST", "/v1/blobs", frames(("blob", b"sealed")), type="application/octet-stream").status == 200
    assert client.post("/v1/blobs/missing", {"ids": ["blob", "other"]}).json()["ids"] == ["other"]
    assert client.post("/v1/blobs/fetch", {"ids": ["blob"]}).status == 200
    first = submitted(client, job(blobs=["blob"]), "first")
    [lease] = leases(worker)
    held = {"task": lease["task"], "fence": lease["fence"]}
    worker.post("/v1/heartbeat", {"held": [held, {"task": "nothing-0", "fence": 1}]})
    assert worker.get(f"/v1/tasks/{lease['task']}/key?fence={lease['fence']}").json() == {"key": ""}
    assert client.post(f"/v1/jobs/{first}/keys", {"node": worker.id, "sealed": "QUJD"}).status == 200
    assert worker.post("/v1/give-back", {**held, "reason": "drain"}).status == 200
    assert worker.post("/v1/claim", {"offer": test_coordinator.OFFER, "wait_s": 0}).json()["lease"]["job"] == first
    assert worker.post("/v1/claim", {"offer": test_coordinator.OFFER, "wait_s": 0}).json()["lease"] is None
    lease = {**lease, "fence": lease["fence"] + 1}
    assert test_coordinator.complete(worker, report(lease), report({"task": "nothing-0", "fence": 1})).status == 200
    assert worker.post("/v1/complete", report(lease)).json()["task"] == "done"
    checked = submitted(client, job(verification="submitter"), "checked")
    [lease] = leases(worker)
    assert worker.post("/v1/complete", report(lease)).json()["task"] == "verifying"
    assert client.get(f"/v1/jobs/{checked}/explain").status == 200
    assert client.post(f"/v1/jobs/{checked}/verdict", {"task": lease["task"], "good": True}).json()["task"] == "done"
    assert client.get("/v1/jobs").json()["jobs"] and client.get(f"/v1/jobs/{first}").status == 200
    assert client.get(f"/v1/jobs/{checked}/receipts").json()["receipts"]
    events = list(client.events(first))
    assert events and not [found for event in events
                           for found in document.wrong({"$ref": "#/components/schemas/Event"}, event)]
    ended = submitted(client, job(), "ended")
    assert client.post(f"/v1/jobs/{ended}/cancel", {}).json() == {}
    old = {"agentId": "old", "powerTelemetry": {"onExternalPower": True, "batteryLevelPct": 90}}
    assert worker.post("/register", old).json()["accepted"]
    assert worker.post("/heartbeat", old).status == 200
    sent = client.post("/submit", {"taskId": "old", "job": job()}).json()
    pulled = worker.post("/pull", {}).json()["subtask"]
    assert pulled["taskId"] == sent["taskId"] and worker.post("/pull", {}).json() == {"subtask": None}
    assert worker.post("/result", {"subtaskId": pulled["id"], "ok": True, "output": b64(b"sealed")}).status == 200
    assert client.get("/status?taskId=old").json()["state"] == "done" and client.get("/status").status == 200
    assert worker.get("/capacity").json()["agents"] and client.get("/features").status == 200
    seen = {summary for node in (client, worker) for summary, status in node.seen if status < 300}
    unseen = {path for path, _, operation in document.operations() if operation["summary"] not in seen}
    assert {path for path in unseen if not path.startswith("/log/tile")} == {"/v1/jobs/{id}/events"}  # looked at above


def test_the_inference_service_takes_and_refuses_what_its_document_says(host, tmp_path):  # noqa: F811
    document = openapi.check(ask(host, "GET", "/openapi.json")[1])
    token = token_of(tmp_path)
    for path, good in {"/decompose": 200, "/escalate": 503}.items():  # no model is here
        [(_, _, schema)] = [each for each in json_operations(document) if each[0] == path]
        whole = document.example(schema, True)
        for body in [document.example(schema, False), whole, *document.extremes(schema, whole)]:
            status, answer = ask(host, "POST", path, body, token)
            assert status == good, (body, answer)
            kind = document.root["paths"][path]["post"]["responses"][str(status)]["content"]
            assert not document.wrong([*kind.values()][0]["schema"], answer)
        for field, body in document.spoiled(schema, whole):
            status, answer = ask(host, "POST", path, body, token)
            assert status == 400 and names(answer["fields"], field), (field, str(body)[:300], answer)
