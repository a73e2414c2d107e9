// Finds every place where any of many strings stands in a text, in time linear in the text whatever the strings are:
// the automaton of A. V. Aho and M. J. Corasick, "Efficient string matching", CACM 18(6), 1975.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace ec::agent {

/// Bytes of a text, the end not included.
struct Place {
    std::size_t begin = 0;
    std::size_t end = 0;
    bool operator==(const Place&) const = default;
};

/// Adds a place to disjoint ones in order. It must end no earlier than the last of them; what overlaps becomes one, so
/// there are never more places than bytes.
void join_place(std::vector<Place>& places, Place one);

class StringFinder {
public:
    /// About 20 bytes for each byte of `needle` that no other one begins with. An empty one is nowhere.
    void add(std::string_view needle);
    /// Once, after the last add() and before the first find().
    void finish();
    /// What the strings cover, in order, disjoint.
    [[nodiscard]] std::vector<Place> find(std::string_view text) const;

private:
    using Node = std::uint32_t;  // 0 is the root, and no node in a link
    [[nodiscard]] Node child_of(Node node, unsigned char byte) const;
    [[nodiscard]] Node after(Node node, unsigned char byte) const;

    std::vector<unsigned char> byte_ = {0};
    std::vector<Node> child_ = {0};
    std::vector<Node> sibling_ = {0};
    std::vector<Node> fallback_ = {0};
    std::vector<std::uint32_t> longest_ = {0};  // of the strings that end here
    std::array<Node, 256> first_{};             // children of the root
};

}  // namespace ec::agent
