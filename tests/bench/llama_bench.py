#!/usr/bin/env python3
"""Embedded models beside llama.cpp's own benchmark on the same file, in alternating rounds.

usage: llama_bench.py [--shape qwen2.5-0.5b] [--model FILE] [--threads N] [--rounds N] BIN_DIR

Reads 512 tokens and writes 128 with both, prints the median of each and the ratio of the medians, then what a second
turn over 2,500 tokens evaluates and how long a cancel takes. Both run the same libraries out of BIN_DIR/../lib/llama.
"""

import argparse
import json
import os
import pathlib
import re
import resource
import statistics
import subprocess
import tempfile


def peer(bin_dir, model, threads):
    """llama-bench: tokens a second reading 512, and writing 128 after the 32 of a short prompt."""
    command = [bin_dir / "llama-bench", "-m", model, "-t", str(threads), "-r", "1", "-o", "json", "-ngl", "0"]
    results = []
    for more in (["-p", "512", "-n", "0"], ["-p", "0", "-n", "128", "-d", "32"]):
        # It looks for its kernels in the working directory.
        done = subprocess.run(command + more, cwd=bin_dir.parent / "lib/llama", capture_output=True, text=True,
                              check=True)
        results.append(json.loads(done.stdout)[0]["avg_ts"])
    return results


def peer_cpu(bin_dir, model, threads):
    """The same per second of processor time: three repetitions less one, so that loading and warming up cancel out."""
    results = []
    for tokens, more in ((512, ["-p", "512", "-n", "0"]), (128, ["-p", "0", "-n", "128", "-d", "32"])):
        seconds = []
        for repetitions in ("1", "3"):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([bin_dir / "llama-bench", "-m", model, "-t", str(threads), "-r", repetitions, "-o", "json",
                            "-ngl", "0", *more], cwd=bin_dir.parent / "lib/llama", capture_output=True, check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        results.append(2 * tokens / (seconds[1] - seconds[0]))
    return results


def ours(bin_dir, task, model, threads):
    done = subprocess.run([bin_dir / "embedded_bench", task, model, str(threads)], capture_output=True, text=True,
                          check=True)
    return done.stdout.strip()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--shape", default="qwen2.5-0.5b")
    parser.add_argument("--model", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cpu", action="store_true", help="per second of processor time, for a busy machine")
    parser.add_argument("bin_dir", type=pathlib.Path)
    args = parser.parse_args()
    bin_dir = args.bin_dir.resolve()
    with tempfile.TemporaryDirectory() as folder:
        model = args.model and args.model.resolve()
        if model is None:
            model = pathlib.Path(folder) / f"{args.shape}.gguf"
            subprocess.run([bin_dir / "embedded_bench", "make", args.shape, model], check=True)
        print(f"{model.name}, {model.stat().st_size >> 20} MiB, {args.threads} threads, load {os.getloadavg()[0]:.1f}")
        mine, theirs = [], []
        for _ in range(args.rounds):
            said = ours(bin_dir, "speed", model, args.threads)
            wanted = r"time ([\d.]+) and ([\d.]+)" if args.cpu else r"([\d.]+) per second.* ([\d.]+) per second"
            mine.append([float(number) for number in re.search(wanted, said).groups()])
            theirs.append((peer_cpu if args.cpu else peer)(bin_dir, model, args.threads))
            print(f"  ours {mine[-1][0]:8.2f} {mine[-1][1]:7.2f}   llama-bench {theirs[-1][0]:8.2f} {theirs[-1][1]:7.2f}"
                  f"   load {os.getloadavg()[0]:.1f}", flush=True)
        for index, name in enumerate(("read 512", "write 128")):
            a = statistics.median(row[index] for row in mine)
            b = statistics.median(row[index] for row in theirs)
            unit = "second of processor time" if args.cpu else "second"
            pairs = statistics.median(x[index] / y[index] for x, y in zip(mine, theirs))
            print(f"{name}: ours {a:.2f}, llama-bench {b:.2f} tokens a {unit}, ratio {a / b:.3f}"
                  f" (median of the rounds' own ratios {pairs:.3f})")
        print(ours(bin_dir, "second-turn", model, args.threads))
        print(ours(bin_dir, "cancel", model, args.threads))


if __name__ == "__main__":
    main()
