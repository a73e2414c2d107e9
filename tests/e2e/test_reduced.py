"""Reduced isolation on a machine without namespaces: only a person at a terminal can agree to it.

The machine is made by a system-call filter that the program is started under, as containers have one.
"""

import ctypes
import errno
import json
import os
import pathlib
import platform
import pty
import pwd
import re
import select
import signal
import struct
import subprocess
import time

import pytest

X86_64 = {"clone3": 435, "clone": 56, "unshare": 272, "mount": 165}
pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="the filter is written for x86-64")

CONSENT = pathlib.Path(pwd.getpwuid(os.geteuid()).pw_dir) / ".local/share/edgecoder/consent"


def without_namespaces():
    """Runs in the child before the program: no further namespaces, as under a container's default filter."""
    libc = ctypes.CDLL(None, use_errno=True)
    load, jump, test, give = 0x20, 0x15, 0x45, 0x06
    allow, error = 0x7FFF0000, 0x00050000
    program = [(load, 0, 0, 0)]
    for name, number in (("clone3", errno.ENOSYS), ("unshare", errno.EPERM), ("mount", errno.EPERM)):
        program += [(jump, 0, 1, X86_64[name]), (give, 0, 0, error | number)]
    program += [(jump, 0, 3, X86_64["clone"]), (load, 0, 0, 16), (test, 0, 1, 0x7E020000),
                (give, 0, 0, error | errno.EPERM), (give, 0, 0, allow)]
    code = b"".join(struct.pack("HBBI", *step) for step in program)
    buffer = ctypes.create_string_buffer(code)
    filter_ = struct.pack("HxxxxxxQ", len(program), ctypes.addressof(buffer))
    assert libc.prctl(38, 1, 0, 0, 0) == 0
    assert libc.prctl(22, 2, ctypes.c_char_p(filter_), 0, 0) == 0


@pytest.fixture
def lacking(edgecoder):
    """Runs edgecoder on a machine without namespaces."""

    def run(*arguments, cwd, env=None):
        done = subprocess.run([edgecoder.program, *arguments], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=120, env={**os.environ, **(env or {})}, preexec_fn=without_namespaces)
        return done

    return run


@pytest.fixture
def consent(edgecoder):
    """Whoever ran this may have agreed already: the record is put aside and back."""
    record = CONSENT / "reduced"
    before = record.read_bytes() if record.exists() else None
    record.unlink(missing_ok=True)
    yield record
    record.unlink(missing_ok=True)
    if before is not None:
        record.write_bytes(before)
        record.chmod(0o600)


def at_a_terminal(program, *arguments, answer):
    """Runs it on a terminal of its own; `answer` gets what was shown and says what is typed. -> (status, text)"""
    child, terminal = pty.fork()
    if child == 0:
        os.execv(program, [str(program), *arguments])
    shown, typed, until = b"", False, time.monotonic() + 60
    while time.monotonic() < until:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            more = os.read(terminal, 4096)
        except OSError:
            break
        if not more:
            break
        shown += more
        if not typed and re.search(rb"type the word \w+: $", shown):
            os.write(terminal, answer(shown.decode()).encode() + b"\n")
            typed = True
    else:
        os.kill(child, signal.SIGKILL)
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown.decode()


def shown_word(text):
    return re.search(r"type the word (\w+)", text)[1]


def refused(done, directory):
    assert done.returncode == 3, done.stderr
    document = json.loads(done.stdout)
    assert (document["status"], document["tier"], document["isolation"]) == ("sandbox_error", "D", "none")
    assert "namespaces" in document["reason"] and document["stdout"] == ""
    assert not (directory / "made").exists()
    return document


PROGRAM = ["exec", "--json", "--", "sh", "-c", "echo ran; echo x > made"]


def test_without_consent_nothing_runs_and_the_way_to_consent_is_told(lacking, consent, tmp_path):
    assert "edgecoder consent reduced" in refused(lacking(*PROGRAM, cwd=tmp_path), tmp_path)["reason"]
    done = lacking("doctor", "--json", cwd=tmp_path)
    document = json.loads(done.stdout)
    assert done.returncode == 3 and document["tier"] == "D" and document["cause"] and document["remedy"]


def test_neither_variables_nor_the_workspace_nor_words_stand_for_consent(lacking, consent, edgecoder, tmp_path):
    status, _ = at_a_terminal(edgecoder.program, "consent", "reduced", answer=shown_word)
    assert status == 0
    record = consent.read_bytes()
    consent.unlink()
    project = tmp_path / "project"
    for place in ("home/.local/share/edgecoder/consent", "data/consent", "xdg/edgecoder/consent",
                  "project/.edgecoder/consent", "project/consent"):
        folder = tmp_path / place
        folder.mkdir(parents=True, mode=0o700)
        (folder / "reduced").write_bytes(record)
        (folder / "reduced").chmod(0o600)
    variables = {"HOME": tmp_path / "home", "EDGECODER_DATA_DIR": tmp_path / "data", "XDG_DATA_HOME": tmp_path / "xdg",
                 "EDGECODER_CONSENT": "reduced", "EDGECODER_REDUCED": "1"}
    refused(lacking(*PROGRAM, cwd=project, env={name: str(value) for name, value in variables.items()}), project)
    for flag in ("--consent", "--reduced", "--reduced-consent", "--isolation=reduced", "--tier=C"):
        done = lacking("exec", flag, "--", "sh", "-c", "echo x > made", cwd=project)
        assert done.returncode == 2 and not (project / "made").exists()


def test_without_a_terminal_nobody_can_consent(edgecoder, consent):
    for words in ("", "yes\n", "reduced\n"):
        done = subprocess.run([edgecoder.program, "consent", "reduced"], input=words, capture_output=True, text=True,
                              start_new_session=True)
        assert done.returncode == 3 and "terminal" in done.stderr
        assert not consent.exists()


def test_another_word_is_no_consent(edgecoder, consent):
    status, text = at_a_terminal(edgecoder.program, "consent", "reduced", answer=lambda _: "yes")
    assert status == 3 and "nothing was recorded" in text and not consent.exists()


def test_a_person_who_types_the_word_consents_and_can_take_it_back(lacking, edgecoder, consent, tmp_path):
    status, text = at_a_terminal(edgecoder.program, "consent", "reduced", answer=shown_word)
    assert status == 0 and "weaker" in text and "chmod" in text
    assert consent.stat().st_mode & 0o777 == 0o600
    done = lacking(*PROGRAM, cwd=tmp_path)
    document = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert (document["tier"], document["isolation"], document["stdout"]) == ("C", "reduced", "ran\n")
    assert document["changes"] == ["made"] and not (tmp_path / "made").exists()
    assert any("reduced" in note for note in document["notes"])
    assert "isolation is reduced" in done.stderr
    plain = lacking("exec", "--apply", "--", "sh", "-c", "echo x > made", cwd=tmp_path)
    assert plain.returncode == 0 and "isolation is reduced" in plain.stderr
    assert (tmp_path / "made").read_text() == "x\n"
    doctor = json.loads(lacking("doctor", "--json", cwd=tmp_path).stdout)
    assert (doctor["tier"], doctor["isolation"]) == ("C", "reduced") and doctor["cause"] and doctor["remedy"]
    assert edgecoder("consent", "--revoke").status == 0
    (tmp_path / "made").unlink()
    refused(lacking(*PROGRAM, cwd=tmp_path), tmp_path)


def test_where_isolation_works_consent_changes_nothing(edgecoder, consent, tmp_path):
    assert at_a_terminal(edgecoder.program, "consent", "reduced", answer=shown_word)[0] == 0
    done = edgecoder(*PROGRAM, cwd=tmp_path)
    assert done.json()["isolation"] == "full" and "reduced" not in done.err


@pytest.mark.parametrize("spoil", ["mode", "text", "link", "folder"])
def test_a_record_that_others_could_have_made_does_not_count(lacking, edgecoder, consent, tmp_path, spoil):
    assert at_a_terminal(edgecoder.program, "consent", "reduced", answer=shown_word)[0] == 0
    if spoil == "mode":
        consent.chmod(0o640)
    elif spoil == "text":
        consent.write_text(consent.read_text().replace("machine ", "machine 0"))
    elif spoil == "link":
        consent.rename(tmp_path / "kept")
        consent.symlink_to(tmp_path / "kept")
    else:
        CONSENT.chmod(0o777)
    try:
        refused(lacking(*PROGRAM, cwd=tmp_path), tmp_path)
    finally:
        CONSENT.chmod(0o700)


def test_a_run_cannot_have_the_record_in_its_workspace(edgecoder, consent):
    CONSENT.mkdir(parents=True, exist_ok=True)
    for place in (CONSENT, CONSENT.parent):
        done = edgecoder("exec", "--apply", "--", "true", cwd=place)
        assert done.status == 2 and "keeps for itself" in done.err


def test_what_runs_in_the_sandbox_cannot_reach_the_record(edgecoder, lacking, consent, tmp_path):
    assert at_a_terminal(edgecoder.program, "consent", "reduced", answer=shown_word)[0] == 0
    attack = f"cat {consent} && echo read; echo x > {consent} && echo wrote; rm -f {consent} && test ! -e {consent}; ls {CONSENT}"
    for run in (lambda *words: edgecoder(*words, cwd=tmp_path).out, lambda *words: lacking(*words, cwd=tmp_path).stdout):
        assert run("exec", "--", "sh", "-c", attack) == ""
    assert consent.exists()
