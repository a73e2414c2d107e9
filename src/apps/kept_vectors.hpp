// Vectors of texts that were embedded before, kept over runs, so that a project is embedded once and then only what
// changed. The texts themselves are not kept: a row is the hash of model and text, and the vector.
//
// An embedder in front of another; both belong to one thread. A store that cannot be read or written costs time and
// nothing else: the texts are embedded anew.
#pragma once

#include <cstdint>
#include <ec/codeindex/embedder.hpp>
#include <ec/sql/sql.hpp>
#include <filesystem>
#include <memory>
#include <string>

namespace ec::apps {

class KeptVectors final : public codeindex::Embedder {
public:
    static constexpr std::int64_t kMostRows = 20'000;  // 30 MB of vectors of 384 numbers

    /// `file` is made where it is missing (mode 0600), its folder too, and made anew where it is no store of this
    /// version; where that is not possible vectors are kept in memory alone. `model` tells embedders apart.
    static Result<std::unique_ptr<KeptVectors>> open(const std::filesystem::path& file, std::string model,
                                                     std::unique_ptr<codeindex::Embedder> inner,
                                                     std::int64_t most_rows = kMostRows);

    [[nodiscard]] std::size_t width() const override { return inner_->width(); }
    Result<std::vector<std::vector<float>>> embed(std::span<const std::string> texts, std::stop_token stop) override;

private:
    KeptVectors(sql::Database database, std::string model, std::unique_ptr<codeindex::Embedder> inner,
                std::int64_t most_rows)
        : database_(std::move(database)), model_(std::move(model)), inner_(std::move(inner)), most_rows_(most_rows) {}
    [[nodiscard]] std::string key(const std::string& text) const;
    Result<std::vector<float>> look_up(const std::string& key);
    Status keep(const std::vector<std::string>& keys, const std::vector<std::vector<float>>& vectors);

    sql::Database database_;
    std::string model_;
    std::unique_ptr<codeindex::Embedder> inner_;
    std::int64_t most_rows_;
};

}  // namespace ec::apps
