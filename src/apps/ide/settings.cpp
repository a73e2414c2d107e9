#include "settings.hpp"

#include <fmt/format.h>

#include <ec/model/openai.hpp>

#include "../data_dir.hpp"
#include "../service_start.hpp"

namespace ec::apps::ide {
namespace {

namespace fs = std::filesystem;

/// The keys that this service has beside those of every service.
struct Offered {
    std::vector<std::string> roots;
    std::vector<std::string> models;
    std::string fill;
};

void read_table(toml::Table& ide, Offered& offered) {
    offered.roots = strings_of(ide, "roots");
    offered.models = strings_of(ide, "models");
    offered.fill = ide.string("fill").value_or("");
    for (const std::string& words : offered.models) {
        if (const auto address = model::parse_model_address(words); !address)
            ide.reject("models", address.error().message);
    }
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
    Offered offered;
    EC_ASSIGN(ServiceTable file,
              read_service_table(options.config, "ide", [&](toml::Table& ide) { read_table(ide, offered); }));
    EC_ASSIGN(const ListenAddress listen, listen_address(options.listen, "IDE_PORT", file.listen, kIdePort));
    IdeSettings settings;
    settings.models = std::move(offered.models);
    settings.fill = std::move(offered.fill);
    settings.hosts = std::move(file.hosts);
    settings.proxies = std::move(file.proxies);
    settings.address = listen.address;
    settings.port = listen.port;
    settings.behind_proxy = file.behind_proxy || options.behind_proxy;
    settings.data_dir = options.data_dir.empty() ? data_dir() : fs::absolute(options.data_dir);
    if (settings.data_dir.empty())
        return fail(ErrorCode::unavailable, "no data directory is known", "set EDGECODER_DATA_DIR, or say --data-dir");
    for (const std::string& root : offered.roots) {
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
