"""A line of source is nowhere in the coordinator: not in its files, those of its database, its output, nor in a core."""

import base64
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import tempfile

import pytest

import postgres_server
from test_swarm import BIN, CANARY, PYTEST, SHOP, Machine, lends, project  # noqa: F401 (a fixture)

SOURCE = [CANARY.encode(), b"def page(items", b"test_last_page", b"first = number", b"number - 1"]


def in_base64(word):
    """What of a word shows in base64, wherever in the text it stands."""
    for before in range(3):
        text = base64.b64encode(b"x" * before + word)
        yield text[4 if before else 0:len(text) // 4 * 4 - 4]


WORDS = SOURCE + [each for word in SOURCE for each in in_base64(word)]


def found_in(file):
    content = pathlib.Path(file).read_bytes()
    return [word for word in WORDS if word in content]


class Home(Machine):
    """The submitter's machine, with the coordinator on it; its temporary files are in a folder of their own."""

    def __init__(self, folder, database=None):
        super().__init__(folder)
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        self.env["TMPDIR"] = str(self.temporary)
        if database:
            self.env["DATABASE_URL"] = database
        self.coordinator = self.start("edgecoderd", "coordinator", "--listen", "127.0.0.1:0", "--data-dir", self.data,
                                      ready="^ready coordinator ")
        self.url = next(line for line in self.coordinator.lines if line.startswith("ready ")).split()[2]
        self.env["EDGECODER_COORDINATOR"] = self.url

    def files(self):
        """All that the coordinator may have written; not what the submitter's own programs keep."""
        own = [self.data / "swarm", self.data / "undo"]
        for folder in (self.data, self.temporary):
            for path in folder.rglob("*"):
                if path.is_file() and not any(path.is_relative_to(each) for each in own):
                    yield path


def core_of(process, folder, name):
    """What gcore makes of a program that goes on."""
    made = subprocess.run(["gcore", "-o", folder / name, str(process.pid)], capture_output=True, text=True, timeout=120)
    core = folder / f"{name}.{process.pid}"
    assert made.returncode == 0 and core.stat().st_size > 1 << 20, made.stdout + made.stderr
    return core


@pytest.fixture(params=["sqlite", "postgres"])
def home(request, tmp_path):
    server = None
    if request.param == "postgres":
        if reason := postgres_server.missing():
            pytest.skip(reason)
        server = postgres_server.Postgres()
    here = Home(tmp_path / "home", server and server.url)
    here.server = server
    yield here
    here.end()
    if server:
        server.remove()


def test_no_line_of_source_is_in_a_file_or_a_core_of_the_coordinator(home, project, tmp_path):  # noqa: F811
    cores = shutil.which("gcore") is not None and os.geteuid() == 0
    root = project({**SHOP, ".env": "DB_PASSWORD=zebra-piano-ten-77\n"})
    sent = home.json("submit", "--test", PYTEST, "--dir", root)
    looked_at = []
    if cores:
        looked_at.append(core_of(home.coordinator.process, tmp_path, "core-before"))
    other = lends(home, Machine(tmp_path / "other", home.url))
    try:
        watched = home.json("jobs", "watch", sent["id"])
    finally:
        other.end()
    assert watched["status"] == "fixed" and CANARY in watched["patch"]
    if cores:
        looked_at.append(core_of(home.coordinator.process, tmp_path, "core-after"))
    assert home.coordinator.stop() == 0
    assert not any(word.decode() in home.coordinator.text() for word in WORDS)

    files = list(home.files())
    if home.server:
        home.server.kill(signal.SIGINT)  # in order: what is in its memory is written
        files += [path for path in home.server.folder.rglob("*") if path.is_file()]
    else:
        assert home.data / "coordinator.db" in files
    for file in files + looked_at:
        assert found_in(file) == [], file
    # What is in clear is found, so it was looked for in the right places.
    id = sent["id"].encode()
    assert any(id in file.read_bytes() for file in files)
    assert all(id in core.read_bytes() for core in looked_at)
    if not cores:
        pytest.skip("no core could be made (gcore, as root); the files were clean")


# --- whether it leaves cores, and who may look


def unlimited_cores():
    resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)


def ends_with_a_core(process):
    _, status = os.waitpid(process.pid, 0)
    process.returncode = -1  # it is waited for
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGABRT
    return os.WCOREDUMP(status)


def started(data, **more):
    process = subprocess.Popen([BIN / "edgecoderd", "coordinator", "--listen", "127.0.0.1:0", "--data-dir", data],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, **more)
    assert re.match("ready coordinator ", process.stdout.readline())
    return process


def test_a_service_that_crashes_leaves_no_core(tmp_path):
    control = subprocess.Popen(["/bin/sh", "-c", "kill -ABRT $$"], cwd=tmp_path, preexec_fn=unlimited_cores)
    if not ends_with_a_core(control):
        pytest.skip("this machine makes no cores")
    process = started(tmp_path / "data", cwd=tmp_path, preexec_fn=unlimited_cores)
    process.send_signal(signal.SIGABRT)
    assert not ends_with_a_core(process)


def test_another_program_of_the_same_user_cannot_look_into_a_service():
    user = {"user": "nobody", "group": "nogroup"} if os.geteuid() == 0 else {}
    with tempfile.TemporaryDirectory() as folder:
        if user:
            shutil.chown(folder, **user)
        if subprocess.run(["test", "-x", BIN / "edgecoderd"], **user).returncode != 0:
            pytest.skip("another user cannot run the programs where they lie")
        process = started(pathlib.Path(folder) / "data", env={"HOME": folder, "PATH": os.environ["PATH"]}, **user)
        try:
            for what, may in [("status", True), ("environ", False), ("maps", False), ("mem", False)]:
                read = subprocess.run(["head", "-c1", f"/proc/{process.pid}/{what}"], capture_output=True, **user)
                assert (read.returncode == 0) == may, what
        finally:
            process.kill()
            process.communicate()
