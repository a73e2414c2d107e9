#include "jobs_command.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <ostream>

#include "../error_report.hpp"
#include "../interrupt.hpp"
#include "../terminal.hpp"
#include "job_fetch.hpp"
#include "job_follow.hpp"
#include "job_record.hpp"
#include "job_report.hpp"

namespace ec::apps {
namespace {

struct Asking {
    const JobsOptions& options;
    swarm::CoordinatorClient& client;
    std::ostream& out;
    std::ostream& err;
    std::stop_token stop;

    void print(const json::Value& document) const { out << json::write(document) << '\n' << std::flush; }
};

Result<int> list(const Asking& with) {
    swarm::JobId before;
    if (!with.options.before.empty()) {
        EC_ASSIGN(before, swarm::JobId::parse(with.options.before));
    }
    EC_ASSIGN(const auto jobs, with.client.jobs(before, with.options.limit, with.stop));
    if (with.options.json) {
        json::Array array;
        for (const swarm::JobStatus& job : jobs) array.push_back(job_json(job));
        with.print(json::Object{{"jobs", std::move(array)}});
        return 0;
    }
    for (const swarm::JobStatus& job : jobs) with.out << job_line(job) << '\n';
    if (jobs.empty()) with.err << "edgecoder: no jobs\n";
    return 0;
}

Result<int> show(const Asking& with, const swarm::JobId& id) {
    EC_ASSIGN(const swarm::JobStatus job, with.client.job(id, with.stop));
    auto receipts = with.client.receipts(id, with.stop);
    // An older coordinator has none to give.
    if (!receipts && receipts.error().code != ErrorCode::not_found) return fail(receipts.error());
    const Leaves leaves = leaves_of(receipts.value_or(std::vector<swarm::Receipt>()));
    const Words words = words_of(job);
    if (with.options.json) {
        with.print(job_json(job, leaves, words));
    } else {
        print_job(job, leaves, words, with.out);
    }
    return 0;
}

Result<int> receipts(const Asking& with, const swarm::JobId& id) {
    EC_ASSIGN(const std::vector<swarm::Receipt> all, with.client.receipts(id, with.stop));
    if (with.options.json) {
        with.print(receipts_json(all));
        return 0;
    }
    for (const swarm::Receipt& receipt : all) with.out << receipt_text(receipt);
    if (all.empty()) with.err << "edgecoder: nothing was paid for this job\n";
    return 0;
}

int tell(const Asking& with, const FetchedJob& fetched) {
    if (with.options.json || with.options.events) {
        json::Object document = fetched_json(fetched).as_object();
        if (with.options.events) document["type"] = "result";
        with.print(document);
    } else if (fetched.fixed()) {
        const std::string& patch = fetched.result->patch;
        with.out << Style::for_descriptor(1).diff(::isatty(STDOUT_FILENO) == 1 ? for_terminal(patch) : patch)
                 << std::flush;
    }
    print_fetched(fetched, with.err);
    return fetched.fixed() ? 0 : 1;
}

Result<int> fetch(const Asking& with, const swarm::JobId& id) {
    EC_ASSIGN(const FetchedJob fetched, fetch_job(id,
                                                  {.verify = with.options.verify,
                                                   .apply = with.options.apply,
                                                   .directory = with.options.directory,
                                                   .approved = with.options.approved},
                                                  with.client, with.stop));
    return tell(with, fetched);
}

Result<int> watch(const Asking& with, const swarm::JobId& id) {
    const auto record = find_record(id);
    const Following following{.client = with.client,
                              .trusted = record ? record->trusted : std::vector<identity::NodeId>{},
                              .heard =
                                  [&](const swarm::Event& event, const std::string& task, const std::string& progress) {
                                      if (with.options.events) with.print(event_json(event, task, progress));
                                      with.err << event_line(event, task, progress) << '\n';
                                  },
                              .says = [&](std::string_view what) { with.err << printable(what) << '\n'; }};
    EC_TRY(follow_job(id, following, with.stop));
    return fetch(with, id);
}

Result<int> cancel(const Asking& with, const swarm::JobId& id) {
    EC_TRY(with.client.cancel(id, with.stop));
    if (with.options.json) with.print(json::Object{{"id", id.text()}, {"state", "cancelled"}});
    with.err << "cancelled " << id.text() << '\n';
    return 0;
}

Result<int> explain(const Asking& with, const swarm::JobId& id) {
    EC_ASSIGN(const swarm::Explanation why, explain_job(id, with.client, with.stop));
    if (with.options.json) {
        json::Array reasons;
        for (const std::string& reason : why.reasons) reasons.emplace_back(reason);
        with.print(json::Object{{"id", id.text()}, {"summary", why.summary}, {"reasons", std::move(reasons)}});
        return 0;
    }
    with.out << printable(why.summary) << '\n';
    for (const std::string& reason : why.reasons) with.out << "  " << printable(in_words(reason)) << '\n';
    return 0;
}

Result<int> run(const Asking& with) {
    const std::string& what = with.options.what;
    if (what == "list") return list(with);
    EC_ASSIGN(const swarm::JobId id, swarm::JobId::parse(with.options.id));
    if (what == "show") return show(with, id);
    if (what == "watch") return watch(with, id);
    if (what == "cancel") return cancel(with, id);
    if (what == "fetch") return fetch(with, id);
    if (what == "receipts") return receipts(with, id);
    return explain(with, id);
}

int failed(const Error& error, const JobsOptions& options, std::ostream& out, std::ostream& err) {
    const bool result = options.what == "watch" || options.what == "fetch";
    return result ? report_job_error(error, options.json, options.events, out, err)
                  : report_error(error, options.json, out, err);
}

}  // namespace

int run_jobs(const JobsOptions& options, std::ostream& out, std::ostream& err) {
    const Interrupt interrupt;
    auto link = SwarmLink::open(identity::NodeKind::client, options.swarm);
    if (!link) return failed(link.error(), options, out, err);
    if (const Status known = link->ensure_enrolled(interrupt.token()); !known)
        return failed(known.error(), options, out, err);
    const auto client = link->connect();
    const auto status = run({options, *client, out, err, interrupt.token()});
    if (status) return *status;
    if (interrupt.interrupted()) {
        err << "edgecoder: stopped; the job goes on\n";
        return kInterruptedStatus;
    }
    return failed(status.error(), options, out, err);
}

}  // namespace ec::apps
