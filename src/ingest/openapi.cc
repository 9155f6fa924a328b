#include "ingest/openapi.h"

#include <map>
#include <nlohmann/json.hpp>

namespace semel::ingest {
namespace {

using Json = nlohmann::ordered_json;

Json Ref(const std::string& schema) { return {{"$ref", "#/components/schemas/" + schema}}; }

Json JsonContent(const Json& schema) { return {{"application/json", {{"schema", schema}}}}; }

Json Response(const std::string& description, const Json& schema) {
  return {{"description", description}, {"content", JsonContent(schema)}};
}

Json WithRetryAfter(Json response) {
  response["headers"] = {
      {"Retry-After", {{"description", "Seconds to wait"}, {"schema", {{"type", "integer"}}}}}};
  return response;
}

Json Either(const std::string& a, const std::string& b) { return {{"anyOf", {Ref(a), Ref(b)}}}; }

Json Health(const std::string& description) {
  return {{"type", "string"}, {"enum", {"ok", "failing"}}, {"description", description}};
}

Json Schemas() {
  const Json status = {{"type", "string"},
                       {"enum", {"accepted", "duplicate", "rejected", "retry"}}};
  const Json count = {{"type", "integer"}, {"minimum", 0}};
  return {
      {"Event", {{"type", "object"}, {"description", "One event: any JSON object"}}},
      {"EventResult",
       {{"type", "object"},
        {"required", {"status"}},
        {"properties", {{"status", status}, {"reason", {{"type", "string"}}}}}}},
      {"BatchResult",
       {{"type", "object"},
        {"required", {"accepted", "duplicate", "rejected", "retry", "results"}},
        {"properties",
         {{"accepted", count},
          {"duplicate", count},
          {"rejected", count},
          {"retry", count},
          {"results",
           {{"type", "array"},
            {"description", "The i-th belongs to the i-th event"},
            {"items", Ref("EventResult")}}}}}}},
      {"Problem",
       {{"type", "object"},
        {"required", {"status", "reason"}},
        {"properties", {{"status", {{"const", "error"}}}, {"reason", {{"type", "string"}}}}}}},
      {"Readiness",
       {{"type", "object"},
        {"required", {"ready"}},
        {"properties",
         {{"ready", {{"type", "boolean"}}},
          {"draining", {{"type", "boolean"}, {"description", "It is about to end"}}},
          {"kafka", Health("Did Kafka take the last event that it answered for?")},
          {"edge_memory", Health("Does the memory of acknowledged events answer? Without it "
                                 "copies are written again")}}}}},
  };
}

Json EventResponses(const Service& service, bool batches) {
  const auto result = [batches](const std::string& other) {
    Json any = {{"anyOf", {Ref("EventResult")}}};
    if (batches) any["anyOf"].push_back(Ref("BatchResult"));
    if (!other.empty()) any["anyOf"].push_back(Ref(other));
    return any;
  };
  Json responses;
  responses["200"] = Response("Kafka has every event, now or since an earlier copy", result(""));
  if (batches)
    responses["207"] = Response("Some events were not taken; see results", Ref("BatchResult"));
  responses["400"] =
      Response("The body cannot be read, or no event can be taken", result("Problem"));
  if (service.keys) {
    responses["401"] = Response("No key, or one that is not known", Ref("Problem"));
    responses["403"] = Response("The key is not for this topic", Ref("Problem"));
    responses["429"] =
        WithRetryAfter(Response("The key sends more events a second than it may", Ref("Problem")));
  }
  const std::map<std::string, std::string> problems = {
      {"408", "The request came too slowly"},
      {"411", "No Content-Length, and no chunks"},
      {"415", "Content-Type or Content-Encoding that is not read here"},
      {"431", "The header is too large"}};
  for (const auto& [status, text] : problems) responses[status] = Response(text, Ref("Problem"));
  responses["413"] = Response("Too large, or too many events", Either("Problem", "EventResult"));
  responses["503"] = WithRetryAfter(Response(
      "Kafka did not take it in time, or too much is waiting: send it again", result("Problem")));
  return responses;
}

Json PostEvents(const Service& service, const Endpoint& endpoint) {
  Json content = JsonContent(Ref("Event"));
  if (endpoint.batches) {
    content = JsonContent({{"anyOf",
                            {Ref("Event"),
                             {{"type", "array"},
                              {"items", Ref("Event")},
                              {"maxItems", service.limits.batch_events}}}}});
    content["application/x-ndjson"] = {{"schema", {{"type", "string"}}}};
  }
  Json key = Json::array();
  for (const std::string& part : endpoint.key.parts) key.push_back(part);
  Json operation = {
      {"summary", endpoint.batches ? "Takes events: one, an array, or lines" : "Takes one event"},
      {"description",
       "Answers when Kafka has them on all in-sync replicas. The body may be "
       "compressed (Content-Encoding: gzip or zstd)."},
      {"x-semel-key", key},
      {"requestBody", {{"required", true}, {"content", content}}},
      {"responses", EventResponses(service, endpoint.batches)}};
  if (service.keys)
    operation["security"] = {{{"bearer", Json::array()}}, {{"basic", Json::array()}}};
  return {{"post", operation}};
}

Json Page(const std::string& summary, const Json& schema) {
  return {{"get", {{"summary", summary}, {"responses", {{"200", Response(summary, schema)}}}}},
          {"head",
           {{"summary", "The same without a body"},
            {"responses", {{"200", {{"description", summary}}}}}}}};
}

/// What belongs to no operation.
Json OtherResponses() {
  Json wrong_method = Response("The path takes other methods", Ref("Problem"));
  wrong_method["headers"] = {
      {"Allow", {{"description", "Those methods"}, {"schema", {{"type", "string"}}}}}};
  return {{"NotFound", Response("There is no such path", Ref("Problem"))},
          {"MethodNotAllowed", wrong_method}};
}

}  // namespace

std::string OpenApi(const Service& service, const std::string& version) {
  Json paths;
  for (const Endpoint& endpoint : service.endpoints)
    paths[endpoint.path] = PostEvents(service, endpoint);
  paths["/livez"] = Page("The process runs", {{"type", "object"}});
  paths["/readyz"] = Page("Events are taken", Ref("Readiness"));
  paths["/readyz"]["get"]["responses"]["503"] =
      Response("It is about to end: send no more", Ref("Readiness"));
  paths["/readyz"]["head"]["responses"]["503"] = {{"description", "It is about to end"}};
  paths["/openapi.json"] = Page("This description", {{"type", "object"}});
  Json document = {{"openapi", "3.1.0"},
                   {"info",
                    {{"title", "semel serve"},
                     {"version", version},
                     {"description",
                      "Other paths are answered with 404 (NotFound), other methods with 405 "
                      "(MethodNotAllowed). OPTIONS is answered with 204 and Allow everywhere."}}},
                   {"paths", paths},
                   {"components", {{"schemas", Schemas()}, {"responses", OtherResponses()}}}};
  if (service.keys)
    document["components"]["securitySchemes"] = {
        {"bearer", {{"type", "http"}, {"scheme", "bearer"}}},
        {"basic",
         {{"type", "http"}, {"scheme", "basic"}, {"description", "The key as the user's name"}}}};
  return document.dump(1) + "\n";
}

}  // namespace semel::ingest
