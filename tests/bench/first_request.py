#!/usr/bin/env python3
"""What a coding agent sends for "hi", and what it costs to get there: bytes of the first and the largest request, calls, milliseconds
from the start of the program to the arrival of the first request, peak memory of the program, seconds for the whole run.

The programs run in turn in an empty git repository, in a namespace with loopback only, against the stand-in for a model
server. The least of the runs counts for time (the machine may be loaded), the most for bytes, calls and memory. Memory is
that of the program's largest process. Never pass or fail.

usage: first_request.py [--peers FOLDER] [--clients edgecoder,codex,opencode,qwen-code] [--runs N] [--edgecoder PROGRAM]
"""

import argparse
import os
import pathlib
import subprocess
import tempfile

import interleave
import matrix  # noqa: F401  (finds the stand-in)

import clients
import fake_model
import loopback_only


def measure(client, server, limit):
    """(bytes of the first request, of the largest, calls, ms to the first, peak MB, seconds), or None when no request came."""
    server.forget()
    with tempfile.TemporaryDirectory(prefix="ec-hi-") as place:
        folder, home = pathlib.Path(place) / "project", pathlib.Path(place) / "home"
        folder.mkdir()
        home.mkdir()
        subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
        run = client.run(server.url, "oracle:none", "hi", folder, home, limit)
    calls = server.model_calls()
    if not calls:
        return None
    return calls[0]["bytes"], max(call["bytes"] for call in calls), len(calls), (calls[0]["monotonic_ns"] - run.started_ns) / 1e6, run.peak_mb, run.seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--peers", default="/tmp/peers")
    parser.add_argument("--clients", default="edgecoder,codex,opencode,qwen-code")
    parser.add_argument("--edgecoder", help="our program; default build/bin/edgecoder")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--limit", type=float, default=90)
    options = parser.parse_args()
    chosen = [clients.EdgeCoder(options.edgecoder) if name == "edgecoder" else clients.PEERS[name](options.peers)
              for name in options.clients.split(",")]
    print(f"{interleave.machine()}, {options.runs} runs each; {', '.join(client.version() for client in chosen)}", flush=True)
    loopback_only.enter()
    if os.getuid() == 0:
        loopback_only.freeze_root()
    seen = {client.name: [] for client in chosen}
    with fake_model.FakeModel(tasks=[]) as server:
        for _ in range(options.runs):
            for client in chosen:
                seen[client.name].append(measure(client, server, options.limit))
    print("| program | first request, bytes | largest | model calls | start to first request, ms | peak memory, MB | whole run, s |")
    print("|---|---|---|---|---|---|---|")
    for name, results in seen.items():
        rows = [row for row in results if row]
        if len(rows) < len(results):
            print(f"| {name} | no request in {len(results) - len(rows)} of {len(results)} runs | | | | | |")
            continue
        size, largest, calls, first, peak, seconds = zip(*rows)
        print(f"| {name} | {max(size):,} | {max(largest):,} | {max(calls)} | {min(first):.0f} | {max(peak):.0f} | {min(seconds):.2f} |")


if __name__ == "__main__":
    main()
