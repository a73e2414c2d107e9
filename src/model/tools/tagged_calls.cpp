// Calls between tags: the dialects of the models' own chat templates.
#include <algorithm>
#include <array>
#include <ec/core/text.hpp>

#include "tools/call_shapes.hpp"

namespace ec::model::tools {
namespace {

constexpr std::string_view kSpace = " \t\r\n";
constexpr std::size_t kMostCalls = 64;  // of one reply; more are a loop

class TaggedReader {
public:
    explicit TaggedReader(Scan& scan) : scan_(scan), text_(scan.text) {}

    std::vector<Found> run() {
        std::vector<Found> out;
        while (out.size() < kMostCalls && (at_ = text_.find_first_of("<[", at_)) != std::string_view::npos) {
            const std::size_t begin = at_;
            std::vector<ToolCall> calls;
            if (!is_quoted(begin) && read(calls) && !calls.empty() && ends_line() &&
                !announces_example(text_, begin, true))
                out.push_back({std::move(calls), begin, at_});
            else
                at_ = begin + 1;
        }
        return out;
    }

private:
    // Inline code: the reply talks about the tag.
    [[nodiscard]] bool is_quoted(std::size_t at) const {
        return at > 0 && (text_[at - 1] == '`' || text_[at - 1] == '"');
    }

    bool starts(std::string_view word) const { return text_.substr(at_).starts_with(word); }
    bool take(std::string_view word) {
        if (!starts(word)) return false;
        at_ += word.size();
        return true;
    }
    void skip_space() { at_ = std::min(text_.find_first_not_of(kSpace, at_), text_.size()); }

    // Whether nothing but white space, fences or another tag follows in the line.
    [[nodiscard]] bool ends_line() const {
        const std::size_t next = text_.find_first_not_of(" \t\r;,", at_);
        return next == std::string_view::npos || std::string_view("\n<[`").contains(text_[next]);
    }

    bool read(std::vector<ToolCall>& calls) {
        for (const std::string_view tag : {"<tool_call>", "<tool_calls>", "<function_call>", "<function_calls>",
                                           "<|tool_call|>", "<|tool_call>", "<tools>"})
            if (take(tag)) return read_tool_call(calls);
        if (starts("<function=") || starts("<invoke ")) return read_function(calls);
        if (take("[TOOL_CALLS]")) return read_mistral(calls);
        if (take("<|python_tag|>")) return read_values(calls);
        if (take("<|channel|>")) return read_harmony(calls);
        if (take("<\uff5ctool\u2581call\u2581begin\uff5c>")) return read_deepseek(calls);
        return false;
    }

    bool read_tool_call(std::vector<ToolCall>& calls) {
        skip_space();
        if (starts("```")) at_ = std::min(text_.find('\n', at_), text_.size());
        skip_space();
        if (starts("<function=") || starts("<invoke ")) {
            while (starts("<function=") || starts("<invoke ")) {
                if (!read_function(calls)) return false;
                skip_space();
            }
        } else if (starts("{") || starts("[")) {
            if (!read_values(calls)) return false;
        } else if (!read_glm(calls)) {
            return false;
        }
        close_tags();
        return true;
    }

    // JSON values one after the other.
    bool read_values(std::vector<ToolCall>& calls) {
        skip_space();
        bool any = false;
        while (starts("{") || starts("[")) {
            const auto value = value_here();
            if (!value) return any;
            auto found = calls_of(*value, scan_.tools, Shape::any);
            if (found.empty()) return any;
            std::ranges::move(found, std::back_inserter(calls));
            any = true;
            at_ = std::min(text_.find_first_not_of(" \t\r\n;,", at_), text_.size());
            if (starts("```")) at_ += 3, skip_space();
        }
        return any;
    }

    // A value up to its end, else up to the closing tag of a call whose last quote is missing.
    std::optional<json::Value> value_here() {
        auto value = parse_lenient(text_.substr(at_), scan_.budget);
        if (value && value->end != LenientJson::End::complete) {
            const std::size_t close = find("</");
            if (close != std::string_view::npos)
                if (auto inner = parse_lenient(trim(text_.substr(at_, close - at_)), scan_.budget))
                    value = std::move(inner);
        }
        if (!value) return {};
        if (!may_close(*value, scan_)) {
            scan_.cut = true;
            return {};
        }
        at_ += value->length;
        if (value->end != LenientJson::End::complete && !all_required(value->value)) {
            scan_.cut = true;
            return {};
        }
        return std::move(value->value);
    }

    [[nodiscard]] bool all_required(const json::Value& value) const {
        const auto calls = calls_of(value, scan_.tools, Shape::any);
        return std::ranges::all_of(calls, [&](const ToolCall& call) {
            const ToolSpec* tool = tool_named(call.name, scan_.tools);
            return tool != nullptr && has_required(call.arguments, *tool);
        });
    }

    // <function=name>{json}</function>, or parameters as tags; <invoke name="…"> likewise.
    bool read_function(std::vector<ToolCall>& calls) {
        const bool invoke = starts("<invoke ");
        const std::size_t close = text_.find('>', at_);
        if (close == std::string_view::npos || close - at_ > 200) return false;
        const std::string name = quoted_value(text_.substr(at_, close - at_));
        at_ = close + 1;
        if (tool_named(name, scan_.tools) == nullptr) return false;
        skip_space();
        json::Object arguments;
        if (starts("{")) {
            auto value = value_as_arguments(name);
            if (!value) return false;
            arguments = *std::move(value);
        } else if (!read_parameters(arguments, invoke)) {
            return false;
        }
        skip_space();
        if (!take("</function>")) (void)take("</invoke>");
        close_tags();
        if (auto call = call_of(name, std::move(arguments), scan_.tools)) calls.push_back(*std::move(call));
        return true;
    }

    std::optional<json::Object> value_as_arguments(std::string_view name) {
        auto value = parse_lenient(text_.substr(at_), scan_.budget);
        if (!value || !value->value.is_object()) return {};
        if (!may_close(*value, scan_)) {
            scan_.cut = true;
            return {};
        }
        at_ += value->length;
        if (value->end != LenientJson::End::complete) {
            const auto call = call_of(name, value->value.get_object(), scan_.tools);
            const ToolSpec* tool = tool_named(name, scan_.tools);
            if (!call || tool == nullptr || !has_required(call->arguments, *tool)) {
                scan_.cut = true;
                return {};
            }
        }
        return value->value.get_object();
    }

    // "function=name" or "invoke name=\"name\"": what stands behind the sign, without quotes.
    static std::string quoted_value(std::string_view tag) {
        const std::size_t equals = tag.find('=');
        if (equals == std::string_view::npos) return {};
        std::string_view value = trim(tag.substr(equals + 1));
        while (!value.empty() && std::string_view("\"'").contains(value.front())) value.remove_prefix(1);
        while (!value.empty() && std::string_view("\"'/ ").contains(value.back())) value.remove_suffix(1);
        return std::string(value);
    }

    bool read_parameters(json::Object& arguments, bool invoke) {
        for (;;) {
            skip_space();
            if (!starts(invoke ? "<parameter " : "<parameter=") && !starts("<parameter")) return true;
            const std::size_t close = text_.find('>', at_);
            if (close == std::string_view::npos || close - at_ > 200) return false;
            const std::string name = quoted_value(text_.substr(at_, close - at_));
            const std::size_t begin = close + 1;
            const std::size_t end = parameter_end(begin);
            if (end == std::string_view::npos) {
                scan_.cut = true;
                return false;
            }
            std::string_view value = text_.substr(begin, end - begin);
            if (value.starts_with("\r\n"))
                value.remove_prefix(2);
            else if (value.starts_with('\n'))
                value.remove_prefix(1);
            if (value.ends_with('\n')) value.remove_suffix(1);
            if (value.ends_with('\r')) value.remove_suffix(1);
            if (!name.empty()) arguments[name] = value;
            at_ = end;
            (void)take("</parameter>");
        }
    }

    // The end of a parameter's text: its end tag before another tag of the call, else that other tag. Text that holds
    // "</parameter>" itself stays whole.
    std::size_t parameter_end(std::size_t begin) {
        constexpr std::string_view kEnd = "</parameter>";
        std::size_t first = std::string_view::npos;
        for (std::size_t at = find(kEnd, begin); at != std::string_view::npos; at = find(kEnd, at + 1)) {
            if (first == std::string_view::npos) first = at;
            if (scan_.budget < at - begin) break;
            scan_.budget -= at - begin;
            const std::size_t next = text_.find_first_not_of(kSpace, at + kEnd.size());
            if (next == std::string_view::npos) return at;
            const std::string_view rest = text_.substr(next);
            if (rest.starts_with("<parameter") || rest.starts_with("</function") || rest.starts_with("</invoke") ||
                rest.starts_with("</tool_call"))
                return std::min(at, other_tag(begin));
            // A parameter of its own begins in between: the text ended at the first end tag.
            if (other_tag(begin) < at) break;
        }
        return std::min(first, other_tag(begin));
    }
    std::size_t other_tag(std::size_t begin) {
        return std::min({find("\n<parameter=", begin), find("</function>", begin), find("</invoke>", begin),
                         find("</tool_call>", begin)});
    }

    // name\n<arg_key>k</arg_key>\n<arg_value>v</arg_value>
    bool read_glm(std::vector<ToolCall>& calls) {
        const std::size_t end = text_.find_first_of("\n<{", at_);
        if (end == std::string_view::npos || end - at_ > 100) return false;
        const std::string_view name = trim(text_.substr(at_, end - at_));
        if (tool_named(name, scan_.tools) == nullptr) return false;
        at_ = end;
        skip_space();
        json::Object arguments;
        if (starts("{")) {
            auto value = value_as_arguments(name);
            if (!value) return false;
            arguments = *std::move(value);
        }
        while (take("<arg_key>")) {
            const std::size_t key_end = text_.find("</arg_key>", at_);
            if (key_end == std::string_view::npos || key_end - at_ > 200) return false;
            const std::string key(trim(text_.substr(at_, key_end - at_)));
            at_ = key_end + 10;
            skip_space();
            if (!take("<arg_value>")) return false;
            const std::size_t value_end = find("</arg_value>");
            if (value_end == std::string_view::npos) {
                scan_.cut = true;
                return false;
            }
            arguments[key] = text_.substr(at_, value_end - at_);
            at_ = value_end + 12;
            skip_space();
        }
        if (auto call = call_of(name, std::move(arguments), scan_.tools)) calls.push_back(*std::move(call));
        return true;
    }

    // [TOOL_CALLS] [{…}], [TOOL_CALLS]name{…} and [TOOL_CALLS]name[ARGS]{…}
    bool read_mistral(std::vector<ToolCall>& calls) {
        skip_space();
        if (starts("[") || starts("{")) return read_values(calls);
        const std::size_t end = text_.find_first_of("[{", at_);
        if (end == std::string_view::npos || end - at_ > 100) return false;
        const std::string_view name = trim(text_.substr(at_, end - at_));
        at_ = end;
        (void)take("[ARGS]");
        skip_space();
        auto arguments = value_as_arguments(name);
        if (!arguments) return false;
        if (auto call = call_of(name, *std::move(arguments), scan_.tools)) calls.push_back(*std::move(call));
        return true;
    }

    // commentary to=functions.read <|constrain|>json<|message|>{…}<|call|>
    bool read_harmony(std::vector<ToolCall>& calls) {
        const std::size_t message = find("<|message|>");
        if (message == std::string_view::npos || message - at_ > 200) return false;
        const std::string_view head = text_.substr(at_, message - at_);
        const std::size_t to = head.find("to=");
        if (to == std::string_view::npos) return false;
        const std::string_view name = head.substr(to + 3, head.find_first_of(" <", to + 3) - to - 3);
        at_ = message + 11;
        skip_space();
        auto arguments = value_as_arguments(name);
        if (!arguments) return false;
        if (auto call = call_of(name, *std::move(arguments), scan_.tools)) calls.push_back(*std::move(call));
        skip_space();
        if (!take("<|call|>")) (void)take("<|end|>");
        return true;
    }

    bool read_deepseek(std::vector<ToolCall>& calls) {
        constexpr std::string_view kSeparator = "<\uff5ctool\u2581sep\uff5c>";
        const std::size_t brace = text_.find('{', at_);
        if (brace == std::string_view::npos || brace - at_ > 200) return false;
        std::string head = replace_all(std::string(text_.substr(at_, brace - at_)), kSeparator, "\n");
        std::string name;
        for (const std::string_view part : split(head, '\n'))
            if (tool_named(part, scan_.tools) != nullptr) name = trim(part);
        at_ = brace;
        auto arguments = value_as_arguments(name);
        if (!arguments) return false;
        if (auto call = call_of(name, *std::move(arguments), scan_.tools)) calls.push_back(*std::move(call));
        skip_space();
        if (take("```")) skip_space();
        (void)take("<\uff5ctool\u2581call\u2581end\uff5c>");
        return true;
    }

    // End tags of whatever the call stood in, right and wrong ones.
    void close_tags() {
        for (bool again = true; again;) {
            const std::size_t before = at_;
            skip_space();
            again = false;
            for (const std::string_view tag :
                 {"</tool_call>", "</tool_calls>", "</function_call>", "</function_calls>", "</function>", "</invoke>",
                  "<|/tool_call|>", "<|tool_call_end|>", "</tools>"})
                if (take(tag)) again = true;
            if (!again) at_ = before;
        }
    }

    std::size_t find(std::string_view word) { return find(word, at_); }
    // Remembers where each word comes next, so that many openings before one end stay linear.
    std::size_t find(std::string_view word, std::size_t from) {
        const auto known = std::ranges::find(next_, word, &Next::word);
        if (known != next_.end() && from >= known->from && from <= known->place) return known->place;
        const std::size_t place = text_.find(word, from);
        if (known == next_.end())
            next_.push_back({word, from, place});
        else
            *known = {word, from, place};
        return place;
    }

    struct Next {
        std::string_view word;
        std::size_t from = 0;
        std::size_t place = 0;
    };

    Scan& scan_;
    std::string_view text_;
    std::size_t at_ = 0;
    std::vector<Next> next_;
};

}  // namespace

std::vector<Found> tagged_calls(Scan& scan) { return TaggedReader(scan).run(); }

}  // namespace ec::model::tools
