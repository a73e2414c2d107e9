// Which tier a workspace gets: the full one, tried by using it; the reduced one where the full one cannot be had and a
// person agreed; else a refusal that says why and what can be done. A result of one tier never passes for another.
#pragma once

#include <ec/executor/sandbox.hpp>
#include <functional>
#include <memory>

namespace ec::executor {

using Consent = std::function<bool(const std::filesystem::path& workspace)>;
using OpenReduced = std::function<Result<std::unique_ptr<Sandbox>>()>;

/// `open_reduced` is called at most once, after the full tier has failed, and only with consent, which is asked for
/// then.
std::unique_ptr<Sandbox> make_ladder(std::unique_ptr<Sandbox> full, Consent consent, OpenReduced open_reduced);

}  // namespace ec::executor
