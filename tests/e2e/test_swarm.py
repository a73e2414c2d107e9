"""Jobs that other machines work on, through the front door: submit, work, check, fetch, apply. Every machine is a data
directory with programs of its own; the coordinator must never see what is worked on."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/fakes"))

import fake_model  # noqa: E402
import tasks  # noqa: E402

BIN = pathlib.Path(os.environ.get("EC_BIN_DIR", ROOT / "build/bin"))

PYTEST = "/usr/bin/python3 -m pytest -q -p no:cacheprovider"
CANARY = "the canary line 7f1c9e2ab4 of source"
PAGING = f'''def page(items, number, size):
    """Items on one page; {CANARY}."""
    first = number * size
    return items[first:first + size]
'''
TESTS = """from shop.paging import page


def test_first_page():
    assert page([1, 2, 3, 4, 5], 1, 2) == [1, 2]


def test_last_page():
    assert page([1, 2, 3, 4, 5], 3, 2) == [5]
"""
SHOP = {"shop/__init__.py": "", "shop/paging.py": PAGING, "tests/test_paging.py": TESTS, "conftest.py": ""}


class Program:
    """A program that stays, with what it printed."""

    def __init__(self, arguments, env, ready):
        self.process = subprocess.Popen(arguments, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, errors="replace")
        self.lines = []
        self.heard = []  # when each came
        self.ready = threading.Event()
        self.reader = threading.Thread(target=self.read, args=(re.compile(ready),), daemon=True)
        self.reader.start()
        if not self.ready.wait(240):
            self.kill()
            pytest.fail("not ready: " + self.text())

    def read(self, ready):
        for line in self.process.stdout:
            self.heard.append(time.monotonic())
            self.lines.append(line)
            if ready.search(line):
                self.ready.set()

    def text(self):
        return "".join(self.lines)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.ended()

    def ended(self):
        """Its status, when it has ended by itself."""
        self.process.wait(timeout=60)
        self.reader.join(timeout=60)
        return self.process.returncode

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(timeout=60)


class Machine:
    """A data directory, and programs that use it."""

    def __init__(self, folder, url=None):
        folder.mkdir(parents=True)
        self.data = folder / "data"
        self.env = {**os.environ, "EDGECODER_DATA_DIR": str(self.data), "XDG_CONFIG_HOME": str(folder / "config"),
                    "XDG_RUNTIME_DIR": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
        for name in ("EDGECODER_COORDINATOR", "AGENT_REGISTRATION_TOKEN", "AGENT_ID", "COORDINATOR_PORT"):
            self.env.pop(name, None)
        if url:
            self.env["EDGECODER_COORDINATOR"] = url
        self.programs = []

    def start(self, program, *arguments, ready):
        running = Program([BIN / program, *map(str, arguments)], self.env, ready)
        self.programs.append(running)
        return running

    def run(self, *arguments, cwd=None, timeout=240, text=None, env=None):
        return subprocess.run([BIN / "edgecoder", *map(str, arguments)], cwd=cwd, env={**self.env, **(env or {})},
                              input=text if text is not None else "", capture_output=True, text=True, errors="replace",
                              timeout=timeout)

    def json(self, *arguments, status=0, **more):
        done = self.run(*arguments, "--json", **more)
        assert done.returncode == status, done.stderr + done.stdout
        return json.loads(done.stdout)

    def worker(self, *arguments):
        return self.start("edgecoder", "worker", *arguments, ready="works for")

    def end(self):
        for program in self.programs:
            program.kill()


@pytest.fixture
def machine(tmp_path):
    made = []

    def make(name, url=None):
        made.append(Machine(tmp_path / name, url))
        return made[-1]

    yield make
    for each in reversed(made):
        each.end()


@pytest.fixture
def home(machine):
    """A machine with a coordinator of its own."""
    here = machine("home")
    here.coordinator = here.start("edgecoderd", "coordinator", "--listen", "127.0.0.1:0", "--data-dir", here.data,
                                  ready="^ready coordinator ")
    here.url = next(line for line in here.coordinator.lines if line.startswith("ready ")).split()[2]
    here.env["EDGECODER_COORDINATOR"] = here.url
    return here


@pytest.fixture
def project(tmp_path):
    def make(files=SHOP, name="project", git=True):
        root = tmp_path / name
        for file, content in files.items():
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            (root / file).write_text(content)
        if git:
            for words in (["init", "-q"], ["add", "-A"]):
                subprocess.run(["git", *words], cwd=root, check=True, capture_output=True)
        return root

    return make


def passes(root):
    return subprocess.run(PYTEST.split(), cwd=root, capture_output=True, check=False).returncode == 0


def submit(home, root, *arguments, **more):
    return home.json("submit", "--test", PYTEST, "--dir", root, *arguments, **more)


# --- the way of a job


def test_a_repair_comes_back_as_a_verified_patch_and_is_applied(home, project):
    root = project()
    home.worker()
    assert not passes(root)
    job = submit(home, root, "--shards", 2)
    assert job["state"] == "queued" and job["files"] == 4 and job["withheld"] == []
    watched = home.json("jobs", "watch", job["id"])
    assert watched["status"] == "fixed" and "-    first = number * size" in watched["patch"]
    assert watched["tests"]["before"]["failed"] == 2 and watched["tests"]["after"] == {"passed": 2, "failed": 0}
    assert not passes(root), "nothing is written unasked"
    fetched = home.json("jobs", "fetch", job["id"], "--verify", "--apply")
    assert fetched["applied"] and fetched["verified_here"]["outcome"] == "passed"
    assert passes(root)
    assert home.run("undo", "--dir", root).returncode == 0
    assert (root / "shop/paging.py").read_text() == PAGING
    shown = home.json("jobs", "show", job["id"])
    assert shown["state"] == "done" and {"shard-0", "shard-1"} <= {task["key"] for task in shown["tasks"]}
    assert [each["id"] for each in home.json("jobs", "list")["jobs"]] == [job["id"]]
    receipts = covered_receipts(home, job["id"])
    leaves = {each["task"]: each["index"] for each in receipts}
    shown = home.json("jobs", "show", job["id"])
    assert leaves and leaves == {task["id"]: task["leaf"] for task in shown["tasks"] if "leaf" in task}
    assert json.loads(receipts[0]["leaf"])["task"] == receipts[0]["task"]
    told = home.run("jobs", "show", job["id"]).stdout + home.run("jobs", "receipts", job["id"]).stdout
    assert f"paid, leaf {receipts[0]['index']}" in told and f"\nindex {receipts[0]['index']}\n" in told
    assert home.json("jobs") == home.json("jobs", "list") and job["id"] in home.run("jobs").stdout


def covered_receipts(home, job, patience=60):
    """Of the job's payments, when a checkpoint covers them all."""
    deadline = time.monotonic() + patience
    while True:
        receipts = home.json("jobs", "receipts", job)["receipts"]
        if receipts and all("proof" in each for each in receipts):
            return receipts
        assert time.monotonic() < deadline, receipts
        time.sleep(0.1)


def test_watching_prints_the_patch_alone_on_stdout(home, project):
    root = project()
    home.worker()
    done = home.run("submit", "--test", PYTEST, "--dir", root, "--watch", "--verify", "submitter", "--apply")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("diff --git a/shop/paging.py b/shop/paging.py\n")
    assert "running the tests of shard-0 here" in done.stderr and "fixed" in done.stderr
    assert passes(root)


def test_events_are_lines_and_the_result_is_the_last(home, project):
    home.worker()
    done = home.run("submit", "--test", PYTEST, "--dir", project(), "--watch", "--events")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0 and events[-1]["type"] == "result" and events[-1]["status"] == "fixed"
    assert {"state"} <= {event["type"] for event in events[:-1]}
    sequences = [event["sequence"] for event in events[:-1]]
    assert sequences == sorted(set(sequences))


def test_a_result_that_nobody_else_may_check_is_looked_at_without_waiting(home, project):
    home.worker()

    def followed(seed):
        """A job that was followed to its end, and how long its result waited until it was looked at."""
        following = home.start("edgecoder", "submit", "--test", PYTEST, "--dir", project(), "--shards", "1", "--watch",
                               "--events", "--seed", seed, ready='"type":"result"')
        assert following.ended() == 0, following.text()
        said = list(zip(following.lines, following.heard))
        came = next(when for line, when in said if line.startswith("{") and json.loads(line)["state"] == "verifying")
        return following, next(when for line, when in said if "running the tests of shard-0" in line) - came

    following, waited = followed(0)
    reasons = {event.get("reason"): event for event in map(json.loads, filter(lambda l: l.startswith("{"), following.lines))}
    assert reasons["to_verify"]["task"] == "verify-1", "a task that came up meanwhile has its name"
    assert reasons["verdict"]["state"] == "done"
    assert "verify-1: queued (a second worker is to check it)" in following.text()
    listed = home.run("jobs", "list").stdout
    assert "checked by the submitter" in listed and "0/0" not in listed
    for seed in (1, 2, 3):  # a busy machine may be late with one of them
        waited = waited if waited < 8 else followed(seed)[1]
    assert waited < 8, "the quiet after which it is looked at in any case"


def test_what_cannot_be_repaired_ends_unfixed_with_status_1(home, project):
    root = project({"test_a.py": "def test_never():\n    assert 'left' == 'right'\n"})
    home.worker()
    done = home.run("submit", "--test", PYTEST, "--dir", root, "--watch", "--json", "--shards", 1, "--budget", 20)
    assert done.returncode == 1, done.stderr
    document = json.loads(done.stdout)
    assert document["status"] == "unfixed" and document["reason"] and document["patch"] == ""
    assert document["tests"]["before"] == document["tests"]["after"] == {"passed": 0, "failed": 1}


def keys(document, above=""):
    """The names in a document, those of nested objects with dots."""
    names = set()
    for name, value in document.items():
        names |= {above + name} | (keys(value, above + name + ".") if isinstance(value, dict) else set())
    return names


OF_FIX = {"status", "patch", "tests.before.passed", "tests.before.failed", "tests.after.passed", "tests.after.failed",
          "candidates.tried", "candidates.per_second", "proposer", "wall_ms", "tier", "applied"}


def test_a_result_has_the_keys_of_fix_whatever_came_of_it(home, project):
    root = project()
    nobody = home.run("submit", "--test", PYTEST, "--dir", root, "--watch", "--events",
                      env={"EDGECODER_COORDINATOR": "http://127.0.0.1:9"})
    failed = json.loads(nobody.stdout)
    assert nobody.returncode == 3 and failed["status"] == "error" and failed["type"] == "result" and failed["reason"]
    cancelled = submit(home, root)["id"]
    assert home.run("jobs", "cancel", cancelled).returncode == 0
    ended = home.json("jobs", "watch", cancelled, status=1)
    assert ended["status"] == "unfixed" and ended["state"] == "cancelled"
    home.worker()
    fixed = home.json("jobs", "watch", submit(home, root, "--seed", 2)["id"])
    assert fixed["status"] == "fixed" and fixed["tier"] and fixed["candidates"]["tried"] > 0
    for document in (failed, ended, fixed):
        assert OF_FIX <= keys(document), document


def test_tests_that_pass_already_end_the_job_with_nothing_to_change(home, project):
    root = project({"test_a.py": "def test_fine():\n    assert True\n"})
    home.worker()
    done = home.run("submit", "--test", PYTEST, "--dir", root, "--watch", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["status"] == "already_passing" and document["patch"] == "" and not document["applied"]
    assert document["tests"]["after"] == {"passed": 1, "failed": 0} and "tests already pass" in done.stderr
    again = home.json("jobs", "fetch", document["job"], "--verify", "--apply")
    assert again["status"] == "already_passing" and again["verified_here"]["outcome"] == "passed"
    plain = home.run("jobs", "fetch", document["job"])
    assert plain.returncode == 0 and plain.stdout == "", "there is no patch to print"


@pytest.mark.parametrize(("command", "why"), [
    ("no-such-command-anywhere --now", "cannot be started"),
    (PYTEST + " absent.py", "no test was run"),
])
def test_a_test_command_that_cannot_work_ends_the_job_and_says_why(home, project, command, why):
    home.worker()
    done = home.run("submit", "--test", command, "--dir", project(), "--watch", "--json", "--shards", 2)
    assert done.returncode == 1, done.stderr
    document = json.loads(done.stdout)
    assert document["status"] == "unfixed" and why in document["reason"], document
    assert why in done.stderr


def test_a_project_whose_tests_pass_already_is_told_so(home, project):
    root = project({"test_a.py": "def test_always():\n    assert True\n"})
    home.worker()
    done = home.run("submit", "--test", PYTEST, "--dir", root, "--watch", "--apply", "--shards", 1)
    assert done.returncode == 0 and done.stdout == "", done.stderr
    assert "passing  the tests already pass: 1 passed" in done.stderr
    fetched = home.json("jobs", "fetch", home.json("jobs", "list")["jobs"][0]["id"], "--verify")
    assert fetched["status"] == "already_passing" and fetched["verified_here"]["outcome"] == "passed"


def wanted():
    """A task for a model, and its files."""
    files = {"wanted.py": "def wanted(value):\n    raise NotImplementedError\n",
             "test_wanted.py": "from wanted import wanted\n\n\ndef test_wanted():\n    assert wanted(1) == 2\n"}
    right = {"wanted.py": files["wanted.py"].replace("raise NotImplementedError", "return value + 1")}
    task = tasks.Task("wanted", "Implement wanted in wanted.py: one more than its value.", PYTEST, files, right,
                      ("wanted.py", "return value + 1\n", "return value + 2\n"), ("wanted.py", "wanted"))
    return task, files


def test_answers_of_a_model_that_no_command_can_judge_end_with_what_is_wrong_with_it(home, project):
    task, files = wanted()
    with fake_model.FakeModel(tasks=[task]) as server:
        home.worker("--model", f"{server.url}#oracle:none")
        document = home.json("submit", task.text, "--test", "no-such-command-anywhere --now", "--dir", project(files),
                             "--samples", "1", "--watch", status=1)
    assert document["status"] == "unfixed" and "no-such-command-anywhere: not found" in document["reason"], document


def test_answers_of_a_model_are_tried_and_one_that_passes_is_taken(home, project):
    task, files = wanted()
    with fake_model.FakeModel(tasks=[task]) as server:
        home.worker("--model", f"{server.url}#oracle:none")
        done = home.run("submit", task.text, "--test", PYTEST, "--dir", project(files), "--samples", "2", "--watch")
    assert done.returncode == 0, done.stderr
    assert "+    return value + 1" in done.stdout, done.stderr
    assert re.search("fixed    by model:.*oracle:none", done.stderr), done.stderr


def test_a_class_of_model_is_asked_for_and_who_has_none_is_told(home, project):
    with fake_model.FakeModel(tasks=[]) as server:
        home.worker("--model", f"{server.url}#oracle:none")
        job = submit(home, project(), "make the pages right", "--model-class", "large")
        why = home.json("jobs", "explain", job["id"])
        assert any("1 of 1 worker: has no large model" in reason for reason in why["reasons"]), why
        done = home.run("submit", "--test", PYTEST, "--dir", project(), "--model-class", "large")
    assert done.returncode == 2 and "--model-class needs a task" in done.stderr, done.stderr


@pytest.fixture
def everything(machine):
    """All services on one machine and a worker; nothing is configured but free ports."""
    here = machine("here")
    here.env |= {"COORDINATOR_PORT": "0", "INFERENCE_PORT": "0", "IDE_PORT": "0", "REVIEW_PORT": "0"}
    services = here.start("edgecoderd", "all", ready="^ready coordinator ")
    here.env["EDGECODER_COORDINATOR"] = next(l for l in services.lines if l.startswith("ready coordinator")).split()[2]
    here.worker()
    return here


def test_a_task_is_split_and_the_parts_come_back_as_one_patch(everything, project):
    """The three commands of the manual: all services, a worker, a job."""
    here = everything
    root = project({**SHOP, "shop/price.py": "def total(prices):\n    result = 0\n    for price in prices:\n"
                                             "        result -= price\n    return result\n",
                    "tests/test_price.py": "from shop.price import total\n\n\ndef test_total():\n"
                                           "    assert total([1, 2, 3]) == 6\n"})
    done = here.run("submit", "make the failing tests pass", "--split", "--test", PYTEST, "--dir", root, "--watch",
                    "--apply", "--json", timeout=400)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["proposer"] == "merge" and document["tests"]["after"] == {"passed": 3, "failed": 0}
    assert document["tests"]["before"] == {"passed": 0, "failed": 3} and document["candidates"]["tried"] > 0
    assert "shop/paging.py" in document["patch"] and "shop/price.py" in document["patch"]
    assert document["applied"] and passes(root)


@pytest.mark.parametrize(("words", "command", "why"), [
    ([], PYTEST + " absent.py", "no test was run"),
    ([], "no-such-command-anywhere --now", "cannot be started"),
    (["mend the pages"], "no-such-command-anywhere --now", "cannot be started"),
])
def test_a_split_job_whose_tests_cannot_be_seen_ends_though_nobody_watches(everything, project, words, command, why):
    job = everything.json("submit", *words, "--split", "--test", command, "--dir", project())
    shown = ended(everything, job["id"])
    assert shown["state"] == "failed" and why in shown["tasks"][0]["says"], shown
    assert [task["attempts"] for task in shown["tasks"]] == [1], "another try would come to the same"
    assert why in everything.run("jobs", "show", job["id"]).stdout
    assert why in everything.run("jobs", "explain", job["id"]).stdout
    document = everything.json("jobs", "watch", job["id"], status=1)
    assert document["status"] == "unfixed" and why in document["reason"] and document["paid_milli"] == 0


def ended(home, job, patience=60):
    """What `jobs show` says of a job when it has ended."""
    deadline = time.monotonic() + patience
    while True:
        shown = home.json("jobs", "show", job)
        if shown["state"] in ("done", "failed", "dead", "cancelled"):
            return shown
        assert time.monotonic() < deadline, shown
        time.sleep(0.1)


def test_who_splits_by_words_alone_is_told_that_no_test_was_seen(everything, project):
    watching = everything.start("edgecoder", "submit", "mend the pages", "--split", "--test", PYTEST + " absent.py",
                                "--dir", project(), "--watch",
                                ready="^waits +decompose: split by the words alone: .*no test was run")
    assert re.search("^waits +part-1: .* has no small model", watching.text(), re.MULTILINE), watching.text()


def test_a_split_job_with_a_part_that_nobody_can_do_ends_with_what_its_worker_said(everything, project):
    root = project({**SHOP, "shop/price.py": "def total():\n    return 1\n",
                    "tests/test_price.py": "from shop.price import total\n\n\ndef test_total():\n"
                                           "    assert total() == 'sold out on tuesdays' * 3\n"})
    document = everything.json("submit", "--split", "--test", PYTEST, "--dir", root, "--watch", "--budget", 20, status=1)
    assert document["status"] == "unfixed" and "candidates" in document["reason"], document
    shown = everything.json("jobs", "show", document["job"])
    assert shown["state"] == "failed" and any("candidates" in task.get("says", "") for task in shown["tasks"]), shown


def test_the_same_work_is_not_done_twice(home, project):
    root = project()
    home.worker()
    first = submit(home, root, "--watch")
    assert first["status"] == "fixed"
    again = submit(home, root, "--watch")
    assert again["status"] == "fixed" and again["same_as"] == first["job"] and again["patch"] == first["patch"]


def test_a_submission_with_one_key_is_one_job(home, project):
    root = project()
    first = submit(home, root, "--key", "my-key-of-today")
    second = submit(home, root, "--key", "my-key-of-today")
    assert second["id"] == first["id"] and second["again"]
    assert len(home.json("jobs", "list")["jobs"]) == 1


def test_a_job_nobody_works_on_says_why_and_can_be_ended(home, project):
    job = submit(home, project())
    why = home.json("jobs", "explain", job["id"])
    assert "worker" in why["summary"] or why["reasons"]
    assert home.run("jobs", "fetch", job["id"]).returncode == 1
    assert home.json("jobs", "cancel", job["id"])["state"] == "cancelled"
    assert home.json("jobs", "show", job["id"])["state"] == "cancelled"
    assert home.json("jobs", "fetch", job["id"], status=1)["status"] == "unfixed"


# --- who may see and do what


def test_whoever_watches_is_told_that_no_worker_is_here(home, project):
    watching = home.start("edgecoder", "submit", "--test", PYTEST, "--dir", project(), "--watch",
                          ready="^waits +shard-0: no worker is here: edgecoder worker starts one")
    assert "trust groups local" in home.worker().text()
    assert watching.process.wait(timeout=240) == 0, watching.text()
    assert watching.text().count("no worker is here") == 1, "not again while it stays so"


def test_doctor_tells_how_this_machine_stands_with_the_swarm(machine, home):
    def swarm(of=home):
        return of.json("doctor")["swarm"]

    assert swarm()["answers"] and swarm()["coordinator"] == home.url
    assert home.run("jobs", "list").returncode == 0
    node = home.json("node", "id", "--kind", "client")["id"]
    assert swarm()["nodes"] == [{"kind": "client", "id": node, "let_in": True, "reason": ""}]
    assert home.run("group", "create", "team").returncode == 0
    assert "team" in swarm()["groups"] and swarm()["exposed_keys"] == []
    key = home.data / "swarm/groups/team.key"
    key.chmod(0o644)
    assert swarm()["exposed_keys"] == [str(key)]
    assert f"{key}: chmod 600" in home.run("doctor").stdout
    assert home.run("node", "suspend", node).returncode == 0
    refused = swarm()["nodes"][0]
    assert not refused["let_in"] and "suspended" in refused["reason"]
    alone = machine("alone", "http://127.0.0.1:9")
    told = swarm(alone)
    assert not told["answers"] and "127.0.0.1:9" in told["reason"] and "edgecoderd all" in told["remedy"]
    assert not (alone.data / "swarm").exists(), "looking makes no keys"


def memory_of(pid):
    """What a program's memory holds, piece by piece; raises PermissionError where one may not look."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            span, mode = line.split()[:2]
            begin, end = (int(each, 16) for each in span.split("-"))
            if not mode.startswith("r") or line.rstrip().endswith(("[vvar]", "[vsyscall]")):
                continue
            try:
                memory.seek(begin)
                yield memory.read(end - begin)
            except (OSError, ValueError, OverflowError):
                continue


def lends(home, other):
    """Another machine gets the group's key, though not the coordinator's folder, is enrolled and works."""
    token = home.run("admin", "token", "create", "--kind", "worker", "--approved").stdout.strip()
    node = other.json("node", "id")
    invitation = home.run("group", "add-node", "local", node["id"], "--key", node["key"])
    assert invitation.returncode == 0, invitation.stderr
    assert other.run("group", "import", "-", "--name", "homes", text=invitation.stdout).returncode == 0
    other.env["AGENT_REGISTRATION_TOKEN"] = token
    other.worker()
    return other


def test_a_repair_is_dealt_out_to_the_workers_that_may_open_it(machine, home, project):
    home.worker()
    lends(home, machine("other", home.url))
    away = machine("away", home.url)
    token = home.run("admin", "token", "create", "--kind", "client", "--approved").stdout
    assert away.run("node", "join", "--kind", "client", "--token-file", "-", text=token).returncode == 0
    node = away.json("node", "id", "--kind", "client")
    invitation = home.run("group", "add-node", "local", node["id"], "--key", node["key"]).stdout
    assert away.run("group", "import", "-", "--name", "homes", text=invitation).returncode == 0
    deadline = time.monotonic() + 60
    while home.json("admin", "status")["workers"] < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    root = project()

    def shares(*group):
        job = submit(away, root, *group)
        return sum(task["kind"] == "repair" for task in away.json("jobs", "show", job["id"])["tasks"])

    assert shares("--group", "homes") == 2, "though the coordinator is another machine's"
    assert shares() == 4, "of its own group nobody is here"


def test_the_coordinator_never_sees_a_line_of_source(machine, home, project):
    other = lends(home, machine("other", home.url))
    root = project({**SHOP, ".env": "DB_PASSWORD=zebra-piano-ten-77\n"})
    job = submit(home, root, "--watch")
    assert job["status"] == "fixed" and CANARY in job["patch"]
    assert [each["path"] for each in job["withheld"]] == [".env"]

    words = [CANARY.encode(), b"def page(items", b"test_last_page", b"number - 1"]
    looked_at = 0
    for path in home.data.rglob("*"):
        if path.is_file() and not path.is_relative_to(home.data / "swarm") and not path.is_relative_to(
                home.data / "undo"):
            content = path.read_bytes()
            looked_at += 1
            assert not any(word in content for word in words), path
    assert looked_at >= 2, "the database was not where it was looked for"
    assert not any(word.decode() in home.coordinator.text() for word in words)
    try:
        pieces = 0
        for piece in memory_of(home.coordinator.process.pid):
            pieces += 1
            assert not any(word in piece for word in words)
        assert pieces > 10
    except PermissionError:
        pytest.skip("the memory of other programs may not be read here; the files were clean")


def test_without_a_group_only_a_trusted_node_is_given_the_key(machine, home, project):
    trusted = machine("trusted", home.url)
    token = home.run("admin", "token", "create", "--kind", "worker", "--uses", "2", "--approved").stdout.strip()
    trusted.env["AGENT_REGISTRATION_TOKEN"] = token
    worker = trusted.worker()
    node = trusted.json("node", "id")["id"]
    nearer = home.worker()
    done = home.run("submit", "--test", PYTEST, "--dir", project(), "--watch", "--json", "--shards", 1, "--group", "none",
                    "--trust", node, "--verify", "submitter")
    assert done.returncode == 0, done.stderr + worker.text()
    assert json.loads(done.stdout)["status"] == "fixed"
    assert "begins" not in nearer.text(), "who is not trusted does not even wait for the key"


def test_a_machine_joins_with_a_token_and_waits_for_approval(machine, home):
    other = machine("other", home.url)
    stranger = other.run("node", "join", "--kind", "client")
    assert stranger.returncode == 3 and "token" in stranger.stderr
    token = home.run("admin", "token", "create", "--kind", "client", "--account", "team", "--uses", "1")
    assert token.returncode == 0 and token.stdout.startswith("ecn_"), token.stderr
    waiting = other.run("node", "join", "--kind", "client", "--token-file", "-", text=token.stdout)
    assert waiting.returncode == 3 and "approve" in waiting.stderr
    early = other.run("jobs", "list")
    node = other.json("node", "id", "--kind", "client")["id"]
    assert early.returncode == 3 and "waits for approval" in early.stderr, early.stderr
    assert f"edgecoder node approve {node}" in early.stderr and "token" not in early.stderr
    listed = {each["id"]: each for each in home.json("node", "list")["nodes"]}
    assert listed[node]["state"] == "pending" and listed[node]["account"] == "team"
    assert home.run("node", "approve", node).returncode == 0
    assert other.run("node", "join", "--kind", "client").returncode == 0
    assert other.json("jobs", "list") == {"jobs": []}
    # A token is for one node, and an account without credit submits nothing.
    third = machine("third", home.url)
    assert third.run("node", "join", "--kind", "client", "--token-file", "-", text=token.stdout).returncode == 3
    assert home.run("node", "suspend", node, "--reason", "holiday").returncode == 0
    assert other.run("jobs", "list").returncode == 3
    assert home.run("node", "revoke", node).returncode == 0
    assert home.run("node", "approve", node).returncode == 1


def test_an_inference_service_says_why_it_leases_nothing_and_joins_with_a_token(machine, home):
    other = machine("other", home.url)
    other.env["INFERENCE_PORT"] = "0"
    stranger = other.start("edgecoderd", "inference", ready="^inference: leases nothing: .*does not know this machine; .*--token-file")
    assert stranger.stop() == 0
    token = home.run("admin", "token", "create", "--kind", "inference", "--account", "team", "--approved").stdout.strip()
    other.env["AGENT_REGISTRATION_TOKEN"] = token
    other.start("edgecoderd", "inference", ready=f"^inference: leases from {home.url}")


def test_an_account_pays_for_its_jobs_and_gets_no_further_than_its_credit(machine, home, project):
    other = machine("other", home.url)
    token = home.run("admin", "token", "create", "--kind", "client", "--account", "team", "--approved").stdout
    assert other.run("node", "join", "--kind", "client", "--token-file", "-", text=token).returncode == 0
    root = project()
    poor = other.run("submit", "--test", PYTEST, "--dir", root, "--shards", 2)
    assert poor.returncode in (1, 3) and "credit" in poor.stderr.lower(), poor.stderr
    assert home.run("admin", "grant", "team", "12.5").returncode == 0
    assert other.run("submit", "--test", PYTEST, "--dir", root, "--shards", 2).returncode == 0
    accounts = {each["id"]: each for each in home.json("admin", "accounts")["accounts"]}
    assert accounts["team"]["balance_milli"] == 12500 and accounts["team"]["held_milli"] > 0


def test_somebody_elses_job_is_not_there(machine, home, project):
    job = submit(home, project())
    other = machine("other", home.url)
    token = home.run("admin", "token", "create", "--kind", "client", "--account", "team", "--approved").stdout
    assert other.run("node", "join", "--kind", "client", "--token-file", "-", text=token).returncode == 0
    for what in ("show", "fetch", "cancel", "explain", "watch"):
        done = other.run("jobs", what, job["id"])
        assert done.returncode == 2, (what, done.stderr)
    assert home.json("jobs", "show", job["id"])["state"] == "queued"


def test_an_invitation_is_for_one_machine(machine, home):
    mine, yours = machine("mine"), machine("yours")
    assert home.run("group", "create", "team").returncode == 0
    node = mine.json("node", "id")
    invitation = home.run("group", "add-node", "team", node["id"], "--key", node["key"]).stdout
    assert "--key" in machine("alone").run("group", "add-node", "local", node["id"]).stderr, "no coordinator is there"
    assert home.run("group", "add-node", "team", node["id"], "--key", yours.json("node", "id")["key"]).returncode == 3
    assert yours.run("group", "import", "-", text=invitation).returncode == 3
    assert mine.run("group", "import", "-", text=invitation.replace("team", "../x")).returncode == 2
    for text in ("", "{}", "[1]", invitation.replace('"sealed":"', '"sealed":"!')):
        nonsense = mine.run("group", "import", "-", text=text)
        assert nonsense.returncode == 2 and "this is no invitation" in nonsense.stderr, nonsense.stderr
    assert mine.run("group", "import", "-", text=invitation).returncode == 0
    assert mine.json("group", "show", "team")["id"] == home.json("group", "show", "team")["id"]
    secret = (home.data / "swarm/groups/team.key")
    assert secret.stat().st_mode & 0o777 == 0o600 and secret.read_text().strip() not in invitation


# --- bad words


@pytest.mark.parametrize("words", [
    ["submit"],
    ["submit", "--test", "  "],
    ["submit", "--test", "true", "--priority", "101"],
    ["submit", "--test", "true", "--priority", "-1"],
    ["submit", "--test", "true", "--shards", "0"],
    ["submit", "--test", "true", "--budget", "0"],
    ["submit", "--test", "true", "--budget", "1e9"],
    ["submit", "--test", "true", "--verify", "never"],
    ["submit", "--test", "true", "--group", "none"],
    ["submit", "--test", "true", "--group", "../x"],
    ["submit", "--test", "true", "--group", "absent"],
    ["submit", "--test", "true", "--include", "../x"],
    ["submit", "--test", "true", "--dir", "absent"],
    ["submit", "--test", "true", "--key", "a b c d e f g"],
    ["submit", "--test", "true", "--trust", "nobody"],
    ["submit", "--test", "true", "--apply"],
    ["submit", "--split"],
    ["jobs", "lst"],
    ["jobs", "show"],
    ["jobs", "list", "--coordinator", "http://localhost:port"],
    ["jobs", "show", "../../etc"],
    ["jobs", "show", "0" * 36],
    ["jobs", "list", "--limit", "0"],
    ["node", "approve", "nobody"],
    ["node", "id", "--kind", "king"],
    ["admin", "grant", "team", "1.2345"],
    ["admin", "grant", "team", "much"],
    ["admin", "grant", "team", "-5"],
    ["admin", "token", "create", "--account", "a/b"],
    ["group", "create", "none"],
    ["group", "create", "a/b"],
    ["group", "show", "absent"],
])
def test_wrong_words_are_told_with_status_2(home, project, words):
    root = project()
    done = home.run(*words, cwd=root)
    assert done.returncode == 2, done.stderr
    assert done.stderr.strip() and "Traceback" not in done.stderr and done.stdout == ""


def test_no_coordinator_is_told_with_status_3(machine, project):
    alone = machine("alone", "http://127.0.0.1:9")
    done = alone.run("submit", "--test", PYTEST, "--dir", project())
    assert done.returncode == 3 and "127.0.0.1" in done.stderr
    assert "edgecoderd all" in done.stderr and "--coordinator" in done.stderr
    assert alone.run("node", "list").returncode == 3
    plain = alone.run("jobs", "list", "--coordinator", "http://192.0.2.1:4301")
    assert plain.returncode == 3 and "https" in plain.stderr


class LosingProxy:
    """Between a submitter and its coordinator; while armed it loses every answer to a submission."""

    def __init__(self, url):
        host, port = url.removeprefix("http://").split(":")
        self.upstream = (host, int(port))
        self.armed = True
        self.lost = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with client, socket.create_connection(self.upstream) as server:
            lose = threading.Event()
            back = threading.Thread(target=self.pump_back, args=(server, client, lose), daemon=True)
            back.start()
            while chunk := client.recv(1 << 20):
                if self.armed and chunk.startswith(b"POST /v1/jobs HTTP"):
                    self.lost += 1
                    lose.set()
                server.sendall(chunk)
            server.shutdown(socket.SHUT_WR)
            back.join(timeout=60)

    @staticmethod
    def pump_back(server, client, lose):
        try:
            while chunk := server.recv(1 << 20):
                if lose.is_set():
                    break
                client.sendall(chunk)
            client.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def test_a_submission_whose_answer_was_lost_is_sent_again_and_is_one_job(home, project):
    root = project()
    assert home.json("jobs", "list") == {"jobs": []}
    proxy = LosingProxy(home.url)
    lost = home.run("submit", "--test", PYTEST, "--dir", root, "--coordinator", proxy.url)
    assert lost.returncode in (1, 3) and proxy.lost > 0, lost.stderr
    [job] = home.json("jobs", "list")["jobs"]
    proxy.armed = False
    again = home.json("submit", "--resume", "--dir", root, "--coordinator", proxy.url)
    assert again["id"] == job["id"] and again["again"]
    assert len(home.json("jobs", "list")["jobs"]) == 1
    assert home.run("submit", "--resume", "--dir", root).returncode == 2, "it was acknowledged"
