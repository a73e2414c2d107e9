// The fuzz entry over small heads, and some thousand fixed mutations of them.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fuzzing.hpp"

namespace {

void number(std::string& out, std::uint64_t value, int size) {
    for (int i = 0; i < size; ++i) out += static_cast<char>(value >> (8 * i));
}

void words(std::string& out, const std::string& text) {
    number(out, text.size(), 8);
    out += text;
}

std::string head(std::uint64_t version, std::uint64_t tensor_type) {
    std::string out = "GGUF";
    number(out, version, 4);
    number(out, 1, 8);
    number(out, 4, 8);
    words(out, "general.architecture");
    number(out, 8, 4);
    words(out, "a");
    words(out, "a.block_count");
    number(out, 4, 4);
    number(out, 2, 4);
    words(out, "a.attention.head_count_kv");
    number(out, 9, 4);
    number(out, 5, 4);
    number(out, 2, 8);
    number(out, 1, 4);
    number(out, 2, 4);
    words(out, "tokens");
    number(out, 9, 4);
    number(out, 8, 4);
    number(out, 2, 8);
    words(out, "x");
    words(out, "y");
    words(out, "w");
    number(out, 2, 4);
    number(out, 32, 8);
    number(out, 1, 8);
    number(out, tensor_type, 4);
    number(out, 0, 8);
    out.resize((out.size() + 31) / 32 * 32 + 256);
    return out;
}

TEST(GgufHeads, AreReadWithinBounds) {
    ec::fuzzing::feed_mutations({head(3, 0), head(2, 2), head(3, 99), "GGUF", ""}, 20'000, 20261127);
}

}  // namespace
