#include "exchange.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <iterator>
#include <utility>

namespace ec::apps::session {

Result<std::unique_ptr<Exchange>> Exchange::create() {
    int ends[2] = {-1, -1};
    if (::pipe(ends) != 0) return fail(from_errno("cannot make a pipe", errno));
    UniqueFd read_end(ends[0]);
    UniqueFd write_end(ends[1]);
    for (const int end : ends) {
        ::fcntl(end, F_SETFD, FD_CLOEXEC);
        ::fcntl(end, F_SETFL, O_NONBLOCK);
    }
    return std::unique_ptr<Exchange>(new Exchange(std::move(read_end), std::move(write_end)));
}

// A full pipe is a reader that has been woken already.
void Exchange::wake() {
    const char byte = 0;
    while (::write(write_end_.get(), &byte, 1) < 0 && errno == EINTR) {
    }
}

void Exchange::post(const agent::AgentEvent& event) {
    {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return closed_ || events_.size() < kMostEvents; });
        if (closed_) return;
        events_.push_back(event);
    }
    wake();
}

agent::Answer Exchange::ask(Question question, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    answer_.reset();
    question_ = std::move(question);
    wake();
    changed_.wait(lock, stop, [&] { return closed_ || answer_.has_value(); });
    question_.reset();
    if (!answer_) return {agent::Answer::Kind::reject, "the person stopped the task"};
    return *std::exchange(answer_, std::nullopt);
}

std::optional<std::string> Exchange::take_redirect() {
    const std::scoped_lock lock(mutex_);
    if (redirects_.empty()) return std::nullopt;
    std::string first = std::move(redirects_.front());
    redirects_.pop_front();
    return first;
}

Exchange::Drained Exchange::drain() {
    char bytes[256];
    while (::read(read_end_.get(), bytes, sizeof bytes) > 0) {
    }
    Drained out;
    {
        const std::scoped_lock lock(mutex_);
        out.events.assign(std::make_move_iterator(events_.begin()), std::make_move_iterator(events_.end()));
        events_.clear();
        out.question = std::exchange(question_, std::nullopt);
    }
    changed_.notify_all();
    return out;
}

void Exchange::answer(agent::Answer answer) {
    {
        const std::scoped_lock lock(mutex_);
        answer_ = std::move(answer);
    }
    changed_.notify_all();
}

bool Exchange::redirect(std::string text) {
    const std::scoped_lock lock(mutex_);
    if (redirects_.size() >= kMostRedirects) return false;
    redirects_.push_back(std::move(text));
    return true;
}

std::vector<std::string> Exchange::take_redirects() {
    const std::scoped_lock lock(mutex_);
    std::vector<std::string> out(std::make_move_iterator(redirects_.begin()),
                                 std::make_move_iterator(redirects_.end()));
    redirects_.clear();
    return out;
}

void Exchange::close() {
    {
        const std::scoped_lock lock(mutex_);
        closed_ = true;
        events_.clear();
    }
    changed_.notify_all();
}

}  // namespace ec::apps::session
