#include "config.hpp"

#include <ec/core/fs.hpp>
#include <ec/core/toml.hpp>

#include "data_dir.hpp"

namespace ec::apps {

namespace {

std::optional<agent::Micros> amount(toml::Table& table, std::string_view key) {
    const auto text = table.string(key);
    if (!text) return std::nullopt;
    const auto value = agent::parse_amount(*text);
    if (value) return *value;
    table.reject(key, "must be an amount in quotes, like \"2.50\"");
    return std::nullopt;
}

}  // namespace

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
    if (auto model = root.table("model")) {
        config.model = model->string("default").value_or("");
        const auto in = amount(*model, "price_in");
        const auto out = amount(*model, "price_out");
        if (in.has_value() != out.has_value())
            model->reject(in ? "price_in" : "price_out", "needs the other price too");
        if (in && out) config.price = agent::Price{*in, *out};
    }
    EC_TRY(document.finish());
    return config;
}

}  // namespace ec::apps
