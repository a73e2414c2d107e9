#!/usr/bin/env python3
"""Whether agents that others wrote work with `edgecoderd ide`: each does one task through it, against the stand-in for a model.

A program gets the address and the token as its provider, a repository with one function to write, and a sentence; it is
judged by the tests of the repository alone. Everything runs in a namespace with loopback only. What is counted is what went
through the endpoint: answers, and tool calls that the program made and told the results of. Never pass or fail.

usage: editors.py --peers FOLDER [--clients codex,opencode,qwen-code,continue] [--task humaneval-3] [--limit S]
FOLDER is where `npm i --ignore-scripts @openai/codex opencode-ai @qwen-code/qwen-code @continuedev/cli` put them.
"""

import argparse
import contextlib
import os
import pathlib
import subprocess
import tempfile

import interleave
import matrix  # noqa: F401  (finds the stand-in)

import clients
import fake_model
import loopback_only
import tasks

PROGRAM = pathlib.Path(os.environ.get("EC_BIN_DIR", clients.ROOT / "build/bin")) / "edgecoderd"
MODEL = "oracle:none"


@contextlib.contextmanager
def endpoint(server, place):
    """(address, token) of an edgecoderd ide before the stand-in."""
    environment = clients.plain_environment(place / "home") | {"EDGECODER_MODEL": f"{server.url}#{MODEL}"}
    process = subprocess.Popen([PROGRAM, "ide", "--listen", "127.0.0.1:0", "--data-dir", place / "data"], env=environment,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield process.stdout.readline().split()[2] + "/v1", (place / "data/secrets/ide-token").read_text().strip()
    finally:
        process.terminate()
        process.communicate(timeout=20)


def attempt(peer, server, url, task, limit):
    """(whether the tests pass, answers, tool results, seconds, the last words on standard error)."""
    server.forget()
    with tempfile.TemporaryDirectory(prefix="ec-editor-") as place:
        folder, home = pathlib.Path(place) / "project", pathlib.Path(place) / "home"
        folder.mkdir()
        home.mkdir()
        task.write(folder)
        subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
        run = peer.run(url, MODEL, task.text, folder, home, limit, task.test)
        tested = subprocess.run(task.test, shell=True, cwd=folder, capture_output=True, timeout=limit)
    calls = server.model_calls()
    results = max((call["body"].count('"role":"tool"') for call in calls), default=0)
    return tested.returncode == 0, len(calls), results, run.seconds, (run.err or run.out)[-300:]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--peers", default="/tmp/peers")
    parser.add_argument("--clients", default="codex,opencode,qwen-code,continue")
    parser.add_argument("--task", default="humaneval-3")
    parser.add_argument("--limit", type=float, default=300)
    options = parser.parse_args()
    task = next(task for task in tasks.load() if task.id == options.task)
    chosen = [clients.PEERS[name](options.peers) for name in options.clients.split(",")]
    print(f"{interleave.machine()}; {', '.join(peer.version() for peer in chosen)}", flush=True)
    loopback_only.enter()
    if os.getuid() == 0:
        loopback_only.freeze_root()
    print("| program | API | task done | answers through the endpoint | tool results | seconds |\n|---|---|---|---|---|---|")
    with fake_model.FakeModel() as server, tempfile.TemporaryDirectory(prefix="ec-ide-") as place:
        with endpoint(server, pathlib.Path(place)) as (url, token):
            for peer in chosen:
                peer.key = token
                done, answers, results, seconds, words = attempt(peer, server, url, task, options.limit)
                api = "responses" if peer.name == "codex" else "chat completions"
                print(f"| {peer.name} | {api} | {'yes' if done else 'no'} | {answers} | {results} | {seconds:.1f} |", flush=True)
                if not done:
                    print(f"<!-- {words!r} -->")


if __name__ == "__main__":
    main()
