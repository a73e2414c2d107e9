#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/vcs/patch.hpp>
#include <optional>
#include <set>

namespace ec::vcs {
namespace {

constexpr std::size_t kMostFiles = 10'000;
constexpr std::string_view kHead = "diff --git ";
constexpr std::string_view kNoNewline = "\\ No newline at end of file";

std::unexpected<Error> malformed(std::string_view what) {
    return fail(ErrorCode::corrupt, fmt::format("the patch {}", what));
}

/// A line with its line feed off the front; nothing at the end.
std::optional<std::string_view> take_line(std::string_view& text) {
    if (text.empty()) return std::nullopt;
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end == std::string_view::npos ? text.size() : end + 1);
    text.remove_prefix(line.size());
    return line;
}

std::string_view without_end(std::string_view line) {
    if (line.ends_with('\n')) line.remove_suffix(1);
    return line;
}

/// Git writes a name with unusual bytes as a C string: quotes, and escapes of letters or three octal digits.
Result<std::string> unquoted(std::string_view text) {
    if (!text.starts_with('"')) return std::string(text);
    if (text.size() < 2 || !text.ends_with('"')) return malformed("has a name without its end");
    text = text.substr(1, text.size() - 2);
    constexpr std::string_view kLetters = "abfnrtv\"\\";
    constexpr std::string_view kBytes = "\a\b\f\n\r\t\v\"\\";
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\') {
            out += text[i];
            continue;
        }
        const std::string_view rest = text.substr(i + 1);
        if (rest.empty()) return malformed("has a name without its end");
        if (const std::size_t letter = kLetters.find(rest.front()); letter != std::string_view::npos) {
            out += kBytes[letter];
            ++i;
            continue;
        }
        unsigned byte = 0;
        const auto [end, error] =
            std::from_chars(rest.data(), rest.data() + std::min<std::size_t>(3, rest.size()), byte, 8);
        if (error != std::errc() || end != rest.data() + 3 || byte > 255) return malformed("has a name it cannot have");
        out += static_cast<char>(byte);
        i += 3;
    }
    return out;
}

/// The path in the head of a file that has no other line with it: "a/X b/X", each half perhaps quoted.
Result<std::string> path_of_head(std::string_view names) {
    if (names.size() < 5 || names.size() % 2 == 0) return malformed("has a head that names two files");
    EC_ASSIGN(const std::string old_name, unquoted(names.substr(0, names.size() / 2)));
    EC_ASSIGN(const std::string new_name, unquoted(names.substr(names.size() / 2 + 1)));
    if (!old_name.starts_with("a/") || !new_name.starts_with("b/") || old_name.substr(2) != new_name.substr(2)) {
        return malformed("has a head that names two files");
    }
    return old_name.substr(2);
}

Status check_path(const std::string& path) {
    if (!is_inside_relative(path)) return malformed("leaves the tree");
    for (const std::string_view part : split(path, '/')) {
        std::string lower(part);
        std::ranges::transform(lower, lower.begin(),
                               [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
        if (part.empty() || part == "." || lower == ".git") return malformed("names what is no file of the tree");
    }
    return {};
}

struct Span {
    std::size_t begin = 0;
    std::size_t count = 1;
};

/// "12,3" or "12".
bool read_span(std::string_view& text, Span& span) {
    const auto number = [&](std::size_t& value) {
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc()) return false;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        return true;
    };
    if (!number(span.begin)) return false;
    if (!text.starts_with(',')) return true;
    text.remove_prefix(1);
    return number(span.count);
}

/// Copies a file through the hunks of its patch.
class HunkReader {
public:
    explicit HunkReader(std::string_view before) : rest_(before) {}

    /// `head` is the line "@@ -1,2 +1,3 @@ …"; takes the hunk's lines off `patch`.
    Status apply(std::string_view head, std::string_view& patch) {
        Span from;
        Span to;
        head.remove_prefix(4);
        if (!read_span(head, from) || !head.starts_with(" +")) return malformed("has a hunk without its place");
        head.remove_prefix(2);
        if (!read_span(head, to)) return malformed("has a hunk without its place");
        const std::size_t first = from.count == 0 ? from.begin + 1 : from.begin;
        if (first < line_) return malformed("has hunks out of order");
        while (line_ < first) {
            const auto line = take_line(rest_);
            if (!line) return misfit();
            after_ += *line;
            ++line_;
        }
        while (from.count > 0 || to.count > 0) EC_TRY(apply_line(from.count, to.count, patch));
        return {};
    }

    std::string finish() {
        after_ += rest_;
        return std::move(after_);
    }

private:
    Status apply_line(std::size_t& old_lines, std::size_t& new_lines, std::string_view& patch) {
        const auto whole = take_line(patch);
        if (!whole) return malformed("is cut off");
        std::string line(whole->substr(1));
        if (patch.starts_with(kNoNewline)) {
            take_line(patch);
            if (line.ends_with('\n')) line.pop_back();
        }
        const char kind = whole->front();
        if (kind != ' ' && kind != '-' && kind != '+') return malformed("has a line of no kind");
        if (kind != '+') {
            if (old_lines-- == 0) return malformed("has a hunk that is longer than it says");
            const auto there = take_line(rest_);
            if (!there || *there != line) return misfit();
            ++line_;
        }
        if (kind != '-') {
            if (new_lines-- == 0) return malformed("has a hunk that is longer than it says");
            after_ += line;
        }
        return {};
    }

    static std::unexpected<Error> misfit() {
        return fail(ErrorCode::conflict, "the patch was made from another state of the file");
    }

    std::string_view rest_;
    std::string after_;
    std::size_t line_ = 1;  ///< the next one of `rest_`
};

class PatchReader {
public:
    PatchReader(std::string_view patch, const ReadFile& read, const HasFile& has)
        : patch_(patch), read_(read), has_(has) {}

    Result<std::vector<FileVersion>> run() {
        std::vector<FileVersion> files;
        std::set<std::string> paths;
        while (const auto head = take_line(patch_)) {
            if (!head->starts_with(kHead)) return malformed("does not begin with a file");
            if (files.size() == kMostFiles) return malformed("has too many files");
            EC_ASSIGN(FileVersion file, read_one(without_end(head->substr(kHead.size()))));
            if (!paths.insert(file.path).second) return malformed("has a file twice");
            files.push_back(std::move(file));
        }
        return files;
    }

private:
    bool next_is(std::string_view what) const { return patch_.starts_with(what); }

    Result<FileVersion> read_one(std::string_view names) {
        FileVersion file;
        EC_ASSIGN(file.path, path_of_head(names));
        EC_TRY(check_path(file.path));
        while (!patch_.empty() && !next_is(kHead) && !next_is("@@ ")) {
            const std::string_view line = *take_line(patch_);
            file.created = file.created || line.starts_with("new file mode ");
            file.removed = file.removed || line.starts_with("deleted file mode ");
        }
        if (file.created && has_(file.path)) {
            return fail(ErrorCode::conflict, fmt::format("the patch creates {}, which is there already", file.path));
        }
        if (!file.created) {
            EC_ASSIGN(file.before, read_(file.path));
        }
        HunkReader hunks(file.before);
        while (next_is("@@ ")) {
            const std::string_view head = without_end(*take_line(patch_));
            EC_TRY(hunks.apply(head, patch_));
        }
        file.after = hunks.finish();
        if (file.removed && !file.after.empty()) return malformed("removes a file in part");
        return file;
    }

    std::string_view patch_;
    const ReadFile& read_;
    const HasFile& has_;
};

}  // namespace

Result<std::vector<FileVersion>> read_patch(std::string_view patch, const ReadFile& read, const HasFile& has) {
    EC_ASSIGN(std::vector<FileVersion> files, PatchReader(patch, read, has).run());
    EC_ASSIGN(const std::string again, unified_patch(files));
    if (again != patch) return malformed("is not written as patches are here");
    return files;
}

}  // namespace ec::vcs
