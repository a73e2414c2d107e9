// Which tools of other programs a person lets be called without being asked, by name, in a file of their own.
//
// An approval is for a tool as it was described when it was given: what the server says of it, and which server that
// is, are part of it (OfferedTool::fingerprint), so a tool that becomes another one needs a new word. The file is
// private to its user and read anew each time, so that what one program allows counts in every other.
#pragma once

#include <ec/core/result.hpp>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "offered_tool.hpp"
#include "server_entry.hpp"

namespace ec::apps::mcp {

class Approvals {
public:
    /// `file` empty: nothing can be kept, and nothing is allowed.
    explicit Approvals(std::filesystem::path file) : file_(std::move(file)) {}

    enum class State { allowed, changed, unknown };
    /// `changed`: allowed once, as another tool than it is now. What the entry's `allow` names is kept as it is at the
    /// first sight of it. A file that cannot be read or that others may write allows nothing.
    State state(const ServerEntry& entry, const OfferedTool& tool) const;
    Status allow(const ServerEntry& entry, const OfferedTool& tool);
    /// Of one tool, or with an empty name of all of a server's; how many there were.
    Result<std::size_t> forget(std::string_view server, std::string_view tool);

private:
    struct Record {
        std::string server;
        std::string tool;
        std::string fingerprint;
        bool by_entry = false;  ///< because the entry names it, not because a person said so since
    };
    Result<std::vector<Record>> load() const;
    Status save(const std::vector<Record>& records) const;
    Status keep(Record record) const;

    std::filesystem::path file_;
};

}  // namespace ec::apps::mcp
