// Whether what a service has in its memory can get out of it.
#pragma once

namespace ec::apps {

/// From now on no crash of this process leaves a core, whatever limits and handlers the machine has for them, and no
/// other program of the same user may look into it (on Linux). It does not hold for what is started from here. The
/// system's own administrator still may.
void keep_memory_private();

}  // namespace ec::apps
