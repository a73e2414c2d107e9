// Fill-in-the-middle prompts: how each family of models was trained to see a gap in a text and the files around it.
//
// Pure functions over texts. A list of neighbours that grows at its end, and a text before the gap that grows at its
// end, leave everything before them as it was, so that what a model evaluated of it stays good.
#pragma once

#include <cstddef>
#include <ec/model/chat.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace ec::model::fim {

/// The words of one family. What is empty it does not have.
struct Template {
    std::string prefix;  ///< before the text before the gap
    std::string suffix;  ///< before the text after it
    std::string middle;  ///< before what the model writes
    std::string repo;    ///< begins a repository: its name and a line's end follow
    std::string file;    ///< begins a file: its path and a line's end follow
    /// Without `file`: what stands before a neighbour's path; empty: a comment in the file's own language.
    std::string heading;
    std::vector<std::string> ends;  ///< further words that end an answer
    bool suffix_first = false;
    bool operator==(const Template&) const = default;
};

/// By a model's name or file name, in any spelling that is in use: "Qwen/Qwen2.5-Coder-7B", "qwen2.5-coder:7b-q4_K_M".
/// Null for a name that tells nothing.
const Template* template_for(std::string_view model);

/// The whole prompt. Words of the template that stand in the texts are broken up, so that a file about prompts is one.
std::string prompt(const Template& form, const TextRequest& request);

/// What ends an answer: the caller's own first, then the words of the template, each once.
std::vector<std::string> stops(const Template& form, const TextRequest& request);

/// The request cut to about `bytes`. The text nearest to the gap stays. The oldest neighbours go first; they, and the
/// front of the text before the gap, go in large steps, so that one more line seldom moves the beginning of the prompt.
TextRequest fitted(TextRequest request, std::size_t bytes);

}  // namespace ec::model::fim
