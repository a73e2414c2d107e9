"""`edgecoder review` as a person uses it: queue, look, send, accept, against a server that speaks OpenAI's protocol."""

import http.server
import json
import os
import stat
import threading

import pytest

CODE = "def add(a, b):\n    return a - b\n"
TEST = """import unittest
from calc import add


class Adding(unittest.TestCase):
    def test_add(self):
        self.assertEqual(add(1, 2), 3)
"""
DIFF = "--- a/calc.py\n+++ b/calc.py\n@@ -1,2 +1,2 @@\n def add(a, b):\n-    return a - b\n+    return a + b\n"
ANSWER = f"The sign is wrong.\n\n```diff\n{DIFF}```\n"
RED = ANSWER.replace("a + b", "a * b")


class Model(http.server.BaseHTTPRequestHandler):
    """Answers every chat with the same text and keeps what it was asked."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(body)
        usage = {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500}
        if body.get("stream"):
            events = [
                {"choices": [{"index": 0, "delta": {"role": "assistant", "content": self.server.answer}}]},
                {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": usage},
            ]
            data = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
            self.reply("text/event-stream", data)
        else:
            message = {"role": "assistant", "content": self.server.answer}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            self.reply("application/json", json.dumps({"choices": [choice], "usage": usage}))

    def do_GET(self):
        self.reply("application/json", json.dumps({"object": "list", "data": [{"id": "large", "object": "model"}]}))

    def reply(self, kind, text):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *arguments):
        pass


@pytest.fixture
def model():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Model)
    server.asked, server.answer = [], ANSWER
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "calc.py").write_text(CODE)
    (folder / "test_calc.py").write_text(TEST)
    return folder


@pytest.fixture
def review(edgecoder, tmp_path):
    """Runs `edgecoder review …` with a data and a configuration folder of its own."""
    (tmp_path / "config/edgecoder").mkdir(parents=True)
    env = {"EDGECODER_DATA_DIR": str(tmp_path / "data"), "XDG_CONFIG_HOME": str(tmp_path / "config")}

    def run(*arguments, **more):
        return edgecoder("review", *arguments, env={**env, **more.pop("env", {})}, **more)

    run.data = tmp_path / "data"
    run.config = tmp_path / "config/edgecoder/config.toml"
    return run


def configure(review, model, extra='price_in = "2.00"\nprice_out = "10.00"\n', cap="1.00"):
    review.config.write_text(
        f'[review]\ncurrency = "EUR"\nmax_spend_per_day = "{cap}"\n'
        f'[review.big]\nurl = "http://127.0.0.1:{model.server_port}/v1"\nmodel = "large"\nmax_tokens = 2000\n{extra}')


def queue(review, project, *more):
    done = review("queue", "--dir", project, "--task", "add() must add", "--test", "python3 -m unittest",
                  "--file", "calc.py", *more)
    assert done.status == 0, done.err
    return done.out.strip()


def test_a_question_goes_out_as_it_was_shown_and_its_answer_is_tested_before_it_is_written(review, model, project):
    configure(review, model)
    number = queue(review, project)
    shown = review("show", number)
    assert "    2 |     return a - b" in shown.out and "-1 != 3" in shown.out
    assert str(project) not in shown.out
    assert not model.asked, "nothing leaves before send"
    sent = review("send", number, "--yes", "--json").json()["reviews"][0]
    assert sent["state"] == "answered" and sent["package"] == shown.out
    assert sent["spent"] == "0.007" and sent["currency"] == "EUR"
    asked = [body for body in model.asked if body["messages"][-1]["content"] == shown.out]
    assert len(asked) == 1 and len(asked[0]["messages"]) == 1
    assert (project / "calc.py").read_text() == CODE
    accepted = review("accept", number, "--json").json()
    assert accepted["tests"]["outcome"] == "passed" and accepted["applied"] and accepted["state"] == "accepted"
    assert "+    return a + b" in accepted["patch"]
    assert (project / "calc.py").read_text() == CODE.replace("a - b", "a + b")
    assert review("accept", number).status == 1, "twice"


def test_an_answer_whose_tests_fail_is_not_written_unless_a_person_says_so(review, model, project):
    configure(review, model)
    model.answer = RED
    number = queue(review, project)
    assert review("send", number, "--yes").status == 0
    refused = review("accept", number, "--json")
    assert refused.status == 1 and refused.json()["tests"]["outcome"] == "failed" and not refused.json()["applied"]
    assert (project / "calc.py").read_text() == CODE
    assert review("accept", number, "--anyway").status == 0
    assert "a * b" in (project / "calc.py").read_text()


def test_a_new_file_with_the_placeholder_of_a_secret_is_refused(review, model, project):
    configure(review, model)
    model.answer = ANSWER + "\nsettings.py\n```\nTOKEN = '[withheld: access token]'\n```\n"
    number = queue(review, project)
    review("send", number, "--yes")
    assert review("accept", number, "--anyway").status != 0
    assert not (project / "settings.py").exists() and (project / "calc.py").read_text() == CODE


def test_an_answer_can_be_edited_before_it_is_accepted(review, model, project, tmp_path):
    configure(review, model)
    model.answer = RED
    number = queue(review, project)
    review("send", number, "--yes")
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i "s/a \\* b/a + b/" "$1"\n')
    editor.chmod(0o755)
    edited = review("edit", number, "--json", env={"EDITOR": str(editor), "VISUAL": ""}).json()
    assert edited["changed"] and edited["edited"] and edited["problem"] == ""
    assert review("accept", number).status == 0
    assert review("edit", number, env={"EDITOR": "true", "VISUAL": ""}).status == 1, "it is accepted"


def test_offline_it_waits_and_can_be_sent_later(review, model, project):
    configure(review, model)
    number = queue(review, project)
    text = review.config.read_text()
    review.config.write_text(text.replace(str(model.server_port), "1"))
    offline = review("send", "--all", "--yes", "--dir", project)
    assert offline.status == 3 and "waits" in offline.err
    item = review("list", "--json").json()["reviews"][0]
    assert item["state"] == "queued" and item["note"] and item["spent"] == "0.00"
    review.config.write_text(text)
    assert review("send", "--all", "--yes", "--dir", project).status == 0
    assert "+    return a + b\n" in review("show", number, "--answer").out


def test_nothing_is_sent_above_the_cap_or_without_a_persons_word(review, model, project):
    configure(review, model, cap="0.001")
    number = queue(review, project)
    unasked = review("send", number)
    assert unasked.status == 2 and "--yes" in unasked.err
    above = review("send", number, "--yes", "--json")
    assert above.status == 3 and "may cost" in above.json()["reason"]
    assert not model.asked
    assert review("list", "--state", "queued", "--json").json()["reviews"][0]["id"] == int(number)


def test_secrets_are_withheld_and_files_of_secrets_refused(review, model, project):
    (project / ".env").write_text("TOKEN=1\nDB_PASS=zebrapianoten7 # ours\n")
    (project / "calc.py").write_text(CODE + 'aws_key = "AKIAQ3EGXY7TZK4M2VWN"\npassword = "hX9f3kQ81-vBq27zPw"\nwhere = "zebrapianoten7"\n')
    shown = review("show", queue(review, project)).out
    assert "AKIAQ3EGXY7TZK4M2VWN" not in shown and "hX9f3kQ81" not in shown and "zebrapianoten7" not in shown and "[withheld" in shown
    refused = review("queue", "--dir", project, "--task", "t", "--file", ".env")
    assert refused.status == 3 and "secret" in refused.err


def test_wrong_words_are_wrong_usage(review, project):
    for words in (["queue", "--task", "x", "--dir", project, "--file", "../x"], ["show", "7"], ["show"],
                  ["send"], ["list", "--state", "lost"], ["queue", "--task", "x", "--dir", project, "--why", "bored"],
                  ["queue", "--task", "x", "--dir", project, "--file", "calc.py:9-2"], ["accept", "1", "2"], ["nonsense"]):
        assert review(*words).status == 2, words
    number = queue(review, project)
    assert review("send", number, "--yes").status == 2, "no reviewer is configured"
    review.config.write_text('[review.big]\nurl = "http://127.0.0.1:1"\nmodle = "x"\n')
    broken = review("send", number, "--yes")
    assert broken.status == 2 and "modle" in broken.err or "model" in broken.err


def test_the_queue_is_for_its_owner_only(review, project):
    number = queue(review, project)
    assert stat.S_IMODE(os.stat(review.data / "review.db").st_mode) == 0o600
    assert review("reject", number, "--json").json()["state"] == "rejected"
    assert review("reject", number).status == 1
