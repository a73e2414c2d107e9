#include "curl_library.hpp"

#include <dlfcn.h>

namespace ec::net {
namespace {

Result<CurlLibrary> load() {
    void* handle = ::dlopen(EC_LIBCURL_SONAME, RTLD_LAZY | RTLD_LOCAL);
    if (handle == nullptr) {
        return fail(ErrorCode::unavailable, "cannot load " EC_LIBCURL_SONAME, "install the package that brings it");
    }
    CurlLibrary curl;
#define EC_CURL_BIND(name)                                                     \
    curl.name = reinterpret_cast<decltype(curl.name)>(::dlsym(handle, #name)); \
    if (curl.name == nullptr) return fail(ErrorCode::unavailable, EC_LIBCURL_SONAME " lacks " #name);
    EC_CURL_FUNCTIONS(EC_CURL_BIND)
#undef EC_CURL_BIND
    if (curl.curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return fail(ErrorCode::unavailable, EC_LIBCURL_SONAME " cannot be initialised");
    }
    return curl;
}

}  // namespace

Result<const CurlLibrary*> curl_library() {
    static const Result<CurlLibrary> kLibrary = load();
    if (!kLibrary) return fail(kLibrary.error());
    return &*kLibrary;
}

}  // namespace ec::net
