// One request of the HTTP server, straight into a ServerRequest. Private to the server; the grammar is Beast's.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <cctype>
#include <ec/net/http_server.hpp>
#include <string>
#include <string_view>

namespace ec::net {

class RequestParser : public boost::beast::http::basic_parser<true> {
public:
    enum class Step {
        more,  ///< what was taken is not enough
        head,  ///< the head is complete; nothing behind it was taken
        done,  ///< the body too
        too_long_head,
        too_long_body,
        malformed,
    };

    explicit RequestParser(std::size_t head_bytes) {
        header_limit(static_cast<std::uint32_t>(head_bytes));
        body_limit(boost::none);  // the route's limit stands before the first byte of a body is read
    }

    /// Takes bytes off the front of `bytes`, as far as they go. `done` comes at once for what has no body.
    Step put(std::string_view& bytes) {
        namespace http = boost::beast::http;
        boost::beast::error_code error;
        while (!is_done()) {
            if (bytes.empty()) return Step::more;
            const bool in_head = !is_header_done();
            eager(!in_head);
            const std::size_t taken = basic_parser::put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
            bytes.remove_prefix(taken);
            if (error == http::error::need_more) return Step::more;
            if (error == http::error::header_limit) return Step::too_long_head;
            if (error == http::error::body_limit) return Step::too_long_body;
            if (error) return Step::malformed;
            if (in_head && is_header_done()) return Step::head;
        }
        return Step::done;
    }
    [[nodiscard]] bool has_body() const { return chunked() || (content_length() && *content_length() > 0); }

    ServerRequest request;
    std::string target;
    int version = 0;

private:
    using Text = boost::beast::string_view;
    using Code = boost::beast::error_code;

    void on_request_impl(boost::beast::http::verb, Text method_text, Text target_text, int number, Code&) override {
        request.method.assign(method_text.data(), method_text.size());
        target.assign(target_text.data(), target_text.size());
        version = number;
    }
    void on_response_impl(int, Text, int, Code&) override {}
    void on_field_impl(boost::beast::http::field, Text name, Text value, Code&) override {
        if (is_header_done()) return;  // trailers say nothing here
        auto& [key, text] = request.headers.emplace_back(std::string(name.data(), name.size()),
                                                         std::string(value.data(), value.size()));
        for (char& c : key) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    void on_header_impl(Code&) override {}
    void on_body_init_impl(boost::optional<std::uint64_t> const&, Code&) override {}
    std::size_t on_body_impl(Text text, Code&) override {
        request.body.append(text.data(), text.size());
        return text.size();
    }
    void on_chunk_header_impl(std::uint64_t, Text, Code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, Text text, Code&) override {
        request.body.append(text.data(), text.size());
        return text.size();
    }
    void on_finish_impl(Code&) override {}
};

}  // namespace ec::net
