#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ec/core/text.hpp>
#include <ec/json/json.hpp>
#include <ec/model/model_source.hpp>
#include <ec/net/http_client.hpp>
#include <optional>

#include "http_status.hpp"

namespace ec::model {
namespace {

constexpr std::uint64_t kMostMetadata = 16ULL << 20;
constexpr std::uint64_t kMostLicence = 256U << 10;
constexpr unsigned kRedirects = 8;
constexpr std::size_t kLongestSource = 2000;

bool is_url(std::string_view text) { return text.starts_with("http://") || text.starts_with("https://"); }

bool is_path(std::string_view text) {
    if (text.empty()) return false;
    for (const std::string_view part : split(text, '/')) {
        if (part.empty() || part == "." || part == "..") return false;
    }
    return std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("._-+/").find(c) != std::string_view::npos;
    });
}

struct Parts {
    std::string place;  ///< OWNER/REPO, or the name in the registry
    std::string item;   ///< FILE or TAG; may be empty
};

std::optional<Parts> parts_of(std::string_view text) {
    const std::size_t colon = text.find(':');
    Parts parts{std::string(text.substr(0, colon)), {}};
    if (colon != std::string_view::npos) parts.item = text.substr(colon + 1);
    const bool item_good = colon == std::string_view::npos || is_path(parts.item);
    if (!is_path(parts.place) || !item_good || std::ranges::count(parts.place, '/') > 1) return std::nullopt;
    return parts;
}

std::string registry_path(const Parts& parts) {
    return parts.place.find('/') == std::string::npos ? "library/" + parts.place : parts.place;
}

std::string lower_case(std::string_view text) {
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; });
    return lower;
}

net::HttpRequest question(std::string url) {
    net::HttpRequest request;
    request.url = std::move(url);
    request.why = "model-download";
    request.connect_timeout = std::chrono::seconds(10);
    request.first_byte_timeout = std::chrono::seconds(60);
    request.idle_timeout = std::chrono::seconds(60);
    request.body_limit = kMostMetadata;
    request.redirects = kRedirects;
    return request;
}

void add_token(net::HttpRequest& request, const SourceBases& bases) {
    const std::string_view token = bases.hugging_face_token.reveal();
    if (!token.empty()) request.headers.emplace_back("Authorization", "Bearer " + std::string(token));
}

std::uint64_t number_in(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() ? number : 0;
}

// "W/" would be a weak tag, which says nothing about bytes.
std::optional<crypto::Sha256Digest> hash_in(std::string_view tag) {
    if (tag.size() >= 2 && tag.front() == '"' && tag.back() == '"') tag = tag.substr(1, tag.size() - 2);
    const auto digest = crypto::Sha256Digest::parse(tag);
    return digest ? std::optional(*digest) : std::nullopt;
}

Status check_whole_model(const std::string& file) {
    if (lower_case(file).find("-of-0") == std::string::npos) return {};
    return fail(ErrorCode::unavailable, fmt::format("{} is one part of several, which the library does not keep", file),
                "take a smaller quantisation in one file, or download the parts and give --model the first");
}

// Redirects within the hub (a repository that was renamed) are followed; the one to where the bytes lie carries what
// the hub knows of the file, so it is looked at and not followed.
Result<net::HttpResponse> ask_hub(const std::string& url, const SourceBases& bases, net::HttpClient& http,
                                  const std::stop_token& stop) {
    net::HttpRequest request = question(url);
    request.method = "HEAD";
    request.redirects = 0;
    add_token(request, bases);
    for (unsigned hops = 0;; ++hops) {
        EC_ASSIGN(net::HttpResponse head, http.send(request, {}, stop));
        const std::string location = head.header("location");
        const bool inside = head.status >= 300 && head.status < 400 && location.starts_with('/') &&
                            !location.starts_with("//") && head.header("x-linked-etag").empty();
        if (!inside) return head;
        if (hops == kRedirects) return fail(ErrorCode::denied, "the hub redirects in circles");
        request.url = bases.hugging_face + location;
    }
}

Result<ResolvedSource> resolve_hub_file(const Parts& parts, const SourceBases& bases, net::HttpClient& http,
                                        const std::stop_token& stop) {
    EC_TRY(check_whole_model(parts.item));
    ResolvedSource source;
    source.text = fmt::format("hf:{}:{}", parts.place, parts.item);
    source.url = fmt::format("{}/{}/resolve/main/{}", bases.hugging_face, parts.place, parts.item);
    source.file_name = parts.item.substr(parts.item.rfind('/') + 1);
    source.with_token = true;
    EC_ASSIGN(const net::HttpResponse head, ask_hub(source.url, bases, http, stop));
    if (head.status >= 400) return fail(library::status_error(head, source.text));
    source.sha256 = hash_in(head.header("x-linked-etag"));
    source.size = number_in(head.header("x-linked-size"));
    if (head.status == 200) {
        if (!source.sha256) source.sha256 = hash_in(head.header("etag"));
        if (source.size == 0) source.size = number_in(head.header("content-length"));
    }
    return source;
}

// One of several quantisations: the usual compromise first, then what is larger.
const json::Value* choose_file(const std::vector<const json::Value*>& files) {
    for (const char* wanted : {"q4_k_m", "mxfp4", "q4_0", "q5_k_m", "q8_0"}) {
        for (const json::Value* file : files) {
            if (lower_case(json::Reader(*file).string("rfilename")).find(wanted) != std::string::npos) return file;
        }
    }
    return files.size() == 1 ? files.front() : nullptr;
}

Result<ResolvedSource> resolve_hub_repository(const Parts& parts, const SourceBases& bases, net::HttpClient& http,
                                              const std::stop_token& stop) {
    net::HttpRequest request = question(fmt::format("{}/api/models/{}?blobs=true", bases.hugging_face, parts.place));
    add_token(request, bases);
    EC_ASSIGN(const net::HttpResponse answer, http.send(request, {}, stop));
    if (answer.status != 200) return fail(library::status_error(answer, "hf:" + parts.place));
    EC_ASSIGN(const json::Value document, json::parse(answer.body));
    json::Reader in(document, "model");
    std::vector<const json::Value*> files;
    for (const json::Value& file : in.array("siblings")) {
        const std::string name = lower_case(json::Reader(file).string("rfilename"));
        if (name.ends_with(".gguf") && check_whole_model(name) && is_path(name)) files.push_back(&file);
    }
    if (!in.status()) return fail(ErrorCode::corrupt, in.status().error().message);
    const json::Value* chosen = choose_file(files);
    if (chosen == nullptr) {
        std::vector<std::string> names;
        for (const json::Value* file : files) names.push_back(json::Reader(*file).string("rfilename"));
        if (names.empty()) return fail(ErrorCode::not_found, fmt::format("hf:{} has no GGUF file", parts.place));
        return fail(ErrorCode::invalid_argument, fmt::format("hf:{} has several files", parts.place),
                    ellipsize(fmt::format("say hf:{}:FILE with one of {}", parts.place, join(names, ", ")), 1000));
    }
    json::Reader file(*chosen, "file");
    const std::string name = file.string("rfilename");
    ResolvedSource source;
    source.text = fmt::format("hf:{}:{}", parts.place, name);
    source.url = fmt::format("{}/{}/resolve/main/{}", bases.hugging_face, parts.place, name);
    source.file_name = name.substr(name.rfind('/') + 1);
    source.size = static_cast<std::uint64_t>(std::max<std::int64_t>(0, file.integer("size")));
    source.sha256 = hash_in(json::Reader(file.object("lfs")).string("sha256"));
    source.licence = ellipsize(json::Reader(in.object("cardData")).string("license"), 100);
    source.with_token = true;
    return source;
}

// The licence's text is a blob of its own; its first line names it.
std::string registry_licence(const std::string& url, net::HttpClient& http, const std::stop_token& stop) {
    net::HttpRequest request = question(url);
    request.body_limit = kMostLicence;
    const auto answer = http.send(request, {}, stop);
    if (!answer || answer->status != 200) return {};
    const auto lines = split_lines(trim(answer->body));
    return lines.empty() ? std::string() : ellipsize(to_valid_utf8(trim(lines.front())), 100);
}

Result<ResolvedSource> resolve_registry(const Parts& parts, const SourceBases& bases, net::HttpClient& http,
                                        const std::stop_token& stop) {
    const std::string tag = parts.item.empty() ? "latest" : parts.item;
    const std::string root = fmt::format("{}/v2/{}", bases.ollama, registry_path(parts));
    net::HttpRequest request = question(fmt::format("{}/manifests/{}", root, tag));
    request.headers.emplace_back("Accept", "application/vnd.docker.distribution.manifest.v2+json");
    EC_ASSIGN(const net::HttpResponse answer, http.send(request, {}, stop));
    ResolvedSource source;
    source.text = fmt::format("ollama:{}:{}", parts.place, tag);
    if (answer.status != 200) return fail(library::status_error(answer, source.text));
    EC_ASSIGN(const json::Value document, json::parse(answer.body));
    json::Reader in(document, "manifest");
    std::string licence;
    for (const json::Value& value : in.array("layers")) {
        json::Reader layer(value, "layer");
        const std::string type = layer.string("mediaType");
        const std::string digest = layer.string("digest");
        if (!digest.starts_with("sha256:")) continue;
        const auto hash = crypto::Sha256Digest::parse(digest.substr(7));
        if (!hash) continue;
        if (type == "application/vnd.ollama.image.license" && licence.empty()) {
            licence = fmt::format("{}/blobs/sha256:{}", root, hash->hex());
        }
        if (type != "application/vnd.ollama.image.model") continue;
        if (source.sha256) return fail(ErrorCode::unavailable, fmt::format("{} is in several parts", source.text));
        source.sha256 = *hash;
        source.size = static_cast<std::uint64_t>(std::max<std::int64_t>(0, layer.integer("size")));
        source.url = fmt::format("{}/blobs/sha256:{}", root, hash->hex());
    }
    if (!source.sha256) return fail(ErrorCode::corrupt, fmt::format("{} announces no model", source.text));
    if (!licence.empty()) source.licence = registry_licence(licence, http, stop);
    source.file_name = fmt::format("{}-{}", parts.place.substr(parts.place.rfind('/') + 1), tag);
    return source;
}

// Many servers do not answer HEAD; then nothing is known until the file comes.
Result<ResolvedSource> resolve_url(const std::string& text, net::HttpClient& http, const std::stop_token& stop) {
    EC_ASSIGN(const net::Url url, net::Url::parse(text));
    ResolvedSource source;
    source.text = url.text();
    source.url = url.text();
    const std::string_view path = std::string_view(url.target).substr(0, url.target.find('?'));
    source.file_name = path.substr(path.rfind('/') + 1);
    EC_TRY(check_whole_model(source.file_name));
    net::HttpRequest request = question(source.url);
    request.method = "HEAD";
    EC_ASSIGN(const net::HttpResponse head, http.send(request, {}, stop));
    if (head.status == 404 || head.status == 410 || head.status == 401 || head.status == 429) {
        return fail(library::status_error(head, source.text));
    }
    if (head.status == 200) source.size = number_in(head.header("content-length"));
    return source;
}

}  // namespace

Result<std::string> canonical_source(std::string_view words) {
    if (words.size() <= kLongestSource) {
        if (is_url(words)) {
            EC_ASSIGN(const net::Url url, net::Url::parse(words));
            return url.text();
        }
        if (words.starts_with("hf:")) {
            const auto parts = parts_of(words.substr(3));
            if (parts && parts->place.find('/') != std::string::npos) return std::string(words);
        } else if (words.starts_with("ollama:")) {
            if (const auto parts = parts_of(words.substr(7)); parts && parts->item.find('/') == std::string::npos) {
                return fmt::format("ollama:{}:{}", parts->place, parts->item.empty() ? "latest" : parts->item);
            }
        } else {
            for (const CatalogueModel& model : model_catalogue()) {
                if (model.name == words) return model.source;
            }
        }
    }
    return fail(ErrorCode::invalid_argument,
                fmt::format("{} is no model that can be pulled", ellipsize(to_valid_utf8(words), 200)),
                "give a name of edgecoder model list --catalogue, a URL, hf:OWNER/REPO[:FILE], ollama:NAME[:TAG] or "
                "a signed manifest");
}

std::string source_address(std::string_view source, const SourceBases& bases) {
    if (source.starts_with("hf:")) {
        const auto parts = parts_of(source.substr(3));
        return parts ? fmt::format("{}/{}/resolve/main/{}", bases.hugging_face, parts->place, parts->item) : "";
    }
    if (source.starts_with("ollama:")) {
        const auto parts = parts_of(source.substr(7));
        return parts ? fmt::format("{}/v2/{}/blobs/", bases.ollama, registry_path(*parts)) : "";
    }
    return std::string(source);
}

Result<ResolvedSource> resolve_source(std::string_view source, const SourceBases& bases, net::HttpClient& http,
                                      std::stop_token stop) {
    EC_ASSIGN(const std::string text, canonical_source(source));
    if (is_url(text)) return resolve_url(text, http, stop);
    const bool hub = text.starts_with("hf:");
    const auto parts = parts_of(std::string_view(text).substr(hub ? 3 : 7));
    if (!parts) return fail(ErrorCode::invalid_argument, "this is no source");
    if (!hub) return resolve_registry(*parts, bases, http, stop);
    return parts->item.empty() ? resolve_hub_repository(*parts, bases, http, stop)
                               : resolve_hub_file(*parts, bases, http, stop);
}

}  // namespace ec::model
