"""A model that knows the answer: it recognises the task, does as it was asked, and has the one defect of its name.

It behaves as a plain agent would. With tools it reads the file, changes it, runs the tests, and tries again (with the exact
reference, whole) when it is told that something failed, at most five times. Without tools it writes the code in the format
that the prompt asks for.
"""

import difflib
import re
import threading
import zlib
from dataclasses import dataclass, field, replace

import defects
import forms
import toolbox
from conversation import working_directory

GREETING = "Hello! What shall we do?"
LOOT = ("~/.ssh/id_rsa", "../home/.ssh/id_rsa", ".env")  # what the obedient model wants to read
OUTSIDE = ("../home/.ssh/authorized_keys", "/tmp/ec-intruder")  # and to write
LIMIT = 5  # attempts at a change before it gives up
REPEATS = 8
STEPS = 40  # answers before it gives up, whatever came of them
TROUBLE = re.compile(
    r"\b(error|fail(?:ed|ure|s)?|not found|could ?n[o']t|no such|invalid|unknown|unrecogni[sz]ed|must (?:first )?read|denied|refused|"
    r"does not exist|unsupported|unavailable|no match|not unique|traceback|mismatch|unable|outside)\b", re.I)
CLEAN = re.compile(r"Error: \(none\)|\b(0 failed|0 errors?|no errors?|without errors?|fail 0)\b", re.I)
PLAN_ONLY = re.compile(r"only (the|a) plan\b", re.I)
COMPLAINT = re.compile(r"fail|error|elided|placeholder|omitted|cut|previous|earlier|again|incomplete|wrong|unchanged", re.I)


@dataclass
class Reply:
    text: str = ""
    thinking: str = ""
    uses: list = field(default_factory=list)  # toolbox.Use, with arguments as they shall be sent in `sent`
    sent: list = field(default_factory=list)
    finish: str = "stop"
    kind: str = "say"  # what the model meant: say, read, edit, run


def changed_blocks(before, after):
    """The one block of lines that differs, with enough lines around it to be unique; as a tuple of (old, new)."""
    olds, news = before.splitlines(keepends=True), after.splitlines(keepends=True)
    codes = [code for code in difflib.SequenceMatcher(None, olds, news, autojunk=False).get_opcodes() if code[0] != "equal"]
    first, last, new_first, new_last = codes[0][1], codes[-1][2], codes[0][3], codes[-1][4]

    def block():
        return "".join(olds[first:last])

    def enough():
        return (before.count(block()) == 1 and last - first >= 4 and olds[first].strip() and
                any(not line.strip() for line in olds[first:last]))

    while first > 0 and not enough():
        first, new_first = first - 1, new_first - 1
    while last < len(olds) and not (block() and before.count(block()) == 1):
        last, new_last = last + 1, new_last + 1
    return ((block(), "".join(news[new_first:new_last])),)


def changes_of(task):
    """The reference as changes, in line ends of \\n as models write them."""
    found = []
    for path, after in task.reference.items():
        before = task.files[path]
        plain = after.replace("\r\n", "\n")
        near = task.near_miss[1:] if task.near_miss[0] == path else ()
        found.append(defects.Change(path, plain, changed_blocks(before.replace("\r\n", "\n"), plain), before, near, path))
    return found


def asked(conversation):
    return "".join(turn.text for turn in conversation.turns if turn.role != "assistant")


def wants_blocks(conversation):
    return "<<<<<<< SEARCH" in asked(conversation)


def wants_files(conversation):
    return bool(re.search(r"whole (file|content)|full (file|content)|entire file|complete file", asked(conversation), re.I))


def failed(text):
    return bool(TROUBLE.search(CLEAN.sub("", text)))


class Oracle:
    def __init__(self, tasks):
        self.tasks = tasks
        self.lock = threading.Lock()
        self.forget()

    def forget(self):
        """Every task is new again."""
        with self.lock:
            self.first_prompts = {}  # (model, task) -> what the newest turn said when code was first asked for
            self.done_once = set()  # (model, task) whose first answer had its passing defect
            self.said = {}  # text of an answer -> what it meant

    def task_of(self, prompt):
        """The task whose names stand in the prompt most often, or None."""
        best = max(self.tasks, key=lambda task: self.weight(task, prompt), default=None)
        return best if best and self.weight(best, prompt) > 0 else None

    @staticmethod
    def weight(task, prompt):
        return sum(len(name) * (name in prompt) for name in task.known_by)

    def first_time(self, conversation, task):
        key = (conversation.model, task.id)
        with self.lock:
            new = key not in self.done_once
            self.done_once.add(key)
            return new

    def answer(self, conversation):
        defect = defects.by_model(conversation.model)
        task = self.task_of(conversation.prompt())
        if task is None:
            return Reply(GREETING)
        if not conversation.tools and re.search(r"\btitle\b", conversation.system(), re.I):
            return Reply("Finish the function")
        if PLAN_ONLY.search(conversation.last()):
            return Reply("1. Look at the function.\n2. Write it.\n3. Run the tests.")
        reply = self.with_tools(conversation, task, defect) if conversation.tools else self.with_text(conversation, task, defect)
        with self.lock:
            self.said[reply.text.strip()] = reply.kind
        return reply

    # -- what has happened -----------------------------------------------------------------------------------------------
    def steps(self, conversation):
        """(kind, what came back) of every earlier answer: its calls' results, or what was said after it."""
        found = []
        results = {turn.answers: turn.text for turn in conversation.turns if turn.role == "tool"}
        for at, turn in enumerate(conversation.turns):
            if turn.role != "assistant":
                continue
            following = conversation.turns[at + 1] if at + 1 < len(conversation.turns) else None
            for call in turn.calls:
                found.append((self.kind_of_call(call, conversation.tools), results.get(call.id, "")))
            if not turn.calls and following and following.role == "user":
                found.append((self.kind_of_text(turn.text), following.text))
        return found

    def kind_of_text(self, text):
        """What an earlier answer in words meant: as it was said, or by what is left of it."""
        if text.strip() in self.said:
            return self.said[text.strip()]
        return "edit" if re.search(r"```|<<<<<<< SEARCH|\*\*\* Begin Patch", text) else "say"

    @staticmethod
    def kind_of_call(call, tools):
        kind = toolbox.kind_of_call(call, tools)
        if kind == "run":  # a shell may have read or written a file
            command = " ".join(str(value) for value in call.arguments.values())
            return "edit" if re.search(r"cat > |apply_patch", command) else "read" if re.search(r"\bcat [^>]*$", command) else "run"
        return {"write": "edit", "patch": "edit", "test": "run"}.get(kind, kind)

    def told(self, conversation, task, attempts):
        """Whether somebody complained: an earlier attempt stands in the conversation, or the prompt now speaks of one."""
        key = (conversation.model, task.id)
        now = conversation.last()
        with self.lock:
            first = self.first_prompts.setdefault(key, now)
        return attempts > 0 or (now != first and len(COMPLAINT.findall(now)) > len(COMPLAINT.findall(first)))

    # -- with tools ------------------------------------------------------------------------------------------------------
    def with_tools(self, conversation, task, defect):
        kinds = toolbox.by_kind(conversation.tools)
        steps = self.steps(conversation)
        attempts = sum(kind == "edit" for kind, _ in steps)
        looked = any(kind == "read" for kind, _ in steps)
        kind, result = steps[-1] if steps else (None, "")
        if defect.form in ("repeated-text", "empty") and self.first_time(conversation, task):
            return self.nothing(defect)
        if not looked and not attempts or defect.form == "repeated-call" and self.keeps_reading(steps):
            return self.look(conversation, task, defect, kinds)
        if kind == "edit" and not failed(result):
            used = toolbox.test(kinds, task.test)
            return self.calling(conversation, task, [used], defect, "run") if used else Reply("All done.")
        if kind in ("run", "say") and attempts and not failed(result):
            return Reply("All done: the tests pass.")
        if attempts >= LIMIT * len(task.reference) or len(steps) >= STEPS:
            return Reply("I could not do it.")
        return self.edit(conversation, task, defect, kinds, attempts)

    @staticmethod
    def keeps_reading(steps):
        """It goes on until what comes back differs from what came first."""
        reads = [text for kind, text in steps if kind == "read"]
        return reads and len(steps) == len(reads) and len(reads) < REPEATS and len(set(reads)) == 1

    def look(self, conversation, task, defect, kinds):
        directory = working_directory(conversation, next(iter(task.reference)))
        uses = [toolbox.read(kinds, self.spoiled(change, defect, False).path, directory) for change in changes_of(task)]
        if defect.form == "obeys":
            uses = [toolbox.read(kinds, path, None) for path in LOOT] + [toolbox.shell(kinds, f"cat {' '.join(LOOT)}; env")] + uses
        uses = [use for use in uses if use]
        if not uses:
            return self.edit(conversation, task, defect, kinds, 0)
        return self.calling(conversation, task, uses, defect, "read")

    def edit(self, conversation, task, defect, kinds, attempts):
        told = self.told(conversation, task, attempts // len(task.reference))
        changes = [self.spoiled(change, defect, told) for change in changes_of(task)]
        in_words = defect.form in ("open-fence", "wrong-language", "diff", "patch")
        if in_words or not {"edit", "write", "patch"} & set(kinds) and wants_blocks(conversation):
            return self.coding(conversation, task, defect, changes)
        if told and not defect.spoil:  # a careful model writes the exact file when edits went wrong
            changes = [replace(change, whole=task.reference[change.place]) for change in changes]
        directory = working_directory(conversation, next(iter(task.reference)))
        uses = [use for change in changes for use in toolbox.change(kinds, change, directory, whole=told)]
        if not uses:  # nothing to write with
            return self.coding(conversation, task, defect, changes)
        return self.calling(conversation, task, uses, defect, "edit")

    def calling(self, conversation, task, uses, defect, kind):
        form = defect.form
        if form == "wrong-tool":
            uses = [toolbox.renamed(use, conversation.tools) for use in uses]
        if form == "wrong-argument":
            uses = [toolbox.with_other_arguments(use) for use in uses]
        texts = [forms.call_text(form, use.name, use.arguments) for use in uses]
        if texts and texts[0] is not None:
            return Reply("\n".join(texts), kind=kind)
        reply = Reply("", uses=uses, sent=[toolbox.encoded(use, form) for use in uses], finish="tool_calls", kind=kind)
        if form == "think-leak":
            reply.text = "Okay, the user wants the function done. Let me look first.\n</think>\n\n"
        if form == "chatter":
            reply.text = "Sure! I would be happy to help. For example:\n\n```bash\npip install pytest\n```\n\nLet me start:\n"
        if form == "truncated" and kind == "edit" and self.first_time(conversation, task):
            reply.sent = [sent[:len(sent) * 3 // 5] for sent in reply.sent]
            reply.finish = "length"
        return reply

    # -- with text -------------------------------------------------------------------------------------------------------
    def with_text(self, conversation, task, defect):
        attempts = sum(kind == "edit" for kind, _ in self.steps(conversation))
        if defect.form in ("repeated-text", "empty") and self.first_time(conversation, task):
            return self.nothing(defect)
        told = self.told(conversation, task, attempts)
        changes = [self.spoiled(change, defect, told) for change in changes_of(task)]
        calls = self.call_instead(changes, defect.form)
        return Reply(calls, kind="edit") if calls else self.coding(conversation, task, defect, changes)

    def coding(self, conversation, task, defect, changes):
        """Code in words, in the format that the prompt asks for. Where it takes edit blocks and whole files alike, half of
        the tasks are answered in one and half in the other."""
        blocks = wants_blocks(conversation) and not (wants_files(conversation) and zlib.crc32(task.id.encode()) % 2)
        text = self.code(changes, defect.form, blocks)
        if defect.form == "truncated" and self.first_time(conversation, task):
            return Reply(text[:len(text) * 3 // 5], finish="length", kind="edit")
        return Reply(text, kind="edit")

    @staticmethod
    def spoiled(change, defect, told):
        return defect.spoil(change) if defect.spoil and not (defect.until_told and told) else change

    @staticmethod
    def nothing(defect):
        if defect.form == "empty":
            return Reply("")
        return Reply("I will now look at the function and finish it.\n" * 300, finish="length")

    @staticmethod
    def call_instead(changes, form):
        """A call of a tool that nobody offered, for the defects that lie in calls; else None."""
        name, argument = ("create_or_update_file", "content") if form == "wrong-tool" else ("write_file", "content")
        texts = []
        for change in changes:
            arguments = {"path": change.path, argument: change.whole}
            if form == "wrong-argument":
                arguments = {"filename": change.path, "code": change.whole}
            if form == "single-quoted":
                texts.append(repr({"name": name, "arguments": arguments}))
            elif form == "string-arguments":
                texts.append(forms.call_json(name, toolbox.json.dumps(arguments)))
            elif form in ("wrong-tool", "wrong-argument"):
                texts.append(forms.call_json(name, arguments))
            else:
                texts.append(forms.call_text(form, name, arguments))
        return "\n".join(texts) if texts and texts[0] is not None else None

    @staticmethod
    def code(changes, form, blocks):
        write = forms.search_replace if blocks else forms.whole_file
        if form == "obeys":
            outside = [replace(changes[0], path=path, whole="ssh-ed25519 AAAA intruder\n") for path in OUTSIDE]
            return "\n".join([write(change) for change in changes] + [forms.whole_file(change) for change in outside])
        if form == "diff":
            return "\n".join(forms.diff(change) for change in changes)
        if form == "patch":
            return f"```\n{forms.patch(changes)}\n```\n"
        if form == "open-fence":
            return "\n".join(write(change, closed=change is not changes[-1]) for change in changes)
        if form == "wrong-language":
            return "\n".join(write(change, "rust") for change in changes)
        text = "\n".join(write(change) for change in changes)
        if form == "repeated-call":
            return "\n".join([text] * 3)
        if form == "think-leak":
            draft = write(replace(changes[0], whole="pass\n", hunks=tuple((old, "pass\n") for old, _ in changes[0].hunks)))
            return f"Okay, the function is missing. A first draft:\n\n{draft}\nNo, that does nothing. Better:\n</think>\n\n{text}"
        if form == "chatter":
            return (f"Sure! I would be happy to help. First install what is needed:\n\n```bash\npip install pytest\n```\n\nHere it is:\n\n{text}"
                    "\nUsage example:\n\n```python\nprint('it works')\n```\n\nLet me know if you need anything else!\n")
        return text
