// `edgecoder review send`: nothing leaves before the person has seen it, knows where it goes and what it may cost.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <ec/core/text.hpp>
#include <iostream>

#include "error_report.hpp"
#include "review_command.hpp"
#include "review_report.hpp"
#include "review_stores.hpp"
#include "terminal.hpp"

namespace ec::apps {
namespace {

using agent::ReviewItem;
using agent::ReviewState;

constexpr std::size_t kMostAtOnce = 1000;
constexpr int kDeclined = 1;
constexpr int kNotSent = 3;

struct Outgoing {
    const ReviewOptions& options;
    const ReviewPorts& ports;
    agent::ReviewQueue& queue;
    const agent::ReviewSettings& settings;
    std::ostream& err;
    std::stop_token stop;
};

struct Step {
    json::Object report;
    std::string link;
    int status = 0;
};

bool waits(const ReviewItem& item) { return item.state == ReviewState::sent && !item.ticket.empty(); }

Result<std::vector<std::int64_t>> wanted(agent::ReviewQueue& queue, const ReviewOptions& options) {
    if (!options.all && !options.ids.empty()) return options.ids;
    if (!options.all || !options.ids.empty())
        return fail(ErrorCode::invalid_argument, "say which reviews to send: their numbers, or --all");
    // What another project's people queued is for them to send.
    std::error_code error;
    const std::filesystem::path here = std::filesystem::canonical(options.directory, error);
    std::vector<std::int64_t> ids;
    for (const ReviewState state : {ReviewState::queued, ReviewState::sent}) {
        EC_ASSIGN(const auto items, queue.list(state, kMostAtOnce));
        for (const ReviewItem& item : items) {
            if (item.workspace != here) continue;
            if (state == ReviewState::queued || waits(item)) ids.push_back(item.id);
        }
    }
    std::ranges::sort(ids);
    return ids;
}

Result<const agent::ReviewerSettings*> reviewer_for(const ReviewItem& item, const Outgoing& all) {
    const std::string& name = waits(item) ? item.reviewer : all.options.reviewer;
    const auto& known = all.settings.reviewers;
    if (known.empty())
        return fail(ErrorCode::invalid_argument, "no reviewer is configured",
                    "add [review.NAME] to config.toml (docs/review.md says how)");
    if (name.empty()) {
        if (known.size() == 1) return &known.front();
        std::vector<std::string> names;
        for (const auto& reviewer : known) names.push_back(reviewer.name);
        return fail(ErrorCode::invalid_argument, "there are several reviewers",
                    fmt::format("say --to and one of {}", join(names, ", ")));
    }
    if (const auto* found = all.settings.find(name)) return found;
    return fail(ErrorCode::invalid_argument, fmt::format("no reviewer named {} is configured", name));
}

bool agreed(const Outgoing& all, const std::string& shown) {
    if (all.ports.agree) return all.ports.agree(shown);
    if (!all.options.json) all.err << shown;
    if (all.options.yes) return true;
    all.err << "Send exactly this? [y/N] " << std::flush;
    std::string line;
    std::getline(std::cin, line);
    return line == "y" || line == "Y" || line == "yes";
}

/// Shows what leaves, where to and for how much; false when the person says no.
Result<bool> show_and_ask(const ReviewItem& item, const agent::ReviewerFacts& facts, const Outgoing& all,
                          json::Object& report) {
    EC_ASSIGN(const agent::Micros most, agent::most_cost(item.package, facts));
    EC_ASSIGN(const agent::Micros spent, all.queue.spent_today(all.settings.budget.currency));
    const std::string& currency = all.settings.budget.currency;
    report["cost_at_most"] = agent::amount_text(most);
    report["spent_today"] = agent::amount_text(spent);
    report["where"] = facts.where;
    return agreed(
        all, fmt::format("----- review {}: all that is sent -----\n{}----- end -----\nTo {} at {}{}.\n"
                         "It costs at most {} {}; {} of {} {} are spent today (UTC).\n",
                         item.id, item.package.text, printable(facts.name), printable(facts.where),
                         facts.remote ? "" : " (this machine)", agent::amount_text(most), currency,
                         agent::amount_text(spent), agent::amount_text(all.settings.budget.most_per_day), currency));
}

std::string sentence(std::int64_t id, const agent::Sent& sent, const std::string& reviewer, std::string_view prefix) {
    const std::string note = sent.note.empty() ? "" : fmt::format(": {}", printable(sent.note));
    switch (sent.state) {
        case ReviewState::answered:
            return fmt::format("review {}: {} has answered{}. Next: {} accept {}\n", id, reviewer, note, prefix, id);
        case ReviewState::sent:
            return fmt::format("review {}: {} has it{}\n", id, reviewer, note);
        default:
            return fmt::format("review {} waits{}\n", id, note);
    }
}

Result<Step> send_one(std::int64_t id, const Outgoing& all) {
    EC_ASSIGN(const ReviewItem item, all.queue.get(id));
    EC_ASSIGN(const agent::ReviewerSettings* settings, reviewer_for(item, all));
    EC_ASSIGN(const OpenReviewer open, all.ports.open_reviewer(*settings));
    Step step;
    if (!waits(item)) {
        EC_ASSIGN(const bool yes, show_and_ask(item, open.reviewer->facts(), all, step.report));
        if (!yes) {
            all.err << "review " << id << ": nothing was sent\n";
            step.status = kDeclined;
            return step;
        }
    }
    EC_ASSIGN(const agent::Sent sent,
              agent::send_review(all.queue, id, *open.reviewer, all.settings.budget, all.options.again, all.stop));
    if (!all.options.json) all.err << sentence(id, sent, printable(settings->name), all.options.prefix);
    EC_ASSIGN(const ReviewItem now, all.queue.get(id));
    json::Object report = review_json(now, true);
    for (const auto& [key, value] : step.report) report[key] = value;
    report["note"] = to_valid_utf8(sent.note);
    if (!sent.link.empty()) report["link"] = sent.link;
    step.report = std::move(report);
    step.link = sent.link;
    if (sent.state == ReviewState::queued) step.status = kNotSent;
    return step;
}

Result<int> send_all(const ReviewOptions& options, const ReviewPorts& ports, std::ostream& out, std::ostream& err,
                     std::stop_token stop) {
    if (!options.yes && !ports.agree && (options.json || ::isatty(STDIN_FILENO) != 1))
        return fail(ErrorCode::invalid_argument, "nothing is sent without a person's word",
                    "answer at a terminal, or say --yes");
    EC_ASSIGN(agent::ReviewQueue queue, open_review_queue());
    EC_ASSIGN(const agent::ReviewSettings settings, load_review_settings());
    EC_ASSIGN(const auto ids, wanted(queue, options));
    const Outgoing all{options, ports, queue, settings, err, std::move(stop)};
    json::Array reviews;
    int status = 0;
    for (const std::int64_t id : ids) {
        EC_ASSIGN(Step step, send_one(id, all));
        if (!options.json && !step.link.empty()) {
            err << "This link lets one person read the question and answer it, once. It is not shown again:\n";
            out << step.link << std::endl;
        }
        reviews.emplace_back(std::move(step.report));
        status = std::max(status, step.status);
    }
    if (options.json) {
        out << json::write(json::Object{{"status", status == 0 ? "ok" : "waiting"}, {"reviews", std::move(reviews)}})
            << '\n';
    } else if (ids.empty()) {
        err << "edgecoder: nothing waits to be sent\n";
    }
    return status;
}

}  // namespace

int run_review_send(const ReviewOptions& options, const ReviewPorts& ports, std::ostream& out, std::ostream& err,
                    std::stop_token stop) {
    const auto status = send_all(options, ports, out, err, std::move(stop));
    return status ? *status : report_error(status.error(), options.json, out, err);
}

}  // namespace ec::apps
