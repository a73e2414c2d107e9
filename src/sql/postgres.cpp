#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ec/core/text.hpp>
#include <map>

#include "driver.hpp"
#include "postgres_session.hpp"
#include "postgres_text.hpp"

namespace ec::sql {
namespace {

// Types of parameters and columns (PostgreSQL's pg_type.dat).
constexpr Oid kBytea = 17;
constexpr Oid kInt8 = 20;
constexpr Oid kText = 25;
constexpr Oid kUnknown = 0;

struct Parameter {
    Oid type = kUnknown;
    std::string bytes;  ///< in the binary form of the type
    bool null = false;
};

Parameter parameter(Null null) {
    switch (null) {
        case Null::unknown:
            return {kUnknown, {}, true};
        case Null::integer:
            return {kInt8, {}, true};
        case Null::text:
            return {kText, {}, true};
        case Null::blob:
            return {kBytea, {}, true};
    }
    return {};
}
Parameter parameter(std::int64_t value) {
    std::string bytes(8, '\0');
    for (int i = 0; i < 8; ++i)
        bytes[static_cast<std::size_t>(i)] = static_cast<char>(static_cast<std::uint64_t>(value) >> (56 - 8 * i));
    return {kInt8, std::move(bytes), false};
}
// In the binary form, for the other one would end at a zero byte.
Parameter parameter(std::string_view value) { return {kText, std::string(value), false}; }
Parameter parameter(Blob value) { return {kBytea, std::string(value.bytes), false}; }

/// libpq's arrays for a list of parameters.
struct Arrays {
    explicit Arrays(const std::vector<Parameter>& parameters) {
        for (const Parameter& one : parameters) {
            types.push_back(one.type);
            values.push_back(one.null ? nullptr : one.bytes.c_str());
            lengths.push_back(static_cast<int>(one.bytes.size()));
        }
        formats.assign(parameters.size(), 1);
    }
    std::vector<Oid> types;
    std::vector<const char*> values;
    std::vector<int> lengths;
    std::vector<int> formats;
};

int hex_digit(char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; }

std::string from_hex(std::string_view hex) {
    std::string bytes;
    bytes.reserve(hex.size() / 2);
    for (std::size_t i = 2; i + 1 < hex.size(); i += 2)
        bytes.push_back(static_cast<char>(hex_digit(hex[i]) << 4 | hex_digit(hex[i + 1])));
    return bytes;
}

class PostgresStatement final : public PreparedStatement {
public:
    PostgresStatement(PostgresSession& session, std::string_view sql, bool kept, unsigned& names)
        : session_(session), text_(postgres_text(sql)), kept_(kept), names_(names), rows_(nullptr, {&session.pq()}) {}

    Status bind(std::span<const Value> values) override {
        reset();
        if (static_cast<int>(values.size()) != text_.parameters) {
            return fail(ErrorCode::internal,
                        fmt::format("\"{}\" has {} parameters, not {}", text_.sql, text_.parameters, values.size()));
        }
        parameters_.clear();
        for (const Value& value : values)
            parameters_.push_back(std::visit([](const auto& one) { return parameter(one); }, value));
        return {};
    }

    Result<bool> step() override {
        if (ended_) return fail(ErrorCode::internal, "the transaction of these rows has ended");
        if (rows_ == nullptr) {
            EC_TRY(execute());
            row_ = 0;
        } else {
            ++row_;
        }
        if (row_ < session_.pq().PQntuples(rows_.get())) return true;
        rows_.reset();
        return false;
    }
    Status run(std::span<const Value> values) override {
        EC_TRY(bind(values));
        EC_TRY(step());
        reset();
        return {};
    }
    void reset() override {
        rows_.reset();
        ended_ = false;
    }
    void end_rows() override {
        if (rows_ == nullptr) return;
        rows_.reset();
        ended_ = true;
    }

    std::int64_t integer(int column) const override {
        const std::string_view value = raw(column);
        if (value == "t") return 1;
        std::int64_t number = 0;
        std::from_chars(value.data(), value.data() + value.size(), number);
        return number;
    }
    std::string text(int column) const override {
        const std::string_view value = raw(column);
        const bool bytes = rows_ != nullptr && session_.pq().PQftype(rows_.get(), column) == kBytea;
        return bytes ? from_hex(value) : std::string(value);
    }
    bool is_null(int column) const override {
        return rows_ == nullptr || session_.pq().PQgetisnull(rows_.get(), row_, column) == 1;
    }
    int columns() const override { return rows_ == nullptr ? 0 : session_.pq().PQnfields(rows_.get()); }

private:
    [[nodiscard]] std::string_view raw(int column) const {
        if (rows_ == nullptr) return {};
        const int size = session_.pq().PQgetlength(rows_.get(), row_, column);
        return {session_.pq().PQgetvalue(rows_.get(), row_, column), static_cast<std::size_t>(size)};
    }

    Status execute() {
        if (static_cast<int>(parameters_.size()) != text_.parameters)
            return fail(ErrorCode::internal, fmt::format("\"{}\" was given no values", text_.sql));
        const Arrays arrays(parameters_);
        const std::string what = fmt::format("the database refuses \"{}\"", ellipsize(text_.sql, 80));
        if (!kept_) {
            EC_ASSIGN(rows_, session_.ask(
                                 [&](PGconn* connection) {
                                     return session_.pq().PQsendQueryParams(
                                         connection, text_.sql.c_str(), text_.parameters, arrays.types.data(),
                                         arrays.values.data(), arrays.lengths.data(), arrays.formats.data(), 0);
                                 },
                                 what));
            return {};
        }
        EC_ASSIGN(const std::string* name, name_for(arrays.types, what));
        EC_ASSIGN(rows_, session_.ask(
                             [&](PGconn* connection) {
                                 return session_.pq().PQsendQueryPrepared(connection, name->c_str(), text_.parameters,
                                                                          arrays.values.data(), arrays.lengths.data(),
                                                                          arrays.formats.data(), 0);
                             },
                             what));
        return {};
    }

    // The server fixes the types of parameters when it prepares; callers hardly ever change theirs.
    Result<const std::string*> name_for(const std::vector<Oid>& types, std::string_view what) {
        const auto found = prepared_.find(types);
        if (found != prepared_.end()) return &found->second;
        std::string name = fmt::format("ec_{}", ++names_);
        EC_TRY(session_.ask(
            [&](PGconn* connection) {
                return session_.pq().PQsendPrepare(connection, name.c_str(), text_.sql.c_str(), text_.parameters,
                                                   types.data());
            },
            what));
        return &prepared_.emplace(types, std::move(name)).first->second;
    }

    PostgresSession& session_;
    PostgresText text_;
    bool kept_;
    unsigned& names_;
    std::map<std::vector<Oid>, std::string> prepared_;
    std::vector<Parameter> parameters_;
    PostgresSession::Rows rows_;
    int row_ = 0;
    bool ended_ = false;
};

class PostgresConnection final : public Connection {
public:
    explicit PostgresConnection(std::unique_ptr<PostgresSession> session) : session_(std::move(session)) {}

    Dialect dialect() const override { return Dialect::postgres; }
    bool usable() const override { return session_->usable(); }

    Result<std::unique_ptr<PreparedStatement>> prepare(std::string_view sql, bool kept) override {
        if (trim(sql).empty()) return fail(ErrorCode::internal, fmt::format("\"{}\" is not one statement", sql));
        return std::make_unique<PostgresStatement>(*session_, sql, kept, names_);
    }
    Status execute(std::string_view script, bool as_it_stands) override {
        const std::string text = as_it_stands ? std::string(script) : postgres_text(script).sql;
        EC_TRY(session_->run(text, fmt::format("cannot run \"{}\"", ellipsize(trim(text), 80))));
        return {};
    }
    std::int64_t changed_rows() const override { return session_->changed_rows; }
    std::int64_t last_key() const override { return 0; }

    Result<std::int64_t> now_ms() override {
        EC_ASSIGN(auto clock, prepare("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint", false));
        EC_TRY(clock->step());
        return clock->integer(0);
    }

    Status begin(Writers writers) override { return session_->begin(writers); }
    Status commit() override { return session_->commit(); }
    void rollback() override { session_->rollback(); }
    Status mark() override { return session_->mark(); }
    Status unmark() override { return session_->unmark(); }
    void rollback_to_mark() override { session_->rollback_to_mark(); }

    Status notify(std::string_view channel) override { return on_channel("NOTIFY", channel); }
    Status listen(std::string_view channel) override { return on_channel("LISTEN", channel); }
    Result<bool> wait_notification(std::chrono::milliseconds timeout) override {
        return session_->wait_notification(timeout);
    }

private:
    Status on_channel(std::string_view verb, std::string_view channel) {
        const bool plain = std::ranges::all_of(channel, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
        if (channel.empty() || !plain)
            return fail(ErrorCode::internal, fmt::format("\"{}\" is no name of a channel", channel));
        EC_TRY(session_->run(fmt::format("{} {}", verb, channel), "cannot use a channel"));
        return {};
    }

    std::unique_ptr<PostgresSession> session_;
    unsigned names_ = 0;
};

}  // namespace

Result<std::unique_ptr<Connection>> connect_postgres(std::string_view url, const ConnectOptions& options) {
    EC_ASSIGN(auto session, PostgresSession::connect(url, options));
    return std::make_unique<PostgresConnection>(std::move(session));
}

}  // namespace ec::sql
