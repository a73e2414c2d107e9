"""An answer in the bytes of each protocol, whole or as a stream of events.

Sources: OpenAI's published API reference for chat completions (chunks end with `[DONE]`) and for responses (the order of
their streaming events), Ollama's docs/api.md (one JSON document a line).
"""

import json
import re

ENCODED = {"ensure_ascii": False, "separators": (",", ":")}


def pieces(text, size):
    return [text[at:at + size] for at in range(0, len(text), size)]


def tokens(text):
    return (len(text) + 3) // 4


def usage(reply, prompt_tokens):
    produced = tokens(reply.text) + sum(tokens(sent) for sent in reply.sent)
    return {"prompt_tokens": prompt_tokens, "completion_tokens": produced, "total_tokens": prompt_tokens + produced}


def call_ids(reply, number):
    return [f"call_{number}_{at}" for at in range(len(reply.uses))]


# -- chat completions ----------------------------------------------------------------------------------------------------
def chat_head(model, number, kind):
    return {"id": f"chatcmpl-{number}", "object": kind, "created": 1700000000, "model": model}


def chat_whole(reply, model, number, counts):
    message = {"role": "assistant", "content": reply.text or None if reply.uses else reply.text}
    if reply.uses:
        message["tool_calls"] = [{"id": id_, "type": "function", "function": {"name": use.name, "arguments": sent}}
                                 for id_, use, sent in zip(call_ids(reply, number), reply.uses, reply.sent)]
    document = {**chat_head(model, number, "chat.completion"), "choices": [{"index": 0, "message": message, "finish_reason": reply.finish}]}
    if counts:
        document["usage"] = counts
    return json.dumps(document, **ENCODED)


def chat_events(reply, model, number, counts, piece, with_usage):
    head = chat_head(model, number, "chat.completion.chunk")

    def chunk(delta, finish=None):
        return "data: " + json.dumps({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}, **ENCODED) + "\n\n"

    yield chunk({"role": "assistant", "content": ""})
    for part in pieces(reply.text, piece):
        yield chunk({"content": part})
    for at, (id_, use, sent) in enumerate(zip(call_ids(reply, number), reply.uses, reply.sent)):
        yield chunk({"tool_calls": [{"index": at, "id": id_, "type": "function", "function": {"name": use.name, "arguments": ""}}]})
        for part in pieces(sent, piece):
            yield chunk({"tool_calls": [{"index": at, "function": {"arguments": part}}]})
    yield chunk({}, reply.finish)
    if counts and with_usage:
        yield "data: " + json.dumps({**head, "choices": [], "usage": counts}, **ENCODED) + "\n\n"
    yield "data: [DONE]\n\n"


# -- responses -----------------------------------------------------------------------------------------------------------
def response_items(reply, number):
    items = []
    if reply.text or not reply.uses:
        items.append({"id": f"msg_{number}", "type": "message", "status": "completed", "role": "assistant",
                      "content": [{"type": "output_text", "text": reply.text, "annotations": []}]})
    for at, (id_, use, sent) in enumerate(zip(call_ids(reply, number), reply.uses, reply.sent)):
        kind = {"type": "custom_tool_call", "input": use.arguments.get("input", "")} if use.custom else {"type": "function_call", "arguments": sent}
        items.append({"id": f"fc_{number}_{at}", "status": "completed", "call_id": id_, "name": use.name, **kind})
    return items


def response_document(reply, model, number, counts, done):
    status = "in_progress" if not done else "incomplete" if reply.finish == "length" else "completed"
    document = {"id": f"resp_{number}", "object": "response", "created_at": 1700000000, "status": status, "model": model, "error": None,
                "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
                "instructions": None, "metadata": {}, "parallel_tool_calls": True, "temperature": 1, "top_p": 1, "tools": [], "tool_choice": "auto",
                "output": response_items(reply, number) if done else []}
    if done and counts:
        document["usage"] = {"input_tokens": counts["prompt_tokens"], "input_tokens_details": {"cached_tokens": 0},
                             "output_tokens": counts["completion_tokens"], "output_tokens_details": {"reasoning_tokens": 0},
                             "total_tokens": counts["total_tokens"]}
    return document


def item_events(item, at, piece):
    """(type, fields) of one output item's events, in the order of the reference."""
    place = {"item_id": item["id"], "output_index": at}
    if item["type"] == "message":
        empty = {"type": "output_text", "text": "", "annotations": []}
        yield "response.output_item.added", {"output_index": at, "item": {**item, "status": "in_progress", "content": []}}
        yield "response.content_part.added", {**place, "content_index": 0, "part": empty}
        text = item["content"][0]["text"]
        for part in pieces(text, piece):
            yield "response.output_text.delta", {**place, "content_index": 0, "delta": part, "logprobs": []}
        yield "response.output_text.done", {**place, "content_index": 0, "text": text, "logprobs": []}
        yield "response.content_part.done", {**place, "content_index": 0, "part": item["content"][0]}
    else:
        key, events = ("input", "custom_tool_call_input") if item["type"] == "custom_tool_call" else ("arguments", "function_call_arguments")
        yield "response.output_item.added", {"output_index": at, "item": {**item, "status": "in_progress", key: ""}}
        for part in pieces(item[key], piece):
            yield f"response.{events}.delta", {**place, "delta": part}
        yield f"response.{events}.done", {**place, key: item[key]}
    yield "response.output_item.done", {"output_index": at, "item": item}


def responses_whole(reply, model, number, counts):
    return json.dumps(response_document(reply, model, number, counts, True), **ENCODED)


def responses_events(reply, model, number, counts, piece):
    opened = response_document(reply, model, number, counts, False)
    ended = response_document(reply, model, number, counts, True)
    listed = [("response.created", {"response": opened}), ("response.in_progress", {"response": opened})]
    for at, item in enumerate(response_items(reply, number)):
        listed += item_events(item, at, piece)
    listed.append((f"response.{ended['status']}", {"response": ended}))
    for sequence, (kind, fields) in enumerate(listed):
        yield f"event: {kind}\ndata: " + json.dumps({"type": kind, "sequence_number": sequence, **fields}, **ENCODED) + "\n\n"


# -- Ollama --------------------------------------------------------------------------------------------------------------
def decoded(sent):
    """Ollama carries arguments as an object; what is none stays a string."""
    try:
        return json.loads(sent)
    except ValueError:
        return sent


def ollama_lines(reply, model, counts, piece, stream):
    def line(message, done, **more):
        return json.dumps({"model": model, "created_at": "2026-01-01T00:00:00Z", "message": {"role": "assistant", **message}, "done": done, **more},
                          **ENCODED) + "\n"

    calls = {"tool_calls": [{"function": {"name": use.name, "arguments": decoded(sent)}} for use, sent in zip(reply.uses, reply.sent)]}
    ending = {"done_reason": "length" if reply.finish == "length" else "stop", "total_duration": 1000000}
    if counts:
        ending |= {"prompt_eval_count": counts["prompt_tokens"], "prompt_eval_duration": 500000,
                   "eval_count": counts["completion_tokens"], "eval_duration": 500000}
    if not stream:
        yield line({"content": reply.text, **(calls if reply.uses else {})}, True, **ending)
        return
    for part in pieces(reply.text, piece):
        yield line({"content": part}, False)
    if reply.uses:
        yield line({"content": "", **calls}, False)
    yield line({"content": ""}, True, **ending)


def model_list(names, context):
    return {"object": "list", "data": [{"id": name, "object": "model", "created": 1700000000, "owned_by": "tests", "max_model_len": context}
                                       for name in names]}


def ollama_show(name, context):
    return {"modelfile": "", "parameters": "", "template": "{{ .Prompt }}", "capabilities": ["completion", "tools"],
            "details": {"format": "gguf", "family": "qwen2", "parameter_size": "7.6B", "quantization_level": "Q4_K_M"},
            "model_info": {"general.architecture": "qwen2", "general.parameter_count": 7615616512, "qwen2.context_length": context,
                           "general.basename": re.sub(r"\W+", "-", name)}}
