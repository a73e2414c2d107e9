#include "../server_entry.hpp"

#include <gtest/gtest.h>

namespace ec::apps::mcp {
namespace {

Result<std::vector<ServerEntry>> parse(const std::string& text) { return parse_servers(text, "config.toml"); }

TEST(ServerEntry, ReadsProgramsAndAddressesAndLeavesOtherTablesToOthers) {
    const auto entries = parse(R"(
[model]
default = "x"
[mcp.servers.files]
command = ["node", "/opt/files/index.js"]
read_only = ["/opt/files"]
environment = { LEVEL = "info" }
pass = ["FILES_TOKEN"]
allow = ["list"]
memory_mb = 256
timeout_s = 5
[mcp.servers.docs]
url = "https://docs.example.com/mcp"
token_file = "/home/me/token"
)");
    ASSERT_TRUE(entries) << entries.error().message;
    ASSERT_EQ(entries->size(), 2U);
    EXPECT_EQ((*entries)[0].name, "docs");
    EXPECT_TRUE((*entries)[0].remote());
    const ServerEntry& files = (*entries)[1];
    EXPECT_EQ(files.where(), "node /opt/files/index.js");
    EXPECT_EQ(files.environment.at("LEVEL"), "info");
    EXPECT_EQ(files.pass, std::vector<std::string>{"FILES_TOKEN"});
    EXPECT_EQ(files.memory_mb, 256U);
    EXPECT_EQ(files.timeout, std::chrono::seconds(5));
    EXPECT_TRUE(files.project);
}

TEST(ServerEntry, WhatCanReachANetworkSeesTheProjectOnlyWhenThatIsSaid) {
    const std::string start = "[mcp.servers.a]\ncommand = [\"x\"]\nhosts = [\"api.example.com\"]\n";
    EXPECT_FALSE(parse(start)->front().project);
    EXPECT_TRUE(parse(start + "project = true\n")->front().project);
}

TEST(ServerEntry, RefusesWhatMakesNoSenseAndSaysWhere) {
    const std::string head = "[mcp.servers.a]\n";
    const std::pair<std::string, std::string> table[] = {
        {"[mcp.servers.A]\ncommand = [\"x\"]", "lower-case"},
        {"[mcp.servers.a_b]\ncommand = [\"x\"]", "lower-case"},
        {head + "allow = []", "either a command or a url"},
        {head + "command = [\"x\"]\nurl = \"https://a.example\"", "either a command or a url"},
        {head + "command = []", "must be a program"},
        {head + "command = [\"x\"]\nread_only = [\"here\"]", "absolute"},
        {head + "command = [\"x\"]\npass = [\"A=B\"]", "names of variables"},
        {head + "command = [\"x\"]\nhosts = [\"*.com\"]", "mcp.servers.a.hosts"},
        {head + "command = [\"x\"]\nmemory_mb = 1", "memory_mb"},
        {head + "command = [\"x\"]\nwritable = [\"/tmp\"]", "writable"},
        {head + "command = [\"x\"]\ntoken_file = \"/t\"", "token_file"},
        {head + "url = \"http://a.example/mcp\"", "must be https"},
        {head + "url = \"ftp://a.example\"", "mcp.servers.a.url"},
        {head + "url = \"https://a.example\"\ntoken_file = \"token\"", "absolute"},
        {head + "url = \"https://a.example\"\ntoken_url = \"https://b.example\"", "goes with client_id"},
        {head + "url = \"https://a.example\"\nclient_id = \"me\"", "goes with client_id"},
        {head + "url = \"https://a.example\"\nscope = \"all\"", "goes with token_url"},
        {head + "url = \"https://a.example\"\ntoken_url = \"http://b.example\"\nclient_id = \"me\"\n"
                "client_secret_file = \"/s\"",
         "must be https"},
        {head + "url = \"https://a.example\"\nread_only = [\"/a\"]", "read_only"},
    };
    for (const auto& [text, reason] : table) {
        const auto entries = parse(text);
        ASSERT_FALSE(entries) << text;
        EXPECT_EQ(entries.error().code, ErrorCode::invalid_argument) << text;
        EXPECT_NE(entries.error().message.find(reason), std::string::npos) << text << "\n" << entries.error().message;
    }
}

TEST(ServerEntry, AtMostSixteenServers) {
    std::string text;
    for (int i = 0; i < 17; ++i) text += "[mcp.servers.s" + std::to_string(i) + "]\ncommand = [\"x\"]\n";
    EXPECT_FALSE(parse(text));
}

}  // namespace
}  // namespace ec::apps::mcp
