// Calls without tags: JSON or Python in a fence, and JSON that stands alone. The same text may be an example or a
// configuration file, so what surrounds it decides.
#include <algorithm>
#include <ec/core/text.hpp>

#include "tools/call_shapes.hpp"

namespace ec::model::tools {
namespace {

std::string lowered(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return out;
}

bool blank(std::string_view text) { return trim(text).empty(); }

// "I'll look at the file first:" – the model speaks of what it does now.
bool announces_act(std::string_view before) {
    before = trim(before);
    before = before.substr(before.rfind('\n') + 1);
    const std::string line = lowered(before.substr(before.size() > 300 ? before.size() - 300 : 0));
    return std::ranges::any_of(
        std::initializer_list<std::string_view>{"i'll", "i will", "i\u2019ll", "let me", "let's", "first,", "next,",
                                                "now ", "i need to", "i'm going to", "going to", "i should"},
        [&](std::string_view word) { return line.contains(word); });
}

class LooseReader {
public:
    explicit LooseReader(Scan& scan) : scan_(scan), text_(scan.text) {}

    std::vector<Found> run() {
        std::size_t at = 0;
        while (at < text_.size()) {
            const std::size_t line_end = std::min(text_.find('\n', at), text_.size());
            const std::string_view line = text_.substr(at, line_end - at);
            const std::string_view trimmed = trim(line);
            std::size_t next = line_end + 1;
            if (trimmed.starts_with("```"))
                next = fence(at, line_end);
            else if (trimmed.starts_with('{') || trimmed.starts_with('['))
                next = std::max(next, bare(at + line.find_first_not_of(" \t")));
            at = next;
        }
        std::erase_if(found_, [&](const Candidate& candidate) { return !candidate.sure && !is_act(candidate); });
        std::vector<Found> out;
        for (Candidate& candidate : found_) out.push_back(std::move(candidate.found));
        return out;
    }

private:
    struct Candidate {
        Found found;
        bool sure = false;
    };

    std::size_t fence(std::size_t begin, std::size_t line_end) {
        const std::string info = lowered(trim(trim(text_.substr(begin, line_end - begin)).substr(3)));
        const std::size_t body = std::min(line_end + 1, text_.size());
        std::size_t close = text_.find("\n```", body > 0 ? body - 1 : 0);
        const std::size_t body_end = close == std::string_view::npos ? text_.size() : close;
        const std::size_t after =
            close == std::string_view::npos ? text_.size() : std::min(text_.find('\n', close + 1), text_.size());
        const std::string_view inside = body <= body_end ? text_.substr(body, body_end - body) : std::string_view{};
        const bool named = info == "tool_call" || info == "tool_calls" || info == "tool" || info == "function_call" ||
                           info == "tool_use";
        std::vector<ToolCall> calls;
        if (info == "tool_code" || (named && !trim(inside).starts_with('{') && !trim(inside).starts_with('[')))
            calls = python_calls(inside);
        else if (named || info.empty() || info == "json" || info == "jsonc" || info == "json5")
            calls = json_calls(inside, named ? Shape::any : Shape::strict);
        if (!calls.empty() && !announces_example(text_, begin, named || info == "tool_code"))
            found_.push_back({{std::move(calls), begin, after}, named || info == "tool_code"});
        return after + 1;
    }

    // Only JSON values, one or more, and nothing else.
    std::vector<ToolCall> json_calls(std::string_view text, Shape shape) {
        std::vector<ToolCall> out;
        for (text = trim(text); !text.empty(); text = trim(text)) {
            std::size_t length = 0;
            auto calls = json_call(text, shape, length);
            if (calls.empty()) return {};
            std::ranges::move(calls, std::back_inserter(out));
            text.remove_prefix(length);
            while (!text.empty() && std::string_view(",; \r\n\t").contains(text.front())) text.remove_prefix(1);
        }
        return out;
    }

    std::vector<ToolCall> json_call(std::string_view text, Shape shape, std::size_t& length) {
        if (!text.starts_with('{') && !text.starts_with('[')) return {};
        const auto value = parse_lenient(text, scan_.budget);
        if (!value) return {};
        length = value->length;
        const bool whole = value->end == LenientJson::End::complete;
        auto calls = calls_of(value->value, scan_.tools, whole ? shape : Shape::strict);
        if (!calls.empty() && !may_close(*value, scan_)) {
            scan_.cut = true;
            return {};
        }
        return calls;
    }

    std::size_t bare(std::size_t begin) {
        std::size_t length = 0;
        auto calls = json_call(text_.substr(begin), Shape::strict, length);
        if (calls.empty()) return 0;
        const std::size_t end = begin + length;
        const std::size_t next = text_.find_first_not_of(" \t\r", end);
        const bool alone = next == std::string_view::npos || std::string_view("\n,;]").contains(text_[next]);
        if (!alone || announces_example(text_, begin, false)) return end;
        found_.push_back({{std::move(calls), begin, end}, false});
        return end;
    }

    // What is left of the reply decides: the call ends it, begins it, or is announced as what the model does now.
    [[nodiscard]] bool is_act(const Candidate& candidate) const {
        std::size_t end = candidate.found.end;
        for (const Candidate& other : found_)
            if (other.found.begin >= end && blank(text_.substr(end, other.found.begin - end))) end = other.found.end;
        if (blank(text_.substr(end)) || blank(text_.substr(0, candidate.found.begin))) return true;
        return announces_act(text_.substr(0, candidate.found.begin));
    }

    // name(arg="x", other=3), one a line; print(…) around it as Gemma and Gemini write.
    std::vector<ToolCall> python_calls(std::string_view text) {
        std::vector<ToolCall> out;
        for (text = trim(text); !text.empty(); text = trim(text)) {
            const bool printed = text.starts_with("print(");
            if (printed) text = trim(text.substr(6));
            const std::size_t open = text.find('(');
            if (open == std::string_view::npos || open > 100) return {};
            const ToolSpec* tool = tool_named(text.substr(0, open), scan_.tools);
            if (tool == nullptr) return {};
            text.remove_prefix(open + 1);
            auto arguments = python_arguments(text);
            if (!arguments) return {};
            if (printed && text.starts_with(')')) text.remove_prefix(1);
            if (auto call = call_of(tool->name, *std::move(arguments), scan_.tools)) out.push_back(*std::move(call));
        }
        return out;
    }

    // Up to and with the closing bracket.
    std::optional<json::Object> python_arguments(std::string_view& text) {
        json::Object out;
        for (;;) {
            while (!text.empty() && std::string_view(", \t\r\n").contains(text.front())) text.remove_prefix(1);
            if (text.empty()) return {};
            if (text.starts_with(')')) return text.remove_prefix(1), out;
            const std::size_t equals = text.find_first_of("=\"'()[]{},");
            std::string key = "argument";
            if (equals != std::string_view::npos && text[equals] == '=') {
                key = trim(text.substr(0, equals));
                text = trim(text.substr(equals + 1));
            }
            auto value = parse_lenient(text, scan_.budget);
            if (!value || value->end != LenientJson::End::complete || out.contains(key)) return {};
            out[key] = std::move(value->value);
            text.remove_prefix(value->length);
        }
    }

    Scan& scan_;
    std::string_view text_;
    std::vector<Candidate> found_;
};

}  // namespace

std::vector<Found> loose_calls(Scan& scan) { return LooseReader(scan).run(); }

}  // namespace ec::model::tools
