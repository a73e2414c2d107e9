// What merging and writing policies must keep, for any policies.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <ec/core/rng.hpp>
#include <ec/executor/policy.hpp>
#include <ec/executor/sandbox.hpp>

#include "policy_terms.hpp"

namespace ec::executor {
namespace {

// A policy for a seed, over so few words that policies often meet.
class Policies {
public:
    explicit Policies(std::uint64_t seed) : rng_(seed) {}

    SandboxPolicy next() {
        SandboxPolicy policy;
        if (flip()) policy.name = "p" + std::to_string(rng_.below(3));
        if (flip()) policy.revision = rng_.below(5);
        if (flip()) policy.discover = flip();
        if (flip()) policy.read_only = paths();
        if (flip()) policy.languages = languages();
        if (flip()) policy.environment = minimal(some(kNames, 6), common_pattern);
        for (const LimitField& field : kLimitFields) policy.limits.*field.rule = limit(field);
        if (flip()) policy.network = network();
        if (flip()) policy.reduced = flip() ? ReducedIsolation::ask : ReducedIsolation::refuse;
        return policy;
    }

private:
    static constexpr const char* kPaths[] = {"/opt",    "/opt/a",          "/opt/a/b", "/opt/ab",
                                             "/data/x", "/data/x/y \"z\"", "/usr/l"};
    static constexpr const char* kNames[] = {"LC_*", "LC_A*", "LC_ALL", "LANG", "FOO", "FOO_*"};
    static constexpr const char* kHosts[] = {"*.a.com", "b.a.com", "*.b.a.com", "c.b.a.com:80", "*.a.com:80", "a.com"};

    bool flip() { return rng_.below(2) == 0; }

    template <std::size_t N>
    std::vector<std::string> some(const char* const (&words)[N], std::size_t most) {
        std::vector<std::string> picked;
        for (std::size_t count = rng_.below(most); count > 0; --count) picked.emplace_back(words[rng_.below(N)]);
        return picked;
    }

    std::vector<std::string> paths() { return minimal(some(kPaths, 5), common_path); }

    std::map<std::string, LanguageRoots> languages() {
        std::map<std::string, LanguageRoots> all;
        for (const char* name : {"c", "python"}) {
            LanguageRoots one{paths(), {}};
            for (const std::string& root : one.roots) {
                if (flip()) one.path.push_back(root + "/bin");
            }
            if (one != LanguageRoots{}) all.emplace(name, std::move(one));
        }
        return all;
    }

    LimitRule limit(const LimitField& field) {
        const auto any = [&] { return static_cast<std::uint64_t>(field.least) + rng_.below(5); };
        LimitRule rule;
        if (flip()) rule.ceiling = any();
        if (flip()) rule.standard = rule.ceiling ? std::min(any(), *rule.ceiling) : any();
        return rule;
    }

    NetworkPolicy network() {
        NetworkPolicy network;
        if (flip()) return network;
        network.mode = NetworkPolicy::Mode::allow_list;
        for (const std::string& text : some(kHosts, 5)) network.allow.push_back(*HostRule::parse(text));
        network.allow = minimal(std::move(network.allow), common_host);
        return network;
    }

    Rng rng_;
};

std::vector<std::string> shown(const SandboxPolicy& policy) {
    auto paths = policy.read_only.value_or(std::vector<std::string>{});
    if (policy.languages) {
        for (const auto& [name, language] : *policy.languages) {
            paths.insert(paths.end(), language.roots.begin(), language.roots.end());
        }
    }
    return paths;
}

template <class T, class Common>
bool holds_all(const std::vector<T>& wide, const std::vector<T>& narrow, Common common) {
    return std::ranges::all_of(narrow, [&](const T& term) {
        return std::ranges::any_of(wide, [&](const T& cover) { return common(cover, term) == term; });
    });
}

// Everything that `wide` states is kept by `narrow`.
void expect_within(const SandboxPolicy& wide, const SandboxPolicy& narrow) {
    if (wide.read_only || wide.languages) RC_ASSERT(holds_all(shown(wide), shown(narrow), common_path));
    if (wide.environment)
        RC_ASSERT(narrow.environment && holds_all(*wide.environment, *narrow.environment, common_pattern));
    if (wide.discover == false) RC_ASSERT(narrow.discover == false);
    if (wide.reduced == ReducedIsolation::refuse) RC_ASSERT(narrow.reduced == ReducedIsolation::refuse);
    for (const LimitField& field : kLimitFields) {
        const LimitRule& outer = wide.limits.*field.rule;
        const LimitRule& inner = narrow.limits.*field.rule;
        if (outer.ceiling) RC_ASSERT(inner.ceiling && *inner.ceiling <= *outer.ceiling);
        if (inner.ceiling && inner.standard) RC_ASSERT(*inner.standard <= *inner.ceiling);
    }
    if (!wide.network) return;
    RC_ASSERT(narrow.network.has_value());
    if (wide.network->mode == NetworkPolicy::Mode::off) RC_ASSERT(narrow.network->mode == NetworkPolicy::Mode::off);
    RC_ASSERT(holds_all(wide.network->allow, narrow.network->allow, common_host));
}

// What is joined field by field, without looking at another field.
SandboxPolicy without_paths(SandboxPolicy policy) {
    policy.read_only.reset();
    policy.languages.reset();
    return policy;
}

TEST(PolicyProperties, MergingNeverGivesMoreThanTheWiderPolicy) {
    EXPECT_TRUE(rc::check([](std::uint64_t seed) {
        Policies policies(seed);
        const SandboxPolicy wide = policies.next();
        expect_within(wide, merge(wide, policies.next()));
    }));
}

TEST(PolicyProperties, NorWithThreeOfThem) {
    EXPECT_TRUE(rc::check([](std::uint64_t seed) {
        Policies policies(seed);
        const SandboxPolicy fleet = policies.next();
        const SandboxPolicy machine = policies.next();
        const SandboxPolicy all = merge(merge(fleet, machine), policies.next());
        expect_within(fleet, all);
        expect_within(merge(fleet, machine), all);
    }));
}

TEST(PolicyProperties, MergingIsIdempotent) {
    EXPECT_TRUE(rc::check([](std::uint64_t seed) {
        Policies policies(seed);
        const SandboxPolicy a = policies.next();
        const SandboxPolicy b = policies.next();
        RC_ASSERT(merge(a, a) == a);
        RC_ASSERT(merge(a, SandboxPolicy{}) == a);
        RC_ASSERT(merge(SandboxPolicy{}, a) == a);
        RC_ASSERT(merge(merge(a, b), merge(a, b)) == merge(a, b));
    }));
}

// Paths are one ceiling over two keys, so what a policy in the middle says about one key alone may count differently.
TEST(PolicyProperties, MergingIsAssociativeButForPaths) {
    EXPECT_TRUE(rc::check([](std::uint64_t seed) {
        Policies policies(seed);
        const SandboxPolicy a = without_paths(policies.next());
        const SandboxPolicy b = without_paths(policies.next());
        const SandboxPolicy c = without_paths(policies.next());
        RC_ASSERT(merge(merge(a, b), c) == merge(a, merge(b, c)));
    }));
}

TEST(PolicyProperties, AWrittenPolicyReadsBack) {
    EXPECT_TRUE(rc::check([](std::uint64_t seed) {
        Policies policies(seed);
        const SandboxPolicy both = merge(policies.next(), policies.next());
        for (const SandboxPolicy& policy : {both, resolve(both)}) {
            for (const bool origins : {false, true}) {
                const std::string text = to_toml(policy, origins);
                const auto again = parse_policy(text, "again");
                if (!again) RC_FAIL(again.error().message + "\n" + text);
                RC_ASSERT(*again == policy);
            }
        }
    }));
}

TEST(PolicyProperties, ClampedLimitsStayClamped) {
    EXPECT_TRUE(rc::check([](std::uint64_t seed) {
        const SandboxPolicy policy = Policies(seed).next();
        const Limits standard = standard_limits(policy);
        RC_ASSERT(clamp(policy, standard) == standard);
        RC_ASSERT(standard_limits(resolve(policy)) == standard);
    }));
}

}  // namespace
}  // namespace ec::executor
