// The fuzz entry over URLs and event streams, and some thousand fixed mutations of them.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fuzzing.hpp"

namespace {

TEST(HttpClientReaders, KeepTheirPromises) {
    std::vector<std::string> seeds;
    for (const char* url : {"http://localhost:11434/v1", "https://[2606:2800::1]/a?b=c#d", "//b.example/x", "../x y",
                            "?q=\xC3\xA9", "HTTP://EXAMPLE.com:80", "https://user:pass@example.com\\@x"}) {
        seeds.push_back(std::string{0, 0} + url);
    }
    for (const char step : {'\0', '\1', '\7'}) {
        seeds.push_back(std::string{1, step} +
                        "\xEF\xBB\xBF: comment\r\nid: 7\r\nevent: add\rdata: a\ndata:b\n\n\ndata\n\n");
        seeds.push_back(std::string{1, step} +
                        "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\ndata: [DONE]\n\n");
    }
    ec::fuzzing::feed_mutations(seeds, 20'000, 20261127);
}

}  // namespace
