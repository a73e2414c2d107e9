#include <algorithm>
#include <ec/repair/candidate.hpp>

namespace ec::repair {

std::string apply_edits(std::string_view original, std::string_view file, const std::vector<TextEdit>& edits) {
    std::vector<const TextEdit*> mine;
    for (const TextEdit& edit : edits)
        if (edit.file == file) mine.push_back(&edit);
    // Two insertions at one place keep the order in which they were proposed.
    std::stable_sort(mine.begin(), mine.end(),
                     [](const TextEdit* a, const TextEdit* b) { return a->begin < b->begin; });
    std::string out;
    std::size_t at = 0;
    for (const TextEdit* edit : mine) {
        const std::size_t begin = std::clamp<std::size_t>(edit->begin, at, original.size());
        out.append(original.substr(at, begin - at)).append(edit->replacement);
        at = std::clamp<std::size_t>(edit->end, begin, original.size());
    }
    return out.append(original.substr(at));
}

Hash128 content_id(const Candidate& candidate, const SourceMap& sources) {
    std::vector<std::string_view> files;
    for (const TextEdit& edit : candidate.edits) files.emplace_back(edit.file);
    std::sort(files.begin(), files.end());
    files.erase(std::unique(files.begin(), files.end()), files.end());
    std::string identity;
    for (const std::string_view file : files) {
        const auto source = sources.find(file);
        const std::string_view original =
            source != sources.end() ? std::string_view(source->second) : std::string_view();
        const std::string text = apply_edits(original, file, candidate.edits);
        if (text == original) continue;  // a file left as it was is no part of what the candidate is
        const Hash128 hash = hash128(text);
        identity.append(file).push_back('\0');
        identity.append(reinterpret_cast<const char*>(&hash.high), sizeof hash.high);
        identity.append(reinterpret_cast<const char*>(&hash.low), sizeof hash.low);
    }
    return hash128(identity);
}

}  // namespace ec::repair
