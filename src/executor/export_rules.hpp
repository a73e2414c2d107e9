// The allow-list for what a run may carry out of the sandbox: which names, which links, and which places only with a
// named approval. Knows no file system; what stands in the workspace is asked through a function.
#pragma once

#include <ec/executor/apply.hpp>
#include <ec/executor/sandbox.hpp>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ec::executor {

/// A name that every tool shows as it is: relative, without empty, "." or ".." parts, valid UTF-8, no control
/// characters, at most 255 bytes a part and 3,800 in all.
bool is_plain_name(std::string_view path);

/// What a guarded place does, to stand after "it": "is run by the next commit". Empty for one that is not guarded.
std::string_view guarded_because(std::string_view path);

/// True for a name that is guarded itself or has guarded names below it (`.github`): as a link it would move them.
bool leads_to_guarded(std::string_view path);

/// Target of the symbolic link at a path of the real workspace; nullopt when there is none.
using ReadLink = std::function<std::optional<std::string>(const std::string& path)>;

/// Where a target leads from a folder ("": the workspace) through the links on the way; nullopt when it leads out.
std::optional<std::string> resolve_inside(const std::string& folder, std::string_view target,
                                          const ReadLink& read_link);

/// Decides for each change whether it may be written; the answer has one element a change, nullopt: it may.
/// A link may be written when its target is relative, has ".." only in front, and every hop, through links that exist
/// and links of the same run, stays inside the workspace. Nothing needs to stand where it leads.
std::vector<std::optional<Refusal::Why>> judge_export(std::span<const Change> changes,
                                                      std::span<const std::string> approved, const ReadLink& read_link);

}  // namespace ec::executor
