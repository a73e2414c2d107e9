#include "records.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/json/json.hpp>
#include <ec/net/http_client.hpp>
#include <vector>

#include "files.hpp"
#include "http_status.hpp"

namespace ec::model::library {
namespace {

constexpr std::uint64_t kMostRecord = 4096;

json::Value read_record(const std::filesystem::path& file) {
    const auto text = read_file(file, kMostRecord);
    const auto document = text ? json::parse(*text) : Result<json::Value>(fail(text.error()));
    return document && document->is_object() ? *document : json::Value(json::Object{});
}

double positive(double number) { return std::isfinite(number) && number > 0 ? number : 0; }

Result<std::string> fetch_text(const std::string& url, net::HttpClient& http, const std::stop_token& stop,
                               bool may_be_absent) {
    net::HttpRequest request;
    request.url = url;
    request.why = "model-download";
    request.connect_timeout = std::chrono::seconds(10);
    request.first_byte_timeout = request.idle_timeout = std::chrono::seconds(60);
    request.body_limit = ModelManifest::kMostBytes;
    request.redirects = 5;
    EC_ASSIGN(const net::HttpResponse answer, http.send(request, {}, stop));
    if (answer.status == 200) return answer.body;
    if (may_be_absent && answer.status == 404) return std::string();
    return fail(status_error(answer, url));
}

}  // namespace

Result<Looked> look_at(const std::filesystem::path& file) {
    std::error_code error;
    Looked looked;
    looked.size = std::filesystem::file_size(file, error);
    if (!error) looked.changed = std::filesystem::last_write_time(file, error).time_since_epoch().count();
    if (error) return fail(from_errno(fmt::format("cannot look at {}", file.string()), error.value()));
    return looked;
}

Status note_checked(const std::filesystem::path& note, const Looked& looked) {
    return write_file_atomic(note, json::write(json::Object{{"changed", looked.changed}, {"size", looked.size}}));
}

bool checked_before(const std::filesystem::path& note, const std::filesystem::path& file) {
    const auto now = look_at(file);
    const json::Value record = read_record(note);
    json::Reader in(record);
    const Looked then{static_cast<std::uint64_t>(in.integer("size", -1)), in.integer("changed")};
    return now && in.status() && *now == then;
}

MeasuredSpeed read_speed(const std::filesystem::path& file) {
    const json::Value record = read_record(file);
    json::Reader in(record);
    MeasuredSpeed speed;
    speed.prompt_per_second = positive(in.number("prompt_per_second"));
    speed.decode_per_second = positive(in.number("decode_per_second"));
    speed.prompt_tokens = in.integer("prompt_tokens");
    speed.decoded_tokens = in.integer("decoded_tokens");
    speed.when = in.string("when");
    return in.status() ? speed : MeasuredSpeed{};
}

Status write_speed(const std::filesystem::path& file, const MeasuredSpeed& speed) {
    return write_file_atomic(file, json::write(json::Object{{"prompt_per_second", speed.prompt_per_second},
                                                            {"decode_per_second", speed.decode_per_second},
                                                            {"prompt_tokens", speed.prompt_tokens},
                                                            {"decoded_tokens", speed.decoded_tokens},
                                                            {"when", speed.when}}));
}

Result<ManifestTexts> fetch_manifest(std::string_view source, net::HttpClient& http, const std::stop_token& stop) {
    ManifestTexts texts;
    if (!source.starts_with("http://") && !source.starts_with("https://")) {
        EC_ASSIGN(texts.manifest, read_file(std::string(source), ModelManifest::kMostBytes));
        if (auto beside = read_file(std::string(source) + ".sig", kMostRecord)) texts.signature = *std::move(beside);
        return texts;
    }
    const std::size_t query = source.find('?');
    const std::string path(source.substr(0, query));
    const std::string rest(query == std::string_view::npos ? std::string_view() : source.substr(query));
    EC_ASSIGN(texts.manifest, fetch_text(path + rest, http, stop, false));
    EC_ASSIGN(texts.signature, fetch_text(path + ".sig" + rest, http, stop, true));
    return texts;
}

Result<Copied> copy_in(const std::filesystem::path& file, const std::filesystem::path& folder,
                       const OnPullProgress& progress, const std::stop_token& stop) {
    const UniqueFd from(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat info{};
    if (!from.valid() || ::fstat(from.get(), &info) != 0) {
        return fail(from_errno(fmt::format("cannot read {}", file.string()), errno));
    }
    const auto total = static_cast<std::uint64_t>(info.st_size);
    EC_TRY(check_space(folder, total));
    std::string name = (folder / "add-XXXXXX").string();
    const UniqueFd to(::mkostemp(name.data(), O_CLOEXEC));
    if (!to.valid()) return fail(from_errno(fmt::format("cannot write in {}", folder.string()), errno));
    Copied copied{name, {}, 0};
    const auto copy = [&]() -> Status {
        crypto::Sha256 hash;
        std::vector<char> block(1U << 20);
        for (;;) {
            if (stop.stop_requested()) return fail(ErrorCode::cancelled, "stopped");
            const ssize_t n = ::read(from.get(), block.data(), block.size());
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return fail(from_errno(fmt::format("cannot read {}", file.string()), errno));
            if (n == 0) break;
            const std::string_view bytes(block.data(), static_cast<std::size_t>(n));
            EC_TRY(write_bytes(to.get(), bytes, folder));
            hash.update(bytes);
            copied.size += bytes.size();
            if (progress) progress({PullProgress::Stage::hashing, copied.size, total, {}});
        }
        if (::fsync(to.get()) != 0) return fail(from_errno(fmt::format("cannot sync {}", name), errno));
        copied.sha256 = hash.finish();
        return {};
    };
    if (const Status status = copy(); !status) {
        ::unlink(name.c_str());
        return fail(status.error());
    }
    return copied;
}

}  // namespace ec::model::library
