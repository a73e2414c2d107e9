// Whole files in fences. The name stands in the info string, in the line before, in a first comment line, or it is the
// one file of the task.
#include <algorithm>
#include <ec/core/text.hpp>
#include <set>

#include "edits/definitions.hpp"
#include "edits/file_text.hpp"
#include "edits/formats.hpp"

namespace ec::agent::edits {
namespace {

using Lines = std::vector<std::string>;

// Fences that show a command or its output, never a file, when nothing names them.
bool shows_a_session(std::string_view info) {
    constexpr std::string_view kSessions[] = {"bash", "sh",        "shell",     "console", "zsh",   "text",
                                              "txt",  "plaintext", "output",    "diff",    "patch", "json",
                                              "log",  "terminal",  "traceback", "pycon"};
    const std::string_view language = info.substr(0, info.find_first_of(" \t:{"));
    return std::ranges::find(kSessions, language) != std::end(kSessions);
}

// "# src/a.py", "// src/a.js", "/* a.css */", "<!-- a.html -->" as the first line. The name, or empty.
std::string name_in_comment(std::string_view line) {
    line = trim(line);
    for (const auto& [open, close] : {std::pair<std::string_view, std::string_view>{"/*", "*/"},
                                      {"<!--", "-->"},
                                      {"//", ""},
                                      {"#", ""},
                                      {"--", ""},
                                      {";", ""}}) {
        if (!line.starts_with(open) || !line.ends_with(close) || line.size() < open.size() + close.size()) continue;
        line = trim(line.substr(open.size(), line.size() - open.size() - close.size()));
        const std::string name = bare_name(line);
        return looks_like_path(name) ? name : std::string();
    }
    return {};
}

bool has_taken_line(const Reply& reply, const Fence& fence) {
    for (std::size_t i = fence.begin; i < fence.end; ++i)
        if (reply.taken(i)) return true;
    return false;
}

struct Named {
    std::string name;
    bool in_comment = false;
};

Named name_of(const Reply& reply, const Fence& fence, const Lines& body, const PathIndex& index) {
    if (std::string name = name_in_info(fence.info); !name.empty()) return {name};
    const std::string comment = name_in_comment(body.front());
    const bool known = !comment.empty() && [&] {
        const auto found = index.resolve(comment, PathIndex::Meaning::any_file);
        return found && found->exists;
    }();
    if (known) return {comment, true};
    if (std::string name = name_before(reply, fence.begin, index); !name.empty()) return {name};
    return {comment, true};
}

FileEdit edit_of(const Fence& fence, Lines body, const std::string& name, const EditHints& hints) {
    FileEdit edit{.kind = FileEdit::Kind::write, .format = EditFormat::whole};
    edit.line = static_cast<int>(fence.begin + 1);
    edit.path = name;
    edit.cut = !fence.closed && (hints.cut || unbalanced(body, name.empty() ? hints.only_file : name));
    edit.content = std::move(body);
    return edit;
}

// Of several fences without a name the one that defines most of what the file defines; the longest of equals.
std::size_t best_of(const std::vector<FileEdit>& fences, std::string_view before) {
    const std::set<std::string> wanted = defined_names(plain_lines(before));
    std::size_t best = 0;
    std::pair<std::size_t, std::size_t> best_score{0, 0};
    for (std::size_t i = 0; i < fences.size(); ++i) {
        std::pair<std::size_t, std::size_t> score{0, fences[i].content.size()};
        for (const std::string& name : defined_names(fences[i].content)) score.first += wanted.contains(name);
        if (score > best_score) best = i, best_score = score;
    }
    return best;
}

// A reply that is nothing but code: at least half of the file's lines are in it.
bool is_bare_file(const Reply& reply, std::string_view before) {
    std::set<std::string_view> lines;
    for (std::size_t i = 0; i < reply.size(); ++i) lines.insert(without_trailing_space(reply.line(i)));
    std::size_t total = 0;
    std::size_t kept = 0;
    for (const std::string& line : plain_lines(before)) {
        if (blank(line)) continue;
        ++total;
        kept += lines.contains(without_trailing_space(line));
    }
    return total > 0 && kept * 2 >= total;
}

void read_bare_reply(Reply& reply, const EditHints& hints, std::string_view before, Reading& out) {
    if (reply.size() == 0 || !is_bare_file(reply, before)) return;
    FileEdit edit{.kind = FileEdit::Kind::write, .format = EditFormat::whole, .path = hints.only_file};
    for (std::size_t i = 0; i < reply.size(); ++i) edit.content.emplace_back(reply.line(i));
    edit.cut = hints.cut;
    edit.line = 1;
    out.edits.push_back(std::move(edit));
    reply.take(0, reply.size());
}

bool names_edited_file(const std::vector<FileEdit>& edits, const std::string& path, const PathIndex& index) {
    const auto wanted = index.resolve(path, PathIndex::Meaning::any_file);
    return wanted && std::ranges::any_of(edits, [&](const FileEdit& edit) {
               if (edit.path.empty()) return false;
               const auto found = index.resolve(edit.path, PathIndex::Meaning::any_file);
               return found && found->path == wanted->path;
           });
}

}  // namespace

void read_whole_files(Reply& reply, const EditHints& hints, const FileSource& files, const PathIndex& index,
                      Reading& out) {
    const std::size_t edited_otherwise = out.edits.size() + out.problems.size();
    const std::vector<FileEdit> others = out.edits;
    std::vector<FileEdit> unnamed;
    const std::vector<Fence> fences = fences_of(reply);
    for (const Fence& fence : fences) {
        if (out.edits.size() > kMaxEdits) break;
        Lines body = body_of(reply, fence);
        if (has_taken_line(reply, fence) || std::ranges::all_of(body, blank)) continue;
        const Named named = name_of(reply, fence, body, index);
        FileEdit edit = edit_of(fence, std::move(body), named.name, hints);
        if (named.in_comment && !named.name.empty()) edit.name_line = true;
        if (named.name.empty()) {
            if (!shows_a_session(fence.info)) unnamed.push_back(std::move(edit));
        } else if (!(shows_a_session(fence.info) && name_in_info(fence.info).empty() && !looks_like_path(named.name)) &&
                   !names_edited_file(others, named.name, index)) {
            out.edits.push_back(std::move(edit));
        }
        reply.take(fence.begin, fence.end);
    }
    if (hints.only_file.empty() || out.edits.size() + out.problems.size() > edited_otherwise || edited_otherwise > 0)
        return;
    const std::string before = files.read(hints.only_file).value_or("");
    if (!unnamed.empty()) {
        FileEdit& best = unnamed[best_of(unnamed, before)];
        best.path = hints.only_file;
        out.edits.push_back(std::move(best));
    } else if (hints.bare_code && fences.empty()) {
        read_bare_reply(reply, hints, before, out);
    }
}

}  // namespace ec::agent::edits
