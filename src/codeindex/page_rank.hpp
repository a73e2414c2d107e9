// Personalised PageRank over a weighted graph (Page, Brin, Motwani, Winograd 1999, sections 2.1 and 6).
#pragma once

#include <cstdint>
#include <vector>

namespace ec::codeindex {

struct Edge {
    std::uint32_t from = 0;
    std::uint32_t to = 0;
    std::uint32_t name = 0;  ///< what the edge stands for
    double weight = 0;
};

/// Ranks of `preference.size()` nodes, summing to 1. `preference` is where the walk jumps to (it need not sum to 1; all
/// zero means everywhere alike); rank of nodes without edges jumps too. Damping 0.85, until the change is below 1e-10
/// or 100 rounds. The order of `edges` decides the rounding: sort them for equal bytes.
std::vector<double> page_rank(const std::vector<Edge>& edges, std::vector<double> preference);

}  // namespace ec::codeindex
