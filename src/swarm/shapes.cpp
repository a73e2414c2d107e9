#include "shapes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <ec/core/text.hpp>
#include <ec/crypto/sha256.hpp>

#include "rows.hpp"

namespace ec::swarm {
namespace {

int model_rank(std::string_view name) {
    if (name.empty()) return 0;
    if (name == "small") return 1;
    if (name == "medium") return 2;
    return name == "large" ? 3 : 4;
}

Lack lacking(TaskKind kind, const Needs& needs, const GroupId& group, const Offer& offer) {
    const auto has = [](const auto& list, const auto& value) { return std::ranges::find(list, value) != list.end(); };
    if (!has(offer.kinds, kind)) return Lack::kind;
    if (!group.empty() && !has(offer.groups, group)) return Lack::group;
    for (const std::string& language : needs.languages)
        if (!has(offer.languages, language)) return Lack::language;
    if (offer.memory_mb < needs.memory_mb) return Lack::memory;
    if (model_rank(offer.model_class) < model_rank(needs.model_class)) return Lack::model;
    if (needs.gpu && !offer.gpu) return Lack::gpu;
    return Lack::nothing;
}

/// The parts of a name, which Shapes::name_of() wrote.
Result<Shape> shape_of(std::string_view name) {
    std::vector<std::string_view> parts;
    for (;;) {
        const std::size_t bar = name.find('|');
        parts.push_back(name.substr(0, bar));
        if (bar == std::string_view::npos) break;
        name.remove_prefix(bar + 1);
    }
    Shape shape;
    const auto damaged = [] { return fail(ErrorCode::corrupt, "the queue holds a shape that cannot be read"); };
    if (parts.size() != 6) return damaged();
    EC_ASSIGN(shape.kind, parse_task_kind(parts[0]));
    if (!parts[1].empty()) {
        EC_ASSIGN(shape.group, GroupId::parse(parts[1]));
    }
    const std::string_view memory = parts[2];
    const auto [end, error] = std::from_chars(memory.data(), memory.data() + memory.size(), shape.needs.memory_mb);
    if (error != std::errc() || end != memory.data() + memory.size()) return damaged();
    shape.needs.model_class = parts[3];
    shape.needs.gpu = parts[4] == "gpu";
    std::string_view languages = parts[5];
    while (!languages.empty()) {
        const std::size_t comma = languages.find(',');
        shape.needs.languages.emplace_back(languages.substr(0, comma));
        languages.remove_prefix(comma == std::string_view::npos ? languages.size() : comma + 1);
    }
    return shape;
}

}  // namespace

Lack lacking(const Shape& shape, const Offer& offer) { return lacking(shape.kind, shape.needs, shape.group, offer); }

bool suits(const Offer& offer, TaskKind kind, const Needs& needs, const GroupId& group) {
    return lacking(kind, needs, group, offer) == Lack::nothing;
}

std::int64_t id_of_name(std::string_view name) {
    const std::string digits = crypto::sha256(name).hex().substr(0, 16);
    std::uint64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    return static_cast<std::int64_t>(value >> 1);
}

std::string Shapes::name_of(const Shape& shape) {
    return fmt::format("{}|{}|{}|{}|{}|{}", name(shape.kind), shape.group.text(), shape.needs.memory_mb,
                       shape.needs.model_class, shape.needs.gpu ? "gpu" : "", fmt::join(shape.needs.languages, ","));
}

std::int64_t Shapes::id(const Shape& shape) {
    // One after the other is of the same shape, and names are hashed.
    if (named_ != 0 && named_shape_ == shape) return named_;
    named_ = id_of_name(name_of(shape));
    named_shape_ = shape;
    known_.emplace(named_, shape);
    return named_;
}

Status Shapes::write(std::int64_t id) {
    EC_ASSIGN(const Shape shape, at(id));
    EC_ASSIGN(sql::Statement * statement,
              database_.cached("INSERT INTO shape (id, name) VALUES (?1, ?2) ON CONFLICT (id) DO NOTHING"));
    return statement->run(id, name_of(shape));
}

Result<Shape> Shapes::at(std::int64_t id) {
    auto found = known_.find(id);
    if (found == known_.end()) {
        EC_TRY(refresh());
        found = known_.find(id);
    }
    if (found == known_.end()) return fail(ErrorCode::corrupt, "the queue holds a task of no shape");
    return found->second;
}

Result<std::vector<std::int64_t>> Shapes::matching(const Offer& offer) {
    EC_ASSIGN(sql::Statement * rows, database_.cached("SELECT DISTINCT shape FROM lane WHERE queued > 0"));
    EC_TRY(rows->bind());
    std::vector<std::int64_t> waiting;
    EC_TRY(each_row(*rows, [&waiting](const sql::Statement& row) { waiting.push_back(row.integer(0)); }));
    std::vector<std::int64_t> ids;
    for (const std::int64_t id : waiting) {
        auto found = known_.find(id);
        if (found == known_.end()) {
            EC_TRY(refresh());  // another coordinator's
            found = known_.find(id);
        }
        if (found != known_.end() && lacking(found->second, offer) == Lack::nothing) ids.push_back(id);
    }
    return ids;
}

Status Shapes::refresh() {
    EC_ASSIGN(sql::Statement * rows, database_.cached("SELECT id, name FROM shape"));
    EC_TRY(rows->bind());
    Status parsed;
    EC_TRY(each_row(*rows, [&](const sql::Statement& row) {
        if (known_.contains(row.integer(0))) return;
        if (auto shape = shape_of(row.text(1)))
            known_.emplace(row.integer(0), *std::move(shape));
        else
            parsed = fail(std::move(shape).error());
    }));
    return parsed;
}

}  // namespace ec::swarm
