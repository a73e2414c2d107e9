#include "egress_command.hpp"

#include <fmt/format.h>

#include <ec/json/json.hpp>
#include <ec/net/egress_ledger.hpp>
#include <ostream>

#include "data_dir.hpp"

namespace ec::apps {
namespace {

constexpr int kUnreadable = 3;

json::Value to_json(const net::EgressEntry& entry) {
    json::Object object;
    object["time"] = entry.time;
    object["decision"] = entry.allowed() ? "allowed" : "refused";
    object["event"] = net::name(entry.event);
    object["connection"] = entry.connection;
    object["who"] = entry.who;
    object["why"] = entry.why;
    object["host"] = entry.host;
    object["port"] = entry.port;
    object["address"] = entry.address;
    object["bytes_in"] = static_cast<std::int64_t>(entry.bytes_in);
    object["bytes_out"] = static_cast<std::int64_t>(entry.bytes_out);
    object["reason"] = entry.reason;
    return object;
}

// The entries hold printable ASCII only: the ledger sees to that when it reads.
std::string sentence(const net::EgressEntry& entry) {
    const std::string host = entry.port == 0 ? entry.host : fmt::format("{}:{}", entry.host, entry.port);
    const std::string address = entry.address.empty() ? "" : fmt::format(" ({})", entry.address);
    const std::string bytes = entry.event == net::EgressEvent::closed
                                  ? fmt::format(", {} bytes out, {} in", entry.bytes_out, entry.bytes_in)
                                  : "";
    return fmt::format("{} {:7} {}{}{}: {} [{}: {}] {}", entry.time, net::name(entry.event), host.empty() ? "-" : host,
                       address, bytes, entry.reason, entry.who, entry.why, entry.connection);
}

}  // namespace

int run_egress(const EgressOptions& options, std::ostream& out, std::ostream& err) {
    const std::filesystem::path dir = options.data_dir.empty() ? data_dir() : options.data_dir;
    if (dir.empty()) {
        err << "edgecoder: no data directory is known; set EDGECODER_DATA_DIR or HOME, or say --data-dir\n";
        return kUnreadable;
    }
    const auto history = net::read_egress(dir, options.limit);
    if (!history) {
        err << "edgecoder: " << history.error().message << '\n';
        return kUnreadable;
    }
    if (options.json) {
        json::Object document;
        json::Array entries;
        for (const net::EgressEntry& entry : history->entries) entries.push_back(to_json(entry));
        document["entries"] = std::move(entries);
        document["unreadable"] = static_cast<std::int64_t>(history->unreadable);
        out << json::write(json::Value(std::move(document))) << '\n';
        return 0;
    }
    for (const net::EgressEntry& entry : history->entries) out << sentence(entry) << '\n';
    if (history->entries.empty()) err << "edgecoder: the egress ledger is empty\n";
    if (history->unreadable > 0) {
        err << fmt::format("edgecoder: {} line{} of the ledger cannot be read\n", history->unreadable,
                           history->unreadable == 1 ? "" : "s");
    }
    return 0;
}

}  // namespace ec::apps
