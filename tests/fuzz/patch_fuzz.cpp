// A patch over a small tree. Whatever went in, what is read stays in the tree, starts from the files as they are, and
// is the same patch when it is written again.
#include <ec/core/text.hpp>
#include <ec/vcs/patch.hpp>
#include <map>
#include <optional>
#include <string>

#include "fuzzing.hpp"

namespace {

using ec::fuzzing::require;

const std::map<std::string, std::string>& tree() {
    static const std::map<std::string, std::string> files = {
        {"a.py", "def f(x):\n    y = x + 1\n    return y\n"}, {"src/b.js", "x"}, {"empty", ""}};
    return files;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 65536) return 0;
    const std::string_view patch(reinterpret_cast<const char*>(data), size);
    const ec::vcs::ReadText read = [](const std::string& path) -> ec::Result<std::optional<std::string>> {
        const auto place = tree().find(path);
        return place == tree().end() ? std::nullopt : std::optional(place->second);
    };
    const auto files = ec::vcs::apply_patch(patch, read);
    if (!files) {
        require(!files.error().message.empty());
        return 0;
    }
    for (const ec::vcs::FileVersion& file : *files) {
        require(!file.path.empty() && file.path.front() != '/');
        for (const std::string_view part : ec::split(file.path, '/'))
            require(!part.empty() && part != "." && part != ".." && part != ".git");
        require(file.created != tree().contains(file.path));
        if (!file.created) require(file.before == tree().at(file.path));
    }
    // Written again it says the same.
    const auto again = ec::vcs::unified_patch(*files);
    require(again.has_value());
    const auto back = ec::vcs::apply_patch(*again, read);
    require(again->empty() || (back.has_value() && ec::vcs::unified_patch(*back).value() == *again));
    return 0;
}
