// A server on a port of its own, with a Kafka that the test plays, and clients that send bytes.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "fake_sink.h"
#include "ingest/local_memory.h"
#include "ingest/openapi.h"
#include "ingest/server.h"

namespace semel::ingest {

struct Reply {
  int status = 0;  ///< 0: the connection ended without an answer
  std::string head;
  std::string body;

  nlohmann::json json() const { return nlohmann::json::parse(body, nullptr, false); }
  bool Has(std::string_view text) const { return head.find(text) != std::string::npos; }
};

class Client {
 public:
  explicit Client(std::uint16_t port) {
    socket_.connect({boost::asio::ip::make_address("127.0.0.1"), port});
    const timeval deadline{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline));
  }

  void Send(std::string_view bytes) {
    boost::system::error_code ignored;  // a server that has refused may not read the rest
    boost::asio::write(socket_, boost::asio::buffer(bytes.data(), bytes.size()), ignored);
  }

  Reply Read() {
    Reply reply;
    std::size_t end = std::string::npos;
    while ((end = held_.find("\r\n\r\n")) == std::string::npos)
      if (!More()) return reply;
    reply.head = held_.substr(0, end + 4);
    reply.status = std::stoi(reply.head.substr(9, 3));
    const std::size_t length = reply.head.find("Content-Length: ");
    const std::size_t size =
        length == std::string::npos ? 0 : std::stoul(reply.head.substr(length + 16));
    while (held_.size() < end + 4 + size)
      if (!More()) break;
    reply.body = held_.substr(end + 4, size);
    held_.erase(0, end + 4 + size);
    return reply;
  }

  Reply Ask(std::string_view bytes) {
    Send(bytes);
    return Read();
  }

  /// Has the server ended the connection?
  bool Ended() { return held_.empty() && !More(); }

 private:
  bool More() {
    std::array<char, 4096> bytes{};
    const auto size = ::recv(socket_.native_handle(), bytes.data(), bytes.size(), 0);
    if (size <= 0) return false;
    held_.append(bytes.data(), static_cast<std::size_t>(size));
    return true;
  }

  boost::asio::io_context io_;
  boost::asio::ip::tcp::socket socket_{io_};
  std::string held_;
};

inline std::string Post(std::string_view path, std::string_view body,
                        std::string_view fields = "") {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: here\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(fields) + "\r\n" + std::string(body);
}

inline std::string Request(std::string_view method, std::string_view path,
                           std::string_view fields = "") {
  return std::string(method) + " " + std::string(path) + " HTTP/1.1\r\nHost: here\r\n" +
         std::string(fields) + "\r\n";
}

class ServeTest : public testing::Test {
 protected:
  /// What a test changes before Start.
  Limits limits;
  Endpoint events{.path = "/v1/events", .topic = "events", .key = {.parts = {"json:/id"}}};
  std::optional<ApiKeys> keys;
  std::vector<std::string> cors_origins;
  bool remembers = false;
  FakeSink sink;

  void Start() {
    service = std::make_unique<Service>(limits);
    service->endpoints = {
        events,
        {.path = "/one", .topic = "ones", .key = {.parts = {"json:/id"}}, .batches = false}};
    for (int i = 0; i < 2; ++i)
      service->memories.push_back(remembers ? std::make_shared<LocalMemory>(
                                                  std::size_t{1} << 16U, 128, std::chrono::hours(1),
                                                  7, [] { return std::chrono::seconds(1); })
                                            : nullptr);
    service->keys = std::move(keys);
    service->cors_origins = cors_origins;
    service->openapi = OpenApi(*service, "0");
    service->sink = &sink;
    auto started = Server::Start({.listen = "127.0.0.1:0", .threads = 1}, *service);
    ASSERT_TRUE(started) << started.error().message;
    server = *std::move(started);
  }

  Client Connect() const { return Client(server->port()); }
  Reply Ask(std::string_view request) const { return Connect().Ask(request); }

  void TearDown() override {
    sink.Release(false);
    server.reset();
  }

  std::unique_ptr<Service> service;
  std::unique_ptr<Server> server;
};

}  // namespace semel::ingest
