#include "tests/unit/redis/redis_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

namespace semel::redis_test {
namespace {

constexpr std::chrono::seconds kPatience{30};

std::uint16_t FreePort() {
  const int socket_fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(bind(socket_fd, generic, size), 0);
  EXPECT_EQ(getsockname(socket_fd, generic, &size), 0);
  close(socket_fd);
  return ntohs(address.sin_port);
}

void Collect(const redisReply& reply, std::vector<std::string>& texts) {
  if (reply.type == REDIS_REPLY_ARRAY) {
    for (std::size_t i = 0; i < reply.elements; ++i) Collect(*reply.element[i], texts);
  } else if (reply.type == REDIS_REPLY_INTEGER) {
    texts.push_back(std::to_string(reply.integer));
  } else if (reply.type != REDIS_REPLY_NIL) {
    texts.emplace_back(reply.str, reply.len);
  }
}

}  // namespace

RedisServer::RedisServer(const std::vector<std::string>& arguments)
    : arguments_(arguments), port_(FreePort()) {
  Start();
}

RedisServer::~RedisServer() { Kill(); }

void RedisServer::Start() {
  std::vector<std::string> words = {"redis-server",
                                    "--port",
                                    std::to_string(port_),
                                    "--bind",
                                    "127.0.0.1",
                                    "--save",
                                    "",
                                    "--dir",
                                    testing::TempDir(),
                                    "--loglevel",
                                    "warning"};
  words.insert(words.end(), arguments_.begin(), arguments_.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  process_ = fork();
  if (process_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // it does not outlive a test that crashes
    const int nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, STDOUT_FILENO);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!redis::Connection::Open(access(), std::chrono::seconds(1))) {
    int status = 0;
    ASSERT_EQ(waitpid(process_, &status, WNOHANG), 0) << "redis-server ended: is it installed?";
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "redis-server does not answer";
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

void RedisServer::Kill() {
  if (process_ < 0) return;
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  process_ = -1;
}

void RedisServer::Signal(int signal) const { kill(process_, signal); }

redis::Access RedisServer::access() const {
  return {.address = {.host = "127.0.0.1", .port = port_}};
}

std::vector<std::string> RedisServer::Do(const redis::Command& command) const {
  std::vector<std::string> texts;
  const auto connection = redis::Connection::Open(access(), kPatience);
  if (!connection) {
    ADD_FAILURE() << connection.error().message;
    return texts;
  }
  const auto replies = (*connection)->Ask({&command, 1}, kPatience);
  if (replies) Collect(*replies->front(), texts);
  return texts;
}

}  // namespace semel::redis_test
