// What every `edgecoder review` command opens: the queue, the settings, the items that are meant.
#pragma once

#include <ec/agent/review_queue.hpp>
#include <string>
#include <vector>

namespace ec::apps {

/// DATA_DIR/review.db with this machine's clock.
Result<agent::ReviewQueue> open_review_queue();

/// The `[review]` part of config.toml; nothing configured where there is no such file.
Result<agent::ReviewSettings> load_review_settings();

/// The one item a command names; `invalid_argument` for none or several.
Result<std::int64_t> only_id(const std::vector<std::int64_t>& ids);

}  // namespace ec::apps
