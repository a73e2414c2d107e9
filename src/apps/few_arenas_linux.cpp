#include <malloc.h>

#include "few_arenas.hpp"

namespace ec::apps {

void use_few_arenas() {
#ifdef M_ARENA_MAX
    static_cast<void>(mallopt(M_ARENA_MAX, 2));
    // A busy service would give the same pages back and ask for them again at every other request.
    static_cast<void>(mallopt(M_TRIM_THRESHOLD, 2 << 20));
#endif
}

}  // namespace ec::apps
