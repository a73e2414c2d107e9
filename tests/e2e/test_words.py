"""What the command line says to words that it does not take."""

import pathlib

import pytest


@pytest.mark.parametrize("words, wrong, meant", [
    (["modle"], "modle", "model"),
    (["modle", "list"], "modle", "model"),
    (["model", "lst"], "lst", "list"),
    (["review", "qeue"], "qeue", "queue"),
    (["policy", "shwo"], "shwo", "show"),
    (["fix", "--tset", "true"], "--tset", "--test"),
    (["run", "hello", "--mdoel=x"], "--mdoel=x", "--model"),
])
def test_a_mistyped_word_gets_the_nearest_one(edgecoder, words, wrong, meant):
    done = edgecoder(*words)
    assert done.status == 2 and done.out == ""
    assert f"'{wrong}'; did you mean '{meant}'?" in done.err
    assert "--help" in done.err and len(done.err.splitlines()) == 2


@pytest.mark.parametrize("words, said", [
    (["frobnicate"], "no command 'frobnicate'\n"),
    (["model"], "model needs a command: list, pull"),
    (["run", "fix", "the", "bug"], "words that belong together need quotes"),
    (["fix the bug"], 'edgecoder run "TASK"'),
    (["\x1b[2J" + "x" * 5000], "no command"),
])
def test_a_word_that_is_near_nothing_says_what_to_do(edgecoder, words, said):
    done = edgecoder(*words)
    assert done.status == 2
    assert said in done.err and "\x1b" not in done.err and len(done.err) < 400


@pytest.mark.parametrize("value", ["0", "-1", "100001", "99999999999999999999999", "1.5", "many"])
@pytest.mark.parametrize("words", [["egress"], ["review", "list"]])
def test_a_limit_is_a_number_from_one_on(edgecoder, words, value):
    done = edgecoder(*words, f"--limit={value}")
    assert done.status == 2 and done.out == ""
    assert "is not a number from 1 to 100000" in done.err
    assert len(done.err) < 300


@pytest.mark.parametrize("words, said", [
    (["run", "x", "--samples=0"], "'0' is not a number from 1 to 64"),
    (["run", "x", "--seed=-1"], "'-1' is not a whole number from 0 on"),
    (["run", "x", "--budget=soon"], "'soon' is not a number of seconds"),
    (["run", "x", "--budget=0x10"], "'0x10' is not a number of seconds"),
    (["run", "x", "--budget", " 5"], "' 5' is not a number of seconds"),
    (["fix", "--test", "x", "--budget=5 "], "'5 ' is not a number of seconds"),
    (["exec", "--timeout=inf", "--", "true"], "'inf' is not a number of seconds"),
    (["fix", "--test", "x", "--budget=nan"], "'nan' is not a number of seconds"),
    (["exec", "--memory=lots", "--", "true"], "'lots' is not a whole number"),
    (["exec", "--timeout=1m", "--", "true"], "'1m' is not a number of seconds"),
    (["review", "show", "abc"], "'abc' is not a whole number from 1 on"),
    (["review", "accept", "1", "--timeout=x"], "'x' is not a number of seconds"),
])
def test_numbers_are_asked_for_in_one_sentence(edgecoder, words, said):
    done = edgecoder(*words)
    assert done.status == 2 and said in done.err and len(done.err) < 300


@pytest.mark.parametrize("word", ["a" * 100_000, "a/" * 50_000])
@pytest.mark.parametrize("words", [
    ["model", "add"],
    ["run", "x", "--dir"],
    ["run", "x", "--approve"],
    ["fix", "--test", "x", "--dir"],
    ["exec", "--apply", "--approve"],
    ["undo", "--dir"],
    ["diff", "--dir"],
    ["resume", "--dir"],
    ["policy", "check"],
    ["--dir"],
])
def test_a_word_without_end_is_not_said_again_whole(edgecoder, words, word):
    done = edgecoder(*words, word, *(["true"] if words[0] == "exec" else []))
    assert done.status in (1, 2, 3)
    assert "aa" in done.err or "a/a" in done.err
    assert len(done.err) < 500


def test_events_of_fix_are_described(edgecoder):
    root = pathlib.Path(__file__).resolve().parents[2]
    assert "docs/events.md" in edgecoder("fix", "--help").out
    text = (root / "docs/events.md").read_text()
    assert "fix --events" in text and "per_second" in text
