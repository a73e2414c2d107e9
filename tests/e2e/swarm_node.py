"""A node of the swarm in plain Python: makes a key, signs its requests (RFC 9421), speaks to a coordinator."""

import base64
import hashlib
import http.client
import json
import os
import socket
import time
import urllib.parse

import ed25519


def b64(data):
    return base64.b64encode(data).decode()


class Answer:
    def __init__(self, response, body):
        self.status, self.headers, self.bytes = response.status, response.headers, body

    @property
    def text(self):
        return self.bytes.decode()

    def json(self):
        return json.loads(self.bytes)


class Node:
    """`clock` is added to this machine's time in what it signs."""

    def __init__(self, url, seed=None, clock=0):
        self.url, self.clock = url, clock
        self.key = ed25519.Key(seed or os.urandom(32))
        self.public = self.key.public.hex()
        jwk = '{"crv":"Ed25519","kty":"OKP","x":"%s"}' % self._url64(self.key.public)
        self.id = self._url64(hashlib.sha256(jwk.encode()).digest())

    @staticmethod
    def _url64(data):
        return base64.urlsafe_b64encode(data).decode().rstrip("=")

    def sign(self, method, target, body, nonce=None):
        path, _, query = target.partition("?")
        digest = f"sha-256=:{b64(hashlib.sha256(body).digest())}:"
        params = (f'("@method" "@authority" "@path" "@query" "content-digest");created={int(time.time()) + self.clock};'
                  f'nonce="{nonce or self._url64(os.urandom(16))}";keyid="{self.id}";alg="ed25519";tag="edgecoder"')
        base = "\n".join([f'"@method": {method}', f'"@authority": {urllib.parse.urlsplit(self.url).netloc}',
                          f'"@path": {path}', f'"@query": ?{query}', f'"content-digest": {digest}',
                          f'"@signature-params": {params}'])
        return {"Content-Digest": digest, "Signature-Input": f"sig1={params}",
                "Signature": f"sig1=:{b64(self.key.sign(base.encode()))}:"}

    def send(self, method, target, body=b"", headers=None, timeout=60):
        """As it stands, without a signature."""
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(self.url).netloc, timeout=timeout)
        connection.request(method, target, body or None, headers or {})
        response = connection.getresponse()
        answer = Answer(response, response.read())
        connection.close()
        return answer

    def call(self, method, target, body=None, type="application/json", timeout=60, **headers):
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if data:
            given["Content-Type"] = type
        return self.send(method, target, data, {**self.sign(method, target, data), **given}, timeout)

    def post(self, target, body, **more):
        return self.call("POST", target, body, **more)

    def get(self, target, **more):
        return self.call("GET", target, **more)

    def join(self, token, kind):
        return self.post("/v1/nodes", {"token": token, "key": self.public, "kind": kind, "label": "test"})

    def events(self, job, after=0, timeout=60, last_event_id=None):
        """The events of a job until the stream ends."""
        target = f"/v1/jobs/{job}/events?after={after}"
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(self.url).netloc, timeout=timeout)
        headers = self.sign("GET", target, b"")
        if last_event_id is not None:
            headers["Last-Event-ID"] = str(last_event_id)
        connection.request("GET", target, headers=headers)
        response = connection.getresponse()
        assert response.status == 200, response.read()
        for line in response:
            if line.startswith(b"data: "):
                yield json.loads(line[6:])
        connection.close()


class Admin:
    """The operator at the admin socket."""

    def __init__(self, data):
        self.path = str(data / "run/admin.sock")

    def ask(self, method, **params):
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(60)
            line.connect(self.path)
            line.sendall(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode() + b"\n")
            with line.makefile() as reader:
                answer = json.loads(reader.readline())
        if "error" in answer:
            raise RuntimeError(answer["error"]["message"])
        return answer["result"]

    def token(self, kind, account="local", approved=True, uses=1):
        return self.ask("token.create", kind=kind, account=account, uses=uses, life_s=600, approved=approved)["token"]
