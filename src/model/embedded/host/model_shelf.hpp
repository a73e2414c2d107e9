// The models that a host holds, each once for its file and settings, under one budget of memory.
//
// A model that another needs room for is unloaded, those without clients first, then those nobody waits for, the
// longest unused before others; its clients' next request loads it again. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <ec/core/result.hpp>
#include <map>
#include <memory>
#include <string>

#include "embedded/protocol.hpp"
#include "loaded_model.hpp"
#include "model_service.hpp"

namespace ec::model::embedded {

enum class ModelId : std::int64_t {};

/// What the clients that are there want: the models they loaded, and whether a request for one waits.
using Demand = std::map<ModelId, bool>;

class ModelShelf {
public:
    /// `budget` in bytes over all models; 0: each load says itself what it may take.
    ModelShelf(Controls& controls, std::int64_t budget) : controls_(controls), budget_(budget) {}

    /// The model of that file and those settings, loaded now unless it is there. As LoadedModel::load(); `too_large`
    /// with the figures also where models that are wanted leave too little of the budget.
    Result<ModelId> admit(Load load, const Demand& demand);
    /// Whether admit() would find it loaded.
    [[nodiscard]] bool holds(Load load) const;
    /// A model that was admitted, loaded again where it had to give way.
    Result<ModelService*> use(ModelId id, const Demand& demand);

    void save(bool all);
    /// Unloads what has had no client for so long.
    void shed(const Demand& demand, std::chrono::steady_clock::duration unused_for);

private:
    struct Model {
        Load load;
        std::string file_state;  ///< differs when another file lies there now
        std::unique_ptr<ModelService> service;
        std::chrono::steady_clock::time_point used;
    };
    Status load(Model& model, const Demand& demand);
    Status make_room(Load& load, const Demand& demand);
    static bool stays(ModelId id, const Demand& demand);
    /// Unloads one that nobody waits for; false when there is none.
    bool give_way(const Demand& demand);
    [[nodiscard]] std::int64_t taken() const;

    Controls& controls_;
    std::int64_t budget_;
    bool backends_ = false;
    std::int64_t last_id_ = 0;
    std::map<ModelId, Model> models_;
};

}  // namespace ec::model::embedded
