#include "history.hpp"

#include <algorithm>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <utility>

namespace ec::apps::session {
namespace {

constexpr std::uint64_t kLargestFile = 16ULL << 20;
constexpr auto kOwnerOnly = std::filesystem::perms::owner_read | std::filesystem::perms::owner_write;

std::string escaped(std::string_view entry) {
    return replace_all(replace_all(std::string(entry), "\\", "\\\\"), "\n", "\\n");
}

std::string unescaped(std::string_view line) {
    std::string out;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '\\' && i + 1 < line.size()) {
            ++i;
            out += line[i] == 'n' ? '\n' : line[i];
        } else {
            out += line[i];
        }
    }
    return out;
}

void append_unique(std::vector<std::string>& entries, std::string entry) {
    std::erase(entries, entry);
    entries.push_back(std::move(entry));
    if (entries.size() > History::kMost) entries.erase(entries.begin());
}

}  // namespace

History::History(std::filesystem::path file, LooksSecret looks_secret)
    : file_(std::move(file)), looks_secret_(std::move(looks_secret)) {
    load();
}

void History::load() {
    if (file_.empty()) return;
    const Result<std::string> text = read_file(file_, kLargestFile);
    if (!text) return;
    std::vector<std::string> found;
    for (const std::string_view line : split_lines(*text)) {
        if (line.empty() || line.size() > 2 * kLongest || !is_valid_utf8(line)) continue;
        found.push_back(unescaped(line));
    }
    if (found.size() > kMost) found.erase(found.begin(), found.end() - static_cast<std::ptrdiff_t>(kMost));
    entries_ = std::move(found);
}

Status History::add(std::string_view entry) {
    if (trim(entry).empty() || entry.front() == ' ' || entry.size() > kLongest || !is_valid_utf8(entry)) return {};
    if (looks_secret_ && looks_secret_(entry)) return {};
    if (file_.empty()) {
        append_unique(entries_, std::string(entry));
        return {};
    }
    load();
    append_unique(entries_, std::string(entry));
    std::string text;
    for (const std::string& each : entries_) text.append(escaped(each)) += '\n';
    std::error_code ignored;
    if (!file_.parent_path().empty()) std::filesystem::create_directories(file_.parent_path(), ignored);
    // The mode of an existing file is kept by the write, so a lax one is narrowed before.
    if (std::filesystem::exists(file_, ignored)) std::filesystem::permissions(file_, kOwnerOnly, ignored);
    return write_file_atomic(file_, text, 0600);
}

std::optional<std::size_t> History::find_back(std::string_view part, std::size_t before) const {
    for (std::size_t i = std::min(before, entries_.size()); i-- > 0;) {
        if (entries_[i].find(part) != std::string::npos) return i;
    }
    return std::nullopt;
}

}  // namespace ec::apps::session
