// Reads the fields of hostile JSON into typed values and collects what is wrong with them, by name: all faults of a
// message are told at once. After a fault a reader goes on with a default; whoever asked looks at Faults in the end.
#pragma once

#include <cstdint>
#include <ec/json/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ec::swarm {

class Faults {
public:
    /// `field` is empty for the body itself.
    void add(std::string field, std::string_view expected);
    [[nodiscard]] bool none() const { return list_.empty(); }
    /// `invalid_argument`, with the fields' names: "jobs[0].priority must be 0 to 100; …"
    [[nodiscard]] Status status() const;

private:
    static constexpr std::size_t kMost = 8;
    std::vector<std::string> list_, fields_;
};

class Fields {
public:
    Fields(const json::Value& value, Faults& faults) : Fields(value, faults, nullptr, {}, -1) {}

    [[nodiscard]] bool has(std::string_view key) const { return find(key) != nullptr; }
    std::string text(std::string_view key, std::size_t most);
    std::string needed_text(std::string_view key, std::size_t most);
    /// Of bytes that travel as base64; absent is empty.
    std::string sealed(std::string_view key, std::size_t most);
    std::int64_t integer(std::string_view key, std::int64_t low, std::int64_t high, std::int64_t fallback);
    std::int64_t needed_integer(std::string_view key, std::int64_t low, std::int64_t high);
    std::optional<std::int64_t> maybe_integer(std::string_view key, std::int64_t low, std::int64_t high);
    bool boolean(std::string_view key, bool fallback);
    std::optional<bool> maybe_boolean(std::string_view key);
    bool needed_boolean(std::string_view key);

    template <class Id>
    Id id(std::string_view key) {
        const json::Value* value = find(key);
        if (value == nullptr || is_empty_text(*value)) return {};
        return parse_id<Id>(*value, key, -1);
    }
    template <class Id>
    Id needed_id(std::string_view key) {
        const json::Value* value = find(key);
        if (value == nullptr) return fault(key, kId), Id{};
        return parse_id<Id>(*value, key, -1);
    }
    template <class Id>
    std::vector<Id> ids(std::string_view key, std::size_t most) {
        const json::Array& array = list(key, most);
        std::vector<Id> out;
        out.reserve(array.size());
        int index = 0;
        for (const json::Value& value : array) out.push_back(parse_id<Id>(value, key, index++));
        return out;
    }
    /// Absent: `fallback`, or a fault where there is none.
    template <class Word, class Parse>
    Word word(std::string_view key, Parse parse, std::optional<Word> fallback = {}) {
        const json::Value* value = find(key);
        if (value == nullptr && fallback) return *fallback;
        return parse_word<Word>(value, key, -1, parse);
    }
    template <class Word, class Parse>
    std::optional<Word> maybe_word(std::string_view key, Parse parse) {
        const json::Value* value = find(key);
        if (value == nullptr) return {};
        return parse_word<Word>(value, key, -1, parse);
    }
    template <class Word, class Parse>
    std::vector<Word> words(std::string_view key, std::size_t most, Parse parse) {
        std::vector<Word> out;
        int index = 0;
        for (const json::Value& value : list(key, most)) out.push_back(parse_word<Word>(&value, key, index++, parse));
        return out;
    }
    std::vector<std::string> texts(std::string_view key, std::size_t most, std::size_t longest);

    /// What stands in an array of objects, each made by `make(Fields)`.
    template <class Item, class Make>
    std::vector<Item> each(std::string_view key, std::size_t most, Make make) {
        const json::Array& array = list(key, most);
        std::vector<Item> out;
        out.reserve(array.size());
        int index = 0;
        for (const json::Value& value : array) {
            Fields fields(value, faults_, this, key, index++);
            out.push_back(make(fields));
            if (!faults_.none()) break;
        }
        return out;
    }
    /// What stands in a nested object; an empty one when absent.
    template <class Make>
    auto nested(std::string_view key, Make make) {
        static const json::Value kNothing = json::Object{};
        const json::Value* value = find(key);
        Fields fields(value == nullptr ? kNothing : *value, faults_, this, key, -1);
        return make(fields);
    }
    void fault(std::string_view key, std::string_view expected, int index = -1);

private:
    static constexpr std::string_view kId = "1 to 64 letters, digits, - and _";

    Fields(const json::Value& value, Faults& faults, const Fields* parent, std::string_view key, int index);
    /// Null counts as absent.
    [[nodiscard]] const json::Value* find(std::string_view key) const;
    const json::Array& list(std::string_view key, std::size_t most);
    [[nodiscard]] std::string path(std::string_view key, int index) const;
    static bool is_empty_text(const json::Value& value) { return value.is_string() && value.get_string().empty(); }

    template <class Id>
    Id parse_id(const json::Value& value, std::string_view key, int index) {
        if (const auto* text = value.if_string()) {
            if (auto id = Id::parse(std::string_view(text->data(), text->size()))) return *std::move(id);
        }
        fault(key, kId, index);
        return {};
    }
    template <class Word, class Parse>
    Word parse_word(const json::Value* value, std::string_view key, int index, Parse parse) {
        if (const auto* text = value == nullptr ? nullptr : value->if_string()) {
            if (auto word = parse(std::string_view(text->data(), text->size()))) return *word;
        }
        fault(key, "a word of the protocol", index);
        return {};
    }

    const json::Object* object_ = nullptr;
    Faults& faults_;
    const Fields* parent_;
    std::string_view key_;
    int index_;
};

}  // namespace ec::swarm
