// Writes JSON straight into a text, for messages that are made thousands of times a second: no tree of values between.
// A value type; the caller opens and closes what belongs together.
#pragma once

#include <cstdint>
#include <ec/crypto/base64.hpp>
#include <ec/json/json.hpp>
#include <string>
#include <string_view>
#include <type_traits>

namespace ec::swarm {

class JsonText {
public:
    JsonText& open(char bracket) {
        separate();
        out_ += bracket;
        fresh_ = true;
        return *this;
    }
    JsonText& close(char bracket) {
        out_ += bracket;
        fresh_ = false;
        return *this;
    }
    JsonText& key(std::string_view name) {
        separate();
        out_ += '"';
        out_ += name;
        out_ += "\":";
        fresh_ = true;
        return *this;
    }
    template <class Value>
    JsonText& put(const Value& value) {
        separate();
        if constexpr (std::is_same_v<Value, bool>)
            out_ += value ? "true" : "false";
        else if constexpr (std::is_integral_v<Value>)
            out_ += std::to_string(value);
        else
            text(std::string_view(value));
        return *this;
    }
    JsonText& null() {
        separate();
        out_ += "null";
        return *this;
    }
    /// A value that is JSON already.
    JsonText& raw(std::string_view json) {
        separate();
        out_ += json;
        return *this;
    }
    template <class Value>
    JsonText& field(std::string_view name, const Value& value) {
        return key(name).put(value);
    }
    /// Bytes, as base64.
    JsonText& sealed(std::string_view name, std::string_view bytes) {
        key(name);
        separate();
        out_ += '"';
        out_ += crypto::base64(bytes);
        out_ += '"';
        return *this;
    }
    [[nodiscard]] std::string take() { return std::move(out_); }

private:
    void separate() {
        if (!fresh_) out_ += ',';
        fresh_ = false;
    }
    void text(std::string_view value) {
        for (const char c : value) {
            if (static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x80 && c != '"' && c != '\\')
                continue;
            out_ += json::write(json::Value(boost::json::string_view(value.data(), value.size())));
            return;
        }
        out_ += '"';
        out_ += value;
        out_ += '"';
    }

    std::string out_;
    bool fresh_ = true;
};

}  // namespace ec::swarm
