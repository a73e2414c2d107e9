#include <fmt/format.h>

#include <algorithm>
#include <ec/core/text.hpp>
#include <ec/json/json.hpp>
#include <ec/swarm/protocol.hpp>

#include "protocol_words.hpp"

namespace ec::swarm {
namespace {

constexpr std::size_t kLengthBytes = 4;

void put_length(std::string& out, std::size_t length) {
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>((length >> shift) & 0xFF);
}

/// Takes a length and so many bytes off the front.
Result<std::string_view> take(std::string_view& rest, std::size_t most, std::string_view what) {
    if (rest.size() < kLengthBytes) return fail(ErrorCode::invalid_argument, "a frame is cut off");
    std::size_t length = 0;
    for (std::size_t i = 0; i < kLengthBytes; ++i) length = length << 8 | static_cast<unsigned char>(rest[i]);
    rest.remove_prefix(kLengthBytes);
    if (length > most) return fail(ErrorCode::too_large, fmt::format("{} of a frame has at most {} bytes", what, most));
    if (length > rest.size()) return fail(ErrorCode::invalid_argument, "a frame is cut off");
    const std::string_view taken = rest.substr(0, length);
    rest.remove_prefix(length);
    return taken;
}

ErrorCode code_of_status(int status) {
    for (const auto& [code, word] : kCodes)
        if (http_status(code) == status) return code;
    if (status == 401) return ErrorCode::denied;
    return status >= 500 ? ErrorCode::unavailable : ErrorCode::invalid_argument;
}

}  // namespace

std::string write_frames(const std::vector<SealedBlob>& blobs) {
    std::size_t total = 0;
    for (const SealedBlob& blob : blobs) total += 2 * kLengthBytes + blob.id.text().size() + blob.bytes.size();
    std::string out;
    out.reserve(total);
    for (const SealedBlob& blob : blobs) {
        put_length(out, blob.id.text().size());
        out += blob.id.text();
        put_length(out, blob.bytes.size());
        out += blob.bytes;
    }
    return out;
}

Result<std::vector<SealedBlob>> read_frames(std::string_view bytes) {
    std::vector<SealedBlob> out;
    while (!bytes.empty()) {
        if (out.size() == kMostIds)
            return fail(ErrorCode::too_large, fmt::format("at most {} blobs travel at once", kMostIds));
        EC_ASSIGN(const std::string_view name, take(bytes, 64, "the id"));
        EC_ASSIGN(BlobId id, BlobId::parse(name));
        EC_ASSIGN(const std::string_view content, take(bytes, kBlobBytes, "the content"));
        out.push_back({std::move(id), std::string(content)});
    }
    return out;
}

Error read_problem(int status, std::string_view body) {
    constexpr std::size_t kMostDetail = 300;
    Error error{code_of_status(status), fmt::format("the coordinator answered {}", status), {}};
    const auto value = json::parse(body);
    if (!value || !value->is_object()) return error;
    json::Reader reader(*value);
    const std::string code = reader.string("code");
    if (const auto known = in_table(kCodes)(code)) error.code = *known;
    const std::string detail = reader.string("detail");
    if (!detail.empty()) error.message = ellipsize(to_valid_utf8(detail), kMostDetail);
    return error;
}

}  // namespace ec::swarm
