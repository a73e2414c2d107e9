"""Servers that speak no chat completions: each sends its own nonsense to every request and ends the connection."""

import contextlib
import json
import socket
import socketserver
import threading

HEAD = "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nConnection: close\r\n{more}\r\n"


def answer(body, status="200 OK", kind="application/json", more=""):
    body = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
    return HEAD.format(status=status, kind=kind, more=f"Content-Length: {len(body)}\r\n{more}").encode() + body


def stream(body, kind="text/event-stream"):
    return HEAD.format(status="200 OK", kind=kind, more="").encode() + (body if isinstance(body, bytes) else body.encode())


def choice(message, **more):
    return answer({"choices": [{"index": 0, "message": message, "finish_reason": "stop", **more}]})


# What every request is answered with.
NONSENSE = {
    # not HTTP, or HTTP that nobody writes
    "nothing": b"",
    "no-http": b"\x00\xff\x00\xff SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "endless-head": b"HTTP/1.1 200 OK\r\n" + b"X-More: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" * 20_000,
    "one-huge-header": b"HTTP/1.1 200 OK\r\nX: " + b"a" * (2 << 20) + b"\r\n\r\n{}",
    "two-lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 9\r\n\r\n{}",
    "length-is-a-word": b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}",
    "broken-chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    # status nonsense
    "status-0": answer("{}", "000 "),
    "status-99": answer("{}", "099 early"),
    "status-204": answer("", "204 No Content"),
    "status-206": answer("{}", "206 Partial Content"),
    "status-304": answer("", "304 Not Modified"),
    "status-400": answer({"error": {"message": "no"}}, "400 Bad Request"),
    "status-404": answer("<html>nginx</html>", "404 Not Found", "text/html"),
    "status-405": answer("", "405 Method Not Allowed"),
    "status-413": answer("too much", "413 Content Too Large"),
    "status-418": answer("short and stout", "418 I'm a teapot"),
    "status-422": answer({"detail": [{"msg": 7}]}, "422 Unprocessable"),
    "status-451": answer("", "451 Unavailable For Legal Reasons"),
    "status-501": answer("", "501 Not Implemented"),
    "status-999": answer("{}", "999 What"),
    "redirect-to-nowhere": answer("", "302 Found", more="Location: \r\n"),
    "redirect-to-itself": answer("", "307 Temporary Redirect", more="Location: /v1/chat/completions\r\n"),
    "the-context-is-zero": answer({"error": {"message": "maximum context length is 0 tokens"}}, "400 Bad Request"),
    # no JSON
    "empty": answer(""),
    "html": answer("<!doctype html><title>hotel wifi</title>", kind="text/html"),
    "cut-json": answer('{"choices":[{"message":{"content":"he'),
    "not-utf-8": answer(b'\xff\xfe{"choices":\x80'),
    "deep-json": answer("[" * 100_000 + "]" * 100_000),
    "deep-object": answer('{"a":' * 100_000),
    "numbers": answer("1e999999 -0 nan"),
    # JSON of the wrong types
    "null": answer("null"),
    "array": answer("[]"),
    "string": answer('"choices"'),
    "empty-object": answer("{}"),
    "choices-number": answer({"choices": 7}),
    "choices-empty": answer({"choices": []}),
    "choices-of-numbers": answer({"choices": [1, 2, 3]}),
    "message-number": choice(7),
    "content-number": choice({"content": 7}),
    "content-object": choice({"content": {"text": "hi"}}),
    "calls-string": choice({"content": None, "tool_calls": "rm -rf"}),
    # streams
    "stream-of-nothing": stream(""),
    "stream-not-json": stream("data: {broken\n\n"),
    "stream-number": stream("data: 7\n\n"),
    "stream-of-comments": stream(": hello\n" * 10_000),
    "stream-huge-event": stream(b"data: " + b"x" * (6 << 20) + b"\n\n"),
    "stream-only-usage": stream('data: {"usage":{"prompt_tokens":"many"}}\n\ndata: {"choices":[]}\n\n'),
    "stream-delta-number": stream('data: {"choices":[{"index":0,"delta":9}]}\n\ndata: [DONE]\n\n'),
    "huge-document": answer(b'{"choices":"' + b"x" * (80 << 20) + b'"}'),
}


class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.settimeout(20)
        with contextlib.suppress(OSError):
            seen = b""
            while b"\r\n\r\n" not in seen:
                piece = self.request.recv(65536)
                if not piece:
                    return
                seen += piece
            head, _, rest = seen.partition(b"\r\n\r\n")
            length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
            while len(rest) < length:
                piece = self.request.recv(65536)
                if not piece:
                    return
                rest += piece
            self.request.sendall(self.server.reply)
            self.request.shutdown(socket.SHUT_WR)


class Nonsense(socketserver.ThreadingTCPServer):
    """As a context manager: serves until it ends."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, name):
        super().__init__(("127.0.0.1", 0), Handler)
        self.reply = NONSENSE[name]
        self.url = f"http://127.0.0.1:{self.server_address[1]}/v1"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()
