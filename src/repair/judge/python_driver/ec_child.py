"""Forked children: every candidate and every baseline run happens in one, and its parent decides how it ended."""
import gc
import json
import mmap
import os
import resource
import select
import signal
import struct
import sys
import time

_exit, _fork, _kill, _killpg, _waitpid, _write = os._exit, os.fork, os.kill, os.killpg, os.waitpid, os.write
MEMORY_ROOM = 512 << 20
FLAG_LOADED, FLAG_WROTE = 4, 5  # bytes of the shared page behind the number of the running test


def high(fd):
    """Moves a descriptor where code under test does not stumble over it."""
    import fcntl
    moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 200)
    os.close(fd)
    return moved


def silence():
    """Standard streams to /dev/null: a test may print a gigabyte."""
    null = os.open("/dev/null", os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.close(null)


def become_subreaper():
    """Orphans of candidates become ours, so that none outlives its candidate."""
    try:
        import ctypes
        ctypes.CDLL(None, use_errno=True).prctl(36, 1, 0, 0, 0)
    except Exception:
        pass


def children_of(pid):
    result = []
    try:
        for task in os.listdir("/proc/%d/task" % pid):
            with open("/proc/%d/task/%s/children" % (pid, task)) as file:
                result.extend(int(word) for word in file.read().split())
    except (OSError, ValueError):
        pass
    return result


def quick_fork():
    """The C library's fork where this process has one thread: Python's own then only renews locks that nobody else can
    hold and reseeds `random`, and doing so touches ten times the pages."""
    try:
        import ctypes
        if len(os.listdir("/proc/self/task")) == 1:
            return ctypes.PyDLL(None).fork
    except Exception:
        pass
    return _fork


class Report:
    """The child's end: a shared page for progress, a pipe for the record."""

    def __init__(self, page, fd):
        self.page = page
        self.fd = fd

    def at(self, index):
        self.page[0:4] = struct.pack("<I", index)

    def loaded(self):
        self.page[FLAG_LOADED] = 1

    def wrote(self):
        self.page[FLAG_WROTE] = 1

    def record(self, value):
        data = memoryview(json.dumps(value).encode() + b"\n")
        while data:
            data = data[_write(self.fd, data):]


class Ending:
    def __init__(self):
        self.records = []       # what the child reported, in order
        self.clean = False      # it ended by itself with exit status 0
        self.timed_out = False
        self.running = -1       # number of the test it was in
        self.wrote = False      # it wrote edited files into the workspace
        self.how = ""


def processor_time(pid):
    """Seconds of processor time a child has used; None when it is gone. The clock's number as in clock_getcpuclockid."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return None


class Allowance:
    """What is left of a child's time from now on."""

    PATIENCE = 8
    FLOOR = 0.25

    def __init__(self, pid, seconds):
        self.pid = pid
        self.seconds = seconds
        self.used = processor_time(pid) or 0.0
        self.began = time.monotonic()

    def left(self):
        """Seconds after which to look again; nothing is left at 0."""
        waited = time.monotonic() - self.began
        if waited < self.seconds:
            return self.seconds - waited
        most = max(self.seconds * self.PATIENCE, self.seconds + self.FLOOR) if self.seconds < 1 else 3 * self.seconds
        used = processor_time(self.pid)
        if waited >= most or used is None:
            return 0
        return max(0, self.seconds - (used - self.used))


class Nursery:
    """Forks children one at a time and cleans up after each."""

    def __init__(self):
        self.page = mmap.mmap(-1, 4096)
        self._blank = b"\xff\xff\xff\xff" + b"\0" * 4
        self._random = None
        self._own = set()
        self._memory = 0
        self._fork = _fork

    def settle(self):
        """Call once everything that children share is loaded."""
        gc.collect()
        gc.freeze()
        if "random" in sys.modules:
            self._random = sys.modules["random"].getstate()
        self._own = set(children_of(os.getpid()))
        self._fork = quick_fork()
        try:
            with open("/proc/self/statm") as file:
                fields = file.read().split()
            self._memory = int(fields[5]) * resource.getpagesize()
        except (OSError, IndexError, ValueError):
            self._memory = 256 << 20

    def run(self, body, seconds, load_seconds=None, collect_garbage=False, on_record=None):
        """Forks; the child calls body(report) and ends. With load_seconds the clock of `seconds` starts when the child
        says that it has loaded."""
        self.page[0:8] = self._blank
        read_fd, write_fd = os.pipe()
        pid = self._fork()
        if pid == 0:
            self._child(body, read_fd, write_fd, collect_garbage)
        os.close(write_fd)
        ending = Ending()
        try:
            self._watch(pid, read_fd, ending, seconds, load_seconds, on_record)
        finally:
            os.close(read_fd)
            self._bury(pid, ending)
        ending.running = struct.unpack("<i", self.page[0:4])[0]
        ending.wrote = self.page[FLAG_WROTE] == 1
        return ending

    def _child(self, body, read_fd, write_fd, collect_garbage):
        status = 70
        try:
            os.setpgid(0, 0)
            if not collect_garbage:
                gc.disable()
            os.close(read_fd)
            fd = high(write_fd)
            # The end of this pipe is the end of the child, also when a process that a test forked goes on.
            os.register_at_fork(after_in_child=lambda: os.close(fd))
            hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
            limit = self._memory + MEMORY_ROOM
            if hard == resource.RLIM_INFINITY or limit < hard:
                resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            if self._random is not None:
                sys.modules["random"].setstate(self._random)
            body(Report(self.page, fd))
            status = 0
        except BaseException:
            status = 71
        finally:
            _exit(status)

    def _watch(self, pid, fd, ending, seconds, load_seconds, on_record):
        """Time is processor time, so that a busy machine condemns nobody; a child that only waits gets PATIENCE times as
        much by the clock on the wall."""
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        loading = load_seconds is not None
        allowance = Allowance(pid, load_seconds if loading else seconds)
        pending = b""
        while True:
            left = allowance.left()
            if loading and (left <= 0 or self.page[FLAG_LOADED]):
                if not self.page[FLAG_LOADED]:
                    ending.timed_out = True
                    return
                loading = False
                allowance = Allowance(pid, seconds)
                continue
            if left <= 0:
                ending.timed_out = True
                return
            if not poll.poll(min(left, 0.005 if loading else left) * 1000 + 1):
                continue
            chunk = os.read(fd, 1 << 16)
            if not chunk:
                return
            pending += chunk
            if len(pending) > 64 << 20:
                ending.how = "it flooded its report"
                return
            *lines, pending = pending.split(b"\n")
            for line in lines:
                try:
                    value = json.loads(line.decode("utf-8"))
                except ValueError:
                    continue
                ending.records.append(value)
                if on_record is not None:
                    extended = on_record(value)
                    if extended is not None:
                        allowance = Allowance(pid, extended)

    def _bury(self, pid, ending):
        """Kills the child if it still runs, then everything that it started."""
        status = None
        if not ending.timed_out and not ending.how:
            # The pipe has closed, so the child is in its last instructions or has closed the pipe and goes on.
            for pause in (0, 0, 0.0002, 0.001, 0.005, 0.02, 0.05):
                done, raw = _waitpid(pid, os.WNOHANG)
                if done:
                    status = raw
                    break
                time.sleep(pause)
        try:
            _killpg(pid, signal.SIGKILL)
        except OSError:
            pass
        if status is None:
            try:
                _kill(pid, signal.SIGKILL)
                status = _waitpid(pid, 0)[1]
                ending.how = ending.how or "it did not end by itself"
            except OSError:
                status = 1
        elif os.WIFSIGNALED(status):
            ending.how = "it was killed by signal %d" % os.WTERMSIG(status)
        elif status:
            ending.how = "it ended with exit status %d" % os.WEXITSTATUS(status)
        ending.clean = status == 0 and not ending.timed_out and not ending.how
        self._reap()

    def _reap(self):
        for _ in range(100):
            try:
                done, _status = _waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if done:
                continue
            strays = [pid for pid in children_of(os.getpid()) if pid not in self._own]
            if not strays:
                return
            for pid in strays:
                try:
                    _kill(pid, signal.SIGKILL)
                    _waitpid(pid, 0)
                except OSError:
                    pass
