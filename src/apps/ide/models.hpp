// The models that this service offers, which one a request means, and a lane before each that is in use.
//
// A request chooses among what a person put there: the library, the default model, and what `models` of [service.ide]
// names. It cannot make us connect anywhere else. Local models go first; a remote one answers only where it is the
// default or was asked for by its name.
//
// Threads: all of it from any.
#pragma once

#include <ec/codeindex/embedder.hpp>
#include <ec/model/chat.hpp>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "../model_choice.hpp"
#include "lane.hpp"
#include "openai_api/api_error.hpp"

namespace ec::apps::ide {

inline constexpr std::string_view kAgentModel = "edgecoder-agent";

/// Where an answer is made, and why there.
struct Destination {
    std::string id;     ///< as clients name it
    std::string words;  ///< as after --model
    bool local = true;
    bool embeds = false;  ///< it turns texts into vectors and does not chat
    std::string why;
    /// The value of x-edgecoder-route: `local; model=NAME; why="…"`.
    [[nodiscard]] std::string route() const;
};

enum class Purpose { chat, fill, embed };
std::string_view name(Purpose purpose);

/// A model in use: the lane before it, and the model itself for the work that the lane runs.
class Seat {
public:
    Seat(Destination where, Purpose purpose, std::filesystem::path data_dir, std::shared_ptr<model::PrivateHost> host,
         Lane::Limits limits);

    [[nodiscard]] Lane& lane() { return lane_; }
    [[nodiscard]] const Destination& where() const { return where_; }
    [[nodiscard]] Purpose purpose() const { return purpose_; }
    /// Of work on the lane alone: it is open then.
    [[nodiscard]] model::ChatModel& model() { return *model_; }
    [[nodiscard]] codeindex::Embedder& embedder() { return *embedder_; }

private:
    Status open(const std::stop_token& stop);
    void close();

    Destination where_;
    Purpose purpose_;
    std::filesystem::path data_dir_;
    std::shared_ptr<model::PrivateHost> host_;
    std::unique_ptr<ModelPorts> ports_;
    std::unique_ptr<model::ChatModel> model_;
    std::unique_ptr<codeindex::Embedder> embedder_;
    Lane lane_;
};

class Models {
public:
    struct Settings {
        std::filesystem::path data_dir;
        std::vector<std::string> configured;  ///< BASE_URL#MODEL
        std::string fill;                     ///< the model for gaps; empty: the default one, if it is local
        Lane::Limits limits;
    };
    static Result<std::unique_ptr<Models>> open(Settings settings);

    /// What a request that names `asked` means; empty, "auto" and "default": the default.
    openai::Decoded<Destination> chat(std::string_view asked) const;
    /// A gap goes out with every key: to another machine only where that was named, here or in the configuration.
    openai::Decoded<Destination> filler(std::string_view asked) const;
    openai::Decoded<Destination> embedder(std::string_view asked) const;
    /// By name alone: `model_not_found` with the closest one.
    openai::Decoded<Destination> find(std::string_view asked) const;
    [[nodiscard]] std::vector<Destination> list() const;

    /// Made when it is first asked for, and there for as long as this lives.
    Seat& seat(const Destination& where, Purpose purpose);
    /// Where all embedded models of the service run, the agent's too: chat and gaps share weights, and a gap goes
    /// between the batches of an answer.
    [[nodiscard]] const std::shared_ptr<model::PrivateHost>& host() const { return host_; }
    /// All that were made, in order of their names.
    [[nodiscard]] std::vector<Seat*> seats() const;

private:
    Models(Settings settings, std::unique_ptr<ModelPorts> ports);
    [[nodiscard]] std::vector<Destination> library() const;
    [[nodiscard]] openai::ApiError unknown(std::string_view asked) const;
    [[nodiscard]] bool embeds(const std::filesystem::path& file) const;

    Settings settings_;
    std::shared_ptr<model::PrivateHost> host_;
    std::unique_ptr<ModelPorts> ports_;  ///< to look into the library
    mutable std::mutex mutex_;
    std::map<std::string, std::unique_ptr<Seat>> seats_;  ///< by purpose and words; guarded by mutex_
    /// Whether a file is an embedding model, by its path, size and time: its head is long. Guarded by mutex_.
    mutable std::map<std::string, bool> embeds_;
};

}  // namespace ec::apps::ide
