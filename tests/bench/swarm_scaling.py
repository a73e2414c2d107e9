#!/usr/bin/env python3
"""How much faster a repair job gets with a second worker.

Real programs: a coordinator with TLS, `edgecoder submit`, and workers, each in a network namespace of its own behind a
veth pair and pinned to one core. The task's search takes long because its fix is one of the last candidates. Each round
measures one worker and two in turn, from the submit to the verified patch. Prints a table with the medians; never pass
or fail on time. Needs root (namespaces) and openssl.

usage: swarm_scaling.py [--rounds 3] [--lines 120] [--bin build/bin] [--verification adaptive|always|none] [--keep]
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



def program(lines, sign):
    """A fault in a small helper that many tests call and find right, and one long function that only the failing test
    runs: every line of it is more suspicious than the faulty one, so the fix is among the last candidates."""
    out = ["def step(value):", "    if value > 1000:", f"        return value {sign} 7", "    return value * 2", "", "",
           "def report(seed):", "    v0 = step(seed)"]
    out += [f"    v{i} = (v{i - 1} * {i % 7 + 3} + {i}) % 1000003" for i in range(1, lines)]
    return "\n".join([*out, f"    return [v0, v{lines // 2}, v{lines - 1}]", ""])


def tests(lines):
    right = {}
    exec(program(lines, "+"), right)
    out = ["import unittest", "", "from report import report, step", "", "", "class Report(unittest.TestCase):",
           "    def test_report(self):", f"        self.assertEqual(report(5000), {right['report'](5000)})"]
    for i in range(30):
        out += ["", f"    def test_step_{i}(self):", f"        self.assertEqual(step({i + 1}), {2 * (i + 1)})"]
    return "\n".join([*out, ""])


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

    def watch(self, *words):
        """As cli(), with what it says for people left visible."""
        return subprocess.run([str(word) for word in (self.programs / "edgecoder", *words)], env=self.environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=3600)

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


def measure(swarm, project, workers, options):
    """Seconds from the submit to the verified patch, with so many workers and as many shards."""
    running = [swarm.worker(number) for number in range(workers)]
    deadline = time.monotonic() + 30
    while not all("works for" in worker.log.read_text() for worker in running):
        if time.monotonic() > deadline:
            sys.exit("the workers did not come up")
        time.sleep(0.2)
    begin = time.monotonic()
    # Other work each time: what was done before is not done again.
    with (project / "report.py").open("a") as source:
        source.write(f"# {time.time_ns()}\n")
    done = swarm.watch("submit", "--dir", project, "--test", "python3 -m unittest", "--shards",
                     workers, "--seed", options.seed, "--budget", 600, "--verify", options.verification, "--coordinator",
                     f"https://127.0.0.1:{swarm.port}", "--ca", swarm.ca, "--watch", "--json")
    seconds = time.monotonic() - begin
    for process in running:
        process.terminate()
        process.wait(60)
    result = json.loads(done.stdout) if done.stdout.strip() else {}
    if done.returncode != 0:
        sys.exit(f"the job failed: {done.stdout}")
    return seconds, result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--lines", type=int, default=120, help="of the program: how long one search takes")
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/bin")
    parser.add_argument("--verification", default="adaptive")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ec-scaling-"))
    namespaces = [Namespace(number) for number in (1, 2)]
    swarm, times = None, {1: [], 2: []}
    try:
        project = folder / "project"
        project.mkdir()
        (project / "report.py").write_text(program(options.lines, "-"))
        (project / "test_report.py").write_text(tests(options.lines))
        run("git", "-C", project, "init", "-q")
        run("git", "-C", project, "add", ".")
        swarm = Swarm(folder, options.bin, namespaces)
        for round_number in range(options.rounds):
            options.seed = round_number + 1
            for workers in (1, 2):
                seconds, _ = measure(swarm, project, workers, options)
                times[workers].append(seconds)
                print(f"round {round_number + 1}, {workers} worker(s): {seconds:.1f} s", file=sys.stderr)
    finally:
        if swarm:
            swarm.stop()
        for namespace in namespaces:
            namespace.remove()
        if options.keep:
            print(f"kept {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    one, two = statistics.median(times[1]), statistics.median(times[2])
    print(f"| workers | seconds, median of {options.rounds} | all |\n|---|---|---|")
    for workers, median in ((1, one), (2, two)):
        print(f"| {workers} | {median:.1f} | {', '.join(f'{seconds:.1f}' for seconds in times[workers])} |")
    print(f"\nratio {two / one:.2f}; {options.lines} lines; load {os.getloadavg()[0]:.1f}; verification {options.verification}")


if __name__ == "__main__":
    main()
