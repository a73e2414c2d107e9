#include "model_command.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/crypto/signing.hpp>
#include <ec/model/openai.hpp>
#include <ec/net/egress_ledger.hpp>
#include <iostream>
#include <optional>

#include "config.hpp"
#include "data_dir.hpp"
#include "error_report.hpp"
#include "model_choice.hpp"
#include "model_library.hpp"
#include "model_report.hpp"
#include "terminal.hpp"

namespace ec::apps {
namespace {

constexpr int kDeclined = 1;
constexpr std::uint64_t kMostKeyFile = 4096;
constexpr std::chrono::milliseconds kRefresh{150};

struct Open {
    std::unique_ptr<ModelPorts> ports;
    std::optional<model::Library> library;
};

Result<Open> open() {
    Open open;
    EC_ASSIGN(open.ports, ModelPorts::open(data_dir(), "edgecoder model"));
    EC_ASSIGN(model::Library library, open_library(*open.ports));
    open.library.emplace(std::move(library));
    return open;
}

std::string now_text() { return net::rfc3339(std::chrono::system_clock::now()); }

bool is_address(const std::string& words) { return words.starts_with("http://") || words.starts_with("https://"); }

// A bar on a terminal; elsewhere a line when something begins, so that a log stays readable.
class Progress {
public:
    explicit Progress(std::ostream& err) : err_(err), terminal_(::isatty(STDERR_FILENO) == 1), line_(err, terminal_) {}

    void operator()(const model::PullProgress& now) {
        using Stage = model::PullProgress::Stage;
        const auto time = std::chrono::steady_clock::now();
        const bool other = !stage_ || *stage_ != now.stage;
        if (other) {
            stage_ = now.stage;
            begun_ = time;
            from_ = now.done;
        }
        if (!terminal_ && other) err_ << begin_words(now) << std::endl;
        const bool done = now.total > 0 && now.done == now.total;
        if (terminal_ && (other || done || time - shown_ >= kRefresh)) {
            const double seconds = std::chrono::duration<double>(time - begun_).count();
            const double rate =
                now.stage != Stage::downloading || seconds < 0.5 ? 0 : static_cast<double>(now.done - from_) / seconds;
            line_.show(words(now, rate));
            shown_ = time;
        }
    }

private:
    static std::string begin_words(const model::PullProgress& now) {
        using Stage = model::PullProgress::Stage;
        if (now.stage == Stage::waiting || now.stage == Stage::retrying) return words(now, 0);
        return fmt::format("{} {}", now.stage == Stage::hashing ? "hashing" : "downloading",
                           now.total > 0 ? size_text(now.total) : "a file of unknown size");
    }

    static std::string words(const model::PullProgress& now, double rate) {
        using Stage = model::PullProgress::Stage;
        switch (now.stage) {
            case Stage::waiting:
                return "waiting for another program that fetches the same file";
            case Stage::retrying:
                return fmt::format("trying again: {}", printable(now.why));
            default:
                break;
        }
        std::string text = now.stage == Stage::hashing ? "hashing " : "downloading ";
        if (now.total > 0) {
            const double share = static_cast<double>(now.done) / static_cast<double>(now.total);
            const auto cells = static_cast<std::size_t>(share * 20);
            text += fmt::format("[{}{}] {:3.0f} % of {}", std::string(cells, '#'), std::string(20 - cells, '.'),
                                share * 100, size_text(now.total));
            if (rate > 0) text += fmt::format(", {:.0f} s left", static_cast<double>(now.total - now.done) / rate);
        } else {
            text += size_text(now.done);
        }
        if (rate > 0) text += fmt::format(", {}/s", size_text(static_cast<std::uint64_t>(rate)));
        return text;
    }

    std::ostream& err_;
    bool terminal_;
    LiveLine line_;
    std::optional<model::PullProgress::Stage> stage_;
    std::chrono::steady_clock::time_point begun_;
    std::chrono::steady_clock::time_point shown_;
    std::uint64_t from_ = 0;
};

bool agreed(const ModelOptions& options, std::ostream& err) {
    if (options.yes || ::isatty(STDIN_FILENO) != 1 || ::isatty(STDERR_FILENO) != 1) return true;
    err << "Download it? [y/N] " << std::flush;
    std::string line;
    std::getline(std::cin, line);
    return line == "y" || line == "Y" || line == "yes";
}

void tell_model(const model::LibraryEntry& entry, const char* what, const ModelOptions& options, std::ostream& out,
                std::ostream& err) {
    if (options.json) {
        print_document(json::Object{{"model", model_json(entry)}}, out);
        return;
    }
    err << fmt::format("{} {}: {}, sha256 {}\n", what, printable(entry.manifest.name), size_text(entry.manifest.size),
                       entry.manifest.sha256.hex());
    out << entry.manifest.name << std::endl;
}

Status show_list(const ModelOptions& options, std::ostream& out, std::ostream& err) {
    json::Array models;
    if (options.catalogue) {
        for (const model::CatalogueModel& model : model::model_catalogue()) {
            if (options.json)
                models.emplace_back(catalogue_json(model));
            else
                out << catalogue_line(model) << '\n';
        }
        if (options.json)
            print_document(json::Object{{"catalogue", std::move(models)}}, out);
        else
            err << "Sizes and licences are approximate and as generally known; pull shows what the source says.\n";
        return {};
    }
    EC_ASSIGN(const Open here, open());
    EC_ASSIGN(const auto entries, here.library->list());
    EC_ASSIGN(std::string used, default_model());
    if (used.empty()) used = "none";
    for (const model::LibraryEntry& entry : entries) {
        if (options.json)
            models.emplace_back(model_json(entry));
        else
            out << model_line(entry, entry.manifest.name == used) << '\n';
    }
    if (options.json) {
        print_document(json::Object{{"default", to_valid_utf8(used)}, {"models", std::move(models)}}, out);
    } else if (entries.empty()) {
        err << "edgecoder: there are no models here; edgecoder model list --catalogue shows some that can be pulled\n";
    }
    out << std::flush;
    return {};
}

Result<std::optional<model::LibraryEntry>> pull(const ModelOptions& options, std::ostream& err, std::stop_token stop) {
    EC_ASSIGN(Open here, open());
    std::optional<crypto::Sha256Digest> wanted;
    if (!options.sha256.empty()) {
        EC_ASSIGN(wanted, crypto::Sha256Digest::parse(options.sha256));
    }
    EC_ASSIGN(model::PullPlan plan, here.library->plan(options.words, options.name, stop));
    if (wanted && plan.source.sha256 && *wanted != *plan.source.sha256) {
        return fail(ErrorCode::corrupt,
                    fmt::format("the source announces another SHA-256: {}", plan.source.sha256->hex()));
    }
    if (wanted) plan.source.sha256 = wanted;
    const auto catalogue = model::model_catalogue();
    const auto known = std::ranges::find(catalogue, options.words, &model::CatalogueModel::name);
    const model::CatalogueModel* entry = known == catalogue.end() ? nullptr : &*known;
    if (!options.json) {
        EC_ASSIGN(const auto there, here.library->list());
        double bytes = static_cast<double>(plan.source.size > 0 || entry == nullptr ? plan.source.size : entry->size);
        if (entry != nullptr && entry->parameters > 0) {
            bytes *= static_cast<double>(entry->active_parameters) / static_cast<double>(entry->parameters);
        }
        err << plan_text(plan, entry, estimate_speed(there, bytes)) << std::flush;
    }
    if (!agreed(options, err)) return std::nullopt;
    Progress progress(err);
    EC_ASSIGN(const model::LibraryEntry pulled, here.library->pull(plan, now_text(), std::ref(progress), stop));
    return pulled;
}

Result<model::LibraryEntry> add(const ModelOptions& options, std::ostream& err, std::stop_token stop) {
    EC_ASSIGN(Open here, open());
    Progress progress(err);
    return here.library->add(options.words, options.name, now_text(), std::ref(progress), std::move(stop));
}

Status use_for_search(const std::string& name) {
    if (name == "none") return clear_model(ModelRole::embeddings);
    EC_ASSIGN(const Open here, open());
    EC_ASSIGN(const std::filesystem::path file, here.library->usable_file(name));
    EC_ASSIGN(const model::ModelFileFacts facts, model::read_model_file(file));
    if (!facts.embeds) {
        return fail(ErrorCode::invalid_argument, fmt::format("{} is no embedding model", name),
                    "edgecoder model list shows which are");
    }
    return save_model(ModelRole::embeddings, name);
}

Status use(const ModelOptions& options) {
    if (options.embeddings) return use_for_search(options.words);
    if (is_address(options.words)) {
        EC_TRY(model::parse_model_address(options.words));
    } else if (options.words != "none") {
        EC_ASSIGN(const Open here, open());
        EC_ASSIGN(const std::filesystem::path file, here.library->usable_file(options.words));
        EC_TRY(check_can_chat(file, options.words));
    }
    return save_model(ModelRole::chat, options.words);
}

// True: it was the default, which nothing is now. A default that cannot be taken out keeps the model.
Result<bool> remove(const std::string& name) {
    EC_ASSIGN(Open here, open());
    EC_TRY(here.library->find(name));
    // A configuration that cannot be read names no default that would be taken.
    const auto config = load_config();
    const bool was_default = config && config->model == name;
    if (was_default) EC_TRY(clear_model(ModelRole::chat));
    if (config && config->embeddings == name) EC_TRY(clear_model(ModelRole::embeddings));
    EC_TRY(here.library->remove(name));
    return was_default;
}

Status show_info(const ModelOptions& options, std::ostream& out) {
    EC_ASSIGN(const Open here, open());
    EC_ASSIGN(const model::LibraryEntry entry, here.library->find(options.words));
    model::ModelFileFacts facts;
    if (!entry.file.empty()) {
        EC_ASSIGN(facts, model::read_model_file(entry.file));
    }
    if (!options.json) {
        out << model_text(entry, facts) << std::flush;
        return {};
    }
    json::Object document = model_json(entry);
    document["facts"] = facts_json(facts, entry.manifest.size);
    print_document(json::Object{{"model", std::move(document)}}, out);
    return {};
}

Result<crypto::SecretKey> signing_key(const ModelOptions& options) {
    if (!options.new_key) {
        EC_ASSIGN(const std::string text, read_file(options.key_file, kMostKeyFile));
        return crypto::SecretKey::parse(trim(text));
    }
    std::error_code error;
    if (std::filesystem::exists(options.key_file, error)) {
        return fail(ErrorCode::invalid_argument, fmt::format("{} exists", options.key_file), "leave --new-key out");
    }
    EC_ASSIGN(const crypto::SecretKey key, crypto::SecretKey::generate());
    EC_TRY(write_file_atomic(options.key_file, key.seed_hex() + "\n", 0600));
    return key;
}

Status sign(const ModelOptions& options, std::ostream& out, std::ostream& err) {
    EC_ASSIGN(Open here, open());
    EC_TRY(here.library->find(options.words));
    EC_ASSIGN(const crypto::SecretKey key, signing_key(options));
    EC_ASSIGN(const model::LibraryEntry entry, here.library->sign(options.words, key, options.source));
    const std::filesystem::path manifest =
        here.ports->data_dir() / "models" / "manifests" / (entry.manifest.name + ".json");
    if (options.json) {
        print_document(json::Object{{"model", model_json(entry)},
                                    {"key", key.public_key().hex()},
                                    {"manifest", to_valid_utf8(manifest.string())}},
                       out);
        return {};
    }
    err << "signed; put this key into trusted_keys of each machine, and publish the manifest with its .sig:\n  "
        << printable(manifest.string()) << "\n";
    if (entry.manifest.source.starts_with("file:")) {
        err << "Its source is a file of this machine; --source says where others can fetch it.\n";
    }
    out << key.public_key().hex() << std::endl;
    return {};
}

int finish(const Status& status, const ModelOptions& options, std::ostream& out, std::ostream& err) {
    return status ? 0 : report_error(status.error(), options.json, out, err);
}

}  // namespace

int run_model_list(const ModelOptions& options, std::ostream& out, std::ostream& err) {
    return finish(show_list(options, out, err), options, out, err);
}

int run_model_pull(const ModelOptions& options, std::ostream& out, std::ostream& err, std::stop_token stop) {
    const auto pulled = pull(options, err, std::move(stop));
    if (!pulled) return report_error(pulled.error(), options.json, out, err);
    if (!*pulled) {
        err << "nothing was downloaded\n";
        return kDeclined;
    }
    tell_model(**pulled, "pulled", options, out, err);
    return 0;
}

int run_model_add(const ModelOptions& options, std::ostream& out, std::ostream& err, std::stop_token stop) {
    const auto added = add(options, err, std::move(stop));
    if (!added) return report_error(added.error(), options.json, out, err);
    tell_model(*added, "added", options, out, err);
    return 0;
}

int run_model_use(const ModelOptions& options, std::ostream& out, std::ostream& err) {
    const Status status = use(options);
    const std::string_view role = options.embeddings ? "embeddings" : "default";
    if (status && options.json) print_document(json::Object{{role, to_valid_utf8(options.words)}}, out);
    if (status && !options.json) {
        err << printable(options.words) << " is used from now on" << (options.embeddings ? " for search" : "") << "\n";
    }
    return finish(status, options, out, err);
}

int run_model_remove(const ModelOptions& options, std::ostream& out, std::ostream& err) {
    const auto was_default = remove(options.words);
    if (!was_default) return report_error(was_default.error(), options.json, out, err);
    if (options.json) {
        json::Object document{{"removed", to_valid_utf8(options.words)}};
        if (*was_default) document["default"] = nullptr;
        print_document(std::move(document), out);
        return 0;
    }
    err << printable(options.words) << " is removed\n";
    if (*was_default) err << "It was the default; edgecoder model use NAME chooses another one.\n";
    return 0;
}

int run_model_info(const ModelOptions& options, std::ostream& out, std::ostream& err) {
    return finish(show_info(options, out), options, out, err);
}

int run_model_sign(const ModelOptions& options, std::ostream& out, std::ostream& err) {
    return finish(sign(options, out, err), options, out, err);
}

}  // namespace ec::apps
