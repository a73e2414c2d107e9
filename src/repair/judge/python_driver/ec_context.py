"""What a start request says about the project, and which files belong to it."""
import os
import traceback

FOREIGN = {"site-packages", "dist-packages", "node_modules", ".venv", "venv", ".tox", ".nox", ".git", "__pypackages__",
           ".eggs"}


class LoadError(Exception):
    """The project cannot be served; the text is one sentence for a person."""


class TimeLimit(BaseException):
    """Raised into a test that has used up its time. Not an Exception, so that code under test rarely swallows it."""


class Context:
    def __init__(self, request):
        self.root = os.path.realpath(request["root"])
        self.directory = os.path.normpath(os.path.join(self.root, request.get("directory") or "."))
        self.framework = request["framework"]
        self.arguments = [str(word) for word in request.get("arguments", [])]
        self.cwd_on_path = request.get("cwd_on_path", True)
        self.seed = int(request.get("seed", 0))
        self.dirty = list(request.get("dirty", []))
        self._relative = {}
        self._originals = {}

    def relative(self, filename):
        """Path of a project file relative to the root; None for anything else."""
        try:
            return self._relative[filename]
        except KeyError:
            pass
        result = None
        if not filename.startswith("<"):
            path = os.path.normpath(os.path.join(self.directory, filename))
            if not path.startswith(self.root + "/"):
                path = os.path.realpath(path)
            if path.startswith(self.root + "/"):
                parts = path[len(self.root) + 1:].split("/")
                if not FOREIGN.intersection(parts):
                    result = "/".join(parts)
        self._relative[filename] = result
        return result

    def absolute(self, relative):
        path = os.path.normpath(os.path.join(self.root, relative))
        if not path.startswith(self.root + "/"):
            raise LoadError("a candidate edits a file outside of the project: %s" % relative)
        return path

    def original(self, relative):
        """Bytes of a file as they were when first asked for: tests may write over it later."""
        content = self._originals.get(relative)
        if content is None:
            with open(self.absolute(relative), "rb") as file:
                content = file.read()
            self._originals[relative] = content
        return content

    def edited(self, edits):
        """The new bytes by absolute path. Offsets count bytes of the original files."""
        by_file = {}
        for edit in edits:
            by_file.setdefault(edit["file"], []).append(edit)
        result = {}
        for relative, some in by_file.items():
            content = self.original(relative)
            result[self.absolute(relative)] = apply_edits(content, some, 0, len(content))
        return result

    def failure(self, kind, error, trace):
        """Message, details and project frames of an exception."""
        frames = []
        while trace is not None:
            code = trace.tb_frame.f_code
            relative = self.relative(code.co_filename)
            if relative is not None:
                frames.append({"file": relative, "line": trace.tb_lineno or code.co_firstlineno, "function": code.co_name})
            trace = trace.tb_next
        if len(frames) > 60:
            frames = frames[:10] + frames[-50:]
        try:
            details = "".join(traceback.format_exception(kind, error, error.__traceback__, limit=-12))[-4000:]
        except BaseException:
            details = ""
        return {"message": headline(kind, error), "details": details, "frames": frames}


def apply_edits(content, edits, begin, end):
    """content[begin:end] with the edits put in; insertions at one place keep their order."""
    parts, at = [], begin
    for edit in sorted(edits, key=lambda e: e["begin"]):
        parts.append(content[at:edit["begin"]])
        parts.append(bytes.fromhex(edit["hex"]) if "hex" in edit else edit["text"].encode("utf-8"))
        at = max(at, edit["end"])
    parts.append(content[at:end])
    return b"".join(parts)


def headline(kind, error):
    """First line of an exception as a person would quote it."""
    if isinstance(error, TimeLimit):
        return "timed out: the test did not end in its time"
    try:
        text = str(error).strip()
    except BaseException:
        text = ""
    first = text.split("\n", 1)[0][:500]
    name = getattr(kind, "__name__", str(kind))
    return "%s: %s" % (name, first) if first else name
