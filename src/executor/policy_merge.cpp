#include <fmt/format.h>

#include <ec/core/text.hpp>

#include "policy_terms.hpp"

namespace ec::executor {
namespace {

class Merging {
public:
    Merging(const SandboxPolicy& wide, const SandboxPolicy& narrow) : wide_(wide), narrow_(narrow) {}

    SandboxPolicy merge() {
        for (const SandboxPolicy* from : {&wide_, &narrow_}) {
            merged_.origins.notes.insert(merged_.origins.notes.end(), from->origins.notes.begin(),
                                         from->origins.notes.end());
        }
        identity();
        paths();
        environment();
        for (const LimitField& field : kLimitFields) limit(field);
        network();
        stricter("isolation.reduced", &SandboxPolicy::reduced, ReducedIsolation::refuse);
        stricter("paths.discover", &SandboxPolicy::discover, false);
        return std::move(merged_);
    }

private:
    enum class From { wide, narrow, both };

    void came(From from, std::string_view field) {
        std::string& origin = merged_.origins.fields[std::string(field)];
        if (from == From::wide) origin = wide_.origins.of(field);
        if (from == From::narrow) origin = narrow_.origins.of(field);
        if (from == From::both) {
            const std::string one = wide_.origins.of(field);
            const std::string two = narrow_.origins.of(field);
            origin = one == two ? one : fmt::format("{} and {}", one, two);
        }
        if (origin.empty()) merged_.origins.fields.erase(std::string(field));
    }

    // The two belong together: a revision counts the changes of the policy that the name names.
    void identity() {
        const bool named = wide_.name || wide_.revision;
        const SandboxPolicy& from = named ? wide_ : narrow_;
        merged_.name = from.name;
        merged_.revision = from.revision;
        if (merged_.name) came(named ? From::wide : From::narrow, "name");
        if (merged_.revision) came(named ? From::wide : From::narrow, "revision");
    }

    template <class T>
    void stricter(std::string_view field, std::optional<T> SandboxPolicy::* member, T strict) {
        const auto& wide = wide_.*member;
        const auto& narrow = narrow_.*member;
        if (!wide && !narrow) return;
        const bool keep_wide = !narrow || wide == strict;
        merged_.*member = keep_wide ? wide : narrow;
        came(keep_wide ? From::wide : From::narrow, field);
    }

    // One list over the other, with a word on every entry of the narrower that the wider does not hold.
    template <class T, class Common, class Text>
    std::vector<T> narrowed(const std::vector<T>& allowed, const std::vector<T>& wanted, std::string_view field,
                            Common common, Text text) {
        std::vector<T> both = common_terms(allowed, wanted, common);
        if (both.size() > kMostEntries) {
            merged_.origins.notes.push_back(
                fmt::format("{}: more than {} entries in common; the rest is left out", field, kMostEntries));
            both.resize(kMostEntries);
        }
        for (const T& term : wanted) {
            const bool kept =
                std::ranges::any_of(both, [&](const T& entry) { return common(entry, term).has_value(); });
            if (kept) continue;
            merged_.origins.notes.push_back(fmt::format("{}: {} ({}) is left out: {} does not allow it", field,
                                                        text(term), narrow_.origins.of(field), wide_.called(field)));
        }
        return both;
    }

    static std::string same(const std::string& text) { return text; }

    // Whatever the wider policy shows, by whichever key, is what the narrower one may show.
    std::optional<std::vector<std::string>> allowed_paths() const {
        if (!wide_.read_only && !wide_.languages) return std::nullopt;
        std::vector<std::string> shown = wide_.read_only.value_or(std::vector<std::string>{});
        if (wide_.languages) {
            for (const auto& [name, language] : *wide_.languages) {
                shown.insert(shown.end(), language.roots.begin(), language.roots.end());
            }
        }
        return minimal(std::move(shown), common_path);
    }

    void paths() {
        const auto allowed = allowed_paths();
        merged_.read_only = wide_.read_only;
        if (narrow_.read_only) {
            merged_.read_only = allowed ? narrowed(*allowed, *narrow_.read_only, "paths.read_only", common_path, same)
                                        : *narrow_.read_only;
        }
        if (merged_.read_only) {
            came(!narrow_.read_only ? From::wide : allowed ? From::both : From::narrow, "paths.read_only");
        }
        if (!narrow_.languages) {
            merged_.languages = wide_.languages;
            keep_origins(wide_);
            return;
        }
        merged_.languages.emplace();
        keep_origins(narrow_);
        for (const auto& [name, language] : *narrow_.languages) {
            LanguageRoots kept = language;
            if (allowed) {
                kept.roots =
                    narrowed(*allowed, language.roots, fmt::format("languages.{}.roots", name), common_path, same);
                std::erase_if(kept.path, [&](const std::string& entry) {
                    return !always_shown(entry) && std::ranges::none_of(kept.roots, [&](const std::string& root) {
                        return is_at_or_below(entry, root);
                    });
                });
            }
            if (kept != LanguageRoots{}) merged_.languages->emplace(name, std::move(kept));
        }
    }

    void keep_origins(const SandboxPolicy& from) {
        for (const auto& [field, origin] : from.origins.fields) {
            if (field.starts_with("languages")) merged_.origins.fields[field] = origin;
        }
    }

    void environment() {
        constexpr std::string_view kField = "environment.allow";
        if (wide_.environment && narrow_.environment) {
            merged_.environment = narrowed(*wide_.environment, *narrow_.environment, kField, common_pattern, same);
            came(From::both, kField);
        } else if (wide_.environment || narrow_.environment) {
            merged_.environment = wide_.environment ? wide_.environment : narrow_.environment;
            came(wide_.environment ? From::wide : From::narrow, kField);
        }
    }

    void limit(const LimitField& field) {
        const LimitRule& wide = wide_.limits.*field.rule;
        const LimitRule& narrow = narrow_.limits.*field.rule;
        LimitRule& rule = merged_.limits.*field.rule;
        const std::string ceiling = fmt::format("limits.{}.ceiling", field.name);
        const std::string standard = fmt::format("limits.{}.default", field.name);
        if (wide.ceiling || narrow.ceiling) {
            const bool keep_wide = wide.ceiling && (!narrow.ceiling || *wide.ceiling <= *narrow.ceiling);
            rule.ceiling = keep_wide ? wide.ceiling : narrow.ceiling;
            came(keep_wide ? From::wide : From::narrow, ceiling);
        }
        if (!wide.standard && !narrow.standard) return;
        rule.standard = narrow.standard ? narrow.standard : wide.standard;
        came(narrow.standard ? From::narrow : From::wide, standard);
        if (rule.ceiling && *rule.standard > *rule.ceiling) {
            rule.standard = rule.ceiling;
            merged_.origins.fields[standard] = merged_.origins.of(ceiling);
        }
    }

    void network() {
        constexpr std::string_view kField = "network.mode";
        const auto& wide = wide_.network;
        const auto& narrow = narrow_.network;
        const auto is_off = [](const auto& network) { return network && network->mode == NetworkPolicy::Mode::off; };
        if (!wide && !narrow) return;
        if (!narrow || is_off(wide)) {
            merged_.network = wide;
            came(From::wide, kField);
            if (narrow && !is_off(narrow)) {
                merged_.origins.notes.push_back(
                    fmt::format("network.mode: \"allow-list\" ({}) is left out: {} says \"off\"",
                                narrow_.origins.of(kField), wide_.called(kField)));
            }
        } else if (!wide || is_off(narrow)) {
            merged_.network = narrow;
            came(From::narrow, kField);
        } else {
            merged_.network.emplace();
            merged_.network->mode = NetworkPolicy::Mode::allow_list;
            merged_.network->allow = narrowed(wide->allow, narrow->allow, "network.allow", common_host,
                                              [](const HostRule& rule) { return rule.text(); });
            came(From::both, kField);
        }
        came(!narrow || (wide && is_off(wide)) ? From::wide
             : !wide || is_off(narrow)         ? From::narrow
                                               : From::both,
             "network.allow");
    }

    const SandboxPolicy& wide_;
    const SandboxPolicy& narrow_;
    SandboxPolicy merged_;
};

}  // namespace

std::string PolicyOrigins::of(std::string_view field) const {
    const auto found = fields.find(field);
    return found == fields.end() ? std::string{} : found->second;
}

std::string SandboxPolicy::called(std::string_view field) const {
    const std::string origin = origins.of(field);
    const auto file = [](const std::string& place) { return place.substr(0, place.rfind(':')); };
    if (name && (origin.empty() || file(origin) == file(origins.of("name")))) return *name;
    return origin.empty() ? "built in" : origin;
}

SandboxPolicy merge(const SandboxPolicy& wide, const SandboxPolicy& narrow) { return Merging(wide, narrow).merge(); }

}  // namespace ec::executor
