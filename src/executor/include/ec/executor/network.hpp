// How a run gets a network: a port that whoever composes the program fills with a proxy of the host's.
//
// Without a gate there is none, whatever a run asks for. The sandbox itself stays without any route out; it has one
// socket on its loopback, and the gate decides about every connection that comes through it.
#pragma once

#include <ec/core/fd.hpp>
#include <ec/core/result.hpp>
#include <memory>
#include <string>

namespace ec::executor {

/// One run's network. Destruction ends it: when that returns, no connection of the run is left.
class NetworkPass {
public:
    virtual ~NetworkPass() = default;
    /// The end of a unix socket for edgecoder-box, which sends one listening socket of the sandbox over it and holds it
    /// for as long as the sandbox lives. Given away once.
    virtual UniqueFd take_end() = 0;
};

class NetworkGate {
public:
    virtual ~NetworkGate() = default;
    /// `who` and `why` are for the record: the workspace, and the command. Called from several threads at once.
    virtual Result<std::unique_ptr<NetworkPass>> admit(std::string who, std::string why) = 0;
};

}  // namespace ec::executor
