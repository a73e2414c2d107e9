#include "processor_cap.hpp"

namespace ec::apps {

Result<std::string> cap_processor(int) {
    return fail(ErrorCode::unavailable, "this system lets nobody limit a program to some of its cores",
                "leave --cpu out");
}

}  // namespace ec::apps
