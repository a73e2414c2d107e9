#!/usr/bin/env python3
"""Runs a command where only loopback is, and shows every address that it, and all it starts, asked the kernel for.

usage: zero_egress.py [--keep FILE] -- COMMAND…

The command runs in a network namespace of its own with the loopback device alone, under strace (connect, sendto, sendmsg,
sendmmsg). Prints how many addresses of each kind were asked for; exits 1 when one of them is not on this machine, whether or
not it could be reached, else with the command's own status. Needs strace.
"""

import argparse
import collections
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fakes"))

import loopback_only  # noqa: E402

FAMILY = re.compile(r"sa_family=(AF_\w+)")
ADDRESS = re.compile(r'inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"')
HERE = re.compile(r"^(127\.|0\.0\.0\.0$|::1$|::$|::ffff:127\.)")


def kind_of(line):
    """What a traced call asked for: a family, and the address where it is one of the internet's."""
    family = FAMILY.search(line)
    if family is None:
        return None
    address = ADDRESS.search(line)
    return family.group(1), (address.group(1) or address.group(2)) if address else ""


def is_here(kind):
    family, address = kind
    return family in ("AF_UNIX", "AF_UNSPEC", "AF_NETLINK") or HERE.match(address) is not None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--keep", type=pathlib.Path, help="keep the trace here")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    loopback_only.enter()
    with tempfile.TemporaryDirectory() as folder:
        trace = options.keep or pathlib.Path(folder) / "trace"
        strace = ["strace", "-f", "-qq", "--seccomp-bpf", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-e", "signal=none", "-o", str(trace)]
        status = subprocess.run([*strace, *options.command]).returncode
        seen = collections.Counter()
        with open(trace, errors="replace") as lines:
            seen.update(kind for kind in map(kind_of, lines) if kind)
    families = collections.Counter()
    for (family, _), count in seen.items():
        families[family] += count
    print("addresses asked for: " + (", ".join(f"{family} {count}" for family, count in sorted(families.items())) or "none"))
    away = sorted(f"{family} {address}: {count}" for (family, address), count in seen.items() if not is_here((family, address)))
    for line in away:
        print(f"not on this machine: {line}")
    if not families:
        print("nothing was traced: the proof is empty")
        return 1
    return 1 if away else status


if __name__ == "__main__":
    sys.exit(main())
