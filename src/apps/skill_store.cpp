#include "skill_store.hpp"

#include <algorithm>
#include <ec/core/fs.hpp>
#include <ec/core/hash.hpp>
#include <ec/json/json.hpp>
#include <system_error>

namespace ec::apps {
namespace {

namespace fs = std::filesystem;

// One list of what is counted, for both directions.
template <class Visit>
void each_count(Visit visit) {
    using agent::ModelSkill;
    visit("tool_calls_good", &ModelSkill::tool_calls_good);
    visit("tool_calls_bad", &ModelSkill::tool_calls_bad);
    visit("edits_good", &ModelSkill::edits_good);
    visit("edits_bad", &ModelSkill::edits_bad);
    visit("solved_with_tools", &ModelSkill::solved_with_tools);
    visit("failed_with_tools", &ModelSkill::failed_with_tools);
}

fs::path file_of(const fs::path& data_dir, const std::string& model) {
    return data_dir / "models" / "skill" / (hash128(model).hex() + ".json");
}

}  // namespace

agent::ModelSkill load_skill(const fs::path& data_dir, const std::string& model) {
    constexpr std::uint64_t kMostBytes = 4096;
    agent::ModelSkill skill;
    const auto text = read_file(file_of(data_dir, model), kMostBytes);
    if (!text) return skill;
    const auto document = json::parse(*text);
    if (!document) return skill;
    json::Reader reader(*document, "skill");
    each_count([&](const char* key, std::uint32_t agent::ModelSkill::* count) {
        skill.*count = static_cast<std::uint32_t>(std::clamp<std::int64_t>(reader.integer(key), 0, 1'000'000));
    });
    return reader.status() ? skill : agent::ModelSkill{};
}

void save_skill(const fs::path& data_dir, const std::string& model, const agent::ModelSkill& skill) {
    json::Object document{{"model", model}};
    each_count([&](const char* key, std::uint32_t agent::ModelSkill::* count) { document[key] = skill.*count; });
    const fs::path file = file_of(data_dir, model);
    std::error_code error;
    fs::create_directories(file.parent_path(), error);
    // Without it the next run starts from what the file says of the model: slower, not wrong.
    static_cast<void>(write_file_atomic(file, json::write(document), 0600));
}

}  // namespace ec::apps
