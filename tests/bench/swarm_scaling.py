#!/usr/bin/env python3
"""How much faster a repair job gets with a second worker.

Real programs: a coordinator with TLS, `edgecoder submit`, and workers, each in a network namespace of its own behind a
veth pair and pinned to one core. Two programs with faults are mended, each many times over: one whose fix comes late
among the candidates, and one with two faults, so that every single edit is tried before pairs are. Each round measures
one worker and two in turn, from the submit to the verified patch. Beside the time it counts the processor's time of
each worker until the patch was found, which other programs on the machine change less. Prints tables with medians; never
passes or fails on time. Needs root (namespaces), openssl and two cores.

usage: swarm_scaling.py [--rounds 3] [--case late|pair|both] [--statements N] [--bin build/bin] [--keep]
                        [--verification adaptive|always|none]
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Of this run alone, for two may run at once.
NET, PREFIX = f"10.{100 + os.getpid() % 100}", f"ecs{os.getpid() % 100000}"
# How many statements a bill has, so that one worker searches for 30 to 90 s on an idle core.
CASES = {"late": 18, "pair": 4}

# What a bill is made of, and how a line of it is computed from the one before.
NAMES = ("heating lighting cooking cooling laundry charging pumping drying baking freezing washing ironing airing "
         "filtering mixing grinding lifting welding sawing milling printing scanning cutting packing sorting drilling "
         "polishing sanding").split()
LINES = ("price({reading}) * 3 // 4 + standing", "max(price({reading}), {last} // 2) - rebate",
         "{last} % 97 + price({reading} - credit)", "min({last}, price({reading}) * 2) + share * 5",
         "({last} + price({reading})) // 2 + tax", "price({reading} + share) - {last} // 9")
READINGS, TERMS = [120, 500, 340, 77, 410, 266, 90], (250, 30, 12, 4, 15)


def program(case, statements, wrong):
    """The faults are at boundaries, in small functions that other tests call and find right; only one test of each meets
    the boundary. All of what else that one runs is more suspicious."""
    band, half = (">", ">" if case == "pair" else ">=") if wrong else (">=", ">=")
    names = [NAMES[i % len(NAMES)] + str(i // len(NAMES) or "") for i in range(statements)]
    lines = [LINES[i % len(LINES)].format(reading=f"readings[{i % len(READINGS)}]", last=names[i - 1] if i else "standing")
             for i in range(statements)]
    bill = "\n".join(f"    {name} = {line}" for name, line in zip(names, lines))
    levy = """

def levy(readings, standing, rebate, credit, share, tax):
    base = standing * 3 + readings[0] * share
    due = rounded(base + tax) - rebate
    return due + credit % 7
"""
    return f'''"""Electricity bills in cents."""


def band(units):
    """The band of the tariff that so many units fall into."""
    if units {band} 500:
        return 3
    if units >= 200:
        return 2
    if units >= 50:
        return 1
    return 0


def rounded(cents):
    """To whole tens, halves up."""
    if cents % 10 {half} 5:
        return cents - cents % 10 + 10
    return cents - cents % 10


def price(units):
    rates = [31, 28, 24, 19]
    return units * rates[band(units)]


def bill(readings, standing, rebate, credit, share, tax):
{bill}
    return [{", ".join(names)}]
{levy if case == "pair" else ""}'''


def tests(case, statements):
    right = {}
    exec(program(case, statements, wrong=False), right)
    out = ["import unittest", "", "from bills import *", "", "", "class Bills(unittest.TestCase):"]

    def test(name, function, *values):
        said = f"{function}({', '.join(map(str, values))})"
        out.extend([f"    def test_{name}(self):", f"        self.assertEqual({said}, {right[function](*values)})", ""])

    test("a_bill", "bill", READINGS, *TERMS)
    for units in [*range(3, 480, 9), *range(505, 900, 13)]:
        test(f"price_of_{units}", "price", units)
    if case == "pair":
        test("b_levy", "levy", READINGS, *TERMS)
    for cents in (0, 41, 88, 394):
        test(f"rounded_{cents}", "rounded", cents)
    return "\n".join(out)


def run(*words, check=True, **options):
    return subprocess.run([str(word) for word in words], check=check, stdin=subprocess.DEVNULL, capture_output=True, text=True, **options)


class Namespace:
    """A network of one machine: its own loopback, and a wire to the host."""

    def __init__(self, number):
        self.name, self.host = f"{PREFIX}-{number}", f"{NET}.{number}.1"
        self.remove()
        run("ip", "netns", "add", self.name)
        run("ip", "link", "add", f"{self.name}h", "type", "veth", "peer", "name", "eth0", "netns", self.name)
        run("ip", "addr", "add", f"{self.host}/24", "dev", f"{self.name}h")
        run("ip", "link", "set", f"{self.name}h", "up")
        for words in (["addr", "add", f"{NET}.{number}.2/24", "dev", "eth0"], ["link", "set", "eth0", "up"],
                      ["link", "set", "lo", "up"]):
            run("ip", "-n", self.name, *words)

    def remove(self):
        run("ip", "netns", "del", self.name, check=False)
        run("ip", "link", "del", f"{self.name}h", check=False)


class Swarm:
    """A coordinator on this machine, and what it takes to start workers for it."""

    def __init__(self, folder, programs, namespaces):
        self.folder, self.programs, self.namespaces = folder, programs, namespaces
        self.started = []
        certificate, key = folder / "cert.pem", folder / "key.pem"
        names = ",".join(f"IP:{namespace.host}" for namespace in namespaces) + ",IP:127.0.0.1"
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=swarm", "-addext", f"subjectAltName={names}", "-keyout", key, "-out", certificate)
        self.ca = certificate
        self.environment = {**os.environ, "EDGECODER_DATA_DIR": str(folder / "data")}
        self.coordinator = self.start([programs / "edgecoderd", "coordinator", "--listen", "0.0.0.0:0", "--tls-cert",
                                       certificate, "--tls-key", key], self.environment, stdout=subprocess.PIPE)
        ready = self.coordinator.stdout.readline().split()
        if ready[:2] != ["ready", "coordinator"]:
            sys.exit(f"the coordinator did not start: {ready}")
        self.port = ready[2].rsplit(":", 1)[1].rstrip("/")
        self.cli("group", "list")  # makes the local one

    def start(self, words, environment, **options):
        log = self.folder / f"log-{len(self.started)}"
        with log.open("w") as stderr:
            process = subprocess.Popen([str(word) for word in words], env=environment, text=True, stderr=stderr, **options)
        process.log = log
        self.started.append(process)
        return process

    def cli(self, *words, **options):
        return run(self.programs / "edgecoder", *words, env=self.environment, **options)

    def submit(self, *words):
        """Runs beside, with its events line by line."""
        words = (self.programs / "edgecoder", "submit", *words, "--coordinator", f"https://127.0.0.1:{self.port}", "--ca",
                 self.ca, "--watch", "--events")
        return self.start(words, self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)

    def worker(self, number):
        """In namespace `number`, on core `number`, with a data directory of its own and the group's key."""
        namespace, data = self.namespaces[number], self.folder / f"worker-{number}"
        groups = data / "swarm/groups"
        if not groups.exists():
            groups.mkdir(parents=True, mode=0o700)
            shutil.copy(self.folder / "data/swarm/groups/local.key", groups / "local.key")
            token = self.cli("admin", "token", "create", "--kind", "worker", "--account", "local", "--approved").stdout.split()[-1]
            (data / "token").write_text(token)
            os.chmod(data / "token", 0o600)
        core = sorted(os.sched_getaffinity(0))[number]
        return self.start(["ip", "netns", "exec", namespace.name, "taskset", "-c", core, self.programs / "edgecoder",
                           "worker", "--coordinator", f"https://{namespace.host}:{self.port}", "--ca", self.ca,
                           "--token-file", data / "token"],
                          {**self.environment, "EDGECODER_DATA_DIR": str(data), "HOME": str(data)})

    def stop(self):
        for process in reversed(self.started):
            if process.poll() is None:
                process.terminate()
        for process in reversed(self.started):
            process.wait(60)


def processor_seconds(process):
    """Of a process and all below it, with what those that ended left to their parents."""
    children, used = {}, {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:  # it has ended
            continue
        number = int(stat.parent.name)
        children.setdefault(int(fields[1]), []).append(number)
        used[number] = sum(map(int, fields[11:15]))
    total, left = 0, [process.pid]
    while left:
        number = left.pop()
        total += used.get(number, 0)
        left += children.get(number, [])
    return total / os.sysconf("SC_CLK_TCK")


def measure(swarm, project, workers, options):
    """One job with so many workers and as many shards: seconds to the verified patch and to the first patch, and the
    most processor seconds that any worker used until then."""
    running = [swarm.worker(number) for number in range(workers)]
    deadline = time.monotonic() + 30
    while not all("works for" in worker.log.read_text() for worker in running):
        if time.monotonic() > deadline:
            sys.exit("the workers did not come up")
        time.sleep(0.2)
    # Other work each time: what was done before is not done again.
    with (project / "bills.py").open("a") as source:
        source.write(f"# {time.time_ns()}\n")
    before = [processor_seconds(worker) for worker in running]
    begin = time.monotonic()
    submit = swarm.submit("--dir", project, "--test", "python3 -m unittest", "--shards", workers, "--seed", options.seed,
                          "--budget", 1800, "--verify", options.verification)
    found, used, last = None, None, {}
    for line in submit.stdout:
        last = json.loads(line)
        if options.show:
            print(f"{time.monotonic() - begin:8.2f} {last.get('task', '')} {last.get('state', '')} {last.get('reason', '')}",
                  [round(processor_seconds(worker) - first, 1) for worker, first in zip(running, before)], file=sys.stderr)
        if found is None and last.get("state") in ("verifying", "done"):
            found = time.monotonic() - begin
            used = max(processor_seconds(worker) - first for worker, first in zip(running, before))
    seconds = time.monotonic() - begin
    submit.wait(60)
    for worker in running:
        worker.terminate()
        worker.wait(60)
    if submit.returncode != 0:
        sys.exit(f"the job failed: {last}")
    return {"verified": seconds, "found": found, "processor": used, "tried": last["candidates"]["tried"]}


def table(case, statements, results, options):
    print(f"\n{case}, {statements} statements; load {os.getloadavg()[0]:.1f}; verification {options.verification}; "
          f"{options.rounds} rounds, medians\n\n| workers | s to the verified patch | all | s to the patch | "
          "processor s of a worker to the patch, at most | candidates of who found it |\n|---|---|---|---|---|---|")
    middle = {}
    for workers, rounds in results.items():
        middle[workers] = {key: statistics.median(each[key] for each in rounds) for key in rounds[0]}
        row = middle[workers]
        every = ", ".join(f"{each['verified']:.1f}" for each in rounds)
        print(f"| {workers} | {row['verified']:.1f} | {every} | {row['found']:.1f} | {row['processor']:.1f} | {row['tried']:.0f} |")
    print(f"\nratio {middle[2]['verified'] / middle[1]['verified']:.2f} in time, "
          f"{middle[2]['processor'] / middle[1]['processor']:.2f} in the processor's")


def lay(project, case, statements):
    project.mkdir()
    (project / "bills.py").write_text(program(case, statements, wrong=True))
    (project / "test_bills.py").write_text(tests(case, statements))
    run("git", "-C", project, "init", "-q")
    run("git", "-C", project, "add", ".")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--case", choices=["late", "pair", "both"], default="both")
    parser.add_argument("--statements", type=int, help="of the bill: how long a search takes (default: as CASES says)")
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/bin")
    parser.add_argument("--verification", default="adaptive")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--show", action="store_true", help="events as they come, with each worker's processor seconds")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ec-scaling-"))
    namespaces = [Namespace(number) for number in (1, 2)]
    swarm = None
    try:
        swarm = Swarm(folder, options.bin, namespaces)
        for case in CASES if options.case == "both" else [options.case]:
            statements = options.statements or CASES[case]
            lay(folder / case, case, statements)
            results = {1: [], 2: []}
            for round_number in range(options.rounds):
                options.seed = round_number + 1
                for workers, rounds in results.items():
                    rounds.append(measure(swarm, folder / case, workers, options))
                    print(f"{case}, round {round_number + 1}, {workers} worker(s): {rounds[-1]}", file=sys.stderr)
            table(case, statements, results, options)
    finally:
        if swarm:
            swarm.stop()
        for namespace in namespaces:
            namespace.remove()
        if options.keep:
            print(f"kept {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
