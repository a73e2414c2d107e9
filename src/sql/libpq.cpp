#include "libpq.hpp"

#include <dlfcn.h>

namespace ec::sql {
namespace {

Result<Libpq> load() {
    void* handle = ::dlopen(EC_LIBPQ_SONAME, RTLD_LAZY | RTLD_LOCAL);
    if (handle == nullptr) {
        return fail(ErrorCode::unavailable, "cannot load " EC_LIBPQ_SONAME,
                    "install the package that brings it (libpq5 on Debian and Ubuntu)");
    }
    Libpq library;
#define EC_LIBPQ_BIND(name)                                                          \
    library.name = reinterpret_cast<decltype(library.name)>(::dlsym(handle, #name)); \
    if (library.name == nullptr) return fail(ErrorCode::unavailable, EC_LIBPQ_SONAME " lacks " #name);
    EC_LIBPQ_FUNCTIONS(EC_LIBPQ_BIND)
#undef EC_LIBPQ_BIND
    return library;
}

}  // namespace

Result<const Libpq*> libpq() {
    static const Result<Libpq> kLibrary = load();
    if (!kLibrary) return fail(kLibrary.error());
    return &*kLibrary;
}

}  // namespace ec::sql
