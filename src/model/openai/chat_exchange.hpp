// One try at a completion: the request goes out, the answer is read while it comes, in whatever form the server has.
#pragma once

#include <ec/core/clock.hpp>
#include <ec/model/chat.hpp>
#include <stop_token>
#include <string>

#include "openai/reply_reader.hpp"
#include "openai/server.hpp"

namespace ec::model {

struct TryOutcome {
    Result<ChatReply> reply = fail(ErrorCode::internal, "no try was made");
    bool counted = false;     ///< the server said how many tokens the prompt had
    int status = 0;           ///< of a refusal; `reply` is then an error without words yet
    std::string body;         ///< of a refusal
    bool may_repeat = false;  ///< nothing of an answer has come, and the failure may pass
    std::chrono::milliseconds retry_after{0};
};

class ChatExchange {
public:
    ChatExchange(Server& server, const Clock& clock, std::chrono::milliseconds patience)
        : server_(server), clock_(clock), patience_(patience) {}

    /// A server that sends signs of life and no word for `patience` is
    /// given up.
    TryOutcome run(const net::HttpRequest& request, ReplyReader& reader, AnswerForm form, std::stop_token stop);

private:
    Server& server_;
    const Clock& clock_;
    std::chrono::milliseconds patience_;
};

/// Whether a refusal may pass by itself: 429, 408 and server errors.
bool is_passing(std::int64_t status);

}  // namespace ec::model
