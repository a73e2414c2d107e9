"""What both defect matrices share: one task with one defect in a fresh folder, judged by its tests alone."""

import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fakes"))

import defects  # noqa: E402
import tasks  # noqa: E402


def prepare(task, folder, git=True):
    """The task's repository, with one commit where git is asked for."""
    task.write(folder)
    if git:
        identity = ["-c", "user.name=tests", "-c", "user.email=tests@example.invalid", "-c", "commit.gpgsign=false"]
        for words in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-q", "-m", "Begin"]):
            subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


def passes(task, folder):
    """Whether the tests pass on what is in the folder now; the tests themselves are put back first."""
    for path, text in task.files.items():
        if path not in task.reference:
            target = pathlib.Path(folder) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode())
    return subprocess.run(task.test, shell=True, cwd=folder, capture_output=True, stdin=subprocess.DEVNULL, timeout=120).returncode == 0


def attempt(client, server, task, defect, limit, git=True):
    """A row: whether the task was solved, in how many model calls and seconds."""
    server.forget()
    with tempfile.TemporaryDirectory(prefix="ec-task-") as place:
        folder, home = pathlib.Path(place) / "project", pathlib.Path(place) / "home"
        folder.mkdir()
        home.mkdir()
        prepare(task, folder, git)
        done = client.run(server.url, f"oracle:{defect}", task.text, folder, home, limit, task.test)
        solved = passes(task, folder)
    calls = server.model_calls()
    return {"client": client.name, "task": task.id, "defect": defect, "solved": solved, "code": done.code, "seconds": round(done.seconds, 1),
            "calls": len(calls), "requests": len(server.requests), "bytes": sum(call["bytes"] for call in calls),
            "violations": sorted({text for call in calls for text in call["violations"]}),
            "end": (done.err or done.out).strip()[-300:] if not solved else ""}


def chosen_defects(names):
    """The defects named, or all."""
    unknown = set(names) - set(defects.DEFECTS)
    if unknown:
        sys.exit(f"no such defect: {', '.join(sorted(unknown))}")
    return [name for name in defects.DEFECTS if not names or name in names]


def chosen_tasks(count, names=()):
    made = tasks.load() if names else tasks.sample(count)
    return [task for task in made if not names or task.id in names]
