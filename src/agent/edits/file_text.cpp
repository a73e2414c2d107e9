#include "edits/file_text.hpp"

#include <algorithm>
#include <ec/core/text.hpp>

namespace ec::agent::edits {
namespace {

constexpr std::string_view kBom = "\xef\xbb\xbf";
constexpr std::string_view kLf = "\n";
constexpr std::string_view kCrLf = "\r\n";
constexpr std::string_view kBlanks = " \t\r\f\v";

}  // namespace

FileText FileText::parse(std::string_view bytes) {
    FileText file;
    if (bytes.starts_with(kBom)) {
        file.bom = true;
        bytes.remove_prefix(kBom.size());
    }
    while (!bytes.empty()) {
        const std::size_t end = bytes.find('\n');
        std::string_view line = bytes.substr(0, end);
        std::string_view eol = end == std::string_view::npos ? std::string_view{} : kLf;
        bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
        if (!eol.empty() && line.ends_with('\r')) {
            line.remove_suffix(1);
            eol = kCrLf;
        }
        file.lines.push_back({std::string(line), eol});
    }
    return file;
}

std::string FileText::bytes() const {
    std::string out(bom ? kBom : std::string_view{});
    for (const TextLine& line : lines) {
        out += line.text;
        out += line.eol;
    }
    return out;
}

std::string_view FileText::usual_eol() const {
    const auto with_cr = std::ranges::count_if(lines, [](const TextLine& line) { return line.eol == kCrLf; });
    const auto with_lf = std::ranges::count_if(lines, [](const TextLine& line) { return line.eol == kLf; });
    return with_cr > with_lf ? kCrLf : kLf;
}

bool FileText::ends_with_newline() const { return lines.empty() || !lines.back().eol.empty(); }

void FileText::set_final_newline(bool present) {
    if (lines.empty()) return;
    const std::string_view usual = usual_eol();
    for (TextLine& line : lines)
        if (line.eol.empty()) line.eol = usual;
    if (!present) lines.back().eol = {};
}

std::vector<std::string> plain_lines(std::string_view text) {
    std::vector<std::string> out;
    for (std::string_view line : split_lines(text)) {
        if (line.ends_with('\r')) line.remove_suffix(1);
        out.emplace_back(line);
    }
    return out;
}

std::string in_the_manner_of(std::string_view before, const std::vector<std::string>& lines) {
    const FileText old = FileText::parse(before);
    FileText out;
    out.bom = old.bom;
    for (const std::string& line : lines) out.lines.push_back({line, old.usual_eol()});
    if (out.bom && !lines.empty() && out.lines.front().text.starts_with(kBom)) out.bom = false;
    out.set_final_newline(old.ends_with_newline());
    return out.bytes();
}

bool blank(std::string_view line) { return line.find_first_not_of(kBlanks) == std::string_view::npos; }

std::string_view indent_of(std::string_view line) {
    return line.substr(0, std::min(line.find_first_not_of(" \t"), line.size()));
}

std::string_view without_trailing_space(std::string_view line) {
    const std::size_t last = line.find_last_not_of(kBlanks);
    return last == std::string_view::npos ? std::string_view{} : line.substr(0, last + 1);
}

}  // namespace ec::agent::edits
