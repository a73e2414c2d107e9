#include "project_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/agent/instructions.hpp>
#include <ec/codeindex/repository_map.hpp>
#include <ec/codeindex/search.hpp>
#include <ec/core/text.hpp>
#include <ec/core/time_or_stop.hpp>

namespace ec::apps {

Result<ProjectView> ProjectView::open(const std::filesystem::path& directory) {
    EC_ASSIGN(agent::WorkspaceFiles files, agent::WorkspaceFiles::list(directory));
    return ProjectView(std::move(files));
}

Status ProjectView::refresh() {
    EC_ASSIGN(files_, agent::WorkspaceFiles::list(files_.root()));
    secrets_.reset();
    index_.reset();
    embeddings_.reset();
    return {};
}

std::vector<std::string> ProjectView::paths() const {
    std::vector<std::string> paths = files_.paths();
    for (const auto& [path, text] : unsaved_) {
        const auto at = std::ranges::lower_bound(paths, path);
        if (at == paths.end() || *at != path) paths.insert(at, path);
    }
    return paths;
}

std::vector<agent::UnsavedFile> ProjectView::unsaved() const {
    std::vector<agent::UnsavedFile> files;
    for (const auto& [path, text] : unsaved_) files.push_back({path, text});
    return files;
}

void ProjectView::set_unsaved(const std::string& path, std::optional<std::string> text) {
    const auto at = unsaved_.find(path);
    if (text ? at != unsaved_.end() && at->second == *text : at == unsaved_.end()) return;
    if (text)
        unsaved_[path] = *std::move(text);
    else
        unsaved_.erase(at);
    index_.reset();
    embeddings_.reset();
}

std::optional<std::string> ProjectView::read(const std::string& path) const {
    if (const auto at = unsaved_.find(path); at != unsaved_.end()) return at->second;
    auto text = files_.read(path);
    return text ? std::optional(*std::move(text)) : std::nullopt;
}

const agent::SecretFiles& ProjectView::secrets() {
    if (!secrets_) secrets_ = agent::find_secret_files(files_);
    return *secrets_;
}

Result<std::string> ProjectView::read_redacted(const std::string& path) {
    if (const auto at = unsaved_.find(path); at != unsaved_.end())
        return agent::redact(at->second, nullptr, path, secrets().values);
    return files_.read_redacted(path, nullptr, secrets().values);
}

std::string ProjectView::instructions() {
    return agent::render_instructions(agent::read_instructions(files_, {}, {}, secrets().values));
}

const codeindex::Index& ProjectView::index() {
    if (!index_) {
        // One thread: the files are read by one at a time.
        index_ = codeindex::Index::build(paths(), [this](const std::string& path) { return read_redacted(path); });
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

void ProjectView::use_embedder(OpenEmbedder open, std::function<void(const std::string&)> warn,
                               std::chrono::milliseconds longest) {
    open_embedder_ = std::move(open);
    warn_ = std::move(warn);
    longest_ = longest;
}

Result<std::vector<std::uint32_t>> ProjectView::rank_by_meaning(const std::string& query, const std::stop_token& stop) {
    constexpr std::size_t kMostFiles = 5000;  // more would keep a person waiting for minutes
    if (!embedder_) {
        EC_ASSIGN(embedder_, open_embedder_(stop));
    }
    if (!embedder_) {
        open_embedder_ = {};
        return std::vector<std::uint32_t>();
    }
    if (index().files().size() > kMostFiles) {
        return fail(ErrorCode::too_large, fmt::format("{} files are too many to embed", index().files().size()));
    }
    if (!embeddings_) {
        EC_ASSIGN(embeddings_, codeindex::Embeddings::of(index(), *embedder_, stop));
    }
    return embeddings_->rank(query, *embedder_, stop);
}

std::vector<std::uint32_t> ProjectView::by_meaning(const std::string& query) {
    if (!open_embedder_) return {};
    const TimeOrStop limit(stop_, longest_);
    auto ranked = rank_by_meaning(query, limit.token());
    if (ranked) return *std::move(ranked);
    if (stop_.stop_requested()) return {};
    embedder_.reset();
    open_embedder_ = {};
    const bool late = limit.token().stop_requested();
    if (warn_) {
        warn_("search goes by words alone: " +
              (late ? fmt::format("embedding took longer than {} s", static_cast<double>(longest_.count()) / 1000)
                    : ranked.error().message));
    }
    return {};
}

std::vector<std::string> ProjectView::related(const std::string& text, std::size_t most) {
    std::vector<std::uint32_t> by_words;
    for (const codeindex::FileHit& hit : codeindex::search_files(index(), text, most)) by_words.push_back(hit.file);
    std::vector<std::uint32_t> by_both = by_words;
    if (const auto semantic = by_meaning(text); !semantic.empty())
        by_both = codeindex::fuse_ranks({by_words, semantic});
    std::vector<std::string> paths;
    for (const std::uint32_t file : by_both) {
        if (paths.size() < most) paths.push_back(index().files()[file].path);
    }
    return paths;
}

std::string ProjectView::search(const std::string& query, std::size_t bytes) {
    std::string out;
    const auto read = [this](const std::string& path) { return read_redacted(path); };
    for (const codeindex::RegionHit& hit : codeindex::search(index(), query, read, {}, by_meaning(query))) {
        const std::string region = fmt::format("{} lines {}-{}:\n{}\n", hit.path, hit.line, hit.end_line, hit.text);
        if (out.size() + region.size() > bytes) break;
        out += region;
    }
    return out;
}

}  // namespace ec::apps
