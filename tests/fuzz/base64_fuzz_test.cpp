// The fuzz entry over texts that are base64, nearly, and not at all.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fuzzing.hpp"

namespace {

const std::vector<std::string> kSeeds = {"Zm9vYmFy", "Zm9vYmE=", "Zg==",
                                         "-__-",     "+//+",     "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
                                         "Zh==",     "====",     std::string(400, 'A')};

TEST(Base64Fuzz, OneTextIsOneSequenceOfBytes) { ec::fuzzing::feed_mutations(kSeeds, 50000, 20261127); }

}  // namespace
