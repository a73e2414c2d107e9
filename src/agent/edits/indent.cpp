#include "edits/indent.hpp"

#include <algorithm>

#include "edits/file_text.hpp"

namespace ec::agent::edits {
namespace {

bool only(std::string_view text, char c) { return text.find_first_not_of(c) == std::string_view::npos; }

}  // namespace

bool IndentMap::learn(std::string_view from, std::string_view to) {
    if (from != to) changes_ = true;
    const auto [place, added] = known_.try_emplace(std::string(from), to);
    return added || place->second == to;
}

std::string IndentMap::apply(std::string_view line) const {
    if (!changes_) return std::string(line);
    if (blank(line)) return {};
    const std::string_view indent = indent_of(line);
    return mapped(indent) + std::string(line.substr(indent.size()));
}

std::string IndentMap::mapped(std::string_view indent) const {
    if (const auto exact = known_.find(indent); exact != known_.end()) return exact->second;
    const std::pair<const std::string, std::string>* inner = nullptr;  // the longest that `indent` begins with
    const std::pair<const std::string, std::string>* outer = nullptr;  // the shortest that begins with `indent`
    for (const auto& entry : known_) {
        if (indent.starts_with(entry.first) && (inner == nullptr || entry.first.size() > inner->first.size()))
            inner = &entry;
        if (entry.first.starts_with(indent) && (outer == nullptr || entry.first.size() < outer->first.size()))
            outer = &entry;
    }
    if (inner != nullptr) return inner->second + converted(indent.substr(inner->first.size()));
    if (outer != nullptr) {
        const std::string tail = converted(std::string_view(outer->first).substr(indent.size()));
        if (outer->second.ends_with(tail)) return outer->second.substr(0, outer->second.size() - tail.size());
    }
    return std::string(indent);
}

// One step of the model's indentation in the file's own characters: four spaces become a tab where the pairs seen so
// far say so, and the other way round.
std::string IndentMap::converted(std::string_view step) const {
    if (step.empty()) return {};
    std::size_t spaces = 0;
    std::size_t tabs = 0;
    bool to_tabs = false;
    for (const auto& [from, to] : known_) {
        if (from.empty() || to.empty()) continue;
        if (only(from, ' ') && only(to, '\t'))
            spaces += from.size(), tabs += to.size(), to_tabs = true;
        else if (only(from, '\t') && only(to, ' '))
            spaces += to.size(), tabs += from.size();
    }
    if (tabs == 0) return std::string(step);
    const std::size_t width = std::max<std::size_t>(1, spaces / tabs);
    if (to_tabs && only(step, ' ')) return std::string(step.size() / width, '\t');
    if (!to_tabs && only(step, '\t')) return std::string(step.size() * width, ' ');
    return std::string(step);
}

}  // namespace ec::agent::edits
