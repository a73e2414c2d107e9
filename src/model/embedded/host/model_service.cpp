#include "model_service.hpp"

#include <ec/core/clock.hpp>
#include <exception>
#include <functional>

#include "batch_timer.hpp"
#include "text_vectors.hpp"

namespace ec::model::embedded {
namespace {

// llama.cpp and its template engine throw where a file or a template is odd enough.
template <class T>
Result<T> guarded(const std::function<Result<T>()>& work) {
    try {
        return work();
    } catch (const std::exception& error) {
        return fail(ErrorCode::internal, std::string("llama.cpp failed: ") + error.what());
    }
}

}  // namespace

Result<std::unique_ptr<ModelService>> ModelService::load(const Load& load, Controls& controls) {
    return guarded<std::unique_ptr<ModelService>>([&]() -> Result<std::unique_ptr<ModelService>> {
        auto service = std::make_unique<ModelService>();
        EC_ASSIGN(service->model_, LoadedModel::load(load, controls));
        service->quantised_cache_ = load.quantised_cache;
        if (load.embeddings) return service;
        EC_ASSIGN(service->format_, ChatFormat::create(*service->model_));
        service->gaps_ = std::make_unique<GapFormat>(*service->model_, load.file);
        service->cost_ = measure_batch_cost(*service->model_, SystemClock());
        service->sequences_ = std::make_unique<Sequences>(*service->model_);
        service->store_ = std::make_unique<PrefixStore>(*service->model_, service->memory_, load.cache_dir,
                                                        load.cache_bytes, load.quantised_cache ? "q8_0" : "f16");
        service->generator_ =
            std::make_unique<Generator>(*service->model_, *service->sequences_, *service->format_, *service->gaps_,
                                        service->memory_, *service->store_, service->cost_);
        return service;
    });
}

void ModelService::save(bool all) {
    if (store_) store_->save(*sequences_, all);
}

Loaded ModelService::facts() const {
    Loaded loaded;
    loaded.context = model_->context_tokens();
    loaded.parameters = static_cast<std::int64_t>(llama_model_n_params(model_->model()));
    loaded.width = llama_model_n_embd_out(model_->model());
    loaded.batch_cost = cost_;
    loaded.fills = gaps_ && gaps_->fills();
    if (format_ && !format_->warning().empty()) loaded.warnings.push_back(format_->warning());
    return loaded;
}

std::int64_t ModelService::bytes() const {
    return memory_of(model_->facts(), model_->context_tokens(), quantised_cache_);
}

Status ModelService::chat(const Chat& chat, const Output& output) {
    if (!generator_) return fail(ErrorCode::invalid_argument, "this model was loaded for vectors");
    return guarded<void>([&] { return generator_->run(chat, output); });
}

Status ModelService::text(const Text& text, const Output& output) {
    if (!generator_) return fail(ErrorCode::invalid_argument, "this model was loaded for vectors");
    return guarded<void>([&] { return generator_->run(text, output); });
}

Result<std::vector<std::vector<float>>> ModelService::embed(const Embed& embed) {
    if (generator_) return fail(ErrorCode::invalid_argument, "this model was loaded for text");
    return guarded<std::vector<std::vector<float>>>([&] { return text_vectors(*model_, embed.texts); });
}

}  // namespace ec::model::embedded
