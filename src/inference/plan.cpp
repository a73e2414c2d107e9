#include <fmt/format.h>

#include <algorithm>
#include <ec/core/text.hpp>
#include <ec/inference/plan.hpp>
#include <map>
#include <set>

namespace ec::inference {
namespace {

bool good_key(std::string_view key) {
    return !key.empty() && key.size() <= 32 && std::ranges::all_of(key, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
}

/// Names of tasks that are not parts: a job has each of them once.
bool is_taken(std::string_view key) {
    return key == "decompose" || key.starts_with("merge-") || key.starts_with("again-") || key.starts_with("verify-");
}

std::unexpected<Error> wrong(std::string message) { return fail(ErrorCode::invalid_argument, std::move(message)); }

bool knows(const std::vector<std::string>& sorted, const std::string& path) {
    return std::ranges::binary_search(sorted, path);
}

Status check_part(const Part& part, const Question& question, std::size_t statements) {
    if (!good_key(part.key)) return wrong("a part's key must be 1 to 32 of a-z, 0-9 and -");
    if (is_taken(part.key)) return wrong(fmt::format("a part may not be called {}", part.key));
    if (trim(part.task).empty()) return wrong(fmt::format("part {} says nothing of what to do", part.key));
    if (part.files.size() > kMostFiles)
        return wrong(fmt::format("part {} names more than {} files", part.key, kMostFiles));
    for (const std::string& file : part.files) {
        if (!knows(question.files, file))
            return wrong(fmt::format("part {} names {}, which is not there", part.key, file));
    }
    for (const std::string& target : part.targets) {
        const bool fails = std::ranges::any_of(question.failing, [&](const auto& test) { return test.id == target; });
        if (!fails) return wrong(fmt::format("part {} is to mend {}, which is no failing test", part.key, target));
    }
    for (const std::size_t index : part.covers) {
        if (index >= statements)
            return wrong(fmt::format("part {} covers statement {}, which is not there", part.key, index + 1));
    }
    return {};
}

// Kahn's algorithm: what is left when nothing without open dependencies is left stands on a cycle.
Status check_order(const std::vector<Part>& parts) {
    std::map<std::string, std::set<std::string>> open;
    for (const Part& part : parts) {
        if (!open.emplace(part.key, std::set<std::string>(part.after.begin(), part.after.end())).second)
            return wrong(fmt::format("two parts are called {}", part.key));
    }
    for (const auto& [key, after] : open) {
        for (const std::string& before : after) {
            if (!open.contains(before))
                return wrong(fmt::format("part {} comes after {}, which is no part", key, before));
        }
    }
    while (!open.empty()) {
        const auto next = std::ranges::find_if(open, [](const auto& entry) { return entry.second.empty(); });
        if (next == open.end())
            return wrong(fmt::format("part {} waits for itself, through others", open.begin()->first));
        const std::string done = next->first;
        open.erase(next);
        for (auto& [key, after] : open) after.erase(done);
    }
    return {};
}

std::string part_text(const Statements& statements, const std::vector<std::size_t>& covers) {
    std::string text = statements.preamble;
    for (const std::size_t index : covers) {
        if (!text.empty()) text += "\n\n";
        text += statements.items[index];
    }
    return text;
}

std::vector<std::size_t> all_of(const Statements& statements) {
    std::vector<std::size_t> all(statements.items.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
    return all;
}

// Tests that suspect the same file are one part: two machines would only mend it twice.
std::vector<Part> by_tests(const Question& question, const Statements& statements) {
    std::map<std::string, Part> by_file;
    for (const FailingTest& test : question.failing) {
        const std::string place = test.files.empty() ? "" : test.files.front();
        Part& part = by_file[place];
        part.targets.push_back(test.id);
        for (const std::string& file : test.files) {
            if (part.files.size() < kMostFiles && knows(question.files, file) &&
                std::ranges::find(part.files, file) == part.files.end())
                part.files.push_back(file);
        }
    }
    std::vector<Part> parts;
    for (auto& [file, part] : by_file) {
        part.covers = all_of(statements);
        part.task = fmt::format("Make these tests pass: {}", join(part.targets, ", "));
        if (!trim(question.task).empty()) part.task += "\n\n" + question.task;
        parts.push_back(std::move(part));
    }
    return parts;
}

// A name counts where it stands alone: "app/a.py" in "see app/a.py." but not in "myapp/a.pyc" or "my-app/a.py".
bool names(std::string_view text, std::string_view path) {
    const auto inside = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
               c == '/';
    };
    for (std::size_t at = text.find(path); at != std::string_view::npos; at = text.find(path, at + 1)) {
        const std::size_t end = at + path.size();
        if ((at == 0 || !inside(text[at - 1])) && (end == text.size() || !inside(text[end]))) return true;
    }
    return false;
}

std::vector<Part> by_items(const Question& question, const Statements& statements) {
    std::vector<Part> parts;
    if (!statements.list) return parts;
    for (std::size_t i = 0; i < statements.items.size(); ++i) {
        Part part;
        part.covers = {i};
        part.task = part_text(statements, part.covers);
        for (const std::string& file : question.files) {
            if (part.files.size() < kMostFiles && names(statements.items[i], file)) part.files.push_back(file);
        }
        parts.push_back(std::move(part));
    }
    return parts;
}

std::string module_of(std::string_view path) {
    const std::size_t end = path.rfind('/');
    return end == std::string_view::npos ? "" : std::string(path.substr(0, end));
}

// The folders that hold files which the task names.
std::vector<Part> by_modules(const Question& question, const Statements& statements) {
    std::map<std::string, Part> modules;
    for (const std::string& file : question.files) {
        if (!names(question.task, file)) continue;
        Part& part = modules[module_of(file)];
        if (part.files.size() < kMostFiles) part.files.push_back(file);
    }
    std::vector<Part> parts;
    if (modules.size() < 2) return parts;
    for (auto& [module, part] : modules) {
        part.covers = all_of(statements);
        part.task = fmt::format("{}\n\nThis part is about {} alone; others do the rest.", question.task,
                                join(part.files, ", "));
        parts.push_back(std::move(part));
    }
    return parts;
}

void name_parts(std::vector<Part>& parts) {
    for (std::size_t i = 0; i < parts.size(); ++i) parts[i].key = fmt::format("part-{}", i + 1);
}

}  // namespace

Status check(const Plan& plan, const Question& question) {
    if (plan.parts.empty()) return wrong("a plan needs a part");
    if (plan.parts.size() > kMostParts) return wrong(fmt::format("a plan has at most {} parts", kMostParts));
    const Statements statements = statements_of(question.task);
    std::set<std::size_t> covered;
    for (const Part& part : plan.parts) {
        EC_TRY(check_part(part, question, statements.items.size()));
        covered.insert(part.covers.begin(), part.covers.end());
    }
    EC_TRY(check_order(plan.parts));
    for (std::size_t i = 0; i < statements.items.size(); ++i) {
        if (!covered.contains(i))
            return wrong(fmt::format("no part covers statement {}: \"{}\"", i + 1, ellipsize(statements.items[i], 80)));
    }
    return {};
}

Plan plan_without_model(const Question& question) {
    const Statements statements = statements_of(question.task);
    struct Way {
        const char* name;
        std::vector<Part> (*parts)(const Question&, const Statements&);
    };
    for (const Way& way : {Way{"tests", by_tests}, Way{"list", by_items}, Way{"modules", by_modules}}) {
        Plan plan{way.parts(question, statements), way.name};
        name_parts(plan.parts);
        if (plan.parts.size() > 1 && check(plan, question)) return plan;
    }
    Part whole;
    whole.key = "part-1";
    whole.covers = all_of(statements);
    whole.task = trim(question.task).empty() ? "Make the failing tests pass." : question.task;
    return {{std::move(whole)}, "whole"};
}

}  // namespace ec::inference
