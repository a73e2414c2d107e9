// `edgecoder model`: the library of models for a person and for scripts.
#pragma once

#include <iosfwd>
#include <stop_token>
#include <string>

namespace ec::apps {

struct ModelOptions {
    std::string words;        ///< the model, the source or the file
    std::string name;         ///< pull, add: the name to be; empty: made
    std::string sha256;       ///< pull: the one that is accepted
    std::string key_file;     ///< sign
    std::string source;       ///< sign: replaces where the file can be fetched
    bool new_key = false;     ///< sign
    bool embeddings = false;  ///< use: for search, not to chat
    bool catalogue = false;
    bool yes = false;
    bool json = false;
};

/// Each returns the exit status: 0 done, 1 the model is not as it should be, 2 wrong words, 3 not possible here.
int run_model_list(const ModelOptions& options, std::ostream& out, std::ostream& err);
/// Says what it will fetch and, at a terminal, asks.
int run_model_pull(const ModelOptions& options, std::ostream& out, std::ostream& err, std::stop_token stop);
int run_model_add(const ModelOptions& options, std::ostream& out, std::ostream& err, std::stop_token stop);
int run_model_use(const ModelOptions& options, std::ostream& out, std::ostream& err);
int run_model_remove(const ModelOptions& options, std::ostream& out, std::ostream& err);
int run_model_info(const ModelOptions& options, std::ostream& out, std::ostream& err);
int run_model_bench(const ModelOptions& options, std::ostream& out, std::ostream& err, std::stop_token stop);
int run_model_verify(const ModelOptions& options, std::ostream& out, std::ostream& err, std::stop_token stop);
int run_model_sign(const ModelOptions& options, std::ostream& out, std::ostream& err);

}  // namespace ec::apps
