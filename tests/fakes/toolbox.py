"""What the offered tools are for, read from their names and schemas alone, and how each is called."""

import json
import re
import shlex
from dataclasses import dataclass

import forms

PATH = ("path", "file_path", "filePath", "filepath", "absolute_path", "filename", "target_file", "file")
CONTENT = ("content", "contents", "file_text", "new_content", "text", "code")
OLD = ("old_string", "oldString", "old_str", "old_text", "search", "find", "old")
NEW = ("new_string", "newString", "new_str", "new_text", "replacement", "replace", "new")
COMMAND = ("command", "cmd", "script")
PATCH = ("patchText", "patch", "input", "diff")

# What a model that learned another harness calls them.
OTHER_TOOLS = {
    "read": ("read_file", "view_file", "open_file", "cat"),
    "edit": ("str_replace", "replace_in_file", "edit_file", "str_replace_editor"),
    "write": ("write_to_file", "write_file", "create_file", "save_file"),
    "run": ("execute_command", "run_shell", "terminal"),
    "patch": ("edit_patch", "update_file"),
}
OTHER_ARGUMENTS = (PATH, CONTENT, OLD, NEW, COMMAND)


@dataclass
class Use:
    """One call as the model means it, with what it is for: read, edit, write, patch, run."""

    kind: str
    name: str
    arguments: dict
    custom: bool = False


def pick(tool, names):
    return next((name for name in names if name in tool.properties), None)


def kind_of(tool):
    """read, edit, write, patch, run, test or None."""
    path, content, old, new = (pick(tool, names) for names in (PATH, CONTENT, OLD, NEW))
    name = tool.name.lower()
    if "patch" in name and (tool.custom or pick(tool, PATCH)):
        return "patch"
    if path and old and new and not tool.custom:
        return "edit"
    if path and content and re.search(r"write|create|edit|save|update|put", name):
        return "write"
    if path and re.search(r"read|view|open|cat|show", name) and not re.search(r"many|dir|image", name):
        return "read"
    if pick(tool, COMMAND) and re.search(r"shell|bash|exec|command|terminal|run", name):
        return "run"
    return "test" if re.fullmatch(r"(run_?)?tests?", name) else None


def by_kind(tools):
    found = {}
    for tool in tools:
        found.setdefault(kind_of(tool), tool)
    return found


def kind_of_call(call, tools):
    """What an earlier call was for, also when its name is one that nobody offered."""
    offered = {tool.name: tool for tool in tools}
    if call.name in offered:
        return kind_of(offered[call.name])
    for kind, names in OTHER_TOOLS.items():
        if call.name in names:
            return kind
    keys = set(call.arguments)
    if keys & set(OLD) or keys & set(CONTENT):
        return "edit"
    return "run" if keys & set(COMMAND) else "read"


def fill(schema):
    """A value for an argument that the model has no opinion about; None when it cannot be made up."""
    kind = schema.get("type")
    if schema.get("enum"):
        return schema["enum"][0]
    return {"string": "as the task asks", "boolean": False, "integer": 1, "number": 1, "array": []}.get(kind)


def with_required(tool, arguments):
    return {**arguments, **{name: fill(tool.properties.get(name, {})) for name in tool.required if name not in arguments}}


def spoken_path(tool, path, directory):
    """Absolute where the tool asks for that, else as it is."""
    schema = tool.properties.get(pick(tool, PATH) or "", {})
    about = f"{schema.get('description', '')} {tool.description if len(tool.description) < 600 else ''}"
    if path.startswith("/") or not directory or "absolute" not in about.lower():
        return path
    return f"{directory}/{path}"


def read(kinds, path, directory):
    tool = kinds.get("read")
    if tool:
        return Use("read", tool.name, with_required(tool, {pick(tool, PATH): spoken_path(tool, path, directory)}))
    return shell(kinds, f"cat {shlex.quote(path)}")


def shell(kinds, command):
    tool = kinds.get("run")
    if not tool:
        return None
    name = pick(tool, COMMAND)
    kind = tool.properties[name].get("type")
    given = ["bash", "-lc", command] if kind == "array" or isinstance(kind, list) and "array" in kind else command
    return Use("run", tool.name, with_required(tool, {name: given}))


def test(kinds, command):
    """The harness's own way to run the tests, or the shell."""
    tool = kinds.get("test")
    if tool and (not tool.required or pick(tool, COMMAND)):
        name = pick(tool, COMMAND)
        return Use("run", tool.name, with_required(tool, {name: command} if name and name in tool.required else {}))
    return shell(kinds, command)


def change(kinds, changed, directory, whole):
    """Calls that make one change: an edit of each block, or the whole file."""
    edit, write, patch = kinds.get("edit"), kinds.get("write"), kinds.get("patch")
    if edit and not (whole and write):
        names = pick(edit, PATH), pick(edit, OLD), pick(edit, NEW)
        path = spoken_path(edit, changed.path, directory)
        return [Use("edit", edit.name, with_required(edit, dict(zip(names, (path, old, new))))) for old, new in changed.hunks]
    if write:
        given = {pick(write, PATH): spoken_path(write, changed.path, directory), pick(write, CONTENT): changed.whole}
        return [Use("write", write.name, with_required(write, given))]
    if patch and not whole:
        text = forms.patch([changed])
        return [Use("patch", patch.name, {"input": text} if patch.custom else with_required(patch, {pick(patch, PATCH): text}), patch.custom)]
    body = changed.whole if changed.whole.endswith("\n") else changed.whole + "\n"
    used = shell(kinds, f"cat > {shlex.quote(changed.path)} <<'END_OF_FILE'\n{body}END_OF_FILE")
    return [Use("write", used.name, used.arguments)] if used else []


# -- what models get wrong about calls ------------------------------------------------------------------------------------
def renamed(use, tools):
    taken = {tool.name for tool in tools}
    return Use(use.kind, next(name for name in OTHER_TOOLS[use.kind] if name not in taken), use.arguments)


def with_other_arguments(use):
    """The first argument that has a common other name gets it; for an edit that is the path."""
    arguments = {}
    done = False
    for key, value in use.arguments.items():
        group = next((names for names in OTHER_ARGUMENTS if key in names), None)
        other = next((name for name in group or () if name != key and name not in use.arguments), None)
        arguments[key if done or not other else other] = value
        done = done or other is not None
    return Use(use.kind, use.name, arguments)


def encoded(use, form):
    """The arguments as they stand in the answer."""
    text = json.dumps(use.arguments, ensure_ascii=False)
    if form == "string-arguments":
        return json.dumps(text, ensure_ascii=False)
    return repr(use.arguments) if form == "single-quoted" else text
