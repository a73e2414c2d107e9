#include <ec/box/protocol.hpp>

namespace ec::box {

std::string encode(const Spec& spec) {
    Writer out;
    out.u32(kVersion);
    for (const bool value : {spec.privileged, spec.idmap, spec.session, spec.collect_changes, spec.collect_contents,
                             spec.soft_memory, spec.cgroup_v2, spec.proxy}) {
        out.flag(value);
    }
    for (const std::uint32_t value : {spec.drop_uid, spec.owner_uid, spec.owner_gid}) out.u32(value);
    for (const std::uint64_t value :
         {spec.wall_ms, spec.cpu_seconds, spec.memory_bytes, spec.processes, spec.file_bytes, spec.open_files}) {
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
    for (const auto* list : {&spec.writable, &spec.argv, &spec.environment}) {
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

bool decode(std::string_view bytes, Spec& spec) {
    Parser in(bytes);
    if (in.u32() != kVersion) return false;
    for (bool* value : {&spec.privileged, &spec.idmap, &spec.session, &spec.collect_changes, &spec.collect_contents,
                        &spec.soft_memory, &spec.cgroup_v2, &spec.proxy}) {
        *value = in.flag();
    }
    for (std::uint32_t* value : {&spec.drop_uid, &spec.owner_uid, &spec.owner_gid}) *value = in.u32();
    for (std::uint64_t* value :
         {&spec.wall_ms, &spec.cpu_seconds, &spec.memory_bytes, &spec.processes, &spec.file_bytes, &spec.open_files}) {
        *value = in.u64();
    }
    for (std::string* value : {&spec.cgroup, &spec.directory, &spec.artifact_dir}) *value = in.text();
    spec.mounts.resize(in.count());
    for (Mount& mount : spec.mounts) {
        const std::uint8_t kind = in.u8();
        if (kind > static_cast<std::uint8_t>(Mount::Kind::proc)) return false;
        mount.kind = static_cast<Mount::Kind>(kind);
        mount.source = in.text();
        mount.target = in.text();
        mount.size = in.u64();
        mount.mode = in.u32();
        mount.writable = in.flag();
        mount.optional = in.flag();
        if (mount.target.empty() || mount.target.front() != '/') return false;
    }
    for (auto* list : {&spec.writable, &spec.argv, &spec.environment}) {
        list->resize(in.count());
        for (std::string& value : *list) value = in.text();
    }
    spec.edits.resize(in.count());
    for (auto& [path, content] : spec.edits) {
        path = in.text();
        content = in.text();
    }
    return in.done() && !spec.argv.empty();
}

}  // namespace ec::box
