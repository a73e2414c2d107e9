#include "requests.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/core/fenced.hpp>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/json/json.hpp>

#include "sent_json.hpp"

namespace ec::apps::inference_http {
namespace {

constexpr std::size_t kMostText = 256U << 10;
constexpr std::size_t kMostFiles = 20'000;
constexpr std::size_t kMostFailing = 1'000;
constexpr std::size_t kMostErrors = 50;
constexpr std::size_t kName = 1024;

std::unexpected<Error> wrong(std::string field, std::string_view what) {
    std::string message = fmt::format("{} {}", field, what);
    return fail_field(std::move(field), std::move(message));
}

Result<json::Value> read_object(std::string_view body) {
    auto value = json::parse(body);
    if (!value || !value->is_object()) return fail(ErrorCode::invalid_argument, "the body must be a JSON object");
    return value;
}

Status check_language(const std::string& language) {
    if (language == "python" || language == "javascript" || language == "typescript") return {};
    return wrong("language", "must be python, javascript or typescript");
}

Status check_texts(const std::vector<std::string>& texts, const std::string& name, std::size_t most, std::size_t each) {
    if (texts.size() > most) return wrong(name, fmt::format("has more than {} entries", most));
    for (const std::string& text : texts)
        if (text.empty() || text.size() > each) return wrong(name, "has an entry that is empty or too long");
    return {};
}

Status read_files(json::Reader& reader, inference::Question& question) {
    question.files = reader.strings("files");
    EC_TRY(sent_well(reader));
    EC_TRY(check_texts(question.files, "files", kMostFiles, kName));
    for (const std::string& file : question.files)
        if (!is_inside_relative(file)) return wrong("files", "has one that is not inside the project");
    std::ranges::sort(question.files);
    const auto [first, last] = std::ranges::unique(question.files);
    question.files.erase(first, last);
    return {};
}

Status read_failing(json::Reader& reader, inference::Question& question) {
    const json::Array& failing = reader.array("failing");
    EC_TRY(sent_well(reader));
    if (failing.size() > kMostFailing) return wrong("failing", fmt::format("has more than {} entries", kMostFailing));
    for (const json::Value& each : failing) {
        json::Reader test(each, "failing");
        test.require("id");
        inference::FailingTest read{test.string("id"), test.strings("files")};
        EC_TRY(sent_well(test));
        EC_TRY(check_texts({read.id}, "failing.id", 1, kName));
        EC_TRY(check_texts(read.files, "failing.files", kMostFiles, kName));
        question.failing.push_back(std::move(read));
    }
    return {};
}

json::Array strings(const std::vector<std::string>& texts) {
    json::Array array;
    for (const std::string& text : texts) array.emplace_back(text);
    return array;
}

}  // namespace

Result<DecomposeAsk> read_decompose(std::string_view body) {
    EC_ASSIGN(const json::Value value, read_object(body));
    json::Reader reader(value);
    reader.require("taskId").require("prompt");
    DecomposeAsk ask;
    ask.task_id = reader.string("taskId");
    ask.snapshot_ref = reader.string("snapshotRef");
    ask.language = reader.string("language", "python");
    ask.question.task = reader.string("prompt");
    ask.question.test = reader.string("test");
    EC_TRY(sent_well(reader));
    if (ask.task_id.empty() || ask.task_id.size() > kName) return wrong("taskId", "must have 1 to 1024 bytes");
    if (trim(ask.question.task).empty() || ask.question.task.size() > kMostText)
        return wrong("prompt", "must have 1 to 262144 bytes");
    if (ask.snapshot_ref.size() > kName) return wrong("snapshotRef", "is too long");
    EC_TRY(check_language(ask.language));
    EC_TRY(read_files(reader, ask.question));
    EC_TRY(read_failing(reader, ask.question));
    return ask;
}

Result<EscalateAsk> read_escalate(std::string_view body) {
    EC_ASSIGN(const json::Value value, read_object(body));
    json::Reader reader(value);
    reader.require("task").require("failedCode");
    EscalateAsk ask;
    ask.task = reader.string("task");
    ask.failed_code = reader.string("failedCode");
    ask.errors = reader.strings("errorHistory");
    ask.language = reader.string("language", "python");
    EC_TRY(sent_well(reader));
    if (trim(ask.task).empty() || ask.task.size() > kMostText) return wrong("task", "must have 1 to 262144 bytes");
    if (ask.failed_code.size() > kMostText) return wrong("failedCode", "has more than 262144 bytes");
    EC_TRY(check_texts(ask.errors, "errorHistory", kMostErrors, kMostText));
    EC_TRY(check_language(ask.language));
    return ask;
}

std::string write(const inference::Plan& plan, const DecomposeAsk& ask) {
    constexpr std::int64_t kTimeout = 60'000;
    json::Array subtasks;
    for (const inference::Part& part : plan.parts) {
        subtasks.push_back(json::Object{{"taskId", ask.task_id},
                                        {"kind", "micro_loop"},
                                        {"key", part.key},
                                        {"input", part.task},
                                        {"language", ask.language},
                                        {"files", strings(part.files)},
                                        {"targets", strings(part.targets)},
                                        {"after", strings(part.after)},
                                        {"timeoutMs", kTimeout},
                                        {"snapshotRef", ask.snapshot_ref}});
    }
    return json::write(json::Object{{"by", plan.by}, {"subtasks", std::move(subtasks)}});
}

std::string escalation_prompt(const EscalateAsk& ask) {
    std::string text = "A smaller model could not do this task:\n" + fenced(ask.task) + "\n\nIts last attempt:\n" +
                       fenced(ask.failed_code, ask.language);
    for (const std::string& error : ask.errors) text += "\n\nIt failed with:\n" + fenced(error);
    return text + "\n\nWrite the whole corrected code in one fenced block, and say in a sentence what was wrong.";
}

Result<Escalated> read_escalation(std::string_view reply) {
    std::size_t open = std::string_view::npos;
    std::string_view before;
    Escalated escalated;
    bool found = false;
    std::size_t at = 0;
    for (const std::string_view line : split_lines(reply)) {
        const std::size_t next = at + line.size() + 1;
        if (line.starts_with("```")) {
            if (open == std::string_view::npos) {
                open = next;
                before = reply.substr(0, at);
            } else {
                escalated.improved_code = reply.substr(open, at - open);
                escalated.explanation =
                    trim(std::string(before) + std::string(reply.substr(std::min(next, reply.size()))));
                open = std::string_view::npos;
                found = true;
            }
        }
        at = next;
    }
    if (!found || trim(escalated.improved_code).empty())
        return fail(ErrorCode::corrupt, "the model's answer holds no code");
    return escalated;
}

std::string write(const Escalated& escalated) {
    return json::write(json::Object{{"improvedCode", escalated.improved_code}, {"explanation", escalated.explanation}});
}

}  // namespace ec::apps::inference_http
