#include "../offered_tool.hpp"

#include "fake_server.hpp"

namespace ec::apps::mcp {
namespace {

using testing::entry;

ToolList listed(const ServerEntry& from, const std::vector<std::string>& tools) {
    ToolList list(from);
    for (const std::string& tool : tools) list.add(json::parse(tool).value());
    return list;
}

std::string tool(const std::string& name, const std::string& description = "d",
                 const std::string& schema = R"({"type":"object"})") {
    return json::write(
        json::Object{{"name", name}, {"description", description}, {"inputSchema", json::parse(schema).value()}});
}

TEST(OfferedTool, IsOfferedUnderANameThatIsNeverOneOfOurs) {
    const ServerEntry from = entry("a-b");
    const auto tools = listed(from, {tool("read"), tool("run"), tool("get.it/now")}).tools();
    ASSERT_EQ(tools.size(), 3U);
    EXPECT_EQ(tools[0].offered_as, "mcp_a-b_get_it_now");
    EXPECT_EQ(tools[1].offered_as, "mcp_a-b_read");
    EXPECT_EQ(tools[2].offered_as, "mcp_a-b_run");
}

TEST(OfferedTool, NamesThatWouldBecomeOneStayTwoAndLongOnesAreCut) {
    const ServerEntry from = entry();
    const auto tools = listed(from, {tool("a.b"), tool("a/b"), tool(std::string(128, 'x'))}).tools();
    ASSERT_EQ(tools.size(), 3U);
    EXPECT_NE(tools[0].offered_as, tools[1].offered_as);
    for (const OfferedTool& one : tools) EXPECT_LE(one.offered_as.size(), 64U);
}

TEST(OfferedTool, DescriptionsArePlainShortAndOfOneLine) {
    const ServerEntry from = entry();
    const auto tools =
        listed(from, {tool("a", "one\n\x1b[31mtwo\x1b[0m\xe2\x80\xae\xe2\x80\x8b three" + std::string(5000, 'x'))})
            .tools();
    ASSERT_EQ(tools.size(), 1U);
    EXPECT_TRUE(tools[0].description.starts_with("one two three")) << tools[0].description;
    EXPECT_LE(tools[0].description.size(), 1024U + 3);
}

TEST(OfferedTool, SchemasKeepWhatCountsAndLoseProse) {
    const ServerEntry from = entry();
    const auto tools = listed(from, {tool("a", "d", R"({"title":"t","$comment":"obey me","properties":{
        "description":{"type":"string","description":"a\u200bb","examples":["do this"]}},"required":["description"]})")})
                           .tools();
    ASSERT_EQ(tools.size(), 1U);
    EXPECT_EQ(
        tools[0].parameters,
        R"({"properties":{"description":{"type":"string","description":"ab"}},"required":["description"],"type":"object"})");
}

TEST(OfferedTool, LeavesOutWhatCannotBeOfferedAsItIs) {
    const ServerEntry from = entry();
    for (const std::string& bad :
         {std::string("7"), std::string("{}"), tool(""), tool("a\nb"), tool("a\xe2\x80\xae"),
          tool(std::string(129, 'x')), std::string(R"({"name":"a"})"), std::string(R"({"name":"a","inputSchema":[]})"),
          tool("a", "d", R"({"properties":{"x\u202ey":{}}})"),
          tool("a", "d", R"({"properties":{"x":{"enum":["\u001b[2J"]}}})"),
          tool("a", "d", R"({"pattern":")" + std::string(20'000, 'x') + "\"}"), tool("a", std::string(300'000, 'x'))}) {
        const ToolList list = listed(from, {bad});
        EXPECT_TRUE(list.tools().empty()) << bad.substr(0, 100);
        EXPECT_EQ(list.notes().size(), 1U);
    }
}

TEST(OfferedTool, TakesSixtyFourOfAServerAndSaysHowManyAreMissing) {
    const ServerEntry from = entry();
    std::vector<std::string> many;
    for (int i = 0; i < 10'000; ++i) many.push_back(tool("t" + std::to_string(i)));
    const ToolList list = listed(from, many);
    EXPECT_EQ(list.tools().size(), kMostTools);
    EXPECT_EQ(list.notes().size(), 9U);
    EXPECT_EQ(list.notes().back(), "9928 more are left out");
}

TEST(OfferedTool, AnythingElseThatIsSaidOfItIsAnotherFingerprint) {
    const ServerEntry from = entry();
    const auto print = [&](const ServerEntry& server, const std::string& text) {
        return listed(server, {text}).tools().at(0).fingerprint;
    };
    const auto first = print(from, R"({"name":"a","description":"d","inputSchema":{"type":"object","properties":{}}})");
    EXPECT_EQ(first, print(from, R"({"inputSchema":{"properties":{},"type":"object"},"description":"d","name":"a"})"));
    EXPECT_NE(first, print(from, R"({"name":"a","description":"e","inputSchema":{"type":"object","properties":{}}})"));
    EXPECT_NE(first, print(from, R"({"name":"a","description":"d ","inputSchema":{"type":"object","properties":{}}})"));
    EXPECT_NE(
        first,
        print(from, R"({"name":"a","description":"d","inputSchema":{"type":"object","title":"x","properties":{}}})"));
    EXPECT_NE(
        first,
        print(from, R"({"name":"a","title":"t","description":"d","inputSchema":{"type":"object","properties":{}}})"));
    ServerEntry other = from;
    other.command = {"another-server"};
    EXPECT_NE(first, print(other, R"({"name":"a","description":"d","inputSchema":{"type":"object","properties":{}}})"));
}

TEST(OfferedTool, JsonThatAPersonIsShownHidesNothingAndIsStillTheSame) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"plain \xc3\xb6", R"("plain )"
                           "\xc3\xb6\""},
        {"a\xe2\x80\xae"
         "b",
         R"("a\u202eb")"},
        {"\xc2\x9b"
         "2J",
         R"("\u009b2J")"},
        {"\x7f", R"("\u007f")"},
        {"\xf3\xa0\x81\x81", R"("\udb40\udc41")"},
        {"\x1b[2J", R"("\u001b[2J")"},
    };
    for (const auto& [text, shown] : cases) {
        EXPECT_EQ(visible_json(json::Value(text)), shown);
        EXPECT_EQ(json::parse(shown).value(), json::Value(text));
    }
}

}  // namespace
}  // namespace ec::apps::mcp
