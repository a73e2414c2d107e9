#include <sys/resource.h>

#include "private_memory.hpp"

namespace ec::apps {

void keep_memory_private() {
    const rlimit none{.rlim_cur = 0, .rlim_max = 0};
    static_cast<void>(::setrlimit(RLIMIT_CORE, &none));
}

}  // namespace ec::apps
