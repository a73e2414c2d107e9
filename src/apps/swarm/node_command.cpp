#include "node_command.hpp"

#include <fmt/format.h>

#include <ec/core/text.hpp>
#include <ec/json/json.hpp>
#include <ostream>

#include "../error_report.hpp"
#include "../interrupt.hpp"
#include "../terminal.hpp"
#include "admin_client.hpp"
#include "swarm_places.hpp"

namespace ec::apps {
namespace {

void print(const json::Value& document, std::ostream& out) { out << json::write(document) << '\n' << std::flush; }

Status own_id(const NodeOptions& options, std::ostream& out) {
    EC_ASSIGN(const identity::NodeKind kind, identity::parse_node_kind(options.kind));
    EC_ASSIGN(const crypto::SecretKey key, own_node_key(kind));
    const std::string id = identity::NodeId::of(key.public_key()).text();
    if (options.json) {
        print(json::Object{{"id", id}, {"kind", options.kind}, {"key", key.public_key().hex()}}, out);
    } else {
        out << id << '\n';
    }
    return {};
}

Status join(const NodeOptions& options, std::ostream& out, std::ostream& err, const std::stop_token& stop) {
    EC_ASSIGN(const identity::NodeKind kind, identity::parse_node_kind(options.kind));
    EC_ASSIGN(SwarmLink link, SwarmLink::open(kind, options.swarm));
    EC_TRY(link.ensure_enrolled(stop));
    if (options.json) {
        print(json::Object{{"id", link.id().text()}, {"kind", options.kind}, {"state", "approved"}}, out);
    }
    err << "node " << link.id().text() << " may take part\n";
    return {};
}

Status list(const NodeOptions& options, std::ostream& out, std::ostream& err, const std::stop_token& stop) {
    EC_ASSIGN(const json::Value answer, ask_admin("node.list", {}, stop));
    if (options.json) {
        print(answer, out);
        return {};
    }
    json::Reader reader(answer, "answer");
    const json::Array& nodes = reader.array("nodes");
    EC_TRY(reader.status());
    for (const json::Value& each : nodes) {
        json::Reader node(each, "node");
        out << fmt::format("{}  {:9} {:10} {:12} {}\n", printable(node.string("id")), printable(node.string("state")),
                           printable(node.string("kind")), printable(node.string("account")),
                           printable(node.string("label")));
    }
    if (nodes.empty()) err << "edgecoder: no nodes\n";
    return {};
}

Status set_state(const NodeOptions& options, std::string_view state, std::ostream& out, std::ostream& err,
                 const std::stop_token& stop) {
    EC_ASSIGN(const identity::NodeId id, identity::NodeId::parse(options.id));
    EC_TRY(ask_admin("node.set_state", {{"id", id.text()}, {"state", state}, {"reason", options.reason}}, stop));
    if (options.json) print(json::Object{{"id", id.text()}, {"state", state}}, out);
    err << state << ' ' << id.text() << '\n';
    return {};
}

Status run(const NodeOptions& options, std::ostream& out, std::ostream& err, const std::stop_token& stop) {
    if (options.what == "id") return own_id(options, out);
    if (options.what == "join") return join(options, out, err, stop);
    if (options.what == "list") return list(options, out, err, stop);
    if (options.what == "approve") return set_state(options, "approved", out, err, stop);
    if (options.what == "suspend") return set_state(options, "suspended", out, err, stop);
    return set_state(options, "revoked", out, err, stop);
}

}  // namespace

int run_node(const NodeOptions& options, std::ostream& out, std::ostream& err) {
    const Interrupt interrupt;
    const Status done = run(options, out, err, interrupt.token());
    return done ? 0 : report_error(done.error(), options.json, out, err);
}

}  // namespace ec::apps
