#include <gmock/gmock.h>

#include <ec/executor/policy.hpp>
#include <ec/executor/sandbox.hpp>

namespace ec::executor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const PolicyPlaces kPlaces = {"/home/me", {"/home/me/.local/share/edgecoder", "/srv/data/edgecoder"}};

SandboxPolicy parsed(std::string_view text) {
    auto policy = parse_policy(text, "p.toml", kPlaces);
    if (!policy) {
        ADD_FAILURE() << policy.error().message << "\n" << text;
        return {};
    }
    return *std::move(policy);
}

std::string refusal(std::string_view text) {
    const auto policy = parse_policy(text, "p.toml", kPlaces);
    return policy ? "" : policy.error().message;
}

// Says `text` after the version line, so that its first line is line 2.
std::string v1(std::string_view text) { return "version = 1\n" + std::string(text); }

TEST(Policy, AFileStatesEverything) {
    const SandboxPolicy policy = parsed(R"(
version = 1
name = "acme laptops"
revision = 7
[paths]
discover = false
read_only = ["/opt/sdk", "/data/models", "/opt/sdk/inner"]
[languages.python]
roots = ["/opt/python"]
path = ["/opt/python/bin", "/usr/lib/llvm/bin"]
[environment]
allow = ["DJANGO_SETTINGS_MODULE", "LC_*", "LC_ALL"]
[limits]
wall_seconds = { default = 20, ceiling = 600 }
memory_mb.ceiling = 2048
[network]
mode = "allow-list"
allow = ["Index.Example.org.", "*.example.com:8443", "a.example.com:8443"]
[isolation]
reduced = "ask"
)");
    EXPECT_EQ(policy.name, "acme laptops");
    EXPECT_EQ(policy.revision, 7U);
    EXPECT_EQ(policy.discover, false);
    EXPECT_THAT(*policy.read_only, ElementsAre("/data/models", "/opt/sdk"));
    EXPECT_THAT(policy.languages->at("python").roots, ElementsAre("/opt/python"));
    EXPECT_THAT(policy.languages->at("python").path, ElementsAre("/opt/python/bin", "/usr/lib/llvm/bin"));
    EXPECT_THAT(*policy.environment, ElementsAre("DJANGO_SETTINGS_MODULE", "LC_*"));
    EXPECT_EQ(policy.limits.wall_seconds, (LimitRule{20, 600}));
    EXPECT_EQ(policy.limits.memory_mb, (LimitRule{std::nullopt, 2048}));
    ASSERT_EQ(policy.network->mode, NetworkPolicy::Mode::allow_list);
    EXPECT_THAT(policy.network->allow,
                ElementsAre(HostRule{"example.com", true, 8443}, HostRule{"index.example.org", false, 443}));
    EXPECT_EQ(policy.reduced, ReducedIsolation::ask);
    EXPECT_EQ(policy.origins.of("limits.memory_mb.ceiling"), "p.toml:15");
}

TEST(Policy, EveryMistakeIsNamedByLineAndField) {
    const std::pair<std::string, std::string> table[] = {
        {"", "p.toml:1: version: is missing"},
        {"name = 'x'", "p.toml:1: version: is missing"},
        {"version = 2\nsomething = 'new'", "p.toml:1: version: this program reads version 1"},
        {"version = '1'", "p.toml:1: version: must be a whole number"},
        {"version = 0", "p.toml:1: version: must be from 1"},
        {v1("[limit]"), "p.toml:2: limit: there is no such key"},
        {v1("name = ''"), "p.toml:2: name: must be"},
        {v1("name = \"a\\nb\""), "p.toml:2: name: must be"},
        {v1("revision = -1"), "p.toml:2: revision: must be from 0"},
        {v1("[paths]\nread_only = '/opt'"), "p.toml:3: paths.read_only: must be an array of strings"},
        {v1("[paths]\nread_only = ['/opt/a',\n 'opt']"), "p.toml:4: paths.read_only: 'opt' is not an absolute path"},
        {v1("[paths]\nreadonly = []"), "p.toml:3: paths.readonly: there is no such key"},
        {v1("[paths]\ndiscover = 'no'"), "p.toml:3: paths.discover: must be true or false"},
        {v1("[languages.Python]\nroots = ['/opt/p']"), "p.toml:2: languages.Python: 'Python' is not the name"},
        {v1("[languages.python]"), "p.toml:2: languages.python: names neither roots nor path"},
        {v1("[languages.python]\nroots = ['/opt/p']\npath = ['/opt/q/bin']"),
         "p.toml:4: languages.python.path: '/opt/q/bin' lies below none of this language's roots"},
        {v1("[languages.python]\nroots = ['/opt/p']\npath = ['/opt/p/a:b']"), "p.toml:4: languages.python.path: "},
        {v1("[environment]\nallow = ['A B']"), "p.toml:3: environment.allow: 'A B' is not the name of a variable"},
        {v1("[environment]\nallow = ['A*B']"), "p.toml:3: environment.allow: 'A*B' is not the name"},
        {v1("[environment]\nallow = ['*']"), "p.toml:3: environment.allow: '*' is not the name"},
        {v1("[environment]\nallow = ['P*']"), "p.toml:3: environment.allow: 'P*' allows too much"},
        {v1("[environment]\nallow = ['GITHUB_TOKEN']"),
         "p.toml:3: environment.allow: 'GITHUB_TOKEN' looks like a secret"},
        {v1("[environment]\nallow = ['HOME']"), "p.toml:3: environment.allow: 'HOME' is set by the sandbox itself"},
        {v1("[limits]\nwall_seconds = 10"), "p.toml:3: limits.wall_seconds: must be a table"},
        {v1("[limits]\nwall_seconds = { default = 0 }"),
         "p.toml:3: limits.wall_seconds.default: must be from 1 to 86400"},
        {v1("[limits]\nmemory_mb = { ceiling = 1.5 }"), "p.toml:3: limits.memory_mb.ceiling: must be a whole number"},
        {v1("[limits]\nmemory_mb = { most = 1 }"), "p.toml:3: limits.memory_mb.most: there is no such key"},
        {v1("[limits]\nprocesses = { default = 9, ceiling = 8 }"),
         "p.toml:3: limits.processes.default: 9 is more than"},
        {v1("[limits]\nfiles = { default = 9 }"), "p.toml:3: limits.files: there is no such key"},
        {v1("[network]"), "p.toml:2: network.mode: is missing"},
        {v1("[network]\nmode = 'on'"), "p.toml:3: network.mode: must be \"off\" or \"allow-list\""},
        {v1("[network]\nmode = 'allow-list'"), "p.toml:2: network.allow: is missing"},
        {v1("[network]\nmode = 'off'\nallow = ['a.com']"), "p.toml:4: network.allow: lists hosts while"},
        {v1("[isolation]\nreduced = 'yes'"), "p.toml:3: isolation.reduced: must be \"refuse\" or \"ask\""},
        {v1("[isolation]\nreduced = true"), "p.toml:3: isolation.reduced: must be a string"},
        {v1("[paths]\nread_only = [\"/opt/a\\u0000\"]"), "p.toml:3: paths.read_only: holds a NUL byte"},
        {v1("a = "), "p.toml:2: this is not TOML"},
    };
    for (const auto& [text, message] : table) EXPECT_THAT(refusal(text), ::testing::StartsWith(message)) << text;
}

TEST(Policy, SomePlacesAreNeverShown) {
    for (const char* path : {"/",
                             "/proc",
                             "/proc/1",
                             "/sys",
                             "/dev/shm",
                             "/run",
                             "/run/user/1",
                             "/etc",
                             "/etc/shadow",
                             "/etc/edgecoder",
                             "/root",
                             "/home",
                             "/home/me",
                             "/home/you",
                             "/home/me/.ssh",
                             "/home/me/.ssh/id",
                             "/home/me/.gnupg",
                             "/tmp",
                             "/tmp/home",
                             "/var",
                             "/home/me/.local",
                             "/home/me/.local/share/edgecoder",
                             "/home/me/.local/share/edgecoder/secrets",
                             "/srv",
                             "/srv/data",
                             "/opt/../etc",
                             "/opt/./x",
                             "/opt//x",
                             "/opt/x/",
                             "relative",
                             ""}) {
        EXPECT_THAT(refusal(v1("[paths]\nread_only = ['" + std::string(path) + "']")), HasSubstr("paths.read_only: '"))
            << path;
        EXPECT_THAT(refusal(v1("[languages.c]\nroots = ['" + std::string(path) + "']")),
                    HasSubstr("languages.c.roots: '"))
            << path;
    }
    for (const char* path : {"/opt", "/etc/ssl", "/home/me/.pyenv", "/home/me/work/data", "/tmp/data", "/root/.pyenv",
                             "/srv/other", "/home/me/.local/share/uv", "/home/me/.sshkeys-not"}) {
        EXPECT_EQ(refusal(v1("[paths]\nread_only = ['" + std::string(path) + "']")), "") << path;
    }
}

TEST(Policy, HostRulesAreNamesAndNothingElse) {
    for (const char* text : {"",           "*",           "*.com",   "localhost", "x.localhost",  "host",   "127.0.0.1",
                             "2130706433", "a.0x7f",      "[::1]",   "::1",       "a..b",         "-a.com", "a-.com",
                             "a.com:0",    "a.com:65536", "a.com:",  "a.com:x",   "http://a.com", "a.com/", "u@a.com",
                             "a b.com",    "bücher.de",   "*.*.com", "a.*.com",   "a.com:0443",   ".a.com"}) {
        EXPECT_FALSE(HostRule::parse(text)) << text;
    }
    EXPECT_EQ(HostRule::parse("Index.Example.org")->text(), "index.example.org:443");
    EXPECT_EQ(HostRule::parse("*.a.com:80")->text(), "*.a.com:80");
    EXPECT_EQ(HostRule::parse("xn--bcher-kva.de.")->text(), "xn--bcher-kva.de:443");
}

TEST(Policy, NoFileMeansTodaysLimitsAndNoCeilings) {
    EXPECT_EQ(standard_limits({}), Limits{});
    Limits wanted;
    wanted.wall = std::chrono::milliseconds(0);
    wanted.memory_bytes = 64ULL << 30;
    EXPECT_EQ(clamp({}, wanted), wanted);
    const SandboxPolicy all = resolve({});
    EXPECT_EQ(standard_limits(all), Limits{});
    EXPECT_EQ(all.network->mode, NetworkPolicy::Mode::off);
    EXPECT_EQ(all.reduced, ReducedIsolation::refuse);
    EXPECT_EQ(all.discover, true);
}

TEST(Policy, CeilingsHoldForRunsThatAskForNoneAndForDefaults) {
    const SandboxPolicy policy = parsed(v1(R"([limits]
wall_seconds = { ceiling = 5 }
cpu_seconds = { ceiling = 3 }
memory_mb = { ceiling = 100 }
kept_output_kb = { default = 16 }
open_files = { ceiling = 64 }
)"));
    const Limits standard = standard_limits(policy);
    EXPECT_EQ(standard.wall, std::chrono::seconds(5));
    EXPECT_EQ(standard.cpu, std::chrono::seconds(3));
    EXPECT_EQ(standard.memory_bytes, 100U << 20);
    EXPECT_EQ(standard.kept_output_bytes, 16U << 10);
    EXPECT_EQ(standard.open_files, 64U);
    Limits none;
    none.wall = std::chrono::milliseconds(0);
    EXPECT_EQ(clamp(policy, none).wall, std::chrono::seconds(5));
}

TEST(Policy, ProcessorTimeFollowsTheWallClockUnlessStated) {
    EXPECT_EQ(standard_limits(parsed(v1("[limits]\nwall_seconds.default = 30"))).cpu, std::chrono::seconds(30));
    EXPECT_EQ(standard_limits(parsed(v1("[limits]\nwall_seconds.default = 30\ncpu_seconds.default = 4"))).cpu,
              std::chrono::seconds(4));
}

TEST(Policy, TheNarrowerOneNeverGetsMore) {
    const SandboxPolicy wide = parsed(v1(R"(name = "machine"
[paths]
read_only = ["/opt/sdk"]
[languages.python]
roots = ["/opt/python"]
[environment]
allow = ["LC_*", "LANG"]
[limits]
memory_mb = { default = 256, ceiling = 1024 }
[network]
mode = "allow-list"
allow = ["*.example.com", "index.example.org"]
)"));
    const SandboxPolicy narrow = parsed(v1(R"(name = "mine"
[paths]
read_only = ["/opt/sdk/v2", "/opt/python/lib", "/data"]
[languages.python]
roots = ["/opt"]
path = ["/opt/python/bin", "/opt/other/bin"]
[languages.rust]
roots = ["/srv/other/rust"]
[environment]
allow = ["LC_ALL", "DEBUG"]
[limits]
memory_mb = { default = 2048, ceiling = 4096 }
[network]
mode = "allow-list"
allow = ["a.example.com", "example.com", "index.example.org:8080"]
[isolation]
reduced = "ask"
)"));
    const SandboxPolicy both = merge(wide, narrow);
    EXPECT_EQ(both.name, "machine");
    EXPECT_THAT(*both.read_only, ElementsAre("/opt/python/lib", "/opt/sdk/v2"));
    EXPECT_THAT(both.languages->at("python").roots, ElementsAre("/opt/python", "/opt/sdk"));
    EXPECT_THAT(both.languages->at("python").path, ElementsAre("/opt/python/bin"));
    EXPECT_EQ(both.languages->count("rust"), 0U);
    EXPECT_THAT(*both.environment, ElementsAre("LC_ALL"));
    EXPECT_EQ(both.limits.memory_mb, (LimitRule{1024, 1024}));
    EXPECT_THAT(both.network->allow, ElementsAre(HostRule{"a.example.com", false, 443}));
    EXPECT_EQ(both.reduced, ReducedIsolation::ask);
    EXPECT_THAT(both.origins.notes, ::testing::Contains(HasSubstr("paths.read_only: /data (p.toml:4) is left out: "
                                                                  "machine does not allow it")));
    EXPECT_THAT(both.origins.notes, ::testing::Contains(HasSubstr("network.allow: index.example.org:8080")));
}

TEST(Policy, MessagesCallAValueByThePolicyThatStatesIt) {
    const auto named = [](std::string_view text, std::string_view file) { return *parse_policy(text, file); };
    const SandboxPolicy both = merge(named(v1("name = 'acme'\n[limits]\nmemory_mb.ceiling = 64"), "machine.toml"),
                                     named(v1("name = 'mine'\n[limits]\nwall_seconds.ceiling = 5"), "mine.toml"));
    EXPECT_EQ(both.called("limits.memory_mb.ceiling"), "acme");
    EXPECT_EQ(both.called("limits.wall_seconds.ceiling"), "mine.toml:4");
    EXPECT_EQ(SandboxPolicy{}.called("limits.wall_seconds.ceiling"), "built in");
}

TEST(Policy, OffAndRefuseWin) {
    const SandboxPolicy off = parsed(v1("[network]\nmode = 'off'\n[isolation]\nreduced = 'refuse'"));
    const SandboxPolicy on =
        parsed(v1("[network]\nmode = 'allow-list'\nallow = ['a.com']\n[isolation]\nreduced = 'ask'"));
    for (const SandboxPolicy& both : {merge(off, on), merge(on, off)}) {
        EXPECT_EQ(both.network->mode, NetworkPolicy::Mode::off);
        EXPECT_TRUE(both.network->allow.empty());
        EXPECT_EQ(both.reduced, ReducedIsolation::refuse);
    }
    EXPECT_THAT(merge(off, on).origins.notes, ElementsAre(HasSubstr("says \"off\"")));
}

TEST(Policy, AMachineThatShowsNothingLetsNothingBeShown) {
    const SandboxPolicy both =
        merge(parsed(v1("[languages]")), parsed(v1("[paths]\nread_only = ['/opt']\n[languages.c]\nroots = ['/opt']")));
    EXPECT_TRUE(both.read_only->empty());
    EXPECT_TRUE(both.languages->empty());
}

TEST(Policy, IsWrittenAsAFileThatReadsBack) {
    const SandboxPolicy all = resolve(parsed(v1("[languages.'c++']\nroots = ['/opt/\"c\"']")));
    for (const bool origins : {false, true}) EXPECT_EQ(parsed(to_toml(all, origins)), all);
    EXPECT_EQ(to_toml({}), "version = 1\n");
    EXPECT_EQ(to_toml(parsed(v1("[limits]\nmemory_mb = { default = 64, ceiling = 128 }")), true),
              "version = 1\n\n[limits]\nmemory_mb = { default = 64, ceiling = 128 }  # default: p.toml:3; ceiling: "
              "p.toml:3\n");
}

}  // namespace
}  // namespace ec::executor
