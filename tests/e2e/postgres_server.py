"""A PostgreSQL of a test's own, at a socket in its folder, that can be killed in every way and started again."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
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
                        [self.programs / "postgres", "-D", self.data, "-k", self.folder, "-c", "listen_addresses="],
                        stdout=log, stderr=log, cwd="/", **self.user)
            time.sleep(0.05)

    def kill(self, how=signal.SIGQUIT):
        """SIGQUIT: at once, as when the machine fails. SIGKILL: the server alone; its children see that and end."""
        self.process.send_signal(how)
        self.process.wait(30)

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
