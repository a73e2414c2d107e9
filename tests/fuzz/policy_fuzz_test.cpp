// The fuzz entry over a policy that says everything, over its lines in any order, and over fixed mutations of it.
#include <gtest/gtest.h>

#include <cstdint>
#include <ec/core/rng.hpp>
#include <ec/core/text.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "fuzzing.hpp"

namespace {

using ec::fuzzing::feed;
using ec::fuzzing::mutated;

constexpr std::string_view kSeed = R"(version = 1
name = "acme"
revision = 7
[paths]
discover = false
read_only = ["/opt/sdk", "/data", '/opt/sdk/inner']
[languages.python]
roots = ["/opt/python"]
path = ["/opt/python/bin", "/usr/bin"]
[languages."c++"]
path = ["/usr/lib/llvm/bin"]
[environment]
allow = ["LC_*", "DJANGO_SETTINGS_MODULE"]
[limits]
wall_seconds = { default = 20, ceiling = 600 }
cpu_seconds.default = 5
memory_mb.ceiling = 0x800
processes = { default = 64 }
new_files_mb = { ceiling = 1_000 }
[network]
mode = "allow-list"
allow = ["index.example.org", "*.example.com:8443", "xn--bcher-kva.de"]
[isolation]
reduced = "ask"
)";

// Words that turn a text into another that is nearly one.
constexpr std::string_view kWords[] = {"\"\"\"",
                                       "'''",
                                       "[[",
                                       "]]",
                                       "{",
                                       "}",
                                       "\\u0000",
                                       "\\",
                                       "#",
                                       "..",
                                       "/",
                                       "*",
                                       ":",
                                       "=",
                                       "\n",
                                       "\r\n",
                                       "a.b.c",
                                       "-1",
                                       "9223372036854775807",
                                       "nan",
                                       "1979-05-27",
                                       "\xff",
                                       "true",
                                       "[languages.x]",
                                       "\"/proc\"",
                                       "\"../x\"",
                                       "TOKEN"};

TEST(PolicyReader, KeepsItsPromisesOnAWholePolicyAndItsLines) {
    feed("");
    feed(kSeed);
    ec::Rng rng(7);
    const auto lines = ec::split_lines(kSeed);
    for (int round = 0; round < 2000; ++round) {
        std::string text = "version = 1\n";
        for (std::uint64_t count = rng.below(8); count > 0; --count) {
            text += lines[rng.below(lines.size())];
            text += '\n';
        }
        feed(text);
    }
}

TEST(PolicyReader, KeepsItsPromisesOnMutatedPolicies) {
    ec::Rng rng(20261127);
    for (int round = 0; round < 5000; ++round) feed(mutated(std::string(kSeed), rng, kWords));
}

}  // namespace
