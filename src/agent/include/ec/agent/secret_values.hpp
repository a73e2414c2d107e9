// Secrets that are known by value: where they stand in a text, also in the spellings that programs print by themselves
// or that are one command away. Built once and cheap to copy; safe from any thread and for any bytes.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ec::agent {

class SecretValues {
public:
    SecretValues() = default;  ///< none
    SecretValues(std::initializer_list<std::string> values);
    explicit SecretValues(std::span<const std::string> values);

    /// First and past-the-end bytes of every place where a value stands, in order, not overlapping. A value is found as
    /// it is, reversed and escaped as in JSON, C or Python; one of eight bytes and more also in base64 (anywhere in a
    /// longer text, either alphabet, wrapped into lines), as hexadecimal digits and percent-encoded. Time and memory
    /// are linear in the text.
    [[nodiscard]] std::vector<std::pair<std::size_t, std::size_t>> find(std::string_view text) const;

private:
    struct Needles;
    std::shared_ptr<const Needles> needles_;
};

}  // namespace ec::agent
