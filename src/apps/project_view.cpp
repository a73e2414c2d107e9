#include "project_view.hpp"

#include <fmt/format.h>

#include <ec/agent/instructions.hpp>
#include <ec/codeindex/repository_map.hpp>
#include <ec/codeindex/search.hpp>
#include <ec/core/text.hpp>

namespace ec::apps {

Result<ProjectView> ProjectView::open(const std::filesystem::path& directory) {
    EC_ASSIGN(agent::WorkspaceFiles files, agent::WorkspaceFiles::list(directory));
    return ProjectView(std::move(files));
}

Status ProjectView::refresh() {
    EC_ASSIGN(files_, agent::WorkspaceFiles::list(files_.root()));
    index_.reset();
    return {};
}

std::optional<std::string> ProjectView::read(const std::string& path) const {
    auto text = files_.read(path);
    return text ? std::optional(*std::move(text)) : std::nullopt;
}

std::string ProjectView::instructions() const { return agent::render_instructions(agent::read_instructions(files_)); }

const codeindex::Index& ProjectView::index() {
    if (!index_) {
        // One thread: the files are read by one at a time.
        index_ = codeindex::Index::build(files_.paths(),
                                         [this](const std::string& path) { return files_.read_redacted(path); });
    }
    return *index_;
}

std::string ProjectView::map(const std::string& task, const std::vector<std::string>& files, std::size_t bytes) {
    constexpr std::size_t kFocused = 8;
    codeindex::Focus focus = codeindex::mentions(index(), task);
    for (std::size_t i = 0; i < files.size() && i < kFocused; ++i) focus.files.insert(files[i]);
    codeindex::MapLimits limits;
    limits.tokens = bytes;
    limits.count = [](std::string_view text) { return text.size(); };
    return codeindex::repository_map(index(), focus, limits);
}

std::string ProjectView::search(const std::string& query, std::size_t bytes) {
    std::string out;
    const auto read = [this](const std::string& path) { return files_.read_redacted(path); };
    for (const codeindex::RegionHit& hit : codeindex::search(index(), query, read)) {
        const std::string region = fmt::format("{} lines {}-{}:\n{}\n", hit.path, hit.line, hit.end_line, hit.text);
        if (out.size() + region.size() > bytes) break;
        out += region;
    }
    return out;
}

}  // namespace ec::apps
