// A PostgreSQL server for tests: a cluster of its own in a temporary folder, with full syncs, reachable through a unix
// socket there and nothing else. No program includes this. What is tested with it outlives processes, not power cuts:
// the folder lies in memory where there is room, for a database of each test is some hundred files that a busy disk
// takes minutes to make and to remove.
//
// The server needs an account other than root, so root's tests run it as `nobody`. It ends with its object, and with
// the test when that is killed. start() fails with `unavailable` where no server is installed: skip the test with that
// message. One server may serve many tests: each takes a database of its own from fresh().
#pragma once

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <ec/core/fd.hpp>
#include <ec/core/fs.hpp>
#include <ec/core/result.hpp>
#include <ec/sql/sql.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ec::sql::testing {

class Postgres {
public:
    static Result<std::unique_ptr<Postgres>> start() {
        EC_ASSIGN(const std::filesystem::path programs, installed());
        EC_ASSIGN(TempDir dir, make_folder());
        std::unique_ptr<Postgres> server(new Postgres(programs, std::move(dir)));
        EC_TRY(server->make_cluster());
        EC_TRY(server->start_again());
        return server;
    }
    /// One for all tests of a program, started when it is first asked for.
    static Result<Postgres*> of_this_program() {
        static const Result<std::unique_ptr<Postgres>> kServer = start();
        if (!kServer) return fail(kServer.error());
        return kServer->get();
    }
    ~Postgres() { stop(SIGQUIT); }
    Postgres(const Postgres&) = delete;
    Postgres& operator=(const Postgres&) = delete;

    /// A new, empty database; its URL.
    Result<std::string> fresh() {
        EC_ASSIGN(Database admin, Database::connect(url("postgres")));
        const std::string name = fmt::format("test_{}", ++made_);
        EC_TRY(admin.execute(fmt::format("CREATE DATABASE {}", name)));
        return url(name);
    }
    [[nodiscard]] std::string url(const std::string& database) const {
        return fmt::format("postgresql:///{}?host={}&user=ec", database, dir_.path().string());
    }

    /// SIGINT ends it and its connections in order, SIGQUIT as a crash does.
    void stop(char signal = SIGINT) {
        if (guard_ <= 0) return;
        static_cast<void>(!::write(to_guard_.get(), &signal, 1));
        to_guard_.reset();
        ::waitpid(guard_, nullptr, 0);
        guard_ = -1;
    }
    /// Waits until it accepts connections.
    Status start_again() {
        EC_TRY(guard({(programs_ / "postgres").string(), "-D", data(), "-k", dir_.path().string(), "-c",
                      "listen_addresses=", "-c", "max_connections=50", "-c", "shared_buffers=16MB", "-c",
                      "dynamic_shared_memory_type=mmap"}));
        for (int attempt = 0; attempt < kAttempts; ++attempt) {
            if (Database::connect(url("postgres"))) return {};
            ::usleep(10'000);
        }
        return fail(ErrorCode::unavailable, "the PostgreSQL server of this test does not start: " + log());
    }

private:
    static constexpr int kAttempts = 3000;
    static constexpr unsigned kNobody = 65534;

    Postgres(std::filesystem::path programs, TempDir dir) : programs_(std::move(programs)), dir_(std::move(dir)) {}

    static Result<TempDir> make_folder() {
        constexpr std::uint64_t kRoom = 4ULL << 30;
        const char* const memory = "/dev/shm";
        struct statvfs room{};
        if (::statvfs(memory, &room) != 0 || room.f_bavail * room.f_frsize < kRoom || ::access(memory, W_OK) != 0)
            return TempDir::create("edgecoder-pg-");
        const char* given = std::getenv("TMPDIR");
        const std::optional<std::string> before = given == nullptr ? std::nullopt : std::optional<std::string>(given);
        ::setenv("TMPDIR", memory, 1);
        auto folder = TempDir::create("edgecoder-pg-");
        if (before)
            ::setenv("TMPDIR", before->c_str(), 1);
        else
            ::unsetenv("TMPDIR");
        return folder;
    }

    static Result<std::filesystem::path> installed() {
        std::filesystem::path newest;
        std::error_code error;
        for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql", error)) {
            const auto bin = version.path() / "bin";
            if (std::filesystem::exists(bin / "initdb", error) && bin > newest) newest = bin;
        }
        if (newest.empty()) return fail(ErrorCode::unavailable, "PostgreSQL is not installed (package postgresql)");
        return newest;
    }

    [[nodiscard]] std::string data() const { return (dir_.path() / "data").string(); }
    [[nodiscard]] std::string log() const { return read_file(dir_.path() / "log").value_or(""); }

    Status make_cluster() {
        if (::geteuid() == 0 && ::chown(dir_.path().c_str(), kNobody, kNobody) != 0)
            return fail(from_errno("cannot give the folder of the server away", errno));
        EC_TRY(guard({(programs_ / "initdb").string(), "-D", data(), "-U", "ec", "-A", "trust", "--no-sync",
                      "--no-locale", "-E", "UTF8"}));
        int status = -1;
        ::waitpid(std::exchange(guard_, -1), &status, 0);
        if (status == 0) return {};
        return fail(ErrorCode::unavailable, "initdb fails: " + log());
    }

    // Starts a program below a process that ends with it, or when it reads a signal to send, or when this test is gone.
    // Between fork and exec only what is safe beside other threads.
    Status guard(std::vector<std::string> arguments) {
        std::vector<char*> argv;
        for (std::string& one : arguments) argv.push_back(one.data());
        argv.push_back(nullptr);
        int ends[2];
        const UniqueFd out(::open((dir_.path() / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
        if (!out.valid() || ::pipe(ends) != 0) return fail(from_errno("cannot start a server", errno));
        const UniqueFd orders(ends[0]);
        to_guard_ = UniqueFd(ends[1]);
        for (const int end : ends) ::fcntl(end, F_SETFD, FD_CLOEXEC);
        const std::string home = dir_.path().string();
        guard_ = ::fork();
        if (guard_ < 0) return fail(from_errno("cannot start a server", errno));
        if (guard_ > 0) return {};
        static_cast<void>(::setsid());
        ::close(ends[1]);
        ::dup2(out.get(), STDOUT_FILENO);
        ::dup2(out.get(), STDERR_FILENO);
        const pid_t program = ::fork();
        if (program == 0) {
            if (::geteuid() == 0 && (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0)) ::_exit(126);
            if (::chdir(home.c_str()) == 0) ::execv(argv[0], argv.data());
            ::_exit(127);
        }
        watch(program, ends[0]);
    }

    [[noreturn]] static void watch(pid_t program, int orders) {
        for (;;) {
            pollfd order{.fd = orders, .events = POLLIN, .revents = 0};
            ::poll(&order, 1, 20);
            char signal = SIGQUIT;
            if (order.revents != 0 && ::read(orders, &signal, 1) >= 0) ::kill(program, signal);
            int status = 0;
            if (::waitpid(program, &status, order.revents != 0 ? 0 : WNOHANG) == program)
                ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
        }
    }

    std::filesystem::path programs_;
    TempDir dir_;
    pid_t guard_ = -1;
    UniqueFd to_guard_;
    int made_ = 0;
};

}  // namespace ec::sql::testing
