#include "data_dir.hpp"

#include <cstdlib>
#include <string_view>

namespace ec::apps {
namespace {

std::string_view variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string_view() : value;
}

}  // namespace

std::filesystem::path data_dir() {
    if (const auto own = variable("EDGECODER_DATA_DIR"); !own.empty()) return own;
    if (const auto xdg = variable("XDG_DATA_HOME"); xdg.starts_with('/'))
        return std::filesystem::path(xdg) / "edgecoder";
    if (const auto home = variable("HOME"); home.starts_with('/'))
        return std::filesystem::path(home) / ".local/share/edgecoder";
    return {};
}

std::filesystem::path config_dir() {
    if (const auto xdg = variable("XDG_CONFIG_HOME"); xdg.starts_with('/'))
        return std::filesystem::path(xdg) / "edgecoder";
    if (const auto home = variable("HOME"); home.starts_with('/'))
        return std::filesystem::path(home) / ".config/edgecoder";
    return {};
}

Result<std::filesystem::path> inference_socket(const std::filesystem::path& data) {
    if (const auto xdg = variable("XDG_RUNTIME_DIR"); xdg.starts_with('/'))
        return std::filesystem::path(xdg) / "edgecoder" / "inference.sock";
    const std::filesystem::path folder = data.empty() ? data_dir() : std::filesystem::absolute(data);
    if (!folder.empty()) return folder / "run" / "inference.sock";
    return fail(ErrorCode::unavailable, "there is no place for the socket of the inference host: no home is known",
                "set XDG_RUNTIME_DIR or EDGECODER_DATA_DIR to a folder");
}

Result<std::filesystem::path> undo_dir() {
    const std::filesystem::path data = data_dir();
    if (!data.empty()) return data / "undo";
    return fail(ErrorCode::unavailable, "there is no place to keep what --apply replaces: no home directory is known",
                "set EDGECODER_DATA_DIR to a folder");
}

}  // namespace ec::apps
