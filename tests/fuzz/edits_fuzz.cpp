// A model's reply over a small workspace: the first byte picks the hints. Whatever went in, no change leaves the
// workspace or touches .git, every change starts from the file as it is and changes it, and what is wrong is said in
// valid text.
#include <ec/agent/edits.hpp>
#include <ec/core/text.hpp>
#include <map>
#include <string>

#include "fuzzing.hpp"

namespace {

using namespace ec::agent;
using ec::fuzzing::require;

class Files final : public FileSource {
public:
    [[nodiscard]] std::optional<std::string> read(const std::string& path) const override {
        const auto place = files_.find(path);
        return place == files_.end() ? std::nullopt : std::optional(place->second);
    }
    [[nodiscard]] std::vector<std::string> paths() const override {
        std::vector<std::string> out;
        for (const auto& [path, text] : files_) out.push_back(path);
        return out;
    }

private:
    const std::map<std::string, std::string> files_ = {
        {"a.py", "def f(x):\n    y = x + 1\n    return y\n\n\ndef g(x):\n    y = x + 1\n    return y\n"},
        {"src/b.js", "export const f = (x) => {\r\n\treturn x;\r\n};"},
        {"c.md", "\xef\xbb\xbf# Title\n\n```\ncode\n```\n"},
        {"e.txt", ""}};
};

void check_path(const std::string& path) {
    require(!path.empty() && path.front() != '/' && path.back() != '/' && path.find('\0') == std::string::npos);
    for (const std::string_view part : ec::split(path, '/'))
        require(!part.empty() && part != "." && part != ".." && part != ".git");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0 || size > 65536) return 0;
    const std::string_view reply(reinterpret_cast<const char*>(data) + 1, size - 1);
    EditHints hints;
    if ((data[0] & 1) != 0) hints.only_file = "a.py";
    hints.cut = (data[0] & 2) != 0;
    hints.removal_asked = (data[0] & 4) != 0;
    hints.bare_code = (data[0] & 8) != 0;
    hints.workspace = "/w";
    const Files files;
    const ParsedEdits edits = parse_edits(reply, files, hints);
    require(!edits.changes.empty() || !edits.problems.empty());
    for (const FileChange& change : edits.changes) {
        check_path(change.path);
        require(change.before == files.read(change.path).value_or(""));
        require((change.kind == FileChange::Kind::create) == !files.read(change.path));
        require((change.kind == FileChange::Kind::rename) == !change.new_path.empty());
        if (change.kind == FileChange::Kind::rename) check_path(change.new_path);
        if (change.kind == FileChange::Kind::modify) require(change.before != change.after);
    }
    for (const EditProblem& problem : edits.problems)
        require(!problem.message.empty() && ec::is_valid_utf8(problem.message));
    return 0;
}
