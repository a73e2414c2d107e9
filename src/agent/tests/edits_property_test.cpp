// Any file and any edit, written in each format and read back, gives exactly the edited file; also when the quoted
// lines have drifted in white space.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <ec/core/rng.hpp>
#include <functional>

#include "memory_files.hpp"

namespace ec::agent {
namespace {

using Lines = std::vector<std::string>;

struct File {
    bool bom = false;
    std::string eol = "\n";
    bool final_newline = true;
    Lines lines;

    [[nodiscard]] std::string bytes() const {
        std::string out = bom ? "\xef\xbb\xbf" : "";
        for (std::size_t i = 0; i < lines.size(); ++i)
            out += lines[i] + (i + 1 < lines.size() || final_newline ? eol : "");
        return out;
    }
};

// A file for a seed, over so few lines that they repeat, and an edit of one region.
class Edits {
public:
    explicit Edits(std::uint64_t seed) : rng_(seed) {
        before.bom = rng_.below(4) == 0;
        before.eol = rng_.below(3) == 0 ? "\r\n" : "\n";
        before.final_newline = rng_.below(4) != 0;
        for (std::uint64_t n = 1 + rng_.below(40); n > 0; --n) before.lines.push_back(line());
        before.lines.push_back("last " + std::to_string(rng_.below(1000)));
        begin = rng_.below(before.lines.size());
        end = begin + rng_.below(std::min<std::size_t>(6, before.lines.size() - begin) + 1);
        for (std::uint64_t n = rng_.below(6); n > 0; --n)
            fresh.push_back(line() + (rng_.below(2) == 0 ? "" : "# changed"));
        after = before;
        after.lines.erase(at(begin), at(end));
        after.lines.insert(after.lines.begin() + static_cast<std::ptrdiff_t>(begin), fresh.begin(), fresh.end());
    }

    // Widens the region until its lines stand only once in the file.
    template <class Form>
    void make_unique(Form form) {
        while (begin == end || count(form) != 1 || blank_region()) {
            RC_PRE(begin > 0 || end < before.lines.size());
            if (begin > 0) fresh.insert(fresh.begin(), before.lines[--begin]);
            if (end < before.lines.size()) fresh.push_back(before.lines[end++]);
        }
    }
    [[nodiscard]] Lines old() const {
        return {before.lines.begin() + static_cast<std::ptrdiff_t>(begin),
                before.lines.begin() + static_cast<std::ptrdiff_t>(end)};
    }

    File before;
    File after;
    std::size_t begin = 0;
    std::size_t end = 0;
    Lines fresh;

private:
    Lines::iterator at(std::size_t line) { return after.lines.begin() + static_cast<std::ptrdiff_t>(line); }
    std::string line() {
        static constexpr const char* kLines[] = {
            "", "x = 1", "return x", "if x:", "}", "a, b = b, a", "call(x, \"y\")", "\u00fcber = 'z'"};
        std::string text = kLines[rng_.below(std::size(kLines))];
        if (!text.empty()) text.insert(0, 4 * rng_.below(4), ' ');
        if (!text.empty() && rng_.below(2) == 0) text += " # " + std::to_string(rng_.below(50));
        return text;
    }
    template <class Form>
    std::size_t count(Form form) const {
        std::size_t found = 0;
        for (std::size_t i = 0; i + (end - begin) <= before.lines.size(); ++i) {
            bool same = true;
            for (std::size_t k = 0; same && k < end - begin; ++k)
                same = form(before.lines[i + k]) == form(before.lines[begin + k]);
            found += same ? 1 : 0;
        }
        return found;
    }
    [[nodiscard]] bool blank_region() const {
        return std::ranges::all_of(
            old(), [](const std::string& text) { return text.find_first_not_of(' ') == std::string::npos; });
    }

    ec::Rng rng_;
};

std::string exactly(const std::string& line) { return line; }
std::string trimmed(const std::string& line) {
    const std::size_t first = line.find_first_not_of(' ');
    return first == std::string::npos ? "" : line.substr(first);
}

std::string joined(const Lines& lines, const std::string& mark = "") {
    std::string out;
    for (const std::string& line : lines) out += mark + line + "\n";
    return out;
}

void expect(const Edits& edits, const std::string& reply) {
    const MemoryFiles files{{"a.py", edits.before.bytes()}};
    const ParsedEdits parsed = parse_edits(reply, files, {.removal_asked = true});
    if (edits.after.bytes() == edits.before.bytes()) {
        RC_ASSERT(parsed.changes.empty());
        return;
    }
    if (only_text(parsed) != edits.after.bytes())
        RC_LOG() << "BEFORE\n" << edits.before.bytes() << "\nREPLY\n" << reply;
    RC_ASSERT(only_text(parsed) == edits.after.bytes());
}

std::string block(const Lines& search, const Lines& replacement) {
    return "a.py\n<<<<<<< SEARCH\n" + joined(search) + "=======\n" + joined(replacement) + ">>>>>>> REPLACE\n";
}

void holds(const std::string& what, const std::function<void(Edits&)>& property) {
    EXPECT_TRUE(rc::check(what, [&](std::uint64_t seed) {
        Edits edits(seed);
        property(edits);
    }));
}

TEST(EditProperties, WholeFilesComeBackExactly) {
    holds("whole", [](Edits& edits) {
        // An empty fence says nothing.
        RC_PRE(!std::ranges::all_of(edits.after.lines, [](const std::string& line) { return line.empty(); }));
        // Nor does it matter where a file stands that is indented as a whole: it is taken to its margin.
        RC_PRE(std::ranges::any_of(edits.after.lines, [](const std::string& line) {
            return !line.empty() && line[0] != ' ' && line[0] != '\t';
        }));
        expect(edits, "a.py\n```python\n" + joined(edits.after.lines) + "```\n");
    });
}

TEST(EditProperties, BlocksComeBackExactly) {
    holds("blocks", [](Edits& edits) {
        edits.make_unique(exactly);
        expect(edits, block(edits.old(), edits.fresh));
    });
}

TEST(EditProperties, BlocksComeBackWhenTrailingSpaceDrifts) {
    holds("trailing", [](Edits& edits) {
        edits.make_unique(trimmed);
        Lines search = edits.old();
        for (std::size_t i = 0; i < search.size(); i += 2) search[i] += "  \t";
        Lines replacement = edits.fresh;
        expect(edits, block(search, replacement));
    });
}

TEST(EditProperties, BlocksComeBackWhenTheIndentationIsShifted) {
    holds("shifted", [](Edits& edits) {
        edits.make_unique(trimmed);
        const auto shifted = [](Lines lines) {
            for (std::string& line : lines)
                if (!line.empty()) line.insert(0, 8, ' ');
            return lines;
        };
        expect(edits, block(shifted(edits.old()), shifted(edits.fresh)));
    });
}

TEST(EditProperties, BlocksComeBackWhenTabsStandForSpaces) {
    holds("tabs", [](Edits& edits) {
        edits.make_unique(trimmed);
        // Without an indented line among the quoted ones nothing says how wide a tab is.
        RC_PRE(std::ranges::any_of(edits.old(), [](const std::string& line) { return line.starts_with(' '); }));
        const auto tabbed = [](Lines lines) {
            for (std::string& line : lines) {
                const std::size_t indent = line.find_first_not_of(' ');
                if (indent != std::string::npos) line = std::string(indent / 4, '\t') + line.substr(indent);
            }
            return lines;
        };
        expect(edits, block(tabbed(edits.old()), tabbed(edits.fresh)));
    });
}

std::string diff_of(const Edits& edits, bool numbers) {
    const Lines& lines = edits.before.lines;
    const std::size_t first = edits.begin < 3 ? 0 : edits.begin - 3;
    const std::size_t last = std::min(edits.end + 3, lines.size());
    const bool at_end = last == lines.size();
    const std::string no_newline = at_end && !edits.before.final_newline ? "\\ No newline at end of file\n" : "";
    const auto part = [&](std::size_t from, std::size_t to, const std::string& mark) {
        return joined(
            {lines.begin() + static_cast<std::ptrdiff_t>(from), lines.begin() + static_cast<std::ptrdiff_t>(to)}, mark);
    };
    std::string out = "--- a/a.py\n+++ b/a.py\n";
    const std::size_t removed = last - first;
    const std::size_t added = removed - (edits.end - edits.begin) + edits.fresh.size();
    out += numbers ? "@@ -" + std::to_string(first + 1) + "," + std::to_string(removed) + " +" +
                         std::to_string(first + 1) + "," + std::to_string(added) + " @@\n"
                   : "@@ @@\n";
    out += part(first, edits.begin, " ") + part(edits.begin, edits.end, "-");
    if (edits.end == lines.size() && edits.end > edits.begin) out += no_newline;
    out += joined(edits.fresh, "+");
    if (edits.end == lines.size() && !edits.fresh.empty()) out += no_newline;
    out += part(edits.end, last, " ");
    if (edits.end < last) out += no_newline;
    return out;
}

TEST(EditProperties, UnifiedDiffsComeBackExactly) {
    holds("diffs", [](Edits& edits) {
        RC_PRE(edits.begin < edits.end || edits.end < edits.before.lines.size());
        RC_PRE(!edits.after.lines.empty());
        // A line that loses its newline is a changed line to diff: not what this writes.
        if (edits.fresh.empty()) edits.before.final_newline = edits.after.final_newline = true;
        expect(edits, "```diff\n" + diff_of(edits, true) + "```\n");
        expect(edits, diff_of(edits, true));
    });
}

TEST(EditProperties, UnifiedDiffsWithoutNumbersComeBackWhenTheirLinesAreUnique) {
    holds("loose diffs", [](Edits& edits) {
        edits.make_unique(exactly);
        RC_PRE(!edits.after.lines.empty());
        if (edits.fresh.empty()) edits.before.final_newline = edits.after.final_newline = true;
        expect(edits, "```diff\n" + diff_of(edits, false) + "```\n");
    });
}

TEST(EditProperties, PatchesComeBackExactly) {
    holds("patches", [](Edits& edits) {
        edits.make_unique(exactly);
        edits.before.final_newline = edits.after.final_newline = true;
        expect(edits, "*** Begin Patch\n*** Update File: a.py\n@@\n" + joined(edits.old(), "-") +
                          joined(edits.fresh, "+") + "*** End Patch\n");
    });
}

TEST(EditProperties, NoReplyChangesAFileOutsideOrCrashes) {
    EXPECT_TRUE(rc::check("hostile", [](const std::string& noise, std::uint64_t seed) {
        ec::Rng rng(seed);
        static constexpr const char* kPieces[] = {"<<<<<<< SEARCH\n",
                                                  "=======\n",
                                                  ">>>>>>> REPLACE\n",
                                                  "```\n",
                                                  "```diff\n",
                                                  "a.py\n",
                                                  "../b\n",
                                                  "--- a/a.py\n+++ b/../x\n",
                                                  "@@ -1 +1 @@\n",
                                                  "-x\n",
                                                  "+y\n",
                                                  "*** Begin Patch\n",
                                                  "*** Update File: .git/config\n",
                                                  "*** Move to: /etc/x\n",
                                                  "*** End Patch\n",
                                                  "x\n",
                                                  "  y\n",
                                                  "~~~~\n"};
        std::string reply;
        for (std::uint64_t n = rng.below(20); n > 0; --n)
            reply += kPieces[rng.below(std::size(kPieces))] + (rng.below(6) == 0 ? noise : std::string());
        const ParsedEdits parsed = parse_edits(reply, MemoryFiles{{"a.py", "x\n  y\nx\n"}}, {.only_file = "a.py"});
        for (const FileChange& change : parsed.changes)
            for (const std::string& path : {change.path, change.new_path}) {
                RC_ASSERT(!path.starts_with('/') && !path.starts_with(".git"));
                RC_ASSERT(path.find("..") == std::string::npos || noise.find("..") != std::string::npos);
            }
        RC_ASSERT(!parsed.changes.empty() || !parsed.problems.empty());
    }));
}

}  // namespace
}  // namespace ec::agent
