// The session with the fake host, as a program that tests start at the other end of a pseudo terminal.
#include <iostream>
#include <string_view>

#include "fake_host.hpp"
#include "session/session.hpp"

int main(int argc, char** argv) {
    using namespace ec::apps::session;
    SessionOptions options = session_options_from_environment();
    options.greeting = "EdgeCoder test session. /help helps.";
    options.workspace = ".";
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word == "--plain") options.plain = true;
        if (word == "--yes") options.assume_yes = true;
        if (word.starts_with("--history=")) options.history_file = word.substr(10);
        if (word.starts_with("--workspace=")) options.workspace = word.substr(12);
        if (!word.starts_with("--")) options.first = std::string(word);
    }
    FakeHost host;
    const ec::SystemClock clock;
    Session session(host, clock, std::move(options));
    const ec::Result<int> status = session.run();
    if (status) return *status;
    std::cerr << status.error().message << '\n';
    return ec::exit_status(status.error().code);
}
