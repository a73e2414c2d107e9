#include "group_command.hpp"

#include <fmt/format.h>

#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/crypto/base64.hpp>
#include <ec/json/json.hpp>
#include <iostream>

#include "../error_report.hpp"
#include "../interrupt.hpp"
#include "../terminal.hpp"
#include "admin_client.hpp"
#include "swarm_places.hpp"

namespace ec::apps {
namespace {

constexpr std::size_t kMostInvitation = 64U << 10;

void print(const json::Value& document, std::ostream& out) { out << json::write(document) << '\n' << std::flush; }

void tell(const NamedGroup& group, const GroupOptions& options, std::ostream& out) {
    if (options.json) {
        print(json::Object{{"name", group.name}, {"id", group.key.id().text()}}, out);
    } else {
        out << fmt::format("{:20} {}\n", group.name, group.key.id().text());
    }
}

Status create(const GroupOptions& options, std::ostream& out) {
    const swarm::GroupKey key = swarm::GroupKey::generate();
    const Status kept = keep_group(options.name, key);
    if (!kept && kept.error().code == ErrorCode::conflict) {
        return fail(ErrorCode::conflict, fmt::format("there is a trust group {} on this machine", options.name));
    }
    EC_TRY(kept);
    tell({options.name, key}, options, out);
    return {};
}

Status list(const GroupOptions& options, std::ostream& out) {
    EC_ASSIGN(const std::vector<NamedGroup> groups, load_groups());
    if (!options.json) {
        for (const NamedGroup& group : groups) tell(group, options, out);
        return {};
    }
    json::Array array;
    for (const NamedGroup& group : groups)
        array.push_back(json::Object{{"name", group.name}, {"id", group.key.id().text()}});
    print(json::Object{{"groups", std::move(array)}}, out);
    return {};
}

/// The public key of a node, from the person or the coordinator's registry: the id says whether it is the right one.
Result<crypto::PublicKey> key_of_node(const GroupOptions& options, const identity::NodeId& id,
                                      const std::stop_token& stop) {
    std::string hex = options.node_key;
    if (hex.empty()) {
        const auto answer = ask_admin("node.list", {}, stop);
        if (!answer) {
            return fail(answer.error().code,
                        fmt::format("no coordinator runs here that could tell the key of node {}", id.text()),
                        "give it with --key; edgecoder node id --json prints it on that machine");
        }
        json::Reader reader(*answer, "answer");
        const json::Array& nodes = reader.array("nodes");
        EC_TRY(reader.status());
        for (const json::Value& each : nodes) {
            json::Reader node(each, "node");
            if (node.string("id") == id.text()) hex = node.string("key");
        }
        if (hex.empty()) {
            return fail(ErrorCode::not_found,
                        fmt::format("this machine's coordinator does not know node {}", id.text()),
                        "give its key with --key; edgecoder node id --json prints it on that machine");
        }
    }
    EC_ASSIGN(const crypto::PublicKey key, crypto::PublicKey::parse(hex));
    if (identity::NodeId::of(key) == id) return key;
    return fail(ErrorCode::denied, fmt::format("that is not the key of node {}", id.text()));
}

/// Prints an invitation that only the node can open.
Status add_node(const GroupOptions& options, std::ostream& out, std::ostream& err, const std::stop_token& stop) {
    EC_ASSIGN(const swarm::GroupKey group, load_group(options.name));
    EC_ASSIGN(const identity::NodeId id, identity::NodeId::parse(options.node));
    EC_ASSIGN(const crypto::PublicKey key, key_of_node(options, id, stop));
    EC_ASSIGN(const crypto::BoxPublicKey box, crypto::BoxPublicKey::of(key));
    print(
        json::Object{
            {"edgecoder_group", options.name}, {"node", id.text()}, {"sealed", crypto::base64(box.seal(group.hex()))}},
        out);
    err << "give this to the person at that machine: edgecoder group import FILE\n";
    return {};
}

Result<std::string> read_invitation(const std::string& file) {
    if (file != "-") return read_file(file, kMostInvitation);
    std::string text;
    std::getline(std::cin, text);
    return text;
}

struct Invitation {
    std::string group, node, sealed;
};

Result<Invitation> parse_invitation(const std::string& text) {
    const Error none{ErrorCode::invalid_argument, "this is no invitation to a trust group",
                     "edgecoder group add-node prints one"};
    const auto value = json::parse(trim(text));
    if (!value) return fail(none);
    json::Reader reader(*value, "invitation");
    Invitation invitation;
    invitation.group = reader.require("edgecoder_group").string("edgecoder_group");
    invitation.node = reader.require("node").string("node");
    const auto sealed = crypto::from_base64(reader.require("sealed").string("sealed"));
    if (!reader.status() || !sealed) return fail(none);
    invitation.sealed = *sealed;
    return invitation;
}

Status take_in(const GroupOptions& options, std::ostream& out) {
    EC_ASSIGN(const std::string text, read_invitation(options.file));
    EC_ASSIGN(const Invitation invitation, parse_invitation(text));
    const std::string& name = options.name.empty() ? invitation.group : options.name;
    EC_TRY(check_group_name(name));
    EC_ASSIGN(const std::vector<crypto::SecretKey> keys, own_node_keys());
    for (const crypto::SecretKey& key : keys) {
        if (identity::NodeId::of(key.public_key()).text() != invitation.node) continue;
        EC_ASSIGN(const std::string hex, crypto::BoxSecretKey::of(key).open(invitation.sealed));
        EC_ASSIGN(const swarm::GroupKey group, swarm::GroupKey::parse(hex));
        EC_TRY(keep_group(name, group));
        tell({name, group}, options, out);
        return {};
    }
    return fail(ErrorCode::denied,
                fmt::format("this invitation is for node {}, which is not of this machine", printable(invitation.node)),
                "edgecoder node id prints this machine's own, for group add-node");
}

Status run(const GroupOptions& options, std::ostream& out, std::ostream& err, const std::stop_token& stop) {
    if (options.what == "create") return create(options, out);
    if (options.what == "list") return list(options, out);
    if (options.what == "add-node") return add_node(options, out, err, stop);
    if (options.what == "import") return take_in(options, out);
    EC_ASSIGN(swarm::GroupKey key, load_group(options.name));
    tell({options.name, std::move(key)}, options, out);
    return {};
}

}  // namespace

int run_group(const GroupOptions& options, std::ostream& out, std::ostream& err) {
    const Interrupt interrupt;
    const Status done = run(options, out, err, interrupt.token());
    return done ? 0 : report_error(done.error(), options.json, out, err);
}

}  // namespace ec::apps
