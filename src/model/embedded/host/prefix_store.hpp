// Evaluated prefixes on disk, so that a conversation goes on after a restart without being read again.
//
// One file a prefix: a line of JSON (what stands in it, and the hash of what follows), then the runs' bytes and the
// state of the sequence as llama.cpp writes it. Files of other models, other versions or with a byte wrong are passed
// over. The folder is kept below a size, the longest unused file going first. One thread.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "chat_format.hpp"
#include "loaded_model.hpp"
#include "sequences.hpp"

namespace ec::model::embedded {

class PrefixStore {
public:
    /// `folder` empty: nothing is kept and nothing found. Files of this model are looked through once.
    /// What the model wrote in those conversations goes back into `memory`.
    PrefixStore(LoadedModel& model, Memory& memory, std::filesystem::path folder, std::int64_t most_bytes,
                const std::string& configuration);

    /// Restores the saved prefix that shares most with the prompt, if it shares clearly more than what is evaluated.
    void restore(Sequences& sequences, const std::string& prompt);
    /// Saves sequences that have grown enough since they last were. `all`: those that grew at all worth reading again.
    void save(Sequences& sequences, bool all);

private:
    struct Entry {
        std::filesystem::path file;
        Transcript transcript;
        std::size_t evaluated = 0;  ///< of its tokens
        std::size_t state_at = 0;   ///< where in the file the state begins
        json::Array remembered;
    };
    void look_through();
    static Result<Entry> read(const std::filesystem::path& file, const std::string& key, std::string& content);
    Status write(Sequence& sequence);
    void make_room(std::uintmax_t bytes);

    LoadedModel& model_;
    Memory& memory_;
    std::filesystem::path folder_;
    std::uintmax_t most_bytes_;
    std::string key_;  ///< differs where a state cannot be carried over
    std::vector<Entry> entries_;
};

}  // namespace ec::model::embedded
