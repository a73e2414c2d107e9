#!/usr/bin/env python3
"""Seeds single faults into the JavaScript translation of HumanEval: a corpus in the form of seed_faults.py.

    seed_faults_js.py --out DIR [--count 150] [--seed 2024]

Needs node and npm; the parser comes from the lock file beside this script.
"""

import argparse
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def parser_installed():
    """Installs the locked parser where it is missing; False when that is not possible."""
    if (HERE / "node_modules" / "acorn").is_dir():
        return True
    print("installing the JavaScript parser (npm ci)", file=sys.stderr)
    return subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=HERE, stdout=subprocess.DEVNULL).returncode == 0


def build(out, count, seed):
    if not parser_installed():
        raise SystemExit("npm could not install the parser; run `npm ci` in tests/bench/repair")
    subprocess.run(["node", str(HERE / "seed_faults.mjs"), "--tasks", str(HERE / "humaneval_js"), "--out", str(out),
                    "--count", str(count), "--seed", str(seed)], check=True)
    with open(out / "manifest.jsonl", encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def sites_of(path):
    """{class: [{line, edits}]} for one JavaScript file; edits are [begin, end, text] in characters."""
    done = subprocess.run(["node", str(HERE / "seed_faults.mjs"), "--list", str(path)], check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--count", type=int, default=150)
    parser.add_argument("--seed", type=int, default=2024)
    options = parser.parse_args()
    options.out.mkdir(parents=True)
    manifest = build(options.out, options.count, options.seed)
    print(f"{len(manifest)} cases in {options.out}, {sum(c['shows'] == 'slow' for c in manifest)} of them hang")


if __name__ == "__main__":
    main()
