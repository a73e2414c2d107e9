// A coordinator that is killed in front of every write to its disk, between submit and pay.
#include <fmt/format.h>

#include <ec/sql/testing/killed_at_write_linux.hpp>
#include <fstream>
#include <set>
#include <sstream>

#include "tests/queue_bed.hpp"

namespace ec::swarm {
namespace {

namespace fs = std::filesystem;

/// What it told the world, a line each, as soon as it was committed; and what it was about to hand in.
class Told {
public:
    explicit Told(fs::path file) : file_(std::move(file)) {}
    void add(const std::string& line) const { std::ofstream(file_, std::ios::app) << line << '\n' << std::flush; }
    [[nodiscard]] std::vector<std::vector<std::string>> lines() const {
        std::vector<std::vector<std::string>> lines;
        std::istringstream text(read_file(file_).value_or(""));
        for (std::string line; std::getline(text, line);) {
            std::istringstream words(line);
            std::vector<std::string>& one = lines.emplace_back();
            for (std::string word; words >> word;) one.push_back(word);
        }
        return lines;
    }

private:
    fs::path file_;
};

NewJob checked_job() { return job_of({task_of("a")}, Verification::always); }

Outcome outcome_of(TaskKind kind) { return kind == TaskKind::verify ? Outcome::passed : Outcome::solved; }

/// As a worker does: it writes down what it hands in before it does.
Status hand_in(QueueBed& bed, const Told& told, const std::string& worker) {
    EC_ASSIGN(const auto leases, bed.within([&] { return bed.queue->claim(node_named(worker), any_offer(), 1); }));
    for (const Lease& lease : leases) {
        const Outcome outcome = outcome_of(lease.kind);
        told.add(fmt::format("holds {} {} {} {}", worker, lease.task.text(), lease.fence.value, name(outcome)));
        EC_TRY(bed.report(node_named(worker), lease, outcome, outcome == Outcome::solved ? "r" : ""));
        told.add(fmt::format("done {} {}", lease.task.text(), lease.fence.value));
    }
    return {};
}

bool live(const fs::path& file, const Told& told) {
    auto made = QueueBed::at(file);
    if (!made) return false;
    QueueBed& bed = **made;
    const auto submitted = bed.submit(checked_job(), "ann", "key-1");
    if (!submitted) return false;
    told.add("job " + submitted->job.text());
    if (!hand_in(bed, told, "w1") || !hand_in(bed, told, "w2")) return false;
    return bed.within([&] { return bed.log->place(10); }).has_value() &&
           bed.within([&] { return bed.log->sign(1); }).has_value();
}

/// What a worker that was not answered does: it hands in once more what it holds.
void hand_in_again(QueueBed& bed, const Told& told) {
    std::set<std::string> done;
    for (const auto& words : told.lines())
        if (words[0] == "done") done.insert(words[1] + " " + words[2]);
    for (const auto& words : told.lines()) {
        if (words[0] != "holds") continue;
        Report report;
        report.task = *TaskId::parse(words[2]);
        report.fence.value = std::stoll(words[3]);
        report.outcome = *parse_outcome(words[4]);
        report.result = report.outcome == Outcome::solved ? "r" : "";
        const auto told_now = bed.complete(node_named(words[1]), report);
        ASSERT_TRUE(told_now) << told_now.error().message;
        const bool told_before = done.contains(words[2] + " " + words[3]);
        EXPECT_TRUE(told_now->again || !told_before) << "taken twice";
    }
}

void expect_it_is_finished_once(QueueBed& bed, const Told& told, unsigned nth) {
    const auto submitted = bed.submit(checked_job(), "ann", "key-1");
    ASSERT_TRUE(submitted) << submitted.error().message;
    for (const auto& words : told.lines()) {
        if (words[0] != "job") continue;
        EXPECT_EQ(words[1], submitted->job.text()) << nth << ": an acknowledged job was lost";
    }
    hand_in_again(bed, told);
    bed.advance(90'001);  // what was claimed and never told
    bed.sweep();
    for (int turn = 0; turn < 10 && !ended(bed.state(submitted->job)); ++turn) {
        const Status worked = hand_in(bed, told, fmt::format("w{}", 1 + turn % 3));
        ASSERT_TRUE(worked) << worked.error().message;
    }
    EXPECT_EQ(bed.state(submitted->job), State::done) << nth;
    EXPECT_EQ(bed.balance("w1") + bed.balance("w2") + bed.balance("w3"), 1000 + 100) << nth;
    EXPECT_EQ(bed.held("ann"), 0) << nth;
    EXPECT_EQ(bed.number("SELECT COUNT(*) FROM job"), 1) << nth;
    EXPECT_EQ(bed.number("SELECT (SELECT COUNT(*) FROM log_pending) + (SELECT COUNT(*) FROM log_leaf)"), 3) << nth;
    const auto placed = bed.within([&] { return bed.log->place(10); });
    EXPECT_TRUE(placed) << nth << ": " << placed.error().message;
    const Status sound = bed.books->audit();
    EXPECT_TRUE(sound) << nth << ": " << sound.error().message;
}

TEST(QueueCrashes, KilledAtEveryWriteNothingAcknowledgedIsLostAndNothingIsPaidTwice) {
    if (::access("/dev/shm", W_OK) == 0) ::setenv("TMPDIR", "/dev/shm", 1);
    auto folder = TempDir::create();
    ASSERT_TRUE(folder);
    const fs::path fresh = folder->path() / "fresh.db";
    ASSERT_TRUE(QueueBed::at(fresh));
    unsigned nth = 1;
    for (;; ++nth) {
        const fs::path file = folder->path() / "store.db";
        for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(file.string() + suffix);
        fs::copy_file(fresh, file);
        fs::remove(folder->path() / "told");
        const Told told(folder->path() / "told");
        const bool killed = sql::testing::killed_at_write(nth, [&] { return live(file, told); });
        auto made = QueueBed::at(file);
        ASSERT_TRUE(made) << nth << ": " << made.error().message;
        expect_it_is_finished_once(**made, told, nth);
        if (!killed || HasFailure()) break;
    }
    EXPECT_GT(nth, 30U) << "it was killed at too few places";
}

}  // namespace
}  // namespace ec::swarm
