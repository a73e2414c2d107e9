// `edgecoder-agent`: the whole loop of plan, code, test and retry over a workspace, as the answer of a model. One task
// at a time in a workspace; others wait in its lane.
//
// A workspace is a folder that a person listed with --root, or one inside; links are resolved first. Nothing is written
// there unless the request says so: the patch alone is the answer.
#pragma once

#include <ec/net/http_server.hpp>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "answer_work.hpp"
#include "lane.hpp"
#include "models.hpp"
#include "openai_api/requests.hpp"

namespace ec::apps::ide {

/// The folder that is meant: `named` where it is a root or inside one, the only root where none is named. Resolved.
openai::Decoded<std::filesystem::path> workspace_of(const std::string& named,
                                                    const std::vector<std::filesystem::path>& roots);

/// The task that a conversation asks for: what was said last, and before it what was said earlier, shortened.
std::string task_of(const std::vector<model::Message>& conversation);

class AgentRooms {
public:
    struct Settings {
        std::vector<std::filesystem::path> roots;  ///< canonical
        Lane::Limits limits{.waiting = 8};
    };
    AgentRooms(Settings settings, const Models& models) : settings_(std::move(settings)), models_(models) {}

    struct Task {
        std::shared_ptr<Lane> lane;
        Ask ask;
        Destination where;  ///< of the model behind it
    };
    /// The workspace is named by the header x-edgecoder-workspace or by metadata.workspace; x-edgecoder-apply or
    /// metadata.apply "true" lets what was tested be written.
    openai::Decoded<Task> task(const net::ServerRequest& request, const openai::ChatAsk& ask);

    struct Report {
        std::string workspace;
        LaneStatus status;
    };
    [[nodiscard]] std::vector<Report> report() const;
    void beat();

private:
    std::shared_ptr<Lane> lane(const std::filesystem::path& workspace);

    Settings settings_;
    const Models& models_;
    mutable std::mutex mutex_;
    std::map<std::filesystem::path, std::shared_ptr<Lane>> lanes_;  ///< guarded by mutex_
};

}  // namespace ec::apps::ide
