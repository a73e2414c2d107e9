#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ec/agent/command_guard.hpp>
#include <ec/core/text.hpp>
#include <vector>

#include "command_words.hpp"
#include "git_rules.hpp"

namespace ec::agent {
namespace {

using Words = std::span<const CommandWord>;

constexpr std::size_t kLongestLine = 64U << 10;
constexpr int kDeepest = 8;

// They write to their standard output and nowhere else, whatever their arguments.
constexpr std::array<std::string_view, 41> kReaders = {
    "ls",       "cat",   "head",  "wc",     "echo",      "printf", "pwd",    "true",  "false",    "test",    "[",
    "grep",     "egrep", "fgrep", "cut",    "tr",        "nl",     "tac",    "rev",   "basename", "dirname", "realpath",
    "readlink", "stat",  "file",  "which",  "type",      "id",     "whoami", "uname", "date",     "du",      "df",
    "diff",     "cmp",   "comm",  "md5sum", "sha256sum", "sleep",  "seq",    "cd"};

constexpr std::array<std::string_view, 6> kRights = {"sudo", "doas", "su", "pkexec", "runuser", "chroot"};
constexpr std::array<std::string_view, 6> kDisks = {"mkfs", "fdisk", "parted", "wipefs", "blkdiscard", "mount"};
constexpr std::array<std::string_view, 7> kShells = {"sh", "bash", "dash", "zsh", "ksh", "ash", "fish"};
// They run the command that follows their options.
constexpr std::array<std::string_view, 14> kWrappers = {"env",     "nohup",  "nice",    "ionice",  "time",
                                                        "timeout", "stdbuf", "setsid",  "command", "builtin",
                                                        "exec",    "xargs",  "busybox", "toybox"};
// Their operands are written or removed.
constexpr std::array<std::string_view, 23> kDestroyers = {
    "rm",    "rmdir", "unlink", "mv",      "cp",    "truncate", "shred", "tee",   "sed", "perl",  "ruby", "chmod",
    "chown", "chgrp", "ln",     "install", "rsync", "touch",    "mkdir", "patch", "srm", "split", "dd"};
constexpr std::array<std::string_view, 13> kKeywords = {"if", "then", "else", "elif", "while", "until", "do",
                                                        "!",  "{",    "}",    "fi",   "done",  "esac"};

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& list, std::string_view word) {
    return std::ranges::find(list, word) != list.end();
}

GuardVerdict harmless(std::string why) { return {GuardAnswer::harmless, std::move(why)}; }
GuardVerdict first(std::string why) { return {GuardAnswer::snapshot_first, std::move(why)}; }
GuardVerdict refuse(std::string why) { return {GuardAnswer::refuse, std::move(why)}; }

void worsen(GuardVerdict& so_far, GuardVerdict other) {
    if (other.answer > so_far.answer || so_far.why.empty()) so_far = std::move(other);
}

bool is_assignment(std::string_view word) {
    const std::size_t equals = word.find('=');
    return equals != std::string_view::npos && equals > 0 && std::ranges::all_of(word.substr(0, equals), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                      c == '+';
           });
}

// Settings that change which program runs, or what it does.
bool is_dangerous_setting(std::string_view word) {
    return word.starts_with("GIT_") || word.starts_with("LD_") || word.starts_with("BASH_ENV") ||
           word.starts_with("ENV=");
}

class Guard {
public:
    explicit Guard(std::string_view workspace) : workspace_(workspace) {}

    GuardVerdict line(std::string_view text, int depth) {
        if (depth > kDeepest) return refuse("the command is hidden too deep to be read");
        if (text.size() > kLongestLine) return unreadable(text.substr(0, kLongestLine));
        const ShellLine parsed = read_shell_line(text);
        if (!parsed.readable) return unreadable(text);
        GuardVerdict verdict{GuardAnswer::harmless, {}};
        for (const SimpleCommand& command : parsed.commands) {
            worsen(verdict, this->command(command.words, depth));
            for (const CommandWord& target : command.written) worsen(verdict, redirection(target));
        }
        for (const std::string& nested : parsed.nested) worsen(verdict, line(nested, depth + 1));
        if (verdict.why.empty()) verdict.why = "there is no command in it";
        return verdict;
    }

    GuardVerdict command(Words words, int depth) {
        if (depth > kDeepest) return refuse("the command is hidden too deep to be read");
        while (!words.empty() && (contains(kKeywords, words[0].text) || is_assignment(words[0].text))) {
            if (is_dangerous_setting(words[0].text)) return refuse(words[0].text + " changes which programs run");
            words = words.subspan(1);
        }
        if (words.empty()) return harmless("nothing runs");
        const std::string program(program_name(words[0].text));
        const Words arguments = words.subspan(1);
        if (program == "for" || program == "case" || program == "select") return harmless("a loop alone does nothing");
        if (words[0].expands) return suspicious(words, "which program this is cannot be read");
        if (contains(kRights, program)) return refuse(program + " asks for more rights than the sandbox has");
        if (contains(kDisks, program) || program.starts_with("mkfs.")) return refuse(program + " works on whole disks");
        if (program == "git") return judge_git(arguments, workspace_);
        if (program.starts_with("git-")) {
            std::vector<CommandWord> split_name{{program.substr(4), false}};
            split_name.insert(split_name.end(), arguments.begin(), arguments.end());
            return judge_git(split_name, workspace_);
        }
        if (contains(kShells, program)) return shell(program, arguments, depth);
        if (program == "eval") return line(joined(arguments), depth + 1);
        if (contains(kWrappers, program)) return wrapper(program, arguments, depth);
        if (program == "find" || program == "fd" || program == "fdfind") return find(arguments, depth);
        if (program == "sed" && !edits_in_place(arguments)) return harmless("sed without -i writes to its output");
        if (program == "sort" || program == "tail" || program == "less" || program == "more" || program == "rg" ||
            program == "awk" || program == "uniq" || program == "tree") {
            return reader_with_exceptions(program, arguments);
        }
        if (contains(kReaders, program)) return harmless(program + " reads");
        if (contains(kDestroyers, program)) return destroyer(program, arguments);
        return suspicious(words, program + " is not known to be harmless");
    }

private:
    static std::string joined(Words words) {
        std::string text;
        for (const CommandWord& word : words) text += (text.empty() ? "" : " ") + word.text;
        return text;
    }

    // Unknown is not refused, but for words that tell what it is about.
    static GuardVerdict unreadable(std::string_view text) {
        for (const std::string_view sign :
             {".git", "filter-branch", "update-ref", "reflog", "mkfs", "--force", "stash"}) {
            if (text.find(sign) != std::string_view::npos) {
                return refuse(fmt::format("the line cannot be read and has {} in it", sign));
            }
        }
        return first("the line cannot be read");
    }

    static GuardVerdict suspicious(Words words, std::string why) {
        const GuardVerdict by_text = unreadable(joined(words));
        return by_text.answer == GuardAnswer::refuse ? refuse(why + ", and it names git's own store")
                                                     : first(std::move(why));
    }

    [[nodiscard]] GuardVerdict redirection(const CommandWord& target) const {
        if (target.text == "/dev/null" || target.text == "/dev/stdout" || target.text == "/dev/stderr" ||
            target.text == "/dev/tty") {
            return harmless("its output goes nowhere");
        }
        if (is_out_of_reach(target, workspace_))
            return refuse(fmt::format("> {} writes where no checkpoint reaches", target.text));
        return first(fmt::format("> {} overwrites a file", target.text));
    }

    GuardVerdict shell(const std::string& program, Words arguments, int depth) {
        for (std::size_t i = 0; i < arguments.size(); ++i) {
            const std::string& word = arguments[i].text;
            const bool options = word.size() > 1 && word.starts_with('-') && !word.starts_with("--");
            if (options && word.find('c') != std::string::npos) {
                // Behind it may stand more options.
                std::size_t at = i + 1;
                while (at < arguments.size() && arguments[at].text.starts_with('-')) ++at;
                if (at >= arguments.size()) return first(program + " -c without a command");
                if (arguments[at].expands) return suspicious(arguments, "what " + program + " -c runs cannot be read");
                return line(arguments[at].text, depth + 1);
            }
        }
        return suspicious(arguments, program + " runs what cannot be seen");
    }

    GuardVerdict wrapper(const std::string& program, Words words, int depth) {
        if (program == "command" && !words.empty() && (words[0].text == "-v" || words[0].text == "-V")) {
            return harmless("command -v only looks");
        }
        while (!words.empty()) {
            const std::string& word = words[0].text;
            if (program == "env" && (word == "-S" || word.starts_with("-S") || word.starts_with("--split-string"))) {
                const std::size_t equals = word.find('=');
                const std::string given = word == "-S" || equals == std::string::npos
                                              ? word.substr(std::min<std::size_t>(2, word.size()))
                                              : word.substr(equals + 1);
                const std::string rest = word == "-S" || word == "--split-string"
                                             ? joined(words.subspan(1))
                                             : given + " " + joined(words.subspan(1));
                return line(rest, depth + 1);
            }
            if (is_assignment(word) && program == "env") {
                if (is_dangerous_setting(word)) return refuse(word + " changes which programs run");
                words = words.subspan(1);
            } else if (word.starts_with('-') && word.size() > 1) {
                words = words.subspan(std::min<std::size_t>(takes_value(program, word) ? 2 : 1, words.size()));
            } else if (program == "timeout" && word.find_first_not_of("0123456789.smhd") == std::string::npos) {
                words = words.subspan(1);
            } else {
                break;
            }
        }
        if (words.empty()) return harmless(program + " alone runs nothing");
        GuardVerdict inside = command(words, depth + 1);
        // What xargs hands over is not to be seen: not even a reader's arguments, but those are harmless.
        return inside;
    }

    static bool takes_value(std::string_view program, std::string_view option) {
        static constexpr std::array<std::string_view, 19> kWithValue = {
            "env -u",    "env -C",    "nice -n",   "ionice -c", "ionice -n", "timeout -s", "timeout -k",
            "stdbuf -i", "stdbuf -o", "stdbuf -e", "exec -a",   "xargs -n",  "xargs -P",   "xargs -I",
            "xargs -d",  "xargs -L",  "xargs -s",  "xargs -a",  "time -o"};
        return contains(kWithValue, fmt::format("{} {}", program, option));
    }

    GuardVerdict find(Words arguments, int depth) {
        GuardVerdict verdict = harmless("find only looks");
        for (std::size_t i = 0; i < arguments.size(); ++i) {
            const std::string& word = arguments[i].text;
            if (word == "-delete" || word.starts_with("-fprint") || word == "-fls")
                worsen(verdict, first("find " + word + " changes files"));
            if (word != "-exec" && word != "-execdir" && word != "-ok" && word != "-okdir" && word != "-x" &&
                word != "-X" && word != "--exec" && word != "--exec-batch")
                continue;
            std::size_t end = i + 1;
            while (end < arguments.size() && arguments[end].text != ";" && arguments[end].text != "+") ++end;
            worsen(verdict, command(arguments.subspan(i + 1, end - i - 1), depth + 1));
            i = end;
        }
        if (verdict.answer == GuardAnswer::harmless) return verdict;
        for (const CommandWord& word : arguments) {
            if (word.text.starts_with('-')) break;
            if (word.text != "." && word.text != "./" && is_out_of_reach(word, workspace_)) {
                return refuse(fmt::format("find changes files in {}, which no checkpoint has", word.text));
            }
        }
        return verdict;
    }

    static bool edits_in_place(Words arguments) {
        return std::ranges::any_of(arguments, [](const CommandWord& word) {
            const std::string_view text = word.text;
            const bool short_options = text.starts_with('-') && !text.starts_with("--");
            // Scripts can write too: w, W and the flag w of s///.
            return text.starts_with("--in") || (short_options && text.find('i') != std::string_view::npos) ||
                   text.starts_with("w ") || text.find("/w ") != std::string_view::npos ||
                   text.find(";w ") != std::string_view::npos || text.starts_with("--file") ||
                   (short_options && text.find('f') != std::string_view::npos) || text.ends_with("/e") ||
                   text.find("/e;") != std::string_view::npos || text.find(" e ") != std::string_view::npos ||
                   text.starts_with("e ");
        });
    }

    static GuardVerdict reader_with_exceptions(const std::string& program, Words arguments) {
        for (const CommandWord& word : arguments) {
            const std::string_view text = word.text;
            const bool output = program == "sort" &&
                                ((text.starts_with("-") && !text.starts_with("--") && text.find('o') != text.npos) ||
                                 text.starts_with("--o") || text.starts_with("--comp"));
            const bool runs = program == "rg" && text.starts_with("--pre");
            const bool tree = program == "tree" && text.starts_with("-o");
            const bool writes = program == "awk" &&
                                (text.find('>') != text.npos || text.find('|') != text.npos ||
                                 text.find("system") != text.npos || text.starts_with("-f") || text.starts_with("-i"));
            if (output || runs || tree || writes) return first(fmt::format("{} {} may write", program, text));
        }
        if (program == "uniq" && arguments.size() > 1) return first("uniq may write to its second file");
        return harmless(program + " reads");
    }

    [[nodiscard]] GuardVerdict destroyer(const std::string& program, Words arguments) const {
        for (const CommandWord& word : arguments) {
            // dd's operands are of=…; options may carry a place as --target-directory=… does.
            const std::size_t equals = word.text.find('=');
            CommandWord place = word;
            if (equals != std::string::npos) place.text = word.text.substr(equals + 1);
            const bool option = word.text.starts_with('-') && equals == std::string::npos;
            const bool source = program == "dd" && word.text.starts_with("if=");
            const bool script = (program == "sed" || program == "perl" || program == "ruby") &&
                                !word.text.starts_with('/') && word.text.find(".git") == std::string::npos;
            const bool reads = (program == "cp" || program == "rsync" || program == "ln" || program == "install") &&
                               &word != &arguments.back();
            const bool here = place.text == "." || place.text == "./";
            if (option || source || script || (reads && !word.text.starts_with("-"))) continue;
            // The working directory itself is only beyond saving for what removes it with `.git` in it.
            if (here && program != "rm" && program != "mv" && program != "shred") continue;
            if (is_out_of_reach(place, workspace_)) {
                return refuse(fmt::format("{} would change {}, which no checkpoint has", program, word.text));
            }
        }
        return first(program + " changes or removes files");
    }

    std::string_view workspace_;
};

}  // namespace

std::string_view name(GuardAnswer answer) {
    switch (answer) {
        case GuardAnswer::harmless:
            return "harmless";
        case GuardAnswer::snapshot_first:
            return "snapshot_first";
        case GuardAnswer::refuse:
            break;
    }
    return "refuse";
}

GuardVerdict guard_command(std::span<const std::string> argv, std::string_view workspace) {
    std::vector<CommandWord> words;
    for (const std::string& word : argv) words.push_back({word, false});
    return Guard(workspace).command(words, 0);
}

GuardVerdict guard_shell_line(std::string_view line, std::string_view workspace) {
    return Guard(workspace).line(line, 0);
}

}  // namespace ec::agent
