#include <gtest/gtest.h>

#include <ec/json/json.hpp>

namespace ec::json {
namespace {

TEST(Write, PrintsNumbersTheWayJavaScriptDoes) {
    EXPECT_EQ(write(Array{3.5, 1.0, -0.25, 1e30, 7, std::uint64_t{18446744073709551615U}}),
              "[3.5,1,-0.25,1e+30,7,18446744073709551615]");
}

TEST(Write, EscapesControlCharactersAndRepairsBrokenUtf8) {
    EXPECT_EQ(write(Value("a\"\\\n\x01")), R"("a\"\\\n\u0001")");
    EXPECT_EQ(write(Value("\xff")), "\"\xef\xbf\xbd\"");
}

TEST(Parse, RoundTripsAndKeepsKeyOrder) {
    const std::string text = R"({"b":1,"a":[true,null,"x"],"c":{"d":-2}})";
    EXPECT_EQ(write(parse(text).value()), text);
}

TEST(Parse, RefusesGarbageDepthAndTrailingData) {
    for (const char* bad : {"", "{", "[1,]", "1 2", "{\"a\":\"\xff\"}", "nul"}) EXPECT_FALSE(parse(bad)) << bad;
    EXPECT_FALSE(parse(std::string(100, '[') + std::string(100, ']')));
}

TEST(Reader, NamesTheFieldAtFault) {
    const Value value = parse(R"({"n":"x","list":[1]})").value();
    Reader reader(value, "result");
    EXPECT_EQ(reader.integer("n"), 0);
    EXPECT_EQ(reader.status().error().message, "result.n must be a whole number");
    EXPECT_EQ(reader.status().error().fields, std::vector<std::string>{"result.n"});
    Reader lists(value);
    lists.strings("list");
    EXPECT_EQ(lists.status().error().message, "list must be an array of strings");
    Reader required(value);
    EXPECT_EQ(required.require("absent").status().error().message, "absent must be present");
}

}  // namespace
}  // namespace ec::json
