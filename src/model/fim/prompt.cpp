#include <fmt/format.h>

#include <algorithm>
#include <ec/core/text.hpp>

#include "fim/fim.hpp"

namespace ec::model::fim {
namespace {

// A name that stands for every project: one that differs would only cost what was evaluated of another.
constexpr std::string_view kRepository = "repository";
constexpr std::size_t kParts = 16;
constexpr std::size_t kSuffixShare = 4;  // of the room for the gap's own file, for the text after it
// How much of its room a cut takes away at once.
constexpr std::size_t kSteps = 4;

std::vector<const std::string*> words_of(const Template& form) {
    std::vector<const std::string*> words;
    for (const std::string* word : {&form.prefix, &form.suffix, &form.middle, &form.repo, &form.file}) {
        if (!trim(*word).empty()) words.push_back(word);
    }
    return words;
}

// A space after a word's first character.
std::string harmless(std::string text, const Template& form) {
    const auto break_up = [&](std::string_view word) {
        if (word.size() < 2 || text.find(word) == std::string::npos) return;
        text = replace_all(std::move(text), word, fmt::format("{} {}", word.substr(0, 1), word.substr(1)));
    };
    for (const std::string* word : words_of(form)) break_up(trim(*word));
    for (const std::string& end : form.ends) break_up(end);
    return text;
}

std::string one_line(std::string path) {
    for (char& c : path) {
        if (c == '\n' || c == '\r') c = ' ';
    }
    return path;
}

std::string_view comment_mark(std::string_view path) {
    const std::size_t dot = path.rfind('.');
    const std::string_view ending = dot == std::string_view::npos ? "" : path.substr(dot + 1);
    for (const std::string_view hash : {"", "py", "pyi", "rb", "sh", "bash", "pl", "r", "jl", "yml", "yaml", "toml",
                                        "ini", "cfg", "conf", "cmake", "ex", "exs", "nix"}) {
        if (ending == hash) return "# ";
    }
    for (const std::string_view dashes : {"lua", "sql", "hs", "elm", "adb", "ads", "vhdl"}) {
        if (ending == dashes) return "-- ";
    }
    return "// ";
}

std::string with_line_end(std::string text) {
    if (!text.empty() && !text.ends_with('\n')) text += '\n';
    return text;
}

std::string heading(const Template& form, const std::string& path) {
    return fmt::format("{}{}\n", form.heading.empty() ? comment_mark(path) : std::string_view(form.heading),
                       one_line(harmless(path, form)));
}

// Files before the gap's own, in the words of a family that has such.
std::string files(const Template& form, const TextRequest& request) {
    std::string text;
    if (form.file.empty() || (request.neighbours.empty() && request.path.empty())) return text;
    if (!form.repo.empty()) text += fmt::format("{}{}\n", form.repo, kRepository);
    for (const Excerpt& neighbour : request.neighbours) {
        text += fmt::format("{}{}\n{}", form.file, one_line(harmless(neighbour.path, form)),
                            with_line_end(harmless(neighbour.text, form)));
    }
    return text + fmt::format("{}{}\n", form.file, one_line(harmless(request.path, form)));
}

// For the others they stand in the text itself.
std::string before_gap(const Template& form, const TextRequest& request) {
    std::string text;
    if (form.file.empty() && !request.neighbours.empty()) {
        for (const Excerpt& neighbour : request.neighbours) {
            text += heading(form, neighbour.path) + with_line_end(harmless(neighbour.text, form)) + "\n";
        }
        if (!request.path.empty()) text += heading(form, request.path);
    }
    return text + harmless(request.prompt, form);
}

std::size_t rounded_up(std::size_t size, std::size_t part) { return (size + part - 1) / part * part; }

std::size_t bytes_of(const Excerpt& excerpt) { return excerpt.path.size() + excerpt.text.size() + 8; }

// As much more than `room` as there is, in whole steps.
std::size_t excess(std::size_t size, std::size_t room) {
    if (size <= room) return 0;
    const std::size_t step = std::max<std::size_t>(room / kSteps, 1);
    return std::min(size, rounded_up(size - room, step));
}

std::size_t character_at(std::string_view text, std::size_t at) {
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) ++at;
    return at;
}

void keep_end(std::string& text, std::size_t room) {
    std::size_t cut = excess(text.size(), room);
    if (cut == 0) return;
    // At the beginning of a line where one is near.
    const std::size_t line = text.find('\n', cut - 1);
    if (line != std::string::npos && line + 1 - cut <= room / kSteps && line + 1 < text.size()) cut = line + 1;
    text.erase(0, character_at(text, cut));
}

void keep_front(std::string& text, std::size_t room) {
    if (text.size() <= room) return;
    while (room > 0 && (static_cast<unsigned char>(text[room]) & 0xC0U) == 0x80U) --room;
    text.resize(room);
}

void keep_newest(std::vector<Excerpt>& neighbours, std::size_t room) {
    std::size_t size = 0;
    for (const Excerpt& neighbour : neighbours) size += bytes_of(neighbour);
    const std::size_t gone = excess(size, room);
    std::size_t cut = 0;
    std::size_t first = 0;
    while (first < neighbours.size() && cut < gone) cut += bytes_of(neighbours[first++]);
    neighbours.erase(neighbours.begin(), neighbours.begin() + static_cast<std::ptrdiff_t>(first));
}

}  // namespace

std::string prompt(const Template& form, const TextRequest& request) {
    const std::string after = form.suffix + harmless(request.suffix.value_or(""), form);
    const std::string before = form.prefix + before_gap(form, request);
    return files(form, request) + (form.suffix_first ? after + before : before + after) + form.middle;
}

std::vector<std::string> stops(const Template& form, const TextRequest& request) {
    std::vector<std::string> texts = request.sampling.stop;
    const auto add = [&](std::string_view text) {
        if (!text.empty() && std::ranges::find(texts, text) == texts.end()) texts.emplace_back(text);
    };
    for (const std::string* word : words_of(form)) add(trim(*word));
    for (const std::string& end : form.ends) add(end);
    return texts;
}

// Rooms are whole parts of all there is, so that they do not move with every character.
TextRequest fitted(TextRequest request, std::size_t bytes) {
    std::size_t of_neighbours = 0;
    for (const Excerpt& neighbour : request.neighbours) of_neighbours += bytes_of(neighbour);
    const std::size_t after = request.suffix ? request.suffix->size() : 0;
    const std::size_t own = request.prompt.size() + after;
    if (own + of_neighbours <= bytes) return request;
    const std::size_t part = std::max<std::size_t>(bytes / kParts, 1);
    const std::size_t kept_for_neighbours = std::min(rounded_up(of_neighbours, part), bytes / 2);
    const std::size_t own_room = std::min(rounded_up(own, part), bytes - kept_for_neighbours);
    keep_newest(request.neighbours, bytes - own_room);
    if (own <= own_room) return request;
    const std::size_t before_room = rounded_up(request.prompt.size(), part);
    const std::size_t after_room = std::min(
        rounded_up(after, part), std::max(own_room / kSuffixShare, own_room - std::min(own_room, before_room)));
    if (request.suffix) keep_front(*request.suffix, after_room);
    keep_end(request.prompt, own_room - after_room);
    return request;
}

}  // namespace ec::model::fim
