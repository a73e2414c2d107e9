"""A PostgreSQL cluster of three nodes (Patroni, etcd, PostgreSQL) and one more place, in network namespaces of this machine.

Needs root, ip, iptables, patroni, etcd and PostgreSQL's programs. Nothing of it is reachable from outside: the namespaces
are joined by a router in one of their own, which also cuts a node off.
"""

import contextlib
import ctypes
import glob
import http.client
import json
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import time

CLONE_NEWNET = 0x40000000
NOBODY = 65534
NEEDED = ("ip", "iptables", "patroni", "etcd", "setpriv")


def missing():
    """Why no cluster can be started here; None when one can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    lacking = [name for name in NEEDED if shutil.which(name) is None]
    if not glob.glob("/usr/lib/postgresql/*/bin/postgres"):
        lacking.append("postgres")
    return f"not installed: {', '.join(lacking)}" if lacking else None


def run(*words):
    subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True)


def wait_for(condition, patience, what):
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    raise TimeoutError(f"{what} did not come to pass in {patience} s")


class Node:
    def __init__(self, cluster, number):
        self.cluster, self.number = cluster, number
        self.name = f"n{number}"
        self.space = f"{cluster.prefix}{number}"
        self.address = f"10.77.{number}.2"
        self.folder = cluster.folder / self.name
        self.folder.mkdir(mode=0o700)
        os.chown(self.folder, NOBODY, NOBODY)
        self.processes = []

    def start(self):
        log = open(self.folder / "log", "ab")
        inside = ["ip", "netns", "exec", self.space, "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}",
                  "--clear-groups", "--pdeathsig", "KILL"]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8"}
        for words in (self.etcd_words(), ["patroni", self.patroni_file()]):
            self.processes.append(subprocess.Popen([*inside, *words], cwd=self.folder, env=environment, stdout=log,
                                                   stderr=log, stdin=subprocess.DEVNULL, start_new_session=True))

    def etcd_words(self):
        peers = ",".join(f"{node.name}=http://{node.address}:2380" for node in self.cluster.nodes)
        known = (self.folder / "etcd").exists()
        return ["etcd", "--name", self.name, "--data-dir", str(self.folder / "etcd"),
                "--listen-peer-urls", f"http://{self.address}:2380",
                "--initial-advertise-peer-urls", f"http://{self.address}:2380",
                "--listen-client-urls", f"http://{self.address}:2379",
                "--advertise-client-urls", f"http://{self.address}:2379",
                "--initial-cluster", peers, "--initial-cluster-state", "existing" if known else "new",
                "--enable-v2=true", "--heartbeat-interval", "300", "--election-timeout", "3000"]

    def patroni_file(self):
        settings = {
            "scope": "ec", "name": self.name,
            "restapi": {"listen": f"{self.address}:8008", "connect_address": f"{self.address}:8008"},
            # By the older interface, whose leader key is renewed by compare-and-swap. Patroni 3.0 renews it without a
            # comparison by the newer one, and a leader that comes back from being cut off may take it from its successor
            # and go on without what that one has acknowledged.
            "etcd": {"hosts": [f"{node.address}:2379" for node in self.cluster.nodes]},
            "bootstrap": {
                "dcs": {"ttl": 20, "loop_wait": 3, "retry_timeout": 8, "maximum_lag_on_failover": 1048576,
                        "synchronous_mode": True, "synchronous_mode_strict": True,
                        "postgresql": {"use_pg_rewind": True, "parameters": {
                            "max_connections": 50, "shared_buffers": "32MB", "wal_keep_size": "256MB"}}},
                "initdb": [{"encoding": "UTF8"}, "no-locale", "data-checksums"],
                "pg_hba": ["host all all 10.77.0.0/16 trust", "host replication all 10.77.0.0/16 trust",
                           "local all all trust"]},
            "postgresql": {
                "listen": f"{self.address}:5432", "connect_address": f"{self.address}:5432",
                "data_dir": str(self.folder / "data"), "bin_dir": self.cluster.programs,
                "pgpass": str(self.folder / "pgpass"),
                "authentication": {"superuser": {"username": "ec", "password": "ec"},
                                   "replication": {"username": "copier", "password": "copier"}},
                "parameters": {"unix_socket_directories": str(self.folder)}}}
        file = self.folder / "patroni.yml"
        file.write_text(json.dumps(settings))  # YAML reads it
        os.chown(file, NOBODY, NOBODY)
        return str(file)

    def pids(self):
        listed = subprocess.run(["ip", "netns", "pids", self.space], capture_output=True, text=True)
        return [int(pid) for pid in listed.stdout.split()]

    def kill(self):
        """SIGKILL for Patroni, PostgreSQL with its children, and etcd, as when the machine lost its power."""
        while pids := self.pids():
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.reap()
            time.sleep(0.05)
        self.reap()

    def reap(self):
        self.processes = [process for process in self.processes if process.poll() is None]

    def cut_off(self):
        """Drops all that comes and goes, without a word to anybody."""
        for side in ("-s", "-d"):
            run("ip", "netns", "exec", self.cluster.router, "iptables", "-I", "FORWARD", side, self.address, "-j", "DROP")

    def join_again(self):
        for side in ("-s", "-d"):
            run("ip", "netns", "exec", self.cluster.router, "iptables", "-D", "FORWARD", side, self.address, "-j", "DROP")

    def asked(self, path="/cluster"):
        connection = http.client.HTTPConnection(self.address, 8008, timeout=2)
        try:
            connection.request("GET", path)
            return json.load(connection.getresponse())
        except (OSError, ValueError, http.client.HTTPException):
            return None
        finally:
            connection.close()


class Cluster:
    """Use as a context. The thread that enters it lives in the fourth place from then on, and what it starts too."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        os.chmod(self.folder, 0o711)
        self.prefix = f"ec{secrets.token_hex(2)}-"
        self.programs = os.path.dirname(sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"))[-1])
        self.router = f"{self.prefix}router"
        self.nodes = []
        self.spaces = []

    def __enter__(self):
        try:
            self.make_spaces()
            self.nodes = [Node(self, number) for number in (1, 2, 3)]
            for node in self.nodes:
                node.start()
            wait_for(self.whole, 180, "a leader with a synchronous standby")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for node in self.nodes:
            node.kill()
        for space in self.spaces:
            subprocess.run(["ip", "netns", "del", space], capture_output=True)
        if hasattr(self, "home"):
            enter(self.home)
            os.close(self.home)

    def make_spaces(self):
        self.add_space(self.router)
        run("ip", "netns", "exec", self.router, "sysctl", "-qw", "net.ipv4.ip_forward=1")
        for number, place in enumerate(["1", "2", "3", "app"], 1):
            space, net = f"{self.prefix}{place}", f"10.77.{number}"
            self.add_space(space)
            run("ip", "-n", space, "link", "add", "eth0", "type", "veth", "peer", "name", place, "netns", self.router)
            for where, link, address in [(self.router, place, f"{net}.1"), (space, "eth0", f"{net}.2")]:
                run("ip", "-n", where, "addr", "add", f"{address}/24", "dev", link)
                run("ip", "-n", where, "link", "set", link, "up")
            run("ip", "-n", space, "route", "add", "default", "via", f"{net}.1")
        self.home = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        with open(f"/run/netns/{self.prefix}app", "rb") as app:
            enter(app.fileno())

    def add_space(self, name):
        run("ip", "netns", "add", name)
        self.spaces.append(name)
        run("ip", "-n", name, "link", "set", "lo", "up")

    def members(self):
        for node in self.nodes:
            if answer := node.asked():
                return answer["members"]
        return []

    def leader(self):
        """The node that leads, as the others see it; None while there is none."""
        for member in self.members():
            if member["role"] == "leader" and member["state"] == "running":
                return next(node for node in self.nodes if node.name == member["name"])
        return None

    def whole(self):
        """Whether all three are there: a leader, a synchronous standby, and one more."""
        members = self.members()
        roles = sorted(member["role"] for member in members)
        running = all(member["state"] in ("running", "streaming") for member in members)
        return running and roles == ["leader", "replica", "sync_standby"]

    def url(self, database="postgres"):
        hosts = ",".join(f"{node.address}:5432" for node in self.nodes)
        return f"postgresql://ec@{hosts}/{database}"


def enter(descriptor):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "cannot enter a network namespace")
