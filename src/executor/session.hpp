// Sessions: frames to and from a program that stays in its sandbox.
#pragma once

#include <ec/executor/sandbox.hpp>
#include <memory>

#include "box_process.hpp"

namespace ec::executor {

std::unique_ptr<Session> open_session(BoxProcess process, const RunSpec& spec);

}  // namespace ec::executor
