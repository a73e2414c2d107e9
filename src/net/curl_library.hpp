// libcurl, loaded at its first use. With all that it stands on (OpenSSL, Kerberos, LDAP, SSH, HTTP/2) loading it takes
// longer than the rest of the program's start, and most commands never make a request.
//
// The library is loaded and initialised once and stays for the life of the process. Any thread may ask for it.
#pragma once

#include <curl/curl.h>

#include <ec/core/result.hpp>

namespace ec::net {

#define EC_CURL_FUNCTIONS(X)    \
    X(curl_global_init)         \
    X(curl_easy_cleanup)        \
    X(curl_easy_getinfo)        \
    X(curl_easy_init)           \
    X(curl_easy_reset)          \
    X(curl_easy_setopt)         \
    X(curl_easy_strerror)       \
    X(curl_multi_add_handle)    \
    X(curl_multi_cleanup)       \
    X(curl_multi_info_read)     \
    X(curl_multi_init)          \
    X(curl_multi_perform)       \
    X(curl_multi_poll)          \
    X(curl_multi_remove_handle) \
    X(curl_multi_setopt)        \
    X(curl_multi_wakeup)        \
    X(curl_slist_append)        \
    X(curl_slist_free_all)

/// The functions of libcurl that we call, under their own names.
struct CurlLibrary {
#define EC_CURL_MEMBER(name) decltype(&::name) name = nullptr;
    EC_CURL_FUNCTIONS(EC_CURL_MEMBER)
#undef EC_CURL_MEMBER
};

/// Fails with `unavailable` where the shared library is not installed.
Result<const CurlLibrary*> curl_library();

}  // namespace ec::net
