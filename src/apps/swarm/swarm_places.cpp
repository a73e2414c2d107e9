#include "swarm_places.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ec/core/fd.hpp>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>

#include "../data_dir.hpp"
#include "../service_start.hpp"

namespace ec::apps {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kGroupEnd = ".key";
constexpr std::size_t kMostKeyFile = 4096;

Status make_private_folder(const fs::path& folder) {
    std::error_code error;
    if (fs::create_directories(folder, error); error) {
        return fail(from_errno(fmt::format("cannot make {}", folder.string()), error.value()));
    }
    fs::permissions(folder, fs::perms::owner_all, error);
    if (error) return fail(from_errno(fmt::format("cannot protect {}", folder.string()), error.value()));
    return {};
}

Result<fs::path> group_dir() {
    EC_ASSIGN(const fs::path dir, swarm_dir());
    EC_TRY(make_private_folder(dir / "groups"));
    return dir / "groups";
}

fs::path key_file(const fs::path& dir, identity::NodeKind kind) {
    return dir / fmt::format("{}-key", identity::name(kind));
}

/// Two programs may make the same key at once: one of them does, under its final name and complete.
Status create_file(const fs::path& file, std::string_view content) {
    const fs::path aside = fmt::format("{}.{}", file.string(), ::getpid());
    EC_TRY(write_file_atomic(aside, content, 0600));
    const int linked = ::link(aside.c_str(), file.c_str());
    const int why = errno;
    ::unlink(aside.c_str());
    if (linked == 0) return {};
    if (why == EEXIST) return fail(ErrorCode::conflict, fmt::format("{} is there already", file.string()));
    return fail(from_errno(fmt::format("cannot make {}", file.string()), why));
}

Result<swarm::GroupKey> read_group(const fs::path& file) {
    EC_ASSIGN(const std::string text, read_file(file, kMostKeyFile));
    auto key = swarm::GroupKey::parse(trim(text));
    if (key) return key;
    return fail(ErrorCode::corrupt, fmt::format("{} holds no key of a trust group", file.string()));
}

}  // namespace

Result<fs::path> swarm_dir() {
    const fs::path data = data_dir();
    if (data.empty()) {
        return fail(ErrorCode::unavailable, "there is no place for the keys of this machine: no home is known",
                    "set EDGECODER_DATA_DIR to a folder");
    }
    EC_TRY(make_data_dir(data));
    EC_TRY(make_private_folder(data / "swarm"));
    return data / "swarm";
}

Result<crypto::SecretKey> own_node_key(identity::NodeKind kind) {
    EC_ASSIGN(const fs::path dir, swarm_dir());
    return identity::keep_node_key(key_file(dir, kind));
}

std::vector<KeptKey> kept_keys() {
    using identity::NodeKind;
    std::vector<KeptKey> keys;
    const fs::path data = data_dir();
    if (data.empty()) return keys;
    const auto add = [&keys](KeptKey key) {
        std::error_code error;
        const fs::file_status status = fs::symlink_status(key.file, error);
        if (error || status.type() == fs::file_type::not_found) return;
        key.open_to_others = (status.permissions() & (fs::perms::group_all | fs::perms::others_all)) != fs::perms::none;
        keys.push_back(std::move(key));
    };
    for (const NodeKind kind : {NodeKind::client, NodeKind::worker, NodeKind::inference})
        add({key_file(data / "swarm", kind), kind, {}, false});
    std::error_code error;
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(data / "swarm" / "groups", error)) files.push_back(entry.path());
    std::ranges::sort(files);
    for (const fs::path& file : files)
        if (file.extension() == kGroupEnd) add({file, std::nullopt, file.stem().string(), false});
    return keys;
}

Result<std::vector<crypto::SecretKey>> own_node_keys() {
    using identity::NodeKind;
    EC_ASSIGN(const fs::path dir, swarm_dir());
    std::vector<crypto::SecretKey> keys;
    for (const NodeKind kind : {NodeKind::client, NodeKind::worker, NodeKind::inference}) {
        if (!fs::exists(key_file(dir, kind))) continue;
        EC_ASSIGN(crypto::SecretKey key, identity::keep_node_key(key_file(dir, kind)));
        keys.push_back(std::move(key));
    }
    return keys;
}

Status check_group_name(std::string_view name) {
    const bool good = !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
    if (good && name != "none") return {};
    return fail(ErrorCode::invalid_argument, "a group's name is 1 to 64 letters, digits, - and _, and not 'none'");
}

Result<swarm::GroupKey> load_group(const std::string& name) {
    EC_TRY(check_group_name(name));
    EC_ASSIGN(const fs::path dir, group_dir());
    const fs::path file = dir / (name + std::string(kGroupEnd));
    auto key = read_group(file);
    if (key || key.error().code != ErrorCode::not_found) return key;
    if (name != kLocalGroup) {
        return fail(
            ErrorCode::not_found, fmt::format("there is no trust group {} on this machine", name),
            "edgecoder group list shows those that are; edgecoder group create makes one, group import takes one in");
    }
    const Status made = create_file(file, swarm::GroupKey::generate().hex() + "\n");
    if (!made && made.error().code != ErrorCode::conflict) return fail(made.error());
    return read_group(file);
}

Status keep_group(const std::string& name, const swarm::GroupKey& key) {
    EC_TRY(check_group_name(name));
    EC_ASSIGN(const fs::path dir, group_dir());
    const fs::path file = dir / (name + std::string(kGroupEnd));
    const Status made = create_file(file, key.hex() + "\n");
    if (made || made.error().code != ErrorCode::conflict) return made;
    EC_ASSIGN(const swarm::GroupKey there, read_group(file));
    if (there.id() == key.id()) return {};
    return fail(ErrorCode::conflict, fmt::format("there is another trust group {} on this machine", name),
                "take it in under another name with --name");
}

Result<std::vector<NamedGroup>> load_groups() {
    EC_TRY(load_group(std::string(kLocalGroup)));
    EC_ASSIGN(const fs::path dir, group_dir());
    std::vector<NamedGroup> groups;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(dir, error)) {
        const std::string file = entry.path().filename().string();
        if (!file.ends_with(kGroupEnd)) continue;
        const std::string name = file.substr(0, file.size() - kGroupEnd.size());
        if (!check_group_name(name)) continue;
        EC_ASSIGN(swarm::GroupKey key, read_group(entry.path()));
        groups.push_back({name, std::move(key)});
    }
    if (error) return fail(from_errno(fmt::format("cannot look into {}", dir.string()), error.value()));
    std::ranges::sort(groups, {}, &NamedGroup::name);
    return groups;
}

}  // namespace ec::apps
