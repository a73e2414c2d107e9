"""The stand-in is tested by itself: what it says, what it notices, and that its defects are what their sentences say."""

import http.client
import json
import os
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import conversation as talk  # noqa: E402
import defects  # noqa: E402
import fake_model  # noqa: E402
import forms  # noqa: E402
import oracle  # noqa: E402
import tasks  # noqa: E402

TASKS = tasks.load()
SLUG = next(task for task in TASKS if task.id == "js-slug")
# Judging all twenty takes half a minute; EC_FULL=1 does.
JUDGED = TASKS if os.environ.get("EC_FULL") else TASKS[:2] + TASKS[-4:]


@pytest.fixture
def server():
    with fake_model.FakeModel() as running:
        yield running


def post(server, path, body):
    """(status, headers, text of the answer)"""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        connection.request("POST", path, body if isinstance(body, (bytes, str)) else json.dumps(body))
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def ask(server, model, messages, **more):
    status, _, text = post(server, "/v1/chat/completions", {"model": model, "messages": messages, **more})
    assert status == 200, text
    return json.loads(text)["choices"][0]


def user(text):
    return {"role": "user", "content": text}


def tool(name, *properties):
    schema = {"type": "object", "properties": {key: {"type": "string"} for key in properties}, "required": list(properties)}
    return {"type": "function", "function": {"name": name, "description": "", "parameters": schema}}


TOOLS = [tool("read_file", "path"), tool("edit", "path", "old_string", "new_string"), tool("write_file", "path", "content"), tool("shell", "command")]


class StrictAgent:
    """A harness that does what it is told and repairs nothing: the floor that every client is above."""

    def __init__(self, server, model, folder):
        self.server, self.model, self.folder = server, model, folder

    def do(self, name, given):
        if name == "shell":
            done = subprocess.run(given["command"], shell=True, cwd=self.folder, capture_output=True, text=True)
            return f"exit {done.returncode}\n{done.stdout}{done.stderr}"
        place = self.folder / given["path"].lstrip("/")
        if name == "write_file":
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(given["content"].encode())
            return "written"
        text = place.read_bytes().decode()
        if name == "read_file":
            return text
        if name == "edit":
            if text.count(given["old_string"]) != 1:
                return "old_string not found"
            place.write_bytes(text.replace(given["old_string"], given["new_string"]).encode())
            return "changed"
        return f"unknown tool {name}"

    def run(self, text):
        messages = [user(text)]
        for _ in range(40):
            try:
                choice = ask(self.server, self.model, messages, tools=TOOLS)
            except (OSError, AssertionError, http.client.HTTPException):
                return
            messages.append(choice["message"])
            if not choice["message"].get("tool_calls"):
                return
            for call in choice["message"]["tool_calls"]:
                try:
                    said = self.do(call["function"]["name"], json.loads(call["function"]["arguments"]))
                except (ValueError, KeyError, TypeError, OSError, AttributeError) as error:
                    said = f"error: {error}"
                messages.append({"role": "tool", "tool_call_id": call["id"], "content": said})


def passes(task, folder):
    return subprocess.run(task.test, shell=True, cwd=folder, capture_output=True).returncode == 0


# -- the tasks -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("task", JUDGED, ids=lambda task: task.id)
def test_a_task_fails_before_passes_with_its_reference_and_fails_with_its_near_miss(task, tmp_path):
    task.write(tmp_path)
    assert not passes(task, tmp_path)
    task.write_reference(tmp_path)
    assert passes(task, tmp_path)
    path, right, wrong = task.near_miss
    assert task.reference[path].count(right) == 1
    (tmp_path / path).write_bytes(task.reference[path].replace(right, wrong).encode())
    assert not passes(task, tmp_path)


def test_the_shared_data_gives_twenty_tasks():
    if tasks.shared_folder() is None:
        pytest.skip("HumanEval is not here: set EC_SHARED to the folder of shared test data")
    assert len(TASKS) == 20


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_the_blocks_of_a_change_are_unique_and_make_the_reference(task):
    for change in oracle.changes_of(task):
        text = change.before.replace("\r\n", "\n")
        for old, new in change.hunks:
            assert text.count(old) == 1
            text = text.replace(old, new)
        assert text == change.whole


# -- defects -------------------------------------------------------------------------------------------------------------
def test_every_defect_has_a_name_of_its_own_and_a_sentence():
    assert len(defects.DEFECTS) >= 36
    assert all(defect.sentence.endswith(".") and name == defect.name for name, defect in defects.DEFECTS.items())
    assert len({defect.sentence for defect in defects.DEFECTS.values()}) == len(defects.DEFECTS)


@pytest.mark.parametrize("name", [name for name, defect in defects.DEFECTS.items() if not defect.wire and name != "none"])
def test_a_defect_shows_in_the_first_answer_about_code(name, server):
    """Asked for text, and asked for edit blocks, at least one of the two differs from the answer without a defect."""
    prompts = [SLUG.text, SLUG.text + "\nAnswer with <<<<<<< SEARCH blocks."]
    clean = [ask(server, "oracle:none", [user(prompt)])["message"]["content"] for prompt in prompts]
    server.forget()
    spoiled = [ask(server, f"oracle:{name}", [user(prompt)])["message"]["content"] for prompt in prompts]
    assert clean != spoiled


# Errors, failing tests and whole files written instead of edits are enough for these.
MENDED = {"none", "crlf", "trailing-whitespace-drift", "indentation-drift", "blank-line-drift", "elided-code", "near-miss", "syntax-error-first",
          "repeated-call", "truncated-output", "think-leak", "chatter-around", "slow-stream", "usage-missing", "prompt-truncating"}


@pytest.mark.parametrize("name", list(defects.DEFECTS))
def test_a_harness_that_repairs_nothing_gets_over_what_its_model_mends_and_over_nothing_else(name, server, tmp_path):
    SLUG.write(tmp_path)
    StrictAgent(server, f"oracle:{name}", tmp_path).run(SLUG.text)
    assert passes(SLUG, tmp_path) == (name in MENDED)


@pytest.mark.parametrize("name", ["near-miss", "syntax-error-first", "elided-code"])
def test_a_mistake_stays_until_somebody_complains(name, server):
    asked = [user(SLUG.text)]
    first = ask(server, f"oracle:{name}", asked)["message"]
    assert ask(server, f"oracle:{name}", asked)["message"] == first
    complained = ask(server, f"oracle:{name}", [*asked, first, user("The tests failed: AssertionError. Try again.")])["message"]
    assert complained["content"] == ask(server, "oracle:none", asked)["message"]["content"]


def test_an_answer_without_feedback_is_the_same_for_the_same_prompt(server):
    answers = {ask(server, "oracle:near-miss", [user(SLUG.text)], seed=seed)["message"]["content"] for seed in range(4)}
    assert len(answers) == 1


def test_the_edit_blocks_are_used_when_the_prompt_shows_them(server):
    said = ask(server, "oracle:none", [user(SLUG.text + "\n<<<<<<< SEARCH\nold\n=======\nnew\n>>>>>>> REPLACE")])["message"]["content"]
    change = oracle.changes_of(SLUG)[0]
    assert said == forms.search_replace(change)
    assert ask(server, "oracle:none", [user(SLUG.text)])["message"]["content"] == forms.whole_file(change)


def test_a_hello_gets_a_hello(server):
    assert ask(server, "oracle:none", [user("hi")])["message"]["content"] == oracle.GREETING


# -- the server's faults -------------------------------------------------------------------------------------------------
def test_the_first_request_fails_and_the_second_does_not(server):
    body = {"model": "oracle:http-429-first", "messages": [user("hi")]}
    status, headers, _ = post(server, "/v1/chat/completions", body)
    assert (status, headers["Retry-After"]) == (429, "1")
    assert post(server, "/v1/chat/completions", body)[0] == 200
    body["model"] = "oracle:http-500-first"
    assert [post(server, "/v1/chat/completions", body)[0] for _ in range(2)] == [500, 200]
    body["model"] = "oracle:connection-reset-first"
    with pytest.raises((ConnectionResetError, http.client.RemoteDisconnected)):
        post(server, "/v1/chat/completions", body)
    assert post(server, "/v1/chat/completions", body)[0] == 200


def test_a_prompt_that_is_too_long_loses_its_front_and_its_tools(server):
    messages = [user(SLUG.text), user("x" * 4 * fake_model.CUT_CONTEXT)]
    whole = post(server, "/v1/chat/completions", {"model": "oracle:none", "messages": messages, "tools": TOOLS})
    cut = post(server, "/v1/chat/completions", {"model": "oracle:prompt-truncating", "messages": messages, "tools": TOOLS})
    assert json.loads(whole[2])["choices"][0]["message"]["tool_calls"]
    assert json.loads(whole[2])["usage"]["prompt_tokens"] > fake_model.CUT_CONTEXT
    answer = json.loads(cut[2])
    assert answer["choices"][0]["message"]["content"] == oracle.GREETING
    assert answer["usage"]["prompt_tokens"] == fake_model.CUT_CONTEXT


def test_no_usage_means_none(server):
    for stream in (False, True):
        body = {"model": "oracle:usage-missing", "messages": [user("hi")], "stream": stream, "stream_options": {"include_usage": True}}
        assert '"usage"' not in post(server, "/v1/chat/completions", body)[2]


@pytest.mark.parametrize("body", ["", "[]", "{", "null", '{"messages": 3}', '{"messages": [3]}', b"\xff\xfe", '{"model": {}, "messages": [{"role": []}]}'])
def test_a_bad_body_is_the_clients_fault(body, server):
    status, _, text = post(server, "/v1/chat/completions", body)
    assert status in (200, 400) and json.loads(text)
    assert post(server, "/v1/nothing", "{}")[0] == 404


# -- the protocols -------------------------------------------------------------------------------------------------------
def events_of(text):
    return [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]


def test_streamed_pieces_make_the_whole_answer(server):
    body = {"model": "oracle:none", "messages": [user(SLUG.text)], "stream": True, "stream_options": {"include_usage": True}}
    status, headers, text = post(server, "/v1/chat/completions", body)
    assert status == 200 and headers["Content-Type"] == "text/event-stream" and text.endswith("data: [DONE]\n\n")
    events = events_of(text)
    said = "".join(event["choices"][0]["delta"].get("content") or "" for event in events if event["choices"])
    assert said == ask(server, "oracle:none", [user(SLUG.text)])["message"]["content"]
    assert events[-1]["usage"]["completion_tokens"] > 0


def test_streamed_tool_calls_make_whole_arguments(server):
    body = {"model": "oracle:none", "messages": [user(SLUG.text)], "tools": TOOLS, "stream": True}
    deltas = [event["choices"][0]["delta"] for event in events_of(post(server, "/v1/chat/completions", body)[2])]
    calls = [call for delta in deltas for call in delta.get("tool_calls", [])]
    assert calls[0]["function"]["name"] == "read_file" and calls[0]["id"]
    assert json.loads("".join(call["function"]["arguments"] for call in calls)) == {"path": "lib/slug.js"}


def test_response_events_come_in_the_order_of_the_reference(server):
    text = post(server, "/v1/responses", {"model": "oracle:none", "input": "hi", "stream": True})[2]
    kinds = [event["type"] for event in events_of(text)]
    assert kinds == ["response.created", "response.in_progress", "response.output_item.added", "response.content_part.added", "response.output_text.delta",
                     "response.output_text.done", "response.content_part.done", "response.output_item.done", "response.completed"]
    assert [event["sequence_number"] for event in events_of(text)] == list(range(len(kinds)))


def test_responses_know_functions_custom_tools_and_namespaces(server):
    flat = {"type": "function", "name": "shell", "parameters": TOOLS[3]["function"]["parameters"]}
    offered = [{"type": "namespace", "name": "n", "tools": [flat]}, {"type": "custom", "name": "apply_patch", "format": {}}, {"type": "web_search"}]
    first = json.loads(post(server, "/v1/responses", {"model": "oracle:none", "input": SLUG.text, "tools": offered})[2])["output"][-1]
    assert (first["type"], first["name"], json.loads(first["arguments"])) == ("function_call", "shell", {"command": "cat lib/slug.js"})
    items = [{"role": "user", "content": [{"type": "input_text", "text": SLUG.text}]}, first,
             {"type": "function_call_output", "call_id": first["call_id"], "output": SLUG.files["lib/slug.js"]}]
    second = json.loads(post(server, "/v1/responses", {"model": "oracle:none", "input": items, "tools": offered})[2])["output"][-1]
    assert second["type"] == "custom_tool_call" and second["input"].startswith("*** Begin Patch")


def test_ollama_is_there_only_when_asked_for(server):
    assert post(server, "/api/chat", {"model": "m", "messages": []})[0] == 404
    with fake_model.FakeModel(ollama=True) as other:
        lines = post(other, "/api/chat", {"model": "oracle:none", "messages": [user(SLUG.text)], "tools": TOOLS})[2].splitlines()
        assert json.loads(lines[0])["message"]["tool_calls"][0]["function"]["arguments"] == {"path": "lib/slug.js"}
        assert json.loads(lines[-1])["done"] and json.loads(lines[-1])["prompt_eval_count"] > 0
        assert json.loads(post(other, "/api/show", {"model": "oracle:none"})[2])["model_info"]["general.architecture"] == "qwen2"


def test_ollama_cuts_at_num_ctx(server):
    long = [user(SLUG.text), user("x" * 4 * fake_model.CUT_CONTEXT)]
    with fake_model.FakeModel(ollama=True) as other:
        for context, read in ((None, fake_model.CUT_CONTEXT), (fake_model.CUT_CONTEXT * 2, None)):
            options = {"options": {"num_ctx": context}} if context else {}
            text = post(other, "/api/chat", {"model": "oracle:none", "messages": long, "stream": False, **options})[2]
            count = json.loads(text)["prompt_eval_count"]
            assert count == read if read else count > fake_model.CUT_CONTEXT


# -- what is noticed -----------------------------------------------------------------------------------------------------
def call_message(*ids):
    return {"role": "assistant", "content": None, "tool_calls": [{"id": id_, "type": "function", "function": {"name": "t", "arguments": "{}"}} for id_ in ids]}


def result_message(id_):
    return {"role": "tool", "tool_call_id": id_, "content": "done"}


@pytest.mark.parametrize("messages, found", [
    ([user("hi")], ""),
    ([user("hi"), call_message("a", "b"), result_message("a"), result_message("b")], ""),
    ([user("hi"), call_message("a"), user("and?")], "calls without results"),
    ([user("hi"), call_message("a")], "have no result"),
    ([user("hi"), result_message("a")], "without its call"),
    ([user("hi"), call_message("a", "a"), result_message("a"), result_message("a")], "one id"),
    ([{"role": "robot", "content": "hi"}], "role 'robot'"),
    ([{"role": "system", "content": "hi"}], "no user turn"),
])
def test_a_broken_conversation_is_noticed(messages, found):
    said = "; ".join(talk.parse("/v1/chat/completions", {"model": "m", "messages": messages}).violations)
    assert found in said if found else said == ""


def test_the_record_says_how_much_of_the_prompt_was_kept(server, tmp_path):
    with fake_model.FakeModel(record=tmp_path / "requests.jsonl") as other:
        turns = [user("hi"), {"role": "assistant", "content": "Hello"}, user("and now?")]
        for messages in (turns[:1], turns, [user("hi"), {"role": "assistant", "content": "Hallo"}, user("and now?")]):
            ask(other, "oracle:none", messages)
    entries = [json.loads(line) for line in (tmp_path / "requests.jsonl").read_text().splitlines()]
    assert "common_prefix" not in entries[0]
    assert entries[1]["common_prefix"] == entries[1]["previous_characters"] == entries[0]["prompt_characters"]
    assert entries[2]["common_prefix"] < entries[2]["previous_characters"]
    assert entries[1]["monotonic_ns"] > entries[0]["monotonic_ns"] and json.loads(entries[1]["body"])["messages"] == turns


def test_it_is_a_program_too(tmp_path):
    program = pathlib.Path(fake_model.__file__)
    with subprocess.Popen([sys.executable, "-B", program], stdout=subprocess.PIPE, text=True) as process:
        try:
            word, url = process.stdout.readline().split()
            assert word == "ready" and url.startswith("http://127.0.0.1:") and url.endswith("/v1")
        finally:
            process.kill()


# -- texts and gaps ------------------------------------------------------------------------------------------------------
SLUG_TEXT = next(iter(SLUG.reference.values()))


def middle_of(text):
    """(before, gap, after) somewhere in the middle of a reference."""
    at, end = len(text) // 3, len(text) * 2 // 3
    return text[:at], text[at:end], text[end:]


def test_a_text_goes_on_as_the_reference_does(server):
    before, gap, after = middle_of(SLUG_TEXT)
    body = {"model": "oracle:none", "prompt": before, "max_tokens": 1000}
    whole = json.loads(post(server, "/v1/completions", body)[2])
    assert whole["object"] == "text_completion" and whole["choices"][0] == {"index": 0, "text": gap + after, "logprobs": None, "finish_reason": "stop"}
    assert whole["usage"]["total_tokens"] == whole["usage"]["prompt_tokens"] + whole["usage"]["completion_tokens"]
    events = post(server, "/v1/completions", {**body, "stream": True, "stream_options": {"include_usage": True}})[2].split("\n\n")
    assert events[-2:] == ["data: [DONE]", ""]
    chunks = [json.loads(event[6:]) for event in events[:-2]]
    assert "".join(chunk["choices"][0]["text"] for chunk in chunks[:-1]) == gap + after
    assert chunks[-2]["choices"][0]["finish_reason"] == "stop" and chunks[-1]["usage"] == whole["usage"]
    short = json.loads(post(server, "/v1/completions", {**body, "max_tokens": 2})[2])["choices"][0]
    assert short["text"] == (gap + after)[:8] and short["finish_reason"] == "length"
    stop = gap[5:9]
    assert json.loads(post(server, "/v1/completions", {**body, "stop": [stop]})[2])["choices"][0]["text"] == gap[:gap.find(stop)]


@pytest.mark.parametrize("form", [
    "<|file_sep|>x\n<|fim_prefix|>{0}<|fim_suffix|>{1}<|fim_middle|>", "<fim_prefix>{0}<fim_suffix>{1}<fim_middle>", "<PRE> {0} <SUF>{1} <MID>",
    "<｜fim▁begin｜>{0}<｜fim▁hole｜>{1}<｜fim▁end｜>", "[SUFFIX]{1}[PREFIX]{0}"])
def test_a_gap_is_known_by_the_words_around_it(server, form):
    before, gap, after = middle_of(SLUG_TEXT)
    body = {"model": "qwen2.5-coder", "prompt": form.format(before, after), "max_tokens": 1000}
    assert json.loads(post(server, "/v1/completions", body)[2])["choices"][0]["text"].strip("\n") == gap.strip("\n")


def test_infill_is_there_where_it_is_wanted(server):
    before, gap, after = middle_of(SLUG_TEXT)
    body = {"input_prefix": before, "input_suffix": after, "n_predict": 1000, "stream": True}
    assert post(server, "/infill", body)[0] == 404
    with fake_model.FakeModel(infill=True) as other:
        events = [json.loads(event[6:]) for event in post(other, "/infill", body)[2].split("\n\n")[:-1]]
        assert "".join(event["content"] for event in events).strip("\n") == gap.strip("\n")
        assert [event["stop"] for event in events] == [False] * (len(events) - 1) + [True]
        assert events[-1]["stop_type"] == "eos" and events[-1]["tokens_evaluated"] > 0
        assert other.text_calls()[-1]["gap"]
        unknown = {"input_extra": [{"filename": "a", "text": "total = sum(list)\n"}], "input_prefix": "x\ntotal = ", "input_suffix": ""}
        assert json.loads(post(other, "/infill", unknown)[2])["content"] == "sum(list)"
        assert other.text_calls()[-1]["common_prefix"] == 0
        for broken in ({}, {"input_prefix": "a"}, {"input_prefix": 1, "input_suffix": ""}, {"input_prefix": "", "input_suffix": "", "input_extra": [1]}):
            assert post(other, "/infill", broken)[0] == 400


def test_ollama_goes_on_with_a_text_too(server):
    before, gap, after = middle_of(SLUG_TEXT)
    assert post(server, "/api/generate", {"model": "m", "prompt": before})[0] == 404
    with fake_model.FakeModel(ollama=True) as other:
        lines = post(other, "/api/generate", {"model": "m", "prompt": before, "suffix": after})[2].splitlines()
        assert "".join(json.loads(line)["response"] for line in lines).strip("\n") == gap.strip("\n")
        assert json.loads(lines[-1])["done_reason"] == "stop" and json.loads(lines[-1])["eval_count"] > 0
        raw = {"model": "m", "prompt": f"<fim_prefix>{before}<fim_suffix>{after}<fim_middle>", "raw": True, "stream": False, "options": {"num_predict": 1}}
        assert json.loads(post(other, "/api/generate", raw)[2])["done_reason"] == "length"


# -- the form of an answer -----------------------------------------------------------------------------------------------
SCHEMA = {"type": "object", "properties": {"answer": {"enum": ["yes", "no"]}, "reasons": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/reason"}}},
          "required": ["answer", "reasons"], "$defs": {"reason": {"type": "object", "properties": {"weight": {"type": "integer", "minimum": 3}}}}}
MATCHING = {"answer": "yes", "reasons": [{"weight": 3}]}


def test_an_answer_matches_the_schema(server):
    strict = {"type": "json_schema", "json_schema": {"name": "a", "strict": True, "schema": SCHEMA}}
    assert json.loads(ask(server, "oracle:none", [user("hi")], response_format=strict)["message"]["content"]) == MATCHING
    assert json.loads(ask(server, "oracle:none", [user("hi")], response_format={"type": "json_object"})["message"]["content"]) == {}
    assert ask(server, "oracle:none", [user("hi")], response_format={"type": "text"})["message"]["content"] == oracle.GREETING
    responses = {"model": "oracle:none", "input": "hi", "text": {"format": {"type": "json_schema", "name": "a", "schema": SCHEMA}}}
    assert json.loads(json.loads(post(server, "/v1/responses", responses)[2])["output"][0]["content"][0]["text"]) == MATCHING
    with fake_model.FakeModel(ollama=True) as other:
        chat = {"model": "m", "messages": [user("hi")], "stream": False, "format": SCHEMA}
        assert json.loads(json.loads(post(other, "/api/chat", chat)[2])["message"]["content"]) == MATCHING
    endless = {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}
    for broken in ("x", {"type": "json_schema"}, {"type": "json_schema", "json_schema": {"schema": endless}},
                   {"type": "json_schema", "json_schema": {"schema": {"$ref": "#/nowhere"}}}):
        assert post(server, "/v1/chat/completions", {"model": "m", "messages": [user("hi")], "response_format": broken})[0] == 400


def test_a_tool_is_called_when_it_must_be_and_only_then(server):
    def called(**more):
        return [call["function"]["name"] for call in ask(server, "oracle:none", [user("hi")], tools=TOOLS, **more)["message"].get("tool_calls", [])]

    assert called() == called(tool_choice="auto") == called(tool_choice=None) == []
    assert called(tool_choice={"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": []}}) == ["read_file"]
    assert called(tool_choice="required") == ["read_file"]
    assert called(tool_choice={"type": "function", "function": {"name": "shell"}}) == ["shell"]
    task = [user(SLUG.text)]
    assert ask(server, "oracle:none", task, tools=TOOLS)["finish_reason"] == "tool_calls"
    assert ask(server, "oracle:none", task, tools=TOOLS, tool_choice="none")["finish_reason"] == "stop"
    for more in ({"tool_choice": "required"}, {"tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "nobody"}}}, {"tool_choice": "perhaps"}):
        assert post(server, "/v1/chat/completions", {"model": "m", "messages": [user("hi")], **more})[0] == 400
