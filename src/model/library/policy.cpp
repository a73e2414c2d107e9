#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/core/toml.hpp>
#include <ec/model/model_manifest.hpp>

namespace ec::model {
namespace {

bool has_prefix(std::string_view source, std::string_view prefix) {
    if (prefix.empty() || !source.starts_with(prefix)) return false;
    if (source.size() == prefix.size() || prefix.ends_with('/') || prefix.ends_with(':')) return true;
    // Behind "https://host" a ':' begins a port, which is another server.
    const char next = source[prefix.size()];
    return next == '/' || (next == ':' && prefix.find("://") == std::string_view::npos);
}

// What a server may take for a step out of the folder that the prefix names.
bool climbs(std::string_view source) {
    std::string lower(source.substr(0, source.find('?')));
    std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; });
    lower = replace_all(replace_all(replace_all(lower, "%2e", "."), "%2f", "/"), "%5c", "\\");
    return lower.find("/..") != std::string::npos || lower.find('\\') != std::string::npos;
}

Status check_owner(const std::filesystem::path& file) {
    struct stat info{};
    if (::stat(file.c_str(), &info) != 0) return fail(from_errno("cannot stat " + file.string(), errno));
    if ((info.st_uid == 0 || info.st_uid == ::geteuid()) && (info.st_mode & 022U) == 0) return {};
    return fail(ErrorCode::denied, fmt::format("others may write {}, so it is no policy", file.string()),
                "make it belong to root, with mode 0644");
}

Result<ModelPolicy> read_keys(toml::Table& table) {
    ModelPolicy policy;
    policy.require_signatures = table.boolean("require_signatures").value_or(false);
    for (const toml::Text& text : table.strings("trusted_keys").value_or(std::vector<toml::Text>{})) {
        const auto key = crypto::PublicKey::parse(text.value);
        if (key)
            policy.trusted_keys.push_back(*key);
        else
            table.reject("trusted_keys", key.error().message, text.line);
    }
    if (const auto sources = table.strings("allowed_sources")) {
        auto& prefixes = policy.allowed_sources.emplace_back();
        for (const toml::Text& text : *sources) {
            if (trim(text.value).empty()) table.reject("allowed_sources", "an empty prefix would allow all", text.line);
            prefixes.push_back(text.value);
        }
    }
    return policy;
}

}  // namespace

bool ModelPolicy::allows(std::string_view source) const {
    if (allowed_sources.empty()) return true;
    if (climbs(source)) return false;
    return std::ranges::all_of(allowed_sources, [&](const auto& prefixes) {
        return std::ranges::any_of(prefixes, [&](const std::string& prefix) { return has_prefix(source, prefix); });
    });
}

bool ModelPolicy::trusts(const crypto::PublicKey& key) const {
    return std::ranges::find(trusted_keys, key) != trusted_keys.end();
}

ModelPolicy ModelPolicy::narrowed(const ModelPolicy& personal) const {
    ModelPolicy both = *this;
    both.require_signatures = require_signatures || personal.require_signatures;
    if (!require_signatures && trusted_keys.empty()) {
        both.trusted_keys = personal.trusted_keys;
    } else if (!personal.trusted_keys.empty()) {
        std::erase_if(both.trusted_keys, [&](const crypto::PublicKey& key) { return !personal.trusts(key); });
    }
    both.allowed_sources.insert(both.allowed_sources.end(), personal.allowed_sources.begin(),
                                personal.allowed_sources.end());
    return both;
}

Result<ModelPolicy> read_model_policy(const std::filesystem::path& file, std::string_view table) {
    const auto text = read_file(file, toml::kMostBytes);
    if (!text && text.error().code == ErrorCode::not_found) return ModelPolicy{};
    if (!text) return fail(text.error());
    if (table.empty()) {
        EC_TRY(check_owner(file));
    }
    EC_ASSIGN(toml::Document document, toml::Document::parse(*text, file.string()));
    toml::Table root = document.root();
    ModelPolicy policy;
    if (table.empty()) {
        EC_ASSIGN(policy, read_keys(root));
    } else {
        for (const std::string& key : root.keys()) {
            if (key != table) root.leave(key);
        }
        if (auto own = root.table(table)) {
            EC_ASSIGN(policy, read_keys(*own));
        }
    }
    EC_TRY(document.finish());
    return policy;
}

}  // namespace ec::model
