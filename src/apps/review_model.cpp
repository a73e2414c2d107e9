#include "review_model.hpp"

#include <ec/core/clock.hpp>
#include <ec/core/waiter.hpp>
#include <ec/model/openai.hpp>

#include "data_dir.hpp"

namespace ec::apps {
namespace {

/// What a served model stands on, alive as long as it.
struct Standing {
    std::shared_ptr<net::HttpClient> client;
    SystemClock clock;
    SystemWaiter waiter;
    std::unique_ptr<model::ServedModel> model;
};

}  // namespace

Result<std::shared_ptr<model::ChatModel>> open_review_model(const agent::ReviewerSettings& settings, std::string key,
                                                            std::shared_ptr<net::HttpClient> client) {
    model::OpenAiOptions options;
    EC_ASSIGN(options.address, model::parse_model_address(settings.url + "#" + settings.model));
    options.api_key = Secret(std::move(key));
    options.notes_dir = data_dir() / "models";
    const auto standing = std::make_shared<Standing>();
    standing->client = std::move(client);
    standing->model =
        model::make_openai_model(*standing->client, std::move(options), standing->clock, standing->waiter);
    return std::shared_ptr<model::ChatModel>(standing, standing->model.get());
}

}  // namespace ec::apps
