// What the command line says to words that it does not take.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <iosfwd>
#include <limits>

namespace ec::apps {

/// The most that a list is asked for at once.
inline constexpr std::uint64_t kMostListed = 100'000;

/// "--limit: '0' is not a number from 1 to 100000".
CLI::Validator whole_number(std::uint64_t least, std::uint64_t most = std::numeric_limits<std::uint64_t>::max());

/// A number of seconds; which of them are sensible is the command's to say.
CLI::Validator seconds();

/// Tells what is wrong with the words that `app` was given, which is the nearest right word, and where the help is.
void explain_words(const CLI::App& app, const CLI::ParseError& error, std::ostream& err);

}  // namespace ec::apps
