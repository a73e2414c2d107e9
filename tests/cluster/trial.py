#!/usr/bin/env python3
"""Two coordinators on a three-node PostgreSQL under load, while the leader is killed, cut off, and a coordinator killed.

Clients submit with a key each until they are answered; workers claim and complete until they are answered. Afterwards the
database is asked: every acknowledged submit is there, once; every completion that was acknowledged counts, once; the books
balance, and what was paid is the price of what is done.

    sudo python3 tests/cluster/trial.py [--seconds 120]

prints one line of JSON and exits 1 when anything of it does not hold.
"""

import argparse
import collections
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

import cluster  # noqa: E402
import swarm_node  # noqa: E402

ROOT = HERE.parents[1]
PROGRAM = pathlib.Path(os.environ.get("EC_BIN_DIR", ROOT / "build/bin")) / "edgecoderd"
OFFER = {"kinds": ["repair"], "languages": ["python"], "memory_mb": 4096}
PRICE = 1000  # millicredits, the fixed price of a task
BATCH = 10


def use_fast_signatures():
    """The signatures of the tests' own node are slow; the system's library makes the same ones."""
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    except ImportError:
        return

    class Key:
        def __init__(self, seed):
            key = Ed25519PrivateKey.from_private_bytes(seed)
            self.sign = key.sign
            self.public = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)

    swarm_node.ed25519.Key = Key


class Coordinator:
    def __init__(self, folder, port, url):
        self.folder, self.port, self.database = folder, port, url
        self.url = f"http://127.0.0.1:{port}"
        self.process = None

    def start(self):
        environment = {**os.environ, "DATABASE_URL": self.database, "XDG_CONFIG_HOME": str(self.folder / "config")}
        log = open(self.folder.parent / f"{self.folder.name}.log", "ab")
        self.process = subprocess.Popen([PROGRAM, "coordinator", "--listen", f"127.0.0.1:{self.port}", "--data-dir",
                                         self.folder], stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
        line = self.process.stdout.readline()
        if not line.startswith("ready"):
            raise RuntimeError(f"the coordinator does not start: {line}")

    def end(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(60)


class Load:
    """Clients and workers, and what was acknowledged to them."""

    def __init__(self, coordinators):
        self.coordinators = coordinators
        self.submitted = {}  # idempotency key: ids of jobs
        self.completed = collections.Counter()  # task: acknowledged as new
        self.refused = collections.Counter()
        self.unanswered = 0
        self.outages = []
        self.last = time.monotonic()
        self.lock = threading.Lock()
        self.submitting, self.working = threading.Event(), threading.Event()
        self.threads = []

    def start(self, clients, workers):
        operator = swarm_node.Admin(self.coordinators[0].folder)
        for number in range(clients + workers):
            kind = "client" if number < clients else "worker"
            node = swarm_node.Node(self.coordinators[number % 2].url)
            account = "local" if kind == "client" else f"earner-{number}"
            answer = node.join(operator.token(kind, account), kind)
            assert answer.status == 201, answer.text
            target = self.submit if kind == "client" else self.work
            self.threads.append(threading.Thread(target=target, args=(node, number)))
        for thread in self.threads:
            thread.start()

    def until_answered(self, node, number, target, body, **headers):
        """Asks one coordinator after the other until one says what became of it."""
        for attempt in range(100_000):
            node.url = self.coordinators[(number + attempt) % 2].url
            try:
                answer = node.post(target, body, timeout=45, **headers)
            except OSError:
                answer = None
            if answer is not None and answer.status < 500 and answer.status not in (409, 429):
                self.answered()
                return answer
            if answer is not None and answer.status == 409 and "in flight" not in answer.text:
                return answer
            with self.lock:
                self.unanswered += 1
            time.sleep(0.2)
        raise TimeoutError(target)

    def answered(self):
        now = time.monotonic()
        with self.lock:
            if now - self.last > 2:
                self.outages.append(round(now - self.last, 1))
            self.last = now

    def submit(self, node, number):
        count = 0
        while not self.submitting.is_set():
            count += 1
            key = f"trial-{number}-{count}"
            task = {"key": "only", "kind": "repair", "payload": swarm_node.b64(key.encode()), "expected_s": 60}
            job = {"kind": "repair", "spec": swarm_node.b64(b"sealed"), "tasks": [task], "verification": "none",
                   "budget_s": 3600, "budget_milli": 10 * PRICE}
            answer = self.until_answered(node, number, "/v1/jobs", {"jobs": [job] * BATCH}, Idempotency_Key=key)
            if answer.status not in (200, 201):
                self.refuse("submit", answer)
                continue
            with self.lock:
                self.submitted[key] = [one["id"] for one in answer.json()["jobs"]]

    def work(self, node, number):
        while not self.working.is_set():
            body = {"protocol": "1.1", "offer": OFFER, "most": BATCH, "wait_s": 2}
            answer = self.until_answered(node, number, "/v1/claim", body)
            leases = answer.json().get("leases", []) if answer.status == 200 else self.refuse("claim", answer)
            if not leases:
                continue
            reports = [{"task": lease["task"], "fence": lease["fence"], "outcome": "solved", "wall_ms": 1,
                        "result": swarm_node.b64(b"sealed result")} for lease in leases]
            answer = self.until_answered(node, number, "/v1/complete", {"protocol": "1.1", "reports": reports})
            if answer.status != 200:
                self.refuse("complete", answer)
                continue
            for lease, outcome in zip(leases, answer.json()["reports"]):
                if outcome.get("task") == "done":
                    with self.lock:
                        self.completed[lease["task"]] += 1
                else:
                    self.refuse("report", outcome.get("code", "?"))

    def refuse(self, what, answer):
        with self.lock:
            said = answer if isinstance(answer, str) else f"{answer.status} {answer.json().get('code')}"
            self.refused[f"{what}: {said}"] += 1
        return []


def ask(url, sql):
    """Of whoever leads, once somebody does: a busy machine may bring more failovers than were asked for."""
    def rows():
        answer = subprocess.run(["psql", "-XAtq", "-F", "\t", "-c", sql, url + "?target_session_attrs=read-write"],
                                capture_output=True, text=True)
        if answer.returncode == 2 or "connection" in answer.stderr:
            return None
        if answer.returncode != 0:
            raise RuntimeError(f"{sql}: {answer.stderr}")
        return [[line.split("\t") for line in answer.stdout.splitlines()]]
    return cluster.wait_for(rows, 180, "an answer of the database")[0]


def number(url, sql):
    return int(ask(url, sql)[0][0])


def check(url, load):
    """What does not hold, in words."""
    there = {row[0] for row in ask(url, "SELECT id FROM job")}
    acknowledged = [id for ids in load.submitted.values() for id in ids]
    task = "job || '-' || task.number"  # a task's id, under which it is paid
    done = dict(ask(url, f"SELECT {task}, count(*) FROM task JOIN txn ON dedupe = {task} GROUP BY 1"))
    paid = number(url, "SELECT coalesce(sum(amount), 0) FROM entry JOIN account ON account.number = entry.account "
                       "WHERE account.id LIKE 'earner-%'")
    transactions = number(url, "SELECT count(*) FROM txn")  # nothing else moves here
    wrong = {
        "acknowledged jobs that are lost": sum(id not in there for id in acknowledged),
        "jobs that two acknowledgements share": len(acknowledged) - len(set(acknowledged)),
        "keys with more jobs than were sent": number(url, "SELECT count(*) FROM (SELECT idem_key FROM job WHERE idem_key "
                                                          "IS NOT NULL GROUP BY account, idem_key HAVING count(*) > "
                                                          f"{BATCH}) AS more"),
        "acknowledged completions that were not paid": sum(task not in done for task in load.completed),
        "tasks paid twice": sum(int(count) != 1 for count in done.values()),
        "transactions that are not balanced": number(url, "SELECT count(*) FROM (SELECT txn FROM entry GROUP BY txn "
                                                          "HAVING sum(amount) <> 0) AS off"),
        "accounts whose entries do not add up": number(
            url, "SELECT count(*) FROM account WHERE balance <> coalesce((SELECT sum(amount) FROM entry WHERE "
                 "entry.account = account.number), 0)"),
        "jobs that did not end": number(url, "SELECT count(*) FROM job WHERE ended_ms = 0"),
        "millicredits paid beside what is done": paid - PRICE * len(done),
        "payments beside what is done": transactions - len(done),
    }
    return {what: count for what, count in wrong.items() if count != 0}, len(there), len(done)


def faults(three, coordinators, seconds, log):
    """One after the other, each with time to heal."""
    def leader_is_another(old):
        new = three.leader()
        return new is not None and new is not old

    pause = seconds / 6
    time.sleep(pause)
    old = three.leader()
    log(f"kills the leader {old.name}")
    old.kill()
    start = time.monotonic()
    cluster.wait_for(lambda: leader_is_another(old), 120, "another leader")
    log(f"another leader after {time.monotonic() - start:.1f} s")
    time.sleep(pause)
    old.start()
    cluster.wait_for(three.whole, 180, "three nodes again")
    time.sleep(pause)
    log("kills a coordinator")
    coordinators[1].end(signal.SIGKILL)
    coordinators[1].start()
    time.sleep(pause)
    old = three.leader()
    log(f"cuts the leader {old.name} off")
    old.cut_off()
    start = time.monotonic()
    cluster.wait_for(lambda: leader_is_another(old), 120, "another leader")
    log(f"another leader after {time.monotonic() - start:.1f} s")
    time.sleep(pause)
    old.join_again()
    cluster.wait_for(three.whole, 180, "three nodes again")
    time.sleep(pause)


def trial(folder, seconds):
    start = time.monotonic()
    def log(words):
        print(f"{time.monotonic() - start:6.1f} s  {words}", file=sys.stderr, flush=True)

    with cluster.Cluster(folder) as three:
        log(f"the cluster is up, {three.leader().name} leads")
        url = three.url()
        coordinators = [Coordinator(folder / f"coordinator{i}", 4301 + i, url) for i in (0, 1)]
        for coordinator in coordinators:
            coordinator.folder.mkdir()
        load = Load(coordinators)
        try:
            coordinators[0].start()
            # They sign one log.
            shutil.copytree(coordinators[0].folder / "secrets", coordinators[1].folder / "secrets")
            coordinators[1].start()
            load.start(clients=4, workers=4)
            faults(three, coordinators, seconds, log)
            load.submitting.set()
            log("no more submits, the workers go on")
            cluster.wait_for(lambda: number(url, "SELECT count(*) FROM job WHERE ended_ms = 0") == 0, 600,
                             "the end of all jobs")
        finally:
            load.submitting.set()
            load.working.set()
            for thread in load.threads:
                thread.join(120)
            for coordinator in coordinators:
                coordinator.end()
        wrong, jobs, done = check(url, load)
        return {"seconds": round(time.monotonic() - start), "acknowledged_jobs": BATCH * len(load.submitted), "jobs": jobs,
                "acknowledged_completions": len(load.completed), "paid": done, "unanswered": load.unanswered,
                "outages_s": load.outages, "refused": dict(load.refused), "wrong": wrong}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=120, help="of pauses between the faults")
    parser.add_argument("--keep", action="store_true", help="keeps the folder with all logs")
    options = parser.parse_args()
    if reason := cluster.missing():
        print(f"trial: {reason}", file=sys.stderr)
        return 3
    use_fast_signatures()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ec-trial-"))
    try:
        outcome = trial(folder, options.seconds)
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(outcome))
    return 1 if outcome["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
