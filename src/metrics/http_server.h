// A small HTTP/1.1 server for operators: a few fixed paths, answered from memory.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "semel/result.h"

namespace semel::metrics {

struct HttpAnswer {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body{};
  /// What a browser may load and run for it: nothing, unless an answer says so.
  std::string content_security_policy = "default-src 'none'; frame-ancestors 'none'";
};

/// Path (without query) -> what answers GET and HEAD there. Called on the server's thread, one at a
/// time; must not wait.
using HttpRoutes = std::map<std::string, std::function<HttpAnswer()>>;

/// Serves `routes` until it is destroyed, which takes no longer than one handler.
/// Bounds: a connection carries one request and lives at most 5 s, its header is at most 8 KiB, and
/// at most 64 connections are open; further ones are closed unanswered.
/// Threads: has one of its own.
class HttpServer {
 public:
  /// `address`: HOST:PORT, [IPV6]:PORT or :PORT (all interfaces); port 0 takes a free one.
  /// Errors: kFix, when the address cannot be read, resolved or bound.
  static Result<std::unique_ptr<HttpServer>> Start(const std::string& address, HttpRoutes routes);

  HttpServer() = default;
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  virtual ~HttpServer() = default;

  virtual std::uint16_t port() const = 0;
};

}  // namespace semel::metrics
