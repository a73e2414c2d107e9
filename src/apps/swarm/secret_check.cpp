#include "secret_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/agent/secret_files.hpp>
#include <ec/agent/withhold.hpp>
#include <ec/agent/workspace_files.hpp>
#include <map>
#include <memory>

namespace ec::apps {
namespace {

constexpr std::size_t kBinaryPrefix = 8000;  // git's rule
constexpr std::size_t kMostTold = 1000;      // WorkspaceFiles::withheld() has no more

class SecretCheck {
public:
    SecretCheck(agent::WorkspaceFiles files, const std::vector<std::string>& named)
        : files_(std::move(files)), values_(agent::find_secret_files(files_).values), named_(named) {
        for (const agent::Withheld& one : files_.withheld()) told_.emplace(one.path, one.kind);
    }

    [[nodiscard]] std::string why_not(const std::string& path, std::string_view content) const {
        if (const auto secret = agent::withheld_by_name(path)) return secret->kind;
        if (const std::string kind = told_about(path); !kind.empty()) return kind;
        if (content.substr(0, kBinaryPrefix).find('\0') != std::string_view::npos) return {};
        const auto found = agent::scan(path, content, values_);
        if (found.empty() || std::ranges::find(named_, path) != named_.end()) return {};
        return fmt::format("line {}: {} (--include {} sends it all the same)", found.front().line, found.front().kind,
                           path);
    }

private:
    /// Of the file, or of a folder above it.
    [[nodiscard]] std::string told_about(const std::string& path) const {
        if (const auto place = told_.find(path); place != told_.end()) return place->second;
        for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
            if (const auto place = told_.find(path.substr(0, slash + 1)); place != told_.end()) return place->second;
        }
        if (told_.size() < kMostTold) return {};
        // The list is full, so that it does not tell of all.
        const Status may = files_.may_read(path);
        return may ? std::string() : may.error().message;
    }

    agent::WorkspaceFiles files_;
    agent::SecretValues values_;
    std::vector<std::string> named_;
    std::map<std::string, std::string> told_;
};

}  // namespace

Result<std::function<std::string(const std::string&, std::string_view)>> secret_check(
    const std::filesystem::path& root, const std::vector<std::string>& named) {
    EC_ASSIGN(agent::WorkspaceFiles files, agent::WorkspaceFiles::list(root));
    return [check = std::make_shared<const SecretCheck>(std::move(files), named)](
               const std::string& path, std::string_view content) { return check->why_not(path, content); };
}

}  // namespace ec::apps
