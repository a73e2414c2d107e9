"""`exec --apply`, `edgecoder undo` and `edgecoder redo`: the tree as it was, as root and as an ordinary user."""

import json
import os
import pathlib
import pty
import shutil
import subprocess
import sys
import tempfile
import time
import types

import pytest

USER = 1234
CHANGE = ("printf 'new\\r\\n' >> edit.txt; echo new > run.sh; rm -r gone; rm was-file; mkdir was-file; echo x > was-file/in; "
          "mkdir -p fresh/deep; echo x > fresh/deep/er; ln -s edit.txt link; echo x > empty/now-not")


@pytest.fixture(params=["caller", "user"])
def place(request):
    """A project, a data directory beside it, and the program run in it by whoever runs the tests or by a user."""
    if request.param == "user" and os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    built = pathlib.Path(os.environ.get("EC_BIN_DIR", pathlib.Path(__file__).resolve().parents[2] / "build/bin"))
    home = pathlib.Path(tempfile.mkdtemp(prefix="edgecoder-e2e-"))
    home.chmod(0o755)
    for name in ("edgecoder", "edgecoder-box"):
        shutil.copy(built / name, home / name)
    project = home / "project"
    for name, content, mode in [("edit.txt", b"old\r\n", 0o640), ("run.sh", b"#!/bin/sh\n", 0o755), ("gone/a", b"x", 0o600),
                                ("was-file", b"x", 0o444), ("kept", b"x", 0o644)]:
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_bytes(content)
        (project / name).chmod(mode)
    (project / "gone").chmod(0o711)
    (project / "empty").mkdir()
    identity = {}
    if request.param == "user":
        identity = {"user": USER, "group": USER, "extra_groups": []}
        subprocess.run(["chown", "-R", f"{USER}:{USER}", home], check=True)
    environment = {"PATH": os.environ["PATH"], "EDGECODER_DATA_DIR": str(home / "data"), "LANG": "C.UTF-8", "HOME": str(home)}

    def start(*arguments, **options):
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return subprocess.Popen([home / "edgecoder", *map(str, arguments)], cwd=project, env=environment, text=True,
                                **identity, **options)

    def run(*arguments, **options):
        process = start(*arguments, **options)
        out, err = process.communicate(timeout=120)
        return types.SimpleNamespace(status=process.returncode, out=out, err=err, json=lambda: json.loads(out))

    yield types.SimpleNamespace(project=project, home=home, run=run, start=start)
    shutil.rmtree(home)


def tree(root):
    seen = {}
    for path in sorted(pathlib.Path(root).rglob("*")):
        info = path.lstat()
        content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        seen[str(path.relative_to(root))] = (info.st_mode, info.st_uid, info.st_gid, content)
    return seen


def test_undo_gives_back_every_byte_and_mode_and_redo_the_change(place):
    before = tree(place.project)
    done = place.run("exec", "--apply", "--", "sh", "-c", CHANGE)
    assert done.status == 0, done.err
    assert "edgecoder undo takes it back" in done.err
    after = tree(place.project)
    assert after["edit.txt"][3] == b"old\r\nnew\r\n" and after["edit.txt"][0] == before["edit.txt"][0]
    assert "gone" not in after and after["was-file/in"][3] == b"x\n"
    undone = place.run("undo", "--json")
    assert undone.status == 0, undone.err
    assert undone.json()["status"] == "done" and "edit.txt" in undone.json()["files"]
    assert tree(place.project) == before
    assert place.run("redo").status == 0
    assert tree(place.project) == after
    assert place.run("undo", "--dir", place.project).status == 0
    assert tree(place.project) == before
    nothing = place.run("undo", "--json")
    assert (nothing.status, nothing.json()["status"]) == (1, "nothing")


def test_undo_is_refused_with_names_when_a_file_changed_since(place):
    assert place.run("exec", "--apply", "--", "sh", "-c", CHANGE).status == 0
    (place.project / "edit.txt").write_text("mine")
    mine = tree(place.project)
    refused = place.run("undo", "--json")
    assert refused.status == 1
    assert refused.json()["status"] == "changed" and refused.json()["reason"].startswith("edit.txt changed")
    assert tree(place.project) == mine


def test_only_a_person_at_a_terminal_forces_an_undo_and_loses_nothing(place):
    assert place.run("exec", "--apply", "--", "sh", "-c", "echo new > kept").status == 0
    (place.project / "kept").write_text("mine")
    assert place.run("undo", "--force").status == 2
    assert (place.project / "kept").read_text() == "mine"
    ours, theirs = pty.openpty()
    try:
        assert place.run("undo", "--force", stdin=theirs, stderr=theirs).status == 0
    finally:
        os.close(ours)
        os.close(theirs)
    assert (place.project / "kept").read_text() == "x"
    assert place.run("redo").status == 0
    assert (place.project / "kept").read_text() == "mine"


def test_the_list_tells_the_steps_newest_first(place):
    for name in ("one", "two"):
        assert place.run("exec", "--apply", "--", "touch", name).status == 0
    steps = place.run("undo", "--list", "--json").json()["steps"]
    assert [(step["files"], step["state"]) for step in steps] == [(["two"], "applied"), (["one"], "applied")]
    assert "applied" in place.run("undo", "--list").out


def test_guarded_places_are_written_only_when_named(place):
    script = "mkdir .vscode .git; echo x > .vscode/tasks.json; echo x > .git/config; echo x > plain"
    done = place.run("exec", "--apply", "--json", "--", "sh", "-c", script)
    assert done.json()["refused"] == [".git/config", ".vscode/tasks.json"] and done.json()["applied"] is True
    assert "to allow it add --approve .vscode/tasks.json" in done.err
    assert not (place.project / ".vscode").exists()
    done = place.run("exec", "--apply", "--json", "--approve", ".vscode/tasks.json", "--", "sh", "-c", script)
    assert done.status == 0 and done.json()["refused"] == [".git/config"]
    assert (place.project / ".vscode/tasks.json").read_text() == "x\n" and not (place.project / ".git").exists()
    for approval in ("*", ".", "plain", ".git/*", "", ".."):
        assert place.run("exec", "--apply", "--approve", approval, "--", "true").status == 2, approval
    assert place.run("exec", "--approve", ".git", "--", "true").status == 2


def payload_runs(token):
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "cmdline").read_bytes().startswith(b"sh\0-c\0: " + token.encode()):
                return True
        except OSError:
            pass
    return False


def test_a_file_that_changes_while_the_program_runs_is_kept_and_nothing_is_written(place):
    token = f"token-{os.getpid()}-{os.path.basename(place.home)}"
    script = f": {token}; echo run > kept; echo run > other; until grep -q go signal; do :; done"
    (place.project / "signal").write_text("wait")
    process = place.start("exec", "--apply", "--json", "--timeout", "60", "--", "sh", "-c", script)
    deadline = time.monotonic() + 60
    while not payload_runs(token):
        assert time.monotonic() < deadline and process.poll() is None
    (place.project / "kept").write_text("mine")
    (place.project / "signal").write_text("go")
    out, err = process.communicate(timeout=120)
    result = json.loads(out)
    assert process.returncode == 1, err
    assert result["status"] == "ok" and result["applied"] is False and "kept changed meanwhile" in result["reason"]
    assert (place.project / "kept").read_text() == "mine" and not (place.project / "other").exists()


def test_the_journal_is_closed_to_others(place):
    assert place.run("exec", "--apply", "--", "sh", "-c", CHANGE).status == 0
    for path in (place.home / "data/undo").rglob("*"):
        assert path.lstat().st_mode & 0o077 == 0, path


def test_without_a_place_for_the_journal_nothing_is_written(place):
    before = tree(place.project)
    done = subprocess.run([place.home / "edgecoder", "exec", "--apply", "--json", "--", "touch", "new"], cwd=place.project,
                          env={"PATH": os.environ["PATH"]}, capture_output=True, text=True)
    assert done.returncode == 3 and "EDGECODER_DATA_DIR" in json.loads(done.stdout)["reason"]
    assert tree(place.project) == before


def test_fix_apply_can_be_undone(edgecoder, sample, snapshot, tmp_path_factory):
    project = sample("broken-python")
    data = {"EDGECODER_DATA_DIR": str(tmp_path_factory.mktemp("data"))}
    before = snapshot(project)
    fixed = edgecoder("fix", "--dir", project, "--test", f"{sys.executable} -m pytest -q -p no:cacheprovider", "--apply", "--json", env=data)
    assert fixed.status == 0, fixed.err
    assert snapshot(project) != before
    assert edgecoder("undo", "--dir", project, env=data).status == 0
    assert snapshot(project) == before
