// Answers one request: the prompt is evaluated as far as it is new, then n samples grow from it together, one token of
// each in every batch.
#pragma once

#include <ec/core/result.hpp>
#include <ec/model/chat.hpp>
#include <functional>

#include "chat_format.hpp"
#include "drafter.hpp"
#include "embedded/protocol.hpp"
#include "gap_format.hpp"
#include "prefix_store.hpp"
#include "sequences.hpp"

namespace ec::model::embedded {

/// More samples than this grow in turn; beyond it a batch on a CPU gains nothing.
inline constexpr unsigned kTogether = 8;

/// Where a request's outcome goes while it is made.
struct Output {
    std::function<void(double share)> progress;
    /// Of a request for one sample only.
    std::function<void(bool thinking, const std::string& text)> chunk;
    std::function<void(unsigned index, const ChatReply& reply)> reply;
};

class Generator {
public:
    Generator(LoadedModel& model, Sequences& sequences, const ChatFormat& format, const GapFormat& gaps, Memory& memory,
              PrefixStore& store, BatchCost cost)
        : model_(model),
          sequences_(sequences),
          format_(format),
          gaps_(gaps),
          memory_(memory),
          store_(store),
          cost_(std::move(cost)) {}

    /// `cancelled`, `too_large`, `invalid_argument`, `internal`.
    Status run(const Chat& chat, const Output& output);
    /// And `unavailable` for a gap where the model fills none. What does not fit is left out, the nearest last.
    Status run(const Text& text, const Output& output);

private:
    struct Branch;
    class Wave;

    LoadedModel& model_;
    Sequences& sequences_;
    const ChatFormat& format_;
    const GapFormat& gaps_;
    Memory& memory_;
    PrefixStore& store_;
    BatchCost cost_;
};

}  // namespace ec::model::embedded
