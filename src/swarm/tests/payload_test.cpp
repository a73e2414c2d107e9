#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ec/crypto/base64.hpp>
#include <ec/swarm/payload.hpp>

namespace ec::swarm {
namespace {

using ::testing::HasSubstr;

const std::string kDigest(64, 'a');
const std::string kKey(crypto::SealKey::kBytes, 'k');

JobSpec good_spec() {
    JobSpec spec;
    spec.kind = JobKind::best_of;
    spec.task = "add a flag\nwith \"quotes\" and ü";
    spec.test = "pytest -q";
    spec.model = "none";
    spec.seed = ~std::uint64_t{0};
    spec.budget_s = 90;
    spec.memory_mb = 512;
    spec.manifest = {BlobId::parse(std::string(64, 'b')).value()};
    spec.manifest_keys = {kKey};
    spec.snapshot = kDigest;
    return spec;
}

TEST(Payload, AJobSpecComesBackAsItWas) {
    const JobSpec spec = good_spec();
    const JobSpec back = read_job_spec(write(spec)).value();
    EXPECT_EQ(write(back), write(spec));
    EXPECT_EQ(back.seed, spec.seed);
    EXPECT_EQ(back.task, spec.task);
    EXPECT_EQ(back.manifest_keys, spec.manifest_keys);
}

TEST(Payload, ATaskSpecAndAResultComeBackAsTheyWere) {
    const TaskSpec task{.task = "a part",
                        .files = {"a.py", "b/c.py"},
                        .test = "true",
                        .targets = {"t1"},
                        .sample = 7,
                        .round = 1,
                        .parts = {{"part-1", "mend", {"a.py"}, {"t1"}, {"part-0"}}}};
    EXPECT_EQ(write(read_task_spec(write(task)).value()), write(task));
    TaskResult result;
    result.outcome = Outcome::solved;
    result.patch = "--- a/x\n+++ b/x\n";
    result.failed_before = 3;
    result.candidates = 1'000'000'000'000;
    result.per_second = 240;
    result.tier = "A+";
    const TaskResult back = read_task_result(write(result)).value();
    EXPECT_EQ(write(back), write(result));
    EXPECT_EQ(back.tier, "A+");
    EXPECT_FALSE(back.already_passing());
}

TEST(Payload, AResultOfAnOlderWorkerIsReadWithoutWhatItDoesNotSay) {
    const TaskResult back = read_task_result(R"({"outcome":"solved","patch":""})").value();
    EXPECT_EQ(back.tier, "");
    EXPECT_EQ(back.per_second, 0);
    EXPECT_TRUE(back.already_passing());
}

TEST(Payload, APatchOfBytesThatAreNoUtf8IsNotChanged) {
    TaskResult result;
    result.outcome = Outcome::solved;
    result.patch = "-caf\xe9\n+caf\xe8\n";
    EXPECT_EQ(read_task_result(write(result)).value().patch, result.patch);
}

TEST(Payload, AFieldThatIsWrongIsNamed) {
    struct Case {
        std::string from, to, names;
    };
    const std::string good = write(good_spec());
    const std::vector<Case> cases = {
        {"\"kind\":\"best_of\"", "\"kind\":\"worst_of\"", "spec.kind"},
        {"\"kind\":\"best_of\"", "\"kind\":5", "spec.kind"},
        {"\"test\":\"pytest -q\",", "", "spec.test"},
        {"\"test\":\"pytest -q\"", "\"test\":\"a\\u0000b\"", "spec.test"},
        {"\"budget_s\":90", "\"budget_s\":-1", "spec.budget_s"},
        {"\"budget_s\":90", "\"budget_s\":99999999999", "spec.budget_s"},
        {"\"memory_mb\":512", "\"memory_mb\":-5", "spec.memory_mb"},
        {"\"seed\":\"18446744073709551615\"", "\"seed\":\"18446744073709551616\"", "spec.seed"},
        {"\"snapshot\":\"a", "\"snapshot\":\"z", "spec.snapshot"},
        {"\"manifest\":[\"b", "\"manifest\":[\"/", "spec.manifest"},
        {"\"manifest_keys\":[\"a", "\"manifest_keys\":[\"*", "spec.manifest_keys"},
    };
    for (const Case& wrong : cases) {
        std::string text = good;
        const std::size_t at = text.find(wrong.from);
        ASSERT_NE(at, std::string::npos) << wrong.from;
        text.replace(at, wrong.from.size(), wrong.to);
        const auto read = read_job_spec(text);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error().code, ErrorCode::corrupt);
        EXPECT_THAT(read.error().message, HasSubstr(wrong.names));
    }
}

TEST(Payload, WhatIsTooLongIsRefused) {
    EXPECT_EQ(read_job_spec(std::string(kSpecBytes + 1, ' ')).error().code, ErrorCode::too_large);
    EXPECT_EQ(read_task_spec(std::string(kPayloadBytes + 1, ' ')).error().code, ErrorCode::too_large);
    EXPECT_EQ(read_task_result(std::string(kResultBytes + 1, ' ')).error().code, ErrorCode::too_large);
    EXPECT_EQ(read_manifest(std::string(kManifestBytes + 1, ' ')).error().code, ErrorCode::too_large);
}

TEST(Payload, FilesOfATaskStayInside) {
    EXPECT_FALSE(read_task_spec(R"({"files":["../x"]})"));
    EXPECT_FALSE(read_task_spec(R"({"files":["/etc/passwd"]})"));
    EXPECT_FALSE(read_task_spec(R"({"files":"x"})"));
    EXPECT_FALSE(read_task_spec(R"({"parts":[{"files":["../x"]}]})"));
    EXPECT_FALSE(read_task_spec(R"({"parts":[7]})"));
    EXPECT_FALSE(read_task_spec(R"({"round":-1})"));
}

TEST(GroupKeys, EqualContentsHaveOneNameInAGroupAndAnotherInOthers) {
    const GroupKey ours = GroupKey::generate();
    const GroupKey same = GroupKey::parse(ours.hex()).value();
    const GroupKey theirs = GroupKey::generate();
    EXPECT_EQ(ours.blob_id("content"), same.blob_id("content"));
    EXPECT_EQ(ours.blob_key("content").reveal(), same.blob_key("content").reveal());
    EXPECT_EQ(ours.id(), same.id());
    EXPECT_EQ(ours.work_name("work"), same.work_name("work"));
    EXPECT_NE(ours.blob_id("content"), ours.blob_id("contents"));
    EXPECT_NE(ours.blob_id("content"), theirs.blob_id("content"));
    EXPECT_NE(ours.blob_key("content").reveal(), theirs.blob_key("content").reveal());
    EXPECT_NE(ours.id(), theirs.id());
    EXPECT_NE(ours.work_name("work"), theirs.work_name("work"));
}

TEST(GroupKeys, OnlyTheGroupOpensAJobsKeyAndOnlyInItsPlace) {
    const GroupKey group = GroupKey::generate();
    const crypto::SealKey job = crypto::SealKey::generate();
    const std::string sealed = group.seal_job_key(job, job_key_context());
    EXPECT_EQ(group.open_job_key(sealed, job_key_context()).value().reveal(), job.reveal());
    EXPECT_FALSE(group.open_job_key(sealed, spec_context()));
    EXPECT_FALSE(GroupKey::generate().open_job_key(sealed, job_key_context()));
}

TEST(GroupKeys, OnlyAWholeKeyIsRead) {
    const std::string hex = GroupKey::generate().hex();
    EXPECT_TRUE(GroupKey::parse(hex));
    EXPECT_FALSE(GroupKey::parse(hex.substr(1)));
    EXPECT_FALSE(GroupKey::parse(hex + "0"));
    EXPECT_FALSE(GroupKey::parse("x" + hex.substr(1)));
    EXPECT_FALSE(GroupKey::parse(""));
}

TEST(Contexts, NoSealedTextStandsInForAnother) {
    EXPECT_NE(payload_context("shard-0"), payload_context("shard-1"));
    EXPECT_NE(payload_context("shard-0"), result_context("shard-0"));
    EXPECT_NE(result_context("shard-0"), progress_context("shard-0"));
    EXPECT_NE(spec_context(), job_key_context());
}

}  // namespace
}  // namespace ec::swarm
