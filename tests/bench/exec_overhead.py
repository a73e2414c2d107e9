#!/usr/bin/env python3
"""What a whole cold run in the sandbox costs: `edgecoder exec -- /bin/true` beside bare /bin/true started the same way.

Everything counts: the start of both programs, opening the workspace, the sandbox, its removal. Runs are interleaved with
the peer, in a small project of its own, as root and (when started by root) as an ordinary user. The machine and its load
are printed. Never pass or fail.

usage: exec_overhead.py [--quiet] [EDGECODER] [RUNS]

--quiet: on a machine that others use too, a round begins only when no core has been busy for 40 ms; what is then
measured is the program and not the queue in front of the processor. At most two minutes for each table row pair.
"""

import argparse
import os
import statistics
import sys

import interleave


def report(who, walls):
    medians = {name: statistics.median(values) for name, values in walls.items()}
    for name, values in walls.items():
        print(f"{who:<18}{name:<16}{len(values):>6}{medians[name]:>10.2f}{interleave.p90(values):>8.2f}"
              f"{min(values):>8.2f}")
    over = medians["edgecoder exec"] - medians["/bin/true"]
    print(f"{who:<18}{'over bare':<16}{'':>6}{over:>10.2f}  (load {os.getloadavg()[0]:.2f})", flush=True)


def main():
    default = os.path.join(os.path.dirname(__file__), "../../build/bin/edgecoder")
    parser = argparse.ArgumentParser()
    parser.add_argument("--quiet", action="store_true")
    parser.add_argument("program", nargs="?", default=default)
    parser.add_argument("runs", nargs="?", type=int, default=300)
    options = parser.parse_args()
    program, runs = os.path.realpath(options.program), max(200, options.runs)
    if not os.access(program, os.X_OK):
        sys.exit(f"{program} is not there; build it with ./scripts/quickstart")
    print(f"{interleave.machine()}, {runs} runs each, interleaved{', in quiet moments' if options.quiet else ''}")
    print(f"{'started by':<18}{'program':<16}{'runs':>6}{'median ms':>10}{'p90 ms':>8}{'min ms':>8}", flush=True)
    contestants = {"/bin/true": (["/bin/true"], ()), "edgecoder exec": ([program, "exec", "--", "/bin/true"], ())}
    ok = interleave.as_everybody(lambda who: report(who, interleave.measure(contestants, runs, options.quiet)))
    print("target: at most 6 ms over bare")
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    main()
