#include "model_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/core/text.hpp>
#include <ostream>

#include "terminal.hpp"

namespace ec::apps {
namespace {

std::string speed_text(const model::MeasuredSpeed& speed) {
    if (speed.decode_per_second <= 0) return "not measured (edgecoder model bench)";
    return fmt::format("{:.1f} tokens/s written, {:.0f} tokens/s read, measured here {}", speed.decode_per_second,
                       speed.prompt_per_second, printable(speed.when));
}

std::string count_text(std::int64_t parameters) {
    if (parameters <= 0) return "unknown";
    return parameters >= 1'000'000'000 ? fmt::format("{:.2f} billion", static_cast<double>(parameters) / 1e9)
                                       : fmt::format("{:.1f} million", static_cast<double>(parameters) / 1e6);
}

std::string or_unknown(const std::string& text) { return text.empty() ? "unknown" : printable(text); }

std::string signed_text(const std::optional<model::SignedBy>& by) {
    if (!by) return "no";
    return fmt::format("by {} ({})", by->key.hex(), by->trusted ? "trusted" : "not in trusted_keys");
}

}  // namespace

std::string size_text(std::uint64_t bytes) {
    const auto number = static_cast<double>(bytes);
    if (bytes >= 1'000'000'000) return fmt::format("{:.2f} GB", number / 1e9);
    return bytes >= 1'000'000 ? fmt::format("{:.1f} MB", number / 1e6) : fmt::format("{} bytes", bytes);
}

std::string_view model_kind(const model::LibraryEntry& entry) {
    const auto facts = model::read_model_file(entry.file);
    if (!facts) return "unknown";
    return facts->embeds ? "embedding" : "chat";
}

json::Object model_json(const model::LibraryEntry& entry) {
    json::Object object{{"name", entry.manifest.name},
                        {"file", to_valid_utf8(entry.file.string())},
                        {"size", entry.manifest.size},
                        {"sha256", entry.manifest.sha256.hex()},
                        {"source", entry.manifest.source},
                        {"licence", entry.manifest.licence},
                        {"created", entry.manifest.created},
                        {"kind", model_kind(entry)},
                        {"trouble", to_valid_utf8(entry.trouble)}};
    object["signed"] =
        entry.signed_by
            ? json::Value(json::Object{{"key", entry.signed_by->key.hex()}, {"trusted", entry.signed_by->trusted}})
            : json::Value(nullptr);
    object["speed"] = entry.speed.decode_per_second > 0
                          ? json::Value(json::Object{{"prompt_per_second", entry.speed.prompt_per_second},
                                                     {"decode_per_second", entry.speed.decode_per_second},
                                                     {"measured", entry.speed.when}})
                          : json::Value(nullptr);
    return object;
}

json::Object catalogue_json(const model::CatalogueModel& model) {
    return {{"name", model.name},
            {"source", model.source},
            {"quantisation", model.quantisation},
            {"licence", model.licence},
            {"note", model.note},
            {"size", model.size},
            {"parameters", model.parameters},
            {"active_parameters", model.active_parameters},
            {"context", model.context},
            {"memory", model.memory(kToldContext)},
            {"verified", model.verified}};
}

json::Object facts_json(const model::ModelFileFacts& facts, std::uint64_t size) {
    return {{"architecture", facts.architecture},
            {"title", facts.title},
            {"parameters", facts.parameters},
            {"quantisation", facts.quantisation},
            {"context", facts.context},
            {"chat_template", facts.chat_template},
            {"memory", facts.memory(size, std::min(facts.context, kToldContext))}};
}

std::string model_line(const model::LibraryEntry& entry, bool marked) {
    const std::string speed =
        entry.speed.decode_per_second > 0 ? fmt::format("{:.1f} tok/s", entry.speed.decode_per_second) : "-";
    std::string line = fmt::format("{} {:32} {:>10} {:>12}  {}", marked ? '*' : ' ', printable(entry.manifest.name),
                                   size_text(entry.manifest.size), speed, or_unknown(entry.manifest.licence));
    if (model_kind(entry) == "embedding") line += ", an embedding model: cannot chat";
    if (entry.signed_by) line += entry.signed_by->trusted ? ", signed" : ", signed by a stranger";
    if (!entry.trouble.empty()) line += ": " + printable(entry.trouble);
    return line;
}

std::string catalogue_line(const model::CatalogueModel& model) {
    return fmt::format("  {:24} {:>9} {:>8} of memory  {}{}{}", model.name, size_text(model.size),
                       fmt::format("{:.0f} GB", static_cast<double>(model.memory(kToldContext)) / 1e9), model.licence,
                       model.note.empty() ? "" : "; ", model.note);
}

std::string model_text(const model::LibraryEntry& entry, const model::ModelFileFacts& facts) {
    std::string text = fmt::format("{}\n", printable(entry.manifest.name));
    const auto add = [&](const char* what, const std::string& value) {
        text += fmt::format("  {:13} {}\n", what, value);
    };
    add("architecture", fmt::format("{}, {} parameters, {}", or_unknown(facts.architecture),
                                    count_text(facts.parameters), or_unknown(facts.quantisation)));
    add("size", size_text(entry.manifest.size));
    add("memory", fmt::format("about {} with {} tokens of context",
                              size_text(static_cast<std::uint64_t>(
                                  facts.memory(entry.manifest.size, std::min(facts.context, kToldContext)))),
                              std::min(facts.context, kToldContext)));
    add("context", fmt::format("{} tokens", facts.context));
    if (facts.embeds)
        add("kind", "embedding model: it turns text into vectors and cannot chat");
    else
        add("chat template", facts.chat_template ? "in the file" : "none: it completes text and was not made to chat");
    add("licence", or_unknown(entry.manifest.licence));
    add("source", or_unknown(entry.manifest.source));
    add("sha256", entry.manifest.sha256.hex());
    add("signed", signed_text(entry.signed_by));
    add("speed", speed_text(entry.speed));
    if (!entry.trouble.empty()) add("trouble", printable(entry.trouble));
    return text;
}

std::string plan_text(const model::PullPlan& plan, const model::CatalogueModel* known, const SpeedEstimate& speed) {
    std::string text = fmt::format("{} from {}\n", printable(plan.name), printable(plan.source.text));
    const auto add = [&](const char* what, const std::string& value) {
        text += fmt::format("  {:8} {}\n", what, value);
    };
    const std::uint64_t size = plan.source.size > 0 ? plan.source.size : known != nullptr ? known->size : 0;
    add("size", size == 0 ? "the source does not say" : plan.present ? "is here already" : size_text(size));
    add("licence", or_unknown(plan.licence) + (known != nullptr && !known->verified ? " (as generally known)" : ""));
    if (known != nullptr) {
        add("memory", fmt::format("about {} with {} tokens of context",
                                  size_text(static_cast<std::uint64_t>(known->memory(kToldContext))), kToldContext));
    } else if (size > 0) {
        add("memory", fmt::format("more than {}", size_text(size)));
    }
    if (speed.tokens_per_second > 0) {
        add("speed", fmt::format("about {:.1f} tokens/s ({})", speed.tokens_per_second, printable(speed.from)));
    }
    add("sha256", plan.source.sha256 ? plan.source.sha256->hex() + ", as announced by the source"
                                     : "the source announces none; it will be shown");
    return text;
}

void print_document(json::Object document, std::ostream& out) {
    document["status"] = "ok";
    out << json::write(document) << '\n' << std::flush;
}

}  // namespace ec::apps
