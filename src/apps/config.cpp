#include "config.hpp"

#include <ec/core/fs.hpp>
#include <ec/core/toml.hpp>

#include "data_dir.hpp"

namespace ec::apps {

Result<Config> load_config() {
    const std::filesystem::path folder = config_dir();
    if (folder.empty()) return Config{};
    const std::filesystem::path file = folder / "config.toml";
    const auto text = read_file(file, toml::kMostBytes);
    if (!text && text.error().code == ErrorCode::not_found) return Config{};
    if (!text) return fail(text.error());
    EC_ASSIGN(toml::Document document, toml::Document::parse(*text, file.string()));
    toml::Table root = document.root();
    for (const std::string& key : root.keys()) {
        if (key != "model") root.leave(key);
    }
    Config config;
    if (auto model = root.table("model")) config.model = model->string("default").value_or("");
    EC_TRY(document.finish());
    return config;
}

}  // namespace ec::apps
