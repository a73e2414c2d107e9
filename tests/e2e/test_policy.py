"""`edgecoder policy` and policies in force: what a run is shown and granted, and what no file may say."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tomllib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture
def project(tmp_path):
    path = tmp_path / "project"
    path.mkdir()
    return path


@pytest.fixture
def personal(tmp_path):
    """Writes this person's policy; gives its path and the environment in which it is found."""
    config = tmp_path / "config"
    (config / "edgecoder").mkdir(parents=True, mode=0o755)
    os.chmod(config / "edgecoder", 0o755)

    def write(text, mode=0o644):
        path = config / "edgecoder/policy.toml"
        path.write_text(text)
        path.chmod(mode)
        return path

    write.env = {"XDG_CONFIG_HOME": str(config), "EDGECODER_DATA_DIR": str(tmp_path / "data")}
    return write


@pytest.fixture
def with_machine_policy(edgecoder, tmp_path):
    """Runs edgecoder where /etc/edgecoder/policy.toml says what is given: in a mount namespace with a copy of /etc."""
    unshare = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    if subprocess.run([*unshare, "true"], capture_output=True).returncode != 0:
        pytest.skip("mount namespaces cannot be made here")

    def run(text, *arguments, cwd, env=None):
        etc = tmp_path / "etc"
        if not etc.exists():
            subprocess.run(["cp", "-a", "/etc", etc], capture_output=True)
            (etc / "edgecoder").mkdir(exist_ok=True)
        (etc / "edgecoder/policy.toml").write_text(text)
        script = 'mount --bind "$0" /etc && exec "$@"'
        return subprocess.run([*unshare, "sh", "-c", script, etc, edgecoder.program, *arguments], cwd=cwd, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=120, env={**os.environ, **(env or {})})

    return run


def shared_folder(tmp_path):
    folder = tmp_path / "shared"
    folder.mkdir()
    (folder / "data.txt").write_text("shown\n")
    for path in (tmp_path, folder):
        path.chmod(0o755)
    return folder


def test_without_files_the_built_in_policy_is_in_force(edgecoder, personal):
    shown = edgecoder("policy", "show", "--json", env=personal.env).json()
    assert shown["version"] == 1 and shown["status"] == "ok" and shown["name"] is None
    assert shown["limits"]["wall_seconds"] == {"default": 10, "ceiling": None}
    assert shown["limits"]["memory_mb"] == {"default": 512, "ceiling": None}
    assert shown["limits"]["processes"]["default"] == 128 and shown["limits"]["new_files_mb"]["default"] == 64
    assert shown["network"] == {"mode": "off", "allow": []} and shown["isolation"] == {"reduced": "refuse"}
    assert set(shown["origins"].values()) == {"built in"}


@pytest.mark.parametrize("options", [[], ["--origin"]])
def test_what_is_shown_is_a_policy_file_that_says_the_same(edgecoder, personal, options):
    file = personal('version = 1\nname = "mine"\nrevision = 3\n[limits]\nmemory_mb = { default = 64, ceiling = 256 }\n'
                    '[network]\nmode = "allow-list"\nallow = ["Index.Example.org"]\n')
    shown = edgecoder("policy", "show", *options, env=personal.env)
    assert shown.status == 0
    document = tomllib.loads(shown.out)
    assert document["name"] == "mine" and document["network"]["allow"] == ["index.example.org:443"]
    assert (f"{file}:5" in shown.out) == bool(options)
    file.write_text(shown.out)
    assert edgecoder("policy", "check", file, env=personal.env).status == 0
    again = edgecoder("policy", "show", env=personal.env)
    assert tomllib.loads(again.out) == document and again.out.splitlines()[0] == shown.out.splitlines()[0]


def test_a_read_only_folder_is_shown(edgecoder, personal, project, tmp_path):
    folder = shared_folder(tmp_path)
    command = ["exec", "--", "cat", folder / "data.txt"]
    assert edgecoder(*command, cwd=project, env=personal.env).status == 1
    personal(f'version = 1\n[paths]\nread_only = ["{folder}"]\n')
    assert edgecoder(*command, cwd=project, env=personal.env).out == "shown\n"
    done = edgecoder("exec", "--", "sh", "-c", f"echo x > {folder}/new", cwd=project, env=personal.env)
    assert done.status == 1 and not (folder / "new").exists()


def test_a_program_of_a_language_root_comes_first(edgecoder, personal, project, tmp_path):
    folder = shared_folder(tmp_path)
    (folder / "python3").write_text("#!/bin/sh\necho ours\n")
    (folder / "python3").chmod(0o755)
    personal(f'version = 1\n[languages.python]\nroots = ["{folder}"]\npath = ["{folder}"]\n')
    assert edgecoder("exec", "--", "python3", cwd=project, env=personal.env).out == "ours\n"


def test_only_allowed_variables_pass(edgecoder, personal, project):
    personal('version = 1\n[environment]\nallow = ["MY_SETTING"]\n')
    done = edgecoder("exec", "--", "env", cwd=project,
                     env={**personal.env, "MY_SETTING": "on", "PYTHONPATH": "/p", "OTHER": "x"})
    names = {line.split("=")[0] for line in done.out.splitlines()}
    assert "MY_SETTING" in names and not names & {"PYTHONPATH", "OTHER", "LANG"} and {"PATH", "HOME"} <= names


def test_defaults_and_ceilings_bound_a_run(edgecoder, personal, project):
    personal("version = 1\n[limits]\nwall_seconds = { default = 1, ceiling = 90 }\n")
    done = edgecoder("exec", "--", "sleep", "60", cwd=project, env=personal.env)
    assert done.status == 1 and "longer than 1 seconds" in done.err
    personal("version = 1\n[limits]\nwall_seconds = { default = 90, ceiling = 90 }\nmemory_mb.ceiling = 64\n")
    done = edgecoder("exec", "--json", "--", "python3", "-c", "a=[]\nwhile True: a.append(b'x'*1000000)", cwd=project, env=personal.env)
    assert done.json()["status"] == "memory"
    assert edgecoder("exec", "--timeout", "90", "--memory", "64", "--", "true", cwd=project, env=personal.env).status == 0


@pytest.mark.parametrize("option, value, limit", [("--timeout", "3", "2 seconds"), ("--memory", "65", "64 MB")])
def test_asking_for_more_than_the_ceiling_is_refused_in_one_sentence(edgecoder, personal, project, option, value, limit):
    file = personal('version = 1\nname = "small"\n[limits]\nwall_seconds.ceiling = 2\nmemory_mb.ceiling = 64\n')
    done = edgecoder("exec", "--json", option, value, "--", "true", cwd=project, env=personal.env)
    assert done.status == 2
    assert f"{option} {value} is more than the {limit} that the policy small allows ({file}:" in done.err
    assert done.json()["status"] == "sandbox_error" and limit in done.json()["reason"]


COMMANDS = [["exec", "--", "true"], ["fix", "--test", "true"], ["doctor"], ["policy", "show"]]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: words[0])
def test_a_broken_policy_stops_every_command(edgecoder, personal, project, command):
    file = personal("version = 1\n[limits]\nmemory_bm = { default = 64 }\n")
    done = edgecoder(*command, cwd=project, env=personal.env)
    assert done.status in (2, 3) and f"{file}:3: limits.memory_bm: there is no such key" in done.err


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: words[0])
def test_a_policy_that_others_may_write_stops_every_command(edgecoder, personal, project, command):
    file = personal("version = 1\n", mode=0o666)
    done = edgecoder(*command, cwd=project, env=personal.env)
    assert done.status == 3 and str(file) in done.err and "chmod go-w" in done.err


def test_errors_are_one_json_document(edgecoder, personal, project):
    personal("version = 2\n")
    for command in (["exec", "--json", "--", "true"], ["fix", "--json", "--test", "true"], ["doctor", "--json"], ["policy", "show", "--json"]):
        done = edgecoder(*command, cwd=project, env=personal.env)
        assert done.status in (2, 3) and "version" in json.dumps(done.json())


def test_a_policy_in_the_project_is_never_read(edgecoder, personal, project):
    for name in ("policy.toml", ".edgecoder/policy.toml", "edgecoder/policy.toml", ".config/edgecoder/policy.toml"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text('this = "is no policy"')
    assert edgecoder("exec", "--", "true", cwd=project, env=personal.env).status == 0
    done = edgecoder("exec", "--", "true", cwd=project, env={**personal.env, "XDG_CONFIG_HOME": str(project)})
    assert done.status == 2
    (project / "edgecoder/policy.toml").write_text("version = 1\n")
    done = edgecoder("exec", "--", "true", cwd=project, env={**personal.env, "XDG_CONFIG_HOME": str(project)})
    assert done.status == 3 and "lies in the project" in done.err
    link = pathlib.Path(personal.env["XDG_CONFIG_HOME"]) / "edgecoder/policy.toml"
    link.symlink_to(project / "edgecoder/policy.toml")
    done = edgecoder("exec", "--", "true", cwd=project, env=personal.env)
    assert done.status == 3 and "lies in the project" in done.err


def test_edgecoders_own_folders_and_the_home_cannot_be_shown(edgecoder, personal, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "link").symlink_to(home)
    env = {**personal.env, "HOME": str(home)}
    for path in (tmp_path / "data", tmp_path / "data/secrets", tmp_path / "config/edgecoder", tmp_path, home, tmp_path / "link"):
        file = personal(f'version = 1\n[paths]\nread_only = [\n  "{path}"]\n')
        done = edgecoder("policy", "show", env=env)
        assert done.status == 2 and "paths.read_only" in done.err and str(file) in done.err


def test_check_says_line_and_field(edgecoder, tmp_path, personal):
    file = tmp_path / "draft.toml"
    file.write_text('version = 1\n[paths]\nread_only = ["/opt/no-such-folder"]\n')
    done = edgecoder("policy", "check", file, env=personal.env)
    assert done.status == 0 and "/opt/no-such-folder does not exist here" in done.out
    assert edgecoder("policy", "check", "--json", file, env=personal.env).json()["absent"] == ["/opt/no-such-folder"]
    file.write_text('version = 1\n[environment]\nallow = ["API_TOKEN"]\n')
    done = edgecoder("policy", "check", "--json", file, env=personal.env)
    assert done.status == 1 and f"{file}:3: environment.allow" in done.json()["reason"]
    assert edgecoder("policy", "check", tmp_path / "none", env=personal.env).status == 2
    assert edgecoder("policy", "check", tmp_path, env=personal.env).status == 2
    assert edgecoder("policy", env=personal.env).status == 2


def test_the_example_of_the_documentation_is_a_policy(edgecoder, tmp_path, personal):
    text = (ROOT / "docs/policy.md").read_text(encoding="utf-8")
    example = re.search(r"```toml\n(.*?)```", text, re.DOTALL)[1]
    file = tmp_path / "draft.toml"
    for written in (example, example.replace('mode = "off"', 'mode = "allow-list"').replace("# allow", "allow")):
        file.write_text(written)
        done = edgecoder("policy", "check", file, env=personal.env)
        assert done.status == 0, done.err
    shown = edgecoder("policy", "check", "--json", file, env=personal.env).json()
    assert shown["network"]["allow"] == ["example.com:8443", "*.files.example.org:443", "index.example.org:443"]


def test_fix_works_within_the_ceilings(edgecoder, personal, sample):
    project = sample("broken-python")
    personal("version = 1\n[limits]\nwall_seconds.ceiling = 90\nmemory_mb.ceiling = 512\nprocesses.ceiling = 64\n")
    done = edgecoder("fix", "--json", "--test", f"{sys.executable} -m pytest -q", cwd=project, env=personal.env)
    assert done.status == 0 and done.json()["status"] == "fixed", done.err


def test_the_machines_policy_is_a_ceiling(with_machine_policy, personal, project):
    machine = 'version = 1\nname = "acme"\n[limits]\nwall_seconds.ceiling = 5\n[environment]\nallow = ["LANG", "MY_*"]\n[network]\nmode = "off"\n'
    personal('version = 1\n[limits]\nwall_seconds = { default = 2, ceiling = 60 }\n[environment]\nallow = ["MY_ONE", "OTHER"]\n'
             '[network]\nmode = "allow-list"\nallow = ["index.example.org"]\n')
    done = with_machine_policy(machine, "policy", "show", "--json", cwd=project, env=personal.env)
    shown = json.loads(done.stdout)
    assert shown["name"] == "acme"
    assert shown["limits"]["wall_seconds"] == {"default": 2, "ceiling": 5}
    assert shown["environment"]["allow"] == ["MY_ONE"]
    assert shown["network"] == {"mode": "off", "allow": []}
    assert shown["origins"]["limits.wall_seconds.ceiling"] == "/etc/edgecoder/policy.toml:4"
    assert any("OTHER" in note and "acme" in note for note in shown["notes"])
    done = with_machine_policy(machine, "exec", "--timeout", "6", "--", "true", cwd=project, env=personal.env)
    assert done.returncode == 2 and "/etc/edgecoder/policy.toml:4" in done.stderr
