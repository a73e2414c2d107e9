#include <algorithm>
#include <ec/agent/edits.hpp>
#include <ec/core/text.hpp>
#include <string>

#include "edits/apply.hpp"
#include "edits/file_text.hpp"
#include "edits/formats.hpp"

namespace ec::agent {
namespace {

using namespace edits;

constexpr std::size_t kMostProblems = 100;  // that are told; a model acts on the first few

ParsedEdits failed(EditProblem::Kind kind, std::string message) {
    ParsedEdits out;
    out.problems.push_back({kind, {}, 0, std::move(message)});
    return out;
}

bool same(const FileEdit& a, const FileEdit& b) {
    const auto same_lines = [](const Hunk& x, const Hunk& y) {
        return std::ranges::equal(x.lines, y.lines, [](const HunkLine& l, const HunkLine& m) {
            return l.mark == m.mark && l.text == m.text;
        });
    };
    return a.kind == b.kind && a.path == b.path && a.new_path == b.new_path && a.content == b.content &&
           std::ranges::equal(a.hunks, b.hunks, same_lines);
}

ParsedEdits applied(const Reading& reading, const FileSource& files, const EditHints& hints, PathIndex& index) {
    Workspace workspace(files, hints, index);
    ParsedEdits out;
    const std::size_t count = std::min(reading.edits.size(), kMaxEdits);
    for (std::size_t i = 0; i < count; ++i) {
        const FileEdit& edit = reading.edits[i];
        if (std::ranges::find(out.formats, edit.format) == out.formats.end()) out.formats.push_back(edit.format);
        // Models that loop send what they sent before, block by block or as a whole.
        const auto sent = reading.edits.begin() + static_cast<std::ptrdiff_t>(i);
        if (std::any_of(reading.edits.begin(), sent, [&](const FileEdit& earlier) { return same(edit, earlier); })) {
            continue;
        }
        workspace.apply(edit);
    }
    out.changes = workspace.changes();
    out.problems = reading.problems;
    std::ranges::move(workspace.problems(), std::back_inserter(out.problems));
    if (reading.edits.size() > kMaxEdits)
        out.problems.push_back(
            {EditProblem::Kind::too_large,
             {},
             reading.edits[kMaxEdits].line,
             "the answer holds too many edits; the first " + std::to_string(kMaxEdits) + " were read"});
    if (out.changes.empty() && out.problems.empty())
        out.problems.push_back({EditProblem::Kind::no_change, {}, 0, "the edits of the answer undo one another"});
    // They quote replies and files, and go to a model as text.
    for (EditProblem& problem : out.problems) problem.message = to_valid_utf8(problem.message);
    std::ranges::stable_sort(out.problems, {}, &EditProblem::line);
    if (out.problems.size() > kMostProblems) out.problems.resize(kMostProblems);
    return out;
}

}  // namespace

std::string_view name(EditFormat format) {
    switch (format) {
        case EditFormat::whole:
            return "whole";
        case EditFormat::search_replace:
            return "search_replace";
        case EditFormat::unified_diff:
            return "unified_diff";
        case EditFormat::apply_patch:
            return "apply_patch";
    }
    return "whole";
}

ParsedEdits parse_edits(std::string_view text, const FileSource& files, const EditHints& hints) {
    if (text.size() > kMaxReply)
        return failed(EditProblem::Kind::too_large, "the answer is too long to be read; send the edits one by one");
    PathIndex index(files, hints.workspace);
    Reply reply(text);
    Reading reading;
    read_apply_patch(reply, hints, reading);
    read_search_replace(reply, hints, index, reading);
    read_unified_diffs(reply, hints, index, reading);
    read_whole_files(reply, hints, files, index, reading);
    if (reading.edits.empty() && reading.problems.empty()) {
        if (hints.cut)
            return failed(EditProblem::Kind::truncated,
                          "the answer was cut before it came to an edit; answer with the edit alone");
        return failed(EditProblem::Kind::no_edits,
                      "the answer holds no edit; write each file's path and then its whole text in a fence, or "
                      "SEARCH/REPLACE blocks");
    }
    std::ranges::stable_sort(reading.edits, {}, &FileEdit::line);
    return applied(reading, files, hints, index);
}

ParsedEdits replace_text(std::string_view path, std::string_view search, std::string_view replacement,
                         const FileSource& files, const EditHints& hints) {
    if (search.size() + replacement.size() > kMaxReply)
        return failed(EditProblem::Kind::too_large, "the text is too long to be replaced at once");
    FileEdit edit{.kind = FileEdit::Kind::update, .format = EditFormat::search_replace, .path = std::string(path)};
    const std::vector<std::string> old_lines = plain_lines(search);
    const std::vector<std::string> new_lines = plain_lines(replacement);
    Hunk hunk = hunk_of(old_lines, new_lines);
    hunk.part_of_line = true;
    edit.hunks.push_back(std::move(hunk));
    if (std::ranges::all_of(old_lines, blank)) {
        edit.kind = FileEdit::Kind::write;
        edit.creates = true;
        edit.content = new_lines;
    }
    PathIndex index(files, hints.workspace);
    return applied({{edit}, {}}, files, hints, index);
}

ParsedEdits write_text(std::string_view path, std::string_view content, const FileSource& files,
                       const EditHints& hints) {
    if (content.size() > kMaxEditedFile) return failed(EditProblem::Kind::too_large, "the text is too long for a file");
    PathIndex index(files, hints.workspace);
    FileEdit edit{.kind = FileEdit::Kind::write, .format = EditFormat::whole, .path = std::string(path)};
    edit.content = plain_lines(content);
    if (const auto found = index.resolve(path, PathIndex::Meaning::any_file); found && !found->exists)
        edit.final_newline = content.ends_with('\n');
    edit.cut = hints.cut;
    return applied({{edit}, {}}, files, hints, index);
}

}  // namespace ec::agent
