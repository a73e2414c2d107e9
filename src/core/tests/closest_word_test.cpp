#include <gtest/gtest.h>

#include <array>
#include <ec/core/closest_word.hpp>
#include <string>

namespace ec {
namespace {

constexpr std::array<std::string_view, 6> kKnown{"list", "add", "use", "model", "review", "catalogue"};

TEST(ClosestWord, FindsWhatWasMeant) {
    for (const auto& [typed, meant] : {std::pair{"lst", "list"},
                                       {"modle", "model"},
                                       {"ad", "add"},
                                       {"ues", "use"},
                                       {"reveiw", "review"},
                                       {"catalog", "catalogue"},
                                       {"list", "list"}})
        EXPECT_EQ(closest_word(typed, kKnown), meant) << typed;
}

TEST(ClosestWord, SaysNothingWhenAllAreFarAway) {
    for (const std::string& typed : {std::string(), std::string("xyz"), std::string("all"), std::string("repair"),
                                     std::string(100'000, 'm'), std::string("model\0\0\0\0", 9)})
        EXPECT_EQ(closest_word(typed, kKnown), "") << typed;
    EXPECT_EQ(closest_word("list", {}), "");
}

}  // namespace
}  // namespace ec
