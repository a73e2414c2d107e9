#include <algorithm>
#include <cstdint>

#include "edits/file_edit.hpp"

namespace ec::agent::edits {
namespace {

using Lines = std::vector<std::string>;

constexpr std::size_t kMostCells = 250'000;

void put(Hunk& hunk, char mark, const Lines& lines, std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) hunk.lines.push_back({mark, lines[i]});
}

// The longest common subsequence of the two middles, by the textbook table.
void put_middle(Hunk& hunk, const Lines& a, const Lines& b, std::size_t head, std::size_t tail) {
    const std::size_t rows = a.size() - head - tail;
    const std::size_t columns = b.size() - head - tail;
    if (rows == 0 || columns == 0 || rows > kMostCells / columns) {
        put(hunk, '-', a, head, head + rows);
        put(hunk, '+', b, head, head + columns);
        return;
    }
    const std::size_t width = columns + 1;
    std::vector<std::uint32_t> longest((rows + 1) * width, 0);
    for (std::size_t i = rows; i-- > 0;)
        for (std::size_t j = columns; j-- > 0;)
            longest[i * width + j] = a[head + i] == b[head + j]
                                         ? longest[(i + 1) * width + j + 1] + 1
                                         : std::max(longest[(i + 1) * width + j], longest[i * width + j + 1]);
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < rows && j < columns) {
        if (a[head + i] == b[head + j])
            hunk.lines.push_back({' ', a[head + i]}), ++i, ++j;
        else if (longest[(i + 1) * width + j] >= longest[i * width + j + 1])
            hunk.lines.push_back({'-', a[head + i++]});
        else
            hunk.lines.push_back({'+', b[head + j++]});
    }
    put(hunk, '-', a, head + i, head + rows);
    put(hunk, '+', b, head + j, head + columns);
}

}  // namespace

Hunk hunk_of(const Lines& search, const Lines& replacement) {
    Hunk hunk;
    const std::size_t shorter = std::min(search.size(), replacement.size());
    std::size_t head = 0;
    while (head < shorter && search[head] == replacement[head]) ++head;
    std::size_t tail = 0;
    while (tail < shorter - head && search[search.size() - 1 - tail] == replacement[replacement.size() - 1 - tail])
        ++tail;
    put(hunk, ' ', search, 0, head);
    put_middle(hunk, search, replacement, head, tail);
    put(hunk, ' ', search, search.size() - tail, search.size());
    return hunk;
}

}  // namespace ec::agent::edits
