"""The session in the terminal, and what shares its agent, with the real program against a stand-in for a model server."""

import contextlib
import json
import os
import pathlib
import pty
import select
import signal
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/fakes"))

import fake_model  # noqa: E402
import tasks  # noqa: E402

BIN = pathlib.Path(os.environ.get("EC_BIN_DIR", ROOT / "build/bin"))
LIMIT = 90


@pytest.fixture
def server():
    with fake_model.FakeModel() as running:
        yield running


@pytest.fixture
def task(tmp_path):
    """A task that no mutation solves, written to a project of its own."""
    chosen = next(task for task in tasks.load() if task.id.startswith(("humaneval", "js", "py")) and task.reference)
    (tmp_path / "project").mkdir()
    chosen.write(tmp_path / "project")
    return chosen


@pytest.fixture
def start(server, tmp_path):
    """Arguments and environment of the program in the project."""

    def words(*arguments, model="oracle:none"):
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path / "home"), "LANG": "C.UTF-8", "TERM": "xterm",
                       "EDGECODER_DATA_DIR": str(tmp_path / "data")}
        named = [] if model is None else ["--model", f"{server.url}#{model}"]
        return [str(BIN / "edgecoder"), *arguments, *named], environment

    return words


def piped(command, lines, cwd):
    argv, environment = command
    return subprocess.run(argv, input="\n".join(lines) + "\n", text=True, capture_output=True, cwd=cwd, env=environment, timeout=LIMIT)


def contents(root, task):
    return {path: (root / path).read_text() for path in task.reference}


def test_a_task_from_a_pipe_is_done_and_taken_back(start, task, tmp_path):
    root = tmp_path / "project"
    before = contents(root, task)
    done = piped(start("--yes", "--test", task.test), [task.text, "/diff", "/cost"], root)
    assert done.returncode == 0, done.stdout + done.stderr
    assert contents(root, task) != before
    assert subprocess.run(task.test, shell=True, cwd=root, capture_output=True).returncode == 0
    assert all(path in done.stdout for path in task.reference)
    assert "locally" in done.stdout

    back = piped(start("--yes", "--test", task.test, "--resume", "last"), ["/undo"], root)
    assert back.returncode == 0, back.stdout + back.stderr
    assert contents(root, task) == before


def test_nothing_is_written_where_nobody_can_be_asked(start, task, tmp_path):
    root = tmp_path / "project"
    before = contents(root, task)
    done = piped(start("--test", task.test), [task.text], root)
    assert contents(root, task) == before
    assert "--yes" in done.stdout + done.stderr


def test_undo_of_the_command_line_takes_back_what_a_session_wrote(start, task, tmp_path):
    root = tmp_path / "project"
    before = contents(root, task)
    piped(start("--yes", "--test", task.test), [task.text], root)
    assert contents(root, task) != before
    argv, environment = start("undo", model=None)
    assert subprocess.run(argv, cwd=root, env=environment, capture_output=True).returncode == 0
    assert contents(root, task) == before


def test_a_session_is_gone_on_with(start, task, tmp_path):
    root = tmp_path / "project"
    piped(start("--yes", "--test", task.test), [task.text], root)
    argv, environment = start("resume", "--list", model=None)
    listed = subprocess.run(argv, cwd=root, env=environment, capture_output=True, text=True)
    assert listed.returncode == 0 and task.text[:20] in listed.stdout
    argv, environment = start("resume", model=None)
    resumed = subprocess.run(argv, input="/diff\n", cwd=root, env={**environment, "EDGECODER_MODEL": "none"}, capture_output=True, text=True)
    assert resumed.returncode == 0, resumed.stderr
    assert all(path in resumed.stdout for path in task.reference)


def read_until(master, text, seen):
    deadline = time.monotonic() + LIMIT
    while text not in seen:
        ready, _, _ = select.select([master], [], [], max(0, deadline - time.monotonic()))
        assert ready, f"{text!r} never came; the terminal shows {seen[-2000:]}"
        seen += os.read(master, 65536).decode("utf-8", "replace")
    return seen


@contextlib.contextmanager
def at_a_terminal(argv, environment, folder):
    """The program on a terminal of its own, whose other end is the value. It has to end well by itself; where the test
    fails before, it is killed."""
    child, master = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.execve(argv[0], argv, environment)
    try:
        yield master
    except BaseException:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise
    else:
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
    finally:
        os.close(master)


def test_a_person_at_a_terminal_approves_plan_and_change(start, task, tmp_path):
    root = tmp_path / "project"
    before = contents(root, task)
    argv, environment = start("--test", task.test)
    with at_a_terminal(argv, environment, root) as master:
        seen = read_until(master, "/help", "")
        os.write(master, task.text.encode() + b"\r")
        seen = read_until(master, "Go on with this plan?", seen)
        os.write(master, b"a\r")
        seen = read_until(master, "Write this change?", seen)
        assert contents(root, task) == before
        os.write(master, b"a\r")
        read_until(master, "/undo takes it back", seen)
        os.write(master, b"/quit\r")
    assert contents(root, task) != before


def test_fix_asks_the_model_once_its_own_search_has_found_nothing(start, task, tmp_path):
    root = tmp_path / "project"
    argv, environment = start("fix", "--test", task.test, "--json", "--apply")
    done = subprocess.run(argv, cwd=root, env=environment, capture_output=True, text=True, timeout=LIMIT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"proposer":"model:' in done.stdout
    assert subprocess.run(task.test, shell=True, cwd=root, capture_output=True).returncode == 0


def test_no_model_says_what_it_can_and_cannot_do(start, tmp_path):
    (tmp_path / "empty").mkdir()
    argv, environment = start("run", "write a poem about files", "--model", "none", model=None)
    done = subprocess.run(argv, cwd=tmp_path / "empty", env=environment, capture_output=True, text=True)
    assert done.returncode == 3
    assert "without a model" in done.stderr and "--test" in done.stderr


PIPES = [".gitignore", "AGENTS.md", ".edgecoderignore", ".git/config", ".edgecoder/policy.toml"]


@pytest.mark.parametrize("command, name", [*(("run", name) for name in PIPES), ("fix", "AGENTS.md"), ("fix", ".gitignore")])
def test_a_pipe_in_the_place_of_a_file_holds_nobody_up(command, name, start, task, tmp_path):
    project = tmp_path / "project"
    subprocess.run(["git", "init", "-q", "."], cwd=project, check=True)
    place = project / name
    place.parent.mkdir(exist_ok=True)
    place.unlink(missing_ok=True)
    os.mkfifo(place)
    words = ["run", task.text, "--yes"] if command == "run" else ["fix", "--budget", "5"]
    argv, environment = start(*words, "--dir", str(project), "--test", task.test, "--json", model="oracle:none" if command == "run" else None)
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=project, env=environment, timeout=LIMIT)
    assert done.returncode in (0, 1, 3), done.stderr
    last = json.loads(done.stdout.splitlines()[-1])
    assert last["status"] in ("fixed", "unfixed", "error")
    if name == ".gitignore" and command == "run":
        assert done.returncode == 3 and ".gitignore" in last["reason"]


USERS_PIPES = [(".gitconfig", ""), (".config/git/config", ""), (".config/git/ignore", ""), (".config/git/attributes", ""), ("xdg/git/config", ""), ("xdg/git/ignore", ""),
               ("named", "[core]\n excludesFile = ~/na\\\nmed\n"), ("named", "[include]\n path = named\n"),
               ("named", "[core]\n attributesFile = \"~/named\" ; why\n")]


@pytest.mark.parametrize("name, settings", USERS_PIPES)
def test_a_pipe_among_the_users_own_git_files_is_named_at_once(name, settings, start, task, tmp_path):
    project, home = tmp_path / "project", tmp_path / "home"
    subprocess.run(["git", "init", "-q", "."], cwd=project, check=True)
    (home / name).parent.mkdir(parents=True, exist_ok=True)
    (home / ".gitconfig").write_text(settings)
    (home / name).unlink(missing_ok=True)
    os.mkfifo(home / name)
    argv, environment = start("run", task.text, "--dir", str(project), "--test", task.test, "--json")
    if name.startswith("xdg"):
        environment["XDG_CONFIG_HOME"] = str(home / "xdg")
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=project, env=environment, timeout=LIMIT)
    assert done.returncode == 3 and str(home / name) in json.loads(done.stdout.splitlines()[-1])["reason"], done.stdout


def test_hints_in_a_session_are_commands_of_the_session(start, task, tmp_path):
    root = tmp_path / "project"
    done = piped(start("--yes", "--test", task.test), [task.text, "/review queue", "/review show x", "/review accept 99"], root)
    assert "/review show 1" in done.stdout and "/review send 1" in done.stdout, done.stdout
    assert "/review show takes no x" in done.stdout
    assert "there is no review 99" in done.stdout and "/review list shows them" in done.stdout
    assert "edgecoder review" not in done.stdout and "edgecoder:" not in done.stdout


def test_a_session_without_a_model_says_how_to_get_one(start, tmp_path):
    (tmp_path / "empty").mkdir()
    done = piped(start("--plain", model=None), ["/model", "write a poem"], tmp_path / "empty")
    assert "No model is chosen: /model lists what is here." in done.stdout
    assert "edgecoder model pull NAME" in done.stdout
    assert "/test COMMAND gives one, /model NAME chooses a model" in done.stdout and "--test" not in done.stdout


@pytest.mark.parametrize("columns, width", [("40", 40), (None, 80), ("wide", 80), ("0", 80)])
def test_run_wraps_its_words_at_the_width_it_is_told(start, tmp_path, columns, width):
    (tmp_path / "empty").mkdir()
    argv, environment = start("run", "write a poem about files", model=None)
    if columns is not None:
        environment["COLUMNS"] = columns
    done = subprocess.run(argv, cwd=tmp_path / "empty", env=environment, capture_output=True, text=True)
    words = done.stderr[:done.stderr.index("edgecoder: without")].splitlines()
    assert words[0].startswith("Warning: there is no default model")
    assert width - 20 < max(len(line) for line in words) <= width


def test_what_a_reviewer_gets_is_shown_with_place_and_price_before_it_leaves(server, start, task, tmp_path):
    root = tmp_path / "project"
    config = tmp_path / "home/.config/edgecoder/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(f'[review]\ncurrency = "EUR"\nmax_spend_per_day = "1.00"\n\n[review.big]\nurl = "{server.url}"\n'
                      'model = "oracle:none"\nmax_tokens = 2000\nprice_in = "2.00"\nprice_out = "10.00"\n')
    argv, environment = start("--test", task.test, model=None)
    environment["EDGECODER_MODEL"] = "none"
    subprocess.run([argv[0], "review", "queue", "--task", "explain it", "--dir", str(root)], env=environment, check=True,
                   capture_output=True)
    with at_a_terminal(argv, environment, root) as master:
        seen = read_until(master, "/help", "")
        os.write(master, b"/review send 1\r")
        seen = read_until(master, "Send exactly this?", seen)
        assert "explain it" in seen and "To big at" in seen and "It costs at most" in seen
        assert "in the sandbox?" not in seen
        os.write(master, b"r\r")
        read_until(master, "nothing was sent", seen)
        os.write(master, b"/quit\r")
    assert server.requests == []
