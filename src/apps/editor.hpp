// The port to an editor that has a project open: it knows texts that nobody has saved, and writes for us.
#pragma once

#include <ec/core/result.hpp>
#include <filesystem>
#include <string>

namespace ec::apps {

class Editor {
public:
    virtual ~Editor() = default;
    /// Whether it can be asked for a text, and to write one.
    [[nodiscard]] virtual bool reads() const = 0;
    [[nodiscard]] virtual bool writes() const = 0;
    /// The text of a file (absolute path) as the person sees it, saved or not. `timeout` when the editor does not
    /// answer, any other error when it has none.
    virtual Result<std::string> read(const std::filesystem::path& path) = 0;
    /// Puts `text` into the file and what shows it.
    virtual Status write(const std::filesystem::path& path, const std::string& text) = 0;
};

}  // namespace ec::apps
