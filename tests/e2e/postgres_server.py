"""A PostgreSQL of a test's own, at a socket in its folder, that can be killed in every way and started again."""

import contextlib
import json
import os
import pathlib
import shutil
import select
import signal
import socket
import subprocess
import tempfile
import threading
import time


def programs():
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


def missing():
    """Why there can be none here; None when there can."""
    return None if programs() else "there is no PostgreSQL here"


class Postgres:
    def __init__(self):
        self.programs = programs()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="edgecoder-pg-"))
        self.data = self.folder / "data"
        self.user = {}
        if os.geteuid() == 0:
            shutil.chown(self.folder, "nobody")
            self.user = {"user": "nobody"}
        self.process = None
        self.run("initdb", "-D", self.data, "-U", "ec", "-A", "trust", "--no-sync", "-E", "UTF8")
        self.url = f"postgresql:///postgres?host={self.folder}&user=ec"
        self.start()

    def run(self, program, *words):
        done = subprocess.run([self.programs / program, *words], capture_output=True, text=True, timeout=120, cwd="/",
                              **self.user)
        assert done.returncode == 0, done.stderr
        return done

    def ready(self):
        return subprocess.run([self.programs / "pg_isready", "-q", "-h", self.folder]).returncode == 0

    def start(self, patience=60):
        """Waits until it answers. What a killed server's own processes still hold is waited for too."""
        deadline = time.monotonic() + patience
        while not self.ready():
            assert time.monotonic() < deadline, (self.folder / "log").read_text()[-2000:]
            if self.process is None or self.process.poll() is not None:
                with open(self.folder / "log", "ab") as log:
                    self.process = subprocess.Popen(
                        [self.programs / "postgres", "-D", self.data, "-k", self.folder, "-c", "listen_addresses=",
                         "-c", "dynamic_shared_memory_type=mmap"],
                        stdout=log, stderr=log, cwd="/", **self.user)
            time.sleep(0.05)

    def kill(self, how=signal.SIGQUIT):
        """SIGQUIT: at once, as when the machine fails. SIGKILL: the server alone; its children see that and end."""
        self.process.send_signal(how)
        self.process.wait(60)

    def kill_a_child(self, dice):
        """One of those that serve a client, or write for all of them: the server starts anew over it."""
        listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True)
        children = [int(pid) for pid in listed.stdout.split()]
        if children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(dice.choice(children), signal.SIGKILL)

    def rows(self, sql):
        """What a query gives, as tuples; bytes are bytes."""
        asked = f"SELECT coalesce(json_agg(row), '[]') FROM ({sql}) AS row"
        said = json.loads(self.run("psql", "-XAtq", "-c", asked, self.url).stdout)
        return [tuple(bytes.fromhex(value[2:]) if isinstance(value, str) and value.startswith("\\x") else value
                      for value in row.values()) for row in said]

    def remove(self):
        if self.process and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class LosesAnswers:
    """Stands before a server, and loses the answer to the COMMIT of the next transaction that names a word."""

    COMMIT = b"Q\0\0\0\x0bCOMMIT\0"

    def __init__(self, server):
        self.server, self.word, self.lost = server, None, 0
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="edgecoder-pg-"))
        self.url = f"postgresql:///postgres?host={self.folder}&user=ec"
        self.door = socket.socket(socket.AF_UNIX)
        self.door.bind(str(self.folder / ".s.PGSQL.5432"))
        self.door.listen(16)
        threading.Thread(target=self.accept, daemon=True).start()

    def lose(self, word):
        self.word = word.encode()

    def accept(self):
        while True:
            try:
                client, _ = self.door.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        server = socket.socket(socket.AF_UNIX)
        with client, server, contextlib.suppress(OSError):
            server.connect(str(self.server.folder / ".s.PGSQL.5432"))
            names_it = False
            while True:
                ready, _, _ = select.select([client, server], [], [])
                if server in ready:
                    client.sendall(server.recv(1 << 16) or self.end())
                if client not in ready:
                    continue
                data = client.recv(1 << 16) or self.end()
                names_it = names_it or (self.word is not None and self.word in data)
                server.sendall(data)
                if not data.endswith(self.COMMIT):
                    continue
                if names_it and self.word is not None:
                    server.recv(1 << 16)  # it is committed
                    self.word = None
                    self.lost += 1
                    return
                names_it = False

    @staticmethod
    def end():
        raise OSError("one side has closed")

    def remove(self):
        self.door.close()
        shutil.rmtree(self.folder, ignore_errors=True)
