// A worker with a job runner that does what a test tells it, beside such a coordinator, and time that runs by itself.
#pragma once

#include <ec/core/fs.hpp>
#include <thread>

#include "snapshot_blobs.hpp"
#include "snapshot_files.hpp"
#include "tests/fake_client.hpp"

namespace ec::swarm::testing {

/// Does what the test says; by default a patch.
class FakeRunner final : public JobRunner {
public:
    using Do = std::function<Result<WorkDone>(const Work&, const JobProgress&, std::stop_token)>;
    [[nodiscard]] Offer offer() const override {
        Offer offer;
        offer.kinds = {TaskKind::repair, TaskKind::verify};
        return offer;
    }
    Result<WorkDone> run(const Work& work, const JobProgress& progress, std::stop_token stop) override {
        return act(work, progress, std::move(stop));
    }
    Do act = [](const Work&, const JobProgress&, const std::stop_token&) -> Result<WorkDone> {
        WorkDone done;
        done.result.outcome = Outcome::solved;
        done.result.patch = "a patch";
        return done;
    };
};

/// Ends only when it is stopped.
inline Result<WorkDone> until_stopped(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait(lock, stop, [] { return false; });
    return fail(ErrorCode::cancelled, "stopped");
}

/// A wait takes a millisecond, and the clock goes on by what it should have taken.
class QuickWaiter final : public Waiter {
public:
    explicit QuickWaiter(ManualClock& clock) : clock_(clock) {}
    bool wait(std::chrono::milliseconds time, std::stop_token stop) override {
        std::mutex mutex;
        std::condition_variable_any over;
        std::unique_lock lock(mutex);
        over.wait_for(lock, stop, 1ms, [] { return false; });
        clock_.advance(time);
        return !stop.stop_requested();
    }

private:
    ManualClock& clock_;
};

/// A worker beside a coordinator, in a folder of its own.
class WorkerTest : public ::testing::Test, public WorkerEvents {
protected:
    void TearDown() override { static_cast<void>(end()); }  // before what it talks to goes
    void says(std::string_view line) override { coordinator.say(line); }

    void begin() {
        ASSERT_FALSE(thread_.joinable());
        stop_ = std::stop_source();
        thread_ = std::thread([this] { status_ = run_worker(options, ports(), stop_.get_token()); });
    }
    /// Stops it and waits for its end.
    Status end() {
        if (!thread_.joinable()) return status_;
        stop_.request_stop();
        thread_.join();
        return status_;
    }
    /// Waits for it to end by itself.
    Status wait_for_end() {
        thread_.join();
        return status_;
    }
    WorkerPorts ports() {
        return {.connect = [this] { return std::make_unique<FakeClient>(coordinator); },
                .runner = runner,
                .clock = clock,
                .waiter = waiter,
                .telemetry = [this] { return telemetry(); },
                .events = *this,
                .key = node_key,
                .hour = [] { return 12; },
                .asleep = [this] { return std::chrono::nanoseconds(asleep.load()); },
                .jitter = [] { return 0.5; }};
    }

    /// A lease of a job whose tree is one file.
    Lease lease(const std::string& task, std::int64_t fence = 1) {
        const std::string content = "print('hello')\n";
        ManifestFile file{"hello.py", 0644, false, content.size(), {group.blob_id(content)}, {}};
        file.keys.emplace_back(group.blob_key(content).reveal());
        keep(content);
        const std::string manifest = write(std::vector<ManifestFile>{file});
        keep(manifest);
        TreeDigest digest;
        digest.add(file.path, file.mode, false, crypto::sha256(content));
        JobSpec spec;
        spec.test = "pytest";
        spec.manifest = {group.blob_id(manifest)};
        spec.manifest_keys.emplace_back(group.blob_key(manifest).reveal());
        spec.snapshot = digest.finish();
        Lease out;
        out.task = TaskId::parse(task).value();
        out.job = JobId::parse("job-1").value();
        out.key = "shard-0";
        out.fence = {fence};
        out.spec = job_key.seal(write(spec), spec_context());
        out.payload = job_key.seal(write(TaskSpec{}), payload_context(out.key));
        out.group = group.id();
        out.group_key = group.seal_job_key(job_key, job_key_context());
        return out;
    }
    TaskResult opened(const Report& report) {
        return read_task_result(job_key.open(report.result, result_context("shard-0")).value()).value();
    }

    ManualClock clock;
    QuickWaiter waiter{clock};
    FakeCoordinator coordinator;
    FakeRunner runner;
    GroupKey group = GroupKey::generate();
    crypto::SealKey job_key = crypto::SealKey::generate();
    crypto::SecretKey node_key = crypto::SecretKey::generate().value();
    TempDir folder = TempDir::create().value();
    // Time goes faster here than threads do: what is to be delivered gets so much of it that every thread has its turn.
    WorkerOptions options{.folder = folder.path() / "worker", .groups = {group}, .flush = 24h};
    std::function<Telemetry()> telemetry = [] { return Telemetry{}; };
    std::atomic<std::int64_t> asleep{0};
    Status status_;

private:
    void keep(const std::string& content) {
        const BlobId id = group.blob_id(content);
        coordinator.locked(
            [&] { return coordinator.blobs[id.text()] = group.blob_key(content).seal(content, blob_context(id)); });
    }
    std::stop_source stop_;
    std::thread thread_;
};

}  // namespace ec::swarm::testing
