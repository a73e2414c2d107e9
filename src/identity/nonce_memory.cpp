#include "nonce_memory.hpp"

#include <algorithm>
#include <cstring>
#include <ec/core/hash.hpp>
#include <ec/crypto/random.hpp>
#include <string>

namespace ec::identity {
namespace {

constexpr std::size_t kFirstSlots = 64;

std::uint64_t random_number() {
    const std::string bytes = crypto::random_bytes(sizeof(std::uint64_t));
    std::uint64_t number = 0;
    std::memcpy(&number, bytes.data(), sizeof number);
    return number;
}

}  // namespace

bool NonceMemory::Numbers::insert(std::uint64_t number) {
    // Three quarters full at most, or probing takes long.
    if (4 * (size_ + 1) > 3 * slots_.size()) grow();
    return place(number);
}

bool NonceMemory::Numbers::place(std::uint64_t number) {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = number & mask;; at = (at + 1) & mask) {
        if (slots_[at] == number) return false;
        if (slots_[at] != 0) continue;
        slots_[at] = number;
        ++size_;
        return true;
    }
}

void NonceMemory::Numbers::grow() {
    std::vector<std::uint64_t> old(std::max(kFirstSlots, 2 * slots_.size()), 0);
    old.swap(slots_);
    size_ = 0;
    for (const std::uint64_t number : old)
        if (number != 0) place(number);
}

NonceMemory::NonceMemory(std::int64_t skew_s, std::size_t most)
    : skew_s_(std::max<std::int64_t>(skew_s, 1)), most_(most), seed_(random_number()) {}

void NonceMemory::forget(Generation& generation) {
    size_.fetch_sub(generation.numbers.size(), std::memory_order_relaxed);
    generation = {};
}

void NonceMemory::forget_old(Shard& shard, std::int64_t now_s) {
    for (Generation& generation : shard.generations) {
        // Its last request was made just before the next began, and may come `skew_s_` later.
        if (generation.index >= 0 && (generation.index + 2) * skew_s_ <= now_s) forget(generation);
    }
}

NonceMemory::Seen NonceMemory::remember(std::string_view owner, std::string_view nonce, std::int64_t created_s,
                                        std::int64_t now_s) {
    std::string both;
    both.reserve(owner.size() + 1 + nonce.size());
    both.append(owner).append(1, ' ').append(nonce);
    const std::uint64_t number = std::max<std::uint64_t>(hash128(both, seed_).low, 1);
    if (size() >= most_) {
        for (Shard& shard : shards_) {
            const std::lock_guard lock(shard.mutex);
            forget_old(shard, now_s);
        }
    }
    Shard& shard = shards_[number >> 60U];
    const std::lock_guard lock(shard.mutex);
    forget_old(shard, now_s);
    const std::int64_t index = created_s / skew_s_;
    Generation& generation = shard.generations[static_cast<std::size_t>(index % 3)];
    // Another that was not forgotten is there only after the clock was set back: its requests are from a time that has
    // not come yet.
    if (generation.index != index) {
        forget(generation);
        generation.index = index;
    }
    if (size() >= most_) return Seen::full;
    if (!generation.numbers.insert(number)) return Seen::again;
    size_.fetch_add(1, std::memory_order_relaxed);
    return Seen::first;
}

}  // namespace ec::identity
