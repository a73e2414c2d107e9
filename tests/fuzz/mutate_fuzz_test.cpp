// The fuzz entry over our own Python and JavaScript sources, whole and with lines taken out.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <ec/core/fs.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "fuzzing.hpp"

namespace {

namespace fs = std::filesystem;

void feed(char language, const std::string& text) { ec::fuzzing::feed(std::string(1, language) + text); }

/// The beginnings of the sources with this ending below src/repair, cut at a line.
std::vector<std::string> sources(std::string_view ending) {
    const char* root = std::getenv("EC_SOURCE_DIR");
    std::vector<fs::path> files;
    for (const auto& entry :
         fs::recursive_directory_iterator(fs::path(root == nullptr ? "." : root) / "src/repair/judge"))
        if (entry.path().extension() == ending) files.push_back(entry.path());
    std::ranges::sort(files);
    std::vector<std::string> out;
    for (const fs::path& file : files) {
        auto text = ec::read_file(file);
        if (!text) continue;
        const std::size_t cut = text->size() <= 2500 ? text->size() : text->rfind('\n', 2500) + 1;
        out.push_back(text->substr(0, cut));
    }
    return out;
}

std::string without_a_line(const std::string& text, ec::Rng& rng) {
    const std::size_t at = static_cast<std::size_t>(rng.below(text.size()));
    const std::size_t begin = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
    const std::size_t end = text.find('\n', at);
    return text.substr(0, begin) + (end == std::string::npos ? "" : text.substr(end + 1));
}

void feed_all(char language, std::string_view ending) {
    const auto seeds = sources(ending);
    ASSERT_FALSE(seeds.empty());
    ec::Rng rng(7);
    for (const std::string& seed : seeds) {
        feed(language, seed);
        feed(language, without_a_line(seed, rng));
    }
}

TEST(MutateFuzz, PythonSourcesKeepThePromises) { feed_all(0, ".py"); }
TEST(MutateFuzz, JavaScriptSourcesKeepThePromises) { feed_all(1, ".cjs"); }
TEST(MutateFuzz, JavaScriptReadAsTypeScriptKeepsThePromises) { feed_all(2, ".cjs"); }

}  // namespace
