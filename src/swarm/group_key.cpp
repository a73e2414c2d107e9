#include <array>
#include <ec/swarm/payload.hpp>

namespace ec::swarm {
namespace {

// One purpose each, so that what a group shares for one can tell nothing of another.
constexpr std::string_view kBlobName = "edgecoder blob name 1";
constexpr std::string_view kBlobKey = "edgecoder blob key 1";
constexpr std::string_view kWorkName = "edgecoder work name 1";
constexpr std::string_view kJobKeys = "edgecoder job keys 1";
constexpr std::string_view kBox = "edgecoder box key 1";

std::string hex_of(std::string_view bytes) {
    return crypto::to_hex({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

GroupId group_id(std::string_view text) {
    // 64 hexadecimal digits are an id by its own rule.
    return GroupId::parse(text).value();
}

}  // namespace

GroupKey GroupKey::generate() { return GroupKey(crypto::SealKey::generate()); }

Result<GroupKey> GroupKey::parse(std::string_view hex) {
    std::array<std::uint8_t, crypto::SealKey::kBytes> bytes{};
    if (!crypto::from_hex(hex, bytes)) {
        return fail(ErrorCode::corrupt, "the key of a trust group is 64 hexadecimal digits");
    }
    EC_ASSIGN(crypto::SealKey secret,
              crypto::SealKey::from_bytes({reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
    return GroupKey(std::move(secret));
}

std::string GroupKey::hex() const { return hex_of(secret_.reveal()); }

GroupId GroupKey::id() const {
    const auto box = crypto::BoxSecretKey::parse(hex_of(secret_.derive(kBox).reveal()));
    return group_id(box.value().public_key().hex());
}

BlobId GroupKey::blob_id(std::string_view content) const {
    return BlobId::parse(secret_.derive(kBlobName).name_of(content).hex()).value();
}

crypto::SealKey GroupKey::blob_key(std::string_view content) const {
    return secret_.derive(kBlobKey).derive(blob_id(content).text());
}

std::string GroupKey::work_name(std::string_view canonical) const {
    return secret_.derive(kWorkName).name_of(canonical).hex();
}

std::string GroupKey::seal_job_key(const crypto::SealKey& job_key, std::string_view context) const {
    return secret_.derive(kJobKeys).seal(job_key.reveal(), context);
}

Result<crypto::SealKey> GroupKey::open_job_key(std::string_view sealed, std::string_view context) const {
    EC_ASSIGN(const std::string bytes, secret_.derive(kJobKeys).open(sealed, context));
    return crypto::SealKey::from_bytes(bytes);
}

}  // namespace ec::swarm
