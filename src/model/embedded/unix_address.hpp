// The address of a socket in the file system.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <ec/core/result.hpp>
#include <filesystem>

namespace ec::model::embedded {

/// `invalid_argument` for a path longer than the system can hold (about a hundred bytes).
inline Result<sockaddr_un> unix_address(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string& text = path.native();
    if (text.empty() || text.size() >= sizeof address.sun_path) {
        return fail(ErrorCode::invalid_argument, "the path of a socket may not be as long as " + text,
                    "set XDG_RUNTIME_DIR, or name a data directory with a shorter path");
    }
    text.copy(address.sun_path, text.size());
    return address;
}

inline const sockaddr* generic(const sockaddr_un& address) { return reinterpret_cast<const sockaddr*>(&address); }

}  // namespace ec::model::embedded
