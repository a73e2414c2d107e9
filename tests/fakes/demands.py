"""What a request demands of the form of an answer: a JSON Schema it must match, a tool that must or must not be called.

Sources: OpenAI's published API reference (structured outputs, tool_choice in chat completions and responses), Ollama's
docs/api.md (`format`), JSON Schema 2020-12.
"""

import dataclasses
import json

from oracle import Reply
from toolbox import Use

DEEPEST = 32


def schema_of(body):
    """The schema that an answer must match: True for any JSON, None where words are wanted; ValueError when it is none."""
    asked = body.get("response_format") or (body.get("text") or {}).get("format") or body.get("format")
    if asked is None or isinstance(asked, dict) and asked.get("type") == "text":
        return None
    if asked == "json" or isinstance(asked, dict) and asked.get("type") == "json_object":
        return True
    if not isinstance(asked, dict):
        raise ValueError("the format of the answer is none")
    if asked.get("type") != "json_schema":
        return asked  # Ollama's is the schema itself
    schema = (asked.get("json_schema") or {}).get("schema", asked.get("schema"))
    if not isinstance(schema, dict):
        raise ValueError("response_format: a json_schema needs a schema")
    return schema


def example(schema, root=None, depth=0):
    """The smallest value that matches: what is required, with the first of what may be chosen."""
    root = schema if root is None else root
    if depth > DEEPEST:
        raise ValueError("the schema has no finite value that can be found")
    if schema is True or not isinstance(schema, dict):
        return {}
    if "$ref" in schema:
        return example(referred(root, schema["$ref"]), root, depth + 1)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    for key in ("anyOf", "oneOf"):
        if schema.get(key):
            return example(schema[key][0], root, depth + 1)
    kind = schema.get("type", "object" if "properties" in schema or not schema else "string")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        properties = schema.get("properties") or {}
        return {key: example(properties.get(key, {"type": "string"}), root, depth + 1) for key in schema.get("required", list(properties))}
    if kind == "array":
        return [example(schema.get("items", {"type": "string"}), root, depth + 1) for _ in range(int(schema.get("minItems", 0)))]
    simple = {"integer": int(schema.get("minimum", 0)), "number": schema.get("minimum", 0), "boolean": False, "null": None}
    return simple.get(kind, "x" * int(schema.get("minLength", 0)))


def referred(root, reference):
    place = root
    for part in str(reference).removeprefix("#").strip("/").split("/"):
        if part:
            place = place.get(part) if isinstance(place, dict) else None
    if place is None:
        raise ValueError(f"the schema refers to {reference}, which is not in it")
    return place


def choice_of(body):
    """("auto" | "none" | "required", the name of the one tool or "")."""
    asked = body.get("tool_choice") or "auto"
    if isinstance(asked, dict) and asked.get("type") == "allowed_tools":
        asked = (asked.get("allowed_tools") or asked).get("mode", "auto")
    if isinstance(asked, dict):
        return "required", str((asked.get("function") or asked).get("name", ""))
    if asked not in ("auto", "none", "required"):
        raise ValueError("tool_choice must be auto, none, required or a tool")
    return asked, ""


def applied(choice, conversation):
    """The conversation as far as the choice lets the model see tools; ValueError for a tool that is not there."""
    kind, name = choice
    if kind == "none":
        return dataclasses.replace(conversation, tools=[])
    if name and name not in [tool.name for tool in conversation.tools]:
        raise ValueError(f"tool_choice names {name}, which is no tool of the request")
    if kind == "required" and not conversation.tools:
        raise ValueError("tool_choice needs tools")
    return conversation


def held_to(reply, choice, schema, conversation):
    """The answer as the request's demands leave it: a decoder under a grammar cannot do otherwise."""
    kind, name = choice
    if kind == "required" and not any(not name or use.name == name for use in reply.uses):
        tool = next(tool for tool in conversation.tools if not name or tool.name == name)
        arguments = {"input": ""} if tool.custom else example({"type": "object", "properties": tool.properties, "required": tool.required})
        return Reply(uses=[Use("call", tool.name, arguments, tool.custom)], sent=[json.dumps(arguments)], finish="tool_calls")
    if schema is None or reply.uses:
        return reply
    return dataclasses.replace(reply, text=json.dumps({} if schema is True else example(schema), ensure_ascii=False), finish="stop")
