#!/usr/bin/env python3
"""How long `edgecoder --version` takes and how much memory it needs, beside /bin/true started the same way.

Runs are interleaved with the peer and the median of at least 200 counts; the machine and its load are printed. Never
pass or fail.

usage: startup.py [EDGECODER] [RUNS]
"""

import ctypes
import os
import statistics
import sys

import interleave

PR_SET_CHILD_SUBREAPER = 36


def usage_of(argv):
    """CPU milliseconds and peak resident MB of one run. A shell starts it and leaves, and we adopt it: a program keeps the
    peak of the process it was started from, and a shell's is small where this interpreter's is not."""
    os.waitpid(os.posix_spawn("/bin/sh", ["/bin/sh", "-c", '"$@" >/dev/null 2>&1 &', "sh", *argv], {}), 0)
    _, _, usage = os.wait4(-1, 0)
    return (usage.ru_utime + usage.ru_stime) * 1e3, usage.ru_maxrss * 1024 / 1e6


def main():
    default = os.path.join(os.path.dirname(__file__), "../../build/bin/edgecoder")
    program = os.path.realpath(sys.argv[1] if len(sys.argv) > 1 else default)
    runs = max(200, int(sys.argv[2]) if len(sys.argv) > 2 else 400)
    if not os.access(program, os.X_OK):
        sys.exit(f"{program} is not there; build it with ./scripts/quickstart")
    contestants = {"edgecoder --version": [program, "--version"], "/bin/true (peer)": ["/bin/true"]}
    walls = {name: [] for name in contestants}
    devnull = os.open(os.devnull, os.O_RDWR)
    for _ in range(runs):
        for name, argv in contestants.items():
            walls[name].append(interleave.wall_ms(argv, devnull, environment={}))
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    usage = {name: [usage_of(argv) for _ in range(50)] for name, argv in contestants.items()}

    print(f"{interleave.machine()}, {runs} runs each")
    print(f"{'program':<22}{'median ms':>10}{'p90 ms':>8}{'cpu ms':>8}{'peak MB':>9}")
    for name, values in walls.items():
        cpu, peak = statistics.median(ms for ms, _ in usage[name]), max(mb for _, mb in usage[name])
        print(f"{name:<22}{statistics.median(values):>10.2f}{interleave.p90(values):>8.2f}{cpu:>8.2f}{peak:>9.1f}")
    print("target: at most 10 ms and 15 MB")


if __name__ == "__main__":
    main()
