#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ec/json/json.hpp>
#include <ec/swarm/protocol.hpp>

namespace ec::swarm {
namespace {

const std::string kKey(64, 'a');
const std::string kNode(43, 'n');

template <class Sort>
Sort id(std::string_view text) {
    return *Sort::parse(text);
}

NewTask some_task(std::string key) {
    NewTask task;
    task.key = std::move(key);
    task.kind = TaskKind::subtask;
    task.needs = {.languages = {"javascript", "python"}, .memory_mb = 2048, .model_class = "small", .gpu = true};
    task.payload = std::string("\0\xff sealed \"bytes\"\n", 17);
    task.after = {"part-0"};
    task.expected_s = 90;
    return task;
}

NewJob some_job() {
    NewJob job;
    job.kind = JobKind::split;
    job.spec = std::string("\x01\x00\xfe", 3);
    job.blobs = {id<BlobId>("b1"), id<BlobId>("b2")};
    job.snapshot = id<BlobId>("b1");
    job.tasks = {some_task("part-0"), some_task("part-1")};
    job.priority = 70;
    job.verification = Verification::always;
    job.group = id<GroupId>("g");
    job.group_key = "key";
    job.cache_key = "0123abcd";
    job.budget_s = 1200;
    job.budget = ledger::Credits::milli(5000);
    job.expected = Outcome::nothing;
    return job;
}

std::vector<Lease> some_leases() {
    Lease lease;
    lease.task = id<TaskId>("t1");
    lease.job = id<JobId>("j1");
    lease.key = "shard-1";
    lease.kind = TaskKind::verify;
    lease.fence = {7};
    lease.attempt = 2;
    lease.until_ms = 1'700'000'000'000;
    lease.shard = 1;
    lease.shards = 4;
    lease.spec = "spec";
    lease.payload = "payload";
    lease.inputs = {{"shard-0", "result"}};
    lease.group = id<GroupId>("g");
    lease.group_key = "sealed";
    return {lease, lease};
}

Report some_report() {
    Report report;
    report.task = id<TaskId>("t1");
    report.fence = {7};
    report.outcome = Outcome::solved;
    report.result = "sealed result";
    report.blobs = {id<BlobId>("b9")};
    report.children = {some_task("child-0")};
    report.reason = "sandbox_unavailable";
    report.wall_ms = 1234;
    return report;
}

JobStatus some_status() {
    JobStatus job;
    job.id = id<JobId>("j1");
    job.account = "local";
    job.kind = JobKind::best_of;
    job.state = State::done;
    job.reason = "verified";
    job.spec = "spec";
    job.result = "result";
    job.result_task = id<TaskId>("t1");
    job.submitted_ms = 5;
    job.ended_ms = 6;
    job.paid = ledger::Credits::milli(1100);
    TaskStatus task;
    task.id = id<TaskId>("t1");
    task.key = "sample-0";
    task.kind = TaskKind::attempt;
    task.state = State::done;
    task.attempts = 2;
    task.outcome = Outcome::solved;
    task.after = {"x"};
    job.tasks = {task};
    return job;
}

TEST(Protocol, AJobIsReadAsItWasWritten) {
    const std::vector<NewJob> jobs{some_job(), some_job()};
    const auto read = read_new_jobs(write(jobs));
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(read->size(), 2U);
    EXPECT_EQ(write(*read), write(jobs));
    EXPECT_EQ(read->front().tasks[1].payload, some_task("x").payload);
    EXPECT_EQ(read->front().spec, jobs[0].spec);
    EXPECT_EQ(read->front().expected, Outcome::nothing);
    const auto alone = read_new_jobs(write(jobs.front()));
    ASSERT_TRUE(alone);
    EXPECT_EQ(write(*alone), write(std::vector<NewJob>{jobs.front()}));
}

TEST(Protocol, LeasesOfOneOneAreMany) {
    const auto read = read_leases(write(some_leases(), {1, 1}));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->size(), 2U);
    EXPECT_EQ(write(*read, {1, 1}), write(some_leases(), {1, 1}));
    EXPECT_EQ(read->front().fence.value, 7);
    EXPECT_EQ(read->front().inputs[0].result, "result");
}

TEST(Protocol, AnOlderWorkerIsGivenOneLeaseOrNull) {
    const auto document = json::parse(write(some_leases(), {1, 0}));
    ASSERT_TRUE(document);
    EXPECT_TRUE(document->as_object().at("lease").is_object());
    EXPECT_FALSE(document->as_object().contains("leases"));
    EXPECT_EQ(write(std::vector<Lease>{}, {1, 0}), R"({"lease":null})");
    EXPECT_EQ(read_leases(write(some_leases(), {1, 0}))->size(), 1U);
    EXPECT_TRUE(read_leases(R"({"lease":null})")->empty());
    EXPECT_TRUE(read_leases(R"({"leases":[]})")->empty());
}

TEST(Protocol, AnOlderWorkerReportsOneObjectAndIsAnsweredWithOne) {
    const auto read = read_reports(R"({"task":"t1","fence":3,"outcome":"nothing"})");
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->protocol, (ProtocolVersion{1, 0}));
    EXPECT_EQ(read->reports.at(0).fence.value, 3);
    const std::vector<Result<Completion>> done{Completion{State::done, State::running, true}};
    EXPECT_EQ(write(done, {1, 0}), R"({"task":"done","job":"running"})") << "the second answer is the first";
    const auto back = read_completions(R"({"task":"done","job":"running","again":true})");
    ASSERT_TRUE(back);
    EXPECT_TRUE(back->at(0)->again) << "as an older coordinator says it";
}

TEST(Protocol, ReportsAndWhatBecameOfThemSurviveTheJourney) {
    const std::vector<Report> reports{some_report()};
    const auto read = read_reports(write(reports));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->protocol, kProtocol);
    EXPECT_EQ(write(read->reports), write(reports));
    const std::vector<Result<Completion>> done{Completion{State::verifying, State::running, false},
                                               fail(ErrorCode::conflict, "stale_lease")};
    const auto back = read_completions(write(done));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(back->at(0)->task, State::verifying);
    EXPECT_EQ(back->at(1).error().code, ErrorCode::conflict);
    EXPECT_EQ(back->at(1).error().message, "stale_lease");
}

TEST(Protocol, HeartbeatsSurviveTheJourney) {
    HeartbeatRequest request;
    request.held = {{id<TaskId>("t1"), {4}, "progress", 40}};
    request.offer = {.kinds = {TaskKind::repair, TaskKind::verify},
                     .languages = {"python"},
                     .memory_mb = 4096,
                     .model_class = "medium",
                     .gpu = false,
                     .groups = {id<GroupId>("g")},
                     .snapshots = {id<BlobId>("s")},
                     .model = "qwen2.5-coder:7b"};
    request.slots = 3;
    request.telemetry.device = DeviceKind::phone;
    request.telemetry.battery_percent = 55;
    request.telemetry.thermal = Thermal::fair;
    request.telemetry.external_power = false;
    request.holding_back = "battery_critical";
    request.wait_s = 25;
    request.protocol = kProtocol;
    const auto read = read_heartbeat(write(request));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(write(*read), write(request));
    EXPECT_EQ(read->telemetry.battery_percent, 55);
    EXPECT_FALSE(read->telemetry.cpu_percent.has_value());
    EXPECT_EQ(read->wait_s, 25);

    const HeartbeatReply reply{{{id<TaskId>("t1"), Holding::cancelled, 9}}, 17, 0, true};
    const auto answer = read_heartbeat_reply(write(reply));
    ASSERT_TRUE(answer);
    EXPECT_EQ(write(*answer), write(reply));
}

TEST(Protocol, StatesEventsAndSmallMessagesSurviveTheJourney) {
    EXPECT_EQ(write(*read_job(write(some_status()))), write(some_status()));
    const std::vector<JobStatus> jobs{some_status(), some_status()};
    EXPECT_EQ(write(*read_jobs(write(jobs))), write(jobs));
    Event event;
    event.sequence = 12;
    event.job = id<JobId>("j1");
    event.type = "progress";
    event.state = State::running;
    event.reason = "claimed";
    event.data = "sealed";
    EXPECT_EQ(write(*read_event(write(event))), write(event));
    const Explanation why{"it waits", {"2 of 3 workers have no gpu", "\"quoted\"\n"}, {"shard-0"}};
    EXPECT_EQ(read_explanation(write(why))->reasons, why.reasons);
    EXPECT_EQ(read_explanation(write(why))->unchecked, why.unchecked);
    EXPECT_TRUE(read_explanation(R"({"summary":"of an older one","reasons":[]})")->unchecked.empty());
    const std::vector<Receipt> receipts{{id<TaskId>("t"), 41, R"({"task":"t"})", "c2sp.org/tlog-proof@v1\n"},
                                        {id<TaskId>("u"), {}, {}, {}}};
    EXPECT_EQ(write(*read_receipts(write(receipts))), write(receipts));
    EXPECT_EQ(read_receipts(write(receipts))->front().index, 41);
    EXPECT_EQ(read_receipts(write(receipts))->back().index, std::nullopt) << "no checkpoint covers it yet";
    EXPECT_EQ(read_receipts(R"({"receipts":[{"task":"t","index":-1}]})").error().code, ErrorCode::invalid_argument);
    const std::vector<Submitted> submitted{{id<JobId>("j"), true, id<JobId>("k")}};
    EXPECT_EQ(write(*read_submitted(write(submitted))), write(submitted));
    const Verdict verdict{id<TaskId>("t"), true};
    EXPECT_TRUE(read_verdict(write(verdict))->good);
    const GiveBack back{id<TaskId>("t"), {3}, "draining"};
    EXPECT_EQ(read_give_back(write(back))->reason, "draining");
    const std::vector<BlobId> ids{id<BlobId>("a"), id<BlobId>("b")};
    EXPECT_EQ(*read_ids(write(ids)), ids);
    EXPECT_EQ(*read_key(write_key("k\x01")), "k\x01");
    const HelloRequest hello{{"1.0", "1.1"}};
    EXPECT_EQ(read_hello_request(write(hello))->versions, hello.versions);
    const auto server = read_hello(write(Hello{{1, 0}, 5, 90'000, "origin+1+k"}));
    ASSERT_TRUE(server);
    EXPECT_EQ(server->version, (ProtocolVersion{1, 0}));
    EXPECT_EQ(server->now_ms, 5);
}

TEST(Protocol, ClaimsSayWhatTheySpeakAndWithoutAWordSpeakTheOldest) {
    ClaimRequest request;
    request.offer.kinds = {TaskKind::repair};
    request.most = 4;
    const auto read = read_claim_request(write(request));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->protocol, kProtocol);
    EXPECT_EQ(read->most, 4U);
    EXPECT_EQ(read_claim_request("{}")->protocol, kOldestProtocol);
    EXPECT_EQ(*parse_protocol("1.7"), kProtocol);
    for (const char* bad : {"", "1", "2.0", "0.9", "1.", ".1", "1.1x", "-1.0", "99999999999.1"})
        EXPECT_FALSE(parse_protocol(bad)) << bad;
}

struct Bad {
    const char* body;
    const char* named;  ///< in the message
};

TEST(Protocol, FaultsOfAClaimAreNamed) {
    for (const Bad& bad :
         {Bad{"", "JSON"}, Bad{"[]", "the body"}, Bad{R"({"most":0})", "most"}, Bad{R"({"most":65})", "most"},
          Bad{R"({"most":"2"})", "most"}, Bad{R"({"most":1.5})", "most"}, Bad{R"({"wait_s":30})", "wait_s"},
          Bad{R"({"wait_s":-1})", "wait_s"}, Bad{R"({"wait_s":99999999999999999999})", "wait_s"},
          Bad{R"({"protocol":"2.0"})", "protocol"}, Bad{R"({"protocol":11})", "protocol"},
          Bad{R"({"offer":[]})", "offer"}, Bad{R"({"offer":{"kinds":["dig"]}})", "offer.kinds[0]"},
          Bad{R"({"offer":{"memory_mb":-1}})", "offer.memory_mb"}, Bad{R"({"offer":{"gpu":"yes"}})", "offer.gpu"},
          Bad{R"({"offer":{"groups":["a/b"]}})", "offer.groups[0]"},
          Bad{R"({"offer":{"languages":["Python"]}})", "offer.languages"},
          Bad{R"({"offer":{"model":"a\u0000b"}})", "offer.model"}}) {
        const auto read = read_claim_request(bad.body);
        ASSERT_FALSE(read) << bad.body;
        EXPECT_EQ(read.error().code, ErrorCode::invalid_argument);
        EXPECT_NE(read.error().message.find(bad.named), std::string::npos) << read.error().message;
    }
}

TEST(Protocol, FaultsOfAJobAreNamedTogether) {
    const auto read = read_new_jobs(
        R"({"jobs":[{"kind":"dance","spec":"!","tasks":[{"key":"A","kind":"repair","expected_s":0}],"priority":101,
            "budget_s":0,"budget_milli":-5}]})");
    ASSERT_FALSE(read);
    const std::vector<std::string> fields{
        "jobs[0].kind",     "jobs[0].spec",     "jobs[0].tasks[0].key", "jobs[0].tasks[0].expected_s",
        "jobs[0].priority", "jobs[0].budget_s", "jobs[0].budget_milli"};
    EXPECT_THAT(read.error().fields, testing::UnorderedElementsAreArray(fields)) << "each once";
    for (const std::string& named : fields)
        EXPECT_NE(read.error().message.find(named), std::string::npos) << named << ": " << read.error().message;
}

TEST(Protocol, AFieldIsAtFaultOnce) {
    const auto read = read_key_gift(R"({"node":7,"sealed":[]})");
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().message,
              "node must be a text of at most 64 bytes; sealed must be at most 512 bytes as base64");
}

TEST(Protocol, WhatIsTooLargeOrTooManyIsRefused) {
    NewJob job = some_job();
    job.spec.assign(kSpecBytes + 1, 'x');
    EXPECT_FALSE(read_new_jobs(write(job)));
    job = some_job();
    job.tasks.front().payload.assign(kPayloadBytes + 1, 'x');
    EXPECT_FALSE(read_new_jobs(write(job)));
    job = some_job();
    job.tasks.assign(kMostTasks + 1, some_task("x"));
    EXPECT_FALSE(read_new_jobs(write(job)));
    EXPECT_FALSE(read_new_jobs(write(std::vector<NewJob>(kMostJobs + 1, some_job()))));
    EXPECT_FALSE(read_new_jobs(R"({"jobs":[]})"));
    EXPECT_FALSE(read_reports(write(std::vector<Report>(kMostReports + 1, some_report()))));
    EXPECT_FALSE(read_reports(R"({"reports":[]})"));
    Report report = some_report();
    report.result.assign(kResultBytes + 1, 'x');
    EXPECT_FALSE(read_reports(write(std::vector<Report>{report})));
    report = some_report();
    report.reason = "Traceback: secret source";
    EXPECT_FALSE(read_reports(write(std::vector<Report>{report}))) << "a text of the payload in clear";
}

TEST(Protocol, NeedsAndFencesOfOthersAreNoneOfOurs) {
    for (const char* bad :
         {R"({"task":"t","fence":0,"outcome":"solved"})", R"({"task":"t","outcome":"solved"})",
          R"({"fence":1,"outcome":"solved"})", R"({"task":"","fence":1,"outcome":"solved"})",
          R"({"task":"t","fence":1,"outcome":"won"})", R"({"task":"t","fence":-1,"outcome":"solved"})"})
        EXPECT_FALSE(read_reports(bad)) << bad;
}

TEST(Protocol, BlobFramesAreReadAsTheyWereWritten) {
    const std::vector<SealedBlob> blobs{{id<BlobId>("a"), std::string("\0x", 2)}, {id<BlobId>("b-2"), ""}};
    const std::string frames = write_frames(blobs);
    const auto read = read_frames(frames);
    ASSERT_TRUE(read);
    ASSERT_EQ(read->size(), 2U);
    EXPECT_EQ(read->at(0).bytes, blobs[0].bytes);
    EXPECT_EQ(read->at(1).id, blobs[1].id);
    EXPECT_TRUE(read_frames("")->empty());
    for (std::size_t cut = 1; cut < frames.size(); ++cut) {
        const auto part = read_frames(std::string_view(frames).substr(0, cut));
        EXPECT_TRUE(!part || write_frames(*part) == frames.substr(0, cut)) << cut;
    }
    EXPECT_FALSE(read_frames(std::string("\0\0\0\1/\0\0\0\0", 9))) << "no id";
    EXPECT_FALSE(read_frames(std::string("\xff\xff\xff\xff", 4)));
    EXPECT_EQ(read_frames(write_frames({{id<BlobId>("a"), std::string(kBlobBytes + 1, 'x')}})).error().code,
              ErrorCode::too_large);
}

TEST(Protocol, AProblemIsTheErrorThatItWasAndNeverLong) {
    const Error stale = read_problem(409, R"({"code":"conflict","detail":"stale_lease"})");
    EXPECT_EQ(stale.code, ErrorCode::conflict);
    EXPECT_EQ(stale.message, "stale_lease");
    EXPECT_EQ(read_problem(503, "<html>").code, ErrorCode::unavailable);
    EXPECT_EQ(read_problem(429, "{}").code, ErrorCode::over_quota);
    EXPECT_EQ(read_problem(503, R"({"code":"storage_full"})").code, ErrorCode::storage_full);
    EXPECT_EQ(read_problem(404, R"({"code":7})").code, ErrorCode::not_found);
    EXPECT_LE(read_problem(500, R"({"detail":")" + std::string(5000, 'x') + "\"}").message.size(), 310U);
}

}  // namespace
}  // namespace ec::swarm
