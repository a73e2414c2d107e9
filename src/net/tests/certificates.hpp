// An authority and its certificates, made for a test.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

namespace ec::net {

using Certificate = std::shared_ptr<X509>;
using PrivateKey = std::shared_ptr<EVP_PKEY>;

class TestAuthority {
public:
    TestAuthority() : key_(make_key()), certificate_(blank("/CN=authority", key_)) {
        extend(NID_basic_constraints, "critical,CA:TRUE");
        ::X509_sign(certificate_.get(), key_.get(), ::EVP_sha256());
    }
    void write(const std::filesystem::path& file) const { write_certificate(file, certificate_); }
    /// A certificate for 127.0.0.1, good from an hour ago until `seconds` from now, and its key.
    void issue(const std::filesystem::path& certificate, const std::filesystem::path& key, long seconds = 3600) const {
        const PrivateKey own = make_key();
        const Certificate made = blank("/CN=server", own);
        ::X509_gmtime_adj(X509_getm_notAfter(made.get()), seconds);
        ::X509_set_issuer_name(made.get(), ::X509_get_subject_name(certificate_.get()));
        const std::shared_ptr<X509_EXTENSION> names(
            ::X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1"), ::X509_EXTENSION_free);
        ::X509_add_ext(made.get(), names.get(), -1);
        ::X509_sign(made.get(), key_.get(), ::EVP_sha256());
        write_certificate(certificate, made);
        const auto out = open(key);
        ::PEM_write_PrivateKey(out.get(), own.get(), nullptr, nullptr, 0, nullptr, nullptr);
    }

private:
    static PrivateKey make_key() { return {::EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), ::EVP_PKEY_free}; }
    static Certificate blank(const char* subject, const PrivateKey& key) {
        const Certificate made(::X509_new(), ::X509_free);
        static long serial = 0;
        ::X509_set_version(made.get(), X509_VERSION_3);
        ::ASN1_INTEGER_set(::X509_get_serialNumber(made.get()), ++serial);
        ::X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
        ::X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
        ::X509_set_pubkey(made.get(), key.get());
        ::X509_NAME_add_entry_by_txt(::X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                                     reinterpret_cast<const unsigned char*>(subject + 4), -1, -1, 0);
        ::X509_set_issuer_name(made.get(), ::X509_get_subject_name(made.get()));
        return made;
    }
    void extend(int kind, const char* value) const {
        const std::shared_ptr<X509_EXTENSION> extension(::X509V3_EXT_conf_nid(nullptr, nullptr, kind, value),
                                                        ::X509_EXTENSION_free);
        ::X509_add_ext(certificate_.get(), extension.get(), -1);
    }
    static std::shared_ptr<std::FILE> open(const std::filesystem::path& file) {
        return {std::fopen(file.c_str(), "w"), std::fclose};
    }
    static void write_certificate(const std::filesystem::path& file, const Certificate& certificate) {
        const auto out = open(file);
        ::PEM_write_X509(out.get(), certificate.get());
    }

    PrivateKey key_;
    Certificate certificate_;
};

}  // namespace ec::net
