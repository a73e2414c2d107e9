"""A model server that does what the last message says: for tests of what stands between a client and a model.

`say: TEXT` says it word by word, `think: A | B` thinks A and says B, `call: NAME {JSON}` calls a tool, `hang: TEXT` says
TEXT and then nothing until the client goes away, `fail: STATUS` fails, `json: {…}` answers so in one piece. After a tool's
result it says "got " and the result. A gap (POST /infill) is filled with what stands in `filling`. What stands in `lines`
is said first, one after the other, whatever the message.

Every request is kept with its path and body in `requests`. `hung` and `left` tell when a hanging answer began and when
its client was gone.
"""

import http.server
import json
import select
import threading
import time


VERBS = ("say", "think", "call", "hang", "fail", "json")


class ScriptedModel:
    def __init__(self, fills=True):
        self.requests, self.filling, self.fills = [], "filled", fills
        self.hung, self.left = threading.Event(), threading.Event()
        self.left_at = self.said_at = None
        self.lines = []
        self.hold = threading.Event()  # set: fills may be answered
        self.hold.set()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                outer.answer(self)

            def do_GET(self):
                outer.document(self, {"object": "list", "data": [{"id": "scripted", "object": "model"}]})

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_):
                pass  # clients may go at any time

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"
        self.words = f"{self.url}#scripted"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.hold.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def bodies(self, path="/v1/chat/completions"):
        return [body for asked, body in self.requests if asked == path]

    def document(self, handler, document, status=200):
        data = json.dumps(document).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    def answer(self, handler):
        body = json.loads(handler.rfile.read(int(handler.headers.get("Content-Length", 0))) or b"{}")
        self.requests.append((handler.path, body))
        if handler.path == "/infill" and self.fills:
            return self.fill(handler, body)
        if handler.path != "/v1/chat/completions":
            return self.document(handler, {"error": {"message": "no such route"}}, 404)
        if self.lines:
            return self.stream(handler, [("content", self.lines.pop(0))])
        last = body["messages"][-1]
        if last["role"] == "tool":
            return self.stream(handler, [("content", f"got {last['content']}")])
        said = text_of(last["content"])
        verb, _, rest = said[max(said.find(f"{known}: ") for known in VERBS):].partition(": ") if commanded(said) else ("", "", "")
        if verb == "fail":
            return self.document(handler, {"error": {"message": "as it was told"}}, int(rest))
        if verb == "think":
            thought, _, said = rest.partition(" | ")
            return self.stream(handler, [("reasoning_content", thought), ("content", said)])
        if verb == "call":
            name, _, arguments = rest.partition(" ")
            return self.stream(handler, [("tool_calls", [{"index": 0, "id": "call_7", "type": "function",
                                                          "function": {"name": name, "arguments": arguments}}])])
        if verb == "hang":
            return self.stream(handler, [("content", rest)], hang=True)
        if verb == "json":
            return self.stream(handler, [("content", rest)])
        said = rest if verb == "say" else "hello"
        return self.stream(handler, [("content", piece) for piece in pieces(said)])

    def fill(self, handler, body):
        self.hung.set()
        while not self.hold.wait(0.005):
            if gone(handler):
                return self.note_left()
        self.document(handler, {"content": self.filling, "tokens_evaluated": 7, "tokens_predicted": 3, "stop": True,
                                "stop_type": "eos", "timings": {"prompt_n": 7, "prompt_ms": 2.0, "predicted_n": 3,
                                                                "predicted_ms": 1.0}})

    def stream(self, handler, deltas, hang=False):
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.close_connection = True
        reason = "tool_calls" if any(key == "tool_calls" for key, _ in deltas) else "stop"
        for number, (key, value) in enumerate(deltas):
            if number == 0:
                self.said_at = time.monotonic()
            self.event(handler, {"choices": [{"index": 0, "delta": {key: value}, "finish_reason": None}]})
        if hang:
            self.hung.set()
            while not gone(handler):
                time.sleep(0.002)
            return self.note_left()
        self.event(handler, {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
        self.event(handler, {"choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": 5}})
        handler.wfile.write(b"data: [DONE]\n\n")

    def note_left(self):
        self.left_at = time.monotonic()
        self.left.set()

    def event(self, handler, document):
        handler.wfile.write(b"data: " + json.dumps(document).encode() + b"\n\n")
        handler.wfile.flush()


def commanded(text):
    return any(f"{verb}: " in text for verb in VERBS)


def pieces(text):
    words = text.split(" ")
    return [word + (" " if number < len(words) - 1 else "") for number, word in enumerate(words)]


def text_of(content):
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def gone(handler):
    """Whether the other end closed the connection."""
    if not select.select([handler.connection], [], [], 0)[0]:
        return False
    try:
        return handler.connection.recv(1, 2) == b""  # MSG_PEEK
    except OSError:
        return True
