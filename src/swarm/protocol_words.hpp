// Words of the protocol that have no name() elsewhere. Private to the protocol's readers and writers.
#pragma once

#include <algorithm>
#include <array>
#include <ec/swarm/power.hpp>
#include <ec/swarm/queue.hpp>
#include <string_view>
#include <utility>

namespace ec::swarm {

inline constexpr std::array<std::pair<DeviceKind, std::string_view>, 4> kDevices{{{DeviceKind::server, "server"},
                                                                                  {DeviceKind::desktop, "desktop"},
                                                                                  {DeviceKind::laptop, "laptop"},
                                                                                  {DeviceKind::phone, "phone"}}};
inline constexpr std::array<std::pair<Thermal, std::string_view>, 4> kThermals{{{Thermal::nominal, "nominal"},
                                                                                {Thermal::fair, "fair"},
                                                                                {Thermal::serious, "serious"},
                                                                                {Thermal::critical, "critical"}}};
inline constexpr std::array<std::pair<Holding, std::string_view>, 3> kHoldings{
    {{Holding::kept, "kept"}, {Holding::lost, "lost"}, {Holding::cancelled, "cancelled"}}};
inline constexpr std::array<std::pair<identity::NodeState, std::string_view>, 4> kNodeStates{
    {{identity::NodeState::pending, "pending"},
     {identity::NodeState::approved, "approved"},
     {identity::NodeState::suspended, "suspended"},
     {identity::NodeState::revoked, "revoked"}}};
inline constexpr std::array<std::pair<ErrorCode, std::string_view>, 13> kCodes{
    {{ErrorCode::invalid_argument, "invalid_argument"},
     {ErrorCode::not_found, "not_found"},
     {ErrorCode::conflict, "conflict"},
     {ErrorCode::too_large, "too_large"},
     {ErrorCode::denied, "denied"},
     {ErrorCode::unavailable, "unavailable"},
     {ErrorCode::over_quota, "over_quota"},
     {ErrorCode::storage_full, "storage_full"},
     {ErrorCode::timeout, "timeout"},
     {ErrorCode::cancelled, "cancelled"},
     {ErrorCode::corrupt, "corrupt"},
     {ErrorCode::io, "io"},
     {ErrorCode::internal, "internal"}}};

template <class Value, std::size_t Size>
std::string_view word_of(const std::array<std::pair<Value, std::string_view>, Size>& words, Value value) {
    const auto at = std::ranges::find(words, value, &std::pair<Value, std::string_view>::first);
    return at == words.end() ? std::string_view("unknown") : at->second;
}

/// A parser as those of types.hpp: `invalid_argument` for a word that is not in the table.
template <class Value, std::size_t Size>
auto in_table(const std::array<std::pair<Value, std::string_view>, Size>& words) {
    return [&words](std::string_view text) -> Result<Value> {
        const auto at = std::ranges::find(words, text, &std::pair<Value, std::string_view>::second);
        if (at == words.end()) return fail(ErrorCode::invalid_argument, "no such word");
        return at->first;
    };
}

}  // namespace ec::swarm
