#!/usr/bin/env python3
"""A stand-in for a model server, written from the published contracts: OpenAI's /v1/models, /v1/chat/completions,
/v1/completions and /v1/responses; llama-server's /infill; Ollama's /api/version, /api/tags, /api/show, /api/chat and
/api/generate.

Behind it is no model but an oracle (oracle.py) that knows small tasks (tasks.py) and answers each with its reference
solution plus the one documented defect (defects.py) that the model's name asks for: `oracle:crlf`. Every request is
recorded, and what a strict server would refuse about it as well.

usage: fake_model.py [--port N] [--record FILE] [--ollama] [--infill] [--context TOKENS]
Prints `ready http://127.0.0.1:PORT/v1` and serves until it is ended. As a library: `with FakeModel() as server: …`.
"""

import argparse
import http.server
import json
import pathlib
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import completion  # noqa: E402
import conversation as talk  # noqa: E402
import defects  # noqa: E402
import demands  # noqa: E402
import oracle  # noqa: E402
import replies  # noqa: E402
import tasks as task_list  # noqa: E402

BODY_LIMIT = 16 << 20
DEFAULT_CONTEXT = 32768
CUT_CONTEXT = 4096  # Ollama's default on machines with less than 24 GiB of GPU memory
PIECE = 64
SLOW_PIECE, SLOW_START, SLOW_PAUSE = 24, 1.0, 0.02


class Recorder:
    """Keeps every request in memory, and as JSON lines in a file where one is named."""

    def __init__(self, path):
        self.lock = threading.Lock()
        self.stream = open(path, "a", encoding="utf-8") if path else None
        self.clear()

    def clear(self):
        with self.lock:
            self.entries = []
            self.prompts = {}  # (model, first user turn) -> the newest prompt
            self.texts = {}  # model -> the newest text to go on with

    def add_text(self, path, body, task):
        """A text that goes on, with how much of its prompt is that of the one before of the same model."""
        entry = self.entry(path, body)
        with self.lock:
            before = self.texts.get(task.model)
            self.texts[task.model] = task.prompt
            entry |= {"model": task.model, "before_characters": len(task.before), "after_characters": len(task.after or ""),
                      "gap": task.after is not None, "prompt_characters": len(task.prompt)}
            if before is not None:
                entry["common_prefix"] = talk.common_prefix(before, task.prompt)
            return self.keep(entry)

    @staticmethod
    def entry(path, body):
        return {"monotonic_ns": time.monotonic_ns(), "path": path, "bytes": len(body), "body": body.decode("utf-8", "replace")}

    def keep(self, entry):
        """Under the lock; its number."""
        entry["number"] = len(self.entries)
        self.entries.append(entry)
        if self.stream:
            self.stream.write(json.dumps(entry) + "\n")
            self.stream.flush()
        return entry["number"]

    def add(self, path, body, conversation, task):
        prompt = conversation.prompt() if conversation else ""
        entry = self.entry(path, body)
        with self.lock:
            if conversation:
                key = (conversation.model, conversation.first_user())
                before = self.prompts.get(key)
                self.prompts[key] = prompt
                entry |= {"model": conversation.model, "task": task.id if task else None, "turns": len(conversation.turns),
                          "tools": [tool.name for tool in conversation.tools], "prompt_characters": len(prompt),
                          "violations": conversation.violations}
                if before is not None:
                    entry["previous_characters"] = len(before)
                    entry["common_prefix"] = talk.common_prefix(before, prompt)
            return self.keep(entry)


class FakeModel:
    """The server on a free loopback port, in threads of its own; ends with its `with` block."""

    def __init__(self, tasks=None, record=None, ollama=False, context=DEFAULT_CONTEXT, port=0, infill=False):
        self.oracle = oracle.Oracle(task_list.load() if tasks is None else tasks)
        self.recorder = Recorder(record)
        self.ollama = ollama
        self.infill = infill
        self.context = context
        self.failed_once = set()
        outer = self

        class BoundHandler(Handler):
            fake = outer

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), BoundHandler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def forget(self):
        """As if it had just been started."""
        self.oracle.forget()
        self.recorder.clear()
        self.failed_once.clear()

    @property
    def requests(self):
        return list(self.recorder.entries)

    def model_calls(self):
        return [entry for entry in self.requests if "turns" in entry]

    def text_calls(self):
        return [entry for entry in self.requests if "before_characters" in entry]

    def fails_now(self, model, task, wire):
        """Whether this is the first request about a task of a model that fails at first."""
        key = (model, task.id if task else None)
        first = wire in ("429", "500", "reset") and key not in self.failed_once
        self.failed_once.add(key)
        return first

    def seen(self, conversation, wire):
        """The conversation as far as the model gets to see it, and the tokens that were evaluated."""
        if wire != "cut" and conversation.format != "ollama":
            return conversation, replies.tokens(conversation.prompt())
        limit = conversation.context or CUT_CONTEXT
        kept = talk.cut_front(conversation, limit)
        return kept, min(limit, replies.tokens(conversation.prompt()))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fake = None

    def log_message(self, *_):
        pass

    def send_document(self, document, status=200, headers=()):
        text = document if isinstance(document, str) else json.dumps(document)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text.encode())))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())

    def send_error_document(self, status, message, headers=()):
        self.send_document({"error": {"message": message, "type": "server_error" if status >= 500 else "invalid_request_error", "code": None}},
                           status, headers)

    def names(self):
        return [f"oracle:{name}" for name in defects.DEFECTS]

    def do_GET(self):
        self.fake.recorder.add(self.path, b"", None, None)
        path = self.path.split("?")[0]
        if path == "/v1/models":
            self.send_document(replies.model_list(self.names(), self.fake.context))
        elif path == "/api/version" and self.fake.ollama:
            self.send_document({"version": "0.15.5"})
        elif path == "/api/tags" and self.fake.ollama:
            self.send_document({"models": [{"name": name, "model": name, "size": 4683075271, "details": {"parameter_size": "7.6B"}}
                                           for name in self.names()]})
        else:
            self.send_error_document(404, f"no such path: {path}")

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        if length > BODY_LIMIT or self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            return self.send_error_document(413, "a body of known length below 16 MiB, please")
        raw = self.rfile.read(length)
        path = self.path.split("?")[0]
        try:
            body = json.loads(raw)
            if not isinstance(body, dict):
                raise ValueError("an object is needed")
        except ValueError as error:
            return self.send_error_document(400, f"no JSON: {error}")
        if path == "/api/show" and self.fake.ollama:
            self.fake.recorder.add(path, raw, None, None)
            return self.send_document(replies.ollama_show(str(body.get("model")), self.fake.context))
        texts = ["/v1/completions"] + (["/api/generate"] if self.fake.ollama else []) + (["/infill"] if self.fake.infill else [])
        if path in texts:
            return self.text(path, raw, body)
        chats = ["/v1/chat/completions", "/v1/responses"] + (["/api/chat"] if self.fake.ollama else [])
        if path not in chats:
            self.fake.recorder.add(path, raw, None, None)
            return self.send_error_document(404, f"no such path: {path}")
        return self.chat(path, raw, body)

    def chat(self, path, raw, body):
        try:
            conversation = talk.parse(path, body)
            choice, schema = demands.choice_of(body), demands.schema_of(body)
            shown = demands.applied(choice, conversation)
        except (AttributeError, TypeError, ValueError) as error:
            return self.send_error_document(400, f"not a conversation: {error}")
        wire = defects.by_model(conversation.model).wire
        task = self.fake.oracle.task_of(conversation.prompt())
        number = self.fake.recorder.add(path, raw, conversation, task)
        if self.fake.fails_now(conversation.model, task, wire):
            return self.fail(wire)
        seen, prompt_tokens = self.fake.seen(shown, wire)
        try:
            reply = demands.held_to(self.fake.oracle.answer(seen), choice, schema, shown)
        except (AttributeError, TypeError, ValueError) as error:
            return self.send_error_document(400, f"the demanded form of the answer: {error}")
        counts = None if wire == "no-usage" else replies.usage(reply, prompt_tokens)
        piece = SLOW_PIECE if wire == "slow" else PIECE
        model = conversation.model
        if conversation.format == "ollama":
            return self.stream("application/x-ndjson", replies.ollama_lines(reply, model, counts, piece, conversation.stream), wire)
        if conversation.format == "responses":
            whole, events = replies.responses_whole, replies.responses_events(reply, model, number, counts, piece)
        else:
            with_usage = bool((body.get("stream_options") or {}).get("include_usage"))
            whole, events = replies.chat_whole, replies.chat_events(reply, model, number, counts, piece, with_usage)
        if conversation.stream:
            return self.stream("text/event-stream", events, wire)
        if wire == "slow":
            time.sleep(SLOW_START)
        return self.send_document(whole(reply, model, number, counts))

    def text(self, path, raw, body):
        try:
            task = completion.parse(path, body)
        except (AttributeError, TypeError, ValueError) as error:
            return self.send_error_document(400, f"not a text to go on with: {error}")
        wire = defects.by_model(task.model).wire
        number = self.fake.recorder.add_text(path, raw, task)
        if self.fake.fails_now(task.model, None, wire):
            return self.fail(wire)
        written = completion.write(task, [text for known in self.fake.oracle.tasks for text in known.reference.values()])
        counts = None if wire == "no-usage" else completion.counts_of(task, written)
        piece = SLOW_PIECE if wire == "slow" else PIECE
        if task.format == "generate":
            return self.stream("application/x-ndjson", completion.generate_lines(task, written, counts, piece), wire)
        if task.format == "infill":
            whole, events = completion.infill_whole(task, written), completion.infill_events(task, written, piece)
        else:
            with_usage = bool((body.get("stream_options") or {}).get("include_usage"))
            whole = completion.completions_whole(task, written, number, counts)
            events = completion.completions_events(task, written, number, counts, piece, with_usage)
        return self.stream("text/event-stream", events, wire) if task.stream else self.send_document(whole)

    def fail(self, wire):
        if wire == "429":
            return self.send_error_document(429, "too many requests", [("Retry-After", "1")])
        if wire == "500":
            return self.send_error_document(500, "the model crashed")
        # SO_LINGER with no time: the connection ends with RST.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()
        return None

    def stream(self, kind, events, wire):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if wire == "slow":
            time.sleep(SLOW_START)
        try:
            for event in events:
                data = event.encode()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
                if wire == "slow":
                    self.wfile.flush()
                    time.sleep(SLOW_PAUSE)
            self.wfile.write(b"0\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client wanted no more

    def finish(self):
        try:
            super().finish()
        except (OSError, ValueError):
            pass  # reset on purpose, or left by the client


def main():
    parser = argparse.ArgumentParser(description="A stand-in for a model server: an oracle with one documented defect.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--record", help="append every request to this file as JSON lines")
    parser.add_argument("--ollama", action="store_true", help="serve Ollama's own API as well")
    parser.add_argument("--infill", action="store_true", help="fill gaps at /infill, as llama-server does")
    parser.add_argument("--context", type=int, default=DEFAULT_CONTEXT, help="tokens that the models claim to take")
    options = parser.parse_args()
    with FakeModel(record=options.record, ollama=options.ollama, context=options.context, port=options.port, infill=options.infill) as server:
        print(f"ready {server.url}", flush=True)
        try:
            server.thread.join()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
