#include <algorithm>
#include <ec/agent/workspace_files.hpp>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/vcs/working_tree.hpp>
#include <optional>
#include <tuple>

#include "context/folder_rules.hpp"
#include "context/ignore_rules.hpp"
#include "context/open_inside.hpp"

namespace ec::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kOwnIgnoreFile = ".edgecoderignore";
constexpr std::uint64_t kLargestIgnoreFile = 256 << 10;
constexpr std::size_t kMostWithheld = 1000;
constexpr std::size_t kMostEntries = 500'000;  // looked at by one list()
constexpr std::size_t kBinaryPrefix = 8000;

std::string_view file_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

bool is_plain_name(std::string_view path) {
    return is_valid_utf8(path) &&
           std::ranges::none_of(path, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

/// "./a//b" as "a/b"; an error for what leads out of the workspace or is no name a person could read.
Result<std::string> tidy(std::string_view path) {
    if (path.empty() || !is_plain_name(path)) return fail(ErrorCode::invalid_argument, "not a path in the workspace");
    std::string plain = fs::path(path).lexically_normal().generic_string();
    if (plain.ends_with('/')) plain.pop_back();
    if (plain == "." || plain == ".." || !is_inside_relative(plain))
        return fail(ErrorCode::invalid_argument, ellipsize(path, 200) + " is not inside the workspace");
    return plain;
}

/// Calls `visit` for every folder above `path`, outermost first, until it returns true.
template <class Visit>
bool any_folder_above(std::string_view path, Visit visit) {
    for (std::size_t slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/', slash + 1))
        if (visit(path.substr(0, slash))) return true;
    return false;
}

}  // namespace

struct WorkspaceFiles::State {
    fs::path root;
    WorkspaceLimits limits;
    std::vector<std::string> paths;
    std::vector<Withheld> withheld;
    bool truncated = false;
    std::optional<vcs::WorkingTree> git;
    std::vector<std::string> tracked;  // sorted
    IgnoreRules own;                   // .edgecoderignore
    IgnoreRules walked;                // .gitignore, where there is no repository
    std::size_t entries = 0;
    std::optional<Error> failure;  // an .edgecoderignore that cannot be obeyed

    [[nodiscard]] bool is_tracked(std::string_view path) const {
        return std::ranges::binary_search(tracked, path, {},
                                          [](const std::string& one) -> std::string_view { return one; });
    }
    /// A folder of build outputs, unless somebody tracks files in it.
    [[nodiscard]] bool is_output(std::string_view folder) const {
        const std::string prefix = std::string(folder) + "/";
        const auto at = std::ranges::lower_bound(tracked, prefix);
        return (at == tracked.end() || !at->starts_with(prefix)) && is_output_folder(root / folder);
    }
    [[nodiscard]] bool ignored_by_git(std::string_view path) const {
        return git ? git->ignored(path) : walked.ignored(path);
    }
    void withhold(std::string_view path, std::string_view kind) {
        if (withheld.size() < kMostWithheld) withheld.push_back({std::string(path), std::string(kind)});
    }
    void read_ignore_files(const std::string& folder);

    void walk();
    void enter(const std::string& folder, std::vector<std::string>& folders);
    void add_tracked();
    bool wanted_folder(const std::string& path);
    void offer(const std::string& path);
    [[nodiscard]] Status rules_against(const std::string& path) const;
    [[nodiscard]] Result<std::string> real_path(const std::string& path) const;
};

/// Whether the walk goes into a folder; notes what is kept from the model.
bool WorkspaceFiles::State::wanted_folder(const std::string& path) {
    if (!is_plain_name(path) || is_foreign_folder(file_name(path))) return false;
    if (own.ignored(path + "/")) {
        withhold(path + "/", "named by .edgecoderignore");
        return false;
    }
    if (withheld_by_name(path + "/x")) {
        withhold(path + "/", "folder of secrets");
        return false;
    }
    if (ignored_by_git(path + "/") || is_output(path)) return false;
    // A repository inside a repository belongs to somebody else; inside a plain folder it is part of the work.
    std::error_code error;
    return !git || !fs::exists(fs::symlink_status(root / path / ".git", error));
}

/// What keeps files from the agent must not fail open: an .edgecoderignore that is there and cannot be taken whole is
/// an error. A link is followed, since its target says only what is to be hidden.
void WorkspaceFiles::State::read_ignore_files(const std::string& folder) {
    const fs::path place = root / folder;
    std::error_code error;
    if (fs::exists(fs::symlink_status(place / kOwnIgnoreFile, error))) {
        const auto text = read_file(place / kOwnIgnoreFile, kLargestIgnoreFile);
        if (!text) {
            failure = text.error();
            if (failure->code == ErrorCode::invalid_argument) failure->code = ErrorCode::denied;  // a pipe or the like
        } else if (!own.add(folder, *text)) {
            failure = Error{ErrorCode::too_large,
                            (place / kOwnIgnoreFile).string() + " has more or longer lines than are read", ""};
        }
    }
    const fs::file_status rules = fs::status(place / ".gitignore", error);
    if (fs::exists(rules) && !fs::is_regular_file(rules) && !fs::is_directory(rules)) {
        failure = Error{ErrorCode::denied, (place / ".gitignore").string() + " is no file", "remove it"};
    }
    if (git || failure) return;
    if (const auto text = read_file(place / ".gitignore", kLargestIgnoreFile)) std::ignore = walked.add(folder, *text);
}

void WorkspaceFiles::State::enter(const std::string& folder, std::vector<std::string>& folders) {
    read_ignore_files(folder);
    std::vector<std::string> below;
    std::vector<std::string> files;
    std::error_code error;
    for (fs::directory_iterator at(root / folder, fs::directory_options::skip_permission_denied, error), end;
         !error && at != end; at.increment(error)) {
        if (++entries > kMostEntries) {
            truncated = true;
            break;
        }
        const std::string path =
            folder.empty() ? at->path().filename().string() : folder + "/" + at->path().filename().string();
        std::error_code ignored;
        const fs::file_status status = at->symlink_status(ignored);
        if (fs::is_directory(status))
            below.push_back(path);
        else if (fs::is_regular_file(status) || fs::is_symlink(status))
            files.push_back(path);
    }
    std::ranges::sort(files);
    for (const std::string& path : files)
        if (!is_tracked(path) && !ignored_by_git(path)) offer(path);
    std::ranges::sort(below, std::greater<>());
    for (std::string& path : below)
        if (wanted_folder(path)) folders.push_back(std::move(path));
}

/// Looks at every folder once. Links to folders are not followed: what lies inside is found by its own name.
void WorkspaceFiles::State::walk() {
    std::vector<std::string> folders{std::string()};
    while (!folders.empty() && !truncated && !failure) {
        const std::string folder = std::move(folders.back());
        folders.pop_back();
        enter(folder, folders);
    }
}

/// Takes a file that git does not keep from us, unless something else does.
void WorkspaceFiles::State::offer(const std::string& path) {
    if (!is_plain_name(path)) return;
    if (own.ignored(path)) return withhold(path, "named by .edgecoderignore");
    if (const auto secret = withheld_by_name(path)) return withhold(path, secret->kind);
    if (paths.size() == limits.files) {
        truncated = true;
        return;
    }
    std::error_code error;
    const fs::file_status status = fs::symlink_status(root / path, error);
    if (!fs::exists(status) || fs::is_directory(status)) return;
    // A link that leads out is no file of the workspace; one that leads to a withheld file is not seen either.
    if (fs::is_symlink(status)) {
        const auto real = real_path(path);
        if (!real || !rules_against(*real) || !fs::is_regular_file(root / *real, error)) return;
    }
    paths.push_back(path);
}

void WorkspaceFiles::State::add_tracked() {
    for (const std::string& path : tracked) {
        if (any_folder_above(path, [](std::string_view folder) { return is_foreign_folder(file_name(folder)); }))
            continue;
        offer(path);
    }
}

Status WorkspaceFiles::State::rules_against(const std::string& path) const {
    const auto denied = [&](const std::string& why) {
        return fail(ErrorCode::denied, ellipsize(path, 200) + " " + why);
    };
    if (is_foreign_folder(file_name(path)) ||
        any_folder_above(path, [](std::string_view folder) { return is_foreign_folder(file_name(folder)); }))
        return denied("lies in a folder that is not part of the work");
    if (own.ignored(path)) return denied("is kept from the agent by .edgecoderignore");
    if (withheld_by_name(path)) return denied("is a file of secrets");
    if (is_tracked(path)) return {};
    if (ignored_by_git(path)) return denied("is ignored by git");
    if (any_folder_above(path, [&](std::string_view folder) { return is_output(folder); }))
        return denied("lies in a folder of build outputs");
    return {};
}

/// Where `path` really lies, relative to the root, with every link on the way followed; the last parts may not exist.
Result<std::string> WorkspaceFiles::State::real_path(const std::string& path) const {
    std::error_code error;
    const fs::path real = fs::weakly_canonical(root / path, error);
    const std::string relative = error ? std::string() : real.lexically_relative(root).generic_string();
    if (relative == "." || !is_inside_relative(relative))
        return fail(ErrorCode::denied, ellipsize(path, 200) + " leads out of the workspace");
    return relative;
}

WorkspaceFiles::WorkspaceFiles(std::unique_ptr<State> state) : state_(std::move(state)) {}
WorkspaceFiles::WorkspaceFiles(WorkspaceFiles&&) noexcept = default;
WorkspaceFiles& WorkspaceFiles::operator=(WorkspaceFiles&&) noexcept = default;
WorkspaceFiles::~WorkspaceFiles() = default;

Result<WorkspaceFiles> WorkspaceFiles::list(const fs::path& root, const WorkspaceLimits& limits) {
    std::error_code error;
    const fs::path real = fs::canonical(root, error);
    if (error || !fs::is_directory(real, error))
        return fail(ErrorCode::not_found, ellipsize(to_valid_utf8(root.native()), 200) + " is not a folder");
    auto state = std::make_unique<State>();
    state->root = real;
    state->limits = limits;
    if (auto git = vcs::WorkingTree::open(real)) {
        // Without a readable index every file counts as untracked; what is ignored is still known.
        if (auto tracked = git->tracked()) state->tracked = *std::move(tracked);
        state->git = *std::move(git);
    } else if (git.error().code == ErrorCode::denied) {
        return fail(git.error());
    }
    for (const std::string& path : state->tracked) {
        if (file_name(path) != kOwnIgnoreFile) continue;
        const std::size_t slash = path.rfind('/');
        // The walk reads those that it meets; a folder that git ignores may hold tracked ones.
        if (slash != std::string::npos && state->git->ignored(path.substr(0, slash) + "/"))
            state->read_ignore_files(path.substr(0, slash));
    }
    state->walk();
    if (state->failure) return fail(*state->failure);
    state->add_tracked();
    std::ranges::sort(state->paths);
    const auto order = [](const Withheld& one) -> const std::string& { return one.path; };
    std::ranges::sort(state->withheld, {}, order);
    const auto [first, last] = std::ranges::unique(state->withheld, {}, order);
    state->withheld.erase(first, last);
    return WorkspaceFiles(std::move(state));
}

const std::vector<std::string>& WorkspaceFiles::paths() const { return state_->paths; }
const std::vector<Withheld>& WorkspaceFiles::withheld() const { return state_->withheld; }
bool WorkspaceFiles::truncated() const { return state_->truncated; }
const fs::path& WorkspaceFiles::root() const { return state_->root; }

Status WorkspaceFiles::may_read(std::string_view path) const {
    EC_ASSIGN(const std::string plain, tidy(path));
    EC_TRY(state_->rules_against(plain));
    EC_ASSIGN(const std::string real, state_->real_path(plain));
    return real == plain ? Status{} : state_->rules_against(real);
}

Status WorkspaceFiles::may_write(std::string_view path) const {
    EC_TRY(may_read(path));
    EC_ASSIGN(const std::string real, state_->real_path(*tidy(path)));
    if (file_name(real) == kOwnIgnoreFile || file_name(path) == kOwnIgnoreFile)
        return fail(ErrorCode::denied, std::string(kOwnIgnoreFile) + " decides what the agent may read");
    return {};
}

Result<std::string> WorkspaceFiles::read(std::string_view path) const {
    EC_TRY(may_read(path));
    EC_ASSIGN(const std::string real, state_->real_path(*tidy(path)));
    EC_TRY(state_->rules_against(real));
    EC_ASSIGN(std::string text, read_inside(state_->root, real, state_->limits.file_bytes));
    if (std::string_view(text).substr(0, kBinaryPrefix).find('\0') != std::string_view::npos)
        return fail(ErrorCode::invalid_argument, real + " is a binary file");
    return text;
}

Result<std::string> WorkspaceFiles::read_redacted(std::string_view path, std::vector<Withheld>* found,
                                                  const SecretValues& values) const {
    EC_ASSIGN(const std::string text, read(path));
    return redact(text, found, path, values);
}

}  // namespace ec::agent
