#include "server_entry.hpp"

#include <algorithm>
#include <ec/core/text.hpp>
#include <ec/core/toml.hpp>
#include <ec/net/allow_rule.hpp>
#include <ec/net/http_client.hpp>

namespace ec::apps::mcp {
namespace {

constexpr std::int64_t kMostMemoryMb = 64 * 1024;
constexpr std::int64_t kLongestTimeout = 3600;
constexpr std::size_t kMostWords = 64;

std::vector<std::string> values(std::optional<std::vector<toml::Text>> texts) {
    std::vector<std::string> out;
    if (!texts) return out;
    for (toml::Text& text : *texts) out.push_back(std::move(text.value));
    return out;
}

bool is_variable(std::string_view name) {
    return !name.empty() && (name.front() < '0' || name.front() > '9') && std::ranges::all_of(name, [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
}

class EntryReader {
public:
    EntryReader(toml::Table table, std::string name) : table_(std::move(table)) { entry_.name = std::move(name); }

    ServerEntry read() {
        entry_.command = values(table_.strings("command"));
        entry_.url = table_.string("url").value_or("");
        entry_.allow = values(table_.strings("allow"));
        if (const auto seconds = table_.integer("timeout_s", 1, kLongestTimeout))
            entry_.timeout = std::chrono::seconds(*seconds);
        const std::vector<std::string> keys = table_.keys();
        const bool has_command = std::ranges::find(keys, "command") != keys.end();
        if (has_command == !entry_.url.empty())
            table_.reject(has_command ? "url" : "command", "an entry has either a command or a url");
        if (has_command) {
            program();
        } else {
            address();
        }
        return std::move(entry_);
    }

private:
    void program() {
        if (entry_.command.empty() || entry_.command.front().empty() || entry_.command.size() > kMostWords)
            table_.reject("command", "must be a program and its arguments");
        entry_.read_only = values(table_.strings("read_only"));
        for (const std::string& path : entry_.read_only) {
            if (!path.starts_with('/')) table_.reject("read_only", "must be absolute paths");
        }
        entry_.pass = values(table_.strings("pass"));
        if (!std::ranges::all_of(entry_.pass, is_variable)) table_.reject("pass", "must be names of variables");
        if (auto variables = table_.table("environment")) {
            for (const std::string& key : variables->keys()) {
                if (!is_variable(key)) variables->reject(key, "is no name of a variable");
                entry_.environment[key] = variables->string(key).value_or("");
            }
        }
        entry_.hosts = values(table_.strings("hosts"));
        for (const std::string& host : entry_.hosts) {
            if (const auto rule = net::AllowRule::parse(host); !rule) table_.reject("hosts", rule.error().message);
        }
        // What can reach a network could carry the project there, so that has to be said.
        entry_.project = table_.boolean("project").value_or(entry_.hosts.empty());
        if (const auto mb = table_.integer("memory_mb", 16, kMostMemoryMb))
            entry_.memory_mb = static_cast<std::uint64_t>(*mb);
    }

    void address() {
        check_url("url", entry_.url);
        entry_.token_file = file("token_file");
        entry_.token_url = table_.string("token_url").value_or("");
        entry_.client_id = table_.string("client_id").value_or("");
        entry_.client_secret_file = file("client_secret_file");
        entry_.scope = table_.string("scope").value_or("");
        const bool account = !entry_.token_url.empty();
        if (account) check_url("token_url", entry_.token_url);
        if (account == entry_.client_id.empty() || account == entry_.client_secret_file.empty())
            table_.reject("token_url", "goes with client_id and client_secret_file");
        if (account && !entry_.token_file.empty())
            table_.reject("token_file", "and token_url are two ways in: name one");
        if (!account && !entry_.scope.empty()) table_.reject("scope", "goes with token_url");
    }

    void check_url(std::string_view key, const std::string& text) {
        const auto url = net::Url::parse(text);
        if (!url) return table_.reject(key, url.error().message);
        if (url->scheme != "https" && !url->loopback()) table_.reject(key, "must be https, or http on this machine");
    }

    std::string file(std::string_view key) {
        std::string path = table_.string(key).value_or("");
        if (!path.empty() && !path.starts_with('/')) table_.reject(key, "must be an absolute path");
        return path;
    }

    toml::Table table_;
    ServerEntry entry_;
};

}  // namespace

std::string ServerEntry::where() const { return remote() ? url : join(command, " "); }

bool is_server_name(std::string_view name) {
    constexpr std::size_t kLongest = 32;
    return !name.empty() && name.size() <= kLongest && !name.starts_with('-') && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
}

Result<std::vector<ServerEntry>> parse_servers(std::string_view text, std::string_view source) {
    EC_ASSIGN(toml::Document document, toml::Document::parse(text, source));
    toml::Table root = document.root();
    for (const std::string& key : root.keys()) {
        if (key != "mcp") root.leave(key);
    }
    std::vector<ServerEntry> entries;
    if (auto mcp = root.table("mcp")) {
        for (const std::string& key : mcp->keys()) {
            if (key != "servers") mcp->leave(key);
        }
        if (auto servers = mcp->table("servers")) {
            for (const std::string& name : servers->keys()) {
                if (!is_server_name(name))
                    servers->reject(name, "a server's name has lower-case letters, digits and '-', at most 32");
                if (entries.size() == kMostServers) servers->reject(name, "there are at most 16 servers");
                if (auto table = servers->table(name)) entries.push_back(EntryReader(*table, name).read());
            }
        }
    }
    EC_TRY(document.finish());
    return entries;
}

}  // namespace ec::apps::mcp
