// The head of a GGUF file (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md), read within bounds and without
// llama.cpp, which lives in another program.
#pragma once

#include <ec/model/library.hpp>
#include <iosfwd>

namespace ec::model::library {

/// `in` stands at the file's front and can seek; `size` is the file's. `corrupt` with the reason, without a name.
Result<ModelFileFacts> read_gguf_header(std::istream& in, std::uint64_t size);

}  // namespace ec::model::library
