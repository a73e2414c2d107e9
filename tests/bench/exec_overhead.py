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


def idle_ticks():
    with open("/proc/stat") as file:
        words = file.readline().split()
    return int(words[4]) + int(words[5])


def wait_for_quiet(until):
    while time.monotonic() < until:
        ticks, start = idle_ticks(), time.monotonic()
        time.sleep(0.04)
        share = (idle_ticks() - ticks) / os.sysconf("SC_CLK_TCK") / (time.monotonic() - start) / os.cpu_count()
        if share > 0.85:
            return True
    return False


def measure(program, runs, quiet):
    contestants = {"/bin/true": ["/bin/true"], "edgecoder exec": [program, "exec", "--", "/bin/true"]}
    walls = {name: [] for name in contestants}
    devnull = os.open(os.devnull, os.O_RDWR)
    until = time.monotonic() + 120
    for turn in range(-5, runs):
        if quiet and not wait_for_quiet(until):
            break
        for name, argv in contestants.items():
            wall = wall_ms(argv, devnull)
            if turn >= 0:
                walls[name].append(wall)
    return walls


def report(who, walls):
    if len(walls["/bin/true"]) < 2:
        sys.exit("the machine was never quiet")
    medians = {name: statistics.median(values) for name, values in walls.items()}
    for name, values in walls.items():
        p90 = statistics.quantiles(values, n=10)[8]
        print(f"{who:<18}{name:<16}{len(values):>6}{medians[name]:>10.2f}{p90:>8.2f}{min(values):>8.2f}")
    over = medians["edgecoder exec"] - medians["/bin/true"]
    print(f"{who:<18}{'over bare':<16}{'':>6}{over:>10.2f}  (load {os.getloadavg()[0]:.2f})", flush=True)


def run_as(uid, who, program, runs, quiet):
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
            report(who, measure(program, runs, quiet))
            os._exit(0)
        except SystemExit as why:
            print(why, file=sys.stderr)
            os._exit(1)
        finally:
            shutil.rmtree(project, ignore_errors=True)
    return os.waitpid(pid, 0)[1] == 0


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
    print(f"{os.cpu_count()} cores, {platform.machine()}, Linux {platform.release()}, load {os.getloadavg()[0]:.2f}, "
          f"{runs} runs each, interleaved{', in quiet moments' if options.quiet else ''}")
    print(f"{'started by':<18}{'program':<16}{'runs':>6}{'median ms':>10}{'p90 ms':>8}{'min ms':>8}", flush=True)
    ok = run_as(None, "root" if os.geteuid() == 0 else "an ordinary user", program, runs, options.quiet)
    if os.geteuid() == 0:
        ok = run_as(ORDINARY_UID, "an ordinary user", program, runs, options.quiet) and ok
    print("target: at most 6 ms over bare")
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    main()
