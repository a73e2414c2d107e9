// OpenAI's apply_patch envelope: "*** Begin Patch", then "*** Add File:", "*** Delete File:", "*** Update File:" with
// "*** Move to:", "@@" and "*** End of File", then "*** End Patch". Bare, in a fence, or as a here-document.
#include <algorithm>
#include <ec/core/text.hpp>

#include "edits/file_text.hpp"
#include "edits/formats.hpp"

namespace ec::agent::edits {
namespace {

constexpr std::string_view kBegin = "*** Begin Patch";
constexpr std::string_view kEnd = "*** End Patch";
constexpr std::string_view kAdd = "*** Add File:";
constexpr std::string_view kDelete = "*** Delete File:";
constexpr std::string_view kUpdate = "*** Update File:";
constexpr std::string_view kMove = "*** Move to:";
constexpr std::string_view kEndOfFile = "*** End of File";

bool is_file_header(std::string_view line) {
    line = trim(line);
    return line.starts_with(kAdd) || line.starts_with(kDelete) || line.starts_with(kUpdate);
}

class PatchReader {
public:
    PatchReader(const Reply& reply, std::size_t begin, std::size_t indent, const EditHints& hints, Reading& out)
        : reply_(reply), at_(begin), indent_(indent), hints_(hints), out_(out) {}

    // Reads to the end of the patch; gives the line behind it.
    std::size_t run() {
        if (trim(line()).starts_with(kBegin)) ++at_;
        while (at_ < reply_.size() && out_.edits.size() <= kMaxEdits) {
            const std::string_view text = trim(line());
            if (text.starts_with(kEnd)) {
                ended_ = true;
                return ++at_;
            }
            if (text.starts_with(kAdd))
                add(text.substr(kAdd.size()));
            else if (text.starts_with(kDelete))
                remove(text.substr(kDelete.size()));
            else if (text.starts_with(kUpdate))
                update(text.substr(kUpdate.size()));
            else if (text.starts_with("*** "))
                unknown(text);
            else if (fence_line(line()).length > 0 || (!text.empty() && out_.edits.size() > first_))
                return at_;
            else
                ++at_;
        }
        return at_;
    }
    [[nodiscard]] bool ended() const { return ended_; }

private:
    [[nodiscard]] std::string_view line() const { return dedented(reply_.line(at_), indent_); }

    FileEdit& begin(FileEdit::Kind kind, std::string_view name) {
        FileEdit edit{.kind = kind, .format = EditFormat::apply_patch, .path = std::string(trim(name))};
        edit.line = static_cast<int>(at_ + 1);
        out_.edits.push_back(std::move(edit));
        ++at_;
        return out_.edits.back();
    }

    // A patch that was cut ends inside its last file.
    void finish(FileEdit& edit) { edit.cut = at_ >= reply_.size() && hints_.cut; }

    void add(std::string_view name) {
        FileEdit& edit = begin(FileEdit::Kind::write, name);
        edit.creates = true;
        for (; at_ < reply_.size() && line().starts_with('+'); ++at_) edit.content.emplace_back(line().substr(1));
        // Some models forget the signs: then the file reaches to the next header.
        if (edit.content.empty())
            for (; at_ < reply_.size() && !line().starts_with("*** ") && fence_line(line()).length == 0; ++at_)
                edit.content.emplace_back(line());
        finish(edit);
    }

    void remove(std::string_view name) { finish(begin(FileEdit::Kind::remove, name)); }

    void unknown(std::string_view text) {
        out_.problems.push_back({EditProblem::Kind::malformed,
                                 {},
                                 static_cast<int>(at_ + 1),
                                 "the patch has a line \"" + ellipsize(to_valid_utf8(text), 80) +
                                     "\"; its parts are *** Add File:, *** Delete File: and *** Update File:"});
        ++at_;
        while (at_ < reply_.size() && !line().starts_with("*** ")) ++at_;
    }

    void update(std::string_view name) {
        FileEdit& edit = begin(FileEdit::Kind::update, name);
        if (at_ < reply_.size() && line().starts_with(kMove)) edit.new_path = trim(line().substr(kMove.size())), ++at_;
        Hunk hunk = new_hunk();
        for (; at_ < reply_.size(); ++at_) {
            const std::string_view text = line();
            if (text.starts_with(kEndOfFile)) {
                hunk.at_end = true;
                keep(edit, hunk);
            } else if (text.starts_with("*** ") || trim(text) == kEnd || fence_line(text).length > 0 ||
                       (text.empty() && is_over())) {
                break;
            } else if (text.starts_with("@@")) {
                if (!hunk.lines.empty()) keep(edit, hunk);
                if (hunk.anchors.empty()) hunk.line = static_cast<int>(at_ + 1);
                put_anchor(hunk, text);
            } else if (!text.empty() && std::string_view(" +-").contains(text.front())) {
                hunk.lines.push_back({text.front(), std::string(text.substr(1))});
            } else {
                hunk.lines.push_back({' ', std::string(text)});
            }
        }
        keep(edit, hunk);
        finish(edit);
        if (edit.hunks.empty() && edit.new_path.empty()) {
            out_.problems.push_back({EditProblem::Kind::malformed, edit.path, edit.line,
                                     "the update of " + edit.path + " holds no changed lines"});
            out_.edits.pop_back();
        }
    }

    // Whether only blank lines are left before the patch ends: they belong to the reply.
    [[nodiscard]] bool is_over() const {
        for (std::size_t i = at_; i < reply_.size(); ++i) {
            const std::string_view text = dedented(reply_.line(i), indent_);
            if (blank(text)) continue;
            return trim(text).starts_with(kEnd) || text.starts_with("*** ");
        }
        return true;
    }

    [[nodiscard]] Hunk new_hunk() const {
        Hunk hunk;
        hunk.adds_final_newline = true;
        hunk.line = static_cast<int>(at_ + 1);
        return hunk;
    }

    void keep(FileEdit& edit, Hunk& hunk) const {
        if (!hunk.lines.empty()) edit.hunks.push_back(std::move(hunk));
        hunk = new_hunk();
    }

    // "@@ def f():" names a line above; "@@ -1,3 +1,4 @@" is a unified diff's and names nothing sure.
    static void put_anchor(Hunk& hunk, std::string_view text) {
        std::string_view anchor = trim(text.substr(2));
        if (anchor.starts_with('-')) return;
        if (anchor.ends_with("@@")) anchor = trim(anchor.substr(0, anchor.size() - 2));
        if (!anchor.empty()) hunk.anchors.emplace_back(anchor);
    }

    const Reply& reply_;
    std::size_t at_;
    std::size_t indent_;
    const EditHints& hints_;
    Reading& out_;
    std::size_t first_ = out_.edits.size();
    bool ended_ = false;
};

}  // namespace

void read_apply_patch(Reply& reply, const EditHints& hints, Reading& out) {
    for (std::size_t i = 0; i < reply.size() && out.edits.size() <= kMaxEdits; ++i) {
        const std::string_view text = trim(reply.line(i));
        // Before a here-document's first line stands its command: cat <<EOF | apply_patch, in the line before.
        if (!text.starts_with(kBegin) && !is_file_header(text)) continue;
        const std::size_t indent = text.starts_with(kBegin) ? indent_of(reply.line(i)).size() : 0;
        PatchReader reader(reply, i, indent, hints, out);
        const std::size_t end = std::max(reader.run(), i + 1);
        reply.take(i, end);
        i = end - 1;
    }
}

}  // namespace ec::agent::edits
