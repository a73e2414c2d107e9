#include <algorithm>
#include <ec/model/embedded.hpp>
#include <iterator>
#include <optional>

#include "client.hpp"

namespace ec::model {
namespace {

using embedded::FromHost;

class HostedModel final : public EmbeddedModel {
public:
    explicit HostedModel(const EmbeddedOptions& options) : client_(options, false) {
        facts_.name = options.name.empty() ? options.file.stem().string() : options.name;
        facts_.embedded = true;
        facts_.where = "embedded";
        facts_.native_tools = false;  // calls come as text, in the model's own dialect
    }

    Status open() {
        EC_TRY(client_.ensure({}));
        facts_.context = client_.loaded().context;
        facts_.parameters = client_.loaded().parameters;
        facts_.fills = client_.loaded().fills;
        return {};
    }

    [[nodiscard]] const ModelFacts& facts() const override { return facts_; }
    [[nodiscard]] const std::vector<double>& batch_cost() const override { return client_.loaded().batch_cost; }
    void pause() override { client_.set_paused(true); }
    void resume() override { client_.set_paused(false); }

    Result<ChatReply> complete(const ChatRequest& request, const OnDelta& on_delta, std::stop_token stop) override {
        std::optional<ChatReply> reply;
        EC_TRY(ask(request, 1, on_delta, stop, [&](const ChatReply& made) {
            reply = made;
            return true;
        }));
        if (!reply) return fail(ErrorCode::corrupt, "the model's process ended a request without an answer");
        return *std::move(reply);
    }

    Result<ChatReply> complete_text(const TextRequest& request, const OnDelta& on_delta,
                                    std::stop_token stop) override {
        std::optional<ChatReply> reply;
        const std::int64_t id = client_.next_id();
        EC_TRY(converse(embedded::Text{id, request}, id, on_delta, std::move(stop), [&](const ChatReply& made) {
            reply = made;
            return true;
        }));
        if (!reply) return fail(ErrorCode::corrupt, "the model's process ended a request without an answer");
        return *std::move(reply);
    }

    Result<std::vector<ChatReply>> sample(const ChatRequest& request, unsigned n,
                                          const std::function<bool(const ChatReply&)>& on_reply,
                                          std::stop_token stop) override {
        std::vector<ChatReply> replies;
        if (n == 0) return replies;
        EC_TRY(ask(request, n, {}, stop, [&](const ChatReply& made) {
            replies.push_back(made);
            return !on_reply || on_reply(made);
        }));
        return replies;
    }

private:
    Status ask(const ChatRequest& request, unsigned n, const OnDelta& on_delta, std::stop_token stop,
               const std::function<bool(const ChatReply&)>& on_reply) {
        const std::int64_t id = client_.next_id();
        return converse(embedded::Chat{id, request, n}, id, on_delta, std::move(stop), on_reply);
    }

    Status converse(const embedded::ToHost& request, std::int64_t id, const OnDelta& on_delta, std::stop_token stop,
                    const std::function<bool(const ChatReply&)>& on_reply) {
        const auto on_answer = [&](const FromHost& answer) {
            if (const auto* reply = std::get_if<embedded::Reply>(&answer)) {
                ChatReply made = reply->reply;
                made.warnings.insert(made.warnings.end(), client_.loaded().warnings.begin(),
                                     client_.loaded().warnings.end());
                return on_reply(made);
            }
            if (on_delta) show(answer, on_delta);
            return true;
        };
        return client_.converse(request, id, on_answer, std::move(stop));
    }

    static void show(const FromHost& answer, const OnDelta& on_delta) {
        if (const auto* progress = std::get_if<embedded::Progress>(&answer)) {
            on_delta({Delta::Kind::prompt_progress, {}, progress->share});
        } else if (const auto* chunk = std::get_if<embedded::Chunk>(&answer)) {
            on_delta({chunk->thinking ? Delta::Kind::thinking : Delta::Kind::text, chunk->text, 0});
        }
    }

    embedded::Client client_;
    ModelFacts facts_;
};

class HostedEmbedder final : public codeindex::Embedder {
public:
    explicit HostedEmbedder(const EmbeddedOptions& options) : client_(options, true) {}

    Status open(std::stop_token stop) { return client_.ensure(std::move(stop)); }

    [[nodiscard]] std::size_t width() const override {
        return static_cast<std::size_t>(std::max<std::int64_t>(client_.loaded().width, 0));
    }

    Result<std::vector<std::vector<float>>> embed(std::span<const std::string> texts, std::stop_token stop) override {
        std::vector<std::vector<float>> vectors;
        while (vectors.size() < texts.size()) {
            const auto part = texts.subspan(vectors.size(), std::min(texts.size() - vectors.size(), kTogether));
            EC_TRY(embed_part(part, vectors, stop));
        }
        return vectors;
    }

private:
    // Keeps a frame of vectors as text to some megabytes.
    static constexpr std::size_t kTogether = 64;

    Status embed_part(std::span<const std::string> texts, std::vector<std::vector<float>>& out,
                      const std::stop_token& stop) {
        const std::int64_t id = client_.next_id();
        std::vector<std::vector<float>> made;
        EC_TRY(client_.converse(
            embedded::Embed{id, {texts.begin(), texts.end()}}, id,
            [&](const FromHost& answer) {
                if (const auto* vectors = std::get_if<embedded::Vectors>(&answer)) made = vectors->vectors;
                return true;
            },
            stop));
        const bool whole = std::ranges::all_of(made, [&](const auto& vector) { return vector.size() == width(); });
        if (made.size() != texts.size() || !whole) {
            return fail(ErrorCode::corrupt, "the model's process returned other vectors than were asked for");
        }
        out.insert(out.end(), std::make_move_iterator(made.begin()), std::make_move_iterator(made.end()));
        return {};
    }

    embedded::Client client_;
};

}  // namespace

Result<std::unique_ptr<EmbeddedModel>> make_embedded_model(const EmbeddedOptions& options) {
    auto model = std::make_unique<HostedModel>(options);
    EC_TRY(model->open());
    return model;
}

Result<std::unique_ptr<codeindex::Embedder>> make_embedder(const EmbeddedOptions& options, std::stop_token stop) {
    auto embedder = std::make_unique<HostedEmbedder>(options);
    EC_TRY(embedder->open(std::move(stop)));
    return embedder;
}

bool shared_host_answers(const std::filesystem::path& socket) {
    return embedded::SharedLink::connect(socket).has_value();
}

}  // namespace ec::model
