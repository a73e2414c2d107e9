#!/usr/bin/env python3
"""A cold run bare, under bubblewrap with its strictest flags, and under `edgecoder exec`, in turn.

Three programs: /bin/true, `python3 -c pass`, `node -e 0`. bubblewrap gets the same system folders, the workspace
read-write and EdgeCoder's own seccomp filter, so that both do the same for the program; it sets no limits, copies
nothing on write and reports no changes, which EdgeCoder does. Whole programs are measured: start, set-up, removal.
As root and (when started by root) as an ordinary user. Never pass or fail.

usage: sandbox_compare.py [--quiet] [--runs N] [EDGECODER]
"""

import argparse
import os
import re
import statistics
import struct
import sys
import tempfile

import interleave

PROGRAMS = {
    "/bin/true": ["/bin/true"],
    "python3 -c pass": ["/usr/bin/python3", "-c", "pass"],
    "node -e 0": ["/usr/bin/node", "-e", "0"],
}
FILTER_FD = 10
BUBBLEWRAP = "/usr/bin/bwrap"


def filter_program(build):
    """The filter as bytes of sock_filter, from the header that the build made."""
    for folder, _, files in os.walk(os.path.join(build, "src/box")):
        if "ec_box_filter.h" in files:
            text = open(os.path.join(folder, "ec_box_filter.h")).read()
            body = text[text.index("kFilterHard"):text.index("kFilterSoft")]
            rows = re.findall(r"\{(\d+), (\d+), (\d+), (\d+)\}", body)
            return b"".join(struct.pack("HBBI", *map(int, row)) for row in rows)
    sys.exit(f"no seccomp filter below {build}; build edgecoder-box first")


def bubblewrap(argv):
    project = os.getcwd()
    flags = ["--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL", "--disable-userns",
             "--unshare-user", "--hostname", "sandbox", "--ro-bind", "/usr", "/usr"]
    for link in ("bin", "lib", "lib64", "sbin"):
        if os.path.islink("/" + link):
            flags += ["--symlink", os.readlink("/" + link), "/" + link]
        elif os.path.isdir("/" + link):
            flags += ["--ro-bind", "/" + link, "/" + link]
    flags += ["--ro-bind-try", "/etc/alternatives", "/etc/alternatives", "--ro-bind-try", "/etc/ld.so.cache",
              "/etc/ld.so.cache", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--bind", project, project,
              "--chdir", project, "--setenv", "PATH", interleave.ENVIRONMENT["PATH"], "--setenv", "HOME", "/tmp",
              "--setenv", "LANG", "C.UTF-8", "--seccomp", str(FILTER_FD)]
    return [BUBBLEWRAP, *flags, "--", *argv]


def report(who, program, walls):
    medians = {name: statistics.median(values) for name, values in walls.items()}
    for name, values in walls.items():
        print(f"{who:<18}{program:<17}{name:<12}{len(values):>6}{medians[name]:>10.2f}{interleave.p90(values):>8.2f}"
              f"{medians[name] - medians['bare']:>11.2f}{medians[name] / medians['bare']:>9.2f}"
              f"{medians[name] / medians['bubblewrap']:>12.2f}")
    print(f"{'':<18}(load {os.getloadavg()[0]:.2f})", flush=True)


def compare(who, edgecoder, filter_path, options):
    with_filter = ((os.POSIX_SPAWN_OPEN, FILTER_FD, filter_path, os.O_RDONLY, 0),)
    for program, argv in PROGRAMS.items():
        if not os.access(argv[0], os.X_OK):
            print(f"{who:<18}{program:<17}left out: {argv[0]} is not there")
            continue
        contestants = {
            "bare": (argv, ()),
            "bubblewrap": (bubblewrap(argv), with_filter),
            "edgecoder": ([edgecoder, "exec", "--", *argv], ()),
        }
        report(who, program, interleave.measure(contestants, options.runs, options.quiet))


def main():
    default = os.path.join(os.path.dirname(__file__), "../../build/bin/edgecoder")
    parser = argparse.ArgumentParser()
    parser.add_argument("--quiet", action="store_true")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("edgecoder", nargs="?", default=default)
    options = parser.parse_args()
    edgecoder = os.path.realpath(options.edgecoder)
    if not os.access(edgecoder, os.X_OK):
        sys.exit(f"{edgecoder} is not there; build it with ./scripts/quickstart")
    if not os.access(BUBBLEWRAP, os.X_OK):
        sys.exit(f"{BUBBLEWRAP} is not there; it is Debian's package bubblewrap")
    with tempfile.NamedTemporaryFile(prefix="edgecoder-bench-") as file:
        file.write(filter_program(os.path.dirname(os.path.dirname(edgecoder))))
        file.flush()
        os.chmod(file.name, 0o644)
        print(f"{interleave.machine()}, {os.popen(BUBBLEWRAP + ' --version').read().strip()}, {options.runs} runs each, "
              f"interleaved{', in quiet moments' if options.quiet else ''}")
        print(f"{'started by':<18}{'program':<17}{'under':<12}{'runs':>6}{'median ms':>10}{'p90 ms':>8}{'over bare':>11}"
              f"{'to bare':>9}{'to bwrap':>12}", flush=True)
        ok = interleave.as_everybody(lambda who: compare(who, edgecoder, file.name, options))
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    main()
