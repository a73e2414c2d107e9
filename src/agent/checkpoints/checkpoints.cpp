#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <ctime>
#include <ec/agent/checkpoints.hpp>
#include <ec/executor/undo.hpp>
#include <random>

#include "step_text.hpp"

namespace ec::agent {
namespace {

// So far undo reaches for certain, in so many sessions: their steps are not dropped whatever the limits say.
constexpr unsigned kUndoReach = 50;
constexpr std::size_t kLiveSessions = 8;

std::string fact(const vcs::SnapshotInfo& info, const std::string& key) {
    const auto at = info.facts.find(key);
    return at == info.facts.end() ? std::string{} : at->second;
}

Step step_of(const vcs::SnapshotInfo& info) {
    Step step{info.id, fact(info, "session"), 0, info.time_s, info.message, info.parent};
    const std::string digits = fact(info, "number");
    std::from_chars(digits.data(), digits.data() + digits.size(), step.number);
    return step;
}

bool is_step(const vcs::SnapshotInfo& info) { return fact(info, "kind") == "step"; }

std::unexpected<Error> no_session() {
    return fail(ErrorCode::not_found, "there is no such session here", "edgecoder resume --list shows them");
}

// What the undo journal says of applies: which are in force, which were taken back, and the next of either.
struct Journal {
    std::set<std::string> in_force;
    std::set<std::string> undone;
    std::string next_undo;
    std::string next_redo;
    bool interrupted = false;  ///< the next to undo was cut in the middle: its files are old and new at once

    static Result<Journal> read(const std::filesystem::path& workspace, const std::filesystem::path& undo_dir) {
        Journal journal;
        EC_ASSIGN(const std::vector<executor::UndoEntry> entries, executor::undo_history(workspace, undo_dir));
        for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
            if (entry->state == executor::UndoEntry::State::undone) {
                journal.undone.insert(entry->apply);
                journal.next_redo = entry->apply;
            } else {
                journal.in_force.insert(entry->apply);
                journal.next_undo = entry->apply;
                journal.interrupted = entry->state == executor::UndoEntry::State::interrupted;
            }
        }
        return journal;
    }
};

bool all_in(const std::vector<AppliedFiles>& applied, const std::set<std::string>& names) {
    return !applied.empty() &&
           std::ranges::all_of(applied, [&](const AppliedFiles& one) { return names.contains(one.name); });
}

}  // namespace

const Step* Checkpoints::Line::parent_of(const std::string& id) const {
    const auto at = steps.find(steps.at(id).parent);
    return at == steps.end() ? nullptr : &at->second;
}

const Step* Checkpoints::Line::child_of(const std::string& id) const {
    const Step* newest = nullptr;
    for (const auto& [child, step] : steps) {
        if (step.parent != id) continue;
        if (newest == nullptr || sequence.at(child) > sequence.at(newest->id)) newest = &step;
    }
    return newest;
}

std::string Checkpoints::fresh_session() {
    const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    std::random_device random;
    return fmt::format("{:04}{:02}{:02}-{:02}{:02}{:02}-{:06x}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                       parts.tm_hour, parts.tm_min, parts.tm_sec, random() & 0xffffffU);
}

Result<Checkpoints> Checkpoints::open(const std::filesystem::path& workspace, CheckpointOptions options) {
    vcs::ShadowOptions shadow{options.shadow_dir, options.limits, options.now_ns, options.before_step};
    EC_ASSIGN(vcs::ShadowRepository repository, vcs::ShadowRepository::open(workspace, std::move(shadow)));
    return Checkpoints(std::move(repository), std::move(options));
}

Result<vcs::Snapshot> Checkpoints::snapshot(const vcs::SnapshotRequest& request) {
    EC_ASSIGN(vcs::Snapshot made, repository_.snapshot(request));
    left_out_ = made.left_out;
    return made;
}

// The sessions that were used last keep what their undo reaches.
Status Checkpoints::prune() {
    EC_ASSIGN(const bool wanted, repository_.wants_pruning());
    if (!wanted) return {};
    EC_ASSIGN(const std::vector<vcs::SnapshotInfo> all, repository_.list());
    EC_ASSIGN(const auto marks, repository_.marks());
    std::map<std::string, const vcs::SnapshotInfo*> by_id;
    for (const vcs::SnapshotInfo& info : all) by_id[info.id] = &info;
    std::vector<const vcs::SnapshotInfo*> heads;
    for (const auto& [name, id] : marks) {
        if (by_id.contains(id)) heads.push_back(by_id[id]);
    }
    std::ranges::sort(heads, [](const auto* a, const auto* b) { return a->sequence > b->sequence; });
    if (heads.size() > kLiveSessions) heads.resize(kLiveSessions);
    std::set<std::string> kept;
    for (const vcs::SnapshotInfo* at : heads) {
        for (unsigned i = 0; at != nullptr && i <= kUndoReach; ++i) {
            kept.insert(at->id);
            at = by_id.contains(at->parent) ? by_id[at->parent] : nullptr;
        }
    }
    EC_TRY(repository_.prune([&](const vcs::SnapshotInfo& info) { return kept.contains(info.id); }));
    return {};
}

Result<Checkpoints::Line> Checkpoints::line(const std::string& session) {
    Line line;
    EC_ASSIGN(const auto marks, repository_.marks());
    const auto head = marks.find(session);
    if (head == marks.end()) return no_session();
    line.head = head->second;
    EC_ASSIGN(const std::vector<vcs::SnapshotInfo> all, repository_.list());
    for (const vcs::SnapshotInfo& info : all) {
        if (!is_step(info) || fact(info, "session") != session) continue;
        line.steps[info.id] = step_of(info);
        line.sequence[info.id] = info.sequence;
        line.files[info.id] = info.files;
        if (!fact(info, "floor").empty()) line.floors.insert(info.id);
        if (!fact(info, "wrote").empty()) line.writers.insert(info.id);
    }
    if (!line.steps.contains(line.head)) return no_session();
    return line;
}

Result<std::vector<AppliedFiles>> Checkpoints::applied_of(const std::string& id) {
    EC_ASSIGN(const std::vector<std::string> texts, repository_.attached(id, "applied"));
    if (texts.size() != 1) return fail(ErrorCode::corrupt, "the checkpoint is damaged");
    return read_applied(texts.front());
}

// Where the session stands by what the undo journal says: back over steps whose files were all taken back, else
// forward over one whose files are the newest in force. Steps that wrote nothing go with what is below them. A floor is
// a step that was made when something below it had been taken back already.
Result<std::string> Checkpoints::settled(const Line& line) {
    EC_ASSIGN(const Journal journal, Journal::read(repository_.workspace(), options_.undo_dir));
    std::string at = line.head;
    std::string here = line.head;
    for (bool more = !journal.undone.empty(); more;) {
        std::vector<AppliedFiles> applied;
        if (line.writers.contains(here)) {
            EC_ASSIGN(applied, applied_of(here));
        }
        const Step* parent = line.parent_of(here);
        more = parent != nullptr && !line.floors.contains(here);
        if (parent == nullptr) break;
        if (!applied.empty()) {
            if (!all_in(applied, journal.undone)) break;
            at = parent->id;
        }
        here = parent->id;
    }
    if (at != line.head) return at;
    for (const Step* child = line.child_of(at); child != nullptr; child = line.child_of(at)) {
        EC_ASSIGN(const std::vector<AppliedFiles> applied, applied_of(child->id));
        if (!all_in(applied, journal.in_force) || applied.back().name != journal.next_undo) break;
        at = child->id;
    }
    return at;
}

// The files of the newest step that wrote any, at or below this one, were all taken back.
Result<bool> Checkpoints::is_taken_back(vcs::SnapshotInfo here) {
    EC_ASSIGN(const Journal journal, Journal::read(repository_.workspace(), options_.undo_dir));
    if (journal.undone.empty()) return false;
    while (fact(here, "wrote").empty()) {
        if (here.parent.empty() || !fact(here, "floor").empty()) return false;
        auto parent = repository_.find(here.parent);
        if (!parent) return false;
        here = *std::move(parent);
    }
    EC_ASSIGN(const std::vector<AppliedFiles> applied, applied_of(here.id));
    return all_in(applied, journal.undone);
}

Result<std::string> Checkpoints::settle(const std::string& session, Line& line) {
    EC_ASSIGN(const std::string at, settled(line));
    if (at != line.head) EC_TRY(repository_.set_mark(session, at));
    line.head = at;
    return at;
}

Result<std::string> Checkpoints::begin(const std::string& task, const std::string& name) {
    const std::string session = name.empty() ? fresh_session() : name;
    vcs::SnapshotRequest request;
    request.message = task;
    request.facts = {{"kind", "step"}, {"session", session}, {"number", "0"}};
    request.attached = {{"conversation", {}}, {"notes", {"{}"}}, {"applied", {write_applied({})}}};
    request.mark = session;
    EC_TRY(snapshot(request));
    EC_TRY(prune());
    return session;
}

Result<Step> Checkpoints::record(const std::string& session, const StepRecord& record) {
    EC_ASSIGN(const auto marks, repository_.marks());
    const auto mark = marks.find(session);
    if (mark == marks.end()) return no_session();
    EC_ASSIGN(const vcs::SnapshotInfo head, repository_.find(mark->second));
    EC_ASSIGN(const bool floor, is_taken_back(head));
    vcs::SnapshotRequest request;
    request.message = record.label;
    request.parent = head.id;
    request.mark = session;
    request.facts = {{"kind", "step"}, {"session", session}, {"number", fmt::format("{}", step_of(head).number + 1)}};
    if (floor) request.facts["floor"] = "yes";
    if (!record.applied.empty()) request.facts["wrote"] = "yes";
    std::vector<std::string>& conversation = request.attached["conversation"];
    for (const model::Message& message : record.conversation) conversation.push_back(write_message(message));
    request.attached["notes"] = {json::write(record.notes)};
    request.attached["applied"] = {write_applied(record.applied)};
    EC_ASSIGN(const vcs::Snapshot made, snapshot(request));
    EC_TRY(prune());
    return step_of(made.info);
}

Result<std::string> Checkpoints::keep(const std::string& session, const std::string& label) {
    EC_ASSIGN(const Line line, this->line(session));
    vcs::SnapshotRequest request;
    request.message = label;
    request.facts = {{"kind", "kept"}, {"session", session}};
    request.parent = line.head;
    request.unless_files = line.files.at(line.head);
    EC_ASSIGN(const vcs::Snapshot made, snapshot(request));
    return made.info.id.empty() ? line.head : made.info.id;
}

Result<std::vector<SessionInfo>> Checkpoints::sessions() {
    EC_ASSIGN(const auto marks, repository_.marks());
    EC_ASSIGN(const std::vector<vcs::SnapshotInfo> all, repository_.list());
    std::map<std::string, SessionInfo> found;
    for (const vcs::SnapshotInfo& info : all) {
        const std::string name = fact(info, "session");
        const auto mark = marks.find(name);
        if (!is_step(info) || mark == marks.end()) continue;
        const Step step = step_of(info);
        SessionInfo& session = found[name];
        if (session.id.empty()) session.task = info.message;
        session.id = name;
        session.time_s = std::max(session.time_s, info.time_s);
        session.last_step = step.number;
        if (mark->second == info.id) session.step = step.number;
    }
    std::vector<SessionInfo> list;
    for (auto& [name, session] : found) list.push_back(std::move(session));
    std::ranges::sort(list, [](const SessionInfo& a, const SessionInfo& b) {
        return std::pair(a.time_s, a.id) > std::pair(b.time_s, b.id);
    });
    return list;
}

Result<std::vector<Step>> Checkpoints::steps(const std::string& session) {
    EC_ASSIGN(Line line, this->line(session));
    EC_TRY(settle(session, line));
    std::vector<Step> steps;
    for (const Step* at = &line.steps.at(line.head); at != nullptr; at = line.parent_of(at->id)) steps.push_back(*at);
    std::ranges::reverse(steps);
    for (const Step* at = line.child_of(line.head); at != nullptr; at = line.child_of(at->id)) steps.push_back(*at);
    return steps;
}

Result<LoadedStep> Checkpoints::load_step(const Step& step) {
    LoadedStep loaded;
    loaded.step = step;
    EC_ASSIGN(const std::vector<std::string> messages, repository_.attached(step.id, "conversation"));
    for (const std::string& text : messages) {
        EC_ASSIGN(model::Message message, read_message(text));
        loaded.conversation.push_back(std::move(message));
    }
    EC_ASSIGN(const std::vector<std::string> notes, repository_.attached(step.id, "notes"));
    EC_ASSIGN(const json::Value value, json::parse(notes.empty() ? "{}" : notes.front()));
    if (!value.is_object()) return fail(ErrorCode::corrupt, "the checkpoint's notes are damaged");
    loaded.notes = value.as_object();
    EC_ASSIGN(loaded.applied, applied_of(step.id));
    return loaded;
}

Result<LoadedStep> Checkpoints::load(const std::string& session, std::optional<unsigned> step) {
    EC_ASSIGN(const std::vector<Step> all, steps(session));
    EC_ASSIGN(const Line line, this->line(session));
    for (const Step& one : all) {
        if (step ? one.number == *step : one.id == line.head) return load_step(one);
    }
    return fail(ErrorCode::not_found, fmt::format("the session has no step {} (any more)", step.value_or(0)));
}

// An apply that was cut by the death of its process and is no step's: its files are put back to what they were.
Result<std::vector<std::string>> Checkpoints::mend(const std::string& session, const std::string& at,
                                                   const RestoreOptions& options) {
    EC_ASSIGN(const Journal journal, Journal::read(repository_.workspace(), options_.undo_dir));
    if (!journal.interrupted) return std::vector<std::string>{};
    EC_ASSIGN(const std::vector<AppliedFiles> applied, applied_of(at));
    for (const AppliedFiles& one : applied) {
        if (one.name == journal.next_undo) return std::vector<std::string>{};
    }
    EC_TRY(keep(session, "before an interrupted change was taken back"));
    const auto undone =
        executor::undo(repository_.workspace(), {options_.undo_dir, options.force, options_.before_step});
    if (!undone && undone.error().code != ErrorCode::not_found) return fail(undone.error());
    return undone ? undone->restored : std::vector<std::string>{};
}

Result<LoadedStep> Checkpoints::undo(const std::string& session, const RestoreOptions& options) {
    EC_ASSIGN(Line line, this->line(session));
    EC_ASSIGN(const std::string at, settle(session, line));
    EC_ASSIGN(std::vector<std::string> mended, mend(session, at, options));
    if (!mended.empty()) {
        EC_ASSIGN(LoadedStep loaded, load_step(line.steps.at(at)));
        loaded.files = std::move(mended);
        return loaded;
    }
    const Step* parent = line.parent_of(at);
    if (parent == nullptr) return fail(ErrorCode::not_found, "there is nothing to undo in this session");
    EC_ASSIGN(const std::vector<AppliedFiles> applied, applied_of(at));
    EC_TRY(keep(session, fmt::format("before undo of step {}", line.steps.at(at).number)));
    EC_ASSIGN(std::vector<std::string> files, take_back(line.steps.at(at), applied, options));
    EC_TRY(repository_.set_mark(session, parent->id));
    EC_ASSIGN(LoadedStep loaded, load_step(*parent));
    loaded.files = std::move(files);
    return loaded;
}

Result<LoadedStep> Checkpoints::redo(const std::string& session, const RestoreOptions& options) {
    EC_ASSIGN(Line line, this->line(session));
    EC_ASSIGN(const std::string at, settle(session, line));
    EC_TRY(mend(session, at, options));
    const Step* child = line.child_of(at);
    if (child == nullptr) return fail(ErrorCode::not_found, "there is nothing to redo in this session");
    EC_ASSIGN(const std::vector<AppliedFiles> applied, applied_of(child->id));
    EC_TRY(keep(session, fmt::format("before redo of step {}", child->number)));
    EC_ASSIGN(std::vector<std::string> files, put_back(*child, line.steps.at(at), applied, options));
    EC_TRY(repository_.set_mark(session, child->id));
    EC_ASSIGN(LoadedStep loaded, load_step(*child));
    loaded.files = std::move(files);
    return loaded;
}

namespace {

std::set<std::string> paths_of(const std::vector<AppliedFiles>& applied, const std::set<std::string>& skipped) {
    std::set<std::string> paths;
    for (const AppliedFiles& one : applied) {
        if (!skipped.contains(one.name)) paths.insert(one.files.begin(), one.files.end());
    }
    return paths;
}

}  // namespace

// The journal as far as this step's applies are on top of it; the rest, if any, from the snapshots.
Result<std::vector<std::string>> Checkpoints::take_back(const Step& step, const std::vector<AppliedFiles>& applied,
                                                        const RestoreOptions& options) {
    std::set<std::string> files;
    EC_ASSIGN(Journal journal, Journal::read(repository_.workspace(), options_.undo_dir));
    const auto is_ours = [&](const std::string& name) {
        return !name.empty() && std::ranges::any_of(applied, [&](const auto& one) { return one.name == name; });
    };
    while (is_ours(journal.next_undo)) {
        EC_ASSIGN(const executor::Undone undone,
                  executor::undo(repository_.workspace(), {options_.undo_dir, options.force, options_.before_step}));
        files.insert(undone.restored.begin(), undone.restored.end());
        // An apply that was interrupted is forgotten once it is taken back.
        const std::set<std::string> before = std::move(journal.undone);
        EC_ASSIGN(journal, Journal::read(repository_.workspace(), options_.undo_dir));
        journal.undone.insert(before.begin(), before.end());
        journal.undone.insert(undone.apply);
    }
    const std::set<std::string> rest = paths_of(applied, journal.undone);
    if (!rest.empty()) {
        EC_ASSIGN(const auto written, write_files(rest, step.id, step.parent, options));
        files.insert(written.begin(), written.end());
    }
    return std::vector<std::string>(files.begin(), files.end());
}

Result<std::vector<std::string>> Checkpoints::put_back(const Step& step, const Step& parent,
                                                       const std::vector<AppliedFiles>& applied,
                                                       const RestoreOptions& options) {
    std::set<std::string> files;
    std::set<std::string> done;
    EC_ASSIGN(Journal journal, Journal::read(repository_.workspace(), options_.undo_dir));
    for (const AppliedFiles& one : applied) {
        if (one.name.empty() || one.name != journal.next_redo) continue;
        EC_ASSIGN(const executor::Undone redone,
                  executor::redo(repository_.workspace(), {options_.undo_dir, options.force, options_.before_step}));
        files.insert(redone.restored.begin(), redone.restored.end());
        done.insert(one.name);
        EC_ASSIGN(journal, Journal::read(repository_.workspace(), options_.undo_dir));
    }
    // What is in force by the journal may still have been taken back by way of the snapshots: those are as they shall
    // be already, or get written.
    if (const std::set<std::string> rest = paths_of(applied, done); !rest.empty()) {
        EC_ASSIGN(const auto written, write_files(rest, parent.id, step.id, options));
        files.insert(written.begin(), written.end());
    }
    return std::vector<std::string>(files.begin(), files.end());
}

Result<std::string> Checkpoints::diff(const std::string& session, std::optional<unsigned> step) {
    EC_ASSIGN(const std::vector<Step> all, steps(session));
    EC_ASSIGN(const Line line, this->line(session));
    const unsigned last = step.value_or(line.steps.at(line.head).number);
    std::string before;
    std::string after;
    std::set<std::string> files;
    for (const Step& one : all) {
        if (one.number > last) break;
        if (step && one.number + 1 < last) continue;
        // The first that is left, or the one before the step asked for, is only what it is compared with.
        if (before.empty()) {
            before = one.id;
            if (!step || one.number != last) continue;
        }
        EC_ASSIGN(const std::vector<AppliedFiles> applied, applied_of(one.id));
        files.merge(paths_of(applied, {}));
        after = one.id;
    }
    if (before.empty() || (step && line.steps.at(after.empty() ? before : after).number != last)) {
        return fail(ErrorCode::not_found, fmt::format("the session has no step {} (any more)", last));
    }
    if (after.empty()) return std::string{};
    return repository_.diff(before, after, &files);
}

}  // namespace ec::agent
