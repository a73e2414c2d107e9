"""As much of JSON Schema (2020-12) as our OpenAPI documents use: whether a value is what a schema says, what a schema
allows, and what it forbids."""

import re

# Each pattern of ours takes one of these; the long one is the key of RFC 8032's first test.
WORDS = ["a", "1.1", "A" * 43, "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"]


class Document:
    def __init__(self, document):
        self.root = document
        self.schemas = document["components"]["schemas"]

    def at(self, schema):
        """What a reference stands for."""
        while "$ref" in schema:
            head, name = schema["$ref"].rsplit("/", 1)
            assert head == "#/components/schemas", schema
            schema = self.schemas[name]
        return schema

    def operations(self):
        for path, methods in self.root["paths"].items():
            for method, operation in methods.items():
                yield path, method, operation

    def operation(self, method, target):
        """That of a request."""
        path = target.split("?")[0]
        for template, methods in self.root["paths"].items():
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path) and method.lower() in methods:
                return methods[method.lower()]
        raise AssertionError(f"{method} {target} is not in the document")

    def wrong(self, schema, value, where="answer"):
        """Why a value is not what the schema says; empty: it is. A field that no schema knows is wrong, too."""
        schema = self.at(schema)
        if "anyOf" in schema:
            each = [self.wrong(one, value, where) for one in schema["anyOf"]]
            return [] if [] in each else [f"{where} is none of: {each}"]
        if "enum" in schema:
            return [] if value in schema["enum"] else [f"{where} is {value!r}"]
        if "const" in schema:
            return [] if value == schema["const"] else [f"{where} is {value!r}"]
        kind = schema.get("type")
        good = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "null": type(None),
                None: object}[kind]
        if not isinstance(value, good) or (kind == "integer" and isinstance(value, bool)):
            return [f"{where} is no {kind}: {value!r}"]
        if kind == "object":
            known = schema.get("properties", {})
            found = [f"{where} lacks {name}" for name in schema.get("required", []) if name not in value]
            found += [f"{where}.{name} is in no schema" for name in value if name not in known]
            return found + [line for name in known if name in value
                            for line in self.wrong(known[name], value[name], f"{where}.{name}")]
        if kind == "array":
            found = [] if schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)) else [f"{where} has {len(value)}"]
            return found + [line for at, one in enumerate(value)
                            for line in self.wrong(schema.get("items", {}), one, f"{where}[{at}]")]
        if kind == "string":
            fits = re.search(schema.get("pattern", ""), value) and (
                schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)))
            return [] if fits else [f"{where} is {value[:100]!r}"]
        if kind == "integer" and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
            return [f"{where} is {value}"]
        return []

    def variants(self, schema):
        schema = self.at(schema)
        return [self.at(one) for one in schema["anyOf"]] if "anyOf" in schema else [schema]

    def example(self, schema, full):
        """The smallest value that it allows, or one with everything. `examples` of the schema come first: they are what
        makes sense where the schema cannot say it."""
        schema = self.at(schema)
        for key in ("examples", "enum"):
            if key in schema:
                return schema[key][0]
        if "default" in schema:
            return schema["default"]
        kind = schema.get("type")
        if kind == "object":
            known = schema.get("properties", {})
            return {name: self.example(one, full) for name, one in known.items()
                    if full or name in schema.get("required", []) or "examples" in self.at(one)}
        if kind == "array":
            return [self.example(schema["items"], full)] if full or schema.get("minItems") else []
        if kind == "string":
            return "QUJD" if "contentEncoding" in schema else next(word for word in WORDS if not self.wrong(schema, word))
        return {"integer": max(schema.get("minimum", 0), 0), "boolean": False, None: {}}[kind]

    def spoiled(self, schema, value, name=""):
        """Pairs of a field's name and a value that the schema forbids for that field's sake alone."""
        schema = self.at(schema)
        kind = schema.get("type", "string" if "enum" in schema else None)
        bad = {"object": [[], "x"], "array": [{}, "x"], "string": [7, {}], "boolean": ["yes", 1], "integer": ["1", 1.5, True]}[kind]
        if "enum" in schema:
            bad.append("none of the words")
        if "pattern" in schema:
            bad += [word for word in ("no name, é", "x" * 200) if not re.search(schema["pattern"], word)]
        if "maxLength" in schema:
            bad.append("A" * (schema["maxLength"] + 4))
        if schema.get("contentEncoding"):
            bad.append("?")
        if schema.get("minLength"):
            bad.append("")
        if "minimum" in schema:
            bad.append(schema["minimum"] - 1)
        if "maximum" in schema:
            bad.append(schema["maximum"] + 1)
        if "maxItems" in schema:
            bad.append([self.example(schema["items"], False)] * (schema["maxItems"] + 1))
        if schema.get("minItems"):
            bad.append([])
        if name:
            yield from ((name, one) for one in bad)
        if kind == "object":
            for key, one in schema.get("properties", {}).items():
                path = f"{name}.{key}" if name else key
                if key in schema.get("required", []):
                    yield path, {other: value[other] for other in value if other != key}
                for field, worse in self.spoiled(one, value.get(key, self.example(one, True)), path):
                    yield field, {**value, key: worse}
        if kind == "array" and value:
            for field, worse in self.spoiled(schema["items"], value[0], name):
                if worse != value[0]:
                    yield field, [worse, *value[1:]]

    def extremes(self, schema, value):
        """The least and the most of every number and text, but of those that have examples."""
        schema = self.at(schema)
        for key, one in schema.get("properties", {}).items():
            one = self.at(one)
            if one.get("type") == "object" and key in value:
                yield from ({**value, key: inner} for inner in self.extremes(one, value[key]))
            for limit in ("minimum", "maximum"):
                if limit in one and "examples" not in one:
                    yield {**value, key: one[limit]}
            if "maxLength" in one and "contentEncoding" not in one:
                yield {**value, key: "x" * one["maxLength"]}


def check(document):
    """What every document of ours must be."""
    assert document["openapi"].startswith("3.1.") and {"title", "version"} <= set(document["info"])
    whole = Document(document)
    used = set(re.findall(r"#/components/schemas/(\w+)", str(document)))
    assert used <= set(whole.schemas)
    for path, method, operation in whole.operations():
        where = f"{method} {path}"
        assert path.startswith("/") and operation["summary"] and operation["responses"], where
        named = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path"}
        assert named == set(re.findall(r"\{(\w+)\}", path)), where
        assert all(one["required"] for one in operation.get("parameters", []) if one["in"] == "path"), where
        for type, body in operation.get("requestBody", {"content": {}})["content"].items():
            assert "$ref" in body["schema"], (where, type)
        for status, response in operation["responses"].items():
            assert re.fullmatch("[2-5][0-9][0-9]", status) and response["description"], where
            [(type, body)] = response["content"].items()
            assert type.startswith("text/plain") or "octet-stream" in type or "$ref" in body["schema"], (where, status)
            if status >= "400":
                assert (type, body["schema"]["$ref"]) == ("application/problem+json", "#/components/schemas/Problem"), where
        for scheme in operation.get("security", []):
            assert set(scheme) <= set(document["components"]["securitySchemes"]), where
    return whole
