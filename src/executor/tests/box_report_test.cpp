// What the box says, and what nobody may make it say.
#include "box_report.hpp"

#include <gmock/gmock.h>

#include "box_stream.hpp"

namespace ec::executor {
namespace {

using namespace testing;
using ::testing::HasSubstr;

constexpr std::uint64_t kContent = 1000;

BoxReport parsed(const std::string& bytes, std::size_t piece = std::string::npos) {
    BoxReportParser parser(kContent);
    for (std::size_t at = 0; at < bytes.size(); at += std::min(piece, bytes.size() - at)) {
        parser.feed(std::string_view(bytes).substr(at, piece));
    }
    EXPECT_EQ(parser.corrupt(), !parser.report().problem.empty());
    return parser.report();
}

/// What is wrong with the bytes, after checking that nothing of them is left.
std::string problem_of(const std::string& bytes) {
    const BoxReport report = parsed(bytes);
    if (!report.problem.empty()) {
        EXPECT_FALSE(report.ready || report.handed || report.complete || report.summary || report.setup_error ||
                     report.exec_error);
        EXPECT_TRUE(report.changes.empty() && report.artifacts.empty());
    }
    return report.problem;
}

std::string problem_of_change(const ChangeBytes& bytes) { return problem_of(ready() + summary() + change(bytes)); }

TEST(BoxReport, AWholeReportIsRead) {
    const BoxReport report =
        parsed(ready() + summary(3 << 8) + artifact("report.xml", "<a/>") +
               change({.path = "z", .kind = 0, .mode = 0755, .content = "new"}) +
               change({.path = "link", .kind = 0, .symlink = true, .mode = 0777, .target = "a/b"}) +
               change({.path = "a/gone", .kind = 2, .mode = 0}) + end());
    EXPECT_EQ(report.problem, "");
    EXPECT_TRUE(report.ready && report.own_userns && report.has_proc && report.complete && !report.changes_cut);
    EXPECT_EQ(report.landlock_abi, 7);
    ASSERT_TRUE(report.summary);
    EXPECT_EQ(report.summary->wait_status, 3 << 8);
    EXPECT_EQ(report.summary->cpu_us, 2000U);
    EXPECT_EQ(report.artifacts.at("report.xml"), "<a/>");
    ASSERT_EQ(report.changes.size(), 3U);
    EXPECT_EQ(report.changes[0].path, "a/gone");
    EXPECT_EQ(report.changes[0].kind, Change::Kind::deleted);
    EXPECT_EQ(report.changes[1].symlink_target, "a/b");
    EXPECT_EQ(report.changes[2].content, "new");
    EXPECT_EQ(report.changes[2].mode, 0755U);
}

TEST(BoxReport, PiecesOfAnySizeMakeTheSameReport) {
    const std::string bytes = ready() + no_exec() + summary() + artifact("a", std::string(70, 'x')) +
                              change({.content = std::string(90, 'y')}) + end(true);
    for (const std::size_t piece : {1U, 2U, 5U, 7U, 64U}) {
        const BoxReport report = parsed(bytes, piece);
        EXPECT_TRUE(report.complete && report.changes_cut) << report.problem;
        EXPECT_EQ(report.changes.at(0).content.size(), 90U);
        EXPECT_EQ(report.artifacts.at("a").size(), 70U);
        EXPECT_EQ(report.exec_error, 2);
    }
}

TEST(BoxReport, AnUnfinishedStreamIsNoReportAndNoError) {
    const std::string bytes = ready() + summary() + end();
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        const BoxReport report = parsed(bytes.substr(0, size));
        EXPECT_FALSE(report.complete);
        EXPECT_EQ(report.problem, "");
    }
}

TEST(BoxReport, AFailedSetUpIsTheLastWord) {
    const BoxReport report = parsed(setup_error(13));
    ASSERT_TRUE(report.setup_error);
    EXPECT_EQ(report.setup_error->error, 13);
    EXPECT_EQ(report.setup_error->step, "mount");
    EXPECT_EQ(report.setup_error->detail, "/proc");
    EXPECT_NE(problem_of(setup_error() + setup_error()), "");
    EXPECT_NE(problem_of(setup_error() + ready()), "");
    EXPECT_NE(problem_of(ready() + summary() + setup_error()), "");
}

TEST(BoxReport, TheBoxNamesPid1OnceAndThatOutlivesANonsense) {
    EXPECT_EQ(parsed(started(77) + ready() + summary() + end()).init, 77);
    EXPECT_EQ(parsed(setup_error() + started(77)).init, 77) << "both write at the same time";
    EXPECT_EQ(parsed(started(77) + "nonsense").init, 77);
    for (const std::string& bytes : {started() + started(), ready() + started(), started(0), started(1),
                                     started(0xffffffff), setup_error() + started() + started(), started(1U << 23)}) {
        EXPECT_NE(problem_of(bytes), "");
    }
}

TEST(BoxReport, AWarmSandboxSaysOnceThatItWasHandedARun) {
    const BoxReport report = parsed(ready() + handed() + summary() + end());
    EXPECT_TRUE(report.handed && report.complete) << report.problem;
    for (const std::string& bytes : {handed(), ready() + handed() + handed(), ready() + summary() + handed(),
                                     ready() + record(box::Tag::handed, "x")}) {
        EXPECT_NE(problem_of(bytes), "");
    }
    EXPECT_EQ(problem_of(ready() + handed() + setup_error()), "");
    BoxReportParser parser(0);
    parser.feed(ready() + handed());
    parser.expect(kContent);
    parser.feed(summary() + change({.content = "text"}));
    EXPECT_FALSE(parser.corrupt()) << parser.report().problem;
}

TEST(BoxReport, RecordsComeInOrderAndOnce) {
    for (const std::string& bytes :
         {ready() + ready(), no_exec(), ready() + no_exec() + no_exec(), summary(), ready() + summary() + summary(),
          ready() + summary() + no_exec(), ready() + change({}), ready() + artifact("a"), ready() + end(), end(),
          started() + started(), ready() + started(), handed(), ready() + handed() + handed(),
          ready() + summary() + handed()}) {
        EXPECT_NE(problem_of(bytes), "");
    }
}

TEST(BoxReport, TheProcessToWaitForIsKnownWhateverFollows) {
    EXPECT_EQ(parsed(started(77) + ready() + handed() + summary() + end()).init, 77);
    EXPECT_EQ(parsed(started(77) + "nonsense").init, 77);
    for (const std::uint32_t pid : {0U, 1U << 30, ~0U}) EXPECT_NE(problem_of(started(pid)), "") << pid;
}

TEST(BoxReport, NothingFollowsTheEnd) {
    const std::string whole = ready() + summary() + end();
    for (const std::string& more :
         {ready(), summary(), change({}), artifact("a"), end(), setup_error(), std::string("Z")}) {
        EXPECT_NE(problem_of(whole + more), "") << more;
    }
    BoxReportParser parser(kContent);
    parser.feed(whole);
    EXPECT_TRUE(parser.report().complete);
    parser.feed("\n");
    EXPECT_TRUE(parser.corrupt());
    EXPECT_FALSE(parser.report().complete);
}

TEST(BoxReport, UnknownKindsOfRecordsAreRefused) {
    EXPECT_THAT(problem_of(record(static_cast<box::Tag>('?'))), HasSubstr("unknown"));
    EXPECT_NE(problem_of(std::string(5, '\0')), "");
}

TEST(BoxReport, ALengthThatCannotBeIsRefusedAtOnce) {
    for (const char tag : {'P', 'R', 'E', 'X', 'H', 'S', 'C', 'A', 'Z', '?'}) {
        EXPECT_NE(problem_of(std::string(1, tag) + "\xff\xff\xff\xff"), "") << tag;
    }
}

TEST(BoxReport, ABodyHoldsItsRecordAndNothingElse) {
    const auto with_body = [](const std::string& bytes, int by) {
        std::string body = bytes.substr(5);
        if (by > 0) body += '\0';
        if (by < 0) body.pop_back();
        return record(static_cast<box::Tag>(bytes[0]), body);
    };
    for (const int by : {-1, 1}) {
        EXPECT_NE(problem_of(with_body(ready(), by)), "");
        EXPECT_NE(problem_of(with_body(setup_error(), by)), "");
        EXPECT_NE(problem_of(ready() + with_body(no_exec(), by)), "");
        EXPECT_NE(problem_of(ready() + with_body(summary(), by)), "");
        EXPECT_NE(problem_of(ready() + summary() + with_body(change({}), by)), "");
        EXPECT_NE(problem_of(ready() + summary() + with_body(artifact("a"), by)), "");
        EXPECT_NE(problem_of(ready() + summary() + with_body(end(), by)), "");
    }
}

TEST(BoxReport, EnumerationsAndFlagsHoldWhatTheyCan) {
    EXPECT_NE(problem_of_change({.kind = 3}), "");
    EXPECT_NE(problem_of(ready() + summary(0, 'q')), "");
    EXPECT_EQ(problem_of(ready() + summary(9, 'w')), "");
    std::string flag = ready();
    flag.back() = '\2';
    EXPECT_NE(problem_of(flag), "");
    EXPECT_NE(problem_of(ready() + summary() + record(box::Tag::end, "\2")), "");
}

TEST(BoxReport, NumbersStayInTheirRange) {
    EXPECT_NE(problem_of(setup_error(5000)), "");
    EXPECT_NE(problem_of(ready() + no_exec(0xffffffff)), "");
    EXPECT_NE(problem_of(ready() + summary(0x10000)), "");
    EXPECT_NE(problem_of(ready() + summary(0x137f)), "") << "stopped, not ended";
}

TEST(BoxReport, ChangesLieInTheWorkspaceInOneSpelling) {
    using namespace std::string_literals;
    for (const std::string& path : {""s, "/"s, "/etc/passwd"s, ".."s, "../x"s, "a/../b"s, "a/.."s, "."s, "./a"s,
                                    "a/./b"s, "a//b"s, "a/"s, "a\0b"s}) {
        EXPECT_THAT(problem_of_change({.path = path}), HasSubstr("outside")) << path;
    }
    for (const std::string& path : {"a"s, "..a"s, "a/...b/c"s, ".git/config"s, "a b/\n\x1b[0m"s, "\xff\xfe"s}) {
        EXPECT_EQ(problem_of_change({.path = path}), "") << path;
    }
}

TEST(BoxReport, ModesArePermissionBitsAlone) {
    const BoxReport report = parsed(ready() + summary() + change({.mode = 0106755}) + end());
    EXPECT_EQ(report.changes.at(0).mode, 0755U);
}

TEST(BoxReport, LinksLeadIntoTheWorkspaceOrComeWithoutTheirTarget) {
    const auto link = [](std::string path, std::string target) {
        return problem_of_change({.path = std::move(path), .symlink = true, .target = std::move(target)});
    };
    for (const char* target : {"/etc/passwd", "..", "../x", "../../x", "b/../../../x", "b/../x", "."}) {
        const bool inside = std::string_view(target) == ".";
        EXPECT_EQ(link("l", target).empty(), inside) << target;
    }
    EXPECT_EQ(link("a/b/l", "../../x"), "");
    EXPECT_EQ(link("a/b/l", "./.././../x/y"), "");
    EXPECT_NE(link("a/b/l", "../../../x"), "");
    EXPECT_EQ(link("l", ""), "");
    EXPECT_NE(problem_of_change({.target = "b"}), "") << "a file has no target";
}

TEST(BoxReport, AChangeDoesNotContradictItself) {
    EXPECT_NE(problem_of_change({.symlink = true, .content = "x"}), "");
    EXPECT_NE(problem_of_change({.content_missing = true, .content = "x"}), "");
    EXPECT_NE(problem_of_change({.kind = 2, .content = "x"}), "");
    EXPECT_NE(problem_of_change({.kind = 2, .symlink = true}), "");
}

TEST(BoxReport, APathChangesOnce) {
    EXPECT_THAT(
        problem_of(ready() + summary() + change({.path = "a"}) + change({.path = "b"}) + change({.path = "a"}) + end()),
        HasSubstr("twice"));
}

TEST(BoxReport, ArtifactsArePlainFilesWithOneName) {
    using namespace std::string_literals;
    const std::string start = ready() + summary();
    for (const std::string& name : {""s, "."s, ".."s, "a/b"s, "/a"s, "a\0"s, std::string(256, 'n')}) {
        EXPECT_NE(problem_of(start + artifact(name)), "") << name;
    }
    EXPECT_EQ(problem_of(start + artifact("..a")), "");
    EXPECT_THAT(problem_of(start + artifact("a") + artifact("a")), HasSubstr("twice"));
}

TEST(BoxReport, ContentsAreBoundedTogether) {
    const std::string half(kContent / 2, 'x');
    const std::string start = ready() + summary() + change({.path = "a", .content = half});
    EXPECT_EQ(problem_of(start + change({.path = "b", .content = half})), "");
    EXPECT_THAT(problem_of(start + change({.path = "b", .content = half + "x"})), HasSubstr("more bytes"));
}

TEST(BoxReport, ArtifactsAreBoundedTogether) {
    BoxReportParser parser(kContent);
    parser.feed(ready() + summary());
    const std::string content(box::kMostArtifactBytes / 4, 'x');
    for (int i = 0; i < 4; ++i) parser.feed(artifact(std::to_string(i), content));
    EXPECT_FALSE(parser.corrupt());
    parser.feed(artifact("more", "x"));
    EXPECT_THAT(parser.report().problem, HasSubstr("more bytes"));
}

TEST(BoxReport, NamesAreBoundedTogether) {
    BoxReportParser parser(kContent);
    parser.feed(ready() + summary());
    std::string deep;
    for (int i = 0; i < 1000; ++i) deep += std::string(250, 'n') + "/";
    for (std::size_t sent = 0; sent + deep.size() + 10 < box::kMostNameBytes; sent += deep.size() + 10) {
        const std::string name = std::to_string(sent);
        parser.feed(change({.path = deep + name + std::string(10 - name.size(), 'n')}));
    }
    EXPECT_FALSE(parser.corrupt()) << parser.report().problem;
    parser.feed(change({.path = deep + "last one"}));
    EXPECT_TRUE(parser.corrupt());
}

TEST(BoxReport, SoAreTheNumbersOfChangesAndArtifacts) {
    BoxReportParser many(kContent);
    many.feed(ready() + summary());
    for (std::size_t i = 0; i < box::kMostChanges; ++i) many.feed(change({.path = std::to_string(i)}));
    EXPECT_FALSE(many.corrupt());
    many.feed(change({.path = "one more"}));
    EXPECT_THAT(many.report().problem, HasSubstr("more changes"));

    BoxReportParser files(kContent);
    files.feed(ready() + summary());
    for (std::size_t i = 0; i < box::kMostArtifacts; ++i) files.feed(artifact(std::to_string(i)));
    EXPECT_FALSE(files.corrupt());
    files.feed(artifact("one more"));
    EXPECT_THAT(files.report().problem, HasSubstr("more artifacts"));
}

TEST(BoxReport, OnceCorruptAlwaysCorrupt) {
    BoxReportParser parser(kContent);
    parser.feed("?????");
    const std::string problem = parser.report().problem;
    parser.feed(ready() + summary() + end());
    EXPECT_EQ(parser.report().problem, problem);
    EXPECT_FALSE(parser.report().ready);
}

}  // namespace
}  // namespace ec::executor
