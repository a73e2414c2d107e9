// What holds for every operator: the contract of mutate().
#include <ec/core/text.hpp>
#include <map>
#include <set>

#include "tests/mutation_support.hpp"

namespace ec::repair {
namespace {

using namespace testing;

const std::string kPython =
    "import os\n"
    "\n"
    "LIMIT = 10\n"
    "\n"
    "def helper(a, b=[]):\n"
    "    \"\"\"Doc < string.\"\"\"\n"
    "    b.append(a)\n"
    "    return b\n"
    "\n"
    "class Stack:\n"
    "    def __init__(self, size):\n"
    "        self.items = []\n"
    "        self.size = size\n"
    "\n"
    "    def push(self, item):\n"
    "        if len(self.items) >= self.size and not item is None:\n"
    "            raise ValueError('full')\n"
    "        self.items.append(item)\n"
    "\n"
    "def count(values: list[int], wanted: int = 3) -> int:\n"
    "    total = 0\n"
    "    i = 0\n"
    "    while i < len(values):\n"
    "        if values[i] == wanted:\n"
    "            total += 1\n"
    "        elif values[i] > LIMIT or values[i:i + 2] == [1, 2]:\n"
    "            break\n"
    "        else:\n"
    "            total = total - -1 # a comment\n"
    "        i += 1\n"
    "    for k, v in enumerate(values[1:]):\n"
    "        total += k * v if k else helper(k, b=[v])[-1]\n"
    "    xs = [x * 2 for x in values if x % 2 == 0]\n"
    "    label = f\"{total!r:>3} of {len(xs)}\" + 'é'\n"
    "    try:\n"
    "        total = int(label.split()[0])\n"
    "    except (ValueError, TypeError) as error:\n"
    "        total = sorted(xs, key=lambda x: -x, reverse=True)[0]\n"
    "    with open(os.devnull) as f: f.read()\n"
    "    return total // 2, max(xs)\n";

const std::string kScript =
    "'use strict';\n"
    "const limit = 10;\n"
    "function helper(a, b = []) {\n"
    "  b.push(a);\n"
    "  return b;\n"
    "}\n"
    "class Stack {\n"
    "  constructor(size) { this.items = []; this.size = size; }\n"
    "  push(item) {\n"
    "    if (this.items.length >= this.size && item !== null) throw new Error('full');\n"
    "    this.items.push(item);\n"
    "    return this;\n"
    "  }\n"
    "}\n"
    "async function count(values, wanted = 3) {\n"
    "  let total = 0, i = 0;\n"
    "  for (let j = 0; j < values.length; j++) {\n"
    "    if (values[j] === wanted) total += 1;\n"
    "    else if (values[j] > limit || !values[j]) { break; }\n"
    "    else { total = total - -1; } // comment\n"
    "  }\n"
    "  while (i < 3) { i++; }\n"
    "  for (const v of values.slice(1)) total += v ?? 2;\n"
    "  const xs = values.filter(x => x % 2 === 0).map((x) => ({ v: x * 2, x }));\n"
    "  const label = `${total} of ${xs.length}`;\n"
    "  switch (label) { case 'a': return 1; default: total = Math.floor(total / 2); }\n"
    "  try { await helper(label, ...xs); } catch (e) { total = -1; } finally { i = 0; }\n"
    "  return xs.length ? total & 3 : helper(total, i).indexOf(2);\n"
    "}\n"
    "module.exports = { count, helper, Stack };\n";

const std::string kTyped =
    "export interface A { x: number }\n"
    "export function pick<T extends A>(xs: T[], n: number = 1, cb?: (t: T) => boolean): T | undefined {\n"
    "  let best: T | undefined = undefined;\n"
    "  for (const x of xs) {\n"
    "    if (best === undefined || (x.x as number) > best!.x) best = x;\n"
    "    if (cb?.(x)) return xs[n - 1] satisfies T;\n"
    "  }\n"
    "  return best;\n"
    "}\n"
    "export class Box<T> { private items: T[] = []; add(t: T): this { this.items.push(t); return this; } }\n";

std::string with_crlf(const std::string& text) { return replace_all(text, "\n", "\r\n"); }
std::string with_tabs(const std::string& text) { return replace_all(text, "    ", "\t"); }

struct Sample {
    std::string name;
    Language language;
    std::string text;
};

std::vector<Sample> samples() {
    return {{"python", Language::python, kPython},
            {"python crlf", Language::python, with_crlf(kPython)},
            {"python tabs", Language::python, with_tabs(kPython)},
            {"javascript", Language::javascript, kScript},
            {"javascript crlf", Language::javascript, with_crlf(kScript)},
            {"typescript", Language::typescript, kTyped},
            {"tsx", Language::tsx, kTyped + "const v = <p a={n + 1}>{xs.map(x => <b>{x < 1}</b>)}</p>;\n"}};
}

const Material kMaterial = {
    {"7", "'abc'", "[1, 2]", "not an expression ="}, {"other_helper"}, {"total + 1", "total = 5", "f(x) {", "break"}};

TEST(Mutate, TheSamplesParse) {
    for (const Sample& sample : samples()) EXPECT_TRUE(codeindex::parses(sample.language, sample.text)) << sample.name;
}

TEST(Mutate, EveryMutantParsesDiffersAndIsThereOnce) {
    for (const Sample& sample : samples()) {
        std::set<std::string> seen;
        std::map<std::string, int> parsed;
        for (const Mutation& mutation : mutations(sample.language, sample.text, kMaterial)) {
            ASSERT_LE(mutation.edit.begin, mutation.edit.end);
            ASSERT_LE(mutation.edit.end, sample.text.size());
            EXPECT_EQ(mutation.edit.file, "f");
            const std::string mutant = applied(sample.text, mutation);
            EXPECT_NE(mutant, sample.text);
            EXPECT_TRUE(seen.insert(mutant).second) << sample.name << " repeats " << mutation.op << " at line "
                                                    << mutation.line << ": " << mutation.edit.replacement;
            // Parsing is what costs here: a bounded number for each operator, all of them for rare ones.
            if (parsed[mutation.op]++ % 8 != 0 && parsed[mutation.op] > 10) continue;
            EXPECT_TRUE(codeindex::parses(sample.language, mutant))
                << sample.name << " " << mutation.op << " at line " << mutation.line << ":\n"
                << mutant.substr(mutation.edit.begin > 60 ? mutation.edit.begin - 60 : 0, 200);
            EXPECT_TRUE(is_valid_utf8(mutant)) << mutation.op;
        }
        EXPECT_GT(seen.size(), 80U) << sample.name;
    }
}

TEST(Mutate, EveryMutationCarriesAPriorAnExplanationAndAWantedLine) {
    for (const Sample& sample : samples()) {
        const auto wanted = [](int line) { return line % 2 == 0; };
        for (const Mutation& mutation : mutations(sample.language, sample.text, kMaterial, wanted)) {
            EXPECT_GT(mutation.prior, 0) << mutation.op;
            EXPECT_LE(mutation.prior, 1) << mutation.op;
            EXPECT_FALSE(mutation.op.empty());
            EXPECT_GT(mutation.explanation.size(), 10U) << mutation.op;
            EXPECT_TRUE(is_valid_utf8(mutation.explanation)) << mutation.op;
            EXPECT_TRUE(wanted(mutation.line)) << mutation.op << " at line " << mutation.line;
        }
    }
}

TEST(Mutate, TheSameRequestGivesTheSameMutationsInSourceOrder) {
    for (const Sample& sample : samples()) {
        const auto first = mutations(sample.language, sample.text, kMaterial);
        const auto second = mutations(sample.language, sample.text, kMaterial);
        ASSERT_EQ(first.size(), second.size());
        for (std::size_t i = 0; i < first.size(); ++i) {
            EXPECT_EQ(first[i].edit, second[i].edit);
            EXPECT_EQ(first[i].prior, second[i].prior);
            if (i > 0) {
                EXPECT_LE(first[i - 1].edit.begin, first[i].edit.begin);
            }
        }
    }
}

TEST(Mutate, OnlyStatementsThatTouchAWantedLineChange) {
    const std::string source = "def f(a):\n    x = a + 1\n    y = a + 2\n    z = a + 3\n    return x + y + z\n";
    for (const Mutation& mutation : mutations(Language::python, source, {}, [](int line) { return line == 3; })) {
        EXPECT_EQ(mutation.line, 3);
        EXPECT_GE(mutation.edit.begin, source.find("    x = a")) << mutation.op;
        EXPECT_LE(mutation.edit.end, source.find("    return")) << mutation.op;
    }
    EXPECT_TRUE(mutations(Language::python, source, {}, [](int) { return false; }).empty());
}

TEST(Mutate, DocstringsCommentsTypesImportsAndDecoratorsStayAsTheyAre) {
    const std::string source =
        "from os import path as p\n@decorate(1 + 2)\ndef f(a: list[1 + 1] = 3) -> Dict[1, 2]:\n    'a < b'\n    # x + "
        "1\n    return a\n";
    for (const Mutation& mutation : mutations(Language::python, source)) {
        const std::string mutant = applied(source, mutation);
        for (const char* kept :
             {"from os import path as p\n", "@decorate(1 + 2)\n", "list[1 + 1]", "Dict[1, 2]", "'a < b'", "# x + 1"})
            EXPECT_NE(mutant.find(kept), std::string::npos) << mutation.op << ":\n" << mutant;
    }
    const std::string typed =
        "import {a} from 'b';\nfunction f(x: Array<1 | 2>): 3 | 4 {\n  'use strict';\n  return x as any as 5;\n}\n";
    for (const Mutation& mutation : mutations(Language::typescript, typed)) {
        const std::string mutant = applied(typed, mutation);
        for (const char* kept : {"import {a} from 'b';", "Array<1 | 2>", "3 | 4", "'use strict';"})
            EXPECT_NE(mutant.find(kept), std::string::npos) << mutation.op << ":\n" << mutant;
    }
}

TEST(Mutate, OddTextsDoNoHarm) {
    for (const std::string& text :
         {std::string(), std::string("\n"), std::string("x = '\xff\xfe' + 1\n"), std::string("\xef\xbb\xbfx = 1 + 2\n"),
          std::string("def f(:\n  x = = 1\n"), std::string("x = 1 + 2"), std::string("if x: y = 1; z = 2\n"),
          std::string("def f():\n    return 1 # e"), std::string("a\0b", 3),
          std::string(500, '(') + "x < 1" + std::string(500, ')')}) {
        for (const Language language : {Language::python, Language::javascript, Language::typescript, Language::tsx}) {
            const bool sound = codeindex::parses(language, text);
            for (const Mutation& mutation : mutations(language, text)) {
                ASSERT_LE(mutation.edit.end, text.size());
                if (sound) {
                    EXPECT_TRUE(codeindex::parses(language, applied(text, mutation))) << mutation.op << ":\n"
                                                                                      << applied(text, mutation);
                }
            }
        }
    }
}

TEST(Mutate, ALargeFileWithOneWantedFunctionGivesOnlyItsMutants) {
    std::string source;
    for (int i = 0; i < 300; ++i)
        source += "def f" + std::to_string(i) + "(a, b):\n    if a < b:\n        return a + " + std::to_string(i) +
                  "\n    x = [a, b]\n    return x[0]\n\n";
    const auto found = mutations(Language::python, source, {}, [](int line) { return line > 600 && line <= 606; });
    EXPECT_GT(found.size(), 15U);
    EXPECT_LT(found.size(), 1500U);
}

}  // namespace
}  // namespace ec::repair
