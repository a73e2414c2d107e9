// What an agent's view of a folder costs: context_bench FOLDER… prints, for each, the time to list it, to read and scan
// all files for secrets, to index it, to make a map and to search, and how much the scan withholds.
#include <chrono>
#include <cstdio>
#include <ec/agent/workspace_files.hpp>
#include <ec/codeindex/repository_map.hpp>
#include <ec/codeindex/search.hpp>
#include <map>
#include <thread>

namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

void scan_all(const ec::agent::WorkspaceFiles& files, bool show) {
    std::size_t texts = 0;
    std::size_t bytes = 0;
    std::size_t touched = 0;
    std::map<std::string, int> kinds;
    const auto start = Clock::now();
    for (const std::string& path : files.paths()) {
        const auto text = files.read(path);
        if (!text) continue;
        ++texts;
        bytes += text->size();
        const auto found = ec::agent::scan(path, *text);
        touched += found.empty() ? 0 : 1;
        for (const auto& one : found) {
            ++kinds[one.kind];
            if (show) std::printf("    %s:%d %s\n", one.path.c_str(), one.line, one.kind.c_str());
        }
    }
    std::printf("  scan   %8.1f ms  %zu texts, %.1f MB; withheld in %zu files (%.2f %%):", milliseconds_since(start),
                texts, static_cast<double>(bytes) / 1e6, touched,
                texts == 0 ? 0.0 : 100.0 * static_cast<double>(touched) / static_cast<double>(texts));
    for (const auto& [kind, count] : kinds) std::printf(" %s %d", kind.c_str(), count);
    std::printf("\n");
}

int measure(const char* folder, bool show) {
    auto start = Clock::now();
    const auto files = ec::agent::WorkspaceFiles::list(folder);
    if (!files) {
        std::fprintf(stderr, "%s\n", files.error().message.c_str());
        return 1;
    }
    std::printf("%s\n  list   %8.1f ms  %zu files, %zu withheld by name%s\n", folder, milliseconds_since(start),
                files->paths().size(), files->withheld().size(), files->truncated() ? ", truncated" : "");
    scan_all(*files, show);

    const auto read = [&](const std::string& path) { return files->read(path); };
    start = Clock::now();
    const auto index = ec::codeindex::Index::build(files->paths(), read);
    std::printf("  index  %8.1f ms  %zu names%s\n", milliseconds_since(start), index.names().size(),
                index.truncated() ? ", truncated" : "");
    const std::string task = "parse the header of a request and test errors";
    start = Clock::now();
    const std::string map = ec::codeindex::repository_map(index, ec::codeindex::mentions(index, task));
    std::printf("  map    %8.1f ms  %zu bytes\n", milliseconds_since(start), map.size());
    start = Clock::now();
    const auto hits = ec::codeindex::search(index, task, read);
    std::printf("  search %8.1f ms  best %s\n", milliseconds_since(start),
                hits.empty() ? "none" : hits[0].path.c_str());
    return 0;
}

}  // namespace

int main(int count, char** arguments) {
    std::printf("%u processors\n", std::thread::hardware_concurrency());
    int status = 0;
    const bool show = count > 1 && std::string_view(arguments[1]) == "--show";
    for (int i = show ? 2 : 1; i < count; ++i) status |= measure(arguments[i], show);
    return status;
}
