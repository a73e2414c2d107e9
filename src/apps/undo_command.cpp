#include "undo_command.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <ctime>
#include <ec/core/text.hpp>
#include <ec/executor/undo.hpp>
#include <ec/json/json.hpp>
#include <ostream>

#include "data_dir.hpp"
#include "error_report.hpp"
#include "terminal.hpp"

namespace ec::apps {
namespace {

using executor::UndoEntry;
using executor::Undone;

std::string_view name(UndoEntry::State state) {
    switch (state) {
        case UndoEntry::State::applied:
            return "applied";
        case UndoEntry::State::undone:
            return "undone";
        case UndoEntry::State::interrupted:
            return "interrupted";
    }
    return "";
}

json::Array names(const std::vector<std::string>& files) {
    json::Array array;
    for (const std::string& file : files) array.emplace_back(file);
    return array;
}

std::string shown(const std::vector<std::string>& files) {
    constexpr std::size_t kShown = 10;
    std::vector<std::string> first;
    for (std::size_t i = 0; i < std::min(kShown, files.size()); ++i) first.push_back(printable(files[i]));
    return join(first, ", ") + (files.size() > kShown ? fmt::format(" and {} more", files.size() - kShown) : "");
}

std::string local_time(std::int64_t time_ms) {
    const std::time_t seconds = time_ms / 1000;
    std::tm local{};
    return ::localtime_r(&seconds, &local) == nullptr ? "?" : fmt::format("{:%Y-%m-%d %H:%M:%S}", local);
}

int list(const UndoCommandOptions& options, const std::vector<UndoEntry>& entries, std::ostream& out,
         std::ostream& err) {
    if (!options.json && entries.empty()) err << "edgecoder: nothing was applied here\n";
    json::Array steps;
    for (const UndoEntry& entry : entries) {
        if (!options.json) {
            out << fmt::format("{:>4}  {}  {:<11}  {}\n", entry.step, local_time(entry.time_ms), name(entry.state),
                               shown(entry.files));
        }
        steps.emplace_back(json::Object{{"step", static_cast<std::int64_t>(entry.step)},
                                        {"time_ms", entry.time_ms},
                                        {"state", name(entry.state)},
                                        {"files", names(entry.files)}});
    }
    if (options.json) out << json::write(json::Object{{"steps", std::move(steps)}}) << '\n';
    return 0;
}

int report_error(const Error& error, const UndoCommandOptions& options, bool nothing_there, std::ostream& out,
                 std::ostream& err) {
    tell_error(error, err);
    if (options.json) {
        const std::string_view status = nothing_there                       ? "nothing"
                                        : error.code == ErrorCode::conflict ? "changed"
                                                                            : "error";
        out << json::write(json::Object{{"status", status}, {"reason", error.message}, {"files", json::Array{}}})
            << '\n';
    }
    return nothing_there ? 1 : exit_status(error.code);
}

Result<std::vector<UndoEntry>> history(const UndoCommandOptions& options) {
    EC_ASSIGN(const std::filesystem::path dir, undo_dir());
    return executor::undo_history(options.directory, dir);
}

Result<Undone> take_back(const UndoCommandOptions& options) {
    if (options.force && (::isatty(STDIN_FILENO) != 1 || ::isatty(STDERR_FILENO) != 1)) {
        return fail(ErrorCode::invalid_argument,
                    "--force writes over files that changed since, which a person must say", "run it at a terminal");
    }
    executor::UndoOptions undo_options;
    EC_ASSIGN(undo_options.undo_dir, undo_dir());
    undo_options.force = options.force;
    return options.redo ? executor::redo(options.directory, undo_options)
                        : executor::undo(options.directory, undo_options);
}

}  // namespace

int run_undo(const UndoCommandOptions& options, std::ostream& out, std::ostream& err) {
    if (options.list) {
        const auto entries = history(options);
        if (!entries) return report_error(entries.error(), options, false, out, err);
        return list(options, *entries, out, err);
    }
    const auto done = take_back(options);
    if (!done) {
        std::error_code error;
        const bool nothing =
            done.error().code == ErrorCode::not_found && std::filesystem::is_directory(options.directory, error);
        return report_error(done.error(), options, nothing, out, err);
    }
    if (options.json) {
        out << json::write(json::Object{{"status", "done"},
                                        {"step", static_cast<std::int64_t>(done->step)},
                                        {"files", names(done->restored)},
                                        {"interrupted", done->was_interrupted}})
            << '\n';
        return 0;
    }
    if (done->was_interrupted) err << "edgecoder: the last change had been interrupted midway\n";
    err << fmt::format("edgecoder: {} {}{}\n", options.redo ? "redone:" : "undone:", shown(done->restored),
                       options.redo ? "" : " (edgecoder redo takes it back)");
    return 0;
}

}  // namespace ec::apps
