// Secrets stay out of prompts. Every text that goes to a model passes redact(): files, output of commands and tests,
// diffs, answers of tools. What is found is replaced by "[withheld: KIND]" and listed for the person.
//
// Three nets. By name: files that exist to hold secrets are never read (withheld_by_name, which WorkspaceFiles
// applies). By value: what stands in those files is known (secret_files.hpp) and taken out of everything else. By
// content: blocks of private keys, tokens of known shape, values assigned to names like `password`, and strings too
// random to be anything else (Shannon entropy, C. E. Shannon, "A Mathematical Theory of Communication", 1948). Hashes,
// UUIDs and lock files are not secrets. No net is complete; that is why a prompt to a remote model is shown first.
//
// Pure functions, linear in the text, safe from any thread and for any bytes.
#pragma once

#include <cstddef>
#include <ec/agent/secret_values.hpp>
#include <ec/core/result.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ec::agent {

/// Something kept out of a prompt. Never holds the secret itself.
struct Withheld {
    std::string path;  ///< the file or other source ("output of the tests") it stood in
    std::string kind;  ///< "api key", "private key", "password", "access token", "random string", "file of secrets", …
    int line = 0;      ///< 1-based; 0 for a whole file
    std::size_t begin = 0;  ///< byte range in the text that was scanned; both 0 for a whole file
    std::size_t end = 0;
    bool operator==(const Withheld&) const = default;
};

/// Whether a file is withheld by its name alone ("config/.env", "id_rsa", "deploy.pem", ".aws/credentials"). `path` is
/// relative with '/' separators; letter case does not matter. Examples without values (".env.example") are not.
std::optional<Withheld> withheld_by_name(std::string_view path);

/// The secrets in `text`, in order, not overlapping. `path` names the source and tells lock files; it may be empty.
/// `values` are known ones.
std::vector<Withheld> scan(std::string_view path, std::string_view text, const SecretValues& values = {});

/// `text` with every secret replaced by its placeholder. What was found is appended to `found` when given. Lines keep
/// their numbers: a block of a private key leaves its placeholder and empty lines.
std::string redact(std::string_view text, std::vector<Withheld>* found = nullptr, std::string_view path = {},
                   const SecretValues& values = {});

/// "[withheld: api key]", as it stands in a prompt.
std::string placeholder(std::string_view kind);

/// Puts secrets back into a text that was edited in its redacted form. `original` is the unredacted text that the
/// editor saw as redact(original, …, path, values), empty for a new file. Fails with `conflict` when a placeholder was
/// added, removed or moved past another, because then nobody knows which secret belongs where.
Result<std::string> restore_withheld(std::string_view edited, std::string_view original, std::string_view path = {},
                                     const SecretValues& values = {});

}  // namespace ec::agent
