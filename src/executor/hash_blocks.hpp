// Reading a file in the blocks that content hashes are made of.
#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <ec/core/result.hpp>
#include <string>
#include <string_view>

#include "undo_step.hpp"

namespace ec::executor {

/// Calls `take` (a Status of a string_view) with every block up to the end. `path` is for the error.
template <class Take>
Status read_blocks(int fd, const std::string& path, const Take& take) {
    std::string block(kHashBlock, '\0');
    for (bool end = false; !end;) {
        std::size_t got = 0;
        while (got < block.size() && !end) {
            const ssize_t n = ::read(fd, block.data() + got, block.size() - got);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return fail(from_errno(fmt::format("cannot read {}", path), errno));
            end = n == 0;
            got += static_cast<std::size_t>(n);
        }
        if (got > 0) EC_TRY(take(std::string_view(block).substr(0, got)));
    }
    return {};
}

}  // namespace ec::executor
