#include "review_report.hpp"

#include <fmt/format.h>

#include <ec/core/text.hpp>
#include <ec/net/egress_ledger.hpp>
#include <ostream>

#include "terminal.hpp"

namespace ec::apps {
namespace {

std::string time_text(std::int64_t ms) {
    return net::rfc3339(std::chrono::system_clock::time_point(std::chrono::milliseconds(ms)));
}

std::string first_line(std::string_view text, std::size_t most) {
    const auto lines = split_lines(trim(text));
    return lines.empty() ? "" : ellipsize(printable(lines.front()), most);
}

}  // namespace

json::Object review_json(const agent::ReviewItem& item, bool with_texts) {
    json::Array files;
    for (const agent::Region& region : item.package.regions) {
        files.push_back(
            json::Object{{"path", to_valid_utf8(region.path)}, {"first", region.first}, {"last", region.last}});
    }
    json::Object object{{"id", item.id},
                        {"state", agent::name(item.state)},
                        {"created", time_text(item.created_ms)},
                        {"workspace", to_valid_utf8(item.workspace.string())},
                        {"task", to_valid_utf8(item.task)},
                        {"why", agent::name(item.why)},
                        {"test", to_valid_utf8(item.test)},
                        {"files", std::move(files)},
                        {"bytes", item.package.text.size()},
                        {"reviewer", to_valid_utf8(item.reviewer)},
                        {"note", to_valid_utf8(item.note)},
                        {"edited", item.edited},
                        {"verdict", to_valid_utf8(item.verdict)},
                        {"spent", agent::amount_text(item.spent)},
                        {"currency", item.currency}};
    if (with_texts) {
        object["package"] = item.package.text;
        object["answer"] = to_valid_utf8(item.answer);
    }
    return object;
}

std::string review_line(const agent::ReviewItem& item) {
    return fmt::format("{:>4}  {:8}  {:15}  {:10}  {}", item.id, agent::name(item.state), agent::name(item.why),
                       item.reviewer.empty() ? "-" : printable(item.reviewer), first_line(item.task, 60));
}

std::string review_head(const agent::ReviewItem& item) {
    std::string text = fmt::format("review {}: {} ({}; {}), {} bytes\n", item.id, agent::name(item.state),
                                   agent::explain(item.why), time_text(item.created_ms), item.package.text.size());
    if (!item.reviewer.empty()) {
        text += fmt::format("  reviewer {}, spent {} {}\n", printable(item.reviewer), agent::amount_text(item.spent),
                            item.currency);
    }
    if (!item.note.empty()) text += fmt::format("  {}\n", printable(item.note));
    if (!item.verdict.empty()) text += fmt::format("  verdict {}\n", printable(item.verdict));
    return text;
}

std::string printable_text(std::string_view text) {
    std::string out;
    for (const std::string_view line : split_lines(text)) out += printable(line) + "\n";
    return out;
}

}  // namespace ec::apps
