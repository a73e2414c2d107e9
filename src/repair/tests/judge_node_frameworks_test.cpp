// The Node driver as each test framework: what it runs, in which order, and under which names.
#include <gmock/gmock.h>

#include "tests/judge_fixture.hpp"

namespace ec::repair {
namespace {

using namespace std::chrono_literals;
using executor::TestOutcome;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class NodeFrameworks : public testing::JudgeTest {};

TEST_F(NodeFrameworks, RunsHooksSubtestsAndTodoAsNodeDoes) {
    write("hooks.test.js", R"(const { test, describe, it, before, after, beforeEach, afterEach } = require('node:test');
const assert = require('assert');
const log = [];
describe('outer', () => {
  before(() => log.push('before'));
  beforeEach(() => log.push('each'));
  afterEach((t) => log.push('done'));
  it('one', () => assert.deepStrictEqual(log, ['before', 'each']));
  describe('inner', () => {
    beforeEach(async () => { await null; log.push('inner'); });
    it('two', (t, done) => { setImmediate(() => { assert.ok(log.includes('inner')); done(); }); });
  });
  it.todo('later');
  it('skipped', { skip: true }, () => { throw new Error('never'); });
});
test('parent', async (t) => {
  await t.test('child', () => {});
  await t.test('bad child', () => { throw new RangeError('no'); });
});
test('mocks', (t) => {
  const spy = t.mock.fn((x) => x + 1);
  assert.strictEqual(spy(1), 2);
  assert.strictEqual(spy.mock.calls.length, 1);
});
)");
    observe("node --test");
    EXPECT_THAT(passing(), ElementsAre("hooks.test.js > outer > one", "hooks.test.js > outer > inner > two",
                                       "hooks.test.js > parent > child", "hooks.test.js > mocks"));
    EXPECT_THAT(failing(), ElementsAre("hooks.test.js > parent > bad child"));
    EXPECT_THAT(ids(TestOutcome::skipped),
                ElementsAre("hooks.test.js > outer > later", "hooks.test.js > outer > skipped"));
}

TEST_F(NodeFrameworks, PlaysMochaProjects) {
    write("package.json", R"({"mocha": {"recursive": true, "timeout": 500}})");
    write("node_modules/.bin/mocha", "#!/usr/bin/env node\n");
    write("lib/stack.js",
          "module.exports = class Stack {\n  constructor() { this.items = []; }\n  push(x) { this.items.push(x); }\n  "
          "pop() {\n    return this.items.shift();\n  }\n};\n");
    write("test/deep/stack.js", R"(const assert = require('assert');
const Stack = require('../../lib/stack');
describe('Stack', function () {
  this.timeout(300);
  beforeEach(function () { this.stack = new Stack(); });
  it('gives the last first', function () { this.stack.push(1); this.stack.push(2); assert.equal(this.stack.pop(), 2); });
  context('empty', () => { it('gives nothing', function (done) { setTimeout(() => { assert.equal(this.stack.pop(), undefined); done(); }, 1); }); });
  it('is planned');
});
)");
    observe("npx mocha");
    EXPECT_THAT(failing(), ElementsAre("test/deep/stack.js > Stack > gives the last first"));
    EXPECT_THAT(passing(), ElementsAre("test/deep/stack.js > Stack > empty > gives nothing"));
    EXPECT_EQ(judge(replace("lib/stack.js", "shift", "pop"), {failing()[0], passing()[0]}).verdict, Verdict::pass);
}

TEST_F(NodeFrameworks, LeavesASuiteBeforeTheNextOneBegins) {
    write("package.json", "{}");
    write("node_modules/.bin/mocha", "#!/usr/bin/env node\n");
    write("options.js", "module.exports = { strict: true };\n");
    write("twice.js", "module.exports = (x) => x + x + 1;\n");
    write("test/support/index.js", "global.log = [];\n");
    write("test/lax.js", R"(const assert = require('assert');
const options = require('../options');
const twice = require('../twice');
describe('lax', () => {
  before(() => { log.push('in'); options.strict = false; });
  after(() => { options.strict = true; log.push('out'); });
  describe('inner', () => it('comes last', () => assert.deepEqual(log, ['in', 'own'])));
  it('doubles', () => { log.push('own'); assert(!options.strict); assert.equal(twice(2), 4); });
  it('stays lax', () => assert(!options.strict));
});
)");
    write("test/strict.js", R"(const assert = require('assert');
describe('strict', () => {
  it('is the default', () => assert(require('../options').strict));
  it('follows a closed suite', () => assert.equal(log.at(-1), 'out'));
});
)");
    observe("npx mocha --require ./test/support");
    const std::string doubles = "test/lax.js > lax > doubles";
    const std::string lax = "test/lax.js > lax > stays lax";
    const std::string strict = "test/strict.js > strict > is the default";
    EXPECT_THAT(failing(), ElementsAre(doubles));
    EXPECT_THAT(passing(), ElementsAre(lax, "test/lax.js > lax > inner > comes last", strict,
                                       "test/strict.js > strict > follows a closed suite"));
    const Candidate fix = replace("twice.js", " + 1", "");
    EXPECT_EQ(judge(fix, {doubles, strict, lax}).verdict, Verdict::pass);
    EXPECT_EQ(judge(fix, {lax, strict, doubles}).verdict, Verdict::pass);
    Candidate stuck = fix;
    stuck.edits.push_back(replace("test/lax.js", "log.push('out')", "x.y").edits[0]);
    EXPECT_EQ(judge(stuck, {doubles, strict}).verdict, Verdict::fail);
}

TEST_F(NodeFrameworks, NamesTheAssertionsOfTapeAsTheReportOfItsCommandDoes) {
    const char* cache = std::getenv("EC_NPM_CACHE");
    if (cache == nullptr || !std::filesystem::exists(std::filesystem::path(cache) / "node_modules/tape"))
        GTEST_SKIP() << "EC_NPM_CACHE names no folder that holds tape";
    const std::filesystem::path modules = std::filesystem::canonical(std::filesystem::path(cache) / "node_modules");
    std::filesystem::create_directory_symlink(modules, root_ / "node_modules");
    read_only_ = {modules};
    write("package.json", "{}");
    write("shift.js", "exports.up = (x) => x - 1;\nexports.later = (x, done) => setTimeout(() => done(x), 1);\n");
    write("test/a.js", R"(const test = require('tape');
const { up, later } = require('../shift');
test('up  and away', (t) => {
  t.equal(up(1), 2);
  t.test('within', (st) => { st.deepEqual([up(2)], [3]); st.notEqual(up(2), 9); st.end(); });
  t.comment('a word');
  t.end();
});
test('later', (t) => { t.plan(2); later(3, (x) => { t.equal(x, 3, 'comes'); t.ok(x); }); });
test.skip('not now', (t) => t.fail('never'));
test('later', (t) => { t.comment('said'); t.ok(true, 'comes'); t.equal(up(0), 1, 'comes # TODO some day'); t.end(); });
)");
    write("test/b.js", R"(const test = require('tape');
const { up } = require('../shift');
test('within', async (t) => { t.equal(up(5), 5 + 1); t.throws(() => up.x.y, TypeError); });
)");
    const std::string text = "npx tape 'test/*.js'";
    observe(text, 2);
    const executor::TestCommand command = executor::recognise_test_command(text, root_);
    executor::RunSpec spec = executor::test_run(command);
    spec.limits.wall = spec.limits.cpu = 60s;
    spec.limits.memory_bytes = 4ULL << 30;
    auto run = sandbox_->run(spec);
    ASSERT_TRUE(run) << run.error().message;
    std::vector<std::string> reported;
    for (const auto& seen : executor::read_test_report(command, *run, root_).tests)
        reported.push_back(std::string(name(seen.outcome)) + " " + seen.id);
    std::vector<std::string> observed;
    for (const auto& seen : baseline_.tests)
        observed.push_back(std::string(name(seen.test.outcome)) + " " + seen.test.id);
    EXPECT_EQ(observed, reported);
    ASSERT_EQ(failing().size(), 3U);
    EXPECT_TRUE(test(failing()[0]).lines.contains("shift.js"));

    std::vector<std::string> all = failing();
    for (const std::string& id : passing()) all.push_back(id);
    const Candidate fix = replace("shift.js", "x - 1", "x + 1");
    const std::vector<Candidate> candidates = {fix,
                                               replace("shift.js", "x - 1", "x + 2"),
                                               replace("shift.js", "x - 1", "x.y.z"),
                                               replace("shift.js", "x - 1", "process.exit(0)"),
                                               replace("shift.js", "x - 1", "{ for (;;) ; }"),
                                               fix};
    // The second lane has seen no baseline.
    for (const std::size_t lane : {0U, 1U}) {
        const auto judged = judge(candidates, all, 1500ms, lane);
        EXPECT_EQ(judged[0].verdict, Verdict::pass) << judged[0].message;
        EXPECT_EQ(judged[1].verdict, Verdict::fail);
        EXPECT_EQ(judged[1].stopped_at, failing()[0]);
        EXPECT_EQ(judged[2].verdict, Verdict::fail);
        EXPECT_THAT(judged[2].message, HasSubstr("Cannot read properties"));
        EXPECT_EQ(judged[3].verdict, Verdict::fail);
        EXPECT_EQ(judged[4].verdict, Verdict::timeout);
        EXPECT_EQ(judged[5].verdict, Verdict::pass) << judged[5].message;
    }
    Candidate silent = fix;
    silent.edits.push_back(replace("shift.js", "done(x)", "0").edits[0]);
    EXPECT_EQ(judge(silent, all).verdict, Verdict::fail);
}

TEST_F(NodeFrameworks, PlaysJestProjects) {
    write("package.json", R"({"jest": {"testEnvironment": "node"}})");
    write("node_modules/.bin/jest", "#!/usr/bin/env node\n");
    write("range.js", "exports.range = (n) => Array.from(new Array(n - 1), (_, i) => i);\n");
    write("range.test.js", R"(const { range } = require('./range');
describe('range', () => {
  test.each([[1, [0]], [3, [0, 1, 2]]])('of %i', (n, wanted) => { expect(range(n)).toEqual(wanted); });
  it('calls back', () => { const seen = jest.fn(); range(3).forEach(seen); expect(seen).toHaveBeenCalledWith(1, 1, expect.any(Array)); });
  it('refuses', async () => { expect(() => range(-1)).toThrow(RangeError); await expect(Promise.reject(new Error('x'))).rejects.toThrow('x'); });
});
)");
    observe("npx jest");
    EXPECT_THAT(failing(), ElementsAre("range.test.js > range > of 1", "range.test.js > range > of 3"));
    EXPECT_EQ(judge(replace("range.js", "n - 1", "n"), failing()).verdict, Verdict::pass);
}

TEST_F(NodeFrameworks, RefusesWhatItDoesNotPlay) {
    write("package.json", R"({"jest": {"preset": "ts-jest"}})");
    write("node_modules/.bin/jest", "#!/usr/bin/env node\n");
    write("a.test.js", "test('a', () => {});\n");
    auto sandbox = executor::open_sandbox(
        {.workspace = root_, .box = std::filesystem::path(std::getenv("EC_BIN_DIR")) / "edgecoder-box"});
    ASSERT_TRUE(sandbox) << sandbox.error().message;
    auto spec = node_driver(executor::recognise_test_command("npx jest", root_), root_);
    ASSERT_TRUE(spec) << spec.error().message;
    const auto judge = DriverJudge::start(**sandbox, *spec, 1, 1);
    ASSERT_FALSE(judge);
    EXPECT_EQ(judge.error().code, ErrorCode::unavailable);
    EXPECT_THAT(judge.error().message, HasSubstr("preset"));
    EXPECT_EQ(
        node_driver(executor::recognise_test_command("node --import ./hook.mjs --test", root_), root_).error().code,
        ErrorCode::not_found);
}

}  // namespace
}  // namespace ec::repair
