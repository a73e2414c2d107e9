"""Which project lines run, and which project code objects: a tracer of our own that needs nothing installed.

sys.monitoring where there is one (3.12), sys.settrace elsewhere. Only code inside the project costs anything per line.
"""
import sys
import threading


class Tracer:
    """Collects into `hits`, a set of (code, line), and `entered`, a dict of code objects by id."""

    BRIEF = 2000       # line events of one function that bring nothing new, until it is left alone: for most tests
    THOROUGH = 200000  # for those that fail, whose every line matters
    CALLS = 25         # times as many calls, until a whole test is

    def __init__(self, relative, lines=True):
        self.relative = relative
        self.lines = lines
        self.patience = self.THOROUGH  # only sys.settrace needs it: a loop costs it ten times what it costs without
        self._calls = 0
        self.watched = None     # (relative file, first line, name) of a function whose calls go to `on_call`
        self.on_call = None     # called with the frame of every call of that function
        self.hits = set()
        self.entered = {}
        self._local = {}
        self._left = []         # codes left alone for the rest of this test
        self._kept = []
        self._tool = None

    def start(self):
        if hasattr(sys, "monitoring"):
            self._start_monitoring()
        else:
            threading.settrace(self._global)
            sys.settrace(self._global)

    def go_on(self):
        """To be called between tests: an exception that came up inside the tracer has switched it off."""
        if not hasattr(sys, "monitoring") and sys.gettrace() is None:
            sys.settrace(self._global)

    def stop(self):
        if hasattr(sys, "monitoring"):
            if self._tool is not None:
                monitoring = sys.monitoring
                monitoring.set_events(self._tool, 0)
                for code in self.entered.values():
                    monitoring.set_local_events(self._tool, code, 0)
                monitoring.register_callback(self._tool, monitoring.events.PY_START, None)
                monitoring.register_callback(self._tool, monitoring.events.LINE, None)
                monitoring.free_tool_id(self._tool)
                self._tool = None
        else:
            sys.settrace(None)
            threading.settrace(None)

    def take(self):
        """The lines by project file since the last call."""
        lines = {}
        for code, line in list(self.hits):
            if line:
                lines.setdefault(self.relative(code.co_filename), set()).add(line)
        self.hits.clear()
        self._calls = 0
        for code in self._left:
            self._local[id(code)] = self._line_tracer(code)
        self._left.clear()
        if self._tool is not None:
            sys.monitoring.restart_events()
        return {file: sorted(numbers) for file, numbers in lines.items()}

    # sys.settrace

    def _global(self, frame, event, arg):
        code = frame.f_code
        self._calls += 1
        if self._calls > self.patience * self.CALLS:
            sys.settrace(None)  # until go_on(); frames that are traced go on for their own part
            return None
        try:
            local = self._local[id(code)]
        except KeyError:
            self._kept.append(code)  # an id names one object only as long as that lives
            inside = self.relative(code.co_filename) is not None
            if inside:
                self.entered[id(code)] = code
            local = self._line_tracer(code) if inside and self.lines else None
            if inside and self._is_watched(code):
                local = self.on_call
            self._local[id(code)] = local
        if local is self.on_call and local is not None:
            local(frame)
            return None
        return local

    def _is_watched(self, code):
        return self.watched is not None and \
            (self.relative(code.co_filename), code.co_firstlineno, code.co_name) == self.watched

    def _line_tracer(self, code):
        hits = self.hits
        stale = 0

        def local(frame, event, arg):
            nonlocal stale
            if event != "line":
                return local
            hit = (code, frame.f_lineno)
            if hit not in hits:
                hits.add(hit)
                stale = 0
                return local
            stale += 1
            if stale >= self.patience:
                # Handing back None would not end it: that counts for the call event only.
                frame.f_trace_lines = False
                if self._local[id(code)] is local:
                    self._local[id(code)] = None
                    self._left.append(code)
            return local
        return local

    # sys.monitoring

    def _start_monitoring(self):
        monitoring = sys.monitoring
        for tool in (4, 3, 5, 2, 1, 0):
            if monitoring.get_tool(tool) is None:
                break
        else:
            return
        monitoring.use_tool_id(tool, "edgecoder")
        self._tool = tool
        events, disable = monitoring.events, monitoring.DISABLE
        relative, entered, hits = self.relative, self.entered, self.hits

        def on_start(code, offset):
            if id(code) not in entered and relative(code.co_filename) is not None:
                entered[id(code)] = code
                if self.lines:
                    monitoring.set_local_events(tool, code, events.LINE)
            if self.watched is not None and self._is_watched(code):
                self.on_call(sys._getframe(1))
                return None
            return disable

        def on_line(code, line):
            hits.add((code, line))
            return disable

        monitoring.register_callback(tool, events.PY_START, on_start)
        monitoring.register_callback(tool, events.LINE, on_line)
        monitoring.set_events(tool, events.PY_START)
        monitoring.restart_events()
