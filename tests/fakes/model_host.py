"""A server of model files for tests: plain URLs, Hugging Face's paths and Ollama's registry, on a free loopback port.

It serves what it is given, at the pace it is told, and remembers what was asked. Files are small GGUF files made here.
"""

import hashlib
import http.server
import json
import struct
import threading


def gguf(floats=4096, name="tiny", architecture="llama"):
    """A GGUF file with one tensor and the head of a model."""
    def text(words):
        raw = words.encode()
        return struct.pack("<Q", len(raw)) + raw

    pairs = [text("general.architecture") + struct.pack("<I", 8) + text(architecture),
             text("general.name") + struct.pack("<I", 8) + text(name),
             text("general.license") + struct.pack("<I", 8) + text("apache-2.0")]
    for key, value in (("context_length", 2048), ("block_count", 2), ("embedding_length", 64),
                       ("attention.head_count", 4)):
        pairs.append(text(f"{architecture}.{key}") + struct.pack("<II", 4, value))
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, len(pairs)) + b"".join(pairs)
    head += text("w") + struct.pack("<IQIQ", 1, floats, 0, 0)
    head += bytes(-len(head) % 32)
    return head + (bytes(range(251)) * (floats * 4 // 251 + 1))[:floats * 4]


class ModelHost:
    """`files` maps paths to bytes. `hold_after`: a download stops after so many bytes until `released` is set."""

    def __init__(self, files):
        self.files, self.requests, self.hold_after = dict(files), [], None
        self.held, self.released = threading.Event(), threading.Event()
        host = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self):
                host.answer(self, body=False)

            def do_GET(self):
                host.answer(self, body=True)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def add_hub(self, repository, name, data):
        """A file of a repository of the hub, which answers with a redirect to where the bytes lie."""
        self.files[f"/lfs/{name}"] = data
        self.files[f"/{repository}/resolve/main/{name}"] = (f"/lfs/{name}", data)

    def add_registry(self, name, tag, data):
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        self.files[f"/v2/library/{name}/blobs/{digest}"] = data
        self.files[f"/v2/library/{name}/manifests/{tag}"] = json.dumps({"schemaVersion": 2, "layers": [
            {"mediaType": "application/vnd.ollama.image.model", "digest": digest, "size": len(data)}]}).encode()

    def answer(self, request, body):
        path, wanted = request.path.split("?")[0], request.headers.get("Range")
        self.requests.append((request.command, path, wanted))
        data = self.files.get(path)
        if isinstance(data, tuple):
            target, data = data
            request.send_response(302)
            request.send_header("Location", target)
            request.send_header("X-Linked-Etag", f'"{hashlib.sha256(data).hexdigest()}"')
            request.send_header("X-Linked-Size", str(len(data)))
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        if data is None:
            request.send_response(404)
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        first = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        request.send_response(206 if first else 200)
        if first:
            request.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
        request.send_header("ETag", '"one"')
        request.send_header("Content-Length", str(len(data) - first))
        request.end_headers()
        if body:
            self.send(request, data[first:])

    def send(self, request, data):
        try:
            if self.hold_after is not None and len(data) > self.hold_after:
                request.wfile.write(data[:self.hold_after])
                request.wfile.flush()
                self.held.set()
                self.released.wait(60)
                data = data[self.hold_after:]
            request.wfile.write(data)
        except OSError:
            request.close_connection = True  # the client was killed
