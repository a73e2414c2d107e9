#include "review_stores.hpp"

#include <ec/core/fs.hpp>
#include <ec/core/toml.hpp>

#include "data_dir.hpp"

namespace ec::apps {

Result<agent::ReviewQueue> open_review_queue() {
    const std::filesystem::path data = data_dir();
    if (data.empty())
        return fail(ErrorCode::unavailable, "there is no place to keep reviews: no home directory is known",
                    "set EDGECODER_DATA_DIR to a folder");
    return agent::ReviewQueue::open(data, [] { return std::chrono::system_clock::now(); });
}

Result<agent::ReviewSettings> load_review_settings() {
    const std::filesystem::path folder = config_dir();
    if (folder.empty()) return agent::ReviewSettings{};
    const std::filesystem::path file = folder / "config.toml";
    const auto text = read_file(file, toml::kMostBytes);
    if (!text && text.error().code == ErrorCode::not_found) return agent::ReviewSettings{};
    if (!text) return fail(text.error());
    return agent::parse_review_settings(*text, file.string());
}

Result<std::int64_t> only_id(const std::vector<std::int64_t>& ids) {
    if (ids.size() == 1) return ids.front();
    return fail(ErrorCode::invalid_argument, "name one review by its number", "see edgecoder review list");
}

}  // namespace ec::apps
