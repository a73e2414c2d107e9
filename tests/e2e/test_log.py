"""The coordinator's log, verified by code that is not ours: Go's x/mod/sumdb, OpenSSL, and RFC 6962 written down again."""

import base64
import hashlib
import os
import pathlib
import shutil
import subprocess

import pytest

from merkle import leaf_hash, root_by_proof, root_of

ROOT = pathlib.Path(__file__).resolve().parents[2]
SIZES = [0, 1, 2, 3, 7, 8, 255, 256, 257, 511, 700, 1300]
GO_PACKAGES = pathlib.Path("/usr/share/gocode")


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """The log's files and the key that verifies them."""
    programs = pathlib.Path(os.environ.get("EC_BIN_DIR", ROOT / "build/bin")).parent / "tests"
    folder = tmp_path_factory.mktemp("log")
    done = subprocess.run([programs / "ec_ledger_log_files", folder, *map(str, SIZES)], capture_output=True, text=True,
                          timeout=60, check=True)
    return folder, done.stdout.strip()


def open_note(text, key, tmp_path):
    """The signed text's lines, its signature checked by OpenSSL."""
    name, key_hash, encoded = key.split("+", 2)
    typed = base64.b64decode(encoded)
    assert typed[0] == 1
    assert key_hash == hashlib.sha256(name.encode() + b"\n" + typed).digest()[:4].hex()
    body, signatures = text.rsplit("\n\n", 1)
    body += "\n"
    dash, signer, signature = signatures.rstrip("\n").split(" ")
    assert (dash, signer) == ("\u2014", name)
    raw = base64.b64decode(signature)
    assert raw[:4].hex() == key_hash
    (tmp_path / "key.der").write_bytes(bytes.fromhex("302a300506032b6570032100") + typed[1:])
    (tmp_path / "body").write_bytes(body.encode())
    (tmp_path / "signature").write_bytes(raw[4:])
    subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", tmp_path / "key.der", "-rawin",
                    "-in", tmp_path / "body", "-sigfile", tmp_path / "signature"], check=True, capture_output=True)
    return body.splitlines()


def entries_of(folder):
    entries = []
    for bundle in sorted((folder / "tile/entries").rglob("*")):
        data = bundle.read_bytes() if bundle.is_file() else b""
        while data:
            length = int.from_bytes(data[:2], "big")
            entries.append(data[2 : 2 + length])
            data = data[2 + length :]
    return entries


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_every_checkpoint_is_signed_and_is_the_root_of_the_entries(log, tmp_path):
    folder, key = log
    hashes = [leaf_hash(entry) for entry in entries_of(folder)]
    assert len(hashes) == SIZES[-1]
    for size in SIZES:
        origin, count, root = open_note((folder / f"checkpoint-{size}").read_text(), key, tmp_path)
        assert (origin, int(count)) == (key.split("+")[0], size)
        assert base64.b64decode(root) == root_of(hashes[:size])


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_a_checkpoint_that_was_changed_is_refused(log, tmp_path):
    folder, key = log
    changed = (folder / "checkpoint").read_text().replace("\n1300\n", "\n1301\n")
    with pytest.raises(subprocess.CalledProcessError):
        open_note(changed, key, tmp_path)


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_a_receipt_proves_its_leaf_without_the_log(log, tmp_path):
    folder, key = log
    head, checkpoint = (folder / "receipt.tlog-proof").read_text().split("\n\n", 1)
    kind, index, *proof = head.splitlines()
    assert kind == "c2sp.org/tlog-proof@v1"
    index = int(index.removeprefix("index "))
    _, size, root = open_note(checkpoint, key, tmp_path)
    leaf = leaf_hash(entries_of(folder)[index])
    assert root_by_proof(index, int(size), leaf, [base64.b64decode(line) for line in proof]) == base64.b64decode(root)


def run_go(key, folder):
    environment = {**os.environ, "GOPATH": str(GO_PACKAGES), "GO111MODULE": "off", "GOFLAGS": "",
                   "GOCACHE": str(folder.parent / "go-cache")}
    return subprocess.run(["go", "run", ROOT / "tests/e2e/log_verifier.go", key, folder], env=environment,
                          capture_output=True, text=True, timeout=240)


@pytest.mark.skipif(not shutil.which("go") or not (GO_PACKAGES / "src/golang.org/x/mod/sumdb").exists(),
                    reason="golang and golang-golang-x-mod-dev are not installed")
def test_gos_checksum_database_code_verifies_every_leaf_and_checkpoint(log, tmp_path):
    folder, key = log
    done = run_go(key, folder)
    assert done.stdout == f"verified {SIZES[-1]} leaves and {len(SIZES)} checkpoints\n", done.stderr
    forged = tmp_path / "forged"
    shutil.copytree(folder, forged)
    tile = forged / "tile/0/000"
    data = bytearray(tile.read_bytes())
    data[40] ^= 1
    tile.write_bytes(data)
    assert run_go(key, forged).returncode != 0
