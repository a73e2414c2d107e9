#include "crowd.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <span>

namespace ec::net {
namespace {

// The last list, of those that wait for us, is not among them.
constexpr std::size_t kWaitingPhases = static_cast<std::size_t>(HttpConnection::Phase::busy);

}  // namespace

std::string peer_key(const boost::asio::ip::address& address) {
    namespace ip = boost::asio::ip;
    if (!address.is_v6()) return address.to_string();
    const ip::address_v6 v6 = address.to_v6();
    if (v6.is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, v6).to_string();
    ip::address_v6::bytes_type bytes = v6.to_bytes();
    std::fill(bytes.begin() + 8, bytes.end(), 0);
    return ip::address_v6(bytes).to_string();
}

bool Crowd::Peer::keeps_us_waiting() const {
    return std::ranges::any_of(std::span(in).first<kWaitingPhases>(),
                               [](const Members& some) { return !some.empty(); });
}

std::shared_ptr<HttpConnection> Crowd::Peer::idlest(Time latest) const {
    for (const Members& some : std::span(in).first<kWaitingPhases>()) {
        if (!some.empty() && some.front().since <= latest) return some.front().connection;
    }
    return nullptr;
}

void Crowd::lift(Peer& peer) {
    if (peer.keeps_us_waiting()) waiting_.erase({peer.held, &peer});
}

void Crowd::place(Peer& peer) {
    if (peer.keeps_us_waiting()) waiting_.emplace(peer.held, &peer);
}

void Crowd::add(std::shared_ptr<HttpConnection> connection, Time now) {
    Peer& peer = peers_[connection->peer_key()];
    const HttpConnection* const one = connection.get();
    lift(peer);
    ++peer.held;
    Members& heads = peer.of(Phase::head);
    members_[one] = heads.insert(heads.end(), Member{std::move(connection), &peer, Phase::head, now});
    place(peer);
}

bool Crowd::remove(const HttpConnection& connection) {
    const auto found = members_.find(&connection);
    if (found == members_.end()) return false;
    const auto member = found->second;
    Peer& peer = *member->peer;
    lift(peer);
    members_.erase(found);
    const std::shared_ptr<HttpConnection> kept = std::move(member->connection);
    peer.of(member->phase).erase(member);
    if (--peer.held == 0) {
        peers_.erase(kept->peer_key());
    } else {
        place(peer);
    }
    return true;
}

void Crowd::note(const HttpConnection& connection, Phase phase, Time now) {
    const auto found = members_.find(&connection);
    if (found == members_.end()) return;
    Member& member = *found->second;
    Peer& peer = *member.peer;
    const bool waited = peer.keeps_us_waiting();
    Members& to = peer.of(phase);
    to.splice(to.end(), peer.of(member.phase), found->second);
    member.phase = phase;
    member.since = now;
    if (waited == peer.keeps_us_waiting()) return;
    if (waited) {
        waiting_.erase({peer.held, &peer});
    } else {
        waiting_.emplace(peer.held, &peer);
    }
}

std::size_t Crowd::held(const std::string& peer_key) const {
    const auto found = peers_.find(peer_key);
    return found == peers_.end() ? 0 : found->second.held;
}

std::vector<std::shared_ptr<HttpConnection>> Crowd::all() const {
    std::vector<std::shared_ptr<HttpConnection>> some;
    some.reserve(members_.size());
    for (const auto& [connection, member] : members_) some.push_back(member->connection);
    return some;
}

std::shared_ptr<HttpConnection> Crowd::idlest(Time latest) const {
    for (const auto& [held, peer] : waiting_) {
        if (auto found = peer->idlest(latest)) return found;
    }
    return nullptr;
}

std::shared_ptr<HttpConnection> Crowd::idlest_of(const std::string& peer_key) const {
    const auto found = peers_.find(peer_key);
    return found == peers_.end() ? nullptr : found->second.idlest(Time::max());
}

}  // namespace ec::net
