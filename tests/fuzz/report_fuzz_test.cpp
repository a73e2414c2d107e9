// The fuzz entry over the captured reports and a few thousand fixed mutations of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <ec/core/fs.hpp>
#include <ec/core/rng.hpp>
#include <filesystem>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

void feed(std::string_view bytes) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

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

/// Flips, inserts, deletes, repeats: the mutations that break parsers.
std::string mutated(std::string text, ec::Rng& rng) {
    for (std::uint64_t times = 1 + rng.below(6); times > 0 && !text.empty(); --times) {
        const std::size_t at = rng.below(text.size());
        switch (rng.below(5)) {
            case 0:
                text[at] = static_cast<char>(rng.below(256));
                break;
            case 1:
                text.insert(at, 1, static_cast<char>(rng.below(256)));
                break;
            case 2:
                text.erase(at, 1 + rng.below(40));
                break;
            case 3:
                text.insert(at, text.substr(rng.below(text.size()), rng.below(200)));
                break;
            default:
                text.insert(at, std::string(1 + rng.below(300), "[{<\"0 "[rng.below(6)]));
                break;
        }
    }
    return text;
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
