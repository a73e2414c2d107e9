"""Requests of the three chat protocols as one kind of value, what must hold of each, and what a server would keep of it.

Sources: OpenAI's published API reference (chat completions, responses) and Ollama's docs/api.md.
"""

import json
import pathlib
import re
from dataclasses import dataclass, field

ROLES = {"system", "developer", "user", "assistant", "tool"}


@dataclass
class Call:
    id: str
    name: str
    arguments: dict  # {"input": text} for a custom tool; {"_raw": text} when they were no JSON object


@dataclass
class Turn:
    role: str
    text: str = ""
    calls: list = field(default_factory=list)
    answers: str = ""  # role tool: the id of the call


@dataclass
class Tool:
    name: str
    properties: dict  # name -> schema; empty for a custom tool
    required: list
    description: str = ""
    custom: bool = False


@dataclass
class Conversation:
    model: str
    turns: list
    tools: list
    stream: bool
    format: str  # "chat", "responses" or "ollama"
    context: int = 0  # tokens, where the request sets it (Ollama's num_ctx)
    violations: list = field(default_factory=list)
    cut: bool = False  # the server dropped its front

    def prompt(self):
        """The text that a chat template would make of it: tools first, then the turns in order."""
        tools = "".join(f"<tool>{t.name} {t.description} {json.dumps(t.properties)}\n" for t in self.tools)
        return tools + "".join(render(turn) for turn in self.turns)

    def system(self):
        return "\n".join(t.text for t in self.turns if t.role in ("system", "developer"))

    def last(self):
        """The text of the newest turn that is not the model's own."""
        return next((t.text for t in reversed(self.turns) if t.role in ("user", "tool")), "")

    def first_user(self):
        return next((t.text for t in self.turns if t.role == "user"), "")

    def results(self):
        """(call, text of its result) for every call that was answered, in order."""
        calls = {call.id: call for turn in self.turns for call in turn.calls}
        return [(calls[t.answers], t.text) for t in self.turns if t.role == "tool" and t.answers in calls]


def render(turn):
    calls = "".join(f"<call>{c.name} {json.dumps(c.arguments)}\n" for c in turn.calls)
    return f"<|{turn.role}|>{turn.text}\n{calls}"


def text_of(content):
    """A string, or the text parts of a list of parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(text_of(part.get("text") or part.get("content") or "") if isinstance(part, dict) else "" for part in content)
    return json.dumps(content) if isinstance(content, dict) else ""


def arguments_of(value):
    if isinstance(value, dict):
        return value
    try:
        parsed = json.loads(value or "{}")
    except (TypeError, ValueError):
        parsed = None
    return parsed if isinstance(parsed, dict) else {"_raw": str(value)}


def tool_of(spec):
    function = spec.get("function", spec)
    if spec.get("type") == "custom":
        return [Tool(function.get("name", ""), {}, [], function.get("description", ""), True)]
    if spec.get("type") == "namespace":
        return [tool for inner in spec.get("tools", []) for tool in tool_of(inner)]
    schema = function.get("parameters") or {}
    if not function.get("name") or not isinstance(schema.get("properties", {}), dict):
        return []
    return [Tool(function["name"], schema.get("properties", {}), schema.get("required", []), function.get("description", "") or "")]


def tools_of(body):
    return [tool for spec in body.get("tools") or [] if isinstance(spec, dict) for tool in tool_of(spec)]


def parse_chat(body, kind):
    """`kind` is "chat" or "ollama"; they differ in how a call carries its arguments and a result names its call."""
    turns, open_calls = [], []
    for number, message in enumerate(body.get("messages") or []):
        turn = Turn(str(message.get("role")), text_of(message.get("content")))
        for at, call in enumerate(message.get("tool_calls") or []):
            function = call.get("function") or {}
            turn.calls.append(Call(call.get("id") or f"c{number}.{at}", function.get("name", ""), arguments_of(function.get("arguments"))))
        if turn.role == "tool":
            turn.answers = message.get("tool_call_id") or (open_calls.pop(0) if open_calls else "")
        if turn.calls:
            open_calls = [call.id for call in turn.calls]
        turns.append(turn)
    context = (body.get("options") or {}).get("num_ctx", 0) if kind == "ollama" else 0
    stream = body.get("stream", kind == "ollama")
    return Conversation(str(body.get("model", "")), turns, tools_of(body), bool(stream), kind, context)


def parse_responses(body):
    turns = [Turn("system", body["instructions"])] if body.get("instructions") else []
    items = body.get("input") or []
    for item in [{"type": "message", "role": "user", "content": items}] if isinstance(items, str) else items:
        kind = item.get("type", "message")
        if kind == "message":
            turns.append(Turn(str(item.get("role")), text_of(item.get("content"))))
        elif kind in ("function_call", "custom_tool_call"):
            given = {"input": item.get("input", "")} if kind == "custom_tool_call" else arguments_of(item.get("arguments"))
            if not turns or turns[-1].role != "assistant":
                turns.append(Turn("assistant"))
            turns[-1].calls.append(Call(item.get("call_id", ""), item.get("name", ""), given))
        elif kind in ("function_call_output", "custom_tool_call_output"):
            turns.append(Turn("tool", text_of(item.get("output")), answers=item.get("call_id", "")))
    return Conversation(str(body.get("model", "")), turns, tools_of(body), bool(body.get("stream")), "responses")


def parse(path, body):
    """The conversation in a request's decoded body, with what is wrong about it in `violations`."""
    if path.endswith("/responses"):
        conversation = parse_responses(body)
    else:
        conversation = parse_chat(body, "ollama" if path.endswith("/api/chat") else "chat")
    conversation.violations = violations(conversation)
    return conversation


def violations(conversation):
    """What a strict server would refuse: unknown roles, calls without results, results without calls."""
    found = [f"turn {n}: role {t.role!r}" for n, t in enumerate(conversation.turns) if t.role not in ROLES]
    if not any(t.role == "user" for t in conversation.turns):
        found.append("no user turn")
    waiting = []
    for number, turn in enumerate(conversation.turns):
        if turn.role == "tool":
            if turn.answers in waiting:
                waiting.remove(turn.answers)
            else:
                found.append(f"turn {number}: a result without its call ({turn.answers!r})")
        elif waiting and not turn.calls:
            found.append(f"turn {number}: calls without results before it ({', '.join(waiting)})")
            waiting = []
        ids = [call.id for call in turn.calls]
        if len(set(ids)) != len(ids):
            found.append(f"turn {number}: two calls with one id")
        waiting += ids
    if waiting:
        found.append(f"the newest calls have no result ({', '.join(waiting)})")
    return found


def common_prefix(one, other):
    low, high = 0, min(len(one), len(other))
    while low < high:  # the longest equal front, by bisection
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle - 1)
    return low


def cut_front(conversation, tokens, characters_per_token=4):
    """What a server with a window of `tokens` sees: it drops the front of the prompt, and says nothing about it.

    The tools stand at the front and go first, then the oldest turns; a turn that lies across the edge keeps its end.
    """
    budget = tokens * characters_per_token
    if len(conversation.prompt()) <= budget:
        return conversation
    kept = []
    for turn in reversed(conversation.turns):
        size = len(render(turn))
        if size > budget:
            if budget > 40:
                kept.append(Turn("user", turn.text[-budget:]))
            break
        kept.append(turn)
        budget -= size
    return Conversation(conversation.model, kept[::-1], [], conversation.stream, conversation.format, conversation.context,
                        conversation.violations, cut=True)


ABSOLUTE = re.compile(r"(?<![\w./:])(/[^\s<>\"'`,;:)]+)")


def working_directory(conversation, path):
    """The absolute folder named in the prompt that really holds `path`, or None: where the client works."""
    for turn in conversation.turns:
        for found in ABSOLUTE.findall(turn.text) if turn.role in ("system", "developer", "user") else ():
            folder = found.rstrip("/.")
            if folder and (pathlib.Path(folder) / path).is_file():
                return folder
    return None
