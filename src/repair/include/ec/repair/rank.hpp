// Ranking of candidates that pass: a passing patch may still be a wrong one, so the order matters. Pure functions.
//
// Survivors that behave alike on generated inputs form a cluster; a cluster weighs as much as its members together
// (agreement, after Chen et al., "CodeT", 2022). Each cluster is shown by its best member: least destructive, most
// natural, smallest.
#pragma once

#include <cstddef>
#include <ec/repair/candidate.hpp>
#include <ec/repair/judge.hpp>
#include <span>
#include <vector>

namespace ec::repair {

struct RankedCandidate {
    Candidate candidate;
    std::size_t cluster = 0;  ///< clusters are numbered from the best
    std::size_t cluster_size = 1;
    double weight = 0;
};

/// Orders `survivors`: first the representatives of the clusters, best cluster first, then the remaining members.
/// `observations` has one entry per survivor plus, last, one of the unchanged program; empty when nothing was observed.
std::vector<RankedCandidate> rank_survivors(std::span<const Candidate> survivors,
                                            std::span<const Observation> observations);

}  // namespace ec::repair
