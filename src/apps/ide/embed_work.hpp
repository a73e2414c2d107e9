// Texts to turn into vectors, as work for the embedder's lane.
#pragma once

#include <ec/net/http_server.hpp>
#include <memory>

#include "lane.hpp"
#include "models.hpp"
#include "openai_api/requests.hpp"

namespace ec::apps::ide {

std::shared_ptr<Work> embed_work(std::shared_ptr<net::Responder> responder, Seat& seat, Destination where,
                                 openai::EmbeddingsAsk ask);

}  // namespace ec::apps::ide
