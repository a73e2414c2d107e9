"""`edgecoder exec --allow-host` and `edgecoder egress`, in a network namespace that the test makes: 93.184.216.34 lies on
its loopback there, and its /etc/hosts says which names lead where. Nothing leaves the machine."""

import http.server
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import threading

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("EC_BIN_DIR", ROOT / "build/bin")).resolve() / "edgecoder"
PUBLIC = "93.184.216.34"
HOSTS = f"""127.0.0.1 localhost
{PUBLIC} www.example.com
127.0.0.1 inner.example.com
{PUBLIC} two.example.com
10.0.0.1 two.example.com
"""


class Site(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/elsewhere":
            self.send_response(302)
            self.send_header("Location", "http://inner.example.com/secret")
            self.end_headers()
            return
        body = f"hello {self.path}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


def echo(listener):
    while True:
        client, _ = listener.accept()
        client.sendall(client.recv(100).upper())
        client.close()


def inside(folder, command):
    """Runs in the fresh namespaces: sets the stage, serves, starts the program, passes its exit status on."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["ip", "addr", "add", PUBLIC + "/32", "dev", "lo"], check=True)
    hosts = pathlib.Path(folder, "hosts")
    hosts.write_text(HOSTS)
    subprocess.run(["mount", "--bind", hosts, "/etc/hosts"], check=True)
    site = http.server.ThreadingHTTPServer(("0.0.0.0", 80), Site)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    threading.Thread(target=echo, args=(socket.create_server(("0.0.0.0", 443)),), daemon=True).start()
    sys.exit(subprocess.run(command, cwd=pathlib.Path(folder, "project"), stdin=subprocess.DEVNULL).returncode)


NAMESPACES = ["unshare", "--net", "--mount"] + ([] if os.geteuid() == 0 else ["--map-root-user"])


@pytest.fixture
def stage(tmp_path):
    """edgecoder, run where a public address answers without being one."""
    if shutil.which("ip") is None or subprocess.run([*NAMESPACES, "true"], capture_output=True).returncode != 0:
        pytest.skip("this machine gives no network namespace to a test, or has no ip(8)")
    (tmp_path / "project").mkdir()

    def run(*arguments):
        command = [*NAMESPACES, sys.executable, "-B", __file__, tmp_path, PROGRAM, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=120,
                              env={**os.environ, "EDGECODER_DATA_DIR": str(tmp_path / "data")})

    run.project = tmp_path / "project"
    run.data = tmp_path / "data"
    return run


def ledger(stage, *arguments):
    done = subprocess.run([PROGRAM, "egress", "--json", "--data-dir", stage.data, *arguments], capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["entries"]


FETCH = """
import urllib.request, urllib.error
for url in {urls}:
    try: print(urllib.request.urlopen(url, timeout=30).read().decode())
    except urllib.error.HTTPError as error: print(error.code, error.reason)
    except OSError as error: print(type(error).__name__, error)
"""


def test_a_listed_host_is_fetched_and_the_others_get_403_with_the_reason(stage):
    urls = ["http://www.example.com/x", "http://other.example.com/", "http://inner.example.com/", "http://two.example.com/"]
    (stage.project / "fetch.py").write_text(FETCH.format(urls=urls))
    hosts = [word for host in ("www", "inner", "two") for word in ("--allow-host", f"{host}.example.com:80")]
    done = stage("exec", *hosts, "fetch.py")
    assert done.stdout.splitlines() == ["hello /x", "403 not on the allow-list", "403 leads to a loopback address",
                                        "403 leads to a private address"], done.stderr
    entries = ledger(stage)
    assert [(entry["event"], entry["host"], entry["address"]) for entry in entries] == [
        ("opened", "www.example.com", PUBLIC), ("closed", "www.example.com", PUBLIC),
        ("refused", "other.example.com", ""), ("refused", "inner.example.com", "127.0.0.1"),
        ("refused", "two.example.com", "10.0.0.1")]
    assert entries[1]["bytes_in"] > len("hello /x") and entries[1]["bytes_out"] > 50
    assert entries[0]["why"] == "python3 fetch.py" and str(stage.project) in entries[0]["who"]
    assert ledger(stage, "--limit", "1") == entries[-1:]


def test_a_redirect_is_judged_like_any_other_request(stage):
    (stage.project / "fetch.py").write_text(FETCH.format(urls=["http://www.example.com/elsewhere"]))
    done = stage("exec", "--allow-host", "*.example.com:80", "fetch.py")
    assert done.stdout == "403 leads to a loopback address\n", done.stderr
    assert [entry["event"] for entry in ledger(stage)] == ["opened", "closed", "refused"]


def test_a_tunnel_carries_what_the_proxy_does_not_read(stage):
    (stage.project / "tunnel.py").write_text("""
import http.client
connection = http.client.HTTPConnection("127.0.0.1", 3128, timeout=30)
connection.set_tunnel("www.example.com", 443)
connection.connect()
connection.sock.sendall(b"quiet")
print(connection.sock.recv(100).decode())
""")
    done = stage("exec", "--allow-host", "*.example.com", "tunnel.py")
    assert done.stdout == "QUIET\n", done.stderr
    closed = ledger(stage)[-1]
    assert (closed["event"], closed["port"], closed["bytes_out"], closed["bytes_in"]) == ("closed", 443, 5, 5)


def test_there_is_no_way_around_the_proxy(stage):
    (stage.project / "around.py").write_text(f"""
import socket
for target in (("{PUBLIC}", 80), ("{PUBLIC}", 443), ("10.0.0.1", 80), ("127.0.0.1", 80)):
    try: socket.create_connection(target, timeout=5); print("connected", target)
    except OSError: pass
try: socket.getaddrinfo("www.example.com", 80); print("resolved")
except OSError: pass
datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
try: datagram.sendto(b"x", ("{PUBLIC}", 53)); print("sent")
except OSError: pass
print("done")
""")
    done = stage("exec", "--allow-host", "www.example.com:80", "around.py")
    assert done.stdout == "done\n", done.stderr
    assert ledger(stage) == []


def test_without_the_option_nothing_of_it_exists(stage):
    (stage.project / "look.py").write_text(
        "import os, socket\n"
        "print([name for name in os.environ if 'proxy' in name.lower()], open('/proc/net/tcp').read().count('\\n'))\n")
    done = stage("exec", "look.py")
    assert done.stdout == "[] 1\n", done.stderr
    assert not stage.data.exists()


def test_a_ledger_that_cannot_be_written_means_no_network(stage):
    stage.data.mkdir()
    (stage.data / "egress.jsonl").symlink_to(stage.project / "elsewhere")
    done = stage("exec", "--allow-host", "www.example.com:80", "--", "echo", "ran")
    assert done.returncode == 3 and done.stdout == "" and "egress ledger" in done.stderr
    assert not (stage.project / "elsewhere").exists()


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.1:80", "169.254.169.254:80", "localhost", "*", "*.com", "a b.com",
                                  "http://example.com", "example.com:0", "0x7f.1"])
def test_a_rule_that_makes_no_sense_is_wrong_usage(edgecoder, tmp_path, host):
    done = edgecoder("exec", "--allow-host", host, "--", "true", cwd=tmp_path, env={"EDGECODER_DATA_DIR": str(tmp_path / "d")})
    assert done.status == 2 and done.err.count("\n") == 1 and done.out == ""


def test_the_ledger_is_read_by_people_too(edgecoder, tmp_path):
    env = {"EDGECODER_DATA_DIR": str(tmp_path)}
    done = edgecoder("egress", env=env)
    assert (done.status, done.out, done.err) == (0, "", "edgecoder: the egress ledger is empty\n")
    line = {"time": "2026-11-27T08:30:00.125Z", "decision": "refused", "event": "refused", "connection": "1.1.1",
            "who": "exec in /w", "why": "python3 x.py", "host": "evil\x1b[2J.com", "port": 443, "address": "10.0.0.1",
            "bytes_in": 0, "bytes_out": 0, "reason": "leads to a private address"}
    (tmp_path / "egress.jsonl").write_text(json.dumps(line) + "\n{torn")
    done = edgecoder("egress", env=env)
    assert done.out == ("2026-11-27T08:30:00.125Z refused evil\\x1b[2J.com:443 (10.0.0.1): leads to a private address "
                        "[exec in /w: python3 x.py] 1.1.1\n")
    assert "1 line of the ledger" in done.err
    done = edgecoder("egress", "--json", env=env)
    assert done.json()["unreadable"] == 1 and done.json()["entries"][0]["port"] == 443
    (tmp_path / "egress.jsonl").unlink()
    (tmp_path / "egress.jsonl").mkdir()
    assert edgecoder("egress", env=env).status == 3
    assert edgecoder("egress", "--limit", "0", env=env).status == 2
    assert edgecoder("egress", env={"EDGECODER_DATA_DIR": "", "XDG_DATA_HOME": "", "HOME": ""}).status == 3


if __name__ == "__main__":
    inside(sys.argv[1], sys.argv[2:])
