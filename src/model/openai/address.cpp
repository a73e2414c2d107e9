#include <algorithm>
#include <ec/core/text.hpp>
#include <ec/model/openai.hpp>
#include <ec/net/http_client.hpp>

namespace ec::model {
namespace {

constexpr std::size_t kLongestName = 256;
constexpr std::string_view kHowTo = "write it as in http://localhost:11434#qwen2.5-coder:7b";

bool is_version(std::string_view segment) {
    return segment.size() >= 2 && segment[0] == 'v' && segment[1] >= '0' && segment[1] <= '9';
}

std::string_view without_suffix(std::string_view text, std::string_view suffix) {
    if (text.ends_with(suffix)) text.remove_suffix(suffix.size());
    return text;
}

std::string_view without_slashes(std::string_view text) {
    while (text.ends_with('/')) text.remove_suffix(1);
    return text;
}

bool is_model_name(std::string_view name) {
    return !name.empty() && name.size() <= kLongestName && is_valid_utf8(name) &&
           std::ranges::none_of(name, [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; });
}

}  // namespace

std::string ModelAddress::root() const {
    const std::size_t slash = base_url.rfind('/');
    return is_version(std::string_view(base_url).substr(slash + 1)) ? base_url.substr(0, slash) : base_url;
}

Result<ModelAddress> parse_model_address(std::string_view text) {
    const std::size_t hash = text.find('#');
    if (hash == std::string_view::npos) {
        return fail(ErrorCode::invalid_argument, "the name of the model is missing after the server's address",
                    std::string(kHowTo));
    }
    ModelAddress address;
    address.model = text.substr(hash + 1);
    if (!is_model_name(address.model)) {
        return fail(ErrorCode::invalid_argument, "the name of the model after '#' is none", std::string(kHowTo));
    }
    auto url = net::Url::parse(text.substr(0, hash));
    if (!url) return fail(ErrorCode::invalid_argument, url.error().message, std::string(kHowTo));
    if (url->target.find('?') != std::string::npos) {
        return fail(ErrorCode::invalid_argument, "the address of a model's server has no '?'", std::string(kHowTo));
    }
    std::string path(without_slashes(without_suffix(without_slashes(url->target), "/chat/completions")));
    if (std::ranges::none_of(split(path, '/'), is_version)) path += "/v1";
    url->target = path;
    address.base_url = url->text();
    address.local = url->loopback();
    address.port = url->port;
    return address;
}

}  // namespace ec::model
