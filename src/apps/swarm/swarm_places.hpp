// What the swarm's programs keep on this machine: the keys of its nodes and the keys of its trust groups, below
// DATA_DIR/swarm, each in a file of mode 0600.
#pragma once

#include <ec/core/result.hpp>
#include <ec/crypto/signing.hpp>
#include <ec/identity/node.hpp>
#include <ec/swarm/payload.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ec::apps {

/// DATA_DIR/swarm, made for its owner alone where it is missing; `unavailable` when no home is known.
Result<std::filesystem::path> swarm_dir();

/// The key of this machine's node of a kind, made where there is none.
Result<crypto::SecretKey> own_node_key(identity::NodeKind kind);
/// Those that are here already.
Result<std::vector<crypto::SecretKey>> own_node_keys();

/// A key that lies here, of a node or a group.
struct KeptKey {
    std::filesystem::path file;
    std::optional<identity::NodeKind> kind;  ///< of the node
    std::string group;                       ///< its name
    bool open_to_others = false;             ///< its file's mode lets other users read or write it
};
/// Looks without making anything.
std::vector<KeptKey> kept_keys();

inline constexpr std::string_view kLocalGroup = "local";

struct NamedGroup {
    std::string name;
    swarm::GroupKey key;
};

/// `invalid_argument` for a name that is not 1 to 64 letters, digits, - and _.
Status check_group_name(std::string_view name);
/// `not_found` but for kLocalGroup, which is made where it is missing.
Result<swarm::GroupKey> load_group(const std::string& name);
/// `conflict` where there is one of that name with another key.
Status keep_group(const std::string& name, const swarm::GroupKey& key);
/// All, by name; kLocalGroup is always among them.
Result<std::vector<NamedGroup>> load_groups();

}  // namespace ec::apps
