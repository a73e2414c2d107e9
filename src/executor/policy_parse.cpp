#include <fmt/format.h>

#include <ec/core/text.hpp>
#include <ec/core/toml.hpp>
#include <set>

#include "policy_terms.hpp"

namespace ec::executor {
namespace {

constexpr std::int64_t kMostRevision = 1LL << 53;  // what JSON carries exactly

class Reading {
public:
    Reading(std::string_view source, const PolicyPlaces& places) : source_(source), places_(places) {}

    Result<SandboxPolicy> read(toml::Document document) {
        toml::Table root = document.root();
        if (Status status = version(root); !status) return std::unexpected(std::move(status).error());
        identity(root);
        if (auto paths = root.table("paths")) read_paths(*paths);
        if (auto languages = root.table("languages")) read_languages(*languages, root.line("languages"));
        if (auto environment = root.table("environment")) read_environment(*environment);
        if (auto limits = root.table("limits")) read_limits(*limits);
        if (auto network = root.table("network")) read_network(*network, root.line("network"));
        if (auto isolation = root.table("isolation")) read_isolation(*isolation);
        EC_TRY(document.finish());
        return std::move(policy_);
    }

private:
    // First of all: a later version may mean something else by every other key.
    Status version(toml::Table& root) const {
        const auto version = root.integer("version", 1, INT32_MAX);
        if (version == kPolicyVersion) return {};
        if (version) {
            return fail(ErrorCode::invalid_argument,
                        fmt::format("{}:{}: version: this program reads version {} of the policy format, not {}",
                                    source_, root.line("version"), kPolicyVersion, *version),
                        "install a newer edgecoder");
        }
        if (has(root, "version")) return {};  // no number: finish() says so
        return fail(ErrorCode::invalid_argument, fmt::format("{}:1: version: is missing", source_),
                    fmt::format("say 'version = {}' in the first line", kPolicyVersion));
    }

    static bool has(const toml::Table& table, std::string_view key) {
        const auto keys = table.keys();
        return std::ranges::find(keys, key) != keys.end();
    }

    void note(const toml::Table& table, std::string_view key) {
        policy_.origins.fields[table.field(key)] = fmt::format("{}:{}", source_, table.line(key));
    }

    void identity(toml::Table& root) {
        if (auto name = root.string("name")) {
            const bool plain = std::ranges::none_of(*name, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
            if (name->empty() || name->size() > 64 || !plain || trim(*name) != *name) {
                root.reject("name", "must be one line of 1 to 64 bytes, without space at its ends");
            }
            policy_.name = std::move(name);
            note(root, "name");
        }
        if (const auto revision = root.integer("revision", 0, kMostRevision)) {
            policy_.revision = static_cast<std::uint64_t>(*revision);
            note(root, "revision");
        }
    }

    template <class Trouble>
    std::optional<std::vector<std::string>> list(toml::Table& table, std::string_view key, Trouble trouble) {
        const auto texts = table.strings(key);
        if (!texts) return std::nullopt;
        if (texts->size() > kMostEntries) {
            table.reject(key, fmt::format("has more than {} entries", kMostEntries));
            return std::nullopt;
        }
        std::vector<std::string> values;
        for (const toml::Text& text : *texts) {
            if (const std::string reason = trouble(text.value); !reason.empty()) {
                table.reject(key, fmt::format("'{}' {}", ellipsize(text.value, 200), reason), text.line);
                return std::nullopt;
            }
            values.push_back(text.value);
        }
        note(table, key);
        return values;
    }

    std::optional<std::vector<std::string>> paths(toml::Table& table, std::string_view key) {
        auto found = list(table, key, [&](std::string_view path) { return path_trouble(path, places_); });
        if (found) found = minimal(*std::move(found), common_path);
        return found;
    }

    void read_paths(toml::Table& table) {
        if ((policy_.discover = table.boolean("discover"))) note(table, "discover");
        policy_.read_only = paths(table, "read_only");
    }

    void read_languages(toml::Table& table, unsigned line) {
        policy_.languages.emplace();
        policy_.origins.fields["languages"] = fmt::format("{}:{}", source_, line);
        const auto names = table.keys();
        std::size_t entries = 0;
        for (const std::string& name : names) {
            if (const std::string reason = language_trouble(name); !reason.empty()) {
                return table.reject(name, fmt::format("'{}' {}", ellipsize(name, 100), reason));
            }
            auto one = table.table(name);
            if (!one) return;
            LanguageRoots roots;
            roots.roots = paths(*one, "roots").value_or(std::vector<std::string>{});
            roots.path = search_path(*one, roots.roots);
            entries += roots.roots.size() + roots.path.size();
            if (entries > kMostEntries) {
                return table.reject(name, fmt::format("is too many: more than {} folders in all", kMostEntries));
            }
            if (roots == LanguageRoots{}) table.reject(name, "names neither roots nor path");
            note(table, name);
            policy_.languages->emplace(name, std::move(roots));
        }
    }

    std::vector<std::string> search_path(toml::Table& table, const std::vector<std::string>& roots) {
        const auto trouble = [&](std::string_view path) -> std::string {
            if (std::string reason = path_trouble(path, places_); !reason.empty()) return reason;
            if (path.find(':') != std::string_view::npos) return "holds ':', which separates the entries of PATH";
            const bool shown = always_shown(path) || std::ranges::any_of(roots, [&](const std::string& root) {
                                   return is_at_or_below(path, root);
                               });
            return shown ? "" : "lies below none of this language's roots";
        };
        auto entries = list(table, "path", trouble).value_or(std::vector<std::string>{});
        std::set<std::string> seen;
        std::erase_if(entries, [&](const std::string& entry) { return !seen.insert(entry).second; });
        return entries;
    }

    void read_environment(toml::Table& table) {
        auto names = list(table, "allow", variable_trouble);
        if (names) policy_.environment = minimal(*std::move(names), common_pattern);
    }

    void read_limits(toml::Table& table) {
        for (const LimitField& field : kLimitFields) {
            auto one = table.table(field.name);
            if (!one) continue;
            LimitRule& rule = policy_.limits.*field.rule;
            if (const auto standard = one->integer("default", field.least, field.most)) {
                rule.standard = static_cast<std::uint64_t>(*standard);
                note(*one, "default");
            }
            if (const auto ceiling = one->integer("ceiling", field.least, field.most)) {
                rule.ceiling = static_cast<std::uint64_t>(*ceiling);
                note(*one, "ceiling");
            }
            if (rule.standard && rule.ceiling && *rule.standard > *rule.ceiling) {
                one->reject("default",
                            fmt::format("{} is more than the ceiling, which is {}", *rule.standard, *rule.ceiling));
            }
        }
    }

    void read_network(toml::Table& table, unsigned line) {
        const auto mode = table.string("mode");
        std::vector<HostRule> rules;
        const auto trouble = [&](std::string_view text) -> std::string {
            auto rule = HostRule::parse(text);
            if (!rule) return "is refused: " + rule.error().message;
            rules.push_back(*std::move(rule));
            return {};
        };
        const bool listed = list(table, "allow", trouble).has_value();
        if (!mode) {
            if (!has(table, "mode")) table.reject("mode", "is missing: \"off\" or \"allow-list\"", line);
            return;
        }
        NetworkPolicy network;
        if (*mode == "allow-list") {
            network.mode = NetworkPolicy::Mode::allow_list;
            if (!listed && !has(table, "allow"))
                table.reject("allow", "is missing: the hosts that may be reached", line);
        } else if (*mode != "off") {
            table.reject("mode", fmt::format("must be \"off\" or \"allow-list\", not '{}'", ellipsize(*mode, 100)));
        } else if (!rules.empty()) {
            table.reject("allow", "lists hosts while the mode is \"off\"");
        }
        network.allow = minimal(std::move(rules), common_host);
        policy_.network = std::move(network);
        note(table, "mode");
    }

    void read_isolation(toml::Table& table) {
        const auto word = table.string("reduced");
        if (!word) return;
        if (*word == "refuse") {
            policy_.reduced = ReducedIsolation::refuse;
        } else if (*word == "ask") {
            policy_.reduced = ReducedIsolation::ask;
        } else {
            table.reject("reduced", fmt::format("must be \"refuse\" or \"ask\", not '{}'", ellipsize(*word, 100)));
        }
        note(table, "reduced");
    }

    std::string source_;
    const PolicyPlaces& places_;
    SandboxPolicy policy_;
};

}  // namespace

Result<SandboxPolicy> parse_policy(std::string_view text, std::string_view source, const PolicyPlaces& places) {
    EC_ASSIGN(toml::Document document, toml::Document::parse(text, source));
    return Reading(source, places).read(std::move(document));
}

}  // namespace ec::executor
