#include <sys/prctl.h>

#include "private_memory.hpp"

namespace ec::apps {

void keep_memory_private() { static_cast<void>(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)); }

}  // namespace ec::apps
