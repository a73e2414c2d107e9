#include "string_finder.hpp"

#include <algorithm>

namespace ec::agent {

void join_place(std::vector<Place>& places, Place one) {
    while (!places.empty() && places.back().end > one.begin) {
        one.begin = std::min(one.begin, places.back().begin);
        one.end = std::max(one.end, places.back().end);
        places.pop_back();
    }
    places.push_back(one);
}

StringFinder::Node StringFinder::child_of(Node node, unsigned char byte) const {
    if (node == 0) return first_[byte];
    Node child = child_[node];
    while (child != 0 && byte_[child] != byte) child = sibling_[child];
    return child;
}

StringFinder::Node StringFinder::after(Node node, unsigned char byte) const {
    while (node != 0) {
        if (const Node child = child_of(node, byte)) return child;
        node = fallback_[node];
    }
    return first_[byte];
}

void StringFinder::add(std::string_view needle) {
    if (needle.empty()) return;
    Node node = 0;
    for (const char c : needle) {
        const auto byte = static_cast<unsigned char>(c);
        Node next = child_of(node, byte);
        if (next == 0) {
            next = static_cast<Node>(byte_.size());
            byte_.push_back(byte);
            child_.push_back(0);
            sibling_.push_back(child_[node]);
            fallback_.push_back(0);
            longest_.push_back(0);
            child_[node] = next;
            if (node == 0) first_[byte] = next;
        }
        node = next;
    }
    longest_[node] = static_cast<std::uint32_t>(needle.size());
}

void StringFinder::finish() {
    // Level by level, since a node falls back to one nearer to the root.
    std::vector<Node> level = {0};
    while (!level.empty()) {
        std::vector<Node> next;
        for (const Node node : level) {
            for (Node child = child_[node]; child != 0; child = sibling_[child]) {
                fallback_[child] = node == 0 ? 0 : after(fallback_[node], byte_[child]);
                longest_[child] = std::max(longest_[child], longest_[fallback_[child]]);
                next.push_back(child);
            }
        }
        level = std::move(next);
    }
}

std::vector<Place> StringFinder::find(std::string_view text) const {
    std::vector<Place> places;
    if (byte_.size() == 1) return places;
    Node node = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        node = after(node, static_cast<unsigned char>(text[at]));
        if (longest_[node] > 0) join_place(places, {at + 1 - longest_[node], at + 1});
    }
    return places;
}

}  // namespace ec::agent
