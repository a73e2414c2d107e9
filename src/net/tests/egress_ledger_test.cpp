#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <ec/core/fs.hpp>
#include <ec/net/egress_ledger.hpp>
#include <filesystem>
#include <fstream>
#include <thread>

namespace ec::net {
namespace {

namespace fs = std::filesystem;

EgressEntry sample(EgressEvent event = EgressEvent::closed) {
    EgressEntry entry;
    entry.time = "2026-11-27T08:30:00.125Z";
    entry.event = event;
    entry.connection = "1.2.3";
    entry.who = "exec in /work";
    entry.why = "python3 fetch.py";
    entry.host = "example.com";
    entry.port = 443;
    entry.address = "93.184.216.34";
    entry.bytes_in = 1'234'567;
    entry.bytes_out = 89;
    entry.reason = "the server closed it";
    return entry;
}

class Ledger : public ::testing::Test {
protected:
    fs::path dir() const { return parent_.path() / "data"; }
    fs::path file() const { return dir() / "egress.jsonl"; }
    TempDir parent_ = std::move(*TempDir::create());
};

TEST_F(Ledger, WhatIsRecordedReadsBackInOrder) {
    auto ledger = FileEgressLedger::open(dir());
    ASSERT_TRUE(ledger) << ledger.error().message;
    const EgressEntry entries[] = {sample(EgressEvent::refused), sample(EgressEvent::opened), sample()};
    for (const EgressEntry& entry : entries) ASSERT_TRUE(ledger->record(entry));
    const auto history = read_egress(dir(), 100);
    ASSERT_TRUE(history);
    ASSERT_EQ(history->entries.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(history->entries[i], entries[i]);
    EXPECT_EQ(read_egress(dir(), 1)->entries.front(), entries[2]);
    EXPECT_EQ(history->unreadable, 0U);
}

TEST_F(Ledger, OnlyItsOwnerMayReadIt) {
    ::umask(0);
    ASSERT_TRUE(FileEgressLedger::open(dir()));
    struct stat info{};
    ASSERT_EQ(::stat(file().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777U, 0600U);
    ASSERT_EQ(::stat(dir().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777U, 0700U);
    ASSERT_EQ(::chmod(file().c_str(), 0644), 0);
    auto ledger = FileEgressLedger::open(dir());
    ASSERT_TRUE(ledger);
    ASSERT_EQ(::stat(file().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777U, 0600U);
}

TEST_F(Ledger, LinksFifosAndFoldersInItsPlaceAreRefused) {
    fs::create_directories(dir());
    const fs::path elsewhere = parent_.path() / "elsewhere";
    std::ofstream(elsewhere) << "mine\n";
    fs::create_symlink(elsewhere, file());
    EXPECT_FALSE(FileEgressLedger::open(dir()));
    fs::remove(file());
    fs::create_hard_link(elsewhere, file());
    EXPECT_FALSE(FileEgressLedger::open(dir()));
    fs::remove(file());
    ASSERT_EQ(::mkfifo(file().c_str(), 0600), 0);
    EXPECT_FALSE(FileEgressLedger::open(dir()));
    fs::remove(file());
    fs::create_directory(file());
    EXPECT_FALSE(FileEgressLedger::open(dir()));
    EXPECT_EQ(*read_file(elsewhere), "mine\n");
}

TEST_F(Ledger, ALinkPutThereLaterStopsTheRecording) {
    auto ledger = FileEgressLedger::open(dir());
    ASSERT_TRUE(ledger);
    fs::remove(file());
    fs::create_symlink(parent_.path() / "elsewhere", file());
    EXPECT_FALSE(ledger->record(sample()));
    EXPECT_FALSE(fs::exists(parent_.path() / "elsewhere"));
}

TEST_F(Ledger, HostileTextStaysPrintableOnOneLine) {
    EgressEntry entry = sample(EgressEvent::refused);
    entry.host = "a\n{\"time\":\"forged\"}\x1b[31m\xe2\x80\xae\xff";
    entry.host += '\0';
    entry.why = std::string(100'000, '\n');
    const std::string line = to_json_line(entry);
    EXPECT_LT(line.size(), 4000U);
    for (const char c : line) EXPECT_TRUE(c >= 0x20 && c < 0x7f);
    auto ledger = FileEgressLedger::open(dir());
    ASSERT_TRUE(ledger && ledger->record(entry));
    const auto history = read_egress(dir(), 10);
    ASSERT_EQ(history->entries.size(), 1U);
    EXPECT_EQ(history->entries[0].host, "a\\x0a{\"time\":\"forged\"}\\x1b[31m\\xe2\\x80\\xae\\xff\\x00");
    EXPECT_EQ(to_json_line(history->entries[0]).substr(0, 60), line.substr(0, 60));
}

TEST_F(Ledger, ATornLineHidesNoOther) {
    auto ledger = FileEgressLedger::open(dir());
    ASSERT_TRUE(ledger && ledger->record(sample(EgressEvent::opened)));
    std::ofstream(file(), std::ios::app) << R"({"time":"2026-11-27T08:)";
    ASSERT_EQ(read_egress(dir(), 10)->entries.size(), 1U);
    ASSERT_TRUE(ledger->record(sample()));
    const auto history = read_egress(dir(), 10);
    EXPECT_EQ(history->entries.size(), 2U);
    EXPECT_EQ(history->unreadable, 1U);
}

TEST_F(Ledger, WithoutRoomItFailsAndGoesOnWhenThereIsRoomAgain) {
    auto ledger = FileEgressLedger::open(dir());
    ASSERT_TRUE(ledger && ledger->record(sample(EgressEvent::opened)));
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const rlimit tight{fs::file_size(file()) + 10, before.rlim_max};
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
    const Status cut = ledger->record(sample());
    const Status none = ledger->record(sample());
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    EXPECT_FALSE(cut);
    EXPECT_FALSE(none);
    ASSERT_TRUE(ledger->record(sample(EgressEvent::refused)));
    const auto history = read_egress(dir(), 10);
    ASSERT_EQ(history->entries.size(), 2U);
    EXPECT_EQ(history->entries[1].event, EgressEvent::refused);
    EXPECT_EQ(history->unreadable, 1U);
}

TEST_F(Ledger, ForeignLinesAreCountedAndSkipped) {
    ASSERT_TRUE(FileEgressLedger::open(dir()));
    std::ofstream(file(), std::ios::app) << "[]\n{}\nnull\n{\"time\":1}\n\xff\xfe\n"
                                         << std::string(200, '[') << "\n"
                                         << to_json_line(sample()) << "\n";
    const auto history = read_egress(dir(), 10);
    ASSERT_TRUE(history);
    EXPECT_EQ(history->entries.size(), 1U);
    EXPECT_EQ(history->unreadable, 6U);
}

TEST_F(Ledger, NoLedgerIsAnEmptyOne) {
    const auto history = read_egress(dir(), 10);
    ASSERT_TRUE(history);
    EXPECT_TRUE(history->entries.empty());
}

TEST_F(Ledger, ALongOneMovesOnAndKeepsTheNewest) {
    FileEgressLedger::Options options;
    options.rotate_bytes = 2000;
    options.kept = 2;
    auto ledger = FileEgressLedger::open(dir(), options);
    ASSERT_TRUE(ledger);
    for (std::uint64_t i = 0; i < 100; ++i) {
        EgressEntry entry = sample();
        entry.bytes_in = i;
        ASSERT_TRUE(ledger->record(entry));
        EXPECT_LE(fs::file_size(file()), 2000U);
    }
    std::size_t files = 0;
    for ([[maybe_unused]] const auto& entry : fs::directory_iterator(dir())) ++files;
    EXPECT_EQ(files, 3U);
    const auto history = read_egress(dir(), 1000);
    ASSERT_GE(history->entries.size(), 10U);
    for (std::size_t i = 0; i < history->entries.size(); ++i) {
        EXPECT_EQ(history->entries[i].bytes_in, 100 - history->entries.size() + i);
    }
}

TEST_F(Ledger, ManyWritersLoseNoLine) {
    FileEgressLedger::Options options;
    options.rotate_bytes = 20'000;
    options.kept = 60;
    std::vector<std::thread> writers;
    for (int writer = 0; writer < 4; ++writer) {
        writers.emplace_back([&] {
            auto ledger = FileEgressLedger::open(dir(), options);
            for (int i = 0; ledger && i < 100; ++i) static_cast<void>(ledger->record(sample()));
        });
    }
    for (std::thread& writer : writers) writer.join();
    const auto history = read_egress(dir(), 10'000);
    EXPECT_EQ(history->entries.size(), 400U);
    EXPECT_EQ(history->unreadable, 0U);
}

TEST(Times, AreWrittenAsRfc3339) {
    using namespace std::chrono;
    EXPECT_EQ(rfc3339(system_clock::time_point{}), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(rfc3339(system_clock::time_point(milliseconds(1'795'768'200'125))), "2026-11-27T08:30:00.125Z");
}

}  // namespace
}  // namespace ec::net
