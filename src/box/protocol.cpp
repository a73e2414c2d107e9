#include <algorithm>
#include <ec/box/protocol.hpp>

namespace ec::box {

bool link_stays_inside(std::string_view path, std::string_view target) {
    if (target.empty() || target.front() == '/') return false;
    std::ptrdiff_t up = std::ranges::count(path, '/');
    bool named = false;
    for (std::size_t at = 0; at <= target.size();) {
        const std::size_t end = std::min(target.find('/', at), target.size());
        const std::string_view part = target.substr(at, end - at);
        if (part == "..") {
            if (named || --up < 0) return false;
        } else if (!part.empty() && part != ".") {
            named = true;
        }
        at = end + 1;
    }
    return true;
}

std::string encode(const Spec& spec) {
    Writer out;
    out.u32(kVersion);
    for (const bool value : {spec.privileged, spec.idmap, spec.session, spec.collect_changes, spec.collect_contents,
                             spec.soft_memory, spec.cgroup_v2, spec.proxy}) {
        out.flag(value);
    }
    out.u8(static_cast<std::uint8_t>(spec.start));
    out.u8(static_cast<std::uint8_t>(spec.confinement));
    for (const std::uint32_t value : {spec.drop_uid, spec.owner_uid, spec.owner_gid}) out.u32(value);
    for (const std::uint64_t value : {spec.wall_ms, spec.cpu_seconds, spec.memory_bytes, spec.processes,
                                      spec.file_bytes, spec.open_files, spec.user_processes}) {
        out.u64(value);
    }
    for (const std::string& value : {spec.cgroup, spec.directory, spec.artifact_dir}) out.text(value);
    out.u32(static_cast<std::uint32_t>(spec.mounts.size()));
    for (const Mount& mount : spec.mounts) {
        out.u8(static_cast<std::uint8_t>(mount.kind));
        out.text(mount.source);
        out.text(mount.target);
        out.u64(mount.size);
        out.u32(mount.mode);
        out.flag(mount.writable);
        out.flag(mount.optional);
    }
    for (const auto* list : {&spec.writable, &spec.readable, &spec.argv, &spec.environment}) {
        out.u32(static_cast<std::uint32_t>(list->size()));
        for (const std::string& value : *list) out.text(value);
    }
    out.u32(static_cast<std::uint32_t>(spec.edits.size()));
    for (const auto& [path, content] : spec.edits) {
        out.text(path);
        out.text(content);
    }
    return out.take();
}

std::string encode_with_head(const Spec& spec) {
    const std::string bytes = encode(spec);
    Writer out;
    out.u64(bytes.size());
    return out.take() + bytes;
}

bool decode(std::string_view bytes, Spec& spec) {
    Parser in(bytes);
    if (in.u32() != kVersion) return false;
    for (bool* value : {&spec.privileged, &spec.idmap, &spec.session, &spec.collect_changes, &spec.collect_contents,
                        &spec.soft_memory, &spec.cgroup_v2, &spec.proxy}) {
        *value = in.flag();
    }
    const std::uint8_t start = in.u8();
    if (start > static_cast<std::uint8_t>(Start::warm)) return false;
    spec.start = static_cast<Start>(start);
    const std::uint8_t confinement = in.u8();
    if (confinement > static_cast<std::uint8_t>(Confinement::landlock)) return false;
    spec.confinement = static_cast<Confinement>(confinement);
    for (std::uint32_t* value : {&spec.drop_uid, &spec.owner_uid, &spec.owner_gid}) *value = in.u32();
    for (std::uint64_t* value : {&spec.wall_ms, &spec.cpu_seconds, &spec.memory_bytes, &spec.processes,
                                 &spec.file_bytes, &spec.open_files, &spec.user_processes}) {
        *value = in.u64();
    }
    for (std::string* value : {&spec.cgroup, &spec.directory, &spec.artifact_dir}) *value = in.text();
    spec.mounts.resize(in.count());
    for (Mount& mount : spec.mounts) {
        const std::uint8_t kind = in.u8();
        if (kind > static_cast<std::uint8_t>(Mount::Kind::view)) return false;
        mount.kind = static_cast<Mount::Kind>(kind);
        mount.source = in.text();
        mount.target = in.text();
        mount.size = in.u64();
        mount.mode = in.u32();
        mount.writable = in.flag();
        mount.optional = in.flag();
        if (mount.target.empty() || mount.target.front() != '/') return false;
    }
    for (auto* list : {&spec.writable, &spec.readable, &spec.argv, &spec.environment}) {
        list->resize(in.count());
        for (std::string& value : *list) value = in.text();
    }
    spec.edits.resize(in.count());
    for (auto& [path, content] : spec.edits) {
        path = in.text();
        content = in.text();
    }
    return in.done() && (spec.start == Start::early || !spec.argv.empty());
}

}  // namespace ec::box
