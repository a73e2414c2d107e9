// A line from an editor, fed with arbitrary bytes: JSON-RPC and then every reader of parameters. Whatever is refused is
// refused with a code and, for parameters, a field; whatever is taken is within its bounds. The bytes are also read as
// the URI of an attachment, which must never lead out of the project. Linked with libFuzzer as acp_fuzz.
#include <ec/core/fs.hpp>

#include "acp/decode.hpp"
#include "acp/prompt_text.hpp"
#include "fuzzing.hpp"

namespace {

using namespace ec::apps;
using ec::fuzzing::require;

template <class T>
bool taken(const acp::Decoded<T>& decoded) {
    if (decoded) return true;
    const ec::json::Value* field =
        decoded.error().data.if_object() ? decoded.error().data.get_object().if_contains("field") : nullptr;
    require(decoded.error().code == rpc::kInvalidParams && field != nullptr && !field->as_string().empty());
    return false;
}

void check_session(const acp::Decoded<acp::SessionRequest>& request, bool named) {
    if (!taken(request)) return;
    require(request->cwd.is_absolute() && request->mcp_servers.size() <= acp::kMostServers);
    require(request->session.empty() != named);
    for (const acp::McpServer& server : request->mcp_servers)
        require(!server.name.empty() && (server.command.empty() != server.url.empty()));
}

void check_params(const ec::json::Object& params) {
    if (const auto hello = acp::decode_initialize(params); taken(hello))
        require(hello->version >= 0 && hello->version <= 65535);
    check_session(acp::decode_new(params), false);
    check_session(acp::decode_load(params), true);
    check_session(acp::decode_resume(params), true);
    if (const auto prompt = acp::decode_prompt(params); taken(prompt))
        require(!prompt->session.empty() && prompt->blocks.size() <= acp::kMostBlocks);
    if (const auto mode = acp::decode_mode(params); taken(mode)) require(!mode->mode.empty());
    taken(acp::decode_list(params));
    taken(acp::decode_config(params));
    taken(acp::decode_session(params));
    taken(acp::decode_cancelled_request(params));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const acp::Attachment file = acp::attachment(text, "/tmp");
    require(file.path.empty() || ec::is_inside_relative(file.path));
    const auto message = rpc::decode(text);
    if (!message) {
        require(message.error().error.code != 0 && !message.error().error.message.empty());
        return 0;
    }
    if (const auto* request = std::get_if<rpc::Request>(&*message)) {
        require(rpc::decode(rpc::encode(*request)).has_value());
        check_params(request->params);
    } else if (const auto& answer = std::get<rpc::Response>(*message).answer) {
        taken(acp::decode_permission(*answer));
        taken(acp::decode_file_text(*answer));
    }
    return 0;
}
