// A library in a folder of its own, a scripted server, and small files that are GGUF.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <ec/core/fs.hpp>
#include <ec/crypto/sha256.hpp>
#include <ec/model/library.hpp>
#include <ec/net/egress_ledger.hpp>
#include <ec/net/http_client.hpp>
#include <ec/net/testing/scripted_server.hpp>
#include <fstream>
#include <string>
#include <vector>

namespace ec::model::testing {

namespace fs = std::filesystem;

/// A GGUF with one tensor of `floats` numbers, as the format's description says.
inline std::string small_gguf(std::uint64_t floats = 4096, const std::string& architecture = "llama",
                              std::uint64_t pooling = 0) {
    std::string bytes;
    const auto number = [&](std::uint64_t value, int size) {
        for (int i = 0; i < size; ++i) bytes += static_cast<char>(value >> (8 * i));
    };
    const auto text = [&](const std::string& words) {
        number(words.size(), 8);
        bytes += words;
    };
    bytes = "GGUF";
    number(3, 4);
    number(1, 8);
    number(9, 8);
    const auto word = [&](const std::string& key, std::uint64_t value) {
        text(key);
        number(4, 4);
        number(value, 4);
    };
    text("general.architecture");
    number(8, 4);
    text(architecture);
    text("general.license");
    number(8, 4);
    text("apache-2.0");
    text("tokenizer.chat_template");
    number(8, 4);
    text(std::string(5000, '{'));  // longer than what is kept
    word(architecture + ".context_length", 2048);
    word(architecture + ".block_count", 2);
    word(architecture + ".embedding_length", 64);
    word(architecture + ".attention.head_count", 4);
    word(architecture + ".pooling_type", pooling);
    text("tokenizer.ggml.tokens");
    number(9, 4);
    number(8, 4);
    number(3, 8);
    for (const char* token : {"a", "b", "c"}) text(token);
    text("w");
    number(1, 4);
    number(floats, 8);
    number(0, 4);  // F32
    number(0, 8);
    bytes.resize((bytes.size() + 31) / 32 * 32);
    const std::size_t data = bytes.size();
    bytes.resize(data + floats * 4);
    for (std::size_t i = data; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31 % 251);
    return bytes;
}

class NoWait final : public Waiter {
public:
    bool wait(std::chrono::milliseconds time, std::stop_token stop) override {
        waited += time;
        return !stop.stop_requested();
    }
    std::chrono::milliseconds waited{0};
};

class NoLedger final : public net::EgressSink {
public:
    Status record(const net::EgressEntry&) override { return fail(ErrorCode::internal, "nothing may leave"); }
};

class LibraryTest : public ::testing::Test {
protected:
    Library library(ModelPolicy policy = {}, SourceBases bases = {}) {
        return Library({dir_.path() / "models", std::move(policy), std::move(bases)}, *http_, waiter_);
    }

    /// Plans and pulls in one go.
    Result<LibraryEntry> pull(Library& into, const std::string& source, const std::string& name = {},
                              const OnPullProgress& progress = {}, std::stop_token stop = {}) {
        EC_ASSIGN(const PullPlan plan, into.plan(source, name, stop));
        return into.pull(plan, "2026-11-27T00:00:00.000Z", progress, stop);
    }

    fs::path file(const std::string& name, std::string_view bytes) const {
        const fs::path path = dir_.path() / name;
        std::ofstream(path, std::ios::binary) << bytes;
        return path;
    }

    /// Names in a folder of the library.
    [[nodiscard]] std::vector<std::string> names(const char* folder) const {
        std::vector<std::string> found;
        std::error_code error;
        for (const auto& entry : fs::directory_iterator(dir_.path() / "models" / folder, error)) {
            found.push_back(entry.path().filename().string());
        }
        return found;
    }

    TempDir dir_ = *TempDir::create();
    NoLedger ledger_;
    NoWait waiter_;
    std::unique_ptr<net::HttpClient> http_ = net::make_http_client(ledger_, "test");
};

/// "Range: bytes=N-" of a request; 0 when there is none.
inline std::uint64_t range_of(const net::testing::SeenRequest& request) {
    const std::size_t at = request.head.find("Range: bytes=");
    return at == std::string::npos ? 0 : std::strtoull(request.head.c_str() + at + 13, nullptr, 10);
}

/// Answers as a good file server: HEAD, GET, ranges with If-Range.
inline bool serve_file(const net::testing::SeenRequest& request, const net::testing::Peer& peer,
                       const std::string& bytes, const std::string& tag = "\"v1\"") {
    const std::uint64_t from = range_of(request);
    const bool same = !request.has("If-Range: ") || request.has("If-Range: " + tag);
    std::string head;
    std::string_view body = bytes;
    if (from > 0 && same && from < bytes.size()) {
        body.remove_prefix(from);
        head = "HTTP/1.1 206 Partial\r\nContent-Range: bytes " + std::to_string(from) + "-" +
               std::to_string(bytes.size() - 1) + "/" + std::to_string(bytes.size()) + "\r\n";
    } else {
        head = "HTTP/1.1 200 OK\r\n";
    }
    head += "ETag: " + tag + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    return peer.send(head) && (request.method == "HEAD" || peer.send(body));
}

}  // namespace ec::model::testing
