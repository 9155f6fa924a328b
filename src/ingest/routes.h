// What a request asks for, as far as its head says.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "ingest/answer.h"
#include "ingest/request_reader.h"
#include "ingest/service.h"

namespace semel::ingest {

/// Events for an endpoint, from somebody who may send them.
struct Route {
  std::size_t endpoint = 0;
  std::shared_ptr<const ApiKey> key{};  ///< null: no keys are asked for
};

/// Sets `route`, or returns the answer: everything that needs no body, and every refusal.
std::optional<Answer> RouteHead(const Service& service, const RequestHead& head, Route& route);

/// The origin that a browser is told may read the answer; empty: none.
std::string_view AllowedOrigin(const Service& service, std::string_view origin);

/// {"ready":true,...}
std::string ReadinessBody(const Service& service);

}  // namespace semel::ingest
