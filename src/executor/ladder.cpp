#include "ladder.hpp"

#include <fmt/format.h>

#include <atomic>
#include <mutex>

#include "reduced_sandbox.hpp"

namespace ec::executor {
namespace {

class Ladder final : public Sandbox {
public:
    Ladder(std::unique_ptr<Sandbox> full, Consent consent, OpenReduced open_reduced)
        : full_(std::move(full)), consent_(std::move(consent)), open_reduced_(std::move(open_reduced)) {}

    // The full tier is tried again with every run that it refused: what was missing may have come.
    Result<RunResult> run(const RunSpec& spec, std::stop_token stop) override {
        if (Sandbox* reduced = reduced_) return reduced->run(spec, stop);
        auto result = full_->run(spec, stop);
        if (!result || !result->cannot_isolate) return result;
        if (!agreed()) {
            result->reason += hint();
            return result;
        }
        const auto reduced = step_down(*result->cannot_isolate);
        if (reduced) return (*reduced)->run(spec, stop);
        result->reason += fmt::format("; {}; {}", reduced.error().message, reduced.error().remedy);
        return result;
    }

    Result<std::unique_ptr<Session>> open(const RunSpec& spec) override {
        if (Sandbox* reduced = reduced_) return reduced->open(spec);
        auto session = full_->open(spec);
        if (session || session.error().code != ErrorCode::unavailable || !cannot_isolate()) return session;
        Error error = session.error();
        if (!agreed()) {
            error.remedy += hint();
            return fail(std::move(error));
        }
        const auto reduced = step_down(error);
        if (reduced) return (*reduced)->open(spec);
        error.message += fmt::format("; {}", reduced.error().message);
        return fail(std::move(error));
    }

    bool warm_up(std::chrono::milliseconds timeout) override { return full_->warm_up(timeout); }

    [[nodiscard]] Isolation isolation() const override {
        const Sandbox* reduced = reduced_;
        if (reduced == nullptr) return full_->isolation();
        Isolation isolation = reduced->isolation();
        isolation.cause = why_.message;
        isolation.remedy = why_.remedy;
        return isolation;
    }
    [[nodiscard]] const std::filesystem::path& workspace() const override { return full_->workspace(); }

private:
    bool agreed() const { return consent_ && consent_(full_->workspace()); }

    static std::string hint() {
        if (!reduced_possible()) return {};
        return "; or, if you can live with weaker isolation on this machine, agree to it once with `edgecoder consent "
               "reduced`";
    }

    // A session says only that it could not be started; a run says whether that is the machine's fault.
    bool cannot_isolate() {
        RunSpec nothing;
        nothing.argv = {"/bin/true"};
        nothing.collect_changes = false;
        const auto result = full_->run(nothing, {});
        return result && result->cannot_isolate.has_value();
    }

    Result<Sandbox*> step_down(const Error& why) {
        const std::lock_guard lock(mutex_);
        if (!owned_) {
            EC_ASSIGN(owned_, open_reduced_());
            why_ = why;
            reduced_ = owned_.get();
        }
        return owned_.get();
    }

    std::unique_ptr<Sandbox> full_;
    Consent consent_;
    OpenReduced open_reduced_;
    std::mutex mutex_;
    std::unique_ptr<Sandbox> owned_;
    Error why_;  ///< written before reduced_ is, and not after
    std::atomic<Sandbox*> reduced_{nullptr};
};

}  // namespace

std::unique_ptr<Sandbox> make_ladder(std::unique_ptr<Sandbox> full, Consent consent, OpenReduced open_reduced) {
    return std::make_unique<Ladder>(std::move(full), std::move(consent), std::move(open_reduced));
}

}  // namespace ec::executor
