#include "redis/connection.h"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

namespace semel::redis {
namespace {

namespace net = boost::asio;
namespace ssl = net::ssl;
using boost::system::error_code;
using net::ip::tcp;
using Endpoints = tcp::resolver::results_type;

constexpr std::size_t kReadBytes = std::size_t{16} * 1024;

struct FreeReader {
  void operator()(redisReader* reader) const { redisReaderFree(reader); }
};

void Append(const Command& command, std::string& out) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const std::string& part : command) {
    texts.push_back(part.data());
    sizes.push_back(part.size());
  }
  char* formatted = nullptr;
  const int size = redisFormatCommandArgv(&formatted, static_cast<int>(texts.size()), texts.data(),
                                          sizes.data());
  if (size > 0) out.append(formatted, static_cast<std::size_t>(size));
  redisFreeCommand(formatted);
}

}  // namespace

bool WillPass(std::string_view error) {
  constexpr std::array<std::string_view, 4> kPassing{"LOADING", "BUSY", "MASTERDOWN",
                                                     "ERR max number of clients"};
  return std::ranges::any_of(kPassing,
                             [&](std::string_view begin) { return error.starts_with(begin); });
}

void FreeReply::operator()(redisReply* reply) const { freeReplyObject(reply); }

std::string ErrorOf(const Reply& reply) {
  return reply->type == REDIS_REPLY_ERROR ? std::string(reply->str, reply->len) : std::string();
}

struct Connection::Impl {
  explicit Impl(const Access& given) : access(given) {}

  /// Runs one asynchronous operation until it ends or the time is over.
  template <typename Start>
  error_code Run(Start start) {
    // Shared: after a time-out the operation still exists, and reports to nobody.
    const auto result = std::make_shared<error_code>(net::error::would_block);
    start([result](const error_code& error, auto&&...) { *result = error; });
    io.restart();
    io.run_until(deadline);
    return *result == net::error::would_block ? error_code(net::error::timed_out) : *result;
  }

  Result<Endpoints> LookUp() const;
  Result<void> Connect();
  Result<void> Handshake();
  Result<void> LogIn();
  Result<std::vector<Reply>> Ask(std::span<const Command> commands);
  Result<void> Write(const std::string& bytes);
  Result<void> ReadSome();
  Error Lost(const std::string& why, Action action = Action::kRetry) const {
    return {action, ToString(access.address) + ": " + why};
  }

  const Access access;
  net::io_context io{1};
  tcp::socket socket{io};
  ssl::context tls{ssl::context::tls_client};
  std::optional<ssl::stream<tcp::socket&>> secured;
  std::unique_ptr<redisReader, FreeReader> reader{redisReaderCreate()};
  std::array<char, kReadBytes> buffer{};
  std::chrono::steady_clock::time_point deadline;
};

/// On a thread that nobody waits for: the system's look-up has no time limit, and Asio's own
/// asynchronous one is waited for when its io_context ends.
Result<Endpoints> Connection::Impl::LookUp() const {
  const auto answer = std::make_shared<std::promise<std::pair<error_code, Endpoints>>>();
  auto answered = answer->get_future();
  std::thread([answer, host = access.address.host, port = std::to_string(access.address.port)] {
    net::io_context own;
    error_code error;
    Endpoints found = tcp::resolver(own).resolve(host, port, error);
    answer->set_value({error, std::move(found)});
  }).detach();
  if (answered.wait_until(deadline) != std::future_status::ready)
    return Lost("the name cannot be resolved: the name server does not answer");
  auto [error, found] = answered.get();
  if (error) return Lost("the name cannot be resolved: " + error.message());
  return std::move(found);
}

Result<void> Connection::Impl::Connect() {
  SEMEL_TRY_ASSIGN(const Endpoints found, LookUp());
  error_code error = Run([&](auto done) { net::async_connect(socket, found, done); });
  if (error) return Lost("cannot connect: " + error.message());
  socket.set_option(tcp::no_delay(true), error);
  return access.address.tls ? Handshake() : Result<void>();
}

Result<void> Connection::Impl::Handshake() {
  error_code error;
  tls.set_options(ssl::context::default_workarounds | ssl::context::no_tlsv1 |
                  ssl::context::no_tlsv1_1);
  if (access.ca_file.empty()) {
    tls.set_default_verify_paths(error);
  } else {
    tls.load_verify_file(access.ca_file, error);
  }
  if (error) return Lost("the CA file cannot be read: " + error.message(), Action::kFix);
  secured.emplace(socket, tls);
  secured->set_verify_mode(ssl::verify_peer);
  secured->set_verify_callback(ssl::host_name_verification(access.address.host));
  // What SSL_set_tlsext_host_name does, without the cast in its macro.
  std::string host = access.address.host;
  SSL_ctrl(secured->native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
           host.data());
  error = Run([&](auto done) { secured->async_handshake(ssl::stream_base::client, done); });
  if (!error) return {};
  const bool refused = error.category() == net::error::get_ssl_category();
  return Lost("no TLS: " + error.message(), refused ? Action::kConnect : Action::kRetry);
}

Result<void> Connection::Impl::LogIn() {
  std::vector<Command> commands;
  if (const std::string password = access.password.Get(); !password.empty()) {
    commands.push_back({"AUTH"});
    if (!access.address.user.empty()) commands.back().push_back(access.address.user);
    commands.back().push_back(password);
  }
  commands.push_back({"SELECT", std::to_string(access.address.database)});
  SEMEL_TRY_ASSIGN(const std::vector<Reply> replies, Ask(commands));
  for (const Reply& reply : replies) {
    // A Sentinel has no databases. What it is, it says when it is asked for something.
    const std::string error = ErrorOf(reply);
    const bool unknown = error.starts_with("ERR unknown command");
    if (access.address.database == 0 && unknown && error.find("SELECT") != std::string::npos)
      continue;
    // An unknown command is quoted with its arguments.
    if (!error.empty())
      return Lost(error.substr(0, error.find(", with args")),
                  WillPass(error) ? Action::kRetry : Action::kConnect);
  }
  return {};
}

Result<void> Connection::Impl::Write(const std::string& bytes) {
  const error_code error = Run([&](auto done) {
    if (secured) {
      net::async_write(*secured, net::buffer(bytes), done);
    } else {
      net::async_write(socket, net::buffer(bytes), done);
    }
  });
  return error ? Result<void>(Lost("cannot be written to: " + error.message())) : Result<void>();
}

Result<void> Connection::Impl::ReadSome() {
  const auto size = std::make_shared<std::size_t>(0);
  const error_code error = Run([&](auto done) {
    const auto count = [size, done](const error_code& failed, std::size_t read) {
      *size = read;
      done(failed);
    };
    if (secured) {
      secured->async_read_some(net::buffer(buffer), count);
    } else {
      socket.async_read_some(net::buffer(buffer), count);
    }
  });
  if (error) return Lost("does not answer: " + error.message());
  if (redisReaderFeed(reader.get(), buffer.data(), *size) != REDIS_OK)
    return Lost(std::string("answers what is no Redis reply: ") + reader->errstr);
  return {};
}

Result<std::vector<Reply>> Connection::Impl::Ask(std::span<const Command> commands) {
  std::string bytes;
  for (const Command& command : commands) Append(command, bytes);
  SEMEL_TRY(Write(bytes));
  std::vector<Reply> replies;
  while (replies.size() < commands.size()) {
    void* reply = nullptr;
    if (redisReaderGetReply(reader.get(), &reply) != REDIS_OK)
      return Lost(std::string("answers what is no Redis reply: ") + reader->errstr);
    if (reply != nullptr) {
      replies.emplace_back(static_cast<redisReply*>(reply));
    } else {
      SEMEL_TRY(ReadSome());
    }
  }
  return replies;
}

Connection::Connection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Connection::~Connection() = default;

Result<std::unique_ptr<Connection>> Connection::Open(const Access& access,
                                                     std::chrono::milliseconds timeout) {
  auto impl = std::make_unique<Impl>(access);
  impl->deadline = std::chrono::steady_clock::now() + timeout;
  SEMEL_TRY(impl->Connect());
  SEMEL_TRY(impl->LogIn());
  return std::unique_ptr<Connection>(new Connection(std::move(impl)));
}

Result<std::vector<Reply>> Connection::Ask(std::span<const Command> commands,
                                           std::chrono::milliseconds timeout) {
  impl_->deadline = std::chrono::steady_clock::now() + timeout;
  return impl_->Ask(commands);
}

}  // namespace semel::redis
