"""The same with the real programs: `edgecoderd coordinator` and `inference`, two `edgecoder worker` on machines of their
own, and `edgecoder submit`, all of them killed at any instant. The projects are small and each is broken otherwise, so
that no result is known before."""

import collections
import contextlib
import json
import random
import signal
import sqlite3
import subprocess
import threading
import time

from kill_anything import lasting_port
from test_swarm import BIN, PYTEST, Machine

DONE = 4  # swarm::State
FILES = {
    "shop/__init__.py": "", "conftest.py": "",
    "shop/paging.py": "def page{0}(items, number, size):\n    first = number * size\n"
                      "    return items[first:first + size]\n",
    "shop/price.py": "def total{0}(prices):\n    result = 0\n    for price in prices:\n        result -= price\n"
                     "    return result\n",
    "tests/test_paging.py": "from shop.paging import page{0}\n\n\ndef test_first_page():\n"
                            "    assert page{0}([1, 2, 3, 4, 5], 1, 2) == [1, 2]\n\n\ndef test_last_page():\n"
                            "    assert page{0}([1, 2, 3, 4, 5], 3, 2) == [5]\n",
    "tests/test_price.py": "from shop.price import total{0}\n\n\ndef test_total():\n"
                           "    assert total{0}([1, 2, 3]) == 6\n"}


class RealSwarm:
    def __init__(self, folder, seed):
        self.folder, self.random, self.kills = folder, random.Random(seed), collections.Counter()
        self.submitters_dice = random.Random(seed)
        self.running, self.submitted, self.ending = {}, {}, threading.Event()
        port = lasting_port()
        self.url = f"http://127.0.0.1:{port}"
        self.home = Machine(folder / "home", self.url)
        (folder / "coordinator.toml").write_text("[service.coordinator]\nlease_s = 10\n")
        self.words = {
            "coordinator": [BIN / "edgecoderd", "coordinator", "--listen", f"127.0.0.1:{port}", "--data-dir",
                            self.home.data, "--config", folder / "coordinator.toml"],
            "inference": [BIN / "edgecoderd", "inference", "--listen", "127.0.0.1:0", "--data-dir", self.home.data],
            "worker-1": [BIN / "edgecoder", "worker"], "worker-2": [BIN / "edgecoder", "worker"]}
        self.environments = {"coordinator": self.home.env, "inference": self.home.env}
        self.start("coordinator")
        self.until(lambda: (self.home.data / "run/admin.sock").exists() and self.run_at_home("admin", "status"))
        for name in ("worker-1", "worker-2"):
            self.lend(name)
        for name in ("inference", "worker-1", "worker-2"):
            self.start(name)
        self.submitter = threading.Thread(target=self.submit, daemon=True)
        self.submitter.start()

    def until(self, condition, patience=300):
        deadline = time.monotonic() + patience
        while not (value := condition()):
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.1)
        return value

    def said(self):
        return "\n".join(f"{file.name}: {file.read_text(errors='replace')[-1500:]}"
                         for file in self.folder.glob("*.log"))

    def run_at_home(self, *arguments, text=None):
        """What it prints, or nothing when it failed: the coordinator may be away."""
        done = self.home.run(*arguments, text=text)
        return done.stdout if done.returncode == 0 else None

    def lend(self, name):
        """A machine of another account that may see what the submitter's group may."""
        other = Machine(self.folder / name, self.url)
        node = other.json("node", "id")
        invitation = self.run_at_home("group", "add-node", "local", node["id"], "--key", node["key"])
        assert other.run("group", "import", "-", "--name", "homes", text=invitation).returncode == 0
        token = self.run_at_home("admin", "token", "create", "--kind", "worker", "--account", name, "--approved")
        self.environments[name] = {**other.env, "AGENT_REGISTRATION_TOKEN": token.strip()}

    def start(self, name):
        with open(self.folder / f"{name}.log", "ab") as log:
            self.running[name] = subprocess.Popen(self.words[name], env=self.environments[name], stdout=log, stderr=log,
                                                  stdin=subprocess.DEVNULL)

    # --- the submitter

    def project(self, number):
        root = self.folder / f"project-{number}"
        if not root.exists():
            for file, content in FILES.items():
                if number % 2 == 1 and "price" in file:
                    continue  # one fault, for a repair
                (root / file).parent.mkdir(parents=True, exist_ok=True)
                (root / file).write_text(content.replace("{0}", f"_{number}"))
            for words in (["init", "-q"], ["add", "-A"]):
                subprocess.run(["git", *words], cwd=root, check=True, capture_output=True)
        return root

    def submit(self):
        """One job after the other, under its key until it is acknowledged; every other time it is killed before."""
        number = 0
        while not self.ending.is_set():
            sort = ["make the failing tests pass", "--split"] if number % 2 == 0 else ["--shards", "2"]
            with open(self.folder / "submit.out", "wb") as out, open(self.folder / "submit.log", "ab") as log:
                process = self.running["submitter"] = subprocess.Popen(
                    [BIN / "edgecoder", "submit", *sort, "--test", PYTEST, "--dir", self.project(number), "--key",
                     f"real-job-{number}", "--json"], env=self.home.env, stdout=out, stderr=log, stdin=subprocess.DEVNULL)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(self.submitters_dice.uniform(0, 0.7) if self.submitters_dice.random() < 0.5 else None)
                if process.poll() is None:
                    process.kill()
                    self.kills["submitter"] += 1
                status = process.wait()
            if status == 2:  # wrong usage: no kill does that
                return
            if status != 0:
                time.sleep(0.1)
                continue
            self.submitted[number] = json.loads((self.folder / "submit.out").read_text())["id"]
            number += 1
            while not self.ending.is_set() and self.open_jobs() > 2:
                time.sleep(0.1)

    def rows(self, sql):
        database = sqlite3.connect(f"file:{self.home.data}/coordinator.db?mode=ro", uri=True, timeout=30)
        try:
            return database.execute(sql).fetchall()
        finally:
            database.close()

    def open_jobs(self):
        return self.rows(f"SELECT count(*) FROM job WHERE state < {DONE}")[0][0]

    # --- who kills them

    def kill_at_random(self, times, longest_s=3.0):
        for _ in range(times):
            time.sleep(self.random.uniform(0, longest_s))  # the instant is what is tried
            name = self.random.choice(["coordinator", "inference", "worker-1", "worker-2"])
            process = self.running[name]
            assert process.poll() is None, f"{name} ended by itself ({process.poll()}): {self.said()}"
            process.kill()
            process.wait()
            self.kills[name] += 1
            self.start(name)

    def settle(self, least, patience=900):
        self.until(lambda: len(self.submitted) >= least or not self.submitter.is_alive(), patience)
        self.ending.set()
        self.submitter.join(120)
        assert not self.submitter.is_alive()
        self.until(lambda: self.open_jobs() == 0, patience)

    def check(self):
        """Returns how many jobs and payments there were."""
        for number, id in self.submitted.items():
            assert self.rows(f"SELECT id, state FROM job WHERE idem_key = 'real-job-{number}'") == [(id, DONE)], number
            fetched = self.home.json("jobs", "fetch", id)
            assert fetched["status"] == "fixed" and fetched["patch"], number
        assert self.rows("SELECT count(*) FROM job") == [(len(self.submitted),)], "a job that nobody was told of"
        for name in ("worker-1", "worker-2", "inference", "coordinator"):
            self.running[name].send_signal(signal.SIGTERM)
            assert self.running[name].wait(60) == 0, self.said()
        ask = self.rows
        assert ask("PRAGMA integrity_check") == [("ok",)]
        assert ask("SELECT sum(balance) FROM account") == [(0,)]
        assert ask("SELECT txn FROM entry GROUP BY txn HAVING sum(amount) <> 0") == []
        assert ask("SELECT id FROM account WHERE held <> 0") == [] and ask("SELECT id FROM hold WHERE closed = 0") == []
        paid = {dedupe for dedupe, in ask("SELECT dedupe FROM txn WHERE kind = 'pay'")}
        done = {f"{job}-{number}" for job, number in ask(f"SELECT job, number FROM task WHERE state = {DONE}")}
        assert paid <= done, f"paid and not done: {paid - done}"
        spent = ask("SELECT sum(spent) FROM job")[0][0]
        assert ask("SELECT sum(entry.amount) FROM entry JOIN txn ON txn.number = entry.txn JOIN account ON "
                   "account.number = entry.account WHERE txn.kind = 'pay' AND entry.amount > 0") == [(spent,)]
        assert ask(f"SELECT job, task FROM event WHERE type = 'state' AND state >= {DONE} GROUP BY job, task "
                   "HAVING count(*) > 1") == [], "something ended twice"
        return {"jobs": len(self.submitted), "paid": len(paid), "kills": dict(self.kills)}

    def end(self):
        self.ending.set()
        for process in self.running.values():
            if process.poll() is None:
                process.kill()
            process.wait()
