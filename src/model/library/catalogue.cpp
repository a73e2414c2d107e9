#include <algorithm>
#include <ec/json/json.hpp>
#include <ec/model/library.hpp>
#include <ec_embedded/ec_model.hpp>

namespace ec::model {
namespace {

constexpr double kBillion = 1e9;

CatalogueModel read_entry(const json::Value& value) {
    json::Reader in(value, "catalogue");
    CatalogueModel model;
    model.name = in.string("name");
    model.source = in.string("source");
    model.quantisation = in.string("quantisation");
    model.licence = in.string("licence");
    model.note = in.string("note");
    model.size = static_cast<std::uint64_t>(in.number("gigabytes") * kBillion);
    model.parameters = static_cast<std::int64_t>(in.number("billions") * kBillion);
    model.active_parameters = static_cast<std::int64_t>(in.number("active_billions") * kBillion);
    model.context = in.integer("context");
    model.cache_per_token = in.integer("cache_kib_per_token") * 1024;
    model.verified = in.boolean("verified");
    return model;
}

}  // namespace

std::int64_t CatalogueModel::memory(std::int64_t tokens) const {
    ModelFileFacts facts;
    facts.cache_per_token = cache_per_token;
    return facts.memory(size, std::min(tokens, context));
}

std::vector<CatalogueModel> model_catalogue() {
    std::vector<CatalogueModel> models;
    const auto document = json::parse(library::catalogue_json);
    if (!document) return models;  // a test reads it
    json::Reader in(*document, "catalogue");
    for (const json::Value& value : in.array("models")) models.push_back(read_entry(value));
    std::ranges::sort(models, {}, &CatalogueModel::size);
    return models;
}

}  // namespace ec::model
