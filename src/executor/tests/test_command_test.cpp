// Which runner stands behind what people type.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/executor/test_command.hpp>
#include <fstream>

namespace ec::executor {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

class RecogniseTest : public ::testing::Test {
protected:
    RecogniseTest() : room_(TempDir::create("ec-recognise-").value()) {
        write("package.json", R"({"scripts": {
            "test": "mocha --recursive",
            "unit": "NODE_ENV=test jest --ci",
            "native": "node --test",
            "all": "npm run unit -- --bail",
            "built": "tsc -p . && vitest run",
            "hooked": "jest", "prehooked": "tsc",
            "piped": "mocha | cat",
            "glob": "tape test/*.js",
            "loop": "npm run loop",
            "bad": 7}})");
        write("test/b.js", "");
        write("test/a.js", "");
        write("sub/test_x.py", "");
        write("node_modules/.bin/mocha", "");
        write("node_modules/.bin/jest", "");
        write("node_modules/.bin/vitest", "");
        write("web/package.json", R"({"scripts": {"test": "vitest"}})");
    }
    void write(const std::string& path, std::string_view content) {
        fs::create_directories((workspace() / path).parent_path());
        std::ofstream(workspace() / path) << content;
    }
    [[nodiscard]] const fs::path& workspace() const { return room_.path(); }
    TestCommand recognise(std::string_view text) { return recognise_test_command(text, workspace()); }

    TempDir room_;
};

struct Row {
    const char* text;
    Framework framework;
    const char* words;  ///< joined by spaces
    const char* interpreter;
    const char* arguments;
};

TEST_F(RecogniseTest, CommandsArePutDownToTheirRunner) {
    using enum Framework;
    const Row rows[] = {
        {"pytest", pytest, "pytest", "", ""},
        {"  pytest -q tests  ", pytest, "pytest -q tests", "", "-q tests"},
        {"py.test -x", pytest, "py.test -x", "", "-x"},
        {"/opt/venv/bin/pytest a.py", pytest, "/opt/venv/bin/pytest a.py", "", "a.py"},
        {"python -m pytest -q", pytest, "python -m pytest -q", "python", "-q"},
        {"python3.11 -X dev -W error -m pytest", pytest, "python3.11 -X dev -W error -m pytest",
         "python3.11 -X dev -W error", ""},
        {"/x/bin/python -mpytest -q", pytest, "/x/bin/python -m pytest -q", "/x/bin/python", "-q"},
        {"python -Im pytest", pytest, "python -I -m pytest", "python -I", ""},
        {"pypy3 -m pytest", pytest, "pypy3 -m pytest", "pypy3", ""},
        {"python /usr/bin/pytest -q", pytest, "python /usr/bin/pytest -q", "python", "-q"},
        {"poetry run pytest -q", pytest, "poetry run pytest -q", "", "-q"},
        {"coverage run -m pytest -q", pytest, "coverage run -m pytest -q", "", "-q"},
        {"python -m unittest", unittest, "python -m unittest", "python", ""},
        {"python3 -m unittest discover -s tests", unittest, "python3 -m unittest discover -s tests", "python3",
         "discover -s tests"},
        {"python3 -m doctest f.py", doctest, "python3 -m doctest f.py", "python3", "f.py"},
        {"python test_x.py", command, "python test_x.py", "", ""},
        {"python -c 'import pytest'", command, "python -c import pytest", "", ""},
        {"python -m http.server", command, "python -m http.server", "", ""},
        {"python", command, "python", "", ""},
        {"node --test", node_test, "node --test", "node", ""},
        {"node --import tsx --test --test-name-pattern=x a.ts", node_test,
         "node --import tsx --test --test-name-pattern=x a.ts", "node --import tsx", "--test-name-pattern=x a.ts"},
        {"node a.js --test", command, "node a.js --test", "", ""},
        {"node node_modules/jest/bin/jest.js --ci", jest, "node node_modules/jest/bin/jest.js --ci", "node", "--ci"},
        {"jest src", jest, "node_modules/.bin/jest src", "", "src"},
        {"npx jest src", jest, "node_modules/.bin/jest src", "", "src"},
        {"npx --no-install vitest run", vitest, "node_modules/.bin/vitest run", "", "run"},
        {"yarn mocha -b", mocha, "node_modules/.bin/mocha -b", "", "-b"},
        {"pnpm exec vitest", vitest, "node_modules/.bin/vitest", "", ""},
        {"npm exec -- jest", jest, "node_modules/.bin/jest", "", ""},
        {"node_modules/.bin/mocha x.js", mocha, "node_modules/.bin/mocha x.js", "", "x.js"},
        {"npm test", mocha, "node_modules/.bin/mocha --recursive", "", "--recursive"},
        {"npm t -- --grep 'a b'", mocha, "node_modules/.bin/mocha --recursive --grep a b", "",
         "--recursive --grep a b"},
        {"npm --silent run unit", jest, "node_modules/.bin/jest --ci", "", "--ci"},
        {"npm run native", node_test, "node --test", "node", ""},
        {"npm run all", jest, "node_modules/.bin/jest --ci --bail", "", "--ci --bail"},
        {"yarn unit --bail", jest, "node_modules/.bin/jest --ci --bail", "", "--ci --bail"},
        {"pnpm run native", node_test, "node --test", "node", ""},
        {"npm run built", vitest, "npm run built", "", "run"},
        {"npm run hooked", jest, "npm run hooked", "", ""},
        {"npm run piped", command, "npm run piped", "", ""},
        {"npm run glob", tap, "tape test/a.js test/b.js", "", "test/a.js test/b.js"},
        {"npm run missing", command, "npm run missing", "", ""},
        {"npm run bad", command, "npm run bad", "", ""},
        {"npm install", command, "npm install", "", ""},
        {"nyc mocha", mocha, "nyc mocha", "", ""},
        {"prove -l t", tap, "prove -l t", "", "-l t"},
        {"tap test/*.js", tap, "tap test/a.js test/b.js", "", "test/a.js test/b.js"},
        {"ctest --test-dir build", ctest, "ctest --test-dir build", "", "--test-dir build"},
        {"go test ./...", go_test, "go test ./...", "", "./..."},
        {"go build", command, "go build", "", ""},
        {"cargo +nightly test --lib", cargo_test, "cargo +nightly test --lib", "", "--lib"},
        {"make test", command, "make test", "", ""},
        {"pytest | tail", command, "", "", ""},
        {"pytest -q 2>&1", pytest, "pytest -q", "", "-q"},
        {"pytest 2>&1 | tail", command, "", "", ""},
        {"pytest 2>err", command, "", "", ""},
        {"tape test/*.js | tap-spec", tap, "tape test/a.js test/b.js", "", "test/a.js test/b.js"},
        {"pytest $ARGS", command, "", "", ""},
        {"pytest 'open", command, "", "", ""},
        {"pytest; echo done", command, "", "", ""},
        {"if true; then pytest; fi", command, "", "", ""},
        {"python setup.py build && pytest -q", pytest, "", "", "-q"},
        {"npm run lint && jest --ci", jest, "", "", "--ci"},
        {"", command, "", "", ""},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.text);
        const TestCommand got = recognise(row.text);
        EXPECT_EQ(name(got.framework), name(row.framework));
        EXPECT_EQ(join(got.words, " "), row.words);
        EXPECT_EQ(join(got.interpreter, " "), row.interpreter);
        EXPECT_EQ(join(got.runner_arguments, " "), row.arguments);
    }
}

TEST_F(RecogniseTest, LeadingAssignmentsAndDirectoriesAreTakenOff) {
    const TestCommand command = recognise("cd sub && PYTHONPATH=.. X='a b' pytest -q");
    EXPECT_EQ(command.framework, Framework::pytest);
    EXPECT_EQ(command.directory, "sub");
    EXPECT_THAT(command.environment, ElementsAre(Pair("PYTHONPATH", ".."), Pair("X", "a b")));
    EXPECT_THAT(command.words, ElementsAre("pytest", "-q"));
    EXPECT_EQ(recognise("cd sub && cd .. && pytest").directory, ".");
    EXPECT_EQ(recognise("cd " + (workspace() / "sub").native() + " && pytest").directory, "sub");
    EXPECT_THAT(recognise("env A=1 pytest").environment, ElementsAre(Pair("A", "1")));
}

TEST_F(RecogniseTest, ADirectoryOutsideTheWorkspaceIsLeftToTheShell) {
    for (const char* text : {"cd .. && pytest", "cd / && pytest", "cd sub/../.. && pytest", "cd - && pytest"}) {
        SCOPED_TRACE(text);
        const TestCommand command = recognise(text);
        EXPECT_THAT(command.words, IsEmpty());
        EXPECT_EQ(command.directory, ".");
    }
}

TEST_F(RecogniseTest, ToolsAreFoundInTheNearestNodeModules) {
    const TestCommand command = recognise("cd web && npm test");
    EXPECT_EQ(command.framework, Framework::vitest);
    EXPECT_EQ(command.directory, "web");
    EXPECT_THAT(command.words, ElementsAre("../node_modules/.bin/vitest"));
}

TEST_F(RecogniseTest, AScriptThatCallsItselfIsLeftToNpm) {
    EXPECT_EQ(recognise("npm run loop").framework, Framework::command);
    EXPECT_THAT(recognise("npm run loop").words, ElementsAre("npm", "run", "loop"));
}

TEST_F(RecogniseTest, QuotedPatternsStayAsTheyAre) {
    EXPECT_THAT(recognise("mocha 'test/*.js'").runner_arguments, ElementsAre("test/*.js"));
    EXPECT_THAT(recognise("mocha none/*.js").runner_arguments, ElementsAre("none/*.js"));
}

TEST_F(RecogniseTest, ShellCommandsAreAskedForAReportAtTheirEnd) {
    const RunSpec spec = test_run(recognise("npm run lint && jest --ci"));
    ASSERT_EQ(spec.argv.size(), 3U);
    EXPECT_EQ(spec.argv[2], "npm run lint && jest --ci --reporters=default --reporters=" + std::string(kSupportDir) +
                                "/ec_jest_reporter.cjs");
}

TEST_F(RecogniseTest, NpmScriptsGetTheirArgumentsAfterTwoDashes) {
    const RunSpec spec = test_run(recognise("npm run hooked"));
    EXPECT_THAT(spec.argv, ElementsAre("npm", "run", "hooked", "--", "--reporters=default",
                                       "--reporters=" + std::string(kSupportDir) + "/ec_jest_reporter.cjs"));
}

TEST_F(RecogniseTest, ThePersonsOwnValuesAreKept) {
    const RunSpec spec = test_run(recognise("PYTEST_ADDOPTS=-x PYTHONPATH=src pytest"));
    EXPECT_THAT(spec.environment, Contains(Pair("PYTHONPATH", std::string(kSupportDir) + ":src")));
    EXPECT_THAT(spec.environment, Contains(Pair("PYTEST_ADDOPTS", HasSubstr(" -x"))));
}

TEST_F(RecogniseTest, APersonsOwnNodeReporterKeepsItsPlace) {
    const RunSpec spec = test_run(recognise("node --test --test-reporter=dot"));
    EXPECT_EQ(std::ranges::count(spec.argv, "--test-reporter-destination=stdout"), 1);
    EXPECT_EQ(std::ranges::count(spec.argv, "--test-reporter=spec"), 0);
}

TEST_F(RecogniseTest, EveryRunGetsAFolderOfItsOwn) {
    const TestCommand command = recognise("pytest");
    EXPECT_NE(test_run(command).artifact_dir, test_run(command).artifact_dir);
}

}  // namespace
}  // namespace ec::executor
