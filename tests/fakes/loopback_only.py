"""Puts this process, and whatever it starts from then on, into a network namespace that has only the loopback device.

What runs there can reach the fake model server and nothing else in the world, whoever it is. Linux; as root at once, as
an ordinary user by way of a user namespace where the system allows them.
"""

import ctypes
import fcntl
import os
import pathlib
import socket
import struct
import subprocess

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x00020000, 0x10000000, 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1


def unshare(flags):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(flags) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"unshare: {os.strerror(error)}")


def keep_identity(user, group):
    """Inside a new user namespace we go on being who we were."""
    own = pathlib.Path("/proc/self")
    (own / "setgroups").write_text("deny")
    (own / "uid_map").write_text(f"{user} {user} 1")
    (own / "gid_map").write_text(f"{group} {group} 1")


def raise_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        name = b"lo".ljust(16, b"\0")
        flags = struct.unpack("16sh", fcntl.ioctl(control, SIOCGIFFLAGS, struct.pack("16sh", name, 0)))[1]
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh", name, flags | IFF_UP))


def enter():
    """Call it before the first thread is started. Raises OSError where it is not allowed."""
    user, group = os.getuid(), os.getgid()
    if user == 0:
        unshare(CLONE_NEWNET)
    else:
        unshare(CLONE_NEWUSER | CLONE_NEWNET)
        keep_identity(user, group)
    raise_loopback()


def freeze_root():
    """As root: nothing outside /tmp can be written any more, by us or by what we start. For programs that do what a model
    says, with all rights, and a model that says wrong paths on purpose."""
    unshare(CLONE_NEWNS)
    for words in (["--make-rprivate", "/"], ["--bind", "/tmp", "/tmp"], ["-o", "remount,bind,ro", "/"]):
        subprocess.run(["mount", *words], check=True)
