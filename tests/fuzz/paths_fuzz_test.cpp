// The fuzz entry over trees of links, and over links made of a few names in every combination.
#include <gtest/gtest.h>

#include "fuzzing.hpp"

namespace {

TEST(Paths, LinksThatAreKeptNeverLeadOutTogether) {
    ec::fuzzing::feed_mutations({"here\t.\nout\there/here/../../etc/passwd", "a/b/l\t../../c\nc\ta\nd\tc/b/l/..",
                                 "a\tb/c\nb/c\t../a/..\n.git/config\t.vscode", "x\t/etc\ny\t../z\nsrc/link\t../../out"},
                                20'000, 20261127);
    ec::Rng rng(20261128);
    const char* names[] = {"a", "b", "c", "..", ".", ""};
    for (int round = 0; round < 20'000; ++round) {
        std::string tree;
        for (int link = 0; link < 4; ++link) {
            std::string line = names[rng.below(3)];
            for (std::uint64_t more = rng.below(3); more > 0; --more) line += std::string("/") + names[rng.below(3)];
            line += '\t';
            for (std::uint64_t more = 1 + rng.below(5); more > 0; --more)
                line += std::string(names[rng.below(6)]) + "/";
            tree += line.substr(0, line.size() - rng.below(2)) + "\n";
        }
        ec::fuzzing::feed(tree);
    }
}

}  // namespace
