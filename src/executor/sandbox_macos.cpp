// The port over Seatbelt: each run works on a private copy of the workspace, in a profile of sandbox-exec that denies
// what is not named, with what ulimit limits, and ends with its process group.
//
// Reduced, and the tier says so. What it does not give that Linux does: files of the system can be seen; a process that
// leaves the process group (setsid) is not ended with the run, nor are its memory and its number limited; new files are
// limited one by one and not in sum; the program finds the workspace at another path than outside (arguments and
// variables that name the workspace, kSupportDir or the artifact folder are rewritten). Nobody has run it on a Mac yet:
// opening therefore tries whether the profile holds, and refuses when it does not.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ec/core/fd.hpp>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/executor/early_start.hpp>
#include <ec/executor/sandbox.hpp>
#include <optional>

#include "capture.hpp"
#include "layout.hpp"
#include "policed_sandbox.hpp"
#include "private_copy.hpp"
#include "process_group.hpp"
#include "seatbelt_profile.hpp"
#include "workspace_check.hpp"

namespace ec::executor {
namespace {

namespace fs = std::filesystem;
using SteadyClock = std::chrono::steady_clock;

constexpr std::string_view kTier = "macOS-seatbelt";
constexpr std::chrono::milliseconds kTick{20};
constexpr std::uint64_t kArtifactBytes = 16ULL << 20;
constexpr int kReadyFd = 3;
// Says that the profile and the limits stand, and becomes the program.
constexpr const char* kStart =
    "ulimit -c 0 && ulimit -S -t \"$1\" && ulimit -H -t \"$2\" && ulimit -f \"$3\" && ulimit -n \"$4\" && shift 4 && "
    "echo ready >&3 && exec 3>&- && exec \"$@\"";

struct Pipe {
    UniqueFd read;
    UniqueFd write;
};

Result<Pipe> make_pipe() {
    int fds[2];
    if (::pipe(fds) != 0) return fail(from_errno("cannot make a pipe", errno));
    Pipe pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
    for (const int fd : fds) {
        if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) return fail(from_errno("cannot set up a pipe", errno));
    }
    if (::fcntl(fds[0], F_SETFL, O_NONBLOCK) != 0) return fail(from_errno("cannot set up a pipe", errno));
    return pipe;
}

// Replaces what is known inside under one path by where it lies.
std::string relocated(std::string text, const std::vector<std::pair<std::string, std::string>>& moves) {
    for (const auto& [from, to] : moves) {
        for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
            const std::size_t end = at + from.size();
            const bool whole =
                end == text.size() || std::string_view("/:\"' ").find(text[end]) != std::string_view::npos;
            if (whole) text.replace(at, from.size(), to);
            at = whole ? at + to.size() : end;
        }
    }
    return text;
}

struct Command {
    fs::path confiner;
    std::string profile;
    std::vector<std::string> argv;
    std::vector<std::string> environment;
    fs::path directory;
    fs::path input;
};

// One confined process group and what it writes.
class Confined {
public:
    explicit Confined(const Limits& limits)
        : limits_(limits), out_(limits.kept_output_bytes), err_(limits.kept_output_bytes) {}
    Confined(const Confined&) = delete;
    Confined& operator=(const Confined&) = delete;
    ~Confined() { end(); }

    Status start(const Command& command) {
        EC_ASSIGN(Pipe out, make_pipe());
        EC_ASSIGN(Pipe err, make_pipe());
        EC_ASSIGN(Pipe ready, make_pipe());
        const UniqueFd input(::open(command.input.c_str(), O_RDONLY | O_CLOEXEC));
        if (!input.valid()) return fail(from_errno("cannot open the input", errno));
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawnattr_init(&attributes);
        const int fds[] = {input.get(), out.write.get(), err.write.get(), ready.write.get()};
        std::vector<UniqueFd> high;  // out of the way of the targets, or one could overwrite another
        for (int target = 0; target <= kReadyFd; ++target) {
            high.emplace_back(::fcntl(fds[target], F_DUPFD_CLOEXEC, 32));
            ::posix_spawn_file_actions_adddup2(&actions, high.back().get(), target);
        }
        ::posix_spawn_file_actions_addchdir_np(&actions, command.directory.c_str());
        sigset_t set;
        sigemptyset(&set);
        ::posix_spawnattr_setsigmask(&attributes, &set);
        sigfillset(&set);
        ::posix_spawnattr_setsigdefault(&attributes, &set);
        short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID;
#ifdef POSIX_SPAWN_CLOEXEC_DEFAULT
        flags |= POSIX_SPAWN_CLOEXEC_DEFAULT;
#endif
        ::posix_spawnattr_setflags(&attributes, flags);
        // Blocks of 512 or 1024 bytes, as the shell has it: never less than asked for.
        const std::uint64_t blocks = limits_.new_file_bytes / 512;
        const auto seconds = (std::max<std::int64_t>(0, limits_.cpu.count()) + 999) / 1000;
        const auto cpu = [&](std::int64_t more) { return seconds == 0 ? "unlimited" : std::to_string(seconds + more); };
        std::vector<std::string> words = {command.confiner.string(),
                                          "-p",
                                          command.profile,
                                          "/bin/sh",
                                          "-c",
                                          kStart,
                                          "sh",
                                          cpu(0),
                                          cpu(1),
                                          std::to_string(blocks),
                                          std::to_string(std::max(16U, limits_.open_files))};
        words.insert(words.end(), command.argv.begin(), command.argv.end());
        const int error = ::posix_spawn(&pid_, command.confiner.c_str(), &actions, &attributes, pointers(words).data(),
                                        pointers(command.environment).data());
        ::posix_spawn_file_actions_destroy(&actions);
        ::posix_spawnattr_destroy(&attributes);
        if (error != 0) {
            pid_ = -1;
            return fail(ErrorCode::unavailable,
                        fmt::format("cannot start {}: {}", command.confiner.string(), std::strerror(error)));
        }
        started_ = SteadyClock::now();
        stdout_ = std::move(out.read);
        stderr_ = std::move(err.read);
        ready_ = std::move(ready.read);
        return {};
    }

    /// Until the program has ended, by itself or not. What it left behind in its group ends with it.
    void wait(const std::stop_token& stop) {
        while (!ended_) {
            pollfd fds[] = {{stdout_.get(), POLLIN, 0}, {stderr_.get(), POLLIN, 0}};
            ::poll(fds, 2, static_cast<int>(kTick.count()));
            out_.drain(stdout_);
            err_.drain(stderr_);
            const auto elapsed = SteadyClock::now() - started_;
            const GroupUsage usage = usage_of_group(pid_);
            peak_ = std::max(peak_, usage.memory);
            if (stop.stop_requested()) halt(RunStatus::sandbox_error);
            if (limits_.wall.count() > 0 && elapsed >= limits_.wall) halt(RunStatus::timeout);
            if (out_.total() > limits_.output_flood_bytes || err_.total() > limits_.output_flood_bytes)
                halt(RunStatus::output);
            if (usage.memory > limits_.memory_bytes) halt(RunStatus::memory);
            if (usage.processes > limits_.processes) halt(RunStatus::pids);
            // Its number stays taken until it is reaped, so the group that is killed below is still its own.
            siginfo_t info{};
            ended_ = ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
                     info.si_pid == pid_;
        }
        wall_ = SteadyClock::now() - started_;
        end();
        out_.drain(stdout_);
        err_.drain(stderr_);
    }

    [[nodiscard]] bool confined() const {
        char word[8] = {};
        return ::read(ready_.get(), word, sizeof word) == 6 && std::string_view(word, 6) == "ready\n";
    }

    [[nodiscard]] RunResult result() const {
        RunResult result;
        result.tier = kTier;
        result.isolation = "reduced";
        result.out = out_.text();
        result.err = err_.text();
        result.stdout_bytes = out_.total();
        result.stderr_bytes = err_.total();
        result.truncated = out_.truncated() || err_.truncated();
        result.wall = std::chrono::duration_cast<std::chrono::milliseconds>(wall_);
        result.peak_memory_bytes = peak_;
        if (WIFEXITED(status_)) result.exit_code = WEXITSTATUS(status_);
        if (WIFSIGNALED(status_)) result.signal = WTERMSIG(status_);
        result.status = verdict(result);
        return result;
    }

private:
    static std::vector<char*> pointers(const std::vector<std::string>& words) {
        std::vector<char*> all;
        for (const std::string& word : words) all.push_back(const_cast<char*>(word.c_str()));
        all.push_back(nullptr);
        return all;
    }

    RunStatus verdict(const RunResult& result) const {
        if (halted_) return *halted_;
        // A shell reports its child's end as 128 + signal.
        const auto ended_by = [&](int signal) { return result.signal == signal || result.exit_code == 128 + signal; };
        if (ended_by(SIGXCPU)) return RunStatus::cpu;
        if (result.exit_code == 0) return RunStatus::ok;
        if (ended_by(SIGXFSZ)) return RunStatus::disk;
        return result.signal != 0 ? RunStatus::signal : RunStatus::failed;
    }

    void halt(RunStatus reason) {
        if (halted_) return;
        halted_ = reason;
        ::kill(-pid_, SIGKILL);
    }

    void end() {
        if (pid_ < 0) return;
        ::kill(-pid_, SIGKILL);
        while (::waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
        }
        pid_ = -1;
    }

    const Limits& limits_;
    pid_t pid_ = -1;
    int status_ = 0;
    bool ended_ = false;
    std::optional<RunStatus> halted_;
    std::uint64_t peak_ = 0;
    SteadyClock::time_point started_{};
    SteadyClock::duration wall_{};
    UniqueFd stdout_;
    UniqueFd stderr_;
    UniqueFd ready_;
    Capture out_;
    Capture err_;
};

class SeatbeltSandbox final : public Sandbox {
public:
    SeatbeltSandbox(fs::path confiner, Layout layout) : confiner_(std::move(confiner)), layout_(std::move(layout)) {
        isolation_.tier = kTier;
        isolation_.isolation = "reduced";
        isolation_.memory_limit = "soft";
        isolation_.notes = {"isolation: reduced",
                            "Seatbelt has no namespaces: processes that leave their group survive the run",
                            "the sandbox works on a copy of the workspace, at another path"};
    }

    Result<RunResult> run(const RunSpec& spec, std::stop_token stop) override {
        if (stop.stop_requested()) return fail(ErrorCode::cancelled, "the run was cancelled");
        if (spec.network) return fail(ErrorCode::invalid_argument, "this sandbox has no network to give");
        EC_ASSIGN(const box::Spec checked, compose(layout_, spec, false));
        auto result = attempt(spec, checked, stop);
        if (stop.stop_requested()) return fail(ErrorCode::cancelled, "the run was cancelled");
        if (result || result.error().code == ErrorCode::invalid_argument) return result;
        RunResult trouble;
        trouble.tier = kTier;
        trouble.isolation = "none";
        trouble.reason = result.error().message;
        return trouble;
    }

    Result<std::unique_ptr<Session>> open(const RunSpec&) override {
        return fail(ErrorCode::unavailable, "sessions are not to be had in the sandbox of this operating system");
    }

    bool warm_up(std::chrono::milliseconds) override { return true; }  // nothing is kept ready here

    [[nodiscard]] Isolation isolation() const override { return isolation_; }
    [[nodiscard]] const fs::path& workspace() const override { return layout_.workspace.path; }

    /// Tries from inside what must fail. A confiner that lets it pass is none.
    Status self_test() {
        EC_ASSIGN(const TempDir outside, TempDir::create());
        const fs::path canary = fs::canonical(outside.path()) / "selftest-canary";
        EC_TRY(write_file_atomic(canary, "canary"));
        RunSpec spec;
        spec.argv = {"/bin/sh", "-c",
                     "echo started; cat \"$1\" 2>/dev/null; echo x 2>/dev/null >\"$1.written\"; exit 0", "sh",
                     canary.string()};
        EC_ASSIGN(const RunResult result, run(spec, {}));
        std::error_code ignored;
        if (result.status == RunStatus::sandbox_error) return fail(ErrorCode::unavailable, result.reason);
        if (result.out != "started\n" || fs::exists(canary.string() + ".written", ignored)) {
            return fail(ErrorCode::unavailable,
                        fmt::format("{} does not confine: a trial run reached a file outside", confiner_.string()));
        }
        return {};
    }

private:
    Result<RunResult> attempt(const RunSpec& spec, const box::Spec& checked, const std::stop_token& stop) {
        EC_ASSIGN(const TempDir dir, TempDir::create("edgecoder-run-"));
        const fs::path home = fs::canonical(dir.path());
        const fs::path tree = home / "workspace";
        EC_ASSIGN(const PrivateCopy copy, PrivateCopy::make(layout_.workspace.path, spec.edits, tree));
        for (const char* name : {"support", "artifacts", "private", "private/home"}) fs::create_directory(home / name);
        for (const auto& [name, content] : spec.support_files) {
            fs::create_directories((home / "support" / name).parent_path());
            EC_TRY(write_file_atomic(home / "support" / name, content));
        }
        if (!spec.stdin_text.empty()) EC_TRY(write_file_atomic(home / "input", spec.stdin_text));
        std::vector<std::pair<std::string, std::string>> moves = {
            {layout_.workspace.path.string(), tree.string()},
            {std::string(kSupportDir), (home / "support").string()},
            {"/tmp/home", (home / "private/home").string()}};
        if (!spec.artifact_dir.empty()) moves.emplace_back(spec.artifact_dir, (home / "artifacts").string());
        SeatbeltPolicy policy;
        policy.read_only = layout_.toolchains.read_only;
        policy.read_only.push_back((home / "support").string());
        policy.writable = {tree.string(), (home / "artifacts").string(), (home / "private").string()};
        Command command{confiner_,
                        {},
                        {},
                        {},
                        tree / spec.directory,
                        spec.stdin_text.empty() ? fs::path("/dev/null") : home / "input"};
        EC_ASSIGN(command.profile, seatbelt_profile(policy));
        for (const std::string& word : checked.argv) command.argv.push_back(relocated(word, moves));
        for (const std::string& variable : checked.environment)
            command.environment.push_back(relocated(variable, moves));
        command.environment.push_back("TMPDIR=" + (home / "private").string());
        Confined process(spec.limits);
        EC_TRY(process.start(command));
        process.wait(stop);
        RunResult result = process.result();
        if (!process.confined()) {
            return fail(ErrorCode::unavailable, fmt::format("the sandbox could not be set up: {}", trim(result.err)));
        }
        collect(spec, copy, home / "artifacts", result);
        return result;
    }

    static void collect(const RunSpec& spec, const PrivateCopy& copy, const fs::path& artifacts, RunResult& result) {
        if (spec.collect_changes) {
            auto [changes, cut] = copy.difference(spec.collect_change_contents ? spec.limits.new_file_bytes : 0);
            result.changes = std::move(changes);
            result.changes_cut = cut;
        }
        if (!spec.artifact_dir.empty())
            result.artifacts = regular_files(artifacts, kArtifactBytes, box::kMostArtifactBytes);
    }

    fs::path confiner_;
    Layout layout_;
    Isolation isolation_;
};

}  // namespace

Result<std::unique_ptr<Sandbox>> open_sandbox(const SandboxOptions& options) {
    EC_ASSIGN(const fs::path workspace, check_workspace(options.workspace, options.private_folder));
    if (!options.reduced_consent || !options.reduced_consent(workspace)) {
        return fail(ErrorCode::unavailable, "isolation is reduced on this operating system, and nobody agreed to that",
                    "agree to it once with `edgecoder consent reduced`");
    }
    if (::geteuid() == 0) {
        return fail(ErrorCode::unavailable, "on this operating system root has no sandbox", "run as an ordinary user");
    }
    Layout layout;
    layout.workspace = {workspace, workspace, ::getuid(), ::getgid(), false, {}};
    layout.toolchains = discover_toolchains(workspace, options.policy, options.read_only, options.environment_names);
    auto sandbox = std::make_unique<SeatbeltSandbox>(options.box.empty() ? "/usr/bin/sandbox-exec" : options.box,
                                                     std::move(layout));
    EC_TRY(sandbox->self_test());
    return keep_within(options.policy, std::move(sandbox));
}

std::shared_ptr<EarlyStart> start_early(const std::filesystem::path&, const std::filesystem::path&) { return nullptr; }

Result<Isolation> probe_isolation(const std::filesystem::path& box, bool reduced_consent) {
    EC_ASSIGN(const TempDir dir, TempDir::create());
    SandboxOptions options;
    options.workspace = dir.path();
    options.box = box;
    options.reduced_consent = [reduced_consent](const fs::path&) { return reduced_consent; };
    EC_ASSIGN(const std::unique_ptr<Sandbox> sandbox, open_sandbox(options));
    return sandbox->isolation();
}

}  // namespace ec::executor
