"""A swarm whose processes are killed at any instant and started again: a coordinator on SQLite, or two that share a
PostgreSQL which is killed as well, two workers, a submitter.

The submitter and the workers are processes of their own that write down what they are about to do, and what they were
told, as their real kin do (the record of a submission, the journal of results). Afterwards the database is held against
what was written down: what was acknowledged is there, once, and paid, once."""

import collections
import contextlib
import json
import multiprocessing
import os
import pathlib
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import time

import postgres_server
from swarm_node import Admin, Node, b64

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("EC_BIN_DIR", ROOT / "build/bin")) / "edgecoderd"
OFFER = {"kinds": ["repair", "verify", "subtask"], "languages": [], "memory_mb": 4096}
OPEN_JOBS = 6  # that the submitter has at a time
FORK = multiprocessing.get_context("fork")
AWAY = (OSError, EOFError, ValueError)  # the coordinator is, or what it said is cut off
DONE, DEAD = 4, 7  # swarm::State


class Notes:
    """Lines that a kill leaves behind: one write each, and a last one that is cut is none."""

    def __init__(self, path):
        self.file = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)

    def add(self, **fields):
        os.write(self.file, json.dumps(fields).encode() + b"\n")

    @staticmethod
    def read(path):
        if path.exists():
            for line in path.read_bytes().splitlines():
                with contextlib.suppress(ValueError):
                    yield json.loads(line)


def patiently(node, ask, parent):
    """What a coordinator answers once one is there and has room: one is asked after the other."""
    while os.getppid() == parent:
        with contextlib.suppress(*AWAY):
            answer = ask()
            if answer.status != 503:
                return answer
        node.url = node.urls[(node.urls.index(node.url) + 1) % len(node.urls)]
        time.sleep(0.02)
    os._exit(1)


# --- the submitter


def frame(name, data):
    return len(name).to_bytes(4, "big") + name.encode() + len(data).to_bytes(4, "big") + data


def job(number):
    """Of every sort: checked or not, one task, several of which one is enough, some that stand on one another."""
    def task(key, **more):
        return {"key": key, "kind": "repair", "payload": b64(b"sealed payload"), "expected_s": 60, **more}

    tasks = [[task("a")], [task("a"), task("b")], [task("a"), task("b", after=["a"])]][number % 3]
    return {"kind": "split" if number % 3 == 2 else "repair", "spec": b64(b"sealed %d" % number), "tasks": tasks,
            "verification": ["always", "none"][number // 3 % 2], "budget_s": 3600, "budget_milli": 10_000,
            "blobs": [f"blob-{number}"], "snapshot": f"blob-{number}"}


def submit(node, path, wanted, parent):
    """Until told to stop: what was meant to be sent goes out again under its key, then the next one."""
    notes, sent, meant = Notes(path), {}, None
    for note in Notes.read(path):
        meant = note["number"]
        if "id" in note:
            sent[meant] = note["id"]
    number = -1 if meant is None else meant
    if meant is None or meant in sent:
        number += 1
    open_jobs = collections.deque(list(sent.values())[-OPEN_JOBS:])
    while wanted.value and os.getppid() == parent:
        while len(open_jobs) >= OPEN_JOBS and wanted.value:
            state = patiently(node, lambda: node.get(f"/v1/jobs/{open_jobs[0]}"), parent).json()["state"]
            if state in ("done", "failed", "dead", "cancelled"):
                open_jobs.popleft()
            else:
                time.sleep(0.05)
        notes.add(number=number)
        put = frame(f"blob-{number}", b"sealed" * 100)
        patiently(node, lambda: node.call("POST", "/v1/blobs", put, type="application/octet-stream"), parent)
        answer = patiently(node, lambda: node.post("/v1/jobs", job(number), Idempotency_Key=f"job-{number}"), parent)
        if answer.status == 409 and "again" not in answer.text:
            continue  # a request that counts once, which the one before was
        assert answer.status in (200, 201), answer.text
        notes.add(number=number, id=answer.json()["jobs"][0]["id"])
        open_jobs.append(answer.json()["jobs"][0]["id"])
        number += 1


# --- a worker


def hand_in(node, notes, lease, parent):
    outcome = "passed" if lease["kind"] == "verify" else "solved"
    report = {"task": lease["task"], "fence": lease["fence"], "outcome": outcome, "result": b64(b"sealed result")}
    for _ in range(random.choice([1, 1, 1, 2])):  # now and then twice
        answer = patiently(node, lambda: node.post("/v1/complete", {"protocol": "1.1", "reports": [report]}), parent)
        assert answer.status == 200, answer.text
        told = answer.json()["reports"][0]
        notes.add(task=lease["task"], fence=lease["fence"], told=told.get("code") or told["task"],
                  again=answer.headers["Idempotency-Replayed"] == "true")


def work(node, path, wanted, parent):
    notes, unsent = Notes(path), {}
    for note in Notes.read(path):
        if "held" in note:
            unsent[note["held"]["task"]] = note["held"]
        else:
            unsent.pop(note["task"], None)
    for lease in unsent.values():
        hand_in(node, notes, lease, parent)
    while wanted.value and os.getppid() == parent:
        claim = {"protocol": "1.1", "offer": OFFER, "most": 2, "wait_s": 1}
        answer = patiently(node, lambda: node.post("/v1/claim", claim), parent)
        for lease in answer.json().get("leases", []) if answer.status == 200 else []:
            notes.add(held={name: lease[name] for name in ("task", "fence", "kind")})
            hand_in(node, notes, lease, parent)


# --- where the coordinators keep what they know


class Sqlite:
    """The file of the one coordinator."""

    coordinators = 1
    faults = ()
    environment = {}

    def __init__(self, folder):
        self.file = folder / "coordinator-0/coordinator.db"

    def rows(self, sql):
        with contextlib.closing(sqlite3.connect(self.file)) as database:
            return database.execute(sql).fetchall()

    def check(self):
        assert self.rows("PRAGMA integrity_check") == [("ok",)]

    def end(self):
        """It ends with its coordinator."""


class Postgres:
    """A server that two coordinators share. `faults` are ways to kill it."""

    coordinators = 2
    faults = ("child", "server")

    def __init__(self, _folder):
        self.server = postgres_server.Postgres()
        self.environment = {"DATABASE_URL": self.server.url}
        self.rows = self.server.rows

    def kill(self, fault, dice):
        if fault == "child":
            self.server.kill_a_child(dice)
        else:
            self.server.kill(signal.SIGKILL)
        self.server.start()

    def check(self):
        self.server.run("pg_amcheck", "--install-missing", "--heapallindexed", "-h", self.server.folder, "-U", "ec", "postgres")

    def end(self):
        self.server.remove()


# --- who kills them


def lasting_port():
    """One that is free, and stays so while nobody listens at it: none of those that connections are given."""
    with contextlib.suppress(OSError):
        first_given = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
        for port in random.sample(range(10_000, first_given), 100):
            with contextlib.suppress(OSError), socket.socket() as free:
                free.bind(("127.0.0.1", port))
                return port
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Swarm:
    def __init__(self, folder, seed, store=Sqlite):
        self.folder, self.random, self.kills = folder, random.Random(seed), collections.Counter()
        self.store, self.running, self.nodes = store(folder), {}, {}
        self.wanted = FORK.Value("b", 1)  # whether there is to be more work
        self.working = FORK.Value("b", 1)
        try:
            self.begin()
        except BaseException:
            self.end()
            raise

    def begin(self):
        self.log = self.folder / "coordinators.log"
        (self.folder / "config.toml").write_text("[service.coordinator]\nlease_s = 10\n")
        self.coordinators = [f"coordinator-{number}" for number in range(self.store.coordinators)]
        self.ports = {name: lasting_port() for name in self.coordinators}
        self.urls = [f"http://127.0.0.1:{port}" for port in self.ports.values()]
        for number, name in enumerate(self.coordinators):
            if number > 0:  # they sign one log
                shutil.copytree(self.folder / "coordinator-0/secrets", self.folder / name / "secrets")
            self.start(name)
            self.when_there(lambda: Admin(self.folder / name).ask("status"))
        operator = Admin(self.folder / "coordinator-0")
        for name, kind, account in [("submitter", "client", "anna"), ("worker-1", "worker", "lab-1"),
                                    ("worker-2", "worker", "lab-2"), ("last", "worker", "lab-3")]:
            node = self.nodes[name] = Node(self.urls[0])
            node.urls = self.urls
            assert node.join(operator.token(kind, account), kind).status == 201
        operator.ask("account.grant", account="anna", milli=10**12, key="once")
        for name in ("submitter", "worker-1", "worker-2"):
            self.start(name)

    def when_there(self, ask, patience=60):
        deadline = time.monotonic() + patience
        while True:
            try:
                return ask()
            except AWAY:
                assert time.monotonic() < deadline, "the coordinator does not come: " + self.said()
                time.sleep(0.02)

    def said(self):
        return self.log.read_text()[-2000:]

    def notes(self, name):
        return self.folder / f"{name}.notes"

    def start(self, name):
        if name in self.coordinators:
            with open(self.log, "ab") as log:
                self.running[name] = subprocess.Popen(
                    [PROGRAM, "coordinator", "--listen", f"127.0.0.1:{self.ports[name]}", "--data-dir",
                     self.folder / name, "--config", self.folder / "config.toml"], stdout=log, stderr=log,
                    env={**{k: v for k, v in os.environ.items() if k != "DATABASE_URL"},
                         "XDG_CONFIG_HOME": str(self.folder), **self.store.environment})
            return
        what, wanted = (submit, self.wanted) if name == "submitter" else (work, self.working)
        self.running[name] = FORK.Process(target=what, daemon=True,
                                          args=(self.nodes[name], self.notes(name), wanted, os.getpid()))
        self.running[name].start()

    def kill(self, name):
        process = self.running[name]
        ended = process.poll() if name in self.coordinators else process.exitcode
        assert ended is None, f"{name} ended by itself ({ended}): " + self.said()
        process.kill()
        process.wait() if name in self.coordinators else process.join()
        self.kills[name] += 1

    def start_those_without_a_store(self):
        """One that was starting while the database was away has said so and ended."""
        for name in self.coordinators:
            if self.store.faults and self.running[name].poll() == 3:
                self.start(name)

    def kill_at_random(self, times, longest_s=0.5):
        names = [*self.coordinators * 2, "worker-1", "worker-2", "submitter", *self.store.faults]
        for _ in range(times):
            time.sleep(self.random.uniform(0, longest_s))  # the instant is what is tried
            name = self.random.choice(names)
            self.start_those_without_a_store()
            if name in self.store.faults:
                self.store.kill(name, self.random)
                self.kills[name] += 1
                continue
            self.kill(name)
            self.start(name)

    def settle(self, least, patience=240):
        """When so many jobs were acknowledged no more is submitted; what was is finished, by a third worker too."""
        self.start_those_without_a_store()
        deadline = time.monotonic() + patience
        while sum("id" in note for note in Notes.read(self.notes("submitter"))) < least:
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.05)
        self.wanted.value = 0
        self.running["submitter"].join(60)
        assert self.running["submitter"].exitcode == 0
        self.start("last")
        deadline = time.monotonic() + patience
        client = self.nodes["submitter"]
        for note in Notes.read(self.notes("submitter")):
            while "id" in note:
                answer = self.when_there(lambda: client.get(f"/v1/jobs/{note['id']}"))
                if answer.status != 503 and answer.json()["state"] in ("done", "failed", "dead", "cancelled"):
                    break
                assert time.monotonic() < deadline, answer.text
                time.sleep(0.05)
        self.working.value = 0
        for name in ("worker-1", "worker-2", "last"):
            self.running[name].join(60)
            assert self.running[name].exitcode == 0, name
        for name in self.coordinators:
            self.running[name].send_signal(signal.SIGTERM)
            assert self.running[name].wait(timeout=60) == 0, self.said()

    def end(self):
        for process in self.running.values():
            process.kill()
        self.store.end()

    # --- what has to be so at the end

    def check(self):
        """Returns how many jobs, tasks and payments there were."""
        self.store.check()
        jobs = self.check_jobs()
        tasks = self.check_completions()
        paid = self.check_books()
        self.check_blobs()
        return {"jobs": jobs, "tasks": tasks, "paid": paid, "kills": dict(self.kills)}

    def check_jobs(self):
        rows = self.store.rows("SELECT idem_key, id, state FROM job")
        found = {key: (id, state) for key, id, state in rows}
        assert len(found) == len(rows), "a submission became two jobs"
        said = {f"job-{note['number']}": note["id"] for note in Notes.read(self.notes("submitter")) if "id" in note}
        meant = {f"job-{note['number']}" for note in Notes.read(self.notes("submitter"))}
        assert found.keys() <= meant, "a job that nobody submitted"
        for key, id in said.items():
            assert found.get(key) == (id, DONE), f"{key} was acknowledged as {id} and is {found.get(key)}"
        ends = self.store.rows("SELECT job, count(*) FROM event WHERE type = 'state' AND task < 0 AND "
                               f"state >= {DONE} GROUP BY job HAVING count(*) > 1")
        assert ends == [], "a job ended twice"
        return len(said)

    def check_completions(self):
        first, taken, done = collections.Counter(), set(), set()
        for name in ("worker-1", "worker-2", "last"):
            for note in Notes.read(self.notes(name)):
                if "told" in note and note["told"] in ("done", "verifying") and not note["again"]:
                    first[note["task"], note["fence"]] += 1
                    taken.add(note["task"])
                    if note["told"] == "done":
                        done.add(note["task"])
        assert [each for each in first.items() if each[1] > 1] == [], "a completion was taken twice"
        ended = {f"{job}-{task}": count for job, task, count in self.store.rows(
            f"SELECT job, task, count(*) FROM event WHERE type = 'state' AND task >= 0 AND state >= {DONE} "
            "GROUP BY job, task")}
        states = {f"{job}-{number}": state for job, number, state in self.store.rows(
            "SELECT job, number, state FROM task")}
        assert all(ended.get(task) == 1 for task in states), "a task ended twice, or not at all"
        assert taken <= states.keys() and DEAD not in states.values()
        assert {states[task] for task in done} <= {DONE}, "a worker was told that its task is done, and it is not"
        return len(taken)

    def check_books(self):
        ask = self.store.rows
        assert ask("SELECT sum(balance) FROM account") == [(0,)]
        assert ask("SELECT txn FROM entry GROUP BY txn HAVING sum(amount) <> 0") == []
        assert ask("SELECT a.id FROM account a WHERE balance <> (SELECT coalesce(sum(amount), 0) FROM entry "
                   "WHERE account = a.number)") == []
        assert ask("SELECT id FROM account WHERE held <> 0") == [], "something stays set aside"
        assert ask("SELECT id FROM hold WHERE closed = 0") == []
        paid = {dedupe for dedupe, in ask("SELECT dedupe FROM txn WHERE kind <> 'grant'")}
        verified = {f"{job}-{number}" for job, number in ask(f"SELECT job, number FROM task WHERE state = {DONE}")}
        assert paid == verified, f"paid, not verified: {paid - verified}; verified, not paid: {verified - paid}"
        leaves = collections.Counter()
        for leaf, in ask("SELECT leaf FROM log_leaf UNION ALL SELECT leaf FROM log_pending"):
            leaf = json.loads(leaf)
            leaves[leaf["type"], leaf.get("task") or leaf["job"]] += 1
        assert set(leaves.values()) == {1}, "something is in the log twice"
        assert {task for kind, task in leaves if kind == "paid"} == paid
        assert {id for kind, id in leaves if kind == "submit"} == {id for id, in ask("SELECT id FROM job")}
        return len(paid)

    def check_blobs(self):
        wrong = self.store.rows(
            "SELECT id FROM blob b WHERE refs <> (SELECT count(*) FROM job_blob j WHERE j.account = b.account AND "
            "j.blob = b.id) + (SELECT count(*) FROM bundle_blob k WHERE k.account = b.account AND k.blob = b.id)")
        assert wrong == [], "a blob is kept for more or fewer jobs than name it"
