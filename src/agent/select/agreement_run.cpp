#include "agreement_run.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <ec/core/text.hpp>
#include <ec/json/json.hpp>
#include <ec_embedded/ec_agent.hpp>
#include <mutex>
#include <optional>
#include <thread>

namespace ec::agent {
namespace {

constexpr std::size_t kMostTests = 2000;
constexpr std::size_t kMostCalls = 400;
constexpr std::size_t kMostDigest = 40;
constexpr unsigned kMostParallel = 8;

std::optional<std::size_t> number(std::string_view text) {
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

json::Array texts(const std::vector<std::string>& values) {
    json::Array array;
    for (const std::string& value : values) array.emplace_back(value);
    return array;
}

std::string job_file(const AgreementJob& job, const std::vector<std::string>& calls) {
    json::Object object;
    object["files"] = texts(job.files);
    object["names"] = texts(job.names);
    object["tests"] = texts(job.tests);
    object["load_seconds"] = static_cast<double>(job.load_limit.count()) / 1000.0;
    object["seconds"] = static_cast<double>(job.limit.count()) / 1000.0;
    object["calls"] = texts(calls);
    object["most_calls"] = kMostCalls;
    return json::write(object);
}

executor::RunSpec run_spec(const AgreementJob& job, const std::vector<std::string>& calls) {
    const bool python = job.language == AssertionLanguage::python;
    const std::string driver = python ? "agreement.py" : "agreement.cjs";
    executor::RunSpec spec;
    spec.artifact_dir = executor::artifact_dir();
    spec.argv = {python ? "python3" : "node", std::string(executor::kSupportDir) + "/" + driver, spec.artifact_dir};
    // One order of sets for all candidates: it shows in their answers.
    if (python) spec.environment = {{"PYTHONHASHSEED", "0"}, {"PYTHONDONTWRITEBYTECODE", "1"}};
    spec.support_files = {{driver, std::string(python ? embedded::agreement_py : embedded::agreement_cjs)},
                          {"job.json", job_file(job, calls)}};
    spec.limits.wall = job.wall;
    spec.limits.cpu = job.wall;
    spec.limits.memory_bytes = 1ULL << 30;
    spec.collect_changes = false;
    return spec;
}

/// What a run left as its record; empty when it left none.
Result<std::string> record_of(executor::Sandbox& sandbox, const executor::RunSpec& spec, const std::stop_token& stop) {
    EC_ASSIGN(executor::RunResult result, sandbox.run(spec, stop));
    if (result.cannot_isolate) return fail(*result.cannot_isolate);
    if (result.status == executor::RunStatus::sandbox_error) return fail(ErrorCode::unavailable, result.reason);
    const auto record = result.artifacts.find("record");
    return record == result.artifacts.end() ? std::string() : std::move(record->second);
}

/// The distinct calls that the assertions make. No candidate has a say in it.
Result<std::vector<std::string>> calls_in(executor::Sandbox& sandbox, AgreementJob job, const std::stop_token& stop) {
    job.files.clear();
    EC_ASSIGN(const std::string record, record_of(sandbox, run_spec(job, {}), stop));
    std::vector<std::string> calls;
    const Result<json::Value> list = json::parse(record);
    if (!list || !list->is_array()) return calls;  // texts that no parser gets through
    for (const json::Value& call : list->get_array()) {
        if (call.is_string() && calls.size() < kMostCalls) calls.emplace_back(call.get_string());
    }
    return calls;
}

/// The candidates of one job, taken one after the other by several threads.
class Field {
public:
    Field(executor::Sandbox& sandbox, const AgreementJob& job, const std::vector<std::string>& calls,
          std::span<const std::vector<executor::FileEdit>> candidates)
        : sandbox_(sandbox), job_(job), calls_(calls), candidates_(candidates), behaviours_(candidates.size()) {}

    Result<std::vector<Behaviour>> run(std::stop_token stop) {
        const std::size_t lanes =
            std::min<std::size_t>(std::clamp(job_.parallel, 1U, kMostParallel), behaviours_.size());
        {
            std::vector<std::jthread> threads;
            for (std::size_t i = 1; i < lanes; ++i) threads.emplace_back([this, stop] { work(stop); });
            work(stop);
        }
        EC_TRY(failed_);
        return std::move(behaviours_);
    }

private:
    void work(const std::stop_token& stop) {
        while (!over_) {
            const std::size_t index = next_++;
            if (index >= candidates_.size()) return;
            if (const Status done = run_one(index, stop); !done) {
                const std::scoped_lock lock(mutex_);
                if (!over_.exchange(true)) failed_ = done;
            }
        }
    }

    Status run_one(std::size_t index, const std::stop_token& stop) {
        executor::RunSpec spec = run_spec(job_, calls_);
        spec.edits = candidates_[index];
        EC_ASSIGN(const std::string record, record_of(sandbox_, spec, stop));
        const bool python = job_.language == AssertionLanguage::python;
        behaviours_[index] =
            read_agreement_record(record, job_.tests.size(), python ? calls_.size() : job_.tests.size());
        return {};
    }

    executor::Sandbox& sandbox_;
    const AgreementJob& job_;
    const std::vector<std::string>& calls_;
    std::span<const std::vector<executor::FileEdit>> candidates_;
    std::vector<Behaviour> behaviours_;  // each element belongs to the thread that took its index
    std::atomic<std::size_t> next_ = 0;
    std::atomic<bool> over_ = false;
    std::mutex mutex_;
    Status failed_;  // read once the threads have ended
};

}  // namespace

std::optional<AssertionLanguage> assertion_language(std::string_view path) {
    if (path.ends_with(".py")) return AssertionLanguage::python;
    for (const std::string_view ending : {".js", ".cjs", ".mjs"}) {
        if (path.ends_with(ending)) return AssertionLanguage::javascript;
    }
    return std::nullopt;
}

Behaviour read_agreement_record(std::string_view record, std::size_t tests, std::size_t answers) {
    Behaviour behaviour;
    behaviour.passes.assign(tests, false);
    std::vector<bool> told(tests, false);
    behaviour.answers.resize(answers);
    for (const std::string_view line : split_lines(record)) {
        const std::vector<std::string_view> words = split(line, ' ');
        const auto index = words.size() > 1 ? number(words[1]) : std::nullopt;
        if (!index) continue;
        if (words[0] == "t" && words.size() == 3 && *index < tests && !told[*index]) {
            told[*index] = true;
            behaviour.passes[*index] = words[2] == "1";
        } else if (words[0] == "o" && words.size() == 3 && *index < behaviour.answers.size() &&
                   !behaviour.answers[*index] && words[2].size() <= kMostDigest) {
            behaviour.answers[*index] = std::string(words[2]);
        }
    }
    return behaviour;
}

Result<std::vector<Behaviour>> run_agreement(executor::Sandbox& sandbox, const AgreementJob& job,
                                             std::span<const std::vector<executor::FileEdit>> candidates,
                                             std::stop_token stop) {
    if (job.tests.size() > kMostTests) return fail(ErrorCode::too_large, "too many generated tests");
    if (candidates.empty()) return std::vector<Behaviour>();
    std::vector<std::string> calls;
    if (job.language == AssertionLanguage::python) {
        EC_ASSIGN(calls, calls_in(sandbox, job, stop));
    }
    return Field(sandbox, job, calls, candidates).run(stop);
}

}  // namespace ec::agent
