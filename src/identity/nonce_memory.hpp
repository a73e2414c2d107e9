// Which nonces were seen, for as long as a request with one would be in time.
//
// Nonces are kept in generations by the time that their requests carry, each as long as a request may be off. So three
// generations hold all that can still be accepted, and a generation is forgotten whole: nothing is ever searched for
// what is too old. Memory of 8 bytes a nonce, twice that at most. Thread-safe; callers meet only when their nonces fall
// into the same of some shards.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <vector>

namespace ec::identity {

class NonceMemory {
public:
    enum class Seen { first, again, full };

    /// `skew_s`: how far a request's time may be off. `most`: nonces at a time.
    NonceMemory(std::int64_t skew_s, std::size_t most);

    /// `created_s` is at most `skew_s` from `now_s`. Two nonces are taken for one with a probability of one in 2^64 a
    /// pair, whatever their makers choose.
    Seen remember(std::string_view owner, std::string_view nonce, std::int64_t created_s, std::int64_t now_s);

    /// How many are kept now.
    [[nodiscard]] std::size_t size() const { return size_.load(std::memory_order_relaxed); }

private:
    /// A set of numbers that are not zero, in one array (open addressing, linear probing).
    class Numbers {
    public:
        /// False when it is there already.
        bool insert(std::uint64_t number);
        [[nodiscard]] std::size_t size() const { return size_; }

    private:
        bool place(std::uint64_t number);
        void grow();
        std::vector<std::uint64_t> slots_;
        std::size_t size_ = 0;
    };
    struct Generation {
        std::int64_t index = -1;
        Numbers numbers;
    };
    struct Shard {
        std::mutex mutex;
        std::array<Generation, 3> generations;
    };

    void forget(Generation& generation);
    void forget_old(Shard& shard, std::int64_t now_s);

    std::int64_t skew_s_;
    std::size_t most_;
    std::uint64_t seed_;
    std::atomic<std::size_t> size_{0};
    std::array<Shard, 16> shards_;
};

}  // namespace ec::identity
