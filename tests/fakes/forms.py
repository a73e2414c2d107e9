"""How a model writes what it means to do: code in fences, edit blocks, patches, and tool calls that became text."""

import json

LANGUAGES = {"py": "python", "js": "javascript", "mjs": "javascript", "ts": "typescript", "json": "json"}


def language(path):
    return LANGUAGES.get(path.rsplit(".", 1)[-1], "")


def whole_file(change, fence_language=None, closed=True):
    tag = language(change.place) if fence_language is None else fence_language
    return f"{change.path}\n```{tag}\n{change.whole}{'' if change.whole.endswith(chr(10)) else chr(10)}" + ("```\n" if closed else "")


def search_replace(change, fence_language=None, closed=True):
    tag = language(change.place) if fence_language is None else fence_language
    blocks = "".join(f"<<<<<<< SEARCH\n{old}=======\n{new}>>>>>>> REPLACE\n" for old, new in change.hunks)
    return f"{change.path}\n```{tag}\n{blocks}" + ("```\n" if closed else "")


def marked(mark, text):
    return "".join(mark + line.rstrip("\r\n") + "\n" for line in text.splitlines())


def hunk_lines(old, new):
    """One hunk's lines: what both begin and end with is context."""
    olds, news = old.splitlines(), new.splitlines()
    front = 0
    while front < min(len(olds), len(news)) and olds[front] == news[front]:
        front += 1
    back = 0
    while back < min(len(olds), len(news)) - front and olds[-1 - back] == news[-1 - back]:
        back += 1
    ends = len(olds) - back, len(news) - back
    parts = [(" ", olds[:front]), ("-", olds[front:ends[0]]), ("+", news[front:ends[1]]), (" ", olds[ends[0]:])]
    return "".join(f"{mark}{line}\n" for mark, lines in parts for line in lines)


def diff(change):
    """A unified diff whose hunks all claim to be at line 1 and of one line."""
    body = "".join(f"@@ -1,1 +1,1 @@\n{hunk_lines(old, new)}" for old, new in change.hunks)
    return f"```diff\n--- a/{change.path}\n+++ b/{change.path}\n{body}```\n"


def patch(changes):
    """codex's apply_patch format."""
    files = "".join(f"*** Update File: {change.path}\n" + "".join(f"@@\n{hunk_lines(old, new)}" for old, new in change.hunks)
                    for change in changes)
    return f"*** Begin Patch\n{files}*** End Patch"


# -- tool calls as text --------------------------------------------------------------------------------------------------
def call_json(name, arguments):
    return json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False)


def call_tags(name, arguments):
    return f"<tool_call>\n{call_json(name, arguments)}\n</tool_call>"


def call_xml(name, arguments):
    def value(given):
        return given if isinstance(given, str) else json.dumps(given)

    inner = "".join(f"<parameter={key}>\n{value(given)}\n</parameter>\n" for key, given in arguments.items())
    return f"<tool_call>\n<function={name}>\n{inner}</function>\n</tool_call>"


def call_mistral(name, arguments):
    return f"[TOOL_CALLS] [{call_json(name, arguments)}]"


def call_text(form, name, arguments):
    """A call in the words of a defect's form, or None when the form is about something else."""
    if form == "json":
        return call_json(name, arguments)
    if form == "tags":
        return call_tags(name, arguments)
    if form == "xml":
        return call_xml(name, arguments)
    if form == "fenced":
        return f"I will do that now.\n\n```json\n{json.dumps({'name': name, 'arguments': arguments}, indent=2, ensure_ascii=False)}\n```\n"
    if form == "inside-think":
        return f"<think>\nThe function is not written yet. I should do it now.\n{call_tags(name, arguments)}\n</think>\n"
    if form == "after-think":
        return f"<think>\nThe function is not written yet.\n</think>\n\n{call_tags(name, arguments)}"
    if form == "mistral":
        return call_mistral(name, arguments)
    return None
