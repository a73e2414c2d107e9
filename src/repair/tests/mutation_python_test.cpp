// One row an edit that the operators for Python must offer: the text before, and what becomes of a part of it.
#include "tests/mutation_support.hpp"

namespace ec::repair {
namespace {

using namespace testing;

void expect(const std::vector<Row>& rows, const Material& material = {}) {
    expect_rows(Language::python, rows, material);
}

TEST(PythonOperators, SwapOperatorsAndOperands) {
    expect({{"if a < b: pass\n", "a < b", "a <= b", "comparison-swap"},
            {"if a == b: pass\n", "==", "!=", "comparison-swap"},
            {"if a not in b: pass\n", "not in", "in", "comparison-swap"},
            {"if a is b: pass\n", "is", "is not", "comparison-swap"},
            {"x = a < b < c\n", "b < c", "b <= c", "comparison-swap"},
            {"if f(a) < g(b): pass\n", "f(a) < g(b)", "g(b) < f(a)", "comparison-operands"},
            {"if len(xs) == 0: pass\n", "== 0", "<= 1", "comparison-shift"},
            {"x = a + b\n", "+", "-", "arithmetic-swap"},
            {"x = a / b\n", "/", "//", "arithmetic-swap"},
            {"x = a & b\n", "&", "|", "arithmetic-swap"},
            {"x = a - b\n", "a - b", "b - a", "operands-swap"},
            {"x = a - b\n", "a - b", "b"},
            {"if a and b: pass\n", "and", "or", "boolean-swap"},
            {"if a and b and c: pass\n", "a and b and c", "a or b or c", "boolean-swap"},
            {"if a and b: pass\n", "a and b", "b", "drop-operand"},
            {"n ^= n - 1\n", "^=", "&=", "augmented-swap"},
            {"for x in y:\n    t += x\n", "+=", "=", "assign-augment"},
            {"for x in y:\n    t = x\n", "=", "+=", "assign-augment"}});
}

TEST(PythonOperators, AskWhetherAValueIsThere) {
    expect({{"def f(a):\n    return a.b()\n", "a.b()", "a and a.b()", "guard-none"},
            {"def f(a):\n    return a.b()\n", "a.b()", "a.b() if a is not None else None", "guard-none"},
            {"def f(a):\n    return g(a.b.c())\n", "a.b.c()", "a.b and a.b.c()", "guard-none"},
            {"def f(a):\n    return 1 + a[0]\n", "a[0]", "(a and a[0])", "guard-none"}});
}

TEST(PythonOperators, ReachEveryPlaceWhereCodeMayStand) {
    expect_reached(Language::python,
                   {"try:\n    x = f()\nexcept ValueError as e:\n    x = a < b\n",
                    "try:\n    x = f()\nexcept:\n    if a < b:\n        x = 1\n",
                    "try:\n    x = f()\nexcept* OSError:\n    x = a < b\n",
                    "try:\n    x = f()\nexcept ValueError:\n    pass\nelse:\n    x = a < b\n",
                    "try:\n    x = f()\nfinally:\n    x = a < b\n",
                    "for i in y:\n    pass\nelse:\n    x = a < b\n",
                    "while f():\n    pass\nelse:\n    x = a < b\n",
                    "if f():\n    pass\nelif a < b:\n    x = 1\n",
                    "if f():\n    pass\nelse:\n    x = a < b\n",
                    "with f(a < b) as g:\n    pass\n",
                    "with f() as g:\n    x = a < b\n",
                    "async def f(a, b):\n    async with g() as h:\n        x = a < b\n",
                    "async def f(a, b):\n    async for i in a:\n        x = i < b\n        y = a < b\n",
                    "def f(a, b):\n    return (yield a < b)\n",
                    "def f(a, b):\n    def g():\n        return a < b\n    return g\n",
                    "class C:\n    def f(self, a, b):\n        return a < b\n",
                    "class C:\n    x = a < b\n",
                    "@g\ndef f(a, b):\n    return a < b\n",
                    "class C:\n    @property\n    def f(self):\n        return a < b\n",
                    "f = lambda a, b: a < b\n",
                    "def f(x=a < b):\n    pass\n",
                    "x = [i for i in y if a < b]\n",
                    "x = {i: a < b for i in y}\n",
                    "x = any(a < b for i in y)\n",
                    "x = {'k': a < b}\n",
                    "x = f(key=a < b)\n",
                    "x = y[a < b]\n",
                    "x[a < b] = 1\n",
                    "x = 1 if a < b else 2\n",
                    "x = f'{a < b}'\n",
                    "assert_that(a < b)\n",
                    "raise E(a < b)\n",
                    "del x[a < b]\n",
                    "match f():\n    case 1:\n        x = a < b\n",
                    "match f():\n    case y if a < b:\n        x = 1\n",
                    "if (n := f(a < b)):\n    x = 1\n",
                    "x = await_(*[a < b])\n",
                    "x: bool = a < b\n",
                    "while True:\n    if a < b: break\n"});
}

TEST(PythonOperators, ChangeValues) {
    expect(
        {{"x = y + 7\n", "7", "8", "number-step"},
         {"x = y + 7\n", "7", "6", "number-step"},
         {"x = True\n", "True", "False", "literal-flip"},
         {"def f():\n    return None\n", "None", "[]", "constant-replace"},
         {"def f():\n    return []\n", "[]", "[[]]", "constant-replace"},
         {"def f(n):\n    return []\n", "[]", "[n]", "container-element"},
         {"x = 'a' + ''\n", "''", "' '", "string-replace"},
         {"x = -y\n", "-y", "y", "negate-value"},
         {"def f(n):\n    return n * 3\n", "n * 3", "n * 3 + 1"},
         {"def f(n):\n    return g(n)\n", "g(n)", "g(n) - 1"},
         {"def f(a, b):\n    best = a\n    for x in b:\n        best = x + 1\n", "x + 1", "max(best, x + 1)", "clamp"},
         {"def f(a, b):\n    a = a + b\n", "a + b", "max(0, a + b)", "clamp"},
         {"for x in y:\n    yield f(x)\n", "f(x)", "x", "unwrap-call"},
         {"def f(s):\n    return s.strip()\n", "s.strip()", "s"},
         {"x = g(a)\ny = a / 2\n", "a / 2", "int(a / 2)", "wrap-call"},
         {"while abs(x - y) > e:\n    y = 2\n", "x - y", "x - y ** 2"},
         {"x = (a, b)\n", "a, b", "b, a", "operands-swap"}});
    expect({{"x = 1\n", "1", "42", "number-replace"}, {"x = 'a'\n", "'a'", "'mined'", "string-replace"}},
           {{"42", "'mined'"}, {}, {}});
}

TEST(PythonOperators, MovePositions) {
    expect({{"x = a[i]\n", "a[i]", "a[i - 1]"},
            {"x = a[i]\n", "a[i]", "a[i + 1]"},
            {"x = a[i - 1]\n", "i - 1", "i"},
            {"x = a[0]\n", "[0]", "[-1]"},
            {"x = d[i - 1, j]\n", "i - 1, j", "i - 1, j - 1"},
            {"x = d[j, k]\n", "j, k", "k, j", "subscript-swap"},
            {"x = m[i][j]\n", "m[i][j]", "m[j][i]", "subscript-swap"},
            {"x = a[1:n]\n", "1:n", "0:n"},
            {"x = a[1:n]\n", "1:n", "1:n + 1", "slice-change"},
            {"x = a[1:n]\n", "1:n", "1:", "slice-change"},
            {"x = a[:]\n", "[:]", "[::-1]", "slice-change"},
            {"def f(a, b):\n    return f(a[1:], b) + len(b)\n", "a[1:], b", "a[1:], b[1:]", "slice-add"},
            {"def f(arr, k):\n    k = 2\n    for x in arr:\n        pass\n", "in arr", "in arr[k:]", "slice-add"},
            {"for i in range(n): pass\n", "range(n)", "range(n + 1)"},
            {"for i in range(n): pass\n", "range(n)", "range(1, n)", "range-change"},
            {"for i in range(n): pass\n", "range(n)", "range(n - 1, -1, -1)", "range-change"},
            {"for i in range(2, n - 1): pass\n", "n - 1", "n"},
            {"for i in range(0, n, 2): pass\n", "range(0, n, 2)", "range(0, n)", "range-change"}});
}

TEST(PythonOperators, ReplaceNames) {
    const std::string source = "def f(first, second):\n    total = first + 1\n    return first + total\n";
    expect(
        {{source, "first + total", "second + total", "name-replace"},
         {source, "total = ", "second = ", "target-replace"},
         {"def f(p):\n    return p.left + p.right\n", "p.left", "p.right", "attribute-replace"},
         {"class A:\n    def f(self):\n        self.a = 1\n        self.b = 2\n        return self.a\n",
          "return self.a", "return self.b", "attribute-replace"},
         {"def f(u, v, d, e):\n    d[u] = e[v]\n    e[u] = d[v]\n", "d[u] = e[v]\n    e[u]", "d[u] = e[v]\n    d[u]"},
         {"a, b = b, a\n", "a, b =", "b, a =", "target-replace"},
         {"def f(distance, heap, w):\n    return get(heap) + w\n", "get(heap)", "distance"}});
}

TEST(PythonOperators, ChangeCalls) {
    expect({{"x = f(a % b, b)\n", "a % b, b", "b, a % b", "argument-swap"},
            {"x = f(a, b)\n", "(a, b)", "(a)", "argument-drop"},
            {"x = min(a, b)\n", "min", "max", "callee-replace"},
            {"x = any(a)\n", "any", "all", "callee-replace"},
            {"xs.append(y)\n", "append", "extend", "method-replace"},
            {"x = s.startswith(t)\n", "startswith", "endswith", "method-replace"},
            {"x = xs.pop(0)\n", "pop(0)", "pop()", "argument-drop"},
            {"x = sorted(xs)\n", "(xs)", "(xs, reverse=True)", "keyword-change"},
            {"x = sorted(xs, reverse=True)\n", "(xs, reverse=True)", "(xs)", "keyword-change"},
            {"def g(a): pass\ndef h(a): pass\nx = g(1)\n", "x = g", "x = h", "callee-replace"},
            {"async def f():\n    x = g()\n", "g()", "await g()", "await-change"},
            {"async def f():\n    x = await g()\n", "await g()", "g()"},
            {"def f(a, k, n):\n    n = 1\n    k = 2\n    return f(a, k, n)\n", "f(a, k, n)\n", "f(a, k - n, n)\n",
             "arithmetic-extend"}});
    expect({{"def f():\n    return helper(1)\n", "helper", "other_helper", "callee-replace"}},
           {{}, {"other_helper"}, {}});
}

TEST(PythonOperators, ChangeConditions) {
    expect({{"if a: pass\n", "a", "not a", "negate"},
            {"if not a: pass\n", "not a", "a", "negate"},
            {"def f(queue):\n    queue = [1]\n    while True:\n        queue.pop()\n", "True", "queue",
             "condition-replace"},
            {"def f(a, n):\n    n = 1\n    a = [n]\n    if n < 0:\n        return 0\n", "n < 0", "n < 0 or not a"},
            {"def f(h):\n    if h.next is None:\n        return 0\n", "h.next is None", "h is None or h.next is None",
             "guard-none"},
            {"if a < b: pass\n", "a < b", "True", "force-condition"},
            {"x = a if c else b\n", "a if c else b", "b if c else a", "conditional-swap"},
            {"x = [y for y in z if y > 1]\n", " if y > 1", "", "comprehension-condition"},
            {"x = [y for y in z]\n", "in z", "in z if y", "comprehension-condition"},
            {"x = [f(y) for y in z]\n", "f(y)", "y"},
            {"def f(n):\n    d = 0\n    d = n\n    return True\n", "True", "d == 0"}});
}

TEST(PythonOperators, ChangeStatements) {
    expect(
        {{"a = 1\nf(a)\nb = 2\n", "f(a)\n", "", "delete-statement"},
         {"if a:\n    f(a)\n", "f(a)", "pass", "delete-statement"},
         {"a()\nb()\n", "a()\nb()", "b()\na()", "move-statement"},
         {"def f():\n    for x in y:\n        t = x\n        return t\n", "        return t", "    return t",
          "move-statement"},
         {"def f():\n    for x in y:\n        t = x\n    u = t\n", "    u = t", "        u = t", "move-statement"},
         {"for x in y:\n    t = 0\n    u = 1\n", "for x in y:\n    t = 0\n", "t = 0\nfor x in y:\n", "move-statement"},
         {"for x in y:\n    if x:\n        break\n", "break", "continue", "swap-jump"},
         {"for x in y:\n    if x:\n        a()\n", "a()\n", "a()\n        break\n", "insert-jump"},
         {"def f(x):\n    g(x)\n", "g(x)", "return g(x)", "return-missing"},
         {"def f(x):\n    y = x\n    return\n", "return", "return y", "return-value"},
         {"def f(x):\n    yield g(x)\n", "yield g(x)", "yield from g(x)", "yield-return"},
         {"if a:\n    b()\nelse:\n    c()\n", "b()\nelse:\n    c()", "c()\nelse:\n    b()", "branch-swap"},
         {"if a:\n    b()\nelif c:\n    d()\n", "elif", "if", "else-if-change"},
         {"if a:\n    b()\nif c:\n    d()\n", "if c", "elif c", "else-if-change"},
         {"if a:\n    b()\n", "if a", "while a", "else-if-change"},
         {"raise ValueError(a)\n", "ValueError", "TypeError", "exception-type"},
         {"def f(a, b=[]):\n    b.append(a)\n", "[]):\n", "None):\n    if b is None:\n        b = []\n",
          "default-argument"},
         {"for n in g[v]:\n    g[n].update(g[u])\n", "g[n].update(g[u])", "g[n] = g[u]", "call-to-assignment"},
         {"def f(s):\n    s.strip()\n", "s.strip()", "s = s.strip()", "call-to-assignment"},
         {"def f(first, rest):\n    rest = [1]\n    return [[first] + s for s in rest]\n", "return ", "return rest + ",
          "arithmetic-extend"}});
}

TEST(PythonOperators, InsertWhatIsMissing) {
    expect({{"def f(xs):\n    return xs[0]\n", "    return", "    if not xs:\n        return []\n    return",
             "insert-guard"},
            {"def f(n):\n    return f(n - 1) * n\n", "    return", "    if n <= 1:\n        return 1\n    return",
             "insert-guard"},
            {"def f(words):\n    d = {}\n    for w in words:\n        d[w] += 1\n", "        d[w]",
             "        if w not in d:\n            d[w] = 0\n        d[w]", "insert-guard"},
            {"def f(xs):\n    for i in xs:\n        for j in xs:\n            g(i, j)\n", "            g(i, j)",
             "            if i != j:\n                g(i, j)", "insert-guard"},
            {"def f(n):\n    i = 0\n    while i < n:\n        g(i)\n", "g(i)\n", "g(i)\n        i += 1\n",
             "insert-update"},
            {"def f(node):\n    prev = None\n    while node:\n        after = node.next\n        node.next = prev\n    "
             "    node = after\n    return prev\n",
             "        node = after\n", "        prev = node\n        node = after\n", "insert-update"},
            {"def f(xs):\n    out = []\n    for x in xs:\n        y = x\n    return out\n", "y = x\n",
             "y = x\n        out.append(x)\n", "insert-accumulation"},
            {"def f(a):\n    seen = set()\n    def g(node):\n        if node in seen:\n            return False\n      "
             "  else:\n            return any(g(n) for n in node.next)\n    return g(a)\n",
             "            return any", "            seen.add(node)\n            return any", "insert-accumulation"},
            {"def f(xs):\n    for x in xs:\n        total += x\n    return total\n", "    for",
             "    total = 0\n    for", "insert-initialisation"},
            {"def f(xs):\n    out = []\n    for x in xs:\n        out.append(x)\n", "        out.append(x)\n",
             "        out.append(x)\n    return out\n", "return-missing"},
            {"def f(xs):\n    out = ''\n    for x in xs:\n        if x:\n            out += x\n        g(x)\n",
             "            out += x\n", "            out += x\n        else:\n            out += 1\n"},
            {"def f(xs):\n    n = 0\n    for x in xs:\n        if x:\n            pass\n    return n\n", "pass",
             "n += 1"}});
    expect(
        {{"def f(x):\n    y = g(x)\n    return y\n", "    return y", "    audit(y)\n    return y", "borrow-statement"}},
        {{}, {}, {"audit(y)"}});
}

TEST(PythonOperators, AskWhatTheValuesAtHandOffer) {
    expect({{"def f(xs, t):\n    for x in xs:\n        pass\n    return True\n", "pass",
             "if x >= t:\n            return False", "insert-guard"},
            {"def f(xs, known):\n    n = 0\n    for i in range(len(xs)):\n        n += 1\n    return n\n",
             "        n += 1", "        if xs[i] > known:\n            n += 1", "insert-guard"},
            {"def prime(n):\n    return n > 1\n\ndef f(n):\n    for j in range(n):\n        if n % j == 0:\n           "
             " g(j)\n",
             "n % j == 0", "n % j == 0 and prime(j)", "add-condition"},
            {"def f(a, b, c):\n    if a + c <= b:\n        return -1\n", "a + c <= b", "a + c <= b or b + c <= a",
             "add-condition"},
            {"def f(s):\n    last = s.split(' ')[-1]\n    return True if last.isalpha() else False\n", "last.isalpha()",
             "last.isalpha() and len(last) == 1", "add-condition"},
            {"def f(rows, v):\n    return [(i, j) for i in range(len(rows)) for j in range(len(rows[i]))]\n",
             "range(len(rows[i]))", "range(len(rows[i])) if rows[i][j] == v", "comprehension-condition"}});
}

TEST(PythonOperators, AskAboutNeighboursParityAndKindInALoop) {
    expect({{"def f(arr):\n    i = 1\n    ind = -1\n    while i < len(arr):\n        ind = i\n        i += 1\n    "
             "return ind\n",
             "        ind = i\n", "        if arr[i] < arr[i - 1]:\n            ind = i\n", "insert-guard"},
            {"def f(s):\n    out = []\n    for c in s.split(' '):\n        out.append(int(c))\n    return out\n",
             "        out.append(int(c))", "        if c.isdigit():\n            out.append(int(c))", "insert-guard"},
            {"def f(n):\n    for i in range(2, n):\n        pass\n    return True\n", "pass",
             "if n % i == 0:\n            return False", "insert-guard"},
            {"def f(xs):\n    return sum([x for x in xs])\n", "for x in xs", "for x in xs if x % 2 == 1"}});
    expect({{"def f(n):\n    return True if n % 2 == 0 else False\n", "n % 2 == 0", "n % 2 == 0 and n >= 8",
             "add-condition"}},
           {{"8"}, {}, {}});
}

TEST(PythonOperators, PutBackWhatACallLeftBehind) {
    expect({{"def f(a, b):\n    d = (a - b)\n    return d\n", "(a - b)", "(abs(a - b))", "wrap-call"},
            {"def f(n):\n    n = g(n)\n    n = 0\n    return n\n", "    n = 0\n", "    if n < 0:\n        n = 0\n",
             "insert-guard"},
            {"def f(s, t):\n    n = 0\n    for i in range(len(s)):\n        if s[i:] == t:\n            n += 1\n    "
             "return n\n",
             "s[i:]", "s[i:i + len(t)]", "slice-change"},
            {"def f(xs):\n    a = []\n    b = []\n    for x in xs:\n        if g(x):\n            a.append(x)\n    "
             "return b\n",
             "            a.append(x)\n", "            a.append(x)\n        else:\n            b.append(x)\n",
             "insert-else"}});
}

TEST(PythonOperators, GiveWhatThePlaceAsksFor) {
    const std::string source = "def f(x):\n    out = ''\n    out = x % 2 + out\n    return out\n";
    const auto text =
        find(Language::python, source, "def f(x):\n    out = ''\n    out = str(x % 2) + out\n    return out\n");
    const auto size =
        find(Language::python, source, "def f(x):\n    out = ''\n    out = abs(x % 2) + out\n    return out\n");
    ASSERT_TRUE(text.has_value());
    EXPECT_GT(text->prior, 1.5 * (size ? size->prior : 0));
    expect({{"def f(s):\n    n = s.count('a')\n    return None\n", "return None", "return n", "return-value"},
            {"def f(s):\n    t = s.strip()\n    return None\n", "return None", "return len(t)", "return-value"}});
}

TEST(PythonOperators, UpdateWhatBelongsTogether) {
    expect({{"def f(n, d):\n    out = ''\n    for x in d:\n        q = n // d[x]\n        out += q\n",
             "q = n // d[x]\n", "q = n // d[x]\n        n %= d[x]\n", "insert-update"},
            {"def f(a, k):\n    return a[-k:]\n", "    return", "    a.sort()\n    return", "insert-accumulation"},
            {"def f(lo, hi):\n    a = lo\n    b = hi\n    while a < b:\n        m = (a + b) / 2\n        if g(m):\n    "
             "        "
             "a = m\n    return a\n",
             "            a = m\n", "            a = m\n        else:\n            b = m\n", "insert-else"},
            {"def f(xs):\n    out = []\n    tail = sorted(xs)\n    if xs:\n        pass\n    return out\n", "pass",
             "out.append(tail[-1])", "insert-accumulation"}});
}

TEST(PythonOperators, TakeSingleCharactersFromTheTests) {
    expect({{"def f(c):\n    return c in ['a', '']\n", "''", "'e'", "string-replace"}}, {{"'bend'"}, {}, {}});
}

TEST(PythonOperators, PreferWhatIsUsuallyWritten) {
    const std::string source = "def f(a, b):\n    return a < b\n";
    const auto odd = find(Language::python, source, "def f(a, b):\n    return a < a\n");
    const auto usual = find(Language::python, source, "def f(a, b):\n    return b < a\n");
    ASSERT_TRUE(usual.has_value());
    ASSERT_TRUE(odd.has_value());
    EXPECT_LT(odd->prior, usual->prior / 4);
}

TEST(PythonOperators, KeepTheLayoutOfTheFile) {
    expect(
        {{"def f(xs):\r\n\treturn xs[0]\r\n", "\treturn", "\tif not xs:\r\n\t\treturn []\r\n\treturn", "insert-guard"},
         {"def f(n):\n  i = 0\n  while i < n:\n    g(i)", "g(i)", "g(i)\n    i += 1", "insert-update"},
         {"a()\r\nb()\r\n", "a()\r\nb()", "b()\r\na()", "move-statement"}});
}

TEST(PythonOperators, ParenthesiseWhereTheMeaningWouldChange) {
    expect({{"x = a * f(b + c)\n", "f(b + c)", "(b + c)", "unwrap-call"},
            {"x = f(b or c).d\n", "f(b or c)", "(b or c)", "unwrap-call"},
            {"if a and b: pass\nif c or d: pass\n", "a and b", "not (a and b)", "negate"}});
}

TEST(PythonOperators, SayWhatIsWrongAtThisVeryPlace) {
    const auto comparison = find(Language::python, "while i < n:\n    i += 1\n", "while i <= n:\n    i += 1\n");
    ASSERT_TRUE(comparison.has_value());
    EXPECT_EQ(comparison->explanation, "the comparison excluded the equal case: `<` should be `<=` in `i < n`");
    EXPECT_FALSE(comparison->destructive);
    const auto range = find(Language::python, "for i in range(n): pass\n", "for i in range(n + 1): pass\n");
    ASSERT_TRUE(range.has_value());
    EXPECT_EQ(range->explanation, "the loop over `range(n)` stopped one short: it must include `n`");
    const auto deletion = find(Language::python, "a()\nb()\n", "b()\n");
    ASSERT_TRUE(deletion.has_value());
    EXPECT_TRUE(deletion->destructive);
    EXPECT_GT(comparison->prior, deletion->prior);
}

}  // namespace
}  // namespace ec::repair
