#include "shared_host_fixture.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <ec/core/text.hpp>

#include "embedded/unix_address.hpp"
#include "embedded_fixture.hpp"

namespace ec::model::testing {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPatience{60000};

struct Started {
    int pid = -1;
    UniqueFd out;
};

Started start_host(const std::filesystem::path& runtime_dir, const std::vector<std::string>& arguments, bool errors) {
    int fds[2];
    EXPECT_EQ(::pipe(fds), 0);
    Started started{-1, UniqueFd(fds[0])};
    const UniqueFd theirs(fds[1]);
    std::vector<std::string> words{"edgecoderd", "inference"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    // The host itself, without the service around it.
    const std::string program = (tiny_options().host.parent_path() / "edgecoder-inference").string();
    started.pid = ::fork();
    if (started.pid == 0) {
        ::dup2(theirs.get(), errors ? 2 : 1);
        ::setenv("XDG_RUNTIME_DIR", runtime_dir.c_str(), 1);
        ::execv(program.c_str(), argv.data());
        ::_exit(127);
    }
    return started;
}

int reap(int pid) {
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

std::string read_to_end(int fd) {
    std::string text;
    char buffer[4096];
    for (ssize_t n = 0; (n = ::read(fd, buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<std::size_t>(n));
    return text;
}

std::string of_process(int pid, const char* file) {
    // Files in /proc have no size, so they are read to their end.
    const UniqueFd fd(::open(("/proc/" + std::to_string(pid) + "/" + file).c_str(), O_RDONLY | O_CLOEXEC));
    return read_to_end(fd.get());
}

}  // namespace

SharedHost::SharedHost(const std::filesystem::path& runtime_dir, std::vector<std::string> arguments)
    : socket_(runtime_dir / "edgecoder" / "inference.sock") {
    Started started = start_host(runtime_dir, arguments, false);
    pid_ = started.pid;
    await_ready(started.out.get());
}

SharedHost::SharedHost(const SharedHostOptions& options) : socket_(options.socket) {
    int fds[2];
    EXPECT_EQ(::pipe(fds), 0);
    const UniqueFd ours(fds[0]);
    UniqueFd theirs(fds[1]);
    pid_ = ::fork();
    if (pid_ == 0) {
        const Status served =
            serve_shared(options, [&] { static_cast<void>(!::write(theirs.get(), "ready\n", 6)); }, {});
        ::_exit(served ? 0 : 3);
    }
    theirs.reset();
    await_ready(ours.get());
}

void SharedHost::await_ready(int from) {
    char byte = 0;
    while (::read(from, &byte, 1) == 1 && byte != '\n') ready_.push_back(byte);
    EXPECT_TRUE(ready_.starts_with("ready")) << "the host did not start";
}

SharedHost::~SharedHost() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    reap(pid_);
}

void SharedHost::signal(int number) const { ::kill(pid_, number); }

int SharedHost::ending() { return reap(std::exchange(pid_, -1)); }

int SharedHost::mappings() const {
    const std::string maps = of_process(pid_, "maps");
    int found = 0;
    for (const std::string_view line : split(maps, '\n')) found += line.ends_with(".gguf") ? 1 : 0;
    return found;
}

std::size_t SharedHost::descriptors() const {
    const std::filesystem::directory_iterator all("/proc/" + std::to_string(pid_) + "/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

long SharedHost::pss() const {
    const std::string rollup = of_process(pid_, "smaps_rollup");
    const std::size_t at = rollup.find("\nPss:");
    return at == std::string::npos ? 0 : std::atol(rollup.c_str() + at + 5);
}

long SharedHost::peak() const {
    const std::string status = of_process(pid_, "status");
    const std::size_t at = status.find("\nVmHWM:");
    return at == std::string::npos ? 0 : std::atol(status.c_str() + at + 7);
}

Ended run_host(const std::filesystem::path& runtime_dir, std::vector<std::string> arguments) {
    const Started started = start_host(runtime_dir, arguments, true);
    std::string words = read_to_end(started.out.get());
    return {reap(started.pid), std::move(words)};
}

EmbeddedOptions sharing(const std::filesystem::path& socket) {
    EmbeddedOptions options = tiny_options();
    options.shared_socket = socket;
    return options;
}

RawClient::RawClient(const std::filesystem::path& socket, bool hello) {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_un address = embedded::unix_address(socket).value();
    EXPECT_EQ(::connect(fd.get(), embedded::generic(address), sizeof address), 0);
    channel_ = embedded::Channel(std::move(fd));
    if (!hello) return;
    say(embedded::Hello{});
    const auto welcome = answer();
    EXPECT_TRUE(welcome && std::holds_alternative<embedded::Welcome>(*welcome));
}

// A host that has cut this client off takes nothing more, which answer() will show.
void RawClient::say(std::string_view frame) { static_cast<void>(channel_.send(frame, kPatience)); }

void RawClient::bytes(std::string_view text) {
    static_cast<void>(!::send(channel_.fd(), text.data(), text.size(), MSG_NOSIGNAL));
}

std::optional<embedded::FromHost> RawClient::answer() {
    std::optional<std::string> frame = std::exchange(heard_, std::nullopt);
    if (!frame) {
        auto received = channel_.receive(kPatience);
        if (!received) return std::nullopt;
        EXPECT_TRUE(*received) << "nothing came for a minute";
        if (!*received) return std::nullopt;
        frame = *std::move(received);
    }
    auto message = embedded::decode_from_host(*frame);
    EXPECT_TRUE(message) << *frame;
    return message ? std::optional(*std::move(message)) : std::nullopt;
}

bool RawClient::hears(milliseconds within) {
    auto received = channel_.receive(within);
    if (received) heard_ = *std::move(received);
    return heard_.has_value();
}

void RawClient::expect_closed() {
    while (answer()) {
    }
    EXPECT_TRUE(channel_.hung_up()) << "the host keeps the connection";
}

void RawClient::load(const std::filesystem::path& file) {
    EmbeddedOptions options = tiny_options();
    if (!file.empty()) options.file = file;
    say(embedded::Load{.file = options.file.string(),
                       .threads = options.threads,
                       .context = options.context,
                       .memory_bytes = options.memory_bytes,
                       .cache_dir = {},
                       .cache_bytes = options.cache_bytes});
    const auto loaded = answer();
    ASSERT_TRUE(loaded);
    EXPECT_TRUE(std::holds_alternative<embedded::Loaded>(*loaded));
}

void RawClient::chat(std::int64_t id, const std::string& text, int max_tokens, unsigned n) {
    say(embedded::Chat{id, asking(text, max_tokens), n});
}

embedded::FromHost RawClient::conclusion(std::int64_t id) {
    for (;;) {
        auto said = answer();
        if (!said) {
            ADD_FAILURE() << "the host has closed the connection";
            return embedded::Failed{};
        }
        if (const auto* done = std::get_if<embedded::Done>(&*said); done != nullptr && done->id == id) return *said;
        if (const auto* failed = std::get_if<embedded::Failed>(&*said); failed != nullptr && failed->id == id) {
            return *said;
        }
    }
}

}  // namespace ec::model::testing
