"""`edgecoder worker` beside a real coordinator and real submitters."""

import json
import os
import pathlib
import signal
import subprocess
import threading
import urllib.request

import pytest

from swarm_node import Admin
from test_coordinator import eventually

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("EC_BIN_DIR", ROOT / "build/bin"))
CANARY = "canary_4b1f0c2e_largest"
BROKEN = f"""\
def largest(items):
    {CANARY} = items[0]
    for item in items:
        if item < {CANARY}:
            {CANARY} = item
    return {CANARY}
"""
TEST = """\
import unittest

from largest import largest


class Largest(unittest.TestCase):
    def test_largest(self):
        self.assertEqual(largest([1, 3, 2]), 3)
"""
SLOW = "import time\n\ntime.sleep(600)\n"


class Program:
    """A program of ours that runs beside the test, with what it says on stderr line by line."""

    def __init__(self, *words, data, env=None):
        environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        environment |= {"EDGECODER_DATA_DIR": str(data), "XDG_CONFIG_HOME": str(data.parent / "config"), **(env or {})}
        self.process = subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        stdin=subprocess.DEVNULL, text=True, env=environment)
        self.lines, self.changed = [], threading.Condition()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stderr:
            with self.changed:
                self.lines.append(line.rstrip())
                self.changed.notify_all()
        with self.changed:
            self.lines.append("(it ended)")
            self.changed.notify_all()

    def says(self, part, timeout=60):
        with self.changed:
            found = self.changed.wait_for(lambda: any(part in line for line in self.lines), timeout)
        assert found, "\n".join(self.lines)

    def end(self, number=signal.SIGTERM, timeout=60):
        self.process.send_signal(number)
        return self.process.wait(timeout)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()
        self.process.stderr.close()


@pytest.fixture
def programs():
    running = []

    def start(*words, **options):
        running.append(Program(*words, **options))
        return running[-1]

    yield start
    for program in reversed(running):
        program.kill()


class Swarm:
    def __init__(self, start, folder, lease_s=10):
        self.start, self.data = start, folder / "data"
        (folder / "config.toml").write_text(f"[service.coordinator]\nlease_s = {lease_s}\n")
        self.coordinator = start(BIN / "edgecoderd", "coordinator", "--listen", "127.0.0.1:0", "--data-dir", self.data,
                                 "--config", folder / "config.toml", data=self.data)
        line = self.coordinator.process.stdout.readline()
        assert line.startswith("ready coordinator http"), "\n".join(self.coordinator.lines)
        self.url = line.split()[2]
        self.admin = Admin(self.data)

    def worker(self, *words, data=None, env=None):
        return self.start(BIN / "edgecoder", "worker", "--coordinator", self.url, *words, data=data or self.data, env=env)

    def submit(self, project, *words, test="python3 -m unittest"):
        return self.start(BIN / "edgecoder", "submit", "--dir", project, "--test", test, "--coordinator", self.url, "--watch",
                          "--json", *words, data=self.data)

    def result(self, submit, timeout=240):
        submit.process.wait(timeout)
        return json.loads(submit.process.stdout.read())


@pytest.fixture
def swarm(programs, tmp_path):
    return Swarm(programs, tmp_path)


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "largest.py").write_text(BROKEN)
    (folder / "test_largest.py").write_text(TEST)
    for words in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", "-C", folder, *words], check=True)
    return folder


def test_a_submitted_repair_is_done_by_a_worker(swarm, project):
    worker = swarm.worker()
    submit = swarm.submit(project)
    result = swarm.result(submit)
    assert submit.process.returncode == 0, (result, submit.lines)
    assert "+        if item >" in result["patch"]
    worker.says("delivered")
    assert worker.end() == 0
    trees = swarm.data / "swarm/worker/trees"
    assert list(trees.iterdir()) == []
    # Nothing of the source is where the coordinator keeps its things.
    for file in swarm.data.glob("coordinator.db*"):
        assert CANARY.encode() not in file.read_bytes(), file


def test_a_worker_waits_for_a_coordinator_that_starts_later(programs, tmp_path, project):
    data = tmp_path / "data"
    worker = programs(BIN / "edgecoder", "worker", "--coordinator", "http://127.0.0.1:1", data=data)
    worker.says("waits for a coordinator")
    assert worker.end() == 0


def test_sigterm_gives_back_what_is_not_finished_in_time(swarm, project):
    (project / "test_largest.py").write_text(SLOW)
    first = swarm.worker("--drain", "0.2")
    swarm.submit(project, "--budget", "600")
    first.says("begins")
    assert first.end() == 0
    first.says("given back (drain)")
    second = swarm.worker("--drain", "0")
    second.says("begins")


def test_work_of_a_killed_worker_is_done_by_the_next(swarm, project):
    slow = project / "test_largest.py"
    marker = "import time\n\ntime.sleep(3)\n\n"
    slow.write_text(marker + TEST)
    first = swarm.worker()
    submit = swarm.submit(project)
    first.says("begins")
    first.process.kill()
    first.process.wait()
    second = swarm.worker()
    result = swarm.result(submit, 240)
    assert submit.process.returncode == 0, (result, submit.lines, second.lines)
    assert result["patch"]


def test_a_worker_that_was_killed_gives_its_work_back_when_it_starts_again(programs, tmp_path, project):
    """Not when the lease has run out: here that is an hour."""
    swarm = Swarm(programs, tmp_path, lease_s=3600)
    slow = project / "test_largest.py"
    slow.write_text("import time\n\ntime.sleep(3)\n\n" + TEST)
    first = swarm.worker()
    submit = swarm.submit(project, "--budget", "600")
    first.says("begins")
    first.end(signal.SIGKILL)
    second = swarm.worker()
    second.says("of an earlier run given back")
    result = swarm.result(submit, 300)
    assert submit.process.returncode == 0, (result, submit.lines, second.lines)
    assert any("its worker was started again" in line for line in submit.lines), submit.lines
    assert result["patch"]


def test_an_owner_gives_a_task_less_time_than_it_asks_for(swarm, project):
    (project / "test_largest.py").write_text(SLOW)
    worker = swarm.worker("--budget", "2")
    submit = swarm.submit(project, "--budget", "600")
    worker.says("error after")
    submit.says("its worker's owner gives a task less time")


def test_a_flag_stands_over_the_environment_and_that_over_the_file(swarm):
    folder = swarm.data.parent / "config/edgecoder"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text("[worker]\nslots = 2\n")
    token = (swarm.data / "secrets/admin-token").read_text().strip()

    def slots():
        request = urllib.request.Request(swarm.url + "/capacity", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return [agent["maxConcurrentTasks"] for agent in json.load(answer)["agents"]]

    for expected, words, env in [(2, [], {}), (3, [], {"EDGECODER_WORKER_SLOTS": "3"}),
                                 (4, ["--slots", "4"], {"EDGECODER_WORKER_SLOTS": "3"})]:
        worker = swarm.worker(*words, env=env)
        worker.says("works for")
        eventually(lambda: slots() == [expected])
        assert worker.end() == 0


@pytest.mark.parametrize("line", ["slots = 0", "slots = '2'", "memory_mb = -1", "idle_only = 1", "kinds = 'repair'", "slot = 2",
                                  "hours = '25-1'", "profile = 'android'", "kinds = ['dig']"])
def test_a_wrong_line_of_the_worker_table_is_told_before_anything_starts(edgecoder, tmp_path, line):
    (tmp_path / "edgecoder").mkdir()
    (tmp_path / "edgecoder/config.toml").write_text(f"[worker]\n{line}\n")
    done = edgecoder("worker", "--coordinator", "http://127.0.0.1:1", env={"XDG_CONFIG_HOME": str(tmp_path)})
    assert done.status == 2 and "works for" not in done.err
    assert "config.toml:2: worker." in done.err or "hours" in done.err or "ios" in done.err or "kind of task" in done.err


def test_a_revoked_worker_ends_with_the_reason(swarm):
    worker = swarm.worker("--events")
    event = json.loads(worker.process.stdout.readline())
    assert event["type"] == "worker"
    node = next(node for node in swarm.admin.ask("node.list")["nodes"] if node["kind"] == "worker")
    swarm.admin.ask("node.set_state", id=node["id"], state="revoked", reason="it lied")
    assert worker.process.wait(60) == 3
    worker.says("revoked")


def test_a_phone_in_low_power_mode_takes_nothing_and_says_so(swarm, project):
    worker = swarm.worker("--profile", "ios", env={"IOS_LOW_POWER_MODE": "true"})
    worker.says("ios_low_power_mode")
    submit = swarm.submit(project)
    plugged = swarm.worker("--profile", "ios", data=swarm.data.parent / "phone",
                           env={"IOS_ON_EXTERNAL_POWER": "true",
                                "AGENT_REGISTRATION_TOKEN": swarm.admin.token("worker")})
    # It has another trust group, so it is the submitter that gives it the job's key, or does not.
    plugged.says("works for")
    assert worker.end() == 0
    assert submit.process.poll() is None or submit.process.returncode != 0


@pytest.mark.parametrize("words", [["--hours", "25-1"], ["--hours", "x"], ["--slots", "0"], ["--slots", "257"],
                                   ["--budget", "0"], ["--budget", "x"], ["--cpu", "0"], ["--cpu", "101"], ["--memory", "1"], ["--profile", "android"],
                                   ["--kinds", "decompose"], ["--kinds", "attempt"], ["--kinds", "nonsense"],
                                   ["--group", "../x"], ["--group", "nosuch"], ["--coordinator", "ftp://x"],
                                   ["--coordinator", "http://198.51.100.1:4301"]])
def test_wrong_words_are_refused(edgecoder, words):
    done = edgecoder("worker", *words)
    assert done.status in (2, 3), done.err
    assert done.err.startswith("edgecoder: ") or "--" in done.err
