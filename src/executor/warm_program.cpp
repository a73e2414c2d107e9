#include "warm_program.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ec/json/json.hpp>
#include <ec_embedded/ec_executor.hpp>

namespace ec::executor {
namespace {

constexpr std::string_view kNodeFile = "ec_wait.cjs";

// What to run, in the interpreter's own terms: -c code, -m module, a file, or a program on standard input.
struct Plan {
    char kind = 0;
    std::vector<std::string> words;
    std::string code;
};

std::optional<Interpreter> interpreter_of(std::string_view name) {
    if (name == "python3") return Interpreter::python;
    if (name == "node") return Interpreter::node;
    return std::nullopt;
}

// Read by the loader, the C library or an interpreter while it starts.
bool read_at_start(std::string_view variable) {
    static constexpr std::array<std::string_view, 13> kPrefixes = {
        "PYTHON", "NODE_", "LD_", "GLIBC_", "MALLOC_", "LC_", "LANG", "TZ", "UV_", "V8_", "OPENSSL_", "SSL_", "PATH"};
    return std::any_of(kPrefixes.begin(), kPrefixes.end(),
                       [&](std::string_view prefix) { return variable.starts_with(prefix); });
}

// From Node 22 on -e takes modules as well, which a script run in this context is not.
bool may_be_a_module(std::string_view code) {
    for (const std::string_view word : {"import", "export", "await"}) {
        if (code.find(word) != std::string_view::npos) return true;
    }
    return false;
}

std::optional<Plan> plan(Interpreter interpreter, const RunSpec& run) {
    const std::vector<std::string>& argv = run.argv;
    const bool python = interpreter == Interpreter::python;
    const bool takes_input = argv.size() >= 2 && argv[1] == "-";
    if (argv.size() < 2 || (!run.stdin_text.empty() && !takes_input)) return std::nullopt;
    const auto rest = [&](std::size_t from) {
        return std::vector<std::string>(argv.begin() + static_cast<std::ptrdiff_t>(from), argv.end());
    };
    if (takes_input) {
        if (!python && may_be_a_module(run.stdin_text)) return std::nullopt;
        return Plan{'-', rest(2), run.stdin_text};
    }
    if (argv[1] == (python ? "-c" : "-e") && argv.size() >= 3) {
        if (!python && (may_be_a_module(argv[2]) || argv.size() > 3)) return std::nullopt;
        return Plan{'c', rest(3), argv[2]};
    }
    if (python && argv[1] == "-m" && argv.size() >= 3 && !argv[2].starts_with('-')) return Plan{'m', rest(2), {}};
    const auto is_file = [&](std::string_view ending) { return argv[1].ends_with(ending); };
    if (argv[1].starts_with('-')) return std::nullopt;
    // Anything else a word may name (a folder, an archive) is the interpreter's own to find out.
    if (python ? is_file(".py") : is_file(".js") || is_file(".cjs") || is_file(".mjs")) return Plan{'f', rest(1), {}};
    return std::nullopt;
}

}  // namespace

std::optional<WarmProgram> warm_program(const RunSpec& run, std::string_view directory) {
    const auto interpreter = run.argv.empty() ? std::nullopt : interpreter_of(run.argv.front());
    if (!interpreter) return std::nullopt;
    if (std::any_of(run.environment.begin(), run.environment.end(),
                    [](const auto& variable) { return read_at_start(variable.first); })) {
        return std::nullopt;
    }
    const auto planned = plan(*interpreter, run);
    if (!planned) return std::nullopt;
    std::string request = fmt::format("{}{}{}{}{}{}{}{}", directory, '\0', planned->kind, '\0', planned->words.size(),
                                      '\0', run.environment.size(), '\0');
    for (const std::string& word : planned->words) request.append(word).push_back('\0');
    for (const auto& [name, value] : run.environment) request.append(name).append("=").append(value).push_back('\0');
    request.append(planned->code);
    return WarmProgram{*interpreter, std::move(request)};
}

std::vector<std::string> waiting_command(Interpreter interpreter) {
    if (interpreter == Interpreter::node) return {"node", fmt::format("{}/{}", kSupportDir, kNodeFile)};
    // Not as a script: __main__ and sys.path are then those of an interpreter that has run nothing yet. What JSON
    // writes is a literal of Python's as well.
    return {"python3", "-c",
            fmt::format("exec(compile({}, '<edgecoder>', 'exec'), {{'__name__': 'edgecoder'}})",
                        json::write(json::Value(embedded::ec_wait_py)))};
}

std::vector<std::pair<std::string, std::string>> waiting_support(Interpreter interpreter) {
    if (interpreter == Interpreter::python) return {};
    return {{std::string(kNodeFile), std::string(embedded::ec_wait_cjs)}};
}

}  // namespace ec::executor
