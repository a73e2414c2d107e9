#include <fmt/format.h>

#include <chrono>
#include <ec/core/text.hpp>
#include <ec/core/toml.hpp>
#include <ec/executor/sandbox.hpp>

#include "policy_terms.hpp"

namespace ec::executor {
namespace {

constexpr std::string_view kBuiltIn = "built in";

std::uint64_t built_in(std::string_view limit) {
    const Limits limits;
    if (limit == "wall_seconds") return static_cast<std::uint64_t>(limits.wall.count()) / 1000;
    if (limit == "memory_mb") return limits.memory_bytes >> 20;
    if (limit == "processes") return limits.processes;
    if (limit == "new_files_mb") return limits.new_file_bytes >> 20;
    if (limit == "kept_output_kb") return limits.kept_output_bytes >> 10;
    if (limit == "output_flood_mb") return limits.output_flood_bytes >> 20;
    return limits.open_files;
}

std::uint64_t least(std::uint64_t value, const std::optional<std::uint64_t>& ceiling, unsigned shift = 0) {
    return ceiling ? std::min(value, *ceiling << shift) : value;
}

std::chrono::milliseconds least(std::chrono::milliseconds value, const std::optional<std::uint64_t>& seconds) {
    if (!seconds) return value;
    const std::chrono::milliseconds ceiling(*seconds * 1000);
    return value.count() <= 0 ? ceiling : std::min(value, ceiling);
}

class Writing {
public:
    Writing(const SandboxPolicy& policy, bool origins) : policy_(policy), origins_(origins) {}

    std::string write() {
        line(fmt::format("version = {}", kPolicyVersion), {});
        if (policy_.name) line("name = " + toml::quoted(*policy_.name), {"name"});
        if (policy_.revision) line(fmt::format("revision = {}", *policy_.revision), {"revision"});
        paths();
        if (policy_.environment) {
            out_ += "\n[environment]\n";
            line("allow = " + list(*policy_.environment), {"environment.allow"});
        }
        limits();
        network();
        if (policy_.reduced) {
            out_ += "\n[isolation]\n";
            line(*policy_.reduced == ReducedIsolation::ask ? "reduced = \"ask\"" : "reduced = \"refuse\"",
                 {"isolation.reduced"});
        }
        return std::move(out_);
    }

private:
    void line(std::string_view text, std::initializer_list<std::string> fields) {
        std::string comment;
        for (const std::string& field : fields) {
            const std::string origin = policy_.origins.of(field);
            if (origin.empty()) continue;
            if (!comment.empty()) comment += "; ";
            if (fields.size() > 1) comment += field.substr(field.rfind('.') + 1) + ": ";
            comment += to_valid_utf8(origin);
        }
        for (char& c : comment) {
            if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
        }
        out_ += text;
        if (origins_ && !comment.empty()) out_ += "  # " + comment;
        out_ += '\n';
    }

    // Long lists get a line an entry.
    static std::string list(const std::vector<std::string>& entries) {
        std::vector<std::string> words;
        for (const std::string& entry : entries) words.push_back(toml::quoted(entry));
        const std::string flat = fmt::format("[{}]", join(words, ", "));
        if (flat.size() <= 100) return flat;
        return fmt::format("[\n    {},\n]", join(words, ",\n    "));
    }

    void paths() {
        if (policy_.discover || policy_.read_only) {
            out_ += "\n[paths]\n";
            if (policy_.discover) line(fmt::format("discover = {}", *policy_.discover), {"paths.discover"});
            if (policy_.read_only) line("read_only = " + list(*policy_.read_only), {"paths.read_only"});
        }
        if (!policy_.languages) return;
        if (policy_.languages->empty()) {
            out_ += '\n';
            line("[languages]", {"languages"});
        }
        for (const auto& [name, language] : *policy_.languages) {
            out_ += '\n';
            line(fmt::format("[languages.{}]", toml::quoted(name)), {"languages." + name});
            if (!language.roots.empty()) out_ += "roots = " + list(language.roots) + '\n';
            if (!language.path.empty()) out_ += "path = " + list(language.path) + '\n';
        }
    }

    void limits() {
        if (policy_.limits == LimitRules{}) return;
        out_ += "\n[limits]\n";
        for (const LimitField& field : kLimitFields) {
            const LimitRule& rule = policy_.limits.*field.rule;
            std::vector<std::string> parts;
            if (rule.standard) parts.push_back(fmt::format("default = {}", *rule.standard));
            if (rule.ceiling) parts.push_back(fmt::format("ceiling = {}", *rule.ceiling));
            if (parts.empty()) continue;
            line(fmt::format("{} = {{ {} }}", field.name, join(parts, ", ")),
                 {fmt::format("limits.{}.default", field.name), fmt::format("limits.{}.ceiling", field.name)});
        }
    }

    void network() {
        if (!policy_.network) return;
        out_ += "\n[network]\n";
        if (policy_.network->mode == NetworkPolicy::Mode::off) return line("mode = \"off\"", {"network.mode"});
        line("mode = \"allow-list\"", {"network.mode"});
        std::vector<std::string> rules;
        for (const HostRule& rule : policy_.network->allow) rules.push_back(rule.text());
        line("allow = " + list(rules), {"network.allow"});
    }

    const SandboxPolicy& policy_;
    bool origins_;
    std::string out_;
};

}  // namespace

SandboxPolicy resolve(SandboxPolicy policy) {
    auto& origins = policy.origins.fields;
    const auto fill = [&](auto& value, auto built, std::string field) {
        if (value) return;
        value = std::move(built);
        origins[std::move(field)] = kBuiltIn;
    };
    fill(policy.discover, true, "paths.discover");
    fill(policy.read_only, std::vector<std::string>{}, "paths.read_only");
    fill(policy.languages, std::map<std::string, LanguageRoots>{}, "languages");
    fill(policy.environment, built_in_environment(), "environment.allow");
    fill(policy.network, NetworkPolicy{}, "network.mode");
    fill(policy.reduced, ReducedIsolation::refuse, "isolation.reduced");
    for (const LimitField& field : kLimitFields) {
        LimitRule& rule = policy.limits.*field.rule;
        if (rule.standard || field.rule == &LimitRules::cpu_seconds) continue;
        rule.standard = least(built_in(field.name), rule.ceiling);
        const std::string ceiling = fmt::format("limits.{}.ceiling", field.name);
        origins[fmt::format("limits.{}.default", field.name)] =
            *rule.standard == built_in(field.name) ? std::string(kBuiltIn) : policy.origins.of(ceiling);
    }
    return policy;
}

std::string to_toml(const SandboxPolicy& policy, bool origins) { return Writing(policy, origins).write(); }

Limits standard_limits(const SandboxPolicy& policy) {
    const LimitRules& rules = policy.limits;
    Limits limits;
    if (rules.wall_seconds.standard) limits.wall = std::chrono::seconds(*rules.wall_seconds.standard);
    limits.wall = least(limits.wall, rules.wall_seconds.ceiling);
    limits.cpu = rules.cpu_seconds.standard ? std::chrono::seconds(*rules.cpu_seconds.standard) : limits.wall;
    if (rules.memory_mb.standard) limits.memory_bytes = *rules.memory_mb.standard << 20;
    if (rules.processes.standard) limits.processes = static_cast<unsigned>(*rules.processes.standard);
    if (rules.new_files_mb.standard) limits.new_file_bytes = *rules.new_files_mb.standard << 20;
    if (rules.kept_output_kb.standard) limits.kept_output_bytes = *rules.kept_output_kb.standard << 10;
    if (rules.output_flood_mb.standard) limits.output_flood_bytes = *rules.output_flood_mb.standard << 20;
    if (rules.open_files.standard) limits.open_files = static_cast<unsigned>(*rules.open_files.standard);
    return clamp(policy, limits);
}

Limits clamp(const SandboxPolicy& policy, const Limits& wanted) {
    const LimitRules& rules = policy.limits;
    Limits limits = wanted;
    limits.wall = least(wanted.wall, rules.wall_seconds.ceiling);
    limits.cpu = least(wanted.cpu, rules.cpu_seconds.ceiling);
    limits.memory_bytes = least(wanted.memory_bytes, rules.memory_mb.ceiling, 20);
    limits.processes = static_cast<unsigned>(least(wanted.processes, rules.processes.ceiling));
    limits.new_file_bytes = least(wanted.new_file_bytes, rules.new_files_mb.ceiling, 20);
    limits.kept_output_bytes = least(wanted.kept_output_bytes, rules.kept_output_kb.ceiling, 10);
    limits.output_flood_bytes = least(wanted.output_flood_bytes, rules.output_flood_mb.ceiling, 20);
    limits.open_files = static_cast<unsigned>(least(wanted.open_files, rules.open_files.ceiling));
    return limits;
}

}  // namespace ec::executor
