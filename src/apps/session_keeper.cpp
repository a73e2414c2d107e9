#include "session_keeper.hpp"

#include "session_store.hpp"

namespace ec::apps {

Status SessionKeeper::open() {
    if (checkpoints_) return {};
    EC_ASSIGN(agent::Checkpoints checkpoints, open_checkpoints(directory_));
    checkpoints_.emplace(std::move(checkpoints));
    return {};
}

Status SessionKeeper::begin() {
    EC_TRY(open());
    if (!session_.empty()) return {};
    EC_ASSIGN(session_, checkpoints_->begin(task_, name_));
    return {};
}

void SessionKeeper::task(std::string words, std::size_t messages) {
    constexpr std::size_t kMostTurns = 1000;
    task_ = std::move(words);
    if (turns_.size() < kMostTurns)
        turns_.emplace_back(json::Object{{"at", static_cast<std::int64_t>(messages)}, {"text", task_}});
}

void SessionKeeper::keep_rest(const std::string& label, const std::vector<model::Message>& conversation) {
    if (conversation.size() != kept_) keep(label, conversation);
}

void SessionKeeper::keep(const std::string& label, const std::vector<model::Message>& conversation) {
    Status kept = begin();
    if (kept) {
        agent::StepRecord record;
        record.label = label;
        record.conversation = conversation;
        record.notes = {{"task", task_}, {"turns", turns_}};
        record.applied = applied_;
        const auto step = checkpoints_->record(session_, record);
        if (step) {
            applied_.clear();
            kept_ = conversation.size();
            return;
        }
        kept = fail(step.error());
    }
    if (!warned_ && warn_) warn_("this session is not kept: " + kept.error().message);
    warned_ = true;
}

Result<agent::LoadedStep> SessionKeeper::undo() {
    EC_TRY(open());
    EC_ASSIGN(session_, choose_session(*checkpoints_, session_));
    EC_ASSIGN(agent::LoadedStep loaded, checkpoints_->undo(session_, {.force = false, .approved = approved_}));
    kept_ = loaded.conversation.size();
    return loaded;
}

Result<agent::LoadedStep> SessionKeeper::redo() {
    EC_TRY(open());
    EC_ASSIGN(session_, choose_session(*checkpoints_, session_));
    EC_ASSIGN(agent::LoadedStep loaded, checkpoints_->redo(session_, {.force = false, .approved = approved_}));
    kept_ = loaded.conversation.size();
    return loaded;
}

Result<std::string> SessionKeeper::diff() {
    EC_TRY(open());
    EC_ASSIGN(const std::string session, choose_session(*checkpoints_, session_));
    return checkpoints_->diff(session);
}

Result<agent::LoadedStep> SessionKeeper::resume(const std::string& session) {
    EC_TRY(open());
    EC_ASSIGN(session_, choose_session(*checkpoints_, session));
    EC_ASSIGN(agent::LoadedStep loaded, checkpoints_->load(session_));
    const json::Value* turns = loaded.notes.if_contains("turns");
    turns_ = turns != nullptr && turns->is_array() ? turns->get_array() : json::Array();
    kept_ = loaded.conversation.size();
    return loaded;
}

}  // namespace ec::apps
