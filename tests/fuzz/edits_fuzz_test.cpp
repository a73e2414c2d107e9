// The fuzz entry over a reply in each format and over mutations of them.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fuzzing.hpp"

namespace {

const std::vector<std::string> kSeeds = {
    "\1Here:\n\na.py\n```python\ndef f(x):\n    return x + 2\n\n\ndef g(x):\n    return 3\n```\n",
    "\4**src/b.js**\n````js\nexport const f = (x) => x;\n````\nc.md\n```markdown\n# New\n```sh\nls\n```\n```\n",
    std::string(1, '\0') +
        "a.py\n```\n<<<<<<< SEARCH\ndef f(x):\n    y = x + 1\n=======\ndef f(x):\n    y = x + 2\n>>>>>>> "
        "REPLACE\n```\n",
    "\3<<<<<<< SEARCH\n:start_line:7\n-------\n  y = x + 1\n=======\n  y = x + 3\n>>>>>>> REPLACE\n",
    std::string(1, '\0') +
        "```diff\n--- a/a.py\n+++ b/a.py\n@@ -1,3 +1,3 @@\n def f(x):\n-    y = x + 1\n+    y = x + 2\n     return "
        "y\n```\n",
    "\2diff --git a/e.txt b/n.txt\nrename from e.txt\nrename to n.txt\ndiff --git a/x b/x\nnew file mode 100644\n--- "
    "/dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+x\n\\ No newline at end of file\n",
    "\10*** Begin Patch\n*** Add File: n/x.py\n+x\n*** Update File: src/b.js\n*** Move to: lib/b.js\n@@ "
    "export\n-\treturn x;\n+\treturn 2;\n*** End of File\n*** Delete File: c.md\n*** End Patch\n"};

TEST(EditsFuzz, RepliesKeepThePromises) { ec::fuzzing::feed_mutations(kSeeds, 20000, 20261127); }

}  // namespace
