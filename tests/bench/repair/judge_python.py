"""Runs a trusted Python text (a reference solution or a single fault in it) against examples and an official check.

Only for building corpora: what a search generated is never run here but in the sandbox.
"""

import json
import os
import resource
import select
import signal
import sys
import time

MEMORY = 1 << 30


class TooSlow(BaseException):
    """Not an Exception, so that a solution's own `except` cannot swallow it."""


def _alarm(_signal, _frame):
    raise TooSlow


def _child(write_end, solution, examples, official, limit):
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    sys.setrecursionlimit(1000)
    signal.signal(signal.SIGALRM, _alarm)

    def attempt(code, names):
        signal.setitimer(signal.ITIMER_REAL, limit)
        try:
            exec(compile(code, "<case>", "exec"), names)
            return "pass"
        except TooSlow:
            return "slow"
        except BaseException:
            return "fail"
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    results = []
    for example in examples:
        names = {"__name__": "solution"}
        results.append(attempt(solution, names) if not results or results[-1] != "slow" else "slow")
        if results[-1] == "pass":
            results[-1] = attempt(example, names)
    verdict = attempt(official, {"__name__": "official"}) if official else None
    os.write(write_end, json.dumps([results, verdict]).encode())


def judge(solution, examples, official, limit=2.0):
    """(outcome per example, outcome of the official check): "pass", "fail" or "slow" each."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            _child(write_end, solution, examples, official, limit)
        finally:
            os._exit(0)
    os.close(write_end)
    data = b""
    deadline = time.monotonic() + limit * (len(examples) + 2)
    while True:
        ready, _, _ = select.select([read_end], [], [], max(0.0, deadline - time.monotonic()))
        chunk = os.read(read_end, 65536) if ready else b""
        if not chunk:
            break
        data += chunk
    os.close(read_end)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return json.loads(data) if data else [["slow"] * len(examples), "slow"]
