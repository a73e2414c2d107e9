#include "toolchains.hpp"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <set>

#include "policy_terms.hpp"

extern char** environ;

namespace ec::executor {
namespace {

namespace fs = std::filesystem;

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string{} : std::string(value);
}

bool is_folder(const fs::path& path) {
    std::error_code ignored;
    return fs::is_directory(path, ignored);
}

bool present(const fs::path& path) {
    std::error_code ignored;
    return fs::exists(path, ignored);
}

fs::path real_path(const fs::path& path) {
    // Most of what is asked for is not there, and canonical() would walk the whole path to find that out.
    if (!present(path)) return {};
    std::error_code error;
    fs::path result = fs::canonical(path, error);
    return error ? fs::path{} : result;
}

// Both as real_path() gives them. Asked hundreds of times a start, and comparing text is far cheaper than paths.
bool is_below(const fs::path& path, const fs::path& root) { return is_at_or_below(path.native(), root.native()); }

class Discovery {
public:
    Discovery(fs::path workspace, const SandboxPolicy& policy)
        : workspace_(std::move(workspace)), policy_(policy), home_(real_path(variable("HOME"))) {}

    Toolchains run(const std::vector<fs::path>& extra, const std::vector<std::string>& extra_names) {
        const bool discover = policy_.discover.value_or(true);
        system_folders();
        for (const fs::path& path : extra) add(path);
        stated_paths();
        search_path(discover);
        if (discover) {
            workspace_environments();
            surrounding_node_modules();
        }
        collect_environment(extra_names);
        finish();
        return std::move(result_);
    }

private:
    void system_folders() {
        for (const char* name : {"/bin", "/sbin", "/lib", "/lib64", "/lib32", "/libx32"}) {
            std::error_code error;
            const fs::path target = fs::read_symlink(name, error);
            if (!error) {
                result_.links.emplace_back(name, target.string());
            } else if (is_folder(name)) {
                add(name);
            }
        }
        for (const char* name :
             {"/usr", "/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime",
              "/etc/mime.types", "/etc/java-17-openjdk", "/etc/python3", "/etc/python3.11", "/etc/python3.12",
              "/etc/python3.13", "/nix/store", "/gnu/store"}) {
            if (present(name)) add_exact(name);
        }
    }

    // Too much to show for the sake of a program that happens to lie there.
    bool too_broad(const fs::path& path) const {
        if (path.empty() || path == "/" || path == home_ || path.parent_path() == "/home" || path == "/root")
            return true;
        for (const char* name :
             {"/home", "/etc", "/var", "/tmp", "/opt", "/srv", "/mnt", "/media", "/run", "/proc", "/sys", "/dev"}) {
            if (path == name) return true;
        }
        return is_below(workspace_, path) || (!home_.empty() && is_below(home_, path));
    }

    void add_exact(const fs::path& path) { roots_.insert(path); }

    void add(const fs::path& path) {
        const fs::path real = real_path(path);
        if (real.empty() || real == "/" || is_below(real, workspace_)) return;
        roots_.insert(real);
        if (real != path && path.is_absolute() && path.lexically_normal() == path) alias(path, real);
    }

    // A root known by another name (through a symbolic link): the link is made again inside, at its own place.
    void alias(const fs::path& path, const fs::path& real) {
        fs::path walked;
        for (const fs::path& part : path) {
            walked /= part;
            std::error_code error;
            const fs::path target = fs::read_symlink(walked, error);
            if (error) continue;
            if (real_path(walked.parent_path()) == walked.parent_path())
                aliases_.emplace(walked.string(), target.string());
            static_cast<void>(real);
            return;
        }
    }

    // Shows `names` below `base`, those that exist.
    void add_parts(const fs::path& base, std::initializer_list<const char*> names) {
        for (const char* name : names) {
            if (present(base / name)) add(base / name);
        }
    }

    // Whoever wrote the workspace may name any folder in it and must not have it shown for that. What it names counts
    // when it is what it claims to be: interpreters have their library beside them.
    static bool is_installation(const fs::path& bin) {
        const fs::path library = bin.parent_path() / "lib";
        std::error_code error;
        if (present(library / "node_modules/npm")) return true;
        for (const auto& entry : fs::directory_iterator(library, error)) {
            const std::string name = entry.path().filename().string();
            if ((name.starts_with("python") || name.starts_with("pypy")) && present(entry.path() / "os.py"))
                return true;
        }
        return false;
    }

    // The root of the installation that `bin` (a folder of programs) belongs to. `named`: by the workspace.
    void add_installation(const fs::path& bin, bool named = false) {
        if (bin.empty() || covered(bin)) return;
        for (fs::path at = bin; at != at.root_path(); at = at.parent_path()) {
            const std::string name = at.filename().string();
            if (name == ".pyenv" || name == ".nvm" || name == ".asdf" || name == ".rbenv" || name == ".nodenv" ||
                name == ".sdkman" || name == ".bun" || name == ".deno" || name == ".fnm") {
                return add(at);
            }
            if (name == ".volta") return add_parts(at, {"bin", "tools", "hooks.json"});
            if (name == ".cargo") return add_cargo(at);
            if (name == ".local") return add_local(at);
            if (name == ".rustup") return add_parts(at, {"toolchains", "settings.toml"});
            if (present(at / "pyvenv.cfg")) return add_venv(at);
        }
        if (named && !is_installation(bin)) return;
        const fs::path prefix = bin.filename() == "bin" || bin.filename() == "sbin" ? bin.parent_path() : bin;
        add(too_broad(prefix) ? bin : prefix);
    }

    void add_cargo(const fs::path& cargo) {
        add_parts(cargo, {"bin", "registry", "git", "env"});
        const std::string rustup = variable("RUSTUP_HOME");
        const fs::path home = rustup.empty() ? cargo.parent_path() / ".rustup" : fs::path(rustup);
        add_parts(home, {"toolchains", "settings.toml"});
    }

    void add_local(const fs::path& local) {
        add_parts(local, {"bin", "lib", "pipx", "share/pipx", "share/pnpm", "share/uv/python", "share/uv/tools",
                          "share/mise/installs", "share/mise/shims", "share/fnm", "share/virtualenvs"});
    }

    void add_venv(const fs::path& venv) {
        add(venv);
        const auto text = read_file(venv / "pyvenv.cfg", 1 << 16);
        if (!text) return;
        for (const std::string_view line : split_lines(*text)) {
            const std::size_t equals = line.find('=');
            if (equals == std::string_view::npos) continue;
            const std::string_view key = trim(line.substr(0, equals));
            if (key == "home") add_installation(real_path(trim(line.substr(equals + 1))), is_below(venv, workspace_));
        }
        follow_programs(venv / "bin");
    }

    // Interpreters are often links to somewhere else.
    void follow_programs(const fs::path& bin) {
        for (const char* name : {"python", "python3", "node", "npm", "npx", "pytest", "pnpm", "yarn", "deno", "bun",
                                 "ruby", "go", "cargo"}) {
            const fs::path real = real_path(bin / name);
            if (real.empty() || covered(real.parent_path())) continue;
            add_installation(real.parent_path(), is_below(bin, workspace_));
        }
    }

    bool covered(const fs::path& path) const {
        return is_below(path, workspace_) ||
               std::any_of(roots_.begin(), roots_.end(), [&](const fs::path& root) { return is_below(path, root); });
    }

    void stated_paths() {
        for (const std::string& path : policy_.read_only.value_or(std::vector<std::string>{})) add_stated(path);
        if (!policy_.languages) return;
        for (const auto& [name, language] : *policy_.languages) {
            for (const std::string& root : language.roots) add_stated(root);
        }
    }

    // A path that goes through the project is the project's to lead anywhere; what it holds is shown with it anyway.
    void add_stated(const fs::path& path) {
        for (fs::path at = path; at != at.root_path(); at = at.parent_path()) {
            if (is_below(real_path(at.parent_path()), workspace_)) return;
        }
        add(path);
    }

    // Without `discover`, folders in PATH count only where they are shown anyway.
    void search_path(bool discover) {
        std::vector<std::string> kept;
        const auto keep = [&](const std::string& entry) {
            if (std::find(kept.begin(), kept.end(), entry) == kept.end()) kept.push_back(entry);
        };
        if (policy_.languages) {
            for (const auto& [name, language] : *policy_.languages) {
                for (const std::string& entry : language.path) keep(entry);
            }
        }
        const std::string path = variable("PATH");
        for (const std::string_view entry : split(path, ':')) {
            if (entry.empty() || entry.front() != '/' || !is_folder(entry)) continue;
            const fs::path real = real_path(entry);
            if (discover) add_installation(real);
            if (!covered(real)) continue;
            if (discover && followed_.insert(real).second) follow_programs(real);
            if (real.filename() == "shims" && present(real.parent_path() / "versions")) {
                for (const std::string& bin : pyenv_bins(real.parent_path())) keep(bin);
            }
            keep(std::string(entry));
            if (real != entry) keep(real.string());
        }
        for (const char* entry : {"/usr/local/bin", "/usr/bin", "/bin"}) keep(entry);
        path_ = join(kept, ":");
    }

    // pyenv's shims start bash twice to find what is known now: the folders of the selected versions go in front.
    std::vector<std::string> pyenv_bins(const fs::path& root) const {
        std::string selected = variable("PYENV_VERSION");
        std::replace(selected.begin(), selected.end(), ':', '\n');
        for (fs::path at = workspace_; selected.empty(); at = at.parent_path()) {
            if (const auto text = read_file(at / ".python-version", 4096)) selected = *text;
            if (at == at.root_path()) break;
        }
        if (selected.empty()) {
            if (const auto text = read_file(root / "version", 4096)) selected = *text;
        }
        std::vector<std::string> bins;
        for (const std::string_view line : split_lines(selected)) {
            const std::string name(trim(line));
            if (name.empty() || name.front() == '#' || name.find('/') != std::string::npos) continue;
            const fs::path bin = root / "versions" / name / "bin";
            if (is_folder(bin)) bins.push_back(bin.string());
        }
        return bins;
    }

    // Virtual environments inside the workspace come with it; their interpreters may not.
    void workspace_environments() {
        std::error_code error;
        for (const auto& entry :
             fs::directory_iterator(workspace_, fs::directory_options::skip_permission_denied, error)) {
            std::error_code ignored;
            if (entry.is_directory(ignored) && present(entry.path() / "pyvenv.cfg")) add_venv(real_path(entry.path()));
            if (!entry.is_symlink(ignored) || entry.path().filename() != "node_modules") continue;
            if (const fs::path real = real_path(entry.path()); real.filename() == "node_modules") add(real);
        }
        const std::string active = variable("VIRTUAL_ENV");
        if (!active.empty() && present(fs::path(active) / "pyvenv.cfg")) add_venv(real_path(active));
    }

    // A package of a monorepo resolves modules from the folders above it.
    void surrounding_node_modules() {
        for (fs::path at = workspace_.parent_path(); at != at.root_path(); at = at.parent_path()) {
            if (is_folder(at / "node_modules")) add(at / "node_modules");
        }
    }

    void collect_environment(const std::vector<std::string>& extra_names) {
        const std::vector<std::string>& allowed = policy_.environment ? *policy_.environment : built_in_environment();
        const auto passes = [&](std::string_view name) {
            const auto matching = [&](const std::string& pattern) { return matches(pattern, name); };
            if (std::ranges::any_of(allowed, matching)) return true;
            return !policy_.environment && std::ranges::find(extra_names, name) != extra_names.end();
        };
        for (char** entry = environ; *entry != nullptr; ++entry) {
            const std::string_view text = *entry;
            const std::size_t equals = text.find('=');
            if (equals == std::string_view::npos || equals + 1 == text.size()) continue;
            const std::string_view name = text.substr(0, equals);
            if (passes(name)) result_.environment.emplace_back(name, text.substr(equals + 1));
        }
        result_.environment.emplace_back("PATH", path_);
        result_.environment.emplace_back("HOME", "/tmp/home");
        result_.environment.emplace_back("USER", "user");
        result_.environment.emplace_back("LOGNAME", "user");
        result_.environment.emplace_back("SHELL", "/bin/sh");
        result_.environment.emplace_back("TERM", "dumb");
        result_.environment.emplace_back("PYTHONDONTWRITEBYTECODE", "1");
        std::erase_if(result_.environment, [](const auto& entry) { return looks_secret(entry.first); });
    }

    void finish() {
        for (const fs::path& root : roots_) {
            const bool inside_other = std::any_of(roots_.begin(), roots_.end(), [&](const fs::path& other) {
                return other != root && is_below(root, other);
            });
            if (!inside_other) result_.read_only.push_back(root.string());
        }
        for (const auto& [path, target] : aliases_) {
            if (!covered(fs::path(path).parent_path())) result_.links.emplace_back(path, target);
        }
        std::sort(result_.links.begin(), result_.links.end());
        result_.links.erase(std::unique(result_.links.begin(), result_.links.end()), result_.links.end());
    }

    fs::path workspace_;
    const SandboxPolicy& policy_;
    fs::path home_;
    std::set<fs::path> roots_;
    std::set<fs::path> followed_;  ///< folders whose programs were looked at: PATH often names one twice
    std::set<std::pair<std::string, std::string>> aliases_;
    std::string path_;
    Toolchains result_;
};

}  // namespace

bool looks_secret(std::string_view name) {
    std::string upper(name);
    std::transform(upper.begin(), upper.end(), upper.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    for (const char* word : {"TOKEN", "KEY", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "AUTH"}) {
        if (upper.find(word) != std::string::npos) return true;
    }
    return upper == "NODE_EXTRA_CA_CERTS";
}

Toolchains discover_toolchains(const std::filesystem::path& workspace, const SandboxPolicy& policy,
                               const std::vector<std::filesystem::path>& extra,
                               const std::vector<std::string>& extra_names) {
    return Discovery(workspace, policy).run(extra, extra_names);
}

}  // namespace ec::executor
