// One row an edit that the operators for JavaScript and TypeScript must offer.
#include "tests/mutation_support.hpp"

namespace ec::repair {
namespace {

using namespace testing;

void expect(const std::vector<Row>& rows, const Material& material = {}) {
    expect_rows(Language::javascript, rows, material);
}

TEST(ScriptOperators, AskWhetherAValueIsThere) {
    expect({{"function f(a) { return a.b(); }\n", "a.b()", "a && a.b()", "guard-none"},
            {"function f(a) { return a.b(); }\n", "a.b()", "a?.b()", "guard-none"},
            {"function f(a) { return g(1, a.b.c()); }\n", "a.b.c()", "a.b && a.b.c()", "guard-none"},
            {"function f(a) { return g(1, a.b.c()); }\n", "a.b.c()", "a.b?.c()", "guard-none"},
            {"function f(a) { return 1 + a[0]; }\n", "a[0]", "a?.[0]", "guard-none"},
            {"function f(a) { a.b(); }\n", "a.b()", "a?.b()", "guard-none"}});
    EXPECT_FALSE(find(Language::javascript, "function f(a) { new a.b(); }\n", "function f(a) { new a?.b(); }\n"));
    EXPECT_FALSE(find(Language::javascript, "function f(a) { a.b`c`; }\n", "function f(a) { a?.b`c`; }\n"));
}

TEST(ScriptOperators, ReachEveryPlaceWhereCodeMayStand) {
    expect_reached(Language::javascript, {"try { f(); } catch (e) { x = a < b; }\n",
                                          "try { f(); } catch { if (a < b) x = 1; }\n",
                                          "try { f(); } finally { x = a < b; }\n",
                                          "if (f()) {} else { x = a < b; }\n",
                                          "if (f()) {} else if (a < b) { x = 1; }\n",
                                          "if (a < b) x = 1;\n",
                                          "switch (f()) { case 1: x = a < b; break; default: y = 1; }\n",
                                          "switch (f()) { case 1: y = 1; break; default: x = a < b; }\n",
                                          "switch (f()) { case 1: { x = a < b; break; } }\n",
                                          "do { x = 1; } while (a < b);\n",
                                          "while (a < b) { x = 1; }\n",
                                          "for (let i = 0; a < b; i++) { x = 1; }\n",
                                          "for (const i of y) { x = a < b; }\n",
                                          "for (const i in y) x = a < b;\n",
                                          "async function f(a, b) { for await (const i of a) { x = a < b; } }\n",
                                          "outer: for (const i of y) { if (a < b) continue outer; }\n",
                                          "const f = (a, b) => a < b;\n",
                                          "const f = (a, b) => { return a < b; };\n",
                                          "const f = function (a, b) { return a < b; };\n",
                                          "function* f(a, b) { yield a < b; }\n",
                                          "class C { f(a, b) { return a < b; } }\n",
                                          "class C { get f() { return a < b; } }\n",
                                          "class C { static f(a, b) { return a < b; } }\n",
                                          "class C { x = a < b; }\n",
                                          "class C { static { x = a < b; } }\n",
                                          "const o = { f(a, b) { return a < b; } };\n",
                                          "const o = { k: a < b };\n",
                                          "const o = { f: function () { return a < b; } };\n",
                                          "const x = [a < b];\n",
                                          "const x = y[a < b];\n",
                                          "const x = `${a < b}`;\n",
                                          "const x = f(...[a < b]);\n",
                                          "const x = y?.f(a < b);\n",
                                          "function f(x = a < b) {}\n",
                                          "const x = a < b ? 1 : 2;\n",
                                          "throw new E(a < b);\n",
                                          "y.map((i) => a < b);\n",
                                          "module.exports = { f: () => a < b };\n",
                                          "exports.f = function (a, b) { return a < b; };\n",
                                          "export default function f(a, b) { return a < b; }\n",
                                          "export const f = (a, b) => a < b;\n",
                                          "(function () { x = a < b; })();\n",
                                          "new Promise((resolve) => { resolve(a < b); });\n"});
}

TEST(ScriptOperators, SwapOperatorsAndOperands) {
    expect({{"if (a < b) c();\n", "<", "<=", "comparison-swap"},
            {"if (a === b) c();\n", "===", "!==", "comparison-swap"},
            {"if (a == b) c();\n", "==", "===", "comparison-swap"},
            {"x = a + b;\n", "+", "-", "arithmetic-swap"},
            {"x = a && b;\n", "&&", "||", "boolean-swap"},
            {"x = a || b;\n", "||", "??", "boolean-swap"},
            {"x = a - b;\n", "a - b", "b - a", "operands-swap"},
            {"x += y;\n", "+=", "-=", "augmented-swap"},
            {"for (let i = 0; i < n; i++) f(i);\n", "i++", "i--", "augmented-swap"},
            {"for (let i = 0; i < n; i++) f(i);\n", "i < n", "i <= n", "comparison-swap"},
            {"for (let i = 0; i < n; i++) f(i);\n", "= 0", "= 1", "number-step"}});
}

TEST(ScriptOperators, ChangeValuesAndPositions) {
    expect({{"const x = true;\n", "true", "false", "literal-flip"},
            {"x = a[i];\n", "a[i]", "a[i + 1]", "index-shift"},
            {"x = m[i][j];\n", "m[i][j]", "m[j][i]", "subscript-swap"},
            {"x = s.slice(1, n);\n", "n)", "n + 1)", "bound-shift"},
            {"x = Math.floor(a / 2);\n", "Math.floor(a / 2)", "a / 2", "unwrap-call"},
            {"function f(a) { return a / 2; }\n", "a / 2", "Math.floor(a / 2)", "wrap-call"},
            {"function f(a, b) { let best = a; for (const x of b) best = x; return best; }\n", "best = x;",
             "best = Math.max(best, x);", "clamp"},
            {"function f(xs) { return xs.length; }\n", "xs.length", "xs"},
            {"const f = (n) => [];\n", "[]", "[n]", "container-element"}});
}

TEST(ScriptOperators, ChangeNamesAndCalls) {
    expect({{"function f(a, b) { return a + a * b; }\n", "a * b", "b * b", "name-replace"},
            {"x = f(a, b);\n", "a, b", "b, a", "argument-swap"},
            {"xs.push(y);\n", "push", "unshift", "method-replace"},
            {"x = Math.min(a, b);\n", "min", "max", "method-replace"},
            {"x = xs.some(f);\n", "some", "every", "method-replace"},
            {"x = s.indexOf(c);\n", "indexOf", "lastIndexOf", "method-replace"},
            {"async function f() { const x = g(); }\n", "g()", "await g()", "await-change"},
            {"class A { f() { this.a = 1; this.b = 2; return this.a; } }\n", "return this.a", "return this.b",
             "attribute-replace"}});
}

TEST(ScriptOperators, ChangeConditionsAndStatements) {
    expect({{"if (a) b();\n", "a", "!a", "negate"},
            {"if (!a) b();\n", "!a", "a", "negate"},
            {"if (a < b) { c(); }\n", "a < b", "true", "force-condition"},
            {"x = a ? b : c;\n", "b : c", "c : b", "conditional-swap"},
            {"function f(h) { if (h.next === null) return 0; }\n", "h.next === null", "!h || h.next === null",
             "guard-none"},
            {"a();\nb();\n", "a();\nb();", "b();\na();", "move-statement"},
            {"a();\nb();\n", "b();\n", "", "delete-statement"},
            {"for (const x of y) {\n  if (x) break;\n}\n", "break;", "continue;", "swap-jump"},
            {"if (a) { b(); } else { c(); }\n", "{ b(); } else { c(); }", "{ c(); } else { b(); }", "branch-swap"},
            {"function f(x) {\n  g(x);\n}\n", "g(x);", "return g(x);", "return-missing"},
            {"function f(xs) {\n  for (const x of xs) {\n    t = x;\n    return t;\n  }\n}\n", "    return t;\n  }\n",
             "  }\n  return t;\n", "move-statement"}});
}

TEST(ScriptOperators, FillAnEmptyBranchFirst) {
    expect(
        {{"function f(xs) {\n  let n = 0;\n  for (const x of xs) {\n    if (x > 1) {\n    }\n  }\n  return n;\n}\n",
          "if (x > 1) {\n    }", "if (x > 1) {\n      n++;\n    }", "insert-update"},
         {"function f(xs) {\n  const out = [];\n  for (const x of xs) {\n    if (x > 1) { }\n  }\n  return out;\n}\n",
          "if (x > 1) { }", "if (x > 1) {\n      out.push(x);\n    }", "insert-accumulation"}});
}

TEST(ScriptOperators, FilterAndStep) {
    expect({{"function f(xs, m) {\n  const ys = xs.map(g);\n  return ys;\n}\n", "return ys",
             "return ys.filter((x) => x > 0)", "comprehension-condition"},
            {"for (let i = 0; i < n; i++) f(i);\n", "i++", "i += 2", "augmented-swap"}});
}

TEST(ScriptOperators, InsertWhatIsMissing) {
    expect({{"function f(n) {\n  return f(n - 1) * n;\n}\n", "  return",
             "  if (n <= 1) {\n    return 1;\n  }\n  return", "insert-guard"},
            {"function f(n) {\n  let i = 0;\n  while (i < n) {\n    g(i);\n  }\n}\n", "g(i);\n", "g(i);\n    i++;\n",
             "insert-update"},
            {"function f(xs) {\n  const out = [];\n  for (const x of xs) {\n    g(x);\n  }\n  return out;\n}\n",
             "g(x);\n", "g(x);\n    out.push(x);\n", "insert-accumulation"},
            {"function f(xs) {\n  const out = [];\n  for (const x of xs) {\n    out.push(x);\n  }\n}\n",
             "    out.push(x);\n  }\n", "    out.push(x);\n  }\n  return out;\n", "return-missing"},
            {"function f(xs) {\n  for (const x of xs) {\n    total += x;\n  }\n  return total;\n}\n", "  for",
             "  let total = 0;\n  for", "insert-initialisation"}});
}

TEST(ScriptOperators, WriteNoSemicolonsWhereTheFileHasNone) {
    expect({{"function f(n) {\n  let i = 0\n  while (i < n) {\n    g(i)\n  }\n}\n", "g(i)\n", "g(i)\n    i++\n",
             "insert-update"}});
}

TEST(ScriptOperators, LeaveTypesAlone) {
    const std::string source =
        "function f(a: number, b: Array<1 | 2>): 3 | undefined {\n  const c: 4 | 5 = a < 1 ? 4 : 5;\n  return c as "
        "3;\n}\n";
    expect_rows(Language::typescript,
                {{source, "a < 1", "a <= 1", "comparison-swap"}, {source, "? 4 : 5", "? 5 : 4", "conditional-swap"}});
    for (const Mutation& mutation : mutations(Language::typescript, source))
        for (const char* kept : {"a: number, b: Array<1 | 2>): 3 | undefined", "const c: 4 | 5"})
            EXPECT_NE(applied(source, mutation).find(kept), std::string::npos) << mutation.op;
}

TEST(ScriptOperators, WorkInsideJsxExpressionsOfTheSurroundingFunction) {
    const std::string source =
        "const V = (p: { n: number }) => {\n  const last = p.n - 1;\n  return <b>{last}</b>;\n};\n";
    expect_rows(Language::tsx, {{source, "p.n - 1", "p.n + 1", "arithmetic-swap"}});
}

}  // namespace
}  // namespace ec::repair
