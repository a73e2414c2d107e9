// Mutation of arbitrary programs: the first byte picks the language, the rest is the source. Whatever went in, the
// edits lie inside the text, change it, and leave a text that parses when the original did.
#include <ec/core/hash.hpp>
#include <ec/repair/mutation.hpp>
#include <string>
#include <unordered_set>

#include "fuzzing.hpp"

namespace {

using namespace ec::repair;
using ec::fuzzing::require;

constexpr std::size_t kMostParsed = 60;  // spread over all; parsing each would take seconds for a long input

void mutate_text(ec::codeindex::Language language, const std::string& source) {
    auto tree = ec::codeindex::Tree::parse(language, source);
    if (!tree) return;
    const bool sound = !tree->has_error();
    const SourceUnit unit{"f", *std::move(tree)};
    const std::vector<std::string> constants = {"7", "'a'"};
    const std::vector<std::string> callables = {"helper"};
    const std::vector<std::string> fragments = {"x + 1", "y = 2"};
    const auto all = mutate({unit, [](int) { return true; }, constants, callables, fragments});
    std::unordered_set<ec::Hash128> seen;
    const std::size_t stride = all.size() / kMostParsed + 1;
    std::size_t index = 0;
    for (const Mutation& mutation : all) {
        require(mutation.edit.begin <= mutation.edit.end && mutation.edit.end <= source.size());
        require(mutation.prior > 0 && mutation.prior <= 1);
        const std::string mutant = apply_edits(source, "f", {mutation.edit});
        require(mutant != source);
        require(seen.insert(ec::hash128(mutant)).second);
        if (sound && index++ % stride == 0) require(ec::codeindex::parses(language, mutant));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0 || size > 4096) return 0;
    using ec::codeindex::Language;
    static constexpr Language kLanguages[] = {Language::python, Language::javascript, Language::typescript,
                                              Language::tsx};
    mutate_text(kLanguages[data[0] % 4], std::string(reinterpret_cast<const char*>(data) + 1, size - 1));
    return 0;
}
