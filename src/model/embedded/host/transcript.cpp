#include "transcript.hpp"

#include <algorithm>

namespace ec::model::embedded {

void Transcript::append(std::int32_t token, std::string_view bytes, bool control) {
    if (control || runs.empty()) {
        runs.push_back({std::string(bytes), 1});
        if (control) runs.emplace_back();
    } else {
        runs.back().bytes += bytes;
        ++runs.back().tokens;
    }
    tokens.push_back(token);
}

RunSplitter::RunSplitter(std::vector<std::string> controls) : controls_(std::move(controls)) {
    std::erase_if(controls_, [](const std::string& control) { return control.empty(); });
    std::ranges::stable_sort(controls_, std::ranges::greater(), &std::string::size);
    for (const std::string& control : controls_) starts_[static_cast<unsigned char>(control.front())] = true;
}

std::vector<std::string_view> RunSplitter::split(std::string_view text) const {
    std::vector<std::string_view> runs;
    std::size_t begin = 0;
    std::size_t at = 0;
    while (at < text.size()) {
        const std::string* control = nullptr;
        if (starts_[static_cast<unsigned char>(text[at])]) {
            const auto found = std::ranges::find_if(
                controls_, [&](const std::string& candidate) { return text.substr(at).starts_with(candidate); });
            if (found != controls_.end()) control = &*found;
        }
        if (control == nullptr) {
            ++at;
            continue;
        }
        // A plain run stands between any two control tokens, empty or not, as append() leaves it.
        runs.push_back(text.substr(begin, at - begin));
        runs.push_back(text.substr(at, control->size()));
        at += control->size();
        begin = at;
    }
    runs.push_back(text.substr(begin));
    return runs;
}

Transcript transcribe(const std::vector<std::string_view>& runs, const Transcript& known, const Tokenizer& tokenize) {
    Transcript out;
    std::size_t token = 0;
    bool same = true;
    for (std::size_t i = 0; i < runs.size(); ++i) {
        same = same && i < known.runs.size() && known.runs[i].bytes == runs[i];
        if (same) {
            const auto first = known.tokens.begin() + static_cast<std::ptrdiff_t>(token);
            out.tokens.insert(out.tokens.end(), first, first + static_cast<std::ptrdiff_t>(known.runs[i].tokens));
            token += known.runs[i].tokens;
            out.runs.push_back(known.runs[i]);
            continue;
        }
        const std::vector<std::int32_t> made = runs[i].empty() ? std::vector<std::int32_t>() : tokenize(runs[i]);
        out.tokens.insert(out.tokens.end(), made.begin(), made.end());
        out.runs.push_back({std::string(runs[i]), made.size()});
    }
    return out;
}

std::size_t common_tokens(const Transcript& a, const Transcript& b) {
    const auto end = std::ranges::mismatch(a.tokens, b.tokens);
    return static_cast<std::size_t>(end.in1 - a.tokens.begin());
}

}  // namespace ec::model::embedded
