// Who is connected, and who gives way to others. Private to the HTTP server; on its loop.
//
// Nobody is looked for one by one: with ten thousand connections that a stranger opened, making room for one more
// costs the same as with ten.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "http_connection.hpp"

namespace ec::net {

/// An IPv4 address, also one written as IPv6, or the network of 64 bits that an IPv6 address lies in: whoever has one
/// address of it has them all.
std::string peer_key(const boost::asio::ip::address& address);

class Crowd {
public:
    using Time = std::chrono::steady_clock::time_point;
    using Phase = HttpConnection::Phase;

    void add(std::shared_ptr<HttpConnection> connection, Time now);
    /// False when it is not here.
    bool remove(const HttpConnection& connection);
    /// It is in this phase since `now`, which never runs back. Nothing happens to one that is not here.
    void note(const HttpConnection& connection, Phase phase, Time now);

    [[nodiscard]] std::size_t size() const { return members_.size(); }
    /// How many connections an address holds.
    [[nodiscard]] std::size_t held(const std::string& peer_key) const;
    [[nodiscard]] std::vector<std::shared_ptr<HttpConnection>> all() const;

    /// Who gives way to somebody new: of those that have kept us waiting at least since `latest`, the one of the
    /// address that holds the most, in the order of the phases, the longest first. Null: nobody.
    [[nodiscard]] std::shared_ptr<HttpConnection> idlest(Time latest) const;
    /// The same among those of one address, whenever they began.
    [[nodiscard]] std::shared_ptr<HttpConnection> idlest_of(const std::string& peer_key) const;

private:
    struct Peer;
    struct Member {
        std::shared_ptr<HttpConnection> connection;
        Peer* peer = nullptr;
        Phase phase = Phase::head;
        Time since;
    };
    using Members = std::list<Member>;
    struct Peer {
        std::size_t held = 0;
        std::array<Members, 4> in;  // by phase; those that came first stand in front
        [[nodiscard]] bool keeps_us_waiting() const;
        [[nodiscard]] Members& of(Phase phase) { return in[static_cast<std::size_t>(phase)]; }
        [[nodiscard]] std::shared_ptr<HttpConnection> idlest(Time latest) const;
    };

    // Around every change of a peer: its place among those who keep us waiting.
    void lift(Peer& peer);
    void place(Peer& peer);

    std::unordered_map<std::string, Peer> peers_;
    std::unordered_map<const HttpConnection*, Members::iterator> members_;
    std::set<std::pair<std::size_t, Peer*>, std::greater<>> waiting_;  // the number held; only who keeps us waiting
};

}  // namespace ec::net
