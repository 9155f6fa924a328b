#include "ingest/routes.h"

#include <algorithm>

namespace semel::ingest {
namespace {

using Verb = boost::beast::http::verb;

constexpr const char* kEventMethods = "POST, OPTIONS";
constexpr const char* kPageMethods = "GET, HEAD, OPTIONS";

Answer Options(const char* methods) {
  Answer answer;
  answer.status = 204;
  answer.allow = methods;
  answer.preflight = true;
  return answer;
}

Answer WrongMethod(const char* methods) {
  Answer answer = Refused(405, std::string("this path takes ") + methods);
  answer.allow = methods;
  return answer;
}

Answer Page(const Service& service, std::string_view path) {
  Answer answer;
  if (path == "/openapi.json") {
    answer.body = service.openapi;
  } else if (path == "/livez") {
    answer.body = "{\"live\":true}\n";
  } else {
    answer.status = service.draining ? 503 : 200;
    answer.body = ReadinessBody(service);
  }
  return answer;
}

bool IsPage(std::string_view path) {
  return path == "/livez" || path == "/readyz" || path == "/openapi.json";
}

/// 401 and 403.
std::optional<Answer> Admit(const Service& service, const RequestHead& head, Route& route) {
  if (!service.keys) return std::nullopt;
  route.key = service.keys->Find(head.authorization);
  if (route.key == nullptr)
    return Refused(401, "send a key that is known here: Authorization: Bearer KEY");
  const std::string& topic = service.endpoints[route.endpoint].topic;
  if (!route.key->Allows(topic)) return Refused(403, "this key is not for topic " + topic);
  return std::nullopt;
}

}  // namespace

std::string ReadinessBody(const Service& service) {
  std::string body = service.draining ? "{\"ready\":false,\"draining\":true" : "{\"ready\":true";
  if (service.details)
    if (const std::string details = service.details(); !details.empty()) body += "," + details;
  return body + "}\n";
}

std::string_view AllowedOrigin(const Service& service, std::string_view origin) {
  if (origin.empty()) return {};
  const auto& allowed = service.cors_origins;
  if (std::ranges::find(allowed, "*") != allowed.end()) return "*";
  return std::ranges::find(allowed, origin) != allowed.end() ? origin : std::string_view{};
}

std::optional<Answer> RouteHead(const Service& service, const RequestHead& head, Route& route) {
  if (IsPage(head.path)) {
    if (head.method == Verb::options) return Options(kPageMethods);
    if (head.method != Verb::get && head.method != Verb::head) return WrongMethod(kPageMethods);
    return Page(service, head.path);
  }
  const auto endpoint = std::ranges::find(service.endpoints, head.path, &Endpoint::path);
  if (endpoint == service.endpoints.end()) return Refused(404, "no such path");
  route.endpoint = static_cast<std::size_t>(endpoint - service.endpoints.begin());
  if (head.method == Verb::options) return Options(kEventMethods);
  if (head.method != Verb::post) return WrongMethod(kEventMethods);
  if (auto refused = Admit(service, head, route)) return refused;
  if (!head.chunked && !head.content_length)
    return Refused(411, "say Content-Length, or send the body in chunks");
  if (head.content_type == ContentType::kOther ||
      (head.content_type == ContentType::kNdjson && !endpoint->batches))
    return Refused(415, endpoint->batches
                            ? "Content-Type: application/json or application/x-ndjson, in UTF-8"
                            : "Content-Type: application/json, in UTF-8");
  // Without a type, browsers send a page's request to another origin without asking first.
  if (head.content_type == ContentType::kUnsaid && !head.origin.empty() &&
      AllowedOrigin(service, head.origin).empty())
    return Refused(415, "pages of " + head.origin + " are not allowed to send");
  if (head.content_encoding == ContentEncoding::kOther)
    return Refused(415, "Content-Encoding: gzip or zstd, one of them, or none");
  return std::nullopt;
}

}  // namespace semel::ingest
