// The fuzz entry over reports and frames in order, and over fixed mutations of them.
#include <gtest/gtest.h>

#include "fuzzing.hpp"
#include "tests/box_stream.hpp"

namespace {

using namespace ec::executor::testing;

TEST(BoxStreams, KeepTheirPromisesWhateverIsWritten) {
    const std::string start = started() + ready() + handed() + summary();
    const std::vector<std::string> reports = {
        started() + setup_error(),
        ready() + no_exec() + summary(125 << 8) + end(),
        ready() + handed() + summary(9, 'w') + end(),
        start + artifact("report.xml", "<a/>") + artifact("b") + end(true),
        start + change({.path = "a/b", .kind = 0, .content = "text"}) + change({.path = "c", .kind = 2, .mode = 0}) +
            change({.path = "d/link", .symlink = true, .mode = 0777, .target = "../a/b"}) + end(),
    };
    std::vector<std::string> seeds;
    for (const std::string& report : reports) seeds.push_back(std::string(1, '\0') + '\2' + report);
    std::string frames;
    for (const std::string_view frame : {"", "{\"ok\":true}", "0123456789"}) {
        ec::box::Writer out;
        out.text(frame);
        frames += out.bytes();
    }
    seeds.push_back(std::string("\1\2") + frames);
    seeds.push_back(std::string("\1\3") + frames + "\xff\xff\xff\xff");
    ec::fuzzing::feed_mutations(seeds, 20'000, 20261127);
}

}  // namespace
