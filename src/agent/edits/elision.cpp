// Placeholders that stand for code which a model did not write out.
#include <fmt/format.h>

#include <algorithm>
#include <ec/agent/edits.hpp>
#include <ec/core/text.hpp>
#include <set>

#include "edits/file_text.hpp"

namespace ec::agent {
namespace {

constexpr std::string_view kEllipsis = "\u2026";

std::string lowered(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return out;
}

bool is_prose(std::string_view path) {
    const std::string name = lowered(path);
    return std::ranges::any_of(std::initializer_list<std::string_view>{".md", ".mdx", ".txt", ".rst", ".adoc", ".log"},
                               [&](std::string_view ending) { return name.ends_with(ending); });
}

struct Remark {
    std::string text;  // lower case, without comment signs and brackets
    bool comment = false;
    bool bracketed = false;
};

// What a line says when it is nothing but a comment or a bracketed remark.
Remark remark_of(std::string_view line) {
    Remark out;
    line = trim(line);
    for (const std::string_view open : {"{/*", "/*", "<!--", "//", "#", "--", ";", "%", "*", "\"\"\""}) {
        if (!line.starts_with(open)) continue;
        out.comment = true;
        line.remove_prefix(open.size());
        break;
    }
    if (out.comment)
        for (const std::string_view close : {"*/}", "*/", "-->", "\"\"\""})
            if (line.ends_with(close)) line.remove_suffix(close.size());
    while (!line.empty() && std::string_view("/#*- \t").contains(line.front())) line.remove_prefix(1);
    line = trim(line);
    if (line.size() > 2 && std::string_view("[<{(").contains(line.front()) &&
        std::string_view("]>})").contains(line.back())) {
        out.bracketed = true;
        line = trim(line.substr(1, line.size() - 2));
    }
    out.text = lowered(line.substr(0, 200));
    return out;
}

// Takes "..." and "…" off both ends; true when there was one.
bool take_ellipsis(std::string_view& text) {
    bool any = false;
    for (bool again = true; again;) {
        again = false;
        for (const std::string_view sign : {std::string_view("..."), kEllipsis, std::string_view(".")}) {
            const bool counts = sign != ".";
            if (text.starts_with(sign)) text.remove_prefix(sign.size()), again = true, any = any || counts;
            if (text.ends_with(sign)) text.remove_suffix(sign.size()), again = true, any = any || counts;
        }
        text = trim(text);
    }
    return any;
}

bool contains_any(std::string_view text, std::initializer_list<std::string_view> words) {
    return std::ranges::any_of(words, [&](std::string_view word) { return text.contains(word); });
}

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> words) {
    return std::ranges::any_of(words, [&](std::string_view word) { return text.starts_with(word); });
}

// "rest of the code", "existing imports here", "other methods remain unchanged": a sentence that says nothing else.
bool says_left_out(std::string_view text) {
    for (const std::string_view article :
         {"and ", "the ", "all ", "your ", "keep ", "include ", "insert ", "add ", "the "})
        if (text.starts_with(article)) text.remove_prefix(article.size());
    const bool rest = starts_with_any(text, {"rest of ", "remainder of "});
    const bool old =
        starts_with_any(text, {"existing ", "remaining ", "previous ", "unchanged ", "original ", "other ", "same "});
    const bool code =
        contains_any(text, {"code", "file", "function", "class", "method", "implementation", "module", "import",
                            "content", "logic", "script", "body", "definition", "component", "test", "program"});
    const bool stays = contains_any(text, {"unchanged", "remain", "stay", " here", "omitted", "as before", "as is",
                                           "goes", "the same", "not shown"});
    if (text == "unchanged" || text == "no changes" || text == "same as before" || text == "code omitted" ||
        text == "omitted")
        return true;
    if (starts_with_any(text, {"existing code", "remaining code", "rest of code", "previous code", "unchanged code",
                               "original code"}) &&
        (stays || text.size() < 16))
        return true;
    // "rest of the file" alone; "rest of the file is read here" says something of its own.
    if (rest && code && (stays || std::ranges::count(text, ' ') <= 4)) return true;
    return old && code && stays && std::ranges::count(text, ' ') <= 7;
}

bool is_placeholder(std::string_view line, std::string_view line_before) {
    const Remark remark = remark_of(line);
    std::string_view text = remark.text;
    const bool dots = take_ellipsis(text);
    if (text.empty()) {
        if (!dots) return false;
        // Python's own "..." is the body of a stub.
        return remark.comment || remark.bracketed ||
               !(trim(line_before).ends_with(':') || trim(line_before).ends_with("\"\"\""));
    }
    if (!remark.comment && !remark.bracketed && !dots) return false;
    if (dots && (remark.comment || remark.bracketed || trim(line).starts_with("..."))) {
        const bool about_code =
            contains_any(text, {"rest", "remain", "existing", "unchanged", "omitted", "same as", "previous", "other ",
                                "as before", "your code", "code here", "more code", "not shown"});
        if (about_code && std::ranges::count(text, ' ') <= 8) return true;
    }
    return (remark.comment || remark.bracketed) && says_left_out(text);
}

}  // namespace

std::optional<std::string> elided(std::string_view before, std::string_view after, std::string_view path) {
    if (is_prose(path)) return {};
    std::set<std::string_view> old;
    for (const std::string_view line : split_lines(before)) old.insert(trim(line));
    std::string_view line_before;
    int number = 0;
    for (const std::string_view line : split_lines(after)) {
        ++number;
        const std::string_view text = trim(line);
        if (text.empty()) continue;
        if (text.size() <= 200 && !old.contains(text) && is_placeholder(text, line_before))
            return fmt::format(
                "line {} \"{}\" stands for code that was left out; write that code, or send only what "
                "changes as SEARCH/REPLACE blocks",
                number, to_valid_utf8(text));
        line_before = text;
    }
    return {};
}

}  // namespace ec::agent
