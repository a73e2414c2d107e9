"""`edgecoder model` as a person or a script drives it, against a server of model files on loopback."""

import hashlib
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

import model_host  # noqa: E402

DATA = model_host.gguf()
HASH = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def host():
    with model_host.ModelHost({"/tiny.gguf": DATA}) as running:
        running.add_hub("Qwen/Tiny-GGUF", "tiny-q4_k_m.gguf", DATA)
        running.add_registry("tiny", "1b", DATA)
        yield running


@pytest.fixture
def place(tmp_path, host):
    """An environment with folders of its own, and sources that are the host."""
    return {"EDGECODER_DATA_DIR": str(tmp_path / "data"), "XDG_CONFIG_HOME": str(tmp_path / "config"),
            "EDGECODER_HF_BASE": host.url, "EDGECODER_OLLAMA_BASE": host.url, "HF_TOKEN": "", "EDGECODER_MODEL": ""}


@pytest.fixture
def model(edgecoder, place):
    return lambda *words, **more: edgecoder("model", *words, env={**place, **more.pop("env", {})}, **more)


def kept(place, folder):
    path = pathlib.Path(place["EDGECODER_DATA_DIR"]) / "models" / folder
    return sorted(entry.name for entry in path.iterdir()) if path.is_dir() else []


def config_of(place):
    return pathlib.Path(place["XDG_CONFIG_HOME"]) / "edgecoder/config.toml"


@pytest.mark.parametrize("source, name", [("URL/tiny.gguf", "tiny"), ("hf:Qwen/Tiny-GGUF:tiny-q4_k_m.gguf", "tiny-q4_k_m"),
                                          ("ollama:tiny:1b", "tiny-1b")])
def test_pulls_lists_verifies_and_removes(model, place, host, source, name):
    done = model("pull", source.replace("URL", host.url), "--json")
    assert done.status == 0, done.err
    pulled = done.json()["model"]
    assert (pulled["name"], pulled["sha256"], pulled["size"]) == (name, HASH, len(DATA))
    assert kept(place, "blobs") == ["sha256-" + HASH] and kept(place, "partial") == []
    assert [entry["name"] for entry in model("list", "--json").json()["models"]] == [name]
    facts = model("info", name, "--json").json()["model"]["facts"]
    assert (facts["architecture"], facts["parameters"], facts["context"]) == ("llama", 4096, 2048)
    assert model("verify", name, "--json").json()["verified"] == name
    assert model("remove", name).status == 0
    assert kept(place, "blobs") == [] and kept(place, "manifests") == []
    assert model("info", name).status == 2


def test_says_what_it_will_fetch(model, host):
    done = model("pull", host.url + "/tiny.gguf")
    for words in ("size", "licence", "memory", "speed", "sha256", HASH):
        assert words in done.err
    assert done.out == "tiny\n"


def test_asks_at_a_terminal_and_takes_no_for_an_answer(edgecoder, place, host):
    parent, child = pty.openpty()
    process = subprocess.Popen([edgecoder.program, "model", "pull", host.url + "/tiny.gguf"], stdin=child, stdout=child,
                               stderr=child, env={**os.environ, **place, "TERM": "dumb"})
    os.close(child)
    seen = b""
    while b"[y/N]" not in seen:
        assert select.select([parent], [], [], 60)[0], seen
        seen += os.read(parent, 4096)
    os.write(parent, b"n\n")
    assert process.wait(60) == 1
    os.close(parent)
    assert kept(place, "blobs") == []
    assert not [request for request in host.requests if request[0] == "GET"]


def test_goes_on_after_a_kill_in_the_middle(edgecoder, model, place, host):
    host.files["/big.gguf"] = big = model_host.gguf(1_000_000)
    host.hold_after = 2_000_000
    process = subprocess.Popen([edgecoder.program, "model", "pull", host.url + "/big.gguf"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **place})
    assert host.held.wait(60)
    partial = pathlib.Path(place["EDGECODER_DATA_DIR"]) / "models/partial"
    wait_until(lambda: partial.is_dir() and any(p.stat().st_size > 1_000_000 for p in partial.iterdir()))
    process.send_signal(signal.SIGKILL)
    process.wait(60)
    host.hold_after = None
    host.released.set()
    done = model("pull", host.url + "/big.gguf", "--json")
    assert done.status == 0, done.err
    assert done.json()["model"]["sha256"] == hashlib.sha256(big).hexdigest()
    asked = [wanted for command, _, wanted in host.requests if command == "GET"]
    assert asked[0] is None and int(asked[-1].removeprefix("bytes=").rstrip("-")) > 1_000_000
    assert kept(place, "partial") == []


def test_two_processes_pull_one_model_at_once(edgecoder, place, host):
    both = [subprocess.Popen([edgecoder.program, "model", "pull", "ollama:tiny:1b"], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **place})
            for _ in range(2)]
    for process in both:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    assert len([r for r in host.requests if r[0] == "GET" and "/blobs/" in r[1]]) == 1
    assert kept(place, "partial") == []


def test_a_full_disk_is_a_clear_sentence_and_leaves_no_rubbish(edgecoder, place, host, tmp_path):
    host.files["/big.gguf"] = model_host.gguf(2_000_000)
    small = tmp_path / "small"
    small.mkdir()
    script = (f"mount -t tmpfs -o size=4m none {small} || exit 77\n"
              f"{edgecoder.program} model pull {host.url}/big.gguf; status=$?\n"
              f"find {small}/models -type f -size +100k; exit $status")
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, text=True, timeout=120,
                          stdin=subprocess.DEVNULL,
                          env={**os.environ, **place, "EDGECODER_DATA_DIR": str(small)})
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("no mount namespace here")
    assert done.returncode == 3, done.stderr
    assert "the disk is too full" in done.stderr
    assert done.stdout == ""


def test_adds_a_file_and_uses_it_keeping_the_rest_of_the_configuration(model, place, tmp_path):
    path = tmp_path / "mine.gguf"
    path.write_bytes(DATA)
    assert model("add", path, "--name", "mine").out == "mine\n"
    config = config_of(place)
    config.parent.mkdir(parents=True)
    config.write_text('# mine\n[review]\nkeep = "this"\n\n[model] # here\n# a remark\ndefault = "none"\n\n[other]\nx = 1\n')
    assert model("use", "mine").status == 0
    assert config.read_text() == ('# mine\n[review]\nkeep = "this"\n\n[model] # here\n# a remark\ndefault = "mine"\n'
                                  '\n[other]\nx = 1\n')
    assert model("list", "--json").json()["default"] == "mine"
    assert model("use", "absent").status == 2
    assert model("use", "none").status == 0 and 'default = "none"' in config.read_text()
    assert model("use", "http://127.0.0.1:1/v1#m").status == 0


@pytest.mark.parametrize("text", ['model = { default = "x" }\n', 'text = """\n[model]\n"""\nmodel.default = "x"\n',
                                  "[model\n"])
def test_leaves_a_configuration_alone_that_it_does_not_understand(model, place, text):
    config = config_of(place)
    config.parent.mkdir(parents=True)
    config.write_text(text)
    assert model("use", "none").status == 2
    assert config.read_text() == text


def test_a_policy_lets_in_only_what_a_trusted_key_signed(model, place, host, tmp_path):
    path = tmp_path / "mine.gguf"
    path.write_bytes(DATA)
    key = tmp_path / "fleet.key"
    assert model("add", path, "--name", "fleet").status == 0
    signed = model("sign", "fleet", "--key", key, "--new-key", "--source", host.url + "/tiny.gguf")
    assert signed.status == 0 and key.stat().st_mode & 0o777 == 0o600
    folder = pathlib.Path(place["EDGECODER_DATA_DIR"]) / "models/manifests"
    host.files["/fleet.json"] = (folder / "fleet.json").read_bytes()
    host.files["/fleet.json.sig"] = (folder / "fleet.json.sig").read_bytes()

    other = {"EDGECODER_DATA_DIR": str(tmp_path / "other")}
    config = config_of(place)
    config.parent.mkdir(parents=True)
    config.write_text(f'[models]\nrequire_signatures = true\ntrusted_keys = ["{signed.out.strip()}"]\n')
    refused = model("pull", host.url + "/tiny.gguf", "--json", env=other)
    assert refused.status == 3 and refused.json()["code"] == "denied"
    assert model("pull", host.url + "/fleet.json", env=other).status == 0
    assert model("list", "--json", env=other).json()["models"][0]["signed"]["trusted"]
    assert model("verify", "fleet", env=other).status == 0
    # Bytes that change on disk are noticed although the manifest holds.
    blob = tmp_path / "other/models/blobs" / ("sha256-" + HASH)
    blob.write_bytes(DATA[:-1] + b"!")
    assert model("verify", "fleet", env=other).status == 1
    config.write_text(f'[models]\nrequire_signatures = true\ntrusted_keys = ["{"0" * 64}"]\n')
    assert model("verify", "fleet").status == 3
    host.files["/fleet.json.sig"] = b'{"key":"","signature":""}'
    assert model("pull", host.url + "/fleet.json", env={"EDGECODER_DATA_DIR": str(tmp_path / "third")}).status != 0


def test_a_policy_names_the_sources(model, place, host):
    config = config_of(place)
    config.parent.mkdir(parents=True)
    config.write_text('[models]\nallowed_sources = ["https://models.example.com/"]\n')
    done = model("pull", host.url + "/tiny.gguf")
    assert done.status == 3 and "policy does not allow" in done.err
    assert host.requests == []
    config.write_text("[models]\nallowed_source = []\n")
    assert model("list").status == 2


def test_a_policy_also_holds_for_loose_files(edgecoder, place, tmp_path):
    path = tmp_path / "mine.gguf"
    path.write_bytes(DATA)
    config = config_of(place)
    config.parent.mkdir(parents=True)
    for policy in ("require_signatures = true", 'allowed_sources = ["hf:Qwen/"]'):
        config.write_text("[models]\n" + policy + "\n")
        done = edgecoder("run", "hello", "--model", path, "--dir", tmp_path, env=place)
        assert done.status == 3 and "policy" in done.err + done.out


def test_run_and_model_take_names_of_the_library(edgecoder, model, place, tmp_path):
    done = edgecoder("run", "hello", "--model", "absent", "--dir", tmp_path, env=place)
    assert done.status == 2 and "no model named absent" in done.err + done.out


def embedder(tmp_path):
    path = tmp_path / "small-embedder.gguf"
    path.write_bytes(model_host.gguf(architecture="bert"))
    return path


def test_an_embedding_model_is_listed_as_such_and_never_chosen_to_chat(edgecoder, model, place, tmp_path):
    assert model("add", embedder(tmp_path), "--name", "vectors").status == 0
    assert "embedding" in model("list").out and "embedding" in model("info", "vectors").out
    assert [entry["kind"] for entry in model("list", "--json").json()["models"]] == ["embedding"]
    for done in (model("use", "vectors"), model("bench", "vectors"),
                 edgecoder("run", "hello", "--model", "vectors", "--dir", tmp_path, env=place)):
        assert done.status == 2
        assert "vectors is an embedding model; it cannot chat" in done.err
    assert not config_of(place).exists()
    assert "--embeddings" in done.err
    done = edgecoder("run", "hello", "--model", embedder(tmp_path), "--dir", tmp_path, env=place)
    assert done.status == 2 and "small-embedder is an embedding model; it cannot chat" in done.err
    config_of(place).parent.mkdir(parents=True, exist_ok=True)
    config_of(place).write_text('[model]\ndefault = "vectors"\n')
    done = edgecoder("run", "hello", "--dir", tmp_path, env=place)
    assert done.status == 2 and "default" in done.err and "vectors is an embedding model" in done.err


def test_an_embedding_model_is_used_for_search_and_a_chat_model_is_not(model, place, tmp_path):
    path = tmp_path / "mine.gguf"
    path.write_bytes(DATA)
    assert model("add", path, "--name", "mine").status == 0
    assert model("add", embedder(tmp_path), "--name", "vectors").status == 0
    assert model("use", "mine").status == 0
    done = model("use", "mine", "--embeddings")
    assert done.status == 2 and "mine is no embedding model" in done.err
    assert model("use", "vectors", "--embeddings").status == 0
    assert sorted(config_of(place).read_text().split("\n")[1:3]) == ['default = "mine"', 'embeddings = "vectors"']
    assert model("use", "none", "--embeddings").status == 0
    assert config_of(place).read_text() == '[model]\ndefault = "mine"\n'
    assert model("use", "vectors", "--embeddings").status == 0
    assert model("remove", "vectors").status == 0
    assert config_of(place).read_text() == '[model]\ndefault = "mine"\n'


def test_removing_the_default_leaves_none_and_says_so(edgecoder, model, place, tmp_path):
    path = tmp_path / "mine.gguf"
    path.write_bytes(DATA)
    for name in ("mine", "other"):
        assert model("add", path, "--name", name).status == 0
    assert model("use", "mine").status == 0
    config = config_of(place)
    config.write_text("# kept\n" + config.read_text() + 'price_in = "1"\nprice_out = "2"\n')
    assert "default" not in model("remove", "other").err
    done = model("remove", "mine")
    assert done.status == 0 and "It was the default" in done.err and "model use" in done.err
    assert config.read_text() == '# kept\n[model]\nprice_in = "1"\nprice_out = "2"\n'
    done = edgecoder("run", "add a flag", "--dir", tmp_path, env=place)
    assert done.status == 3 and "there is no default model" in done.err and "edgecoder model use NAME" in done.err


@pytest.mark.parametrize("words", [["pull", "../../etc/passwd"], ["pull", "hf:a/../b"], ["info", "../x"],
                                   ["remove", "x" * 5000], ["add", "/dev/zero"], ["add", "/etc/passwd", "--name", "../x"],
                                   ["verify", "\x1b[2J"], ["pull", "nothing", "--sha256", "12"], ["bench", "absent"]])
def test_refuses_hostile_words(model, words):
    done = model(*words)
    assert done.status in (1, 2) and "\x1b" not in done.err
    assert len(done.err.splitlines()) <= 3


def test_shows_the_catalogue_without_asking_anybody(model, host):
    models = model("list", "--catalogue", "--json").json()["catalogue"]
    assert len(models) >= 12 and all(entry["licence"] and not entry["verified"] for entry in models)
    assert host.requests == []


def wait_until(holds, limit=60):
    """Polls a condition of another process, which has no other sign to give."""
    end = time.monotonic() + limit
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)
