// The fuzz entry over the captured reports and a few thousand fixed mutations of them.
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
using ec::fuzzing::feed;
using ec::fuzzing::mutated;

std::vector<std::string> seeds() {
    const char* source = std::getenv("EC_SOURCE_DIR");
    std::vector<fs::path> files;
    for (const auto& entry :
         fs::directory_iterator(fs::path(source == nullptr ? "." : source) / "src/executor/tests/data/reports")) {
        files.push_back(entry.path());
    }
    std::ranges::sort(files);
    std::vector<std::string> texts = {"cd x && A='b c' npm run test -- \"d\" e/*.js ; pytest -q"};
    for (const fs::path& file : files) texts.push_back(ec::read_file(file).value());
    return texts;
}

TEST(ReportReaders, KeepTheirPromisesOnCapturedReports) {
    for (const std::string& seed : seeds()) {
        for (char reader = 0; reader < 9; ++reader) feed(reader + seed);
    }
}

TEST(ReportReaders, KeepTheirPromisesOnMutatedReports) {
    ec::Rng rng(20261122);
    const auto texts = seeds();
    for (int round = 0; round < 4000; ++round) {
        const std::string text = mutated(texts[rng.below(texts.size())], rng);
        feed(static_cast<char>(rng.below(9)) + text);
    }
}

}  // namespace
