#include "policy_command.hpp"

#include <fmt/format.h>

#include <ec/core/fs.hpp>
#include <ec/core/hash.hpp>
#include <ec/core/text.hpp>
#include <ec/core/toml.hpp>
#include <ec/executor/policy.hpp>
#include <ec/json/json.hpp>
#include <ostream>

#include "error_report.hpp"
#include "policy_files.hpp"
#include "terminal.hpp"

namespace ec::apps {
namespace {

using executor::LimitRule;
using executor::SandboxPolicy;

constexpr int kNotAPolicy = 1;

json::Array strings(const std::vector<std::string>& texts) {
    json::Array array;
    for (const std::string& text : texts) array.emplace_back(to_valid_utf8(text));
    return array;
}

json::Value number(const std::optional<std::uint64_t>& value) {
    if (!value) return nullptr;
    return static_cast<std::int64_t>(*value);
}

// Names the policy by what it says; of no use against somebody who wants two policies to look the same.
std::string identity(const SandboxPolicy& policy) { return "xxh3-" + hash128(executor::to_toml(policy)).hex(); }

json::Object limits(const SandboxPolicy& policy) {
    const auto pair = [](const LimitRule& rule) {
        return json::Object{{"default", number(rule.standard)}, {"ceiling", number(rule.ceiling)}};
    };
    const executor::LimitRules& rules = policy.limits;
    return {{"wall_seconds", pair(rules.wall_seconds)},
            {"cpu_seconds", pair(rules.cpu_seconds)},
            {"memory_mb", pair(rules.memory_mb)},
            {"processes", pair(rules.processes)},
            {"new_files_mb", pair(rules.new_files_mb)},
            {"kept_output_kb", pair(rules.kept_output_kb)},
            {"output_flood_mb", pair(rules.output_flood_mb)},
            {"open_files", pair(rules.open_files)}};
}

json::Object languages(const SandboxPolicy& policy) {
    json::Object all;
    for (const auto& [name, language] : *policy.languages) {
        all[name] = json::Object{{"roots", strings(language.roots)}, {"path", strings(language.path)}};
    }
    return all;
}

json::Object network(const SandboxPolicy& policy) {
    const bool off = policy.network->mode == executor::NetworkPolicy::Mode::off;
    std::vector<std::string> rules;
    for (const executor::HostRule& rule : policy.network->allow) rules.push_back(rule.text());
    return {{"mode", off ? "off" : "allow-list"}, {"allow", strings(rules)}};
}

// `policy` is resolved: every value is there.
json::Object to_json(const SandboxPolicy& policy) {
    json::Object origins;
    for (const auto& [field, origin] : policy.origins.fields) origins[field] = to_valid_utf8(origin);
    json::Object object{
        {"version", executor::kPolicyVersion}, {"name", nullptr}, {"revision", number(policy.revision)}};
    if (policy.name) object["name"] = *policy.name;
    object["identity"] = identity(policy);
    object["paths"] = json::Object{{"discover", *policy.discover}, {"read_only", strings(*policy.read_only)}};
    object["languages"] = languages(policy);
    object["environment"] = json::Object{{"allow", strings(*policy.environment)}};
    object["limits"] = limits(policy);
    object["network"] = network(policy);
    const bool ask = policy.reduced == executor::ReducedIsolation::ask;
    object["isolation"] = json::Object{{"reduced", ask ? "ask" : "refuse"}};
    object["origins"] = std::move(origins);
    object["notes"] = strings(policy.origins.notes);
    return object;
}

std::string describe(const std::filesystem::path& file) {
    if (file.empty()) return "none";
    std::error_code error;
    return printable(file.string()) + (std::filesystem::exists(file, error) ? "" : " (no such file)");
}

int report_error(const Error& error, int status, const PolicyOptions& options, std::ostream& out, std::ostream& err) {
    if (options.json) {
        out << json::write(json::Object{{"status", "error"},
                                        {"reason", to_valid_utf8(error.message)},
                                        {"remedy", to_valid_utf8(error.remedy)}})
            << '\n';
    }
    tell_error(error, err);
    return status;
}

}  // namespace

int run_policy_show(const PolicyOptions& options, std::ostream& out, std::ostream& err) {
    const auto policy = effective_policy();
    if (!policy) return report_error(policy.error(), exit_status(policy.error().code), options, out, err);
    const SandboxPolicy all = executor::resolve(*policy);
    if (options.json) {
        json::Object document = to_json(all);
        document["status"] = "ok";
        out << json::write(document) << '\n';
        return 0;
    }
    const PolicyFiles files = policy_files();
    out << "# The sandbox policy in force, " << identity(all) << "\n"
        << "# the machine's:  " << describe(files.machine) << "\n"
        << "# your own:       " << describe(files.personal) << "\n";
    for (const std::string& note : all.origins.notes) out << "# " << printable(note) << "\n";
    out << executor::to_toml(all, options.origin) << std::flush;
    return 0;
}

int run_policy_check(const PolicyOptions& options, std::ostream& out, std::ostream& err) {
    const auto text = read_file(options.file, toml::kMostBytes);
    if (!text) {
        const ErrorCode code = text.error().code;
        const int status = code == ErrorCode::too_large ? kNotAPolicy : exit_status(code);
        return report_error(text.error(), status, options, out, err);
    }
    const auto places = policy_places();
    const auto policy = executor::parse_policy(*text, options.file.string(), places);
    if (!policy) return report_error(policy.error(), kNotAPolicy, options, out, err);
    std::vector<std::string> absent;
    if (const Status status = executor::check_here(*policy, places, &absent); !status) {
        return report_error(status.error(), kNotAPolicy, options, out, err);
    }
    if (options.json) {
        json::Object document = to_json(executor::resolve(*policy));
        document["status"] = "ok";
        document["absent"] = strings(absent);
        out << json::write(document) << '\n';
        return 0;
    }
    out << printable(options.file.string()) << ": a policy of version " << executor::kPolicyVersion << "\n";
    for (const std::string& path : absent) {
        out << "  " << printable(path) << " does not exist here and will be left out\n";
    }
    return 0;
}

}  // namespace ec::apps
