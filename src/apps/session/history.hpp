// What was typed, newest last, kept in one file that only its owner can read.
//
// The file holds one entry a line ("\n" and "\\" escaped), at most kMost of them. Never kept: lines that look like
// secrets (the caller's predicate), lines that begin with a blank, lines longer than kLongest. A file that cannot be
// read is an empty history; a file that cannot be written makes add() fail, and the entry counts for this session.
#pragma once

#include <ec/core/result.hpp>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ec::apps::session {

class History {
public:
    using LooksSecret = std::function<bool(std::string_view)>;
    static constexpr std::size_t kMost = 1000;
    static constexpr std::size_t kLongest = 8192;

    /// `file` may be empty: nothing is kept on disk. `looks_secret` may be empty: nothing is.
    explicit History(std::filesystem::path file = {}, LooksSecret looks_secret = {});

    /// Takes the entry in as the newest; an equal older one goes. What other sessions added meanwhile is kept.
    Status add(std::string_view entry);
    [[nodiscard]] const std::vector<std::string>& entries() const { return entries_; }
    /// The newest entry before index `before` that contains `part`.
    [[nodiscard]] std::optional<std::size_t> find_back(std::string_view part, std::size_t before) const;

private:
    void load();

    std::filesystem::path file_;
    LooksSecret looks_secret_;
    std::vector<std::string> entries_;
};

}  // namespace ec::apps::session
