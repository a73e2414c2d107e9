#include "leasing.hpp"

#include <fmt/format.h>

#include <ec/core/waiter.hpp>
#include <ec/swarm/telemetry.hpp>
#include <mutex>
#include <thread>

#include "data_dir.hpp"
#include "error_report.hpp"
#include "model_choice.hpp"
#include "project_sandbox.hpp"
#include "runner.hpp"
#include "swarm/swarm_places.hpp"
#include "swarm/swarm_runner.hpp"

namespace ec::apps::inference_http {
namespace {

constexpr std::chrono::seconds kFirstPause{1};
constexpr std::chrono::seconds kLongestPause{30};
constexpr int kSlots = 2;  // a merge need not wait for a plan

/// A model that plans, one question at a time; there may be none.
class Planner {
public:
    static Result<std::unique_ptr<Planner>> open(const std::string& words) {
        auto planner = std::make_unique<Planner>();
        EC_ASSIGN(planner->ports_, ModelPorts::open(data_dir(), "inference"));
        EC_ASSIGN(planner->model_, choose_model(words.empty() ? "none" : words, *planner->ports_));
        return planner;
    }
    [[nodiscard]] bool has_model() const { return model_ != nullptr; }
    Result<inference::Plan> plan(const inference::Question& question, std::stop_token stop) {
        if (!model_) return fail(ErrorCode::unavailable, "");
        const std::scoped_lock lock(mutex_);
        return inference::plan_with_model(*model_, question, std::move(stop));
    }

private:
    std::unique_ptr<ModelPorts> ports_;
    std::unique_ptr<model::ChatModel> model_;
    std::mutex mutex_;  ///< over the model's calls
};

class LeasingThread final : public Leasing, swarm::WorkerEvents {
public:
    LeasingThread(LeasingOptions options, std::unique_ptr<Planner> planner, std::unique_ptr<SwarmRunner> parts,
                  std::vector<swarm::GroupKey> groups, SwarmLink link)
        : options_(std::move(options)),
          planner_(std::move(planner)),
          parts_(std::move(parts)),
          groups_(std::move(groups)),
          link_(std::move(link)),
          runner_(ports()) {
        thread_ = std::jthread([this](const std::stop_token& stop) { lease_until(stop); });
    }
    ~LeasingThread() override {
        thread_.request_stop();
        thread_.join();
    }
    [[nodiscard]] std::string state() const override {
        const std::scoped_lock lock(mutex_);
        return state_;
    }

private:
    RunnerPorts ports() {
        RunnerPorts ports;
        ports.open_sandbox = open_project_sandbox;
        ports.plan = [this](const inference::Question& question, std::stop_token stop) {
            return planner_->plan(question, std::move(stop));
        };
        ports.parts = parts_.get();
        for (const swarm::GroupKey& group : groups_) ports.groups.push_back(group.id());
        return ports;
    }
    void says(std::string_view line) override { options_.says(std::string(line)); }
    void now(std::string state) {
        {
            const std::scoped_lock lock(mutex_);
            if (state == state_) return;
            state_ = state;
        }
        options_.says(state);
    }
    void lease_until(const std::stop_token& stop) {
        std::chrono::milliseconds pause = kFirstPause;
        while (!stop.stop_requested()) {
            const Status ended = lease(stop);
            if (stop.stop_requested()) return;
            if (!ended) now(fmt::format("leases nothing: {}", in_one_line(ended.error())));
            if (!waiter_.wait(pause, stop)) return;
            pause = std::min<std::chrono::milliseconds>(2 * pause, kLongestPause);
        }
    }
    Status lease(const std::stop_token& stop) {
        EC_TRY(link_.ensure_enrolled(stop));
        now(fmt::format("leases from {}", link_.address().urls.front()));
        swarm::WorkerOptions settings;
        settings.slots = kSlots;
        settings.groups = groups_;
        EC_ASSIGN(const std::filesystem::path folder, swarm_dir());
        settings.folder = folder / "inference";
        return swarm::run_worker(settings,
                                 {.connect = [this] { return link_.connect(); },
                                  .runner = runner_,
                                  .clock = clock_,
                                  .waiter = waiter_,
                                  .telemetry = [] { return swarm::Telemetry{}; },
                                  .events = *this,
                                  .key = link_.key(),
                                  .hour = [] { return 0; },
                                  .asleep = swarm::time_asleep,
                                  .jitter = jitter},
                                 stop);
    }

    LeasingOptions options_;
    std::unique_ptr<Planner> planner_;
    std::unique_ptr<SwarmRunner> parts_;  ///< null: no model
    std::vector<swarm::GroupKey> groups_;
    SwarmLink link_;
    InferenceRunner runner_;
    SystemClock clock_;
    SystemWaiter waiter_;
    mutable std::mutex mutex_;
    std::string state_ = "leases nothing yet";  ///< guarded by mutex_
    std::jthread thread_;
};

}  // namespace

Result<std::unique_ptr<Leasing>> start_leasing(LeasingOptions options) {
    EC_ASSIGN(std::unique_ptr<Planner> planner, Planner::open(options.model));
    std::vector<swarm::GroupKey> groups;
    EC_ASSIGN(std::vector<NamedGroup> known, load_groups());
    for (NamedGroup& group : known) groups.push_back(std::move(group.key));
    std::unique_ptr<SwarmRunner> parts;
    if (planner->has_model()) {
        RunnerOptions part_options;
        part_options.model = options.model;
        EC_ASSIGN(parts, SwarmRunner::open(std::move(part_options)));
    }
    EC_ASSIGN(SwarmLink link, SwarmLink::open(identity::NodeKind::inference, options.swarm));
    return std::make_unique<LeasingThread>(std::move(options), std::move(planner), std::move(parts), std::move(groups),
                                           std::move(link));
}

}  // namespace ec::apps::inference_http
