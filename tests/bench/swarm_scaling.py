#!/usr/bin/env python3
"""How much faster a repair job gets with a second worker.

Real programs: a coordinator with TLS, `edgecoder submit`, and workers, each in a network namespace of its own behind a
veth pair and pinned to one core. The task's search takes long because its fix is one of the last candidates. Each round
measures one worker and two in turn, from the submit to the verified patch. Prints a table with the medians; never pass
or fail on time. Needs root (namespaces) and openssl.

usage: swarm_scaling.py [--rounds 3] [--bin build/bin] [--verification adaptive|always|none] [--keep]
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOST, PREFIX = "10.87.{}.1", "ecscale"

# The search looks at every line that the failing test runs. The faults are two, in functions of their own, and neither
# alone changes what the test sees, so that single edits are tried in vain and pairs come late.
PROGRAM = '''\
def clean(words):
    out = []
    for word in words:
        word = word.strip()
        if len(word) > 0 and word not in out:
            out.append(word)
    return out


def score(word, weights):
    total = 0
    for index, letter in enumerate(word):
        if letter in weights:
            total += weights[letter] * (index + 1)
        else:
            total += index
    return total


def spread(count):
    value = 1
    for step in range(count):
        value = (value * 31 + step) % 1000003
    return value


def rank(words, weights):
    found = []
    for word in clean(words):
        points = score(word, weights)
        found.append((points + spread(40000) % 1, word))
    found.sort()
    limit = len(found) - 1
    best = []
    for points, word in found[0:limit]:
        if points > 3:
            best.append(word)
    return best
'''

TEST = '''\
import unittest

from ranking import rank

WEIGHTS = {"a": 1, "b": 2, "c": 3}


class Ranking(unittest.TestCase):
    def test_ranking(self):
        self.assertEqual(rank([" abc", "ccc ", "a", "zz", "abc"], WEIGHTS), ["ccc", "abc", "a"])
'''


def run(*words, check=True, **options):
    return subprocess.run([str(word) for word in words], check=check, capture_output=True, text=True, **options)


class Namespace:
    """A network of one machine: its own loopback, and a wire to the host."""

    def __init__(self, number):
        self.name, self.host = f"{PREFIX}{number}", HOST.format(number)
        self.remove()
        run("ip", "netns", "add", self.name)
        run("ip", "link", "add", f"{self.name}h", "type", "veth", "peer", "name", "eth0", "netns", self.name)
        run("ip", "addr", "add", f"{self.host}/24", "dev", f"{self.name}h")
        run("ip", "link", "set", f"{self.name}h", "up")
        for words in (["addr", "add", f"10.87.{number}.2/24", "dev", "eth0"], ["link", "set", "eth0", "up"],
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

    def start(self, words, environment, **options):
        process = subprocess.Popen([str(word) for word in words], env=environment, text=True,
                                   stderr=open(self.folder / f"log-{len(self.started)}", "w"), **options)
        self.started.append(process)
        return process

    def cli(self, *words, **options):
        return run(self.programs / "edgecoder", *words, env=self.environment, **options)

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
    while f'"workers":{workers}' not in swarm.cli("admin", "status", "--json").stdout.replace(" ", ""):
        if time.monotonic() > deadline:
            sys.exit("the workers did not come up")
        time.sleep(0.2)
    begin = time.monotonic()
    done = swarm.cli("submit", "make the tests pass", "--dir", project, "--test", "python3 -m unittest", "--shards",
                     workers, "--seed", options.seed, "--budget", 600, "--verify", options.verification, "--coordinator",
                     f"https://127.0.0.1:{swarm.port}", "--ca", swarm.ca, "--watch", "--json", check=False)
    seconds = time.monotonic() - begin
    for process in running:
        process.terminate()
        process.wait(60)
    result = json.loads(done.stdout) if done.stdout.strip() else {}
    if done.returncode != 0:
        sys.exit(f"the job failed: {done.stdout}\n{done.stderr}")
    return seconds, result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/bin")
    parser.add_argument("--verification", default="adaptive")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ec-scaling-"))
    namespaces = [Namespace(number) for number in (1, 2)]
    swarm, times = None, {1: [], 2: []}
    try:
        project = folder / "project"
        project.mkdir()
        (project / "ranking.py").write_text(PROGRAM)
        (project / "test_ranking.py").write_text(TEST)
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
    print(f"\nratio {two / one:.2f}; load {os.getloadavg()[0]:.1f}; verification {options.verification}")


if __name__ == "__main__":
    main()
