#include "conversation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/core/text.hpp>

namespace ec::apps::mcp {
namespace {

using rpc::Answer;
using rpc::refuse;

constexpr int kBusy = -32000;
constexpr std::size_t kMostSubscriptions = 256;

json::Value progress_token(const json::Object& params) {
    const json::Value* meta = params.if_contains("_meta");
    const json::Object* object = meta == nullptr ? nullptr : meta->if_object();
    const json::Value* token = object == nullptr ? nullptr : object->if_contains("progressToken");
    if (token == nullptr || !(token->is_string() || token->is_int64() || token->is_uint64())) return nullptr;
    return *token;
}

}  // namespace

/// A tool call from its request to its answer.
class Conversation::RunningCall final : public Call {
public:
    RunningCall(std::shared_ptr<Conversation> conversation, json::Value id, json::Value token,
                std::shared_ptr<Outlet> outlet, std::optional<std::set<std::string>> scopes,
                std::optional<RequestTerms> terms)
        : conversation_(std::move(conversation)),
          id_(std::move(id)),
          token_(std::move(token)),
          outlet_(std::move(outlet)),
          scopes_(std::move(scopes)),
          terms_(terms) {}

    [[nodiscard]] const json::Value& id() const { return id_; }
    [[nodiscard]] bool stateless() const { return terms_.has_value(); }
    [[nodiscard]] Outlet& outlet() const { return *outlet_; }
    void cancel() { source_.request_stop(); }

    [[nodiscard]] std::stop_token stop() const override { return source_.get_token(); }
    void progress(double done, double total, const std::string& message) override {
        if (token_.is_null() || source_.stop_requested()) return;
        const std::lock_guard lock(mutex_);
        if (done <= done_) return;
        done_ = done;
        json::Object params{{"progressToken", token_}, {"progress", done}};
        if (total > 0) params["total"] = total;
        if (!message.empty()) params["message"] = to_valid_utf8(message);
        outlet_->message(rpc::encode(rpc::Request{nullptr, "notifications/progress", std::move(params)}));
    }
    void log(LogLevel level, std::string_view logger, json::Value data) override {
        if (level < least_level()) return;
        if (source_.stop_requested()) return;
        outlet_->message(rpc::encode(
            rpc::Request{nullptr, "notifications/message",
                         json::Object{{"level", name(level)}, {"logger", logger}, {"data", std::move(data)}}}));
    }
    // Of a client without a conversation nothing can be asked.
    [[nodiscard]] bool client_can(std::string_view capability) const override {
        if (terms_) return false;
        const std::lock_guard lock(conversation_->mutex_);
        return conversation_->client_can_.contains(std::string(capability));
    }
    Answer ask(std::string method, json::Object params, std::chrono::milliseconds patience) override {
        if (terms_) return refuse(rpc::kInternalError, "this client cannot be asked");
        return conversation_->ask(*outlet_, std::move(method), std::move(params), patience, stop());
    }
    void hang_up() override { outlet_->hang_up(); }
    [[nodiscard]] bool allowed(std::string_view scope) const override {
        return !scopes_ || scopes_->contains(std::string(scope));
    }

private:
    /// Above the highest when nothing may be said.
    [[nodiscard]] LogLevel least_level() const {
        constexpr auto kSilence = static_cast<LogLevel>(static_cast<int>(LogLevel::emergency) + 1);
        if (terms_) return terms_->level.value_or(kSilence);
        const std::lock_guard lock(conversation_->mutex_);
        return conversation_->level_;
    }

    std::shared_ptr<Conversation> conversation_;
    json::Value id_;
    json::Value token_;
    std::shared_ptr<Outlet> outlet_;
    std::optional<std::set<std::string>> scopes_;
    std::optional<RequestTerms> terms_;
    std::stop_source source_;
    std::mutex mutex_;
    double done_ = -1;  // under mutex_
};

void Conversation::request(rpc::Request request, std::shared_ptr<Outlet> outlet,
                           std::optional<std::set<std::string>> scopes) {
    Answer given = nullptr;
    if (is_stateless(request)) {
        const auto terms = request_terms(request);
        if (terms && request.method == "tools/call")
            return call_tool(request, std::move(outlet), std::move(scopes), *terms);
        given = terms ? stateless_answer(request) : std::unexpected(terms.error());
    } else {
        if (request.method == "tools/call" && !revision().empty())
            return call_tool(request, std::move(outlet), std::move(scopes), std::nullopt);
        given = answer(request);
    }
    outlet->answer(rpc::encode(rpc::Response{std::move(request.id), std::move(given)}));
}

Answer Conversation::answer(const rpc::Request& request) {
    if (request.method == "ping") return json::Object();
    if (request.method == "initialize") return initialize(request.params);
    if (revision().empty()) return refuse(rpc::kInvalidRequest, "the first request must be initialize");
    if (request.method == "logging/setLevel") return set_level(request.params);
    if (request.method.ends_with("/list")) return list(request);
    if (request.method == "resources/read") return read_resource(request.params);
    if (request.method == "resources/subscribe" || request.method == "resources/unsubscribe") return subscribe(request);
    if (request.method == "prompts/get") return get_prompt(request.params);
    if (request.method == "completion/complete") return complete(request.params);
    return refuse(rpc::kMethodNotFound, fmt::format("there is no method {}", ellipsize(request.method, 80)));
}

Answer Conversation::stateless_answer(const rpc::Request& request) const {
    const std::string& method = request.method;
    Answer given = refuse(rpc::kMethodNotFound, fmt::format("there is no method {}", ellipsize(method, 80)));
    if (!has_stateless_method(registry_, method)) return given;
    if (method == "server/discover") given = discovery(registry_);
    if (method.ends_with("/list")) given = list(request);
    if (method == "resources/read") given = read_resource(request.params);
    if (method == "prompts/get") given = get_prompt(request.params);
    if (method == "completion/complete") given = complete(request.params);
    return completed(std::move(given), method, registry_);
}

void Conversation::call_tool(const rpc::Request& request, std::shared_ptr<Outlet> outlet,
                             std::optional<std::set<std::string>> scopes, const std::optional<RequestTerms>& terms) {
    const auto say_no = [&](int code, std::string why) {
        outlet->answer(rpc::encode(rpc::Response{request.id, refuse(code, std::move(why))}));
    };
    json::Reader reader(request.params, "params");
    const std::string name = reader.require("name").string("name");
    const json::Object& arguments = reader.object("arguments");
    if (!reader.status()) return say_no(rpc::kInvalidParams, reader.status().error().message);
    const Tool* tool = registry_.tool(name);
    if (tool == nullptr)
        return say_no(rpc::kInvalidParams, fmt::format("Unknown tool: {}", ellipsize(to_valid_utf8(name), 80)));
    const auto call = std::make_shared<RunningCall>(shared_from_this(), request.id, progress_token(request.params),
                                                    outlet, std::move(scopes), terms);
    {
        const std::lock_guard lock(mutex_);
        if (ended_) return outlet->leave();
        if (!calls_.emplace(json::write(request.id), call).second)
            return say_no(rpc::kInvalidRequest, "a request with this id is under way");
    }
    const bool started = threads_.start([this, self = shared_from_this(), call, tool, arguments] {
        Answer given = nullptr;
        try {
            auto result = tool->run(arguments, *call);
            given = result ? Answer(encode(*result)) : std::unexpected(std::move(result).error());
        } catch (const std::exception&) {
            // A bug, or memory that ran out: the end of this call, and not of the server.
            given = refuse(rpc::kInternalError, "something went wrong here");
        }
        if (call->stateless()) given = completed(std::move(given), "tools/call", registry_);
        finish(call, std::move(given));
    });
    if (!started) finish(call, refuse(kBusy, "too many calls are under way; try again when one has ended"));
}

void Conversation::finish(const std::shared_ptr<RunningCall>& call, Answer answer) {
    {
        const std::lock_guard lock(mutex_);
        calls_.erase(json::write(call->id()));
    }
    if (call->stop().stop_requested()) return call->outlet().leave();
    call->outlet().answer(rpc::encode(rpc::Response{call->id(), std::move(answer)}));
}

void Conversation::notification(const rpc::Request& request) {
    if (request.method != "notifications/cancelled") return;
    if (const json::Value* id = request.params.if_contains("requestId")) cancel(*id);
}

void Conversation::cancel(const json::Value& id) {
    std::shared_ptr<RunningCall> call;
    {
        const std::lock_guard lock(mutex_);
        const auto found = calls_.find(json::write(id));
        if (found == calls_.end()) return;  // it has ended, or never was
        call = found->second;
    }
    call->cancel();
}

void Conversation::end() {
    std::map<std::string, std::shared_ptr<RunningCall>> calls;
    {
        const std::lock_guard lock(mutex_);
        ended_ = true;
        calls = calls_;
        changed_.notify_all();
    }
    for (const auto& [id, call] : calls) call->cancel();
}

std::string Conversation::revision() const {
    const std::lock_guard lock(mutex_);
    return revision_;
}

bool Conversation::busy() const {
    const std::lock_guard lock(mutex_);
    return !calls_.empty();
}

Answer Conversation::initialize(const json::Object& params) {
    json::Reader reader(params, "params");
    const std::string wanted = reader.require("protocolVersion").string("protocolVersion");
    const json::Object& can = reader.object("capabilities");
    const json::Object& client = reader.require("clientInfo").object("clientInfo");
    json::Reader info(client, "params.clientInfo");
    info.require("name").string("name");
    if (!reader.status()) return refuse(rpc::kInvalidParams, reader.status().error().message);
    if (!info.status()) return refuse(rpc::kInvalidParams, info.status().error().message);
    const std::string_view revision = agreed_revision(wanted);
    {
        const std::lock_guard lock(mutex_);
        if (!revision_.empty()) return refuse(rpc::kInvalidRequest, "this conversation has begun already");
        revision_ = revision;
        for (const auto& capability : can) client_can_.insert(std::string(capability.key()));
    }
    json::Object result{{"protocolVersion", revision},
                        {"capabilities", capabilities(registry_, false)},
                        {"serverInfo", encode(registry_.self)}};
    if (!registry_.instructions.empty()) result["instructions"] = registry_.instructions;
    return result;
}

Answer Conversation::set_level(const json::Object& params) {
    json::Reader reader(params, "params");
    const auto level = log_level(reader.require("level").string("level"));
    if (!reader.status()) return refuse(rpc::kInvalidParams, reader.status().error().message);
    if (!level) return refuse(rpc::kInvalidParams, "params.level is none of the eight levels of RFC 5424");
    const std::lock_guard lock(mutex_);
    level_ = *level;
    return json::Object();
}

Answer Conversation::subscribe(const rpc::Request& request) {
    if (!registry_.subscriptions) return refuse(rpc::kMethodNotFound, "resources cannot be subscribed to here");
    json::Reader reader(request.params, "params");
    const std::string uri = reader.require("uri").string("uri");
    if (!reader.status()) return refuse(rpc::kInvalidParams, reader.status().error().message);
    const std::lock_guard lock(mutex_);
    if (request.method == "resources/unsubscribe") {
        subscribed_.erase(uri);
    } else if (subscribed_.size() >= kMostSubscriptions) {
        return refuse(rpc::kInvalidParams, "too many subscriptions");
    } else {
        subscribed_.insert(uri);
    }
    return json::Object();
}

void Conversation::response(rpc::Response response) {
    const std::lock_guard lock(mutex_);
    if (!response.id.is_int64()) return;
    const auto at = asked_.find(response.id.get_int64());
    if (at == asked_.end() || at->second.answer) return;  // to nothing we asked, or asked and gave up
    at->second.answer = std::move(response.answer);
    changed_.notify_all();
}

Answer Conversation::ask(Outlet& outlet, std::string method, json::Object params, std::chrono::milliseconds patience,
                         const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    if (ended_) return refuse(rpc::kInternalError, "the client is gone");
    const std::int64_t id = next_++;
    asked_[id];
    lock.unlock();
    outlet.message(rpc::encode(rpc::Request{id, std::move(method), std::move(params)}));
    lock.lock();
    changed_.wait_for(lock, stop, patience, [&] { return asked_.at(id).answer || ended_; });
    const Asked waited = std::move(asked_.extract(id).mapped());
    const bool ended = ended_;
    lock.unlock();
    if (waited.answer) return *waited.answer;
    if (!ended) {
        outlet.message(rpc::encode(rpc::Request{nullptr, "notifications/cancelled", json::Object{{"requestId", id}}}));
    }
    return refuse(rpc::kInternalError, "the client did not answer");
}

}  // namespace ec::apps::mcp
