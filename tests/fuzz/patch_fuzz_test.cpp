// The fuzz entry over patches of each kind and over mutations of them.
#include <gtest/gtest.h>

#include <ec/vcs/diff.hpp>
#include <string>
#include <vector>

#include "fuzzing.hpp"

namespace {

std::vector<std::string> seeds() {
    const auto patch = [](const std::vector<ec::vcs::FileVersion>& files) {
        return ec::vcs::unified_patch(files).value();
    };
    const std::string a = "def f(x):\n    y = x + 1\n    return y\n";
    return {patch({{"a.py", a, "def f(x):\n    return x + 1\n"}, {"src/b.js", "x", "y\n"}}),
            patch({{"n/\"ew\"\t.py", "", "1\n2", true, false}, {"empty.txt", "", "", true, false}}),
            patch({{"a.py", a, "", false, true}, {"empty", "", "", false, true}})};
}

TEST(PatchFuzz, PatchesKeepThePromises) { ec::fuzzing::feed_mutations(seeds(), 20000, 20261127); }

}  // namespace
