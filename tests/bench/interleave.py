"""What the benchmarks of whole programs share: contestants that run in turn, in a small project, as root and as a user."""

import os
import platform
import shutil
import statistics
import sys
import tempfile
import time

ORDINARY_UID = 1234
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8"}
WARM_UP = 5
QUIET_SECONDS = 120


def wall_ms(argv, devnull, environment=ENVIRONMENT, file_actions=()):
    """Milliseconds from the start of a program to its end; ends the benchmark when the program fails."""
    actions = [(os.POSIX_SPAWN_DUP2, devnull, fd) for fd in (0, 1)] + list(file_actions)
    start = time.perf_counter_ns()
    pid = os.posix_spawn(argv[0], argv, environment, file_actions=actions)
    _, status = os.waitpid(pid, 0)
    wall = (time.perf_counter_ns() - start) / 1e6
    if status != 0:
        sys.exit(f"{' '.join(argv)} ended with status {os.waitstatus_to_exitcode(status)}")
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


def measure(contestants, runs, quiet=False):
    """`contestants`: name -> (argv, file actions). Returns name -> wall times in milliseconds; one round runs each once."""
    walls = {name: [] for name in contestants}
    devnull = os.open(os.devnull, os.O_RDWR)
    until = time.monotonic() + QUIET_SECONDS
    for turn in range(-WARM_UP, runs):
        if quiet and not wait_for_quiet(until):
            break
        for name, (argv, file_actions) in contestants.items():
            wall = wall_ms(argv, devnull, file_actions=file_actions)
            if turn >= 0:
                walls[name].append(wall)
    os.close(devnull)
    if min(map(len, walls.values())) < 2:
        sys.exit("the machine was never quiet")
    return walls


def p90(values):
    return statistics.quantiles(values, n=10)[8]


def machine():
    return (f"{os.cpu_count()} cores, {platform.machine()}, Linux {platform.release()}, "
            f"load {os.getloadavg()[0]:.2f}")


def in_project_as(uid, work):
    """Calls work() in a new project, in a child, so that giving up the rights of root (`uid` is not None) ends with it."""
    pid = os.fork()
    if pid == 0:
        project = tempfile.mkdtemp(prefix="edgecoder-bench-")
        try:
            with open(os.path.join(project, "main.py"), "w") as file:
                file.write("print(1)\n")
            if uid is not None:
                os.chown(project, uid, uid)
                os.setgroups([])
                os.setresgid(uid, uid, uid)
                os.setresuid(uid, uid, uid)
            os.chdir(project)
            work()
            sys.stdout.flush()
            os._exit(0)
        except SystemExit as why:
            print(why, file=sys.stderr)
            os._exit(1)
        finally:
            shutil.rmtree(project, ignore_errors=True)
    return os.waitpid(pid, 0)[1] == 0


def as_everybody(work):
    """work(who) as whoever started us and, when that is root, as an ordinary user."""
    root = os.geteuid() == 0
    ok = in_project_as(None, lambda: work("root" if root else "an ordinary user"))
    if root:
        ok = in_project_as(ORDINARY_UID, lambda: work("an ordinary user")) and ok
    return ok
