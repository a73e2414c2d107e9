"""Texts that go on and gaps that are filled: OpenAI's /v1/completions, llama-server's /infill, Ollama's /api/generate.

Sources: OpenAI's published API reference (completions), llama.cpp's tools/server/README.md (/infill and /completion), Ollama's
docs/api.md, and the model cards of Qwen2.5-Coder, StarCoder2, Code Llama, DeepSeek-Coder and Codestral for the words of a
gap in a raw prompt.
"""

import json
import re
from dataclasses import dataclass, field

from replies import ENCODED, chat_head, pieces, tokens

# (what stands before the text before the gap, before the one after it, at the end), in the order in which they come.
GAP_WORDS = (
    re.compile(r"<\|fim_prefix\|>(?P<before>.*)<\|fim_suffix\|>(?P<after>.*)<\|fim_middle\|>\Z", re.S),
    re.compile(r"<fim_prefix>(?P<before>.*)<fim_suffix>(?P<after>.*)<fim_middle>\Z", re.S),
    re.compile(r"<PRE> (?P<before>.*) <SUF>(?P<after>.*) <MID>\Z", re.S),
    re.compile(r"<｜fim▁begin｜>(?P<before>.*)<｜fim▁hole｜>(?P<after>.*)<｜fim▁end｜>\Z", re.S),
    re.compile(r"\[SUFFIX\](?P<after>.*)\[PREFIX\](?P<before>.*)\Z", re.S),
)
LONGEST_FRONT = 4000  # characters of the text before the gap that a reference is looked for with


@dataclass
class TextTask:
    model: str
    prompt: str  # all of it, as the model reads it
    before: str
    after: str | None  # None: there is no gap
    format: str  # "completions", "infill" or "generate"
    stream: bool
    limit: int = 0  # tokens; 0 none
    stops: list = field(default_factory=list)


@dataclass
class Written:
    text: str
    finish: str  # "stop" or "length"
    by_stop: bool = False


def listed(stops):
    return [stops] if isinstance(stops, str) else [text for text in stops or [] if isinstance(text, str)]


def split_gap(prompt):
    """(before, after) by the words of a gap in a raw prompt; (prompt, None) when it has none."""
    for words in GAP_WORDS:
        found = words.search(prompt)
        if found:
            return found["before"], found["after"]
    return prompt, None


def parse(path, body):
    """The request in a decoded body; ValueError in words when it is none."""
    model = str(body.get("model", ""))
    if path == "/infill":
        return parse_infill(body, model)
    prompt = body.get("prompt", "")
    if isinstance(prompt, list) and len(prompt) == 1:
        prompt = prompt[0]
    if not isinstance(prompt, str):
        raise ValueError("prompt must be one string")
    suffix = body.get("suffix")
    if suffix is not None and not isinstance(suffix, str):
        raise ValueError("suffix must be a string")
    before, after = (prompt, suffix) if suffix is not None else split_gap(prompt)
    if path == "/api/generate":
        options = body.get("options") or {}
        return TextTask(model, prompt + (suffix or ""), before, after, "generate", bool(body.get("stream", True)),
                        int(options.get("num_predict", 0)), listed(options.get("stop")))
    return TextTask(model, prompt + (suffix or ""), before, after, "completions", bool(body.get("stream")),
                    int(body.get("max_tokens", 16)), listed(body.get("stop")))


def parse_infill(body, model):
    if not isinstance(body.get("input_prefix"), str) or not isinstance(body.get("input_suffix"), str):
        raise ValueError('"input_prefix" and "input_suffix" are required')
    extra = body.get("input_extra", [])
    if not isinstance(extra, list) or any(not isinstance(chunk, dict) or not isinstance(chunk.get("text"), str) for chunk in extra):
        raise ValueError("extra_context chunk must contain a \"text\" field with a string value")
    around = "".join(f"{chunk.get('filename', 'tmp')}\n{chunk['text']}" for chunk in extra)
    before, after = body["input_prefix"] + str(body.get("prompt", "")), body["input_suffix"]
    return TextTask(model, around + before + after, before, after, "infill", bool(body.get("stream")), int(body.get("n_predict", 0)),
                    listed(body.get("stop")))


def from_reference(task, files):
    """What a reference has in the gap, where the text before it stands in one."""
    front = task.before[-LONGEST_FRONT:]
    for text in files:
        at = text.rfind(front) if len(front.strip()) >= 8 else -1
        if at < 0:
            continue
        rest = text[at + len(front):]
        after = (task.after or "").strip("\n")
        end = rest.find(after) if after else len(rest)
        return rest[:end] if end >= 0 else rest
    return None


def from_example(task):
    """The rest of the newest earlier line that begins as the last one does; nothing when none does."""
    before, _, begun = task.before.rpartition("\n")
    if not begun.strip():
        return ""
    ahead = task.prompt[:max(0, task.prompt.find(task.before))]
    found = [line for line in [*ahead.split("\n"), *before.split("\n")] if line.startswith(begun) and line != begun]
    return found[-1][len(begun):] if found else ""


def write(task, files):
    """The continuation, cut as the request says."""
    text = from_reference(task, files)
    if text is None:
        text = from_example(task)
    ends = [text.find(stop) for stop in task.stops if stop and stop in text]
    if ends:
        text = text[:min(ends)]
    if task.limit > 0 and tokens(text) > task.limit:
        return Written(text[:4 * task.limit], "length")
    return Written(text, "stop", bool(ends))


def counts_of(task, written):
    read, produced = tokens(task.prompt), tokens(written.text)
    return {"prompt_tokens": read, "completion_tokens": produced, "total_tokens": read + produced}


# -- OpenAI --------------------------------------------------------------------------------------------------------------
def completion_choice(text, finish):
    return {"index": 0, "text": text, "logprobs": None, "finish_reason": finish}


def completions_whole(task, written, number, counts):
    document = {**chat_head(task.model, number, "text_completion"), "choices": [completion_choice(written.text, written.finish)]}
    return json.dumps(document | ({"usage": counts} if counts else {}), **ENCODED)


def completions_events(task, written, number, counts, piece, with_usage):
    head = chat_head(task.model, number, "text_completion")
    for part in pieces(written.text, piece):
        yield "data: " + json.dumps({**head, "choices": [completion_choice(part, None)]}, **ENCODED) + "\n\n"
    yield "data: " + json.dumps({**head, "choices": [completion_choice("", written.finish)]}, **ENCODED) + "\n\n"
    if counts and with_usage:
        yield "data: " + json.dumps({**head, "choices": [], "usage": counts}, **ENCODED) + "\n\n"
    yield "data: [DONE]\n\n"


# -- llama-server --------------------------------------------------------------------------------------------------------
def infill_end(task, written, text):
    kind = "limit" if written.finish == "length" else "word" if written.by_stop else "eos"
    counts = counts_of(task, written)
    return {"index": 0, "content": text, "stop": True, "id_slot": 0, "model": task.model, "stop_type": kind, "stopping_word": "",
            "tokens_predicted": counts["completion_tokens"], "tokens_evaluated": counts["prompt_tokens"], "truncated": False,
            "tokens_cached": counts["total_tokens"],
            "timings": {"cache_n": 0, "prompt_n": counts["prompt_tokens"], "prompt_ms": 1.5, "predicted_n": counts["completion_tokens"], "predicted_ms": 1.5}}


def infill_whole(task, written):
    return json.dumps(infill_end(task, written, written.text), **ENCODED)


def infill_events(task, written, piece):
    for part in pieces(written.text, piece):
        yield "data: " + json.dumps({"index": 0, "content": part, "tokens": [], "stop": False, "id_slot": -1}, **ENCODED) + "\n\n"
    yield "data: " + json.dumps(infill_end(task, written, ""), **ENCODED) + "\n\n"


# -- Ollama --------------------------------------------------------------------------------------------------------------
def generate_lines(task, written, counts, piece):
    def line(text, done, **more):
        return json.dumps({"model": task.model, "created_at": "2026-01-01T00:00:00Z", "response": text, "done": done, **more}, **ENCODED) + "\n"

    ending = {"done_reason": written.finish, "total_duration": 1000000}
    if counts:
        ending |= {"prompt_eval_count": counts["prompt_tokens"], "prompt_eval_duration": 500000,
                   "eval_count": counts["completion_tokens"], "eval_duration": 500000}
    if not task.stream:
        yield line(written.text, True, **ending)
        return
    for part in pieces(written.text, piece):
        yield line(part, False)
    yield line("", True, **ending)
