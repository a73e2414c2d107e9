// Which file of the workspace a model means by a name.
#pragma once

#include <ec/agent/edits.hpp>
#include <expected>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace ec::agent::edits {

/// A name without what models put around one: quotes, backticks, asterisks, "File:", a colon at the end.
std::string bare_name(std::string_view written);

/// Whether a piece of prose is nothing but a file's name.
bool looks_like_path(std::string_view text);

class PathIndex {
public:
    PathIndex(const FileSource& files, std::string workspace);

    struct Found {
        std::string path;
        bool exists = false;
    };
    struct Refused {
        EditProblem::Kind kind = EditProblem::Kind::bad_path;
        std::string message;
    };
    /// `new_file`: the reply says that it creates the file, so one elsewhere that ends with this name is not meant.
    enum class Meaning { any_file, new_file };
    /// The file that `written` names, else the path that a new one gets. Every path that comes out lies in the
    /// workspace and outside `.git`.
    [[nodiscard]] std::expected<Found, Refused> resolve(std::string_view written, Meaning meaning) const;

    /// Makes a file known that an earlier edit created, or forgets one that it removed.
    void add(const std::string& path);
    void remove(const std::string& path);

private:
    [[nodiscard]] std::vector<std::string> ending_with(const std::string& path) const;
    [[nodiscard]] bool knows(const std::string& path) const;
    [[nodiscard]] std::string without_invented_root(std::string name) const;

    std::string workspace_;
    std::unordered_map<std::string, std::vector<std::string>> by_name_;  // last part in lower case
};

}  // namespace ec::agent::edits
