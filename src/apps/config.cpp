#include "config.hpp"

#include <algorithm>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/core/toml.hpp>
#include <vector>

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

Result<Config> parse_config(std::string_view text, const std::string& source) {
    EC_ASSIGN(toml::Document document, toml::Document::parse(text, source));
    toml::Table root = document.root();
    for (const std::string& key : root.keys()) {
        if (key != "model" && key != "swarm" && key != "worker") root.leave(key);
    }
    Config config;
    if (auto model = root.table("model")) {
        config.model = model->string("default").value_or("");
        config.embeddings = model->string("embeddings").value_or("");
        const auto in = amount(*model, "price_in");
        const auto out = amount(*model, "price_out");
        if (in.has_value() != out.has_value())
            model->reject(in ? "price_in" : "price_out", "needs the other price too");
        if (in && out) config.price = agent::Price{*in, *out};
    }
    if (auto swarm = root.table("swarm")) {
        for (const toml::Text& url : swarm->strings("coordinators").value_or(std::vector<toml::Text>{}))
            config.swarm.coordinators.push_back(url.value);
        config.swarm.ca = swarm->string("ca").value_or("");
        config.swarm.group = swarm->string("group").value_or("");
        for (const std::string& key : swarm->keys())
            if (key != "coordinators" && key != "ca" && key != "group") swarm->leave(key);
    }
    if (auto worker = root.table("worker")) config.worker = read_worker_table(*worker);
    EC_TRY(document.finish());
    return config;
}

bool is_header(std::string_view line, std::string_view header) {
    line = trim(line);
    if (!line.starts_with(header)) return false;
    line = trim(line.substr(header.size()));
    return line.empty() || line.starts_with('#');
}

std::string_view key_of(ModelRole role) { return role == ModelRole::chat ? "default" : "embeddings"; }
const std::string& model_of(const Config& config, ModelRole role) {
    return role == ModelRole::chat ? config.model : config.embeddings;
}

bool sets(std::string_view line, std::string_view key) {
    line = trim(line);
    return line.starts_with(key) && trim(line.substr(key.size())).starts_with('=');
}

// `text` with `line`, which sets `key` of [model]; empty: without that key.
std::string with_line(std::string_view text, std::string_view key, const std::string& line) {
    std::vector<std::string_view> lines = split_lines(text);
    auto at = std::ranges::find_if(lines, [](std::string_view l) { return is_header(l, "[model]"); });
    if (at == lines.end()) {
        std::string out(text);
        if (line.empty()) return out;
        if (!out.empty() && !out.ends_with('\n')) out += '\n';
        return out + (out.empty() ? "" : "\n") + "[model]\n" + line + "\n";
    }
    const auto begin = at + 1;
    const auto end = std::find_if(begin, lines.end(), [](std::string_view l) { return trim(l).starts_with('['); });
    const auto old = std::find_if(begin, end, [&](std::string_view l) { return sets(l, key); });
    if (old == end && !line.empty())
        lines.insert(begin, line);
    else if (old != end && line.empty())
        lines.erase(old);
    else if (old != end)
        *old = line;
    std::string out;
    for (const std::string_view l : lines) out.append(l).append("\n");
    return out;
}

// `words` empty: none.
Status write_model(ModelRole role, const std::string& words) {
    if (config_dir().empty()) {
        return fail(ErrorCode::unavailable, "there is no place for the configuration", "set XDG_CONFIG_HOME or HOME");
    }
    std::filesystem::path file = config_dir() / "config.toml";
    std::error_code error;
    std::filesystem::create_directories(file.parent_path(), error);
    // A link, as people keep their settings elsewhere, stays one.
    if (const auto real = std::filesystem::canonical(file, error); !error) file = real;
    auto text = read_file(file, toml::kMostBytes);
    if (!text && text.error().code != ErrorCode::not_found) return fail(text.error());
    const std::string before = text ? *text : std::string();
    EC_TRY(parse_config(before, file.string()));
    const std::string key(key_of(role));
    const std::string line = words.empty() ? std::string() : key + " = " + toml::quoted(words);
    const std::string after = with_line(before, key, line);
    const auto read_back = parse_config(after, file.string());
    if (!read_back || model_of(*read_back, role) != words) {
        return fail(ErrorCode::invalid_argument, "config.toml has [model] in a form that is not changed by itself",
                    words.empty() ? "take " + key + " out of it, in " + file.string()
                                  : "write " + line + " under [model] in " + file.string());
    }
    return write_file_atomic(file, after, 0600);
}

}  // namespace

Result<Config> load_config() {
    const std::filesystem::path folder = config_dir();
    if (folder.empty()) return Config{};
    const std::filesystem::path file = folder / "config.toml";
    const auto text = read_file(file, toml::kMostBytes);
    if (!text && text.error().code == ErrorCode::not_found) return Config{};
    if (!text) return fail(text.error());
    return parse_config(*text, file.string());
}

Status save_model(ModelRole role, const std::string& words) { return write_model(role, words); }

Status clear_model(ModelRole role) { return write_model(role, {}); }

}  // namespace ec::apps
