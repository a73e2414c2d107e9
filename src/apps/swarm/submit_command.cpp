#include "submit_command.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <ostream>

#include "../error_report.hpp"
#include "../interrupt.hpp"
#include "../terminal.hpp"
#include "admin_client.hpp"
#include "job_fetch.hpp"
#include "job_follow.hpp"
#include "job_report.hpp"

namespace ec::apps {
namespace {

constexpr double kLongest = 7 * 24 * 3600;

/// What is told of a submission, before anything came of it.
struct Sent {
    swarm::Submitted submitted;
    PreparedJob prepared;
};

Result<std::int64_t> whole_seconds(double seconds, std::string_view flag, double least) {
    if (seconds >= least && seconds <= kLongest) return std::llround(std::ceil(seconds));
    return fail(ErrorCode::invalid_argument,
                fmt::format("{} must be {} and at most 604800 seconds", flag, least > 0 ? "at least 1" : "0 or more"));
}

Result<JobWish> complete_wish(const SubmitOptions& options) {
    JobWish wish = options.wish;
    EC_ASSIGN(wish.budget_s, whole_seconds(options.budget_seconds, "--budget", 1));
    EC_ASSIGN(wish.deadline_s, whole_seconds(options.deadline_seconds, "--deadline", 0));
    EC_ASSIGN(wish.verification, swarm::parse_verification(options.verify));
    for (const std::string& text : options.trust) {
        EC_ASSIGN(identity::NodeId id, identity::NodeId::parse(text));
        wish.trusted.push_back(std::move(id));
    }
    EC_ASSIGN(wish.group, group_name(options.wish.group));
    wish.shards = options.shards;
    return wish;
}

/// The job of this run, or the one that an earlier run with this key, or from this folder, left.
Result<Sent> submit(const SubmitOptions& options, swarm::CoordinatorClient& client, std::ostream& err,
                    const std::stop_token& stop) {
    Sent sent;
    if (options.resume) {
        std::error_code error;
        EC_ASSIGN(sent.prepared.record, find_unsent(std::filesystem::canonical(options.wish.directory, error)));
    } else if (!options.key.empty()) {
        auto earlier = load_record(options.key);
        if (earlier)
            sent.prepared.record = *std::move(earlier);
        else if (earlier.error().code != ErrorCode::not_found)
            return fail(earlier.error());
    }
    if (sent.prepared.record.key.empty()) {
        EC_ASSIGN(const JobWish wish, complete_wish(options));
        LiveLine line(err, ::isatty(STDERR_FILENO) == 1);
        EC_ASSIGN(sent.prepared, prepare_job(
                                     wish, options.key.empty() ? fresh_job_key() : options.key, client,
                                     [&](std::string_view what) { line.show(what); }, stop));
    }
    EC_ASSIGN(sent.submitted, send_job(sent.prepared.record, client, stop));
    return sent;
}

json::Object sent_json(const Sent& sent) {
    json::Array withheld;
    for (const auto& [path, why] : sent.prepared.withheld)
        withheld.push_back(json::Object{{"path", path}, {"why", why}});
    json::Object object{
        {"id", sent.submitted.job.text()},        {"state", sent.submitted.same_as.empty() ? "queued" : "done"},
        {"key", sent.prepared.record.key},        {"again", sent.submitted.again},
        {"files", sent.prepared.files},           {"bytes", sent.prepared.bytes},
        {"sent_bytes", sent.prepared.sent_bytes}, {"withheld", std::move(withheld)}};
    if (!sent.submitted.same_as.empty()) object["same_as"] = sent.submitted.same_as.text();
    return object;
}

void tell_sent(const Sent& sent, std::ostream& err) {
    const PreparedJob& prepared = sent.prepared;
    constexpr std::size_t kShown = 20;
    for (std::size_t i = 0; i < std::min(kShown, prepared.withheld.size()); ++i) {
        err << "withheld " << printable(prepared.withheld[i].first) << ": " << printable(prepared.withheld[i].second)
            << '\n';
    }
    if (prepared.withheld.size() > kShown)
        err << fmt::format("withheld {} more (--json lists them)\n", prepared.withheld.size() - kShown);
    if (prepared.files > 0) {
        err << fmt::format("sealed   {} files, {} bytes; {} bytes were new to the coordinator\n", prepared.files,
                           prepared.bytes, prepared.sent_bytes);
    }
    if (!sent.submitted.same_as.empty()) {
        err << "known    this work was done before, by job " << sent.submitted.same_as.text() << '\n';
    }
}

class Watcher {
public:
    Watcher(const SubmitOptions& options, std::ostream& out, std::ostream& err)
        : options_(options), out_(out), err_(err) {}

    Result<FetchedJob> run(const Sent& sent, swarm::CoordinatorClient& client, const std::stop_token& stop) {
        const Following with{.client = client,
                             .trusted = sent.prepared.record.trusted,
                             .heard = [this](const swarm::Event& event, const std::string& task,
                                             const std::string& progress) { hear(event, task, progress); },
                             .says = [this](std::string_view what) { err_ << printable(what) << '\n'; }};
        EC_TRY(follow_job(sent.submitted.job, with, stop));
        return fetch_job(sent.submitted.job,
                         {.verify = false,
                          .apply = options_.apply,
                          .directory = options_.wish.directory,
                          .approved = options_.approved},
                         client, stop);
    }

private:
    void hear(const swarm::Event& event, const std::string& task, const std::string& progress) {
        if (options_.events) out_ << json::write(event_json(event, task, progress)) << '\n' << std::flush;
        err_ << event_line(event, task, progress) << '\n';
    }

    const SubmitOptions& options_;
    std::ostream& out_;
    std::ostream& err_;
};

int tell_fetched(const SubmitOptions& options, const Sent& sent, const FetchedJob& fetched, std::ostream& out,
                 std::ostream& err) {
    json::Object document = fetched_json(fetched).as_object();
    document["withheld"] = sent_json(sent)["withheld"];
    if (options.events) document["type"] = "result";
    if (options.json || options.events) out << json::write(document) << '\n';
    print_fetched(fetched, err);
    if (!options.json && !options.events && fetched.fixed()) {
        const std::string& patch = fetched.result->patch;
        out << Style::for_descriptor(1).diff(::isatty(STDOUT_FILENO) == 1 ? for_terminal(patch) : patch);
    }
    out << std::flush;
    return fetched.fixed() ? 0 : 1;
}

int tell_failure(const Error& error, const SubmitOptions& options, const Interrupt& interrupt, const Sent* sent,
                 std::ostream& out, std::ostream& err) {
    if (interrupt.interrupted() && sent != nullptr) {
        err << "edgecoder: stopped watching; the job goes on. edgecoder jobs watch " << sent->submitted.job.text()
            << " looks at it again.\n";
        return kInterruptedStatus;
    }
    if (interrupt.interrupted()) {
        err << "edgecoder: stopped; submit it again with --resume if it was being sent.\n";
        return kInterruptedStatus;
    }
    return report_job_error(error, options.json, options.events, out, err);
}

}  // namespace

int run_submit(const SubmitOptions& options, std::ostream& out, std::ostream& err) {
    const Interrupt interrupt;
    const std::stop_token stop = interrupt.token();
    auto link = SwarmLink::open(identity::NodeKind::client, options.swarm);
    if (!link) return tell_failure(link.error(), options, interrupt, nullptr, out, err);
    if (!options.key.empty()) {
        if (const Status good = check_job_key(options.key); !good)
            return tell_failure(good.error(), options, interrupt, nullptr, out, err);
    }
    if (const Status known = link->ensure_enrolled(stop); !known)
        return tell_failure(known.error(), options, interrupt, nullptr, out, err);
    const auto client = link->connect();
    const auto sent = submit(options, *client, err, stop);
    if (!sent) return tell_failure(sent.error(), options, interrupt, nullptr, out, err);
    tell_sent(*sent, err);
    if (!options.watch) {
        if (options.json || options.events) {
            json::Object document = sent_json(*sent);
            if (options.events) document["type"] = "result";
            out << json::write(document) << '\n' << std::flush;
        } else {
            out << sent->submitted.job.text() << '\n' << std::flush;
            err << "queued   follow it with: edgecoder jobs watch " << sent->submitted.job.text() << '\n';
        }
        return 0;
    }
    err << "job      " << sent->submitted.job.text() << '\n';
    const auto fetched = Watcher(options, out, err).run(*sent, *client, stop);
    if (!fetched) return tell_failure(fetched.error(), options, interrupt, &*sent, out, err);
    return tell_fetched(options, *sent, *fetched, out, err);
}

}  // namespace ec::apps
