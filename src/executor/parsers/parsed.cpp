#include "parsers/parsed.hpp"

#include <cmath>
#include <ec/core/text.hpp>

namespace ec::executor {
namespace {

int severity(TestOutcome outcome) {
    switch (outcome) {
        case TestOutcome::passed:
            return 1;
        case TestOutcome::skipped:
            return 0;
        case TestOutcome::failed:
            return 2;
        case TestOutcome::error:
            return 3;
    }
    return 3;
}

/// Length of the terminal escape sequence at the start of `text`, which begins with ESC (ECMA-48 CSI and OSC).
std::size_t escape_length(std::string_view text) {
    if (text.size() < 2) return text.size();
    if (text[1] == '[') {
        std::size_t end = 2;
        while (end < text.size() && text[end] >= 0x20 && text[end] < 0x40) ++end;
        return end < text.size() ? end + 1 : end;
    }
    if (text[1] == ']') {
        std::size_t end = 2;
        while (end < text.size() && text[end] != '\a' && text[end] != '\x1b' && text[end] != '\n') ++end;
        return end < text.size() && text[end] == '\a' ? end + 1 : end;
    }
    return 2;
}

}  // namespace

std::string clean_text(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size();) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c == 0x1b) {
            i += escape_length(text.substr(i));
            continue;
        }
        if (c >= 0x20 && c != 0x7f)
            out += text[i];
        else if (c == '\n' || c == '\t')
            out += text[i];
        else if (c != '\r')
            out += "\xef\xbf\xbd";
        ++i;
    }
    return is_valid_utf8(out) ? out : to_valid_utf8(out);
}

std::string cap_middle(std::string_view text, std::size_t limit) {
    if (text.size() <= limit) return std::string(text);
    const std::size_t half = limit / 2;
    const auto inside = [&](std::size_t at) { return (static_cast<unsigned char>(text[at]) & 0xc0U) == 0x80; };
    std::size_t head = half;
    while (head > 0 && inside(head)) --head;
    std::size_t tail = text.size() - half;
    while (tail < text.size() && inside(tail)) ++tail;
    return std::string(text.substr(0, head)) + "\n…\n" + std::string(text.substr(tail));
}

std::string first_line(std::string_view text) {
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        const std::string_view line = trim(text.substr(0, end));
        if (!line.empty()) return ellipsize(line, kMaxMessage);
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + 1);
    }
    return {};
}

std::chrono::microseconds from_seconds(double seconds) {
    if (!std::isfinite(seconds) || seconds < 0 || seconds > 1e9) return std::chrono::microseconds(0);
    return std::chrono::microseconds(static_cast<long long>(seconds * 1e6));
}

bool CaseList::add(TestCase test) {
    test.id = ellipsize(clean_text(test.id), kMaxId);
    for (char& c : test.id) {
        if (c == '\n') c = ' ';
    }
    if (test.id.empty()) test.id = "(unnamed)";
    test.message = first_line(clean_text(test.message));
    test.details = cap_middle(clean_text(test.details), kMaxDetails);
    const auto found = index_.find(test.id);
    if (found != index_.end()) {
        TestCase& known = tests_[found->second];
        if (severity(test.outcome) > severity(known.outcome)) {
            test.duration += known.duration;
            known = std::move(test);
        } else {
            known.duration += test.duration;
        }
        return true;
    }
    if (tests_.size() == kMaxTests) {
        overflowed_ = true;
        return false;
    }
    index_.emplace(test.id, tests_.size());
    tests_.push_back(std::move(test));
    return true;
}

}  // namespace ec::executor
