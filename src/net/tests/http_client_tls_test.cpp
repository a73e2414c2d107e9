// The client against a TLS server that nobody here wrote: `openssl s_server`.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cstdlib>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/net/http_client.hpp>
#include <string>
#include <vector>

#include "proxy_fakes.hpp"

extern char** environ;

namespace ec::net {
namespace {

// A program whose output comes through a pipe, and which ends with this.
class Program {
public:
    explicit Program(std::vector<std::string> words) {
        int ends[2];
        if (::pipe(ends) != 0) return;
        output_.reset(ends[0]);
        const UniqueFd far(ends[1]);
        ::fcntl(ends[0], F_SETFD, FD_CLOEXEC);
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        ::posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
        ::posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
        std::vector<char*> arguments;
        for (std::string& word : words) arguments.push_back(word.data());
        arguments.push_back(nullptr);
        if (::posix_spawnp(&pid_, arguments[0], &actions, nullptr, arguments.data(), environ) != 0) pid_ = -1;
        ::posix_spawn_file_actions_destroy(&actions);
    }
    ~Program() {
        if (pid_ > 0) ::kill(pid_, SIGKILL);
        wait();
    }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    bool wait() {
        int status = 1;
        const bool ended = pid_ > 0 && ::waitpid(std::exchange(pid_, -1), &status, 0) > 0;
        return ended && status == 0;
    }
    std::string read_line() const {
        std::string line;
        for (char c = 0; c != '\n' && ::read(output_.get(), &c, 1) == 1;) line += c;
        return line;
    }

private:
    pid_t pid_ = -1;
    UniqueFd output_;
};

class HttpTlsTest : public ::testing::Test {
protected:
    void SetUp() override {
        const std::string key = path("key"), certificate = path("certificate");
        Program maker({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                       "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=test", "-addext",
                       "subjectAltName=IP:127.0.0.1"});
        if (!maker.wait()) GTEST_SKIP() << "needs the openssl program";
        server_ = std::make_unique<Program>(std::vector<std::string>{"openssl", "s_server", "-accept", "127.0.0.1:0",
                                                                     "-key", key, "-cert", certificate, "-www"});
        std::string said;  // in the end "ACCEPT 127.0.0.1:40961"
        do {
            said = server_->read_line();
        } while (!said.empty() && !said.starts_with("ACCEPT"));
        port_ = trim(std::string_view(said).substr(said.rfind(':') + 1));
    }
    std::string path(const char* name) const { return (folder_.path() / name).string(); }
    Result<HttpResponse> get(const std::string& host, const std::string& ca_file) {
        HttpRequest request;
        request.url = "https://" + host + ":" + port_ + "/";
        request.ca_file = ca_file;
        request.connect_timeout = std::chrono::seconds(20);
        return client_->send(request, {}, {});
    }

    TempDir folder_ = *TempDir::create();
    testing::MemorySink sink_;
    std::unique_ptr<HttpClient> client_ = make_http_client(sink_, "tester");
    std::unique_ptr<Program> server_;
    std::string port_;
};

TEST_F(HttpTlsTest, SpeaksToAServerThatTheGivenAuthorityVouchesFor) {
    const auto response = get("127.0.0.1", path("certificate"));
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, 200);
    EXPECT_NE(response->body.find("TLSv1"), std::string::npos);
}

TEST_F(HttpTlsTest, TrustsNoServerThatNobodyVouchesForOrThatHasAnotherName) {
    for (const auto& response : {get("127.0.0.1", ""), get("localhost", path("certificate")),
                                 get("127.0.0.1", path("key")), get("127.0.0.1", path("missing"))}) {
        ASSERT_FALSE(response);
        EXPECT_EQ(response.error().code, ErrorCode::denied) << response.error().message;
    }
}

}  // namespace
}  // namespace ec::net
