#include "children.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/core/fenced.hpp>
#include <map>
#include <set>

namespace ec::apps::inference_http {
namespace {

using swarm::NewTask;
using swarm::PartSpec;
using swarm::TaskKind;
using swarm::TaskSpec;

constexpr std::int64_t kPartSeconds = 300;
constexpr std::int64_t kMergeSeconds = 300;

// All that a part stands on, also through others, in an order in which they can be applied: a worker gets their patches
// as inputs and applies them one after the other.
std::vector<std::string> all_before(const inference::Part& part, const std::vector<inference::Part>& parts) {
    std::map<std::string, const inference::Part*> by_key;
    for (const inference::Part& each : parts) by_key[each.key] = &each;
    std::vector<std::string> order;
    std::set<std::string> seen;
    const auto visit = [&](const auto& self, const inference::Part& at) -> void {
        for (const std::string& key : at.after) {
            if (!seen.insert(key).second) continue;
            self(self, *by_key.at(key));
            order.push_back(key);
        }
    };
    visit(visit, part);
    return order;
}

void add(swarm::WorkDone& done, NewTask task, TaskSpec spec) {
    done.children.push_back(std::move(task));
    done.child_specs.push_back(std::move(spec));
}

NewTask merge_task(int round, std::vector<std::string> after, const swarm::Work& work) {
    NewTask task;
    task.key = fmt::format("merge-{}", round + 1);
    task.kind = TaskKind::merge;
    task.needs = work.lease.needs;
    task.after = std::move(after);
    task.expected_s = kMergeSeconds;
    return task;
}

// Failing tests can be mended by a search; words need a model.
swarm::Needs needs_of(const std::vector<std::string>& targets, const swarm::Work& work) {
    swarm::Needs needs = work.lease.needs;
    if (!targets.empty()) return needs;
    if (!work.job.model_class.empty()) needs.model_class = work.job.model_class;
    if (needs.model_class.empty()) needs.model_class = "small";
    return needs;
}

}  // namespace

void add_parts(swarm::WorkDone& done, const inference::Plan& plan, const swarm::Work& work) {
    TaskSpec merge;
    std::vector<std::string> keys;
    for (const inference::Part& part : plan.parts) {
        NewTask task;
        task.key = part.key;
        task.kind = TaskKind::subtask;
        task.needs = needs_of(part.targets, work);
        task.after = all_before(part, plan.parts);
        task.expected_s = kPartSeconds;
        TaskSpec spec;
        spec.task = part.task;
        spec.files = part.files;
        spec.targets = part.targets;
        merge.parts.push_back({part.key, part.task, part.files, part.targets, task.after});
        keys.push_back(part.key);
        add(done, std::move(task), std::move(spec));
    }
    add(done, merge_task(0, std::move(keys), work), std::move(merge));
}

bool add_second_attempt(swarm::WorkDone& done, const inference::Merged& merged, const swarm::Work& work,
                        bool escalates) {
    const int round = work.task.round + 1;
    if (round > (escalates ? 2 : 1)) return false;
    // What this merge has is the ground of the next one, under this task's own key.
    const std::string ground = work.lease.key;
    TaskSpec merge;
    merge.round = round;
    merge.parts.push_back({ground, "", {}, {}, {}});
    std::vector<std::string> keys{ground};
    for (const inference::LeftOutPart& left : merged.left_out) {
        const auto known = std::ranges::find(work.task.parts, left.key, &PartSpec::key);
        if (known == work.task.parts.end()) continue;
        NewTask task;
        task.key = fmt::format("again-{}-{}", round, merge.parts.size());
        task.kind = round == 2 ? TaskKind::escalate : TaskKind::subtask;
        task.needs = needs_of(known->targets, work);
        task.after = {ground};
        task.expected_s = kPartSeconds;
        TaskSpec spec;
        spec.task = fmt::format(
            "{}\n\nThis was done before, beside other changes that are in the project now, and did not fit "
            "them:\n{}\nDo it on top of what is there.",
            known->task, fenced(left.context));
        spec.files = known->files;
        spec.targets = known->targets;
        merge.parts.push_back({task.key, known->task, known->files, known->targets, {ground}});
        keys.push_back(task.key);
        add(done, std::move(task), std::move(spec));
    }
    add(done, merge_task(round, std::move(keys), work), std::move(merge));
    return true;
}

}  // namespace ec::apps::inference_http
