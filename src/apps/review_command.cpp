#include "review_command.hpp"

#include <fmt/format.h>

#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <iostream>
#include <iterator>

#include "error_report.hpp"
#include "project_sandbox.hpp"
#include "review_report.hpp"
#include "review_stores.hpp"
#include "terminal.hpp"

namespace ec::apps {
namespace {

constexpr std::uint64_t kMostOutputFile = 64ULL << 20;

Result<std::string> read_output_file(const std::string& name) {
    if (name != "-") return read_file(name, kMostOutputFile);
    std::string text;
    char buffer[65536];
    while (std::cin.read(buffer, sizeof buffer) || std::cin.gcount() > 0) {
        text.append(buffer, static_cast<std::size_t>(std::cin.gcount()));
        if (text.size() > kMostOutputFile) return fail(ErrorCode::too_large, "the failing output is too long");
    }
    return text;
}

Result<agent::ReviewQuestion> question_of(const ReviewOptions& options, std::stop_token stop) {
    agent::ReviewQuestion question;
    std::error_code error;
    question.workspace = std::filesystem::canonical(options.directory, error);
    if (error)
        return fail(ErrorCode::not_found,
                    fmt::format("there is no folder {}", ellipsize(to_valid_utf8(options.directory), 200)));
    question.task = options.task;
    question.test = options.test;
    EC_ASSIGN(question.why, agent::parse_review_why(options.why));
    for (const std::string& file : options.files) {
        EC_ASSIGN(agent::Region region, agent::parse_region(file));
        question.regions.push_back(std::move(region));
    }
    EC_ASSIGN(const auto limit, run_limit(options.timeout_seconds));
    if (!options.output_file.empty()) {
        EC_ASSIGN(question.failing_output, read_output_file(options.output_file));
    } else if (!trim(options.test).empty() && question.why != agent::ReviewWhy::outside_sandbox) {
        EC_ASSIGN(const auto sandbox, open_project_sandbox(question.workspace));
        EC_ASSIGN(question.failing_output, agent::failing_output(*sandbox, options.test, limit, std::move(stop)));
    }
    return question;
}

Result<agent::ReviewItem> queue_item(const ReviewOptions& options, const ReviewPorts& ports, std::stop_token stop) {
    EC_ASSIGN(const agent::ReviewQuestion question, question_of(options, std::move(stop)));
    EC_ASSIGN(const agent::Redactor redact, ports.redactor(question.workspace));
    EC_ASSIGN(const agent::ReviewPackage package, agent::build_package(question, redact));
    EC_ASSIGN(agent::ReviewQueue queue, open_review_queue());
    EC_ASSIGN(const std::int64_t id, queue.add(question, package));
    return queue.get(id);
}

Result<std::vector<agent::ReviewItem>> listed(const ReviewOptions& options) {
    std::optional<agent::ReviewState> state;
    for (const auto known : {agent::ReviewState::queued, agent::ReviewState::sent, agent::ReviewState::answered,
                             agent::ReviewState::accepted, agent::ReviewState::rejected}) {
        if (options.state == agent::name(known)) state = known;
    }
    if (!state && !options.state.empty())
        return fail(ErrorCode::invalid_argument, fmt::format("there is no state {}", options.state));
    EC_ASSIGN(agent::ReviewQueue queue, open_review_queue());
    return queue.list(state, options.limit);
}

Result<agent::ReviewItem> named_item(const ReviewOptions& options) {
    EC_ASSIGN(const std::int64_t id, only_id(options.ids));
    EC_ASSIGN(agent::ReviewQueue queue, open_review_queue());
    return queue.get(id);
}

Result<agent::ReviewItem> rejected_item(const ReviewOptions& options) {
    EC_ASSIGN(const std::int64_t id, only_id(options.ids));
    EC_ASSIGN(agent::ReviewQueue queue, open_review_queue());
    EC_TRY(queue.reject(id));
    return queue.get(id);
}

void print_json(json::Object document, std::ostream& out) {
    document["status"] = "ok";
    out << json::write(document) << '\n' << std::flush;
}

}  // namespace

int run_review_queue(const ReviewOptions& options, const ReviewPorts& ports, std::ostream& out, std::ostream& err,
                     std::stop_token stop) {
    const auto item = queue_item(options, ports, std::move(stop));
    if (!item) return report_error(item.error(), options.json, out, err);
    if (options.json) {
        print_json(review_json(*item, true), out);
        return 0;
    }
    err << review_head(*item)
        << fmt::format("Nothing was sent. To see what would be: {0} show {1}; to send it: {0} send {1}\n",
                       options.prefix, item->id);
    out << item->id << std::endl;
    return 0;
}

int run_review_list(const ReviewOptions& options, std::ostream& out, std::ostream& err) {
    const auto items = listed(options);
    if (!items) return report_error(items.error(), options.json, out, err);
    if (options.json) {
        json::Array reviews;
        for (const agent::ReviewItem& item : *items) reviews.emplace_back(review_json(item, false));
        print_json(json::Object{{"reviews", std::move(reviews)}}, out);
        return 0;
    }
    for (const agent::ReviewItem& item : *items) out << review_line(item) << '\n';
    if (items->empty()) err << "edgecoder: there are no reviews\n";
    out << std::flush;
    return 0;
}

int run_review_show(const ReviewOptions& options, const ReviewPorts& ports, std::ostream& out, std::ostream& err) {
    const auto item = named_item(options);
    if (!item) return report_error(item.error(), options.json, out, err);
    json::Object document = review_json(*item, true);
    std::string patch;
    if (!item->answer.empty()) {
        const auto files = ports.read_patch(item->answer, item->workspace);
        const auto unified = files ? vcs::unified_patch(*files) : Result<std::string>(fail(files.error()));
        if (unified) patch = *unified;
        document["patch"] = unified ? json::Value(to_valid_utf8(patch)) : json::Value(nullptr);
    }
    if (options.json) {
        print_json(std::move(document), out);
        return 0;
    }
    err << review_head(*item);
    if (options.answer && item->answer.empty()) err << "  there is no answer yet\n";
    if (options.answer)
        out << (patch.empty() ? printable_text(item->answer) : Style::for_descriptor(1).diff(printable_text(patch)));
    else
        out << item->package.text;
    out << std::flush;
    return 0;
}

int run_review_reject(const ReviewOptions& options, std::ostream& out, std::ostream& err) {
    const auto item = rejected_item(options);
    if (!item) return report_error(item.error(), options.json, out, err);
    if (options.json)
        print_json(review_json(*item, false), out);
    else
        err << review_head(*item);
    return 0;
}

}  // namespace ec::apps
