#include "few_arenas.hpp"

namespace ec::apps {

void use_few_arenas() {}  // one store is the rule there

}  // namespace ec::apps
