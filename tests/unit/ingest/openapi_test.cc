// What the served description says is what the server does.
#include <gmock/gmock.h>

#include <set>

#include "serve_fixture.h"

namespace semel::ingest {
namespace {

using nlohmann::json;

// SHA-256 of "open sesame" and of "other".
constexpr const char* kKeys =
    "web 41ef4bb0b23661e66301aac36066912dac037827b4ae63a7b1165a5aa93ed4eb events ones\n"
    "other d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa elsewhere\n";

class OpenApiTest : public ServeTest {
 protected:
  void SetUp() override {
    limits.header_bytes = 2048;
    limits.header_time = std::chrono::milliseconds(100);
    keys = *ApiKeys::Parse(kKeys, "keys", 100);
    Start();
    document_ = Ask(Request("GET", "/openapi.json")).json();
  }

  std::string Event(const std::string& path, std::string_view body, const std::string& more = "") {
    return Post(path, body, "Authorization: Bearer open sesame\r\n" + more);
  }

  /// The status of the answer, when its body is what the description says of it.
  void Provoke(const std::string& path, std::string_view request) {
    const Reply reply = Ask(request);
    const std::string status = std::to_string(reply.status);
    provoked_.insert(status);
    const json& schema = document_["paths"][path]["post"]["responses"][status]["content"]
                                  ["application/json"]["schema"];
    EXPECT_TRUE(HasWhatIsRequired(schema, reply.json())) << path << ' ' << status << reply.body;
  }

  void ProvokeAll(const std::string& path) {
    sink.SetMode(FakeSink::Mode::kAcknowledge);
    const std::string one = R"({"id":1})";
    Provoke(path, Event(path, one));
    Provoke(path, Event(path, "{"));
    Provoke(path, Post(path, one));
    Provoke(path, Post(path, one, "Authorization: Bearer other\r\n"));
    Provoke(path, "POST " + path + " HTTP/1.1\r\nHost: he");
    Provoke(path, Request("POST", path, "Authorization: Bearer open sesame\r\n"));
    Provoke(path, Event(path, one, "Content-Type: text/plain\r\n"));
    Provoke(path, Event(path, one, "X: " + std::string(3000, 'x')));
    sink.SetMode(FakeSink::Mode::kTooLarge);
    Provoke(path, Event(path, one));
    sink.SetMode(FakeSink::Mode::kFail);
    Provoke(path, Event(path, one));
  }

  std::set<std::string> Documented(const std::string& path) const {
    std::set<std::string> all;
    for (const auto& [status, response] : document_["paths"][path]["post"]["responses"].items())
      all.insert(status);
    return all;
  }

  std::set<std::string> provoked_;

  bool HasWhatIsRequired(const json& schema, const json& body) const {
    if (schema.contains("anyOf"))
      return std::ranges::any_of(schema["anyOf"],
                                 [&](const json& one) { return HasWhatIsRequired(one, body); });
    if (!schema.contains("$ref")) return false;
    const std::string name = schema["$ref"].get<std::string>().substr(1);
    const json& type = document_.at(json::json_pointer(name));
    for (const json& field : type["required"])
      if (!body.contains(field.get<std::string>())) return false;
    const json& status = type["properties"].value("status", json::object());
    if (status.contains("const")) return body["status"] == status["const"];
    return !status.contains("enum") ||
           std::ranges::find(status["enum"], body["status"]) != status["enum"].end();
  }

  /// Has the body all members of the schema, and no others?
  static bool HasAll(const json& schema, const json& body) {
    if (body.size() != schema["properties"].size()) return false;
    for (const auto& [name, type] : schema["properties"].items())
      if (!body.contains(name) ||
          (type.contains("enum") &&
           std::ranges::find(type["enum"], body[name]) == type["enum"].end()))
        return false;
    return true;
  }

  json document_;
};

TEST_F(OpenApiTest, WhatIsNoOperationIsDescribedToo) {
  const json& others = document_["components"]["responses"];
  const auto described = [&](const char* name, const Reply& reply) {
    return HasWhatIsRequired(others[name]["content"]["application/json"]["schema"], reply.json());
  };
  const Reply nowhere = Ask(Request("GET", "/nowhere"));
  EXPECT_EQ(nowhere.status, 404);
  EXPECT_TRUE(described("NotFound", nowhere));
  const Reply got = Ask(Request("GET", "/v1/events"));
  EXPECT_EQ(got.status, 405);
  EXPECT_TRUE(described("MethodNotAllowed", got));
  EXPECT_TRUE(got.Has("\r\nAllow: "));
}

TEST_F(OpenApiTest, PagesAreAskedByHeadToo) {
  service->details = [] { return R"("kafka":"ok","edge_memory":"failing")"; };
  for (const char* page : {"/livez", "/readyz", "/openapi.json"}) {
    EXPECT_TRUE(document_["paths"][page].contains("head")) << page;
    const Reply reply = Ask(Request("HEAD", page, "Connection: close\r\n"));
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "");
  }
  service->draining = true;
  EXPECT_TRUE(document_["paths"]["/readyz"]["head"]["responses"].contains(
      std::to_string(Ask(Request("HEAD", "/readyz", "Connection: close\r\n")).status)));
  EXPECT_TRUE(HasAll(document_["components"]["schemas"]["Readiness"],
                     Ask(Request("GET", "/readyz")).json()));
}

TEST_F(OpenApiTest, EachStatusOfAPathForBatchesHappensAndNoOther) {
  ProvokeAll("/v1/events");
  sink.SetMode(FakeSink::Mode::kAcknowledge);
  std::string many = R"([{"no":1})";
  for (int i = 0; i < 300; ++i) many += R"(,{"id":1})";
  Provoke("/v1/events", Event("/v1/events", many + "]"));
  Provoke("/v1/events", Event("/v1/events", many + "]"));
  EXPECT_EQ(provoked_, Documented("/v1/events"));
}

TEST_F(OpenApiTest, EachStatusOfAPathForSingleEventsHappensAndNoOther) {
  ProvokeAll("/one");
  sink.SetMode(FakeSink::Mode::kAcknowledge);
  for (int i = 0; i < 2000 && !provoked_.contains("429"); ++i)
    Provoke("/one", Event("/one", R"({"id":1})"));
  EXPECT_EQ(provoked_, Documented("/one"));
}

}  // namespace
}  // namespace semel::ingest
