// Looks through npm, npx, yarn and pnpm: which script of package.json, or which tool of node_modules/.bin, a list of
// words starts. Only reads below the workspace.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ec::executor {

struct PackageScript {
    std::string text;                    ///< as it stands in package.json
    std::vector<std::string> arguments;  ///< what the caller adds at its end
    std::string folder;                  ///< of package.json, relative to the workspace
    bool alone = true;                   ///< no pre- or post-script that runs with it
};

/// `npm test`, `npm run x -- args`, `yarn x`, `pnpm run x` … as the script they run, when it exists.
std::optional<PackageScript> package_script(const std::vector<std::string>& words,
                                            const std::filesystem::path& workspace, const std::string& folder);

/// `npx tool args`, `yarn tool`, `pnpm exec tool`: the tool's own words, starting at its name.
std::optional<std::vector<std::string>> package_tool(const std::vector<std::string>& words);

/// Path, relative to `folder`, of a tool in the nearest node_modules/.bin between `folder` and the workspace.
std::optional<std::string> local_tool(std::string_view tool, const std::filesystem::path& workspace,
                                      const std::string& folder);

}  // namespace ec::executor
