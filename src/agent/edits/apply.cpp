#include "edits/apply.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/core/text.hpp>

#include "edits/apply_hunk.hpp"
#include "edits/definitions.hpp"
#include "edits/file_text.hpp"

namespace ec::agent::edits {
namespace {

std::string_view block_name(EditFormat format) {
    return format == EditFormat::search_replace ? "SEARCH block" : "hunk";
}

bool only_adds(const FileEdit& edit) {
    return !edit.hunks.empty() && std::ranges::all_of(edit.hunks, [](const Hunk& hunk) {
        return std::ranges::all_of(hunk.lines, [](const HunkLine& line) { return line.mark == '+'; });
    });
}

// The functions that a rewritten file has lost, when they are so many that the model has more likely left them out.
std::vector<std::string> dropped(const std::string& before, const std::string& after) {
    const std::set<std::string> old_names = defined_names(plain_lines(before));
    const std::set<std::string> new_names = defined_names(plain_lines(after));
    std::vector<std::string> lost;
    std::ranges::set_difference(old_names, new_names, std::back_inserter(lost));
    const bool fewer = new_names.size() < old_names.size();
    if (!fewer || old_names.size() < 2 || lost.size() * 3 <= old_names.size()) return {};
    return lost;
}

std::size_t margin(const std::vector<std::string>& lines) {
    std::size_t least = std::string::npos;
    for (const std::string& line : lines)
        if (!blank(line)) least = std::min(least, indent_of(line).size());
    return least == std::string::npos ? 0 : least;
}

// A whole file that stands to the right of its margin, as code in a list or in a quotation does, is moved there.
void take_to_margin(std::vector<std::string>& lines, const std::vector<std::string>& old) {
    const std::size_t extra = margin(lines);
    if (extra == 0 || margin(old) != 0 || std::ranges::all_of(old, blank)) return;
    for (std::string& line : lines) line.erase(0, blank(line) ? line.size() : extra);
}

std::string some_of(const std::vector<std::string>& names) {
    std::vector<std::string> shown(names.begin(),
                                   names.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(names.size(), 5)));
    return join(shown, ", ") +
           (names.size() > shown.size() ? fmt::format(" and {} more", names.size() - shown.size()) : "");
}

}  // namespace

Workspace::Workspace(const FileSource& files, const EditHints& hints, PathIndex& index)
    : files_(files), hints_(hints), index_(index) {}

Workspace::State& Workspace::state(const std::string& path) {
    const auto [place, added] = states_.try_emplace(path);
    if (added) {
        place->second.original = files_.read(path);
        place->second.now = place->second.original;
        order_.push_back(path);
    }
    return place->second;
}

void Workspace::problem(EditProblem::Kind kind, const FileEdit& edit, std::string path, std::string message) {
    problems_.push_back({kind, std::move(path), edit.line, std::move(message)});
}

std::optional<std::string> Workspace::resolve(const FileEdit& edit) {
    const std::string& written = edit.path.empty() ? hints_.only_file : edit.path;
    if (written.empty()) {
        problem(EditProblem::Kind::bad_path, edit, {},
                "the edit names no file; write the file's path on the line before it");
        return {};
    }
    const auto meaning = edit.creates ? PathIndex::Meaning::new_file : PathIndex::Meaning::any_file;
    auto found = index_.resolve(written, meaning);
    if (!edit.other_path.empty() && !(found && found->exists))
        if (auto other = index_.resolve(edit.other_path, meaning); other && other->exists) found = std::move(other);
    if (!found) {
        problem(found.error().kind, edit, written, std::move(found.error().message));
        return {};
    }
    if (!found->exists &&
        (edit.kind == FileEdit::Kind::remove || (edit.kind == FileEdit::Kind::update && !only_adds(edit)))) {
        problem(EditProblem::Kind::no_file, edit, found->path,
                fmt::format("there is no file {}; give the path of an existing file, or the whole text of a new one",
                            found->path));
        return {};
    }
    return found->path;
}

void Workspace::apply(const FileEdit& edit) {
    const std::optional<std::string> path = resolve(edit);
    if (!path) return;
    if (edit.cut) {
        problem(EditProblem::Kind::truncated, edit, *path,
                fmt::format("the answer was cut before the edit of {} was complete; send it again, shorter if you can",
                            *path));
        return;
    }
    const std::optional<std::string>& now = state(*path).now;
    if (now && now->size() > kMaxEditedFile) {
        problem(EditProblem::Kind::too_large, edit, *path, fmt::format("{} is too large to edit here", *path));
    } else if (now && now->contains('\0')) {
        problem(EditProblem::Kind::binary, edit, *path, fmt::format("{} is not a text file", *path));
    } else if (edit.kind == FileEdit::Kind::remove) {
        state(*path).now.reset();
        index_.remove(*path);
    } else if (!now && edit.kind == FileEdit::Kind::update && !only_adds(edit)) {
        problem(
            EditProblem::Kind::no_file, edit, *path,
            fmt::format("{} has its name only since an earlier edit of this answer; edit it under the old one", *path));
    } else if (edit.kind == FileEdit::Kind::write || !now) {
        write(edit, *path);
    } else {
        update(edit, *path);
    }
}

// Puts the new text of a file in place unless it is no change or has placeholders.
void Workspace::set(const FileEdit& edit, const std::string& path, std::string text) {
    State& file = state(path);
    const std::string before = file.now.value_or("");
    const bool moves = !edit.new_path.empty() && edit.kind == FileEdit::Kind::update && file.original;
    if (file.now && text == before && !moves) {
        problem(EditProblem::Kind::no_change, edit, path, fmt::format("the edit leaves {} as it was", path));
        return;
    }
    if (text.size() > kMaxEditedFile) {
        problem(EditProblem::Kind::too_large, edit, path, fmt::format("{} would become too large", path));
        return;
    }
    if (const auto placeholder = elided(before, text, path)) {
        problem(EditProblem::Kind::elided, edit, path, fmt::format("{}: {}", path, *placeholder));
        return;
    }
    if (!file.now) index_.add(path);
    file.now = std::move(text);
    if (moves) move(edit, path);
}

void Workspace::write(const FileEdit& edit, const std::string& path) {
    const std::string before = state(path).now.value_or("");
    if (edit.format == EditFormat::search_replace && !std::ranges::all_of(plain_lines(before), blank)) {
        problem(
            EditProblem::Kind::malformed, edit, path,
            fmt::format("the SEARCH block is empty, but {} exists; quote the lines that the new ones replace or follow",
                        path));
        return;
    }
    std::vector<std::string> lines = edit.content;
    if (edit.kind == FileEdit::Kind::update)
        for (const Hunk& hunk : edit.hunks)
            for (const HunkLine& line : hunk.lines) lines.push_back(line.text);
    const std::vector<std::string> old = plain_lines(before);
    if (edit.name_line && !lines.empty() && (old.empty() || old.front() != lines.front())) lines.erase(lines.begin());
    if (edit.format == EditFormat::whole) take_to_margin(lines, old);
    std::string text = in_the_manner_of(before, lines);
    if (edit.final_newline) {
        FileText file = FileText::parse(text);
        file.set_final_newline(*edit.final_newline);
        text = file.bytes();
    }
    if (edit.format == EditFormat::whole && !hints_.removal_asked)
        if (const auto lost = dropped(before, text); !lost.empty()) {
            problem(EditProblem::Kind::drops_code, edit, path,
                    fmt::format(
                        "the new {} leaves out {}; write the whole file, or only what changes as SEARCH/REPLACE blocks",
                        path, some_of(lost)));
            return;
        }
    set(edit, path, std::move(text));
}

void Workspace::update(const FileEdit& edit, const std::string& path) {
    FileText file = FileText::parse(*state(path).now);
    HunkCursor cursor{.pairs = &pairs_};
    bool failed = false;
    for (const Hunk& hunk : edit.hunks) {
        const auto failure = apply_hunk(file, hunk, cursor);
        if (!failure) continue;
        failed = true;
        problems_.push_back({failure->kind, path, hunk.line,
                             fmt::format("the {} of {} at line {} of the answer {}", block_name(edit.format), path,
                                         hunk.line, failure->message)});
    }
    if (!failed) set(edit, path, file.bytes());
}

void Workspace::move(const FileEdit& edit, const std::string& path) {
    auto target = index_.resolve(edit.new_path, PathIndex::Meaning::new_file);
    if (!target) {
        problem(target.error().kind, edit, edit.new_path, std::move(target.error().message));
        return;
    }
    if (target->path == path) return;
    if (std::ranges::any_of(states_, [&](const auto& other) { return other.second.moved_to == target->path; })) {
        problem(EditProblem::Kind::malformed, edit, path, fmt::format("two files are moved to {}", target->path));
        return;
    }
    state(path).moved_to = target->path;
    index_.remove(path);
    index_.add(target->path);
}

std::vector<FileChange> Workspace::changes() const {
    std::vector<FileChange> out;
    for (const std::string& path : order_) {
        const State& file = states_.at(path);
        FileChange change{FileChange::Kind::modify, path, file.moved_to, file.original.value_or(""),
                          file.now.value_or("")};
        if (!file.moved_to.empty() && file.original && file.now)
            change.kind = FileChange::Kind::rename;
        else if (file.original == file.now)
            continue;
        else if (!file.original)
            change.kind = FileChange::Kind::create;
        else if (!file.now)
            change.kind = FileChange::Kind::remove;
        out.push_back(std::move(change));
    }
    return out;
}

}  // namespace ec::agent::edits
