"""The tree obeys its own rules, and each rule notices when it is broken."""

import json
import pathlib
import subprocess

import pytest
import rules

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Files that may be longer than the style asks, each with its reason.
LONGER_FOR_A_REASON = {}


def test_every_module_has_a_row_and_the_table_has_no_cycle():
    assert rules.table_violations(ROOT) == []


def test_modules_include_only_what_their_row_allows():
    assert rules.include_violations(ROOT) == []


def test_modules_link_only_what_their_row_allows():
    assert rules.cmake_violations(ROOT) == []


def test_files_stay_short_enough_to_read():
    assert rules.length_violations(ROOT, LONGER_FOR_A_REASON) == []


def test_every_preset_is_there():
    assert rules.preset_violations(ROOT) == []


def test_npm_sources_are_pinned_exactly():
    assert rules.npm_violations(ROOT) == []


def test_no_registry_host_is_named():
    assert rules.host_violations(ROOT) == []


def test_links_in_documents_lead_somewhere():
    assert rules.link_violations(ROOT) == []


def test_every_library_is_listed():
    assert rules.dependency_violations(ROOT) == []


def test_the_two_agents_stay_apart():
    assert list(rules.path_violations(ROOT)) == []


def test_the_page_of_attack_classes_and_the_tests_agree():
    assert rules.attack_violations(ROOT) == []


@pytest.mark.parametrize("script", ["scripts/quickstart", "scripts/test", ".ci/run"])
def test_scripts_are_executable_and_parse(script):
    path = ROOT / script
    assert path.stat().st_mode & 0o111
    assert subprocess.run(["bash", "-n", str(path)], capture_output=True).returncode == 0


# --- each rule notices its violation -----------------------------------------------------------------------------

TABLE = """# Architecture

| module | holds | may use | wraps |
|---|---|---|---|
| `core` | values | | `fmt/`\\* `xxhash.h` |
| `json` | text | `core` | `boost/json`|
| `engine` | work | `json` | |
| `box` | the sandbox | `core` | `seccomp.h` |
"""


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/architecture.md").write_text(TABLE)
    (tmp_path / "docs/dependencies.md").write_text("fmt, Boost\n")
    (tmp_path / "CMakeLists.txt").write_text("")
    for module in ("core", "json", "engine", "box"):
        (tmp_path / "src" / module / "include/ec" / module).mkdir(parents=True)
        (tmp_path / f"src/{module}/include/ec/{module}/{module}.hpp").write_text("#pragma once\n")
    (tmp_path / "src/json/private.hpp").write_text("#pragma once\n")
    return tmp_path


def include(tree, file, text):
    (tree / file).write_text(f"#include {text}\n")
    return rules.include_violations(tree)


@pytest.mark.parametrize(
    "file, text",
    [
        ("src/engine/a.cpp", "<ec/json/json.hpp>"),
        ("src/engine/a.cpp", "<ec/core/core.hpp>"),  # by way of json
        ("src/engine/a.cpp", "<vector>"),
        ("src/engine/a.cpp", "<sys/stat.h>"),
        ("src/engine/a.cpp", "<fmt/format.h>"),  # shown by core
        ("src/engine/a_linux.cpp", "<sys/epoll.h>"),
        ("src/engine/a_macos.cpp", "<libproc.h>"),
        ("src/box/a.cpp", "<linux/landlock.h>"),
        ("src/box/a.cpp", "<seccomp.h>"),
        ("src/json/a.cpp", '"private.hpp"'),
        ("src/json/a.cpp", "<boost/json/value.hpp>"),
    ],
)
def test_a_proper_include_is_accepted(tree, file, text):
    assert include(tree, file, text) == []


@pytest.mark.parametrize(
    "file, text, complaint",
    [
        ("src/json/a.cpp", "<ec/engine/engine.hpp>", "does not let json use engine"),
        ("src/box/a.cpp", "<ec/json/json.hpp>", "does not let box use json"),
        ("src/engine/a.cpp", "<ec/nowhere/x.hpp>", "no such module"),
        ("src/engine/a.cpp", "<ec/json/private.hpp>", "not a public header"),
        ("src/engine/a.cpp", '"../json/private.hpp"', "private header of another module"),
        ("src/engine/a.cpp", "<boost/json.hpp>", "only json may see it"),
        ("src/engine/a.cpp", "<xxhash.h>", "only core may see it"),
        ("src/engine/a.cpp", "<seccomp.h>", "only box may see it"),
        ("src/engine/a.cpp", "<sys/epoll.h>", "*_linux"),
        ("src/engine/a.cpp", "<linux/sched.h>", "*_linux"),
        ("src/engine/a.cpp", "<libproc.h>", "*_macos"),
        ("src/engine/a_macos.cpp", "<sqlite3.hpp>", "third-party"),
        ("src/engine/a_linux.cpp", "<sqlite3.hpp>", "third-party"),
    ],
)
def test_a_wrong_include_is_refused(tree, file, text, complaint):
    found = include(tree, file, text)
    assert len(found) == 1 and complaint in found[0]


def test_a_cycle_in_the_table_is_refused(tree):
    path = tree / "docs/architecture.md"
    path.write_text(TABLE.replace("| `core` | values | |", "| `core` | values | `engine` |"))
    assert any("may use itself" in violation for violation in rules.table_violations(tree))


def test_a_folder_without_a_row_is_refused(tree):
    (tree / "src/extra").mkdir()
    assert rules.table_violations(tree) == ["docs/architecture.md has no row for src/extra"]


def test_a_linked_module_outside_the_row_is_refused(tree):
    (tree / "src/json/CMakeLists.txt").write_text("ec_module(json\n  SOURCES a.cpp\n  DEPS core engine\n  TESTS b.cpp)\n")
    assert rules.cmake_violations(tree) == ["src/json/CMakeLists.txt: json links engine, which its row does not allow"]


def test_a_long_file_is_refused_and_a_stale_excuse_too(tree):
    (tree / "src/core/long.cpp").write_text("\n" * 501)
    assert rules.length_violations(tree, {}) == ["src/core/long.cpp: 501 lines, more than 500"]
    assert rules.length_violations(tree, {"src/core/long.cpp": "a table"}) == []
    assert len(rules.length_violations(tree, {"src/core/long.cpp": "a table", "src/core/gone.cpp": "x"})) == 1


def test_a_version_range_and_a_missing_lock_are_refused(tree):
    (tree / "third_party").mkdir()
    (tree / "third_party/package.json").write_text(json.dumps({"dependencies": {"a": "^1.2.3"}}))
    assert len(rules.npm_violations(tree)) == 2


def test_a_registry_host_is_refused(tree):
    (tree / "notes.txt").write_text("see registry" + ".npmjs" + ".org\n")
    assert len(rules.host_violations(tree)) == 1


def test_a_dead_link_is_refused(tree):
    (tree / "README.md").write_text("[gone](docs/gone.md) [here](docs/architecture.md#part)\n")
    assert rules.link_violations(tree) == ["README.md: docs/gone.md does not exist"]


def test_an_unlisted_library_is_refused(tree):
    (tree / "src/json/CMakeLists.txt").write_text("find_package(Boost 1.81 REQUIRED)\nfind_package(Qt6)\n")
    assert rules.dependency_violations(tree) == ["src/json/CMakeLists.txt: Qt6 is not in docs/dependencies.md"]


def test_an_agent_that_includes_the_other_is_refused(tree):
    (tree / "src/agent/worker").mkdir(parents=True)
    (tree / "src/agent/worker/w.cpp").write_text('#include "../interactive/task.hpp"\n')
    assert "src/agent/interactive" in "".join(rules.path_violations(tree))


def test_an_attack_class_without_its_test_is_refused(tree):
    (tree / "docs/security").mkdir()
    (tree / "docs/security/attack-classes.md").write_text("| reading | `AttackReading.Keys` and `AttackReading.Gone` |\n")
    (tree / "src/box/tests").mkdir()
    (tree / "src/box/tests/attack_reading_test.cpp").write_text(
        "TEST_F(AttackReading, Keys) {\n}\nTEST_F(AttackReading, Unnamed) {\n}\n")
    assert rules.attack_violations(tree) == [
        "attack-classes.md: there is no test AttackReading.Gone",
        "attack-classes.md: AttackReading.Unnamed is not named",
    ]
