#include "review_wiring.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <ec/agent/edits.hpp>
#include <ec/agent/secret_files.hpp>
#include <ec/agent/workspace_files.hpp>
#include <ec/net/egress_ledger.hpp>
#include <ec/net/http_client.hpp>

#include "data_dir.hpp"
#include "review_model.hpp"

namespace ec::apps {
namespace {

/// The workspace as the reviewer saw it: without its secrets.
class RedactedFiles final : public agent::FileSource {
public:
    RedactedFiles(const agent::WorkspaceFiles& files, const agent::SecretValues& values)
        : files_(files), values_(values) {}

    [[nodiscard]] std::optional<std::string> read(const std::string& path) const override {
        const auto text = files_.read(path);
        if (!text) return std::nullopt;
        return agent::redact(*text, nullptr, path, values_);
    }
    [[nodiscard]] std::vector<std::string> paths() const override { return files_.paths(); }

private:
    const agent::WorkspaceFiles& files_;
    const agent::SecretValues& values_;
};

Result<vcs::FileVersion> version_of(const agent::FileChange& change, const agent::WorkspaceFiles& files,
                                    const agent::SecretValues& values) {
    EC_TRY(files.may_write(change.path));
    vcs::FileVersion version;
    version.path = change.path;
    using Kind = agent::FileChange::Kind;
    if (change.kind == Kind::rename) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("the answer renames {}, which a review may not", change.path),
                    "edgecoder review edit takes that part out");
    }
    if (change.kind == Kind::create) {
        version.created = true;
        // A new file has no secret to put back; a placeholder in it would be written as it stands.
        EC_ASSIGN(version.after, agent::restore_withheld(change.after, "", change.path, values));
        return version;
    }
    EC_ASSIGN(version.before, files.read(change.path));
    version.removed = change.kind == Kind::remove;
    if (!version.removed) {
        EC_ASSIGN(version.after, agent::restore_withheld(change.after, version.before, change.path, values));
    }
    return version;
}

Result<std::vector<vcs::FileVersion>> read_patch(std::string_view answer, const std::filesystem::path& workspace) {
    EC_ASSIGN(const agent::WorkspaceFiles files, agent::WorkspaceFiles::list(workspace));
    const agent::SecretValues values = agent::find_secret_files(files).values;
    const RedactedFiles redacted(files, values);
    agent::EditHints hints;
    hints.workspace = files.root().string();
    const agent::ParsedEdits parsed = agent::parse_edits(answer, redacted, hints);
    // All of an answer or nothing: half a change is not what the reviewer meant.
    if (!parsed.problems.empty())
        return fail(ErrorCode::corrupt, fmt::format("the answer cannot be read: {}", parsed.problems.front().message),
                    "edgecoder review edit opens it in your editor");
    std::vector<vcs::FileVersion> versions;
    for (const agent::FileChange& change : parsed.changes) {
        EC_ASSIGN(vcs::FileVersion version, version_of(change, files, values));
        versions.push_back(std::move(version));
    }
    return versions;
}

Result<std::string> key_of(const agent::ReviewerSettings& settings, const net::Url& url) {
    if (settings.key_env.empty()) return std::string();
    const char* value = std::getenv(settings.key_env.c_str());
    if (value == nullptr || *value == '\0')
        return fail(ErrorCode::unavailable,
                    fmt::format("{} is not set, and {} needs it", settings.key_env, settings.name));
    if (url.scheme == "http" && !url.loopback())
        return fail(ErrorCode::denied, fmt::format("the key for {} would cross the network unencrypted", settings.name),
                    "use an https address");
    return std::string(value);
}

Result<OpenReviewer> open_reviewer(const agent::ReviewerSettings& settings) {
    using Kind = agent::ReviewerSettings::Kind;
    EC_ASSIGN(const net::Url url, net::Url::parse(settings.url));
    EC_ASSIGN(std::string key, key_of(settings, url));
    EC_ASSIGN(net::FileEgressLedger opened, net::FileEgressLedger::open(data_dir()));
    const auto ledger = std::make_shared<net::FileEgressLedger>(std::move(opened));
    const std::shared_ptr<net::HttpClient> client(net::make_http_client(*ledger, "review").release(),
                                                  [ledger](const net::HttpClient* ending) { delete ending; });
    agent::ReviewerFacts facts;
    facts.name = settings.name;
    facts.where = url.text();
    facts.remote = !url.loopback();
    facts.price = settings.price;
    OpenReviewer open;
    open.parts = {client};
    if (settings.kind == Kind::openai) {
        facts.most_answer_tokens = settings.max_tokens;
        EC_ASSIGN(const std::shared_ptr<model::ChatModel> model, open_review_model(settings, std::move(key), client));
        open.parts.push_back(model);
        open.reviewer = agent::make_chat_reviewer(*model, facts);
        return open;
    }
    open.reviewer = agent::make_team_reviewer(
        *client, facts, {.url = settings.url, .token = std::move(key), .for_person = settings.kind == Kind::link});
    return open;
}

Result<agent::Redactor> redactor_of(const std::filesystem::path& workspace) {
    EC_ASSIGN(const agent::WorkspaceFiles files, agent::WorkspaceFiles::list(workspace));
    const agent::SecretValues values = agent::find_secret_files(files).values;
    return [values](std::string_view text) { return agent::redact(text, nullptr, {}, values); };
}

}  // namespace

ReviewPorts review_ports() {
    return {.redactor = redactor_of, .read_patch = read_patch, .open_reviewer = open_reviewer};
}

}  // namespace ec::apps
