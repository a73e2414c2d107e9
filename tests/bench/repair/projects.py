"""Whole projects with their own test suites: pinned, fetched at run time into a cache, never committed.

Python projects come from Debian 12 with apt's own tools and a private source list, so that the machine's lists are left
alone; JavaScript ones from Debian or npm, with what their tests need from the lock files under projects/.
"""

import hashlib
import os
import pathlib
import shutil
import subprocess
import tarfile
from dataclasses import dataclass

HERE = pathlib.Path(__file__).resolve().parent
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


class Unavailable(Exception):
    """A project that could not be fetched here; the message says why."""


@dataclass(frozen=True)
class Project:
    name: str
    language: str
    kind: str  # "source": a Debian source package, "deb": a Debian binary package, "npm": a packed npm package
    package: str
    version: str
    archive: str  # file that holds the upstream tree
    sha256: str
    root: str  # folder inside the archive that is the project
    sources: tuple  # globs of the files that get faults
    command: str  # the suite, as its users run it


PROJECTS = (
    Project("toolz", "python", "source", "toolz", "0.12.0-1", "toolz_0.12.0.orig.tar.gz",
            "04d555d7ccb3c84301eaad310dd27ba511ae3dcf331ada5828d7cc03942f2c2e", "toolz-0.12.0",
            ("toolz/*.py", "toolz/sandbox/*.py", "toolz/curried/operator.py"), "python3 -m pytest -q toolz"),
    Project("sortedcontainers", "python", "source", "sortedcontainers", "2.4.0-2", "sortedcontainers_2.4.0.orig.tar.gz",
            "70e22f4fd29b204f75f989e3c1e847aa1de267a028aab4233c0db783aaff78c1", "python-sortedcontainers-2.4.0",
            ("sortedcontainers/*.py",), "python3 -m pytest -q tests"),
    Project("networkx", "python", "deb", "python3-networkx", "2.8.8-1", "python3-networkx_2.8.8-1_all.deb",
            "69888603d1b54696f5c3d02d05527628d2d18661d845109a62fe24aff241aa7b", "usr/lib/python3/dist-packages",
            ("networkx/algorithms/shortest_paths/*.py", "networkx/algorithms/tree/*.py"),
            "python3 -m pytest -q networkx/algorithms/shortest_paths networkx/algorithms/tree"),
    Project("chai", "javascript", "source", "node-chai", "4.3.7~ds1+~cs9.7.21-1", "node-chai_4.3.7~ds1+~cs9.7.21.orig.tar.xz",
            "0b98db5691c75f5ef418be464d044c58399383d2f722bcbcc6ebf86e283484f3", "chai-4.3.7",
            ("lib/**/*.js",), "node_modules/.bin/mocha --require ./test/bootstrap 'test/*.js'"),
    Project("qs", "javascript", "npm", "qs", "6.11.0", "qs-6.11.0.tgz",
            "01d91ce44dbb4259dd304f96bc62be5fbbb0dc9f82b26d644c4a7ab5150ee235", "package",
            ("lib/*.js",), "node_modules/.bin/tape 'test/*.js'"),
)


def run(argv, cwd, what):
    done = subprocess.run(argv, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise Unavailable(f"{what} failed: {done.stdout.strip().splitlines()[-1] if done.stdout.strip() else done.returncode}")


def mirror():
    """The address this machine gets Debian 12 from."""
    fields = "$(CODENAME) $(COMPONENT) $(REPO_URI)"
    listed = subprocess.run(["apt-get", "indextargets", "--format", fields, "Created-By: Packages"], stdout=subprocess.PIPE, text=True).stdout
    for line in listed.splitlines():
        codename, component, address = line.split(" ", 2)
        if (codename, component) == ("bookworm", "main"):
            return address
    raise Unavailable("this machine's apt knows no Debian 12 (bookworm main)")


def apt(cache):
    """apt-get with lists and caches of its own, needing no rights."""
    state = cache / "apt"
    for folder in ("lists/partial", "cache/archives/partial", "state"):
        (state / folder).mkdir(parents=True, exist_ok=True)
    sources = state / "sources.list"
    if not sources.exists():
        address = mirror()
        sources.write_text("".join(f"{kind} [signed-by={KEYRING}] {address} bookworm main\n" for kind in ("deb", "deb-src")))
    argv = ["apt-get", "-q", "-o", f"Dir::Etc::SourceList={sources}", "-o", "Dir::Etc::SourceParts=/dev/null",
            "-o", f"Dir::State::Lists={state}/lists", "-o", f"Dir::Cache={state}/cache", "-o", f"Dir::State={state}/state",
            "-o", "Dir::State::Status=/dev/null", "-o", "APT::Sandbox::User="]
    if not any((state / "lists").glob("*Sources*")):
        run([*argv, "update"], state, "apt-get update")
    return argv


def download(project, cache):
    """Path of the archive, with the pinned content."""
    folder = cache / "archives"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / project.archive
    if not path.exists():
        if project.kind == "npm":
            run(["npm", "pack", "--ignore-scripts", f"{project.package}@{project.version}"], folder, "npm pack")
        elif project.kind == "deb":
            run([*apt(cache), "download", f"{project.package}={project.version}"], folder, "apt-get download")
        else:
            # The Debian part of a source package is not needed, so its absence from a mirror does no harm.
            try:
                run([*apt(cache), "source", "--download-only", "--only-source", f"{project.package}={project.version}"], folder, "apt-get source")
            except Unavailable:
                if not path.exists():
                    raise
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != project.sha256:
        raise Unavailable(f"{path} has SHA-256 {digest}, not the pinned one")
    return path


def fetch(project, cache):
    """Folder with the project, ready to run its suite. Unpacked once."""
    target = cache / "projects" / f"{project.name}-{project.version}"
    if target.exists():
        return target
    archive = download(project, cache)
    scratch = cache / "projects" / f".{project.name}"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    if project.kind == "deb":
        run(["dpkg-deb", "-x", str(archive), str(scratch)], cache, "dpkg-deb")
    else:
        with tarfile.open(archive) as stream:
            stream.extractall(scratch, filter="data") if hasattr(tarfile, "data_filter") else stream.extractall(scratch)
    root = scratch / project.root
    needs = HERE / "projects" / project.name
    if needs.is_dir():
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(needs / name, root / name)
        run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], root, "npm ci")
    for folder, _, files in os.walk(root):
        os.chmod(folder, 0o755)
        for name in files:
            path = pathlib.Path(folder) / name
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | 0o644)
    os.replace(root, target)
    shutil.rmtree(scratch, ignore_errors=True)
    return target


def source_files(project, folder):
    """Files that may get a fault, tests left out, relative to the project."""
    found = set()
    for pattern in project.sources:
        for path in folder.glob(pattern):
            relative = path.relative_to(folder)
            if "tests" not in relative.parts and not path.name.startswith(("test_", "_version")) and path.name != "__init__.py":
                found.add(str(relative))
    return sorted(found)
