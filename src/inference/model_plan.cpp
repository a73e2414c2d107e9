#include <fmt/format.h>

#include <algorithm>
#include <ec/core/fenced.hpp>
#include <ec/core/text.hpp>
#include <ec/inference/plan.hpp>
#include <ec/json/json.hpp>

namespace ec::inference {
namespace {

constexpr std::size_t kShownFiles = 400;
constexpr std::size_t kShownTests = 60;

constexpr std::string_view kSystem =
    "You split a programming task into parts that different people can do at the same time. Answer with JSON only: "
    "{\"parts\": [{\"key\": \"part-1\", \"task\": what to do, \"covers\": [numbers of the statements it carries out], "
    "\"files\": [paths from the list], \"targets\": [ids of failing tests it makes pass], \"after\": [keys of parts "
    "that must be done before]}]}. Every statement must be covered by a part. Use few parts; one is fine when the "
    "work hangs together. Two parts that change the same file should be one. Depend on others only where a part needs "
    "their result.";

constexpr std::string_view kSchema =
    R"({"type":"object","properties":{"parts":{"type":"array","minItems":1,"maxItems":32,"items":{"type":"object",)"
    R"("properties":{"key":{"type":"string"},"task":{"type":"string"},"covers":{"type":"array","items":{"type":)"
    R"("integer"}},"files":{"type":"array","items":{"type":"string"}},"targets":{"type":"array","items":{"type":)"
    R"("string"}},"after":{"type":"array","items":{"type":"string"}}},"required":["key","task","covers"]}}},)"
    R"("required":["parts"]})";

std::string question_text(const Question& question, const Statements& statements) {
    std::string text = "The task:\n" + fenced(question.task) + "\n\nIts statements:\n";
    for (std::size_t i = 0; i < statements.items.size(); ++i)
        text += fmt::format("{}. {}\n", i + 1, statements.items[i]);
    text += "\nFiles:\n";
    for (std::size_t i = 0; i < std::min(question.files.size(), kShownFiles); ++i) text += question.files[i] + "\n";
    if (question.files.size() > kShownFiles) text += fmt::format("and {} more\n", question.files.size() - kShownFiles);
    if (!question.failing.empty()) text += "\nTests that fail now, and the files they suspect:\n";
    for (std::size_t i = 0; i < std::min(question.failing.size(), kShownTests); ++i)
        text += fmt::format("{}: {}\n", question.failing[i].id, join(question.failing[i].files, ", "));
    return text;
}

// Models put a fence or a sentence around what they were asked for.
std::string_view json_in(std::string_view reply) {
    const std::size_t begin = reply.find('{');
    const std::size_t end = reply.rfind('}');
    return begin == std::string_view::npos || end == std::string_view::npos || end < begin
               ? std::string_view()
               : reply.substr(begin, end - begin + 1);
}

Result<Part> read_part(const json::Value& value, const Statements& statements) {
    json::Reader reader(value, "part");
    reader.require("key").require("task").require("covers");
    Part part;
    part.key = reader.string("key");
    const std::string said = reader.string("task");
    part.files = reader.strings("files");
    part.targets = reader.strings("targets");
    part.after = reader.strings("after");
    for (const json::Value& number : reader.array("covers")) {
        if (!number.is_int64() || number.get_int64() < 1 ||
            number.get_int64() > static_cast<std::int64_t>(statements.items.size()))
            return fail(ErrorCode::invalid_argument,
                        fmt::format("part {} covers a statement that is not there", part.key));
        part.covers.push_back(static_cast<std::size_t>(number.get_int64() - 1));
    }
    EC_TRY(reader.status());
    // The person's own words stand first; the model's only say which share of them this is.
    part.task = statements.preamble;
    for (const std::size_t index : part.covers) {
        if (!part.task.empty()) part.task += "\n\n";
        part.task += statements.items[index];
    }
    if (!trim(said).empty()) part.task += "\n\nThis part: " + ellipsize(said, 4000);
    return part;
}

Result<Plan> read_plan(std::string_view reply, const Question& question, const Statements& statements) {
    const auto value = json::parse(json_in(reply));
    if (!value) return fail(ErrorCode::invalid_argument, "the answer is not JSON: " + value.error().message);
    json::Reader reader(*value, "plan");
    reader.require("parts");
    const json::Array& parts = reader.array("parts");
    EC_TRY(reader.status());
    Plan plan;
    plan.by = "model";
    for (const json::Value& each : parts) {
        if (plan.parts.size() == kMostParts) return fail(ErrorCode::invalid_argument, "there are too many parts");
        EC_ASSIGN(Part part, read_part(each, statements));
        plan.parts.push_back(std::move(part));
    }
    EC_TRY(check(plan, question));
    return plan;
}

}  // namespace

Result<Plan> plan_with_model(model::ChatModel& model, const Question& question, std::stop_token stop) {
    constexpr int kAttempts = 2;
    const Statements statements = statements_of(question.task);
    model::ChatRequest request;
    request.response_schema = kSchema;
    request.sampling.temperature = 0;
    request.messages = {{model::Role::system, std::string(kSystem), {}, {}},
                        {model::Role::user, question_text(question, statements), {}, {}}};
    std::string wrong;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        EC_ASSIGN(const model::ChatReply reply, model.complete(request, {}, stop));
        Result<Plan> plan = read_plan(reply.text, question, statements);
        if (plan) return plan;
        wrong = plan.error().message;
        request.messages.push_back({model::Role::assistant, reply.text, {}, {}});
        request.messages.push_back(
            {model::Role::user, fmt::format("That is no plan: {}. Answer again.", wrong), {}, {}});
    }
    return fail(ErrorCode::corrupt, "the model gives no plan: " + wrong);
}

}  // namespace ec::inference
