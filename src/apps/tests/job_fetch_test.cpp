// What a submitter takes from a coordinator and from workers that are not honest.
#include "swarm/job_fetch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ec/core/fs.hpp>
#include <ec/crypto/sha256.hpp>
#include <ec/swarm/snapshot.hpp>
#include <map>

#include "swarm/job_record.hpp"
#include "swarm/job_result.hpp"
#include "swarm/swarm_places.hpp"

namespace ec::apps {
namespace {

using swarm::JobId;
using ::testing::HasSubstr;

constexpr std::string_view kCode = "def one():\n    return 2\n";
constexpr std::string_view kTest = "from one import one\n\n\ndef test_one():\n    assert one() == 1\n";

std::string patch_of(const std::string& file, const std::string& before, const std::string& after, int line,
                     const std::string& context) {
    return "diff --git a/" + file + " b/" + file + "\n--- a/" + file + "\n+++ b/" + file + "\n@@ -" +
           std::to_string(line) + ",2 +" + std::to_string(line) + ",2 @@\n " + context + "\n-" + before + "\n+" +
           after + "\n";
}

/// A coordinator that has jobs, and gives what it is told to for each.
class Liar final : public swarm::CoordinatorClient {
public:
    std::map<std::string, swarm::JobStatus> jobs_;
    std::map<std::string, std::string> blobs_;

    Result<swarm::JobStatus> job(const JobId& id, std::stop_token /*stop*/) override { return jobs_.at(id.text()); }
    Result<std::vector<swarm::SealedBlob>> fetch(const std::vector<swarm::BlobId>& ids,
                                                 std::stop_token /*stop*/) override {
        std::vector<swarm::SealedBlob> out;
        for (const swarm::BlobId& id : ids) out.push_back({id, blobs_.at(id.text())});
        return out;
    }

    Result<swarm::ServerTime> hello(std::stop_token /*stop*/) override { return no(); }
    Result<identity::Node> join(const Secret& /*token*/, identity::NodeKind /*kind*/, const std::string& /*label*/,
                                std::stop_token /*stop*/) override {
        return no();
    }
    Result<std::vector<swarm::Submitted>> submit(const std::vector<swarm::NewJob>& /*jobs*/, const std::string& /*key*/,
                                                 std::stop_token /*stop*/) override {
        return no();
    }
    Result<std::vector<swarm::JobStatus>> jobs(const JobId& /*before*/, unsigned /*most*/,
                                               std::stop_token /*stop*/) override {
        return no();
    }
    Status watch(const JobId& /*id*/, std::int64_t /*after*/, const std::function<bool(const swarm::Event&)>& /*sink*/,
                 std::stop_token /*stop*/) override {
        return no();
    }
    Result<swarm::Explanation> explain(const JobId& /*id*/, std::stop_token /*stop*/) override { return no(); }
    Result<std::vector<swarm::Receipt>> receipts(const JobId& /*id*/, std::stop_token /*stop*/) override {
        return no();
    }
    Result<std::int64_t> searchers(const swarm::GroupId& /*group*/, std::stop_token /*stop*/) override { return no(); }
    Status cancel(const JobId& /*id*/, std::stop_token /*stop*/) override { return no(); }
    Result<swarm::Completion> verdict(const JobId& /*id*/, const swarm::TaskId& /*task*/, bool /*good*/,
                                      std::stop_token /*stop*/) override {
        return no();
    }
    Status give_key(const JobId& /*id*/, const identity::NodeId& /*node*/, const std::string& /*sealed*/,
                    std::stop_token /*stop*/) override {
        return no();
    }
    Result<std::vector<swarm::BlobId>> missing(const std::vector<swarm::BlobId>& /*ids*/,
                                               std::stop_token /*stop*/) override {
        return no();
    }
    Status put(const std::vector<swarm::SealedBlob>& /*blobs*/, std::stop_token /*stop*/) override { return no(); }
    Result<std::vector<swarm::Lease>> claim(const swarm::ClaimRequest& /*request*/, std::stop_token /*stop*/) override {
        return no();
    }
    Result<swarm::HeartbeatReply> heartbeat(const swarm::HeartbeatRequest& /*request*/,
                                            std::stop_token /*stop*/) override {
        return no();
    }
    Result<std::vector<Result<swarm::Completion>>> complete(const std::vector<swarm::Report>& /*reports*/,
                                                            std::stop_token /*stop*/) override {
        return no();
    }
    Status give_back(const swarm::TaskId& /*task*/, swarm::Fence /*fence*/, const std::string& /*reason*/,
                     std::stop_token /*stop*/) override {
        return no();
    }
    Result<std::string> key(const swarm::TaskId& /*task*/, swarm::Fence /*fence*/, int /*wait_s*/,
                            std::stop_token /*stop*/) override {
        return no();
    }

private:
    static std::unexpected<Error> no() { return fail(ErrorCode::unavailable, "not asked for here"); }
};

class JobFetchTest : public ::testing::Test {
protected:
    JobFetchTest() {
        ::setenv("EDGECODER_DATA_DIR", data_.path().c_str(), 1);
        put("one.py", kCode);
        put("test_one.py", kTest);
    }
    void put(const std::string& path, std::string_view text) {
        ASSERT_TRUE(write_file_atomic(project_.path() / path, text).has_value());
    }
    [[nodiscard]] std::string file(const std::string& path) const { return read_file(project_.path() / path).value(); }

    /// A job over the project as it is now that ended with this patch, and the record of it.
    JobId done(const std::string& name, const std::string& patch, std::int64_t seed = 1) {
        const swarm::GroupKey group = load_group("local").value();
        const auto packed = swarm::pack({.root = project_.path(), .also = {}, .limits = {}}, group,
                                        [this](swarm::SealedBlob blob) -> Status {
                                            client_.blobs_[blob.id.text()] = blob.bytes;
                                            return {};
                                        },
                                        {});
        swarm::JobSpec spec;
        spec.test = "pytest -q";
        spec.seed = static_cast<std::uint64_t>(seed);
        spec.manifest = packed->manifest;
        spec.manifest_keys = packed->manifest_keys;
        spec.snapshot = packed->digest;
        const std::string text = swarm::write(spec);
        const crypto::SealKey key = crypto::SealKey::generate();
        swarm::TaskResult result;
        result.outcome = swarm::Outcome::solved;
        result.patch = patch;
        swarm::JobStatus job;
        job.id = JobId::parse(name).value();
        job.state = swarm::State::done;
        job.group = group.id();
        job.group_key = group.seal_job_key(key, swarm::job_key_context());
        job.spec = key.seal(text, swarm::spec_context());
        job.result_task = swarm::TaskId::parse(name + "-0").value();
        job.result = key.seal(swarm::write(result), swarm::result_context("shard-0"));
        job.tasks.push_back({.id = job.result_task, .key = "shard-0"});
        client_.jobs_[name] = job;
        EXPECT_TRUE(save_record({.key = "key-of-" + name,
                                 .job = job.id,
                                 .directory = project_.path().string(),
                                 .request = {},
                                 .job_key = {},
                                 .trusted = {},
                                 .verification = {},
                                 .spec_hash = crypto::sha256(text).hex()}));
        return job.id;
    }
    Result<FetchedJob> apply(const JobId& id) { return fetch_job(id, {.apply = true}, client_, {}); }

    TempDir data_ = TempDir::create().value();
    TempDir project_ = TempDir::create().value();
    Liar client_;
    std::string good_ = patch_of("one.py", "    return 2", "    return 1", 1, "def one():");
};

TEST_F(JobFetchTest, TheResultOfTheJobIsApplied) {
    const auto fetched = apply(done("job-a", good_));
    ASSERT_TRUE(fetched) << fetched.error().message;
    EXPECT_TRUE(fetched->fixed() && fetched->applied);
    EXPECT_EQ(file("one.py"), "def one():\n    return 1\n");
}

TEST_F(JobFetchTest, WhereTestsPassedAlreadyNothingIsWritten) {
    const auto fetched = apply(done("job-a", ""));
    ASSERT_TRUE(fetched) << fetched.error().message;
    EXPECT_TRUE(fetched->already_passing() && !fetched->applied);
    EXPECT_EQ(file("one.py"), kCode);
}

TEST_F(JobFetchTest, AJobThatCameToNothingTellsWhatItsTasksSay) {
    const JobId id = done("job-a", good_);
    swarm::JobStatus& job = client_.jobs_["job-a"];
    const crypto::SealKey key = job_key_of(job).value();
    swarm::TaskResult result;
    result.outcome = swarm::Outcome::nothing;
    result.reason = "no test was run";
    job.state = swarm::State::failed;
    job.result.clear();
    job.tasks.front().outcome = swarm::Outcome::nothing;
    job.tasks.front().result = key.seal(swarm::write(result), swarm::result_context("shard-0"));
    const auto fetched = apply(id);
    ASSERT_TRUE(fetched) << fetched.error().message;
    EXPECT_FALSE(fetched->fixed());
    ASSERT_EQ(fetched->in_vain.size(), 1U);
    EXPECT_EQ(fetched->in_vain.front().reason, "no test was run");
    job.tasks.front().result = "no bytes of ours";
    EXPECT_TRUE(apply(id)->in_vain.empty()) << "an explanation that cannot be opened is left out";
}

TEST_F(JobFetchTest, AnotherJobOfTheGroupInItsPlaceIsFoundOut) {
    done("job-a", good_);
    const JobId id = done("job-b", good_, 2);
    client_.jobs_["job-b"] = client_.jobs_["job-a"];
    const auto fetched = apply(id);
    ASSERT_FALSE(fetched);
    EXPECT_EQ(fetched.error().code, ErrorCode::corrupt);
    EXPECT_THAT(fetched.error().message, HasSubstr("is not what was submitted"));
    EXPECT_EQ(file("one.py"), kCode);
}

TEST_F(JobFetchTest, WorkThatIsSaidToHaveBeenDoneBeforeMustBeTheSame) {
    const JobId other = done("job-a", good_);
    const JobId id = done("job-b", good_, 2);
    client_.jobs_["job-b"].same_as = other;
    const auto fetched = apply(id);
    ASSERT_FALSE(fetched);
    EXPECT_EQ(fetched.error().code, ErrorCode::corrupt);
    EXPECT_EQ(file("one.py"), kCode);
    const JobId again = done("job-c", good_);
    client_.jobs_["job-c"].same_as = other;
    EXPECT_TRUE(apply(again)) << "the same spec is the same work";
}

TEST_F(JobFetchTest, APatchThatGoesThroughALinkIsNotTaken) {
    std::filesystem::create_directory(project_.path() / "real");
    put("real/two.py", kCode);
    std::filesystem::create_directory_symlink("real", project_.path() / "alias");
    const JobId id = done("job-a", patch_of("alias/two.py", "    return 2", "    return 1", 1, "def one():"));
    const auto fetched = fetch_job(id, {}, client_, {});
    ASSERT_FALSE(fetched) << "what is checked by its path must be what is changed";
    EXPECT_EQ(fetched.error().code, ErrorCode::conflict);
    EXPECT_THAT(fetched.error().message, HasSubstr("alias/two.py is a link, or lies behind one"));
}

TEST_F(JobFetchTest, APatchThatChangesTheTestsIsNotTaken) {
    const auto fetched = apply(
        done("job-a", patch_of("test_one.py", "    assert one() == 1", "    assert one() == 2", 4, "def test_one():")));
    ASSERT_FALSE(fetched);
    EXPECT_EQ(fetched.error().code, ErrorCode::denied);
    EXPECT_THAT(fetched.error().message, HasSubstr("test_one.py"));
    EXPECT_EQ(file("test_one.py"), kTest);
}

TEST_F(JobFetchTest, PatchesThatLeadElsewhereWriteNothing) {
    for (const std::string path : {"../outside.py", "x/../../outside.py", ".git/hooks/pre-commit", ".GIT/config"}) {
        const auto fetched =
            apply(done("job-a", "diff --git a/" + path + " b/" + path + "\nnew file mode 100644\n--- " +
                                    "/dev/null\n+++ b/" + path + "\n@@ -0,0 +1,1 @@\n+x\n"));
        EXPECT_FALSE(fetched) << path;
    }
    const auto hook = apply(done("job-a",
                                 "diff --git a/.github/workflows/x.yml b/.github/workflows/x.yml\nnew file mode "
                                 "100644\n--- /dev/null\n+++ b/.github/workflows/x.yml\n@@ -0,0 +1,1 @@\n+x\n"));
    ASSERT_FALSE(hook);
    EXPECT_EQ(hook.error().code, ErrorCode::denied);
    EXPECT_FALSE(std::filesystem::exists(project_.path() / ".github"));
}

}  // namespace
}  // namespace ec::apps
