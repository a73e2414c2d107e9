// The Node driver through the real sandbox.
#include <gmock/gmock.h>

#include "tests/judge_fixture.hpp"

namespace ec::repair {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kMath = R"('use strict';
// grüße: bytes and characters differ from here on
function sum(list) {
  let total = 0;
  for (let i = 1; i < list.length; i++) {
    total += list[i];
  }
  return total;
}

function sign(x) {
  if (x < 0) {
    return -1;
  }
  return 1;
}
module.exports = { sum, sign };
)";

class NodeJudge : public testing::JudgeTest {
protected:
    void write_math_project() const {
        write("math.js", kMath);
        write("test/math.test.js", R"(const { test, describe, it } = require('node:test');
const assert = require('node:assert');
const { sum, sign } = require('../math');
test('sums', () => assert.strictEqual(sum([5, 2]), 7));
describe('sign', () => {
  it('of negative numbers', () => assert.strictEqual(sign(-3), -1));
});
)");
    }
    static constexpr const char* kSums = "test/math.test.js > sums";
    static constexpr const char* kSign = "test/math.test.js > sign > of negative numbers";
};

TEST_F(NodeJudge, ObservesOutcomesLinesAndConstantsOfEachTest) {
    write_math_project();
    observe("node --test");
    EXPECT_EQ(judge_->name(), "node contexts");
    EXPECT_THAT(failing(), ElementsAre(kSums));
    EXPECT_THAT(passing(), ElementsAre(kSign));
    EXPECT_FALSE(test(kSums).flaky);
    EXPECT_THAT(test(kSums).test.message, HasSubstr("2 !== 7"));
    EXPECT_THAT(test(kSums).lines.at("math.js"), ElementsAre(3, 4, 5, 6, 8));
    EXPECT_THAT(test(kSign).lines.at("math.js"), ElementsAre(11, 12, 13));
    EXPECT_THAT(baseline_.import_lines.at("math.js"), ElementsAre(1, 17));
    EXPECT_THAT(baseline_.constants, Contains("7"));
    ASSERT_FALSE(test(kSums).test.frames.empty());
    EXPECT_EQ(test(kSums).test.frames.back().file, "test/math.test.js");
    EXPECT_EQ(test(kSums).test.frames.back().line, 4);
}

TEST_F(NodeJudge, TellsRightFromWrongHangingLeavingAndBrokenCandidates) {
    write_math_project();
    observe("node --test");
    const std::vector<Judgement> judged =
        judge({replace("math.js", "i = 1", "i = 0"), replace("math.js", "i = 1", "i = 2"),
               replace("math.js", "i++", "i += 0"), replace("math.js", "return total", "process.exit(0)"),
               replace("math.js", "total += list[i]", "total += ("), replace("math.js", "return -1", "return 1"),
               replace("math.js", "i = 1", "i = 0")},
              {kSums, kSign}, 1500ms);
    EXPECT_EQ(judged[0].verdict, Verdict::pass) << judged[0].message;
    EXPECT_EQ(judged[0].passed, 2U);
    EXPECT_EQ(judged[1].verdict, Verdict::fail);
    EXPECT_EQ(judged[1].stopped_at, kSums);
    EXPECT_EQ(judged[2].verdict, Verdict::timeout);
    EXPECT_EQ(judged[3].verdict, Verdict::fail);
    EXPECT_EQ(judged[4].verdict, Verdict::invalid);
    EXPECT_EQ(judged[5].verdict, Verdict::fail);
    EXPECT_EQ(judged[6].verdict, Verdict::pass) << judged[6].message;
}

TEST_F(NodeJudge, PlaysEsModulesWithDynamicImportsAndTopLevelAwait) {
    write("package.json", R"({"type": "module", "name": "esm", "exports": "./src/index.js"})");
    write("src/index.js", "export { double } from './double.js';\nexport const ready = await Promise.resolve(true);\n");
    write("src/double.js",
          "import data from './data.cjs';\nexport function double(x) {\n  return x * data.factor + 1;\n}\n");
    write("src/data.cjs", "exports.factor = 2;\n");
    write("a.test.mjs", R"(import test from 'node:test';
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { double, ready } from 'esm';
test('doubles', async () => {
  const again = await import('./src/double.js');
  assert.equal(again.double, double);
  assert.equal(double(4), 8);
});
test('knows itself', () => {
  assert.ok(ready);
  assert.match(import.meta.url, /^file:.*a\.test\.mjs$/);
  assert.match(readFileSync(new URL(import.meta.url), 'utf8'), /knows itself/);
});
)");
    observe("node --test");
    EXPECT_THAT(failing(), ElementsAre("a.test.mjs > doubles"));
    EXPECT_THAT(passing(), ElementsAre("a.test.mjs > knows itself"));
    EXPECT_THAT(test("a.test.mjs > doubles").lines.at("src/double.js"), ElementsAre(2, 3));
    EXPECT_EQ(judge(replace("src/double.js", " + 1", ""), {"a.test.mjs > doubles"}).verdict, Verdict::pass);
    EXPECT_EQ(judge(replace("src/data.cjs", "2", "1"), {"a.test.mjs > doubles"}).verdict, Verdict::fail);
}

TEST_F(NodeJudge, PlaysEveryFormOfImportAndExport) {
    write("package.json", R"({"type": "module"})");
    write("b.js",
          "export const one = 1;\nexport default function (x) { return x + /[/'`]/.source.length; }\nlet hidden = "
          "2;\nexport { hidden as 'shown', hidden };\n");
    write("plain.js",
          "import Box, { one as uno, paste } from './forms.js';\nexport const sum = () => new Box().get() + uno + "
          "paste('a', 'b').length;\n");
    write("forms.js", "export { default, one, glue as paste } from './inner.js';\n");
    write("inner.js",
          "import { join as glue } from 'node:path';\nimport * as all from './b.js';\nexport default class Box { get() "
          "{ return all.one + all.default(1); } }\n"
          "export { glue };\nexport * from './b.js';\n");
    write("counter.js",
          "import { other } from './cycle.js';\nexport let count = 0;\nexport const up = () => { count++; return "
          "other(); };\n");
    write("cycle.js", "import { count } from './counter.js';\nexport const other = () => count;\n");
    write("forms.test.js",
          "import test from 'node:test';\nimport assert from 'node:assert';\nimport { sum } from './plain.js';\n"
          "test('forms', () => { assert.equal(sum(), 1 + 6 + 1 + 3); });\n");
    write("cycle.test.js",
          "import test from 'node:test';\nimport assert from 'node:assert';\nimport { up } from './counter.js';\n"
          "test('live binding', () => { assert.equal(up(), 1); });\n");
    observe("node --test");
    EXPECT_THAT(failing(), IsEmpty());
    EXPECT_THAT(passing(), ElementsAre("cycle.test.js > live binding", "forms.test.js > forms"));
    EXPECT_EQ(judge(replace("b.js", "one = 1", "one = 2"), {"forms.test.js > forms"}).verdict, Verdict::fail);
    EXPECT_EQ(judge(replace("b.js", "one = 1", "won = 1"), {"forms.test.js > forms"}).verdict, Verdict::invalid);
}

TEST_F(NodeJudge, ComparesValuesOfBuiltinsWithLiteralsAsOneRealmDoes) {
    write("realm.test.js", R"(const test = require('node:test');
const assert = require('node:assert');
test('builtin values', () => {
  assert.deepStrictEqual(require('path').parse('/a/b.c'), { root: '/', dir: '/a', base: 'b.c', ext: '.c', name: 'b' });
  assert.deepStrictEqual(structuredClone([{ a: new Map([[1, [2]]]) }]), [{ a: new Map([[1, [2]]]) }]);
  assert.deepStrictEqual(new TextEncoder().encode('a'), new Uint8Array([97]));
  assert.deepEqual(require('url').parse('/x?y=1', true).query.y, '1');
});
test('builtin errors', async () => {
  assert.throws(() => require('fs').readFileSync('/nowhere'), Error);
  await assert.rejects(require('fs').promises.readFile('/nowhere'), { code: 'ENOENT' });
  try { assert.strictEqual(1, 2); } catch (error) { assert.ok(error instanceof assert.AssertionError && error instanceof Error); }
  try { null.x; } catch (error) { assert.ok(error instanceof TypeError); }
});
test('still strict', () => {
  class Point { constructor() { this.x = 1; } }
  assert.throws(() => assert.deepStrictEqual(new Point(), { x: 1 }));
  assert.throws(() => assert.deepStrictEqual([1], { 0: 1 }));
  assert.throws(() => assert.deepStrictEqual(new Date(0), new Date(1)));
});
)");
    observe("node --test");
    EXPECT_THAT(failing(), IsEmpty());
    EXPECT_EQ(passing().size(), 3U);
}

TEST_F(NodeJudge, KeepsWhatOneCandidateLeavesBehindFromTheNext) {
    write("lib.js", "'use strict';\nconst fs = require('fs');\nmodule.exports = () => 1;\n");
    write("lib.test.js", R"(const test = require('node:test');
const assert = require('assert');
const lib = require('./lib');
test('clean', () => {
  assert.strictEqual(globalThis.leaked, undefined);
  assert.strictEqual([].polluted, undefined);
  assert.strictEqual(require('fs').leaked, undefined);
  assert.strictEqual(process.env.LEAKED, undefined);
  assert.strictEqual(typeof require('fs').readFileSync, 'function');
  assert.strictEqual(lib(), 2);
});
)");
    observe("node --test");
    const std::vector<std::string> tests = {"lib.test.js > clean"};
    const auto leaking = [&](const std::string& code) {
        return replace("lib.js", "=> 1", "=> { " + code + " return 1; }");
    };
    const std::vector<Judgement> judged =
        judge({leaking("globalThis.leaked = 1;"), leaking("Array.prototype.polluted = 1;"),
               leaking("fs.leaked = 1; fs.readFileSync = 5;"), leaking("process.env.LEAKED = '1';"),
               leaking("Object.getPrototypeOf(require('path').parse('/')).polluted = 1;"),
               leaking("setTimeout(() => { throw new Error('late'); }, 1); Promise.reject(new Error('unhandled'));"),
               replace("lib.js", "=> 1", "=> 2")},
              tests);
    for (std::size_t i = 0; i + 1 < judged.size(); ++i) EXPECT_EQ(judged[i].verdict, Verdict::fail) << i;
    EXPECT_EQ(judged.back().verdict, Verdict::pass) << judged.back().message;
}

TEST_F(NodeJudge, PutsBackWhatTestsWroteBeforeTheNextCandidate) {
    write_math_project();
    write("data.txt", "original");
    write("gone.txt", "still here");
    write("test/files.test.js", R"('use strict';
const { test } = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const { sum } = require('../math');
test('writes', () => {
  assert.strictEqual(fs.readFileSync('data.txt', 'utf8'), 'original');
  fs.mkdirSync('out');
  fs.writeFileSync('out/new.txt', 'x');
  fs.writeFileSync('data.txt', 'changed');
  fs.unlinkSync('gone.txt');
  assert.strictEqual(sum([5, 2]), 7);
});
)");
    constexpr const char* kWrites = "test/files.test.js > writes";
    observe("node --test", 2);
    EXPECT_FALSE(test(kWrites).flaky);
    EXPECT_THAT(test(kWrites).test.message, HasSubstr("2 !== 7"));
    const Candidate fix = replace("math.js", "i = 1", "i = 0");
    for (std::size_t lane = 0; lane < 2; ++lane)
        for (const Judgement& judged : judge({fix, fix, fix}, {kWrites}, 5s, lane))
            EXPECT_EQ(judged.verdict, Verdict::pass) << lane << ": " << judged.message;
    EXPECT_EQ(read("data.txt"), "original");
    EXPECT_EQ(read("gone.txt"), "still here");
    EXPECT_FALSE(std::filesystem::exists(root_ / "out"));
}

TEST_F(NodeJudge, AProgramThatATestStartsSeesTheCandidate) {
    write_math_project();
    write("tool.js", "console.log(require('./math').sum([5, 2]));\n");
    write("test/tool.test.js", R"(const { test } = require('node:test');
const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
test('tool', () => assert.strictEqual(execFileSync(process.execPath, ['tool.js'], { encoding: 'utf8' }), '7\n'));
)");
    constexpr const char* kTool = "test/tool.test.js > tool";
    observe("node --test");
    const std::vector<Judgement> judged =
        judge({replace("math.js", "i = 1", "i = 0"), replace("math.js", "i = 1", "i = 2"),
               replace("math.js", "i = 1", "i = 0")},
              {kSums, kTool}, 5s);
    EXPECT_EQ(judged[0].verdict, Verdict::pass) << judged[0].message;
    EXPECT_EQ(judged[1].verdict, Verdict::fail);
    EXPECT_EQ(judged[2].verdict, Verdict::pass) << judged[2].message;
    EXPECT_EQ(judge(Candidate{}, {kTool}, 5s).verdict, Verdict::fail);
}

TEST_F(NodeJudge, EndsEveryKindOfHangAtTheLimit) {
    write("wait.js", "'use strict';\nmodule.exports = async (x) => {\n  return x;\n};\n");
    write("wait.test.js",
          "const test = require('node:test');\nconst assert = require('assert');\nconst wait = require('./wait');\n"
          "test('waits', async () => { assert.strictEqual(await wait(1), 2); });\n");
    observe("node --test");
    const auto body = [&](const std::string& code) { return replace("wait.js", "return x;", code); };
    const auto started = std::chrono::steady_clock::now();
    const std::vector<Judgement> judged =
        judge({body("for (;;) {}"), body("for (;;) await null;"), body("await null; for (;;) {}"),
               body("await new Promise((done) => setTimeout(done, 1)); for (;;) {}"),
               body("process.nextTick(() => { for (;;) {} }); await new Promise(() => {});"),
               body("await require('fs').promises.readFile('wait.js'); for (;;) {}"),
               body("return new Promise((done) => setTimeout(done, 60000));"), body("return x + 1;")},
              {"wait.test.js > waits"}, 1500ms);
    for (std::size_t i = 0; i + 1 < judged.size(); ++i)
        EXPECT_EQ(judged[i].verdict, Verdict::timeout) << i << " " << judged[i].message;
    EXPECT_EQ(judged.back().verdict, Verdict::pass) << judged.back().message;
    EXPECT_LT(std::chrono::steady_clock::now() - started, 60s) << "the longest would wait so long";
    // A promise that nothing can settle any more is no reason to wait.
    const auto before = std::chrono::steady_clock::now();
    EXPECT_EQ(judge(body("return new Promise(() => {});"), {"wait.test.js > waits"}, 120s).verdict, Verdict::fail);
    EXPECT_LT(std::chrono::steady_clock::now() - before, 60s);
}

TEST_F(NodeJudge, JudgesAPlainScriptByHowItWouldLeave) {
    write("half.js", "module.exports = (x) => x;\n");
    write("check.js",
          "const assert = require('assert');\nsetTimeout(() => {\n  assert.strictEqual(require('./half')(4), 2);\n  "
          "process.exit(0);\n}, 1);\n");
    observe("node check.js");
    EXPECT_THAT(failing(), ElementsAre("check.js"));
    EXPECT_EQ(judge(replace("half.js", "=> x", "=> x / 2"), {"check.js"}).verdict, Verdict::pass);
    EXPECT_EQ(judge(replace("half.js", "=> x", "=> x / 3"), {"check.js"}).verdict, Verdict::fail);
    EXPECT_EQ(judge(replace("half.js", "=> x", "=> process.exit(0)"), {"check.js"}).verdict, Verdict::fail);
    EXPECT_EQ(judge(replace("half.js", "=> x", "=> process.exit(1)"), {"check.js"}).verdict, Verdict::fail);
}

TEST_F(NodeJudge, NamesATestThatChangesItsMindAsFlaky) {
    write("flaky.test.js",
          "const test = require('node:test');\nconst fs = require('fs');\n"
          "test('second time lucky', () => {\n  const known = fs.existsSync('/tmp/seen');\n  "
          "fs.writeFileSync('/tmp/seen', '');\n"
          "  if (!known) throw new Error('first');\n});\ntest('never', () => { throw new Error('always'); });\n");
    observe("node --test");
    EXPECT_TRUE(test("flaky.test.js > second time lucky").flaky);
    EXPECT_FALSE(test("flaky.test.js > never").flaky);
}

TEST_F(NodeJudge, RequiresAnEsModuleWhereNodeDoes) {
    write("node_modules/both/package.json",
          R"({"name": "both", "exports": {".": [{"module-sync": "./sync.mjs", "default": "./index.js"}]}})");
    write("node_modules/both/index.js", "module.exports = () => 4;\n");
    write("node_modules/both/sync.mjs", "import four from './index.js';\nexport { four as 'module.exports' };\n");
    write("sum.js", "exports.five = () => require('both')() - 1;\n");
    write("sum.test.js",
          "require('node:test')('five', () => require('assert').strictEqual(require('./sum').five(), 5));\n");
    observe("node --test");
    EXPECT_THAT(failing(), ElementsAre("sum.test.js > five"));
    EXPECT_EQ(judge(replace("sum.js", "- 1", "+ 1"), failing()).verdict, Verdict::pass);
}

TEST_F(NodeJudge, TellsCandidatesThatBehaveAlikeFromOthers) {
    write_math_project();
    write(
        "stack.mjs",
        "export class Stack {\n  items = [];\n  push(x) {\n    this.items.push(x);\n    return this;\n  }\n  pop() {\n"
        "    return this.items.shift();\n  }\n}\nexport const twice = (x) => x + 1;\n");
    write("test/stack.test.mjs",
          "import { test } from 'node:test';\nimport assert from 'node:assert';\nimport { Stack, twice } from "
          "'../stack.mjs';\n"
          "test('pops', () => { assert.equal(new Stack().push(1).push(2).pop(), 2); });\n"
          "test('twice', () => { assert.equal(twice(3), 6); });\n");
    observe("node --test", 2);
    const auto seen = [&](const std::vector<Candidate>& candidates, const std::string& file, int line,
                          std::size_t lane = 0) {
        auto result = judge_->observe(lane, candidates, file, line, 7, {});
        EXPECT_TRUE(result);
        return result ? *result : std::vector<Observation>(candidates.size());
    };
    const std::vector<Candidate> sums = {
        Candidate{}, replace("math.js", "i = 1", "i = 0"), replace("math.js", "let i = 1", "let i = 1 - 1"),
        replace("math.js", "total = 0", "total = 5"), replace("math.js", "i++", "i += 0")};
    const std::vector<Observation> first = seen(sums, "math.js", 6);
    EXPECT_GT(first[0].digests.size(), 10U);
    EXPECT_EQ(first[1].digests, first[2].digests);
    EXPECT_NE(first[0].digests, first[1].digests);
    EXPECT_NE(first[1].digests, first[3].digests);
    EXPECT_NE(first[1].digests, first[4].digests);
    // Another lane, which has not run the baseline, makes the same inputs.
    EXPECT_EQ(seen(sums, "math.js", 6, 1)[3].digests, first[3].digests);

    const std::vector<Candidate> pops = {Candidate{}, replace("stack.mjs", "shift()", "pop()"),
                                         replace("stack.mjs", "this.items.shift()", "this.items.splice(-1)[0]")};
    const std::vector<Observation> method = seen(pops, "stack.mjs", 8);
    EXPECT_GT(method[0].digests.size(), 3U);
    EXPECT_EQ(method[1].digests, method[2].digests);
    EXPECT_NE(method[0].digests, method[1].digests);

    const std::vector<Observation> arrow =
        seen({replace("stack.mjs", "x + 1", "x + x"), replace("stack.mjs", "x + 1", "x * 2"),
              replace("stack.mjs", "x + 1", "x + 3")},
             "stack.mjs", 11);
    EXPECT_GT(arrow[0].digests.size(), 3U);
    EXPECT_EQ(arrow[0].digests, arrow[1].digests);
    EXPECT_NE(arrow[0].digests, arrow[2].digests);
    // Nothing calls the module itself with inputs.
    EXPECT_THAT(seen({Candidate{}}, "math.js", 17)[0].digests, IsEmpty());
}

}  // namespace
}  // namespace ec::repair
