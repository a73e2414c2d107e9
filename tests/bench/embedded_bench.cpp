// Speed of embedded models, through the same door that edgecoder uses. `llama_bench.py` runs it beside llama.cpp's own
// benchmark on the same file.
//
//   embedded_bench make SHAPE FILE          writes a model with random weights in the shape of a real one
//   embedded_bench speed FILE THREADS       one line: tokens a second, reading 512 tokens and writing 128
//   embedded_bench second-turn FILE THREADS what a second turn after a prompt of 2,500 tokens evaluates
//   embedded_bench cancel FILE THREADS      how long a cancel takes while a prompt is read, and while one is answered
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/model/embedded.hpp>
#include <iostream>
#include <span>
#include <string>
#include <vector>

#include "synthetic_model.hpp"

namespace {

using namespace ec;
using namespace ec::model;

ChatRequest asking(std::string text, int max_tokens) {
    ChatRequest request;
    request.messages.push_back({Role::user, std::move(text), {}, {}});
    request.sampling.max_tokens = max_tokens;
    request.sampling.temperature = 0.7;
    return request;
}

std::string code(int lines) {
    std::string text;
    for (int i = 0; i < lines; ++i)
        text += fmt::format("def function_{}(left, right): return left * {} + right\n", i, i);
    return text;
}

double per_second(std::int64_t tokens, std::chrono::milliseconds time) {
    return static_cast<double>(tokens) * 1000 / static_cast<double>(std::max<std::int64_t>(time.count(), 1));
}

int complain(const Error& error) {
    std::cerr << error.message << '\n';
    return exit_status(error.code);
}

// Processor time of the host so far, which other work on the machine does not change; 0 where the system does not tell.
double host_seconds() {
    const auto children = read_file(fmt::format("/proc/self/task/{}/children", ::getpid()), 4096);
    if (!children) return 0;
    const auto stat = read_file(fmt::format("/proc/{}/stat", trim(*children)), 4096);
    if (!stat) return 0;
    const std::vector<std::string_view> fields = split(std::string_view(*stat).substr(stat->rfind(')')), ' ');
    // utime and stime are fields 14 and 15 of proc(5); ')' ends field 2.
    const auto ticks = std::atof(std::string(fields.at(12)).c_str()) + std::atof(std::string(fields.at(13)).c_str());
    return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

Result<ChatReply> answer(EmbeddedModel& model, const ChatRequest& request) { return model.complete(request, {}, {}); }

int speed(EmbeddedModel& model) {
    const double begun = host_seconds();
    const auto read = answer(model, asking(code(29), 1));
    if (!read) return complain(read.error());
    const double read_by = host_seconds();
    // Its prompt is read first, so that writing evaluates 128 tokens: the last of the prompt and 127 of its own.
    const auto ready = answer(model, asking("write", 1));
    if (!ready) return complain(ready.error());
    const double between = host_seconds();
    const auto written = answer(model, asking("write", 128));
    const double ended = host_seconds();
    if (!written) return complain(written.error());
    const Usage& prompt = read->usage;
    const Usage& text = written->usage;
    std::cout << fmt::format(
        "read {} tokens {:.2f} per second, wrote {} tokens {:.2f} per second; of processor time {:.2f} and {:.2f}\n",
        prompt.prompt_tokens, per_second(prompt.prompt_tokens, prompt.prompt_time), text.completion_tokens,
        // The first token comes out of the prompt, the last is not evaluated any more.
        per_second(text.completion_tokens - 1, text.completion_time),
        static_cast<double>(prompt.prompt_tokens) / std::max(read_by - begun, 0.01),
        static_cast<double>(text.completion_tokens) / std::max(ended - between, 0.01));
    return 0;
}

int second_turn(EmbeddedModel& model) {
    ChatRequest request = asking(code(145), 64);
    const auto first = answer(model, request);
    if (!first) return complain(first.error());
    request.messages.push_back({Role::assistant, first->text, {}, {}});
    request.messages.push_back({Role::user, "And what does the last of them return for two and three?", {}, {}});
    const auto second = answer(model, request);
    if (!second) return complain(second.error());
    const Usage& one = first->usage;
    const Usage& two = second->usage;
    const std::int64_t added = two.prompt_tokens - one.prompt_tokens - one.completion_tokens;
    const std::int64_t evaluated = two.prompt_tokens - two.cached_tokens;
    std::cout << fmt::format(
        "first turn: {} tokens read in {} ms, {} written; second turn: {} tokens, of which {} are new text, {} "
        "evaluated in {} ms ({} more than new)\n",
        one.prompt_tokens, one.prompt_time.count(), one.completion_tokens, two.prompt_tokens, added, evaluated,
        two.prompt_time.count(), evaluated - added);
    return 0;
}

int cancel(EmbeddedModel& model) {
    using Clock = std::chrono::steady_clock;
    for (const Delta::Kind when : {Delta::Kind::prompt_progress, Delta::Kind::text}) {
        std::vector<double> times;
        for (int round = 0; round < 7; ++round) {
            std::stop_source stop;
            Clock::time_point stopped;
            const std::string front = fmt::format("round {} {}\n", static_cast<int>(when), round);
            const auto reply = model.complete(
                asking(front + (when == Delta::Kind::text ? "hello" : code(60)), 2000),
                [&](const Delta& delta) {
                    if (delta.kind != when || stop.stop_requested()) return;
                    stopped = Clock::now();
                    stop.request_stop();
                },
                stop.get_token());
            // The client returns when the host says that it has stopped, or after 80 ms without that.
            const double returned = std::chrono::duration<double, std::milli>(Clock::now() - stopped).count();
            if (reply || reply.error().code != ErrorCode::cancelled) return 1;
            times.push_back(returned);
        }
        std::ranges::sort(times);
        std::cout << fmt::format("cancelled while {}: median {:.1f} ms, longest {:.1f} ms of {}\n",
                                 when == Delta::Kind::text ? "answering" : "reading", times[times.size() / 2],
                                 times.back(), times.size());
    }
    return 0;
}

int run(std::span<char*> words) {
    const std::string task = words.size() == 4 ? words[1] : "";
    if (task == "make") {
        const auto shape = model::testing::shape(words[2]);
        if (!shape) return complain(shape.error());
        const Status written =
            model::testing::write_synthetic_model(words[3], *shape, model::testing::unpacked_ingredients(), 1);
        return written ? 0 : complain(written.error());
    }
    EmbeddedOptions options;
    if (words.size() == 4) {
        options.file = words[2];
        options.threads = std::atoi(words[3]);
        options.context = 8192;
    }
    if (task != "speed" && task != "second-turn" && task != "cancel") {
        std::cerr << "usage: embedded_bench make SHAPE FILE | speed|second-turn|cancel FILE THREADS\n";
        return 2;
    }
    const auto model = make_embedded_model(options);
    if (!model) return complain(model.error());
    if (task == "speed") return speed(**model);
    return task == "cancel" ? cancel(**model) : second_turn(**model);
}

}  // namespace

int main(int argc, char** argv) { return run({argv, static_cast<std::size_t>(argc)}); }
