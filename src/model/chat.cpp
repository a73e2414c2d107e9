#include <ec/model/chat.hpp>

namespace ec::model {

std::string_view name(Role role) {
    switch (role) {
        case Role::system:
            return "system";
        case Role::user:
            return "user";
        case Role::assistant:
            return "assistant";
        case Role::tool:
            break;
    }
    return "tool";
}

Result<ChatReply> ChatModel::complete_text(const TextRequest&, const OnDelta&, std::stop_token) {
    return fail(ErrorCode::unavailable, facts().name + " answers conversations only; it does not go on with a text");
}

Result<std::vector<ChatReply>> ChatModel::sample(const ChatRequest& request, unsigned n,
                                                 const std::function<bool(const ChatReply&)>& on_reply,
                                                 std::stop_token stop) {
    std::vector<ChatReply> replies;
    ChatRequest one = request;
    for (unsigned i = 0; i < n; ++i) {
        one.sampling.seed = request.sampling.seed + i;
        EC_ASSIGN(ChatReply reply, complete(one, {}, stop));
        replies.push_back(std::move(reply));
        if (on_reply && !on_reply(replies.back())) break;
    }
    return replies;
}

}  // namespace ec::model
