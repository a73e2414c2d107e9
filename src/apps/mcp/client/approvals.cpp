#include "approvals.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <ec/core/fs.hpp>

namespace ec::apps::mcp {
namespace {

constexpr std::uint64_t kFileBytes = 4U << 20;
constexpr std::size_t kMostRecords = 4096;

}  // namespace

Result<std::vector<Approvals::Record>> Approvals::load() const {
    if (file_.empty())
        return fail(ErrorCode::unavailable, "there is no place to keep what is allowed",
                    "set EDGECODER_DATA_DIR or HOME");
    struct stat info{};
    if (::stat(file_.c_str(), &info) != 0 && errno == ENOENT) return std::vector<Record>{};
    if (info.st_uid != ::geteuid() || (info.st_mode & 077U) != 0) {
        return fail(ErrorCode::denied, fmt::format("{} is open to others, so nothing in it counts", file_.string()),
                    "look at it, then remove it or make it yours alone: chmod 600");
    }
    EC_ASSIGN(const std::string text, read_file(file_, kFileBytes));
    EC_ASSIGN(const json::Value document, json::parse(text));
    json::Reader reader(document, "approvals");
    std::vector<Record> records;
    for (const json::Value& element : reader.require("tools").array("tools")) {
        json::Reader fields(element, "tools");
        fields.require("server").require("tool").require("sha256");
        Record record{fields.string("server"), fields.string("tool"), fields.string("sha256"),
                      fields.boolean("by_entry")};
        EC_TRY(fields.status());
        records.push_back(std::move(record));
    }
    EC_TRY(reader.status());
    return records;
}

Status Approvals::save(const std::vector<Record>& records) const {
    json::Array tools;
    for (const Record& record : records) {
        tools.push_back(json::Object{{"server", record.server},
                                     {"tool", record.tool},
                                     {"sha256", record.fingerprint},
                                     {"by_entry", record.by_entry}});
    }
    std::error_code error;
    if (std::filesystem::create_directories(file_.parent_path(), error))
        std::filesystem::permissions(file_.parent_path(), std::filesystem::perms::owner_all, error);
    return write_file_atomic(file_, json::write(json::Object{{"version", 1}, {"tools", std::move(tools)}}) + "\n",
                             0600);
}

Status Approvals::keep(Record record) const {
    EC_ASSIGN(std::vector<Record> records, load());
    std::erase_if(records, [&](const Record& old) { return old.server == record.server && old.tool == record.tool; });
    if (records.size() >= kMostRecords)
        return fail(ErrorCode::too_large, "too many tools are allowed already", "edgecoder tools forget SERVER");
    records.push_back(std::move(record));
    return save(records);
}

Approvals::State Approvals::state(const ServerEntry& entry, const OfferedTool& tool) const {
    const auto records = load();
    if (!records) return State::unknown;
    const bool named = std::ranges::find(entry.allow, tool.name) != entry.allow.end();
    const auto known = std::ranges::find_if(
        *records, [&](const Record& record) { return record.server == entry.name && record.tool == tool.name; });
    const std::string fingerprint = tool.fingerprint.hex();
    if (known != records->end() && (named || !known->by_entry))
        return known->fingerprint == fingerprint ? State::allowed : State::changed;
    if (!named || !keep({entry.name, tool.name, fingerprint, true})) return State::unknown;
    return State::allowed;
}

Status Approvals::allow(const ServerEntry& entry, const OfferedTool& tool) {
    return keep({entry.name, tool.name, tool.fingerprint.hex(), false});
}

Result<std::size_t> Approvals::forget(std::string_view server, std::string_view tool) {
    EC_ASSIGN(std::vector<Record> records, load());
    const std::size_t gone = std::erase_if(records, [&](const Record& record) {
        return record.server == server && (tool.empty() || record.tool == tool);
    });
    if (gone > 0) EC_TRY(save(records));
    return gone;
}

}  // namespace ec::apps::mcp
