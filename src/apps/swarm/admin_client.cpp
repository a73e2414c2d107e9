#include "admin_client.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ec/core/fd.hpp>
#include <ec/core/text.hpp>
#include <ec/core/time_or_stop.hpp>

#include "../data_dir.hpp"
#include "../rpc/json_rpc.hpp"
#include "../rpc/line_channel.hpp"

namespace ec::apps {
namespace {

constexpr std::size_t kLongestAnswer = 16U << 20;
constexpr std::chrono::seconds kPatience{10};

Result<UniqueFd> connect_to(const std::filesystem::path& path) {
    const auto nobody = [&] {
        return fail(ErrorCode::unavailable, fmt::format("no coordinator of this machine listens at {}", path.string()),
                    "start one with: edgecoderd coordinator");
    };
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string text = path.string();
    if (text.empty() || text.size() >= sizeof address.sun_path) return nobody();
    std::memcpy(address.sun_path, text.c_str(), text.size());
    UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM, 0));
    if (!socket.valid()) return fail(from_errno("cannot make a socket", errno));
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return socket;
    if (errno == EACCES || errno == EPERM) {
        return fail(ErrorCode::denied, fmt::format("{} belongs to another user", path.string()),
                    "run this as the user of the coordinator");
    }
    return nobody();
}

/// The coordinator tells its own errors by name in the data of the answer.
Error error_of(const rpc::RpcError& answer) {
    Error error{ErrorCode::internal, ellipsize(to_valid_utf8(answer.message), 300), {}};
    if (answer.code == rpc::kInvalidParams) error.code = ErrorCode::invalid_argument;
    if (answer.code == rpc::kMethodNotFound) error.code = ErrorCode::unavailable;
    if (!answer.data.is_object()) return error;
    json::Reader reader(answer.data);
    const std::string code = reader.string("code");
    for (const ErrorCode each : {ErrorCode::invalid_argument, ErrorCode::not_found, ErrorCode::conflict,
                                 ErrorCode::too_large, ErrorCode::denied, ErrorCode::unavailable, ErrorCode::timeout,
                                 ErrorCode::corrupt, ErrorCode::io, ErrorCode::over_quota, ErrorCode::storage_full}) {
        if (code == name(each)) error.code = each;
    }
    return error;
}

}  // namespace

std::filesystem::path admin_socket() {
    const std::filesystem::path data = data_dir();
    return data.empty() ? data : data / "run" / "admin.sock";
}

Result<json::Value> ask_admin(std::string_view method, json::Object params, std::stop_token stop) {
    EC_ASSIGN(const UniqueFd socket, connect_to(admin_socket()));
    const TimeOrStop limit(stop, kPatience);
    rpc::DescriptorLines lines(socket.get(), socket.get(), kLongestAnswer, limit.token());
    rpc::Request request;
    request.id = 1;
    request.method = method;
    request.params = std::move(params);
    EC_TRY(lines.write(rpc::encode(request)));
    auto line = lines.read(limit.token());
    if (!line && line.error().code == ErrorCode::cancelled && !stop.stop_requested()) {
        return fail(ErrorCode::timeout, "the coordinator does not answer");
    }
    if (!line) return fail(line.error());
    if (!*line) return fail(ErrorCode::unavailable, "the coordinator closed the connection");
    const auto message = rpc::decode(**line);
    const auto* response = message ? std::get_if<rpc::Response>(&*message) : nullptr;
    if (response == nullptr) return fail(ErrorCode::corrupt, "the coordinator's answer is none");
    if (!response->answer) return fail(error_of(response->answer.error()));
    return *response->answer;
}

}  // namespace ec::apps
