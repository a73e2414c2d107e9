#include "openai/lessons.hpp"

#include <algorithm>
#include <array>

namespace ec::model {
namespace {

struct Sign {
    std::string_view word;
    bool Refusals::* member;
};
// Ollama, vLLM and llama-server, each without what it takes to parse calls.
constexpr std::array kToolSigns{
    Sign{"does not support tools", &Refusals::tools},
    Sign{"tool choice requires", &Refusals::tools},
    Sign{"tools param requires", &Refusals::tools},
};
constexpr std::array kSettingSigns{
    Sign{"stream_options", &Refusals::stream_options},
    Sign{"max_tokens", &Refusals::max_tokens},
    Sign{"temperature", &Refusals::temperature},
    Sign{"top_p", &Refusals::temperature},
    Sign{"'seed'", &Refusals::seed},
    Sign{"\"seed\"", &Refusals::seed},
    Sign{"'stop'", &Refusals::stop},
    Sign{"\"stop\"", &Refusals::stop},
};
constexpr std::array<std::string_view, 7> kRefusingWords{"support",    "nknown",      "nrecognized", "nexpected",
                                                         "not permit", "not allowed", "xtra"};

}  // namespace

bool Refusals::* lesson(std::string_view body, const Refusals& known) {
    body = body.substr(0, 4096);
    const auto says = [&](std::string_view word) { return body.find(word) != std::string_view::npos; };
    const auto is_news = [&](const Sign& sign) { return says(sign.word) && !(known.*sign.member); };
    if (const auto sign = std::ranges::find_if(kToolSigns, is_news); sign != kToolSigns.end()) return sign->member;
    if (std::ranges::none_of(kRefusingWords, says)) return nullptr;
    const auto sign = std::ranges::find_if(kSettingSigns, is_news);
    return sign == kSettingSigns.end() ? nullptr : sign->member;
}

bool says_missing(const TryOutcome& outcome, bool had) {
    const int status = outcome.status;
    if (status == 404 || status == 405 || status == 501) return true;
    if (had) return false;
    if (status == 0) return outcome.reply.error().code == ErrorCode::corrupt;  // a page of some other program
    return status == 400 || status == 422 || outcome.body.find("nexpected endpoint") != std::string::npos ||
           outcome.body.find("not support") != std::string::npos;
}

}  // namespace ec::model
