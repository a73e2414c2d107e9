// What an OpenAI client is told when something is wrong: a status, a stable code, a sentence, and the field at fault.
#pragma once

#include <ec/core/result.hpp>
#include <ec/json/json.hpp>
#include <expected>
#include <string>

namespace ec::apps::openai {

struct ApiError {
    int status = 400;
    std::string code;
    std::string message;
    std::string param = {};  ///< "messages[2].role"; empty: none
    bool operator==(const ApiError&) const = default;
};

template <class T>
using Decoded = std::expected<T, ApiError>;

/// The error that one of ours stands for, with its remedy in the message.
ApiError api_error(const Error& error);

/// {message, type, code, param}, as clients look for under "error".
json::Object error_member(const ApiError& error);

/// The whole body: an RFC 9457 problem that has the member "error" besides.
std::string error_body(const ApiError& error);

}  // namespace ec::apps::openai
