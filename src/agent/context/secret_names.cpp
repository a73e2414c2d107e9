// Files that exist to hold secrets, by name.
#include <algorithm>
#include <array>
#include <ec/agent/withhold.hpp>
#include <ec/codeindex/syntax.hpp>
#include <ec/core/text.hpp>

namespace ec::agent {
namespace {

constexpr std::array<std::string_view, 7> kFolders = {".aws", ".ssh", ".gnupg", ".azure", ".kube", ".docker", "gcloud"};
constexpr std::array<std::string_view, 15> kNames = {".netrc",       "_netrc",        ".git-credentials", ".pgpass",
                                                     ".my.cnf",      ".htpasswd",     ".pypirc",          ".dockercfg",
                                                     ".vault-token", ".bash_history", ".zsh_history",     "kubeconfig",
                                                     ".s3cfg",       ".boto",         ".python_history"};
constexpr std::array<std::string_view, 11> kEndings = {".pem", ".key",  ".p12",    ".pfx",     ".jks", ".keystore",
                                                       ".ppk", ".kdbx", ".tfvars", ".tfstate", ".ovpn"};
constexpr std::array<std::string_view, 4> kKeyPairs = {"id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"};
constexpr std::array<std::string_view, 6> kExamples = {"example", "sample", "template", "dist", "defaults", "schema"};
constexpr std::array<std::string_view, 6> kAccounts = {"service-account", "service_account", "serviceaccount",
                                                       "client_secret",   "client-secret",   "firebase-adminsdk"};

bool is_environment_file(std::string_view name) {
    if (name.ends_with(".env")) return true;
    if (!name.starts_with(".env") || (name.size() > 4 && name[4] != '.' && name[4] != '-' && name[4] != '_'))
        return false;
    return std::ranges::none_of(kExamples, [&](std::string_view word) { return name.ends_with(word); });
}

/// Code about credentials and pages about them are read; what they hold is scanned like everything else.
bool is_code_or_prose(std::string_view name) {
    if (codeindex::language_of(name)) return true;
    constexpr std::array<std::string_view, 14> kPlain = {".md",  ".rst",   ".adoc",   ".html",  ".rb",
                                                         ".php", ".cs",    ".kt",     ".swift", ".sh",
                                                         ".vue", ".scala", ".svelte", ".proto"};
    return std::ranges::any_of(kPlain, [&](std::string_view ending) { return name.ends_with(ending); });
}

bool is_secret_file(std::string_view name) {
    const auto contains = [&](std::string_view word) { return name.find(word) != std::string_view::npos; };
    if (is_environment_file(name) || std::ranges::find(kNames, name) != kNames.end()) return true;
    if (std::ranges::any_of(kEndings, [&](std::string_view ending) { return name.ends_with(ending); })) return true;
    if (!name.ends_with(".pub") &&
        std::ranges::any_of(kKeyPairs, [&](std::string_view pair) { return name.starts_with(pair); }))
        return true;
    if (name.ends_with(".json") && std::ranges::any_of(kAccounts, contains)) return true;
    const bool telling = name.starts_with("credentials") || name.starts_with("secrets.") || name == "secrets" ||
                         name.starts_with("secret.") || name.starts_with(".secret");
    return telling && !is_code_or_prose(name);
}

}  // namespace

std::optional<Withheld> withheld_by_name(std::string_view path) {
    std::string low(path);
    for (char& c : low)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const std::vector<std::string_view> parts = split(low, '/');
    const bool in_folder = std::any_of(parts.begin(), parts.end() - 1, [](std::string_view part) {
        return std::ranges::find(kFolders, part) != kFolders.end();
    });
    if (!in_folder && !is_secret_file(parts.back())) return std::nullopt;
    return Withheld{std::string(path), "file of secrets"};
}

}  // namespace ec::agent
