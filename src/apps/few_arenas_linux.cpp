#include <malloc.h>

#include "few_arenas.hpp"

namespace ec::apps {

void use_few_arenas() {
#ifdef M_ARENA_MAX
    static_cast<void>(mallopt(M_ARENA_MAX, 2));
#endif
}

}  // namespace ec::apps
