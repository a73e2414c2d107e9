// What pack() and unpack() agree on about sealed blobs. Private to the module.
#pragma once

#include <ec/swarm/types.hpp>
#include <string>

namespace ec::swarm {

/// Ties a sealed blob to its name.
inline std::string blob_context(const BlobId& id) { return "edgecoder blob 1 " + id.text(); }

}  // namespace ec::swarm
