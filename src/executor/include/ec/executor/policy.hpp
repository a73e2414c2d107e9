// The sandbox policy: what a run may be shown, use and reach, as data. docs/policy.md has the file format.
//
// A policy states only what its file states; what nobody stated is built in, and an empty policy is the built-in one.
// merge() puts a narrower policy over a wider one. Values without owners, any thread.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ec::executor {

struct Limits;

/// The format of the file that this program reads.
inline constexpr int kPolicyVersion = 1;

/// What a run gets when it does not say (`standard`) and the most that it may ask for (`ceiling`; none: no end).
struct LimitRule {
    std::optional<std::uint64_t> standard;
    std::optional<std::uint64_t> ceiling;
    bool operator==(const LimitRule&) const = default;
};

/// In the units of the file. 1 MB is 1,048,576 bytes and 1 KB is 1,024, as in `edgecoder exec --memory`.
struct LimitRules {
    LimitRule wall_seconds;
    LimitRule cpu_seconds;  ///< without a standard: as much as the wall clock gives
    LimitRule memory_mb;
    LimitRule processes;
    LimitRule new_files_mb;
    LimitRule kept_output_kb;
    LimitRule output_flood_mb;
    LimitRule open_files;
    bool operator==(const LimitRules&) const = default;
};

/// A host that may be reached, by name only. `below` stands for `*.host`: every name below it, not itself.
struct HostRule {
    std::string host;  ///< lower case, without a trailing dot
    bool below = false;
    std::uint16_t port = 443;

    /// `example.com`, `*.example.com`, either with `:PORT`. Refuses addresses, local names and `*.com`.
    static Result<HostRule> parse(std::string_view text);
    [[nodiscard]] std::string text() const;  ///< always with its port
    auto operator<=>(const HostRule&) const = default;
};

struct NetworkPolicy {
    enum class Mode { off, allow_list };
    Mode mode = Mode::off;
    std::vector<HostRule> allow;  ///< empty when the mode is off
    bool operator==(const NetworkPolicy&) const = default;
};

/// An installation of a language: folders shown read-only, and folders put in front of PATH.
struct LanguageRoots {
    std::vector<std::string> roots;
    std::vector<std::string> path;
    bool operator==(const LanguageRoots&) const = default;
};

/// Whether a person may be asked to accept a weaker isolation than this machine should have.
enum class ReducedIsolation { refuse, ask };

/// Where each value came from ("/etc/edgecoder/policy.toml:12", "built in"), by field, and what merging left out.
/// Not part of what a policy says: policies from different files are equal when they say the same.
struct PolicyOrigins {
    std::map<std::string, std::string, std::less<>> fields;
    std::vector<std::string> notes;
    bool operator==(const PolicyOrigins&) const { return true; }
    [[nodiscard]] std::string of(std::string_view field) const;
};

struct SandboxPolicy {
    std::optional<std::string> name;        ///< its author's name for it
    std::optional<std::uint64_t> revision;  ///< its author's count of changes
    std::optional<bool> discover;           ///< also show what PATH and virtual environments lead to
    std::optional<std::vector<std::string>> read_only;
    std::optional<std::map<std::string, LanguageRoots>> languages;
    std::optional<std::vector<std::string>> environment;  ///< names of variables; a star at the end: any ending
    LimitRules limits;
    std::optional<NetworkPolicy> network;
    std::optional<ReducedIsolation> reduced;
    PolicyOrigins origins;

    bool operator==(const SandboxPolicy&) const = default;
    /// How messages call it: its name where `field` comes from the same file, else that file's, else "built in".
    [[nodiscard]] std::string called(std::string_view field) const;
};

/// What no policy may show: the person's home as a whole, and folders with EdgeCoder's own secrets and settings.
struct PolicyPlaces {
    std::filesystem::path home;
    std::vector<std::filesystem::path> kept;
};

/// Refuses (invalid_argument, too_large) anything that is not a policy of this version, with line and field.
Result<SandboxPolicy> parse_policy(std::string_view text, std::string_view source, const PolicyPlaces& places = {});

/// The policy in a file, or nothing where there is no file. Refuses (denied) a file that belongs to neither root nor
/// the user, or that others may write, and one in such a folder.
Result<std::optional<SandboxPolicy>> load_policy(const std::filesystem::path& file, const PolicyPlaces& places = {});

/// What `wide` allows and `narrow` keeps: the smaller ceiling, what both lists hold, the stricter word. A key that
/// `wide` does not state is free to `narrow`; `narrow` never gets more than `wide` states.
SandboxPolicy merge(const SandboxPolicy& wide, const SandboxPolicy& narrow);

/// Every value stated: what was not is filled in with what is built in. Ceilings stay absent where nobody set one.
SandboxPolicy resolve(SandboxPolicy policy);

/// A file that parse_policy() reads back to the same policy; with `origins`, each value's source as a comment.
std::string to_toml(const SandboxPolicy& policy, bool origins = false);

/// Follows the paths that a policy shows on this machine: refuses one that leads to a forbidden place through a link,
/// and names in `absent` those that do not exist, which are left out of sandboxes.
Status check_here(const SandboxPolicy& policy, const PolicyPlaces& places, std::vector<std::string>* absent = nullptr);

/// What a run gets that asks for nothing, and what it gets that asks for `wanted`: at most the ceilings, which a limit
/// of 0 ("none") becomes where there is one.
Limits standard_limits(const SandboxPolicy& policy);
Limits clamp(const SandboxPolicy& policy, const Limits& wanted);

}  // namespace ec::executor
