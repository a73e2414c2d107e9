#include "localise.hpp"

#include <algorithm>
#include <cctype>
#include <ec/core/text.hpp>
#include <ec/repair/sources.hpp>
#include <map>
#include <set>

namespace ec::agent {
namespace {

constexpr double kNamed = 100;    // the person wrote the name
constexpr double kInStack = 20;   // innermost frame of a failing test; outer ones less
constexpr double kImported = 8;   // a failing test loads it
constexpr double kMentioned = 1;  // for each distinct name it shares with the task and the failures
constexpr double kRelated = 12;   // the search's best file for the words of the task; later ones less
constexpr std::size_t kMostRelated = 10;
constexpr std::size_t kMostRead = 400;

std::set<std::string, std::less<>> words_of(std::string_view text) {
    std::set<std::string, std::less<>> words;
    std::string word;
    for (const char c : text) {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_') {
            word += c;
            continue;
        }
        if (word.size() > 3) words.insert(word);
        word.clear();
    }
    if (word.size() > 3) words.insert(word);
    return words;
}

std::string stem(std::string_view path) {
    const auto slash = path.rfind('/');
    std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
    const auto dot = name.find('.');
    return std::string(name.substr(0, dot));
}

bool names(std::string_view text, std::string_view path) {
    const auto slash = path.rfind('/');
    const std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
    return text.find(path) != std::string_view::npos ||
           (name.find('.') != std::string_view::npos && text.find(name) != std::string_view::npos);
}

class Ranking {
public:
    explicit Ranking(const Task& task) : task_(task), paths_(task.ports.workspace->paths()) {
        known_.insert(paths_.begin(), paths_.end());
    }

    std::vector<std::string> run() {
        for (const std::string& path : paths_) {
            if (names(task_.words, path)) score_[path] += kNamed;
        }
        std::string failures;
        if (task_.before) add_failures(failures);
        const auto wanted = words_of(task_.words);
        if (!wanted.empty() && !task_.red_before()) add_related();
        add_mentions(words_of(task_.words + "\n" + failures));
        std::vector<std::pair<double, std::string>> ranked;
        for (const auto& [path, score] : score_) {
            const double weight = repair::is_test_or_configuration(path) && score < kNamed ? 0.05 : 1;
            ranked.emplace_back(-score * weight, path);
        }
        std::ranges::sort(ranked);
        std::vector<std::string> result;
        for (auto& [score, path] : ranked) result.push_back(std::move(path));
        return result;
    }

private:
    void add_failures(std::string& failures) {
        for (const executor::TestCase& test : task_.before->report.tests) {
            if (test.outcome != executor::TestOutcome::failed && test.outcome != executor::TestOutcome::error) continue;
            failures += test.message + "\n";
            double weight = kInStack;
            for (auto frame = test.frames.rbegin(); frame != test.frames.rend(); ++frame) {
                if (!known_.contains(frame->file)) continue;
                score_[frame->file] += weight;
                weight /= 2;
                if (repair::is_test_or_configuration(frame->file)) add_imports(frame->file);
            }
            const std::string file = test.id.substr(0, test.id.find("::"));
            if (known_.contains(file)) {
                score_[file] += 1;
                add_imports(file);
            }
        }
        if (task_.before->report.tests.empty()) {
            failures = task_.before->output;
            for (const std::string& path : paths_) {
                if (names(failures, path)) {
                    score_[path] += kInStack;
                    if (repair::is_test_or_configuration(path)) add_imports(path);
                }
            }
        }
    }

    // By the words of its import lines: good enough for every language that names what it loads.
    void add_imports(const std::string& test) {
        if (!imported_.insert(test).second) return;
        const auto text = task_.ports.workspace->read(test);
        if (!text) return;
        std::string lines;
        for (const std::string_view line : split_lines(*text)) {
            const std::string_view words = trim(line);
            if (words.starts_with("import ") || words.starts_with("from ") || words.starts_with("use ") ||
                words.starts_with("#include") || words.find("require(") != std::string_view::npos) {
                lines += std::string(words) + "\n";
            }
        }
        std::set<std::string, std::less<>> loaded;
        std::string word;
        for (const char c : lines + "\n") {
            if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-') {
                word += c;
            } else {
                loaded.insert(std::exchange(word, {}));
            }
        }
        for (const std::string& path : paths_) {
            if (path != test && loaded.contains(stem(path))) score_[path] += kImported;
        }
    }

    // Where no failing test points at a place.
    void add_related() {
        if (!task_.ports.related) return;
        double weight = kRelated;
        for (const std::string& path : task_.ports.related(task_.words, kMostRelated)) {
            if (known_.contains(path)) score_[path] += weight;
            weight *= 0.7;
        }
    }

    void add_mentions(const std::set<std::string, std::less<>>& wanted) {
        std::size_t read = 0;
        for (const std::string& path : paths_) {
            if (++read > kMostRead) break;
            const auto text = task_.ports.workspace->read(path);
            if (!text) continue;
            double shared = 0;
            for (const std::string& word : words_of(*text)) shared += wanted.contains(word) ? kMentioned : 0;
            if (shared > 0) score_[path] += std::min(shared, 6.0);
        }
    }

    const Task& task_;
    std::vector<std::string> paths_;
    std::set<std::string, std::less<>> known_;
    std::map<std::string, double> score_;
    std::set<std::string> imported_;
};

}  // namespace

std::vector<std::string> likely_files(const Task& task) { return Ranking(task).run(); }

std::vector<TaskContext::File> show_files(Task& task, const std::vector<std::string>& paths, std::size_t bytes) {
    std::vector<TaskContext::File> files;
    std::size_t used = 0;
    for (const std::string& path : paths) {
        task.attend(path);
        const auto text = task.ports.workspace->read(path);
        if (!text || !is_valid_utf8(*text)) continue;
        if (used + text->size() > bytes) continue;
        used += text->size();
        files.push_back({path, task.redact(path, *text)});
    }
    return files;
}

}  // namespace ec::agent
