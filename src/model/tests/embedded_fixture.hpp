// A tiny model with random weights and a real tokenizer, written once a test program, and the host that runs it.
#pragma once

#include <gtest/gtest.h>

#include <ec/core/fs.hpp>
#include <ec/model/embedded.hpp>
#include <filesystem>
#include <memory>
#include <string>

namespace ec::model::testing {

/// The tiny model's file; written at the first call.
std::filesystem::path tiny_model();

/// The same with tokens for gaps in a text.
std::filesystem::path tiny_coder();

/// Options for the tiny model with the host of this build and a small context.
EmbeddedOptions tiny_options();

/// Starts it, or fails the test.
std::unique_ptr<EmbeddedModel> start(const EmbeddedOptions& options);
inline std::unique_ptr<EmbeddedModel> start_tiny() { return start(tiny_options()); }

/// A request with one user message.
ChatRequest asking(std::string text, int max_tokens = 16);

/// Process ids of the hosts that are children of this process.
std::vector<int> hosts();

}  // namespace ec::model::testing
