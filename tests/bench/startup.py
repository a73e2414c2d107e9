#!/usr/bin/env python3
"""How long `edgecoder --version` takes and how much memory it needs, beside /bin/true started the same way.

Runs are interleaved with the peer and the median of at least 200 counts; the machine and its load are printed. Never
pass or fail.

usage: startup.py [EDGECODER] [RUNS]
"""

import os
import platform
import statistics
import sys
import time


def run_once(argv, devnull):
    """Wall milliseconds and peak resident KiB of one run."""
    actions = [(os.POSIX_SPAWN_DUP2, devnull, 1), (os.POSIX_SPAWN_DUP2, devnull, 2)]
    start = time.perf_counter_ns()
    pid = os.posix_spawn(argv[0], argv, {}, file_actions=actions)
    _, status, usage = os.wait4(pid, 0)
    wall = (time.perf_counter_ns() - start) / 1e6
    if status != 0:
        sys.exit(f"{argv[0]} ended with status {os.waitstatus_to_exitcode(status)}")
    return wall, usage.ru_maxrss


def main():
    default = os.path.join(os.path.dirname(__file__), "../../build/bin/edgecoder")
    program = os.path.realpath(sys.argv[1] if len(sys.argv) > 1 else default)
    runs = max(200, int(sys.argv[2]) if len(sys.argv) > 2 else 400)
    if not os.access(program, os.X_OK):
        sys.exit(f"{program} is not there; build it with ./scripts/quickstart")
    contestants = {"edgecoder --version": [program, "--version"], "/bin/true (peer)": ["/bin/true"]}
    walls = {name: [] for name in contestants}
    peaks = {name: 0 for name in contestants}
    devnull = os.open(os.devnull, os.O_WRONLY)
    for _ in range(runs):
        for name, argv in contestants.items():
            wall, peak = run_once(argv, devnull)
            walls[name].append(wall)
            peaks[name] = max(peaks[name], peak)
    print(f"{os.cpu_count()} cores, {platform.machine()}, Linux {platform.release()}, load {os.getloadavg()[0]:.2f}, {runs} runs each")
    print(f"{'program':<22}{'median ms':>10}{'p90 ms':>8}{'peak MB':>9}")
    for name, values in walls.items():
        p90 = statistics.quantiles(values, n=10)[8]
        print(f"{name:<22}{statistics.median(values):>10.2f}{p90:>8.2f}{peaks[name] * 1024 / 1e6:>9.1f}")
    print("target: at most 10 ms and 15 MB")


if __name__ == "__main__":
    main()
