#include "undo_journal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <ec/core/fs.hpp>
#include <random>
#include <thread>

#include "beneath.hpp"
#include "hash_blocks.hpp"

namespace ec::executor {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kLockPatience{10};
constexpr std::chrono::milliseconds kLockPause{20};
constexpr std::uint64_t kLargestStep = 256ULL << 20;  // bytes of step.json

Status make_private(const fs::path& dir) {
    std::error_code error;
    fs::create_directories(dir.parent_path(), error);
    if (::mkdir(dir.c_str(), 0700) != 0 && errno != EEXIST) {
        return fail(from_errno(fmt::format("cannot create {}", dir.string()), errno));
    }
    struct stat info{};
    if (::lstat(dir.c_str(), &info) != 0 || !S_ISDIR(info.st_mode) || info.st_uid != ::geteuid() ||
        ::chmod(dir.c_str(), 0700) != 0) {
        return fail(ErrorCode::denied, fmt::format("{} is not a folder of yours", dir.string()),
                    "set EDGECODER_DATA_DIR to one");
    }
    return {};
}

Status sync_folder(const fs::path& dir) {
    const UniqueFd fd(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.valid() || ::fsync(fd.get()) != 0)
        return fail(from_errno(fmt::format("cannot sync {}", dir.string()), errno));
    return {};
}

Status write_all(int fd, std::string_view rest) {
    while (!rest.empty()) {
        const ssize_t n = ::write(fd, rest.data(), rest.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail(from_errno("cannot write the undo journal", errno));
        rest.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
}

Status write_synced(const fs::path& path, std::string_view content) {
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!fd.valid()) return fail(from_errno(fmt::format("cannot create {}", path.string()), errno));
    EC_TRY(write_all(fd.get(), content));
    if (::fsync(fd.get()) != 0) return fail(from_errno(fmt::format("cannot sync {}", path.string()), errno));
    return {};
}

void remove_folder(const fs::path& path) {
    std::error_code ignored;
    fs::remove_all(path, ignored);
}

std::uint64_t image_bytes(const UndoStep& step) {
    std::uint64_t bytes = 0;
    for (const FileStep& file : step.files) {
        if (file.before.kind == FileState::Kind::file) bytes += std::min(file.before.size, kMostUndoBytes);
    }
    return bytes;
}

}  // namespace

std::string UndoJournal::fresh_name(std::string_view prefix) {
    std::random_device random;
    return fmt::format("{}{:08x}{:08x}", prefix, random(), random());
}

Result<UndoJournal> UndoJournal::open(const fs::path& undo_dir, const fs::path& workspace) {
    if (undo_dir.empty()) {
        return fail(ErrorCode::unavailable, "there is no place to keep what would be replaced, and no home directory",
                    "set EDGECODER_DATA_DIR to a folder");
    }
    std::error_code error;
    const fs::path absolute = fs::weakly_canonical(fs::absolute(undo_dir), error);
    const std::string inside = absolute.lexically_relative(workspace).string();
    if (error || is_inside_relative(inside)) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("the undo journal {} lies in the project it is for", absolute.string()),
                    "set EDGECODER_DATA_DIR to a folder outside");
    }
    EC_TRY(make_private(absolute));
    const fs::path dir = absolute / hash128(workspace.string()).hex();
    EC_TRY(make_private(dir));
    UniqueFd lock(::open((dir / "lock").c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!lock.valid()) return fail(from_errno("cannot open the undo journal's lock", errno));
    const auto until = std::chrono::steady_clock::now() + kLockPatience;
    while (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) return fail(from_errno("cannot lock the undo journal", errno));
        if (std::chrono::steady_clock::now() > until) {
            return fail(ErrorCode::conflict, "another edgecoder is writing to this project", "try again");
        }
        std::this_thread::sleep_for(kLockPause);
    }
    for (const auto& entry : fs::directory_iterator(dir, error)) {
        if (entry.path().filename().string().starts_with("new-")) remove_folder(entry.path());
    }
    return UndoJournal(dir, workspace.string(), std::move(lock));
}

fs::path UndoJournal::folder(std::uint64_t sequence) const { return dir_ / fmt::format("{:010}", sequence); }

std::vector<std::uint64_t> UndoJournal::sequences() const {
    std::vector<std::uint64_t> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(dir_, error)) {
        const std::string name = entry.path().filename().string();
        std::uint64_t value = 0;
        const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), value);
        if (name.size() == 10 && failure == std::errc{} && end == name.data() + name.size()) found.push_back(value);
    }
    std::sort(found.begin(), found.end());
    return found;
}

Result<std::vector<UndoStep>> UndoJournal::steps() const {
    std::vector<UndoStep> steps;
    for (const std::uint64_t sequence : sequences()) {
        EC_ASSIGN(const std::string text, read_file(folder(sequence) / "step.json", kLargestStep));
        EC_ASSIGN(UndoStep step, decode_undo_step(text));
        if (step.workspace != workspace_) {
            return fail(ErrorCode::corrupt, fmt::format("the undo journal {} is for another project", dir_.string()));
        }
        step.sequence = sequence;
        step.complete = ::access((folder(sequence) / "complete").c_str(), F_OK) == 0;
        steps.push_back(std::move(step));
    }
    return steps;
}

UndoJournal::Draft::Draft(Draft&& other) noexcept
    : path_(std::exchange(other.path_, {})), bytes_(other.bytes_), images_(other.images_) {}

UndoJournal::Draft::~Draft() {
    if (!path_.empty()) remove_folder(path_);
}

Result<UndoJournal::Draft> UndoJournal::begin() {
    fs::path path = dir_ / fresh_name("new-");
    if (::mkdir(path.c_str(), 0700) != 0) return fail(from_errno("cannot write the undo journal", errno));
    return Draft(std::move(path));
}

Status UndoJournal::Draft::keep(int source, FileStep& file) {
    file.image = fmt::format("{}", images_++);
    const fs::path path = path_ / file.image;
    const UniqueFd copy(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!copy.valid()) return fail(from_errno("cannot write the undo journal", errno));
    file.before.size = 0;
    file.before.hash = {};
    EC_TRY(read_blocks(source, file.path, [&](std::string_view block) -> Status {
        bytes_ += block.size();
        if (bytes_ > kMostUndoBytes) {
            return fail(ErrorCode::too_large,
                        "the files to be replaced hold more than 1 GiB, too much to keep for undo");
        }
        file.before.size += block.size();
        file.before.hash = extend_hash(file.before.hash, block);
        return write_all(copy.get(), block);
    }));
    return {};
}

Status UndoJournal::Draft::keep(std::string_view content, FileStep& file) {
    bytes_ += content.size();
    if (bytes_ > kMostUndoBytes) return fail(ErrorCode::too_large, "the files to be replaced hold more than 1 GiB");
    file.image = fmt::format("{}", images_++);
    file.before.size = content.size();
    file.before.hash = content_hash(content);
    return write_synced(path_ / file.image, content);
}

Status UndoJournal::publish(Draft draft, UndoStep& step) {
    const std::vector<std::uint64_t> known = sequences();
    step.sequence = known.empty() ? 1 : known.back() + 1;
    step.workspace = workspace_;
    EC_TRY(write_synced(draft.path_ / "step.json", encode(step)));
    const UniqueFd images(::open(draft.path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    std::vector<std::string> names;
    for (const FileStep& file : step.files) {
        if (!file.image.empty()) names.push_back(file.image);
    }
    if (!images.valid() || !sync_files(images.get(), names)) {
        return fail(from_errno("cannot sync the undo journal", errno));
    }
    EC_TRY(sync_folder(draft.path_));
    if (::rename(draft.path_.c_str(), folder(step.sequence).c_str()) != 0) {
        return fail(from_errno("cannot write the undo journal", errno));
    }
    draft.path_.clear();
    return sync_folder(dir_);
}

Status UndoJournal::complete(const UndoStep& step) {
    EC_TRY(write_synced(folder(step.sequence) / "complete", ""));
    EC_TRY(sync_folder(folder(step.sequence)));
    trim();
    return {};
}

// Renamed first: a step is there as a whole or not at all.
void UndoJournal::drop(const UndoStep& step) {
    const fs::path doomed = dir_ / fresh_name("new-");
    if (::rename(folder(step.sequence).c_str(), doomed.c_str()) == 0) remove_folder(doomed);
}

fs::path UndoJournal::image(const UndoStep& step, const FileStep& file) const {
    return folder(step.sequence) / file.image;
}

// What neither undo nor redo can reach goes at once: a step that was taken back lives on in the one that did so.
void UndoJournal::trim() {
    const auto all = steps();
    if (!all) return;
    const UndoStacks reachable = stacks(*all);
    std::uint64_t bytes = 0;
    std::size_t kept = 0;
    for (auto step = all->rbegin(); step != all->rend(); ++step) {
        const bool reached =
            std::ranges::count(reachable.undoable, &*step) + std::ranges::count(reachable.redoable, &*step);
        if (reached) bytes += image_bytes(*step);
        if (!reached || ++kept > kMostSteps || (kept > 1 && bytes > kMostUndoBytes)) drop(*step);
    }
}

}  // namespace ec::executor
