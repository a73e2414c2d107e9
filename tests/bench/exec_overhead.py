#!/usr/bin/env python3
"""What a whole cold run in the sandbox costs: `edgecoder exec -- /bin/true` beside bare /bin/true started the same way.

Everything counts: the start of both programs, opening the workspace, the sandbox, its removal. Runs are interleaved with
the peer, in a small project of its own, as root and (when started by root) as an ordinary user. The machine and its load
are printed. Never pass or fail.

usage: exec_overhead.py [EDGECODER] [RUNS]
"""

import os
import platform
import shutil
import statistics
import sys
import tempfile
import time

ORDINARY_UID = 1234
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8"}


def wall_ms(argv, devnull):
    actions = [(os.POSIX_SPAWN_DUP2, devnull, 0), (os.POSIX_SPAWN_DUP2, devnull, 1)]
    start = time.perf_counter_ns()
    pid = os.posix_spawn(argv[0], argv, ENVIRONMENT, file_actions=actions)
    _, status = os.waitpid(pid, 0)
    wall = (time.perf_counter_ns() - start) / 1e6
    if status != 0:
        sys.exit(f"{argv[0]} ended with status {os.waitstatus_to_exitcode(status)}")
    return wall


def measure(program, runs):
    contestants = {"/bin/true": ["/bin/true"], "edgecoder exec": [program, "exec", "--", "/bin/true"]}
    walls = {name: [] for name in contestants}
    devnull = os.open(os.devnull, os.O_RDWR)
    for turn in range(-5, runs):
        for name, argv in contestants.items():
            wall = wall_ms(argv, devnull)
            if turn >= 0:
                walls[name].append(wall)
    return walls


def report(who, walls):
    medians = {name: statistics.median(values) for name, values in walls.items()}
    for name, values in walls.items():
        p90 = statistics.quantiles(values, n=10)[8]
        print(f"{who:<18}{name:<16}{medians[name]:>10.2f}{p90:>8.2f}{min(values):>8.2f}")
    over = medians["edgecoder exec"] - medians["/bin/true"]
    print(f"{who:<18}{'over bare':<16}{over:>10.2f}  (load {os.getloadavg()[0]:.2f})", flush=True)


def run_as(uid, who, program, runs):
    """In a child, so that giving up the rights of root ends with it."""
    pid = os.fork()
    if pid == 0:
        project = tempfile.mkdtemp(prefix="exec-overhead-")
        try:
            with open(os.path.join(project, "main.py"), "w") as file:
                file.write("print(1)\n")
            if uid is not None:
                os.chown(project, uid, uid)
                os.setgroups([])
                os.setresgid(uid, uid, uid)
                os.setresuid(uid, uid, uid)
            os.chdir(project)
            report(who, measure(program, runs))
            os._exit(0)
        except SystemExit as why:
            print(why, file=sys.stderr)
            os._exit(1)
        finally:
            shutil.rmtree(project, ignore_errors=True)
    return os.waitpid(pid, 0)[1] == 0


def main():
    default = os.path.join(os.path.dirname(__file__), "../../build/bin/edgecoder")
    program = os.path.realpath(sys.argv[1] if len(sys.argv) > 1 else default)
    runs = max(200, int(sys.argv[2]) if len(sys.argv) > 2 else 300)
    if not os.access(program, os.X_OK):
        sys.exit(f"{program} is not there; build it with ./scripts/quickstart")
    print(f"{os.cpu_count()} cores, {platform.machine()}, Linux {platform.release()}, load {os.getloadavg()[0]:.2f}, {runs} runs each")
    print(f"{'started by':<18}{'program':<16}{'median ms':>10}{'p90 ms':>8}{'min ms':>8}")
    ok = run_as(None, "root" if os.geteuid() == 0 else "an ordinary user", program, runs)
    if os.geteuid() == 0:
        ok = run_as(ORDINARY_UID, "an ordinary user", program, runs) and ok
    print("target: at most 6 ms over bare")
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    main()
