#include "model_shelf.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <ranges>
#include <tuple>

#include "gguf_facts.hpp"
#include "llama_handles.hpp"

namespace ec::model::embedded {
namespace {

using SteadyClock = std::chrono::steady_clock;

std::string state_of(const std::string& file) {
    struct stat info{};
    std::error_code error;
    const auto written = std::filesystem::last_write_time(file, error);
    if (::stat(file.c_str(), &info) != 0 || error) return {};
    return fmt::format("{} {} {} {}", info.st_dev, info.st_ino, info.st_size, written.time_since_epoch().count());
}

void make_plain(Load& load) {
    std::error_code error;
    if (auto real = std::filesystem::canonical(load.file, error); !error) load.file = real.string();
}

std::int64_t mib(std::int64_t bytes) { return bytes >> 20; }

}  // namespace

bool ModelShelf::holds(Load load) const {
    make_plain(load);
    const std::string state = state_of(load.file);
    return std::ranges::any_of(std::views::values(models_), [&](const Model& model) {
        return model.load == load && model.file_state == state && model.service != nullptr;
    });
}

Result<ModelId> ModelShelf::admit(Load load, const Demand& demand) {
    make_plain(load);
    const std::string state = state_of(load.file);
    for (auto& [id, model] : models_) {
        if (model.load != load || model.file_state != state) continue;
        EC_TRY(use(id, demand));
        return id;
    }
    Model model{std::move(load), state, nullptr, SteadyClock::now()};
    EC_TRY(this->load(model, demand));
    const ModelId id{++last_id_};
    models_.emplace(id, std::move(model));
    return id;
}

Result<ModelService*> ModelShelf::use(ModelId id, const Demand& demand) {
    Model& model = models_.at(id);
    model.used = SteadyClock::now();
    if (!model.service) EC_TRY(load(model, demand));
    return model.service.get();
}

Status ModelShelf::load(Model& model, const Demand& demand) {
    if (!backends_) {
        EC_TRY(load_backends(llama_library_dir()));
        backends_ = true;
    }
    Load load = model.load;
    if (budget_ > 0) EC_TRY(make_room(load, demand));
    EC_ASSIGN(model.service, ModelService::load(load, controls_));
    return {};
}

// Nothing is unloaded for a model that would not fit even then.
Status ModelShelf::make_room(Load& load, const Demand& demand) {
    std::int64_t staying = 0;
    for (const auto& [id, model] : models_) staying += stays(id, demand) && model.service ? model.service->bytes() : 0;
    const std::int64_t allowed = std::min(load.memory_bytes > 0 ? load.memory_bytes : budget_, budget_ - staying);
    EC_ASSIGN(const GgufFacts facts, read_gguf_facts(load.file));
    auto plan = plan_memory(facts, requested_context(load, facts), allowed, load.quantised_cache);
    if (!plan) {
        Error error = std::move(plan).error();
        error.message += fmt::format("; this host has {} MiB for all models, and those in use take {} MiB",
                                     mib(budget_), mib(staying));
        return fail(std::move(error));
    }
    const std::int64_t needed = memory_of(facts, plan->context, load.quantised_cache);
    while (budget_ - taken() < needed && give_way(demand)) {
    }
    load.memory_bytes = std::min(allowed, budget_ - taken());
    return {};
}

bool ModelShelf::stays(ModelId id, const Demand& demand) {
    const auto wanted = demand.find(id);
    return wanted != demand.end() && wanted->second;
}

bool ModelShelf::give_way(const Demand& demand) {
    const auto rank = [&](const auto& entry) { return std::tuple(demand.contains(entry.first), entry.second.used); };
    auto found = models_.end();
    for (auto at = models_.begin(); at != models_.end(); ++at) {
        if (!at->second.service || stays(at->first, demand)) continue;
        if (found == models_.end() || rank(*at) < rank(*found)) found = at;
    }
    if (found == models_.end()) return false;
    found->second.service->save(true);
    found->second.service.reset();
    if (!demand.contains(found->first)) models_.erase(found);
    return true;
}

std::int64_t ModelShelf::taken() const {
    std::int64_t total = 0;
    for (const Model& model : std::views::values(models_)) total += model.service ? model.service->bytes() : 0;
    return total;
}

void ModelShelf::save(bool all) {
    for (Model& model : std::views::values(models_)) {
        if (model.service) model.service->save(all);
    }
}

void ModelShelf::shed(const Demand& demand, SteadyClock::duration unused_for) {
    const auto before = SteadyClock::now() - unused_for;
    for (auto at = models_.begin(); at != models_.end();) {
        if (demand.contains(at->first) || at->second.used > before) {
            ++at;
            continue;
        }
        if (at->second.service) at->second.service->save(true);
        at = models_.erase(at);
    }
}

}  // namespace ec::model::embedded
