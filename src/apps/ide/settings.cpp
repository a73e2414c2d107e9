#include "settings.hpp"

#include <fmt/format.h>

#include <ec/core/fs.hpp>
#include <ec/core/toml.hpp>
#include <ec/model/openai.hpp>

#include "../data_dir.hpp"
#include "../service_start.hpp"

namespace ec::apps::ide {
namespace {

namespace fs = std::filesystem;

struct FileSettings {
    std::string listen;
    std::vector<std::string> roots;
    IdeSettings rest;
};

std::vector<std::string> values(const std::optional<std::vector<toml::Text>>& texts) {
    std::vector<std::string> out;
    for (const toml::Text& text : texts.value_or(std::vector<toml::Text>())) out.push_back(text.value);
    return out;
}

void read_table(toml::Table& ide, FileSettings& settings) {
    settings.listen = ide.string("listen").value_or("");
    settings.roots = values(ide.strings("roots"));
    settings.rest.behind_proxy = ide.boolean("behind_proxy").value_or(false);
    settings.rest.hosts = values(ide.strings("hosts"));
    settings.rest.proxies = values(ide.strings("proxies"));
    settings.rest.models = values(ide.strings("models"));
    settings.rest.fill = ide.string("fill").value_or("");
    for (const std::string& words : settings.rest.models) {
        if (const auto address = model::parse_model_address(words); !address)
            ide.reject("models", address.error().message);
    }
}

Result<FileSettings> read_config(const fs::path& named) {
    FileSettings settings;
    const fs::path usual = config_dir();
    if (named.empty() && usual.empty()) return settings;
    const fs::path file = named.empty() ? usual / "config.toml" : named;
    const auto text = read_file(file, toml::kMostBytes);
    if (!text && named.empty() && text.error().code == ErrorCode::not_found) return settings;
    if (!text) return fail(text.error());
    EC_ASSIGN(toml::Document document, toml::Document::parse(*text, file.string()));
    toml::Table root = document.root();
    for (const std::string& key : root.keys()) {
        if (key != "service") root.leave(key);
    }
    if (auto services = root.table("service")) {
        for (const std::string& key : services->keys()) {
            if (key != "ide") services->leave(key);
        }
        if (auto ide = services->table("ide")) read_table(*ide, settings);
    }
    EC_TRY(document.finish());
    return settings;
}

Result<fs::path> root_folder(const fs::path& named) {
    std::error_code error;
    fs::path real = fs::canonical(named, error);
    if (error || !fs::is_directory(real, error))
        return fail(ErrorCode::invalid_argument, fmt::format("the root {} is no folder", named.string()));
    return real;
}

}  // namespace

Result<IdeSettings> read_settings(const IdeOptions& options) {
    EC_ASSIGN(FileSettings file, read_config(options.config));
    IdeSettings settings = std::move(file.rest);
    EC_ASSIGN(const ListenAddress listen, listen_address(options.listen, "IDE_PORT", file.listen, kIdePort));
    settings.address = listen.address;
    settings.port = listen.port;
    settings.behind_proxy = settings.behind_proxy || options.behind_proxy;
    settings.data_dir = options.data_dir.empty() ? data_dir() : fs::absolute(options.data_dir);
    if (settings.data_dir.empty())
        return fail(ErrorCode::unavailable, "no data directory is known", "set EDGECODER_DATA_DIR, or say --data-dir");
    for (const std::string& root : file.roots) {
        EC_ASSIGN(fs::path folder, root_folder(root));
        settings.roots.push_back(std::move(folder));
    }
    for (const fs::path& root : options.roots) {
        EC_ASSIGN(fs::path folder, root_folder(root));
        settings.roots.push_back(std::move(folder));
    }
    return settings;
}

}  // namespace ec::apps::ide
