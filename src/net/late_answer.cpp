#include "late_answer.hpp"

#include <boost/asio/post.hpp>
#include <utility>

namespace ec::net {
namespace {

class Holder final : public Responder {
public:
    explicit Holder(std::shared_ptr<LateAnswer> answer) : answer_(std::move(answer)) {}
    ~Holder() override { answer_->let_go(); }
    Holder(const Holder&) = delete;
    Holder& operator=(const Holder&) = delete;

    void answer(ServerResponse response) override { answer_->answer(std::move(response)); }
    void begin(ServerResponse head) override { answer_->begin(std::move(head)); }
    bool write(std::string_view piece) override { return answer_->write(piece); }
    void end() override { answer_->end(); }
    [[nodiscard]] std::stop_token gone() const override { return answer_->gone(); }

private:
    const std::shared_ptr<LateAnswer> answer_;
};

}  // namespace

void LoopDoor::post(std::function<void()> work) {
    const std::scoped_lock lock(mutex_);
    if (loop_ != nullptr) boost::asio::post(*loop_, std::move(work));
}

void LoopDoor::close() {
    const std::scoped_lock lock(mutex_);
    loop_ = nullptr;
}

LateAnswer::LateAnswer(std::shared_ptr<LoopDoor> loop, std::function<void()> wake, std::size_t most)
    : loop_(std::move(loop)), most_(most), wake_(std::move(wake)) {}

void LateAnswer::answer(ServerResponse response) {
    const std::scoped_lock lock(mutex_);
    if (turn_ != Turn::unsaid) return;
    turn_ = Turn::over;
    due_.whole = std::move(response);
    wake();
}

void LateAnswer::begin(ServerResponse head) {
    const std::scoped_lock lock(mutex_);
    if (turn_ != Turn::unsaid) return;
    turn_ = Turn::streaming;
    const std::string first = std::exchange(head.body, {});
    due_.head = std::move(head);
    if (queue(first)) wake();
}

bool LateAnswer::write(std::string_view piece) {
    const std::scoped_lock lock(mutex_);
    if (turn_ != Turn::streaming || !queue(piece)) return false;
    if (!piece.empty()) wake();
    return true;
}

void LateAnswer::end() {
    const std::scoped_lock lock(mutex_);
    if (turn_ != Turn::streaming) return;
    turn_ = Turn::over;
    due_.last = true;
    wake();
}

void LateAnswer::let_go() {
    const std::scoped_lock lock(mutex_);
    if (turn_ == Turn::over) return;
    if (turn_ == Turn::unsaid) {
        due_.whole = problem(500, "internal", "something went wrong here");
    } else {
        due_.cut = true;
    }
    turn_ = Turn::over;
    wake();
}

LateAnswer::Due LateAnswer::fetch() {
    const std::scoped_lock lock(mutex_);
    woken_ = false;
    Due due = std::exchange(due_, {});
    due_.last = due.last;
    due_.cut = due.cut;
    return due;
}

bool LateAnswer::overrun() const {
    const std::scoped_lock lock(mutex_);
    return overrun_;
}

void LateAnswer::taken(std::size_t bytes) {
    const std::scoped_lock lock(mutex_);
    unread_ -= bytes;
}

void LateAnswer::lose() {
    close();
    gone_.request_stop();  // calls strangers, who may come back here
}

void LateAnswer::close() {
    const std::scoped_lock lock(mutex_);
    turn_ = Turn::over;
    due_ = {};
    wake_ = nullptr;
}

bool LateAnswer::queue(std::string_view piece) {
    if (piece.size() > most_ - unread_) {
        turn_ = Turn::over;
        overrun_ = true;
        due_ = {};
        woken_ = false;  // it may have been woken and be stuck with what it fetched
        wake();
        return false;
    }
    due_.piece += piece;
    unread_ += piece.size();
    return true;
}

void LateAnswer::wake() {
    if (wake_ && !std::exchange(woken_, true)) loop_->post(wake_);
}

std::shared_ptr<Responder> hold(std::shared_ptr<LateAnswer> answer) {
    return std::make_shared<Holder>(std::move(answer));
}

}  // namespace ec::net
