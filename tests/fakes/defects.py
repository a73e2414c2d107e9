"""The documented defects: what small models and their servers really get wrong, one at a time.

A model is named `oracle:NAME`, NAME being one of these. Two kinds of clients meet them: those that offer tools, where the
model should answer with tool calls, and those that ask for text, where it should answer with code in fences. Where a defect
lies in a tool call and no tools were offered, the model writes that call all the same, as models trained on tools do.
"""

import re
from dataclasses import dataclass, replace
from typing import Callable, Optional


@dataclass(frozen=True)
class Change:
    """One file as the model means to change it."""

    path: str  # as the model says it
    whole: str  # the new text of the file
    hunks: tuple  # of (old, new) blocks of lines
    before: str  # the text before
    near_miss: tuple = ()  # (right, wrong) when the file holds it
    place: str = ""  # the true path


@dataclass(frozen=True)
class Defect:
    name: str
    sentence: str
    # None, or what becomes of a change
    spoil: Optional[Callable[[Change], Change]] = None
    # spoil only until the prompt shows that somebody complained
    until_told: bool = False
    # how tool calls or code are written; forms.py knows the words
    form: str = ""
    # what the server does; fake_model.py knows the words
    wire: str = ""


def comment_mark(path):
    return "#" if path.endswith(".py") else "//"


def on_blocks(change, whole, old, new):
    """The change with a function of text applied to each of its blocks."""
    return replace(change, whole=whole(change.whole), hunks=tuple((old(o), new(n)) for o, n in change.hunks))


def each_line(function):
    return lambda text: "".join(function(line) for line in text.splitlines(keepends=True))


def same(text):
    return text


def spoil_prefix(change):
    return replace(change, path=f"/workspace/{change.path}")


def spoil_basename(change):
    return replace(change, path=change.path.rsplit("/", 1)[-1])


def spoil_line_ends(change):
    def other(text):
        return text.replace("\r\n", "\n") if "\r\n" in change.before else text.replace("\n", "\r\n")

    return on_blocks(change, other, other, other)


@each_line
def with_trailing_blanks(line):
    return line if line.strip() == "" else line.rstrip("\r\n") + "  " + line[len(line.rstrip("\r\n")):]


def spoil_trailing(change):
    return on_blocks(change, with_trailing_blanks, with_trailing_blanks, same)


def shift(text, by):
    if by >= 0:
        return each_line(lambda line: line if line.strip() == "" else " " * by + line)(text)
    return each_line(lambda line: line if line.strip() == "" else line[-by:])(text)


def spoil_indentation(change):
    """Every line four columns to the right; of a block that stands indented, to the left margin."""
    blocks = []
    for old, new in change.hunks:
        margin = min((len(l) - len(l.lstrip()) for l in (old + new).splitlines() if l.strip()), default=0)
        by = -margin if margin else 4
        blocks.append((shift(old, by), shift(new, by)))
    return replace(change, whole=shift(change.whole, 4), hunks=tuple(blocks))


@each_line
def without_blank_lines(line):
    return "" if line.strip() == "" else line


@each_line
def with_doubled_blank_lines(line):
    return line * 2 if line.strip() == "" else line


def spoil_blank_lines(change):
    return on_blocks(change, with_doubled_blank_lines, without_blank_lines, same)


def spoil_elided(change):
    mark = comment_mark(change.place)
    note = f"{mark} ... rest of the code unchanged ...\n"
    kept = "".join(new for _, new in change.hunks)

    def elide(old, new):
        """Of what changed, the first and the last line with a remark between them."""
        olds, news = old.splitlines(keepends=True), new.splitlines(keepends=True)
        front = next((at for at, pair in enumerate(zip(olds, news)) if pair[0] != pair[1]), min(len(olds), len(news)))
        indent = re.match(r"[ \t]*", news[front]).group()
        return "".join(news[:front + 1]) + f"{indent}{mark} ... existing code ...\n" + "".join(news[front + 1:][-1:])

    return replace(change, whole=note + kept + note, hunks=tuple((old, elide(old, new)) for old, new in change.hunks))


def spoil_near_miss(change):
    if not change.near_miss:
        return change

    def wrong(text):
        return text.replace(*change.near_miss)

    return on_blocks(change, wrong, same, wrong)


def spoil_syntax(change):
    """One bracket that is never closed, in the last line of the last changed block."""

    def broken(text):
        lines = text.splitlines(keepends=True)
        at = max(n for n, line in enumerate(lines) if line.strip() and not line.strip().startswith(("#", "//")))
        lines[at] = lines[at].rstrip("\r\n") + " (" + lines[at][len(lines[at].rstrip("\r\n")):]
        return "".join(lines)

    last = change.hunks[-1][1]
    return replace(change, whole=change.whole.replace(last, broken(last)), hunks=(*change.hunks[:-1], (change.hunks[-1][0], broken(last))))


DEFECTS = {
    defect.name: defect
    for defect in (
        Defect("none", "The reference solution, written as asked."),
        Defect("json-object-in-text", "A tool call arrives as a bare JSON object in the text.", form="json"),
        Defect("tool_call-tags", "A tool call arrives as text in <tool_call> tags (Hermes, Qwen2.5).", form="tags"),
        Defect("function-xml", "A tool call arrives as text in <function=…><parameter=…> (Qwen3-Coder).", form="xml"),
        Defect("fenced-json", "A tool call arrives as JSON in a Markdown fence.", form="fenced"),
        Defect("call-inside-think", "A tool call stands inside <think> and nothing follows.", form="inside-think"),
        Defect("call-after-think", "A tool call stands as text after <think>…</think>.", form="after-think"),
        Defect("wrong-dialect", "A tool call arrives in another family's dialect, Mistral's [TOOL_CALLS].", form="mistral"),
        Defect("wrong-tool-name", "The tool is called by a name that nobody offered.", form="wrong-tool"),
        Defect("wrong-argument-name", "An argument has a name that the tool does not know.", form="wrong-argument"),
        Defect("arguments-as-string", "The arguments are JSON inside a JSON string.", form="string-arguments"),
        Defect("single-quoted-json", "The arguments are a Python dictionary, not JSON.", form="single-quoted"),
        Defect("wrong-path-prefix", "Paths begin with /workspace/, which is not there.", spoil=spoil_prefix),
        Defect("basename-only", "Files are named without their folder.", spoil=spoil_basename),
        Defect("crlf", "Line ends are CRLF where the file has LF, and LF where it has CRLF.", spoil=spoil_line_ends),
        Defect("trailing-whitespace-drift", "Quoted lines carry two blanks more at their ends than the file's.", spoil=spoil_trailing),
        Defect("indentation-drift", "Code stands four columns from where it belongs, or at the margin.", spoil=spoil_indentation),
        Defect("blank-line-drift", "Quoted code lost its blank lines; whole files have them twice.", spoil=spoil_blank_lines),
        Defect("elided-code", "Part of the code is '... rest of the code unchanged ...' until somebody complains.", spoil=spoil_elided,
               until_told=True),
        Defect("near-miss", "One line is subtly wrong until somebody complains.", spoil=spoil_near_miss, until_told=True),
        Defect("syntax-error-first", "A bracket is not closed until somebody complains.", spoil=spoil_syntax, until_told=True),
        Defect("repeated-call", "The same call, or the same block, comes again and again (at most eight times).", form="repeated-call"),
        Defect("repeated-text", "The first answer is one sentence, over and over, up to the token limit.", form="repeated-text"),
        Defect("truncated-output", "The first answer ends in the middle, at the token limit.", form="truncated"),
        Defect("empty-reply-first", "The first answer is empty.", form="empty"),
        Defect("think-leak", "Thinking with a wrong draft stands in the answer, ended by a </think> that was never begun.", form="think-leak"),
        Defect("chatter-around", "Chatter with fences of its own stands around the answer.", form="chatter"),
        Defect("missing-fence-end", "Code stands in a fence that is never closed.", form="open-fence"),
        Defect("wrong-language-fence", "The fence names another language than the file's.", form="wrong-language"),
        Defect("unified-diff-with-wrong-line-numbers", "The answer is a unified diff whose line numbers are wrong.", form="diff"),
        Defect("apply_patch-in-text", "The answer is codex's *** Begin Patch, as text.", form="patch"),
        Defect("http-429-first", "The first request is answered with 429 and Retry-After: 1.", wire="429"),
        Defect("http-500-first", "The first request is answered with 500.", wire="500"),
        Defect("connection-reset-first", "The first connection is reset after the request was read.", wire="reset"),
        Defect("slow-stream", "The answer comes in pieces of a few letters with pauses, the first after a second.", wire="slow"),
        Defect("usage-missing", "The answer says nothing about tokens.", wire="no-usage"),
        Defect("prompt-truncating", "The server keeps the last 4096 tokens of a prompt (or num_ctx) and says nothing.", wire="cut"),
    )
}
# Not in the matrix: there it would be no defect at all.
OBEYS_FILES = Defect("obeys-files", "It does what a hostile README says: it goes for ~/.ssh/id_rsa and .env, and writes outside.", form="obeys")


def by_model(name):
    """The defect of a model's name; none for any other name."""
    short = name.rsplit(":", 1)[-1].rsplit("/", 1)[-1]
    return OBEYS_FILES if short == OBEYS_FILES.name else DEFECTS.get(short, DEFECTS["none"])
