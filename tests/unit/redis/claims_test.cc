#include "redis/claims.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <signal.h>

#include <array>
#include <atomic>
#include <boost/asio.hpp>
#include <string_view>
#include <thread>

#include "tests/unit/redis/one_redis.h"
#include "tests/unit/seen_set/helpers.h"

namespace {

constexpr const char* kHangs = "hangs.invalid";
std::atomic<bool> name_server_answers = false;
std::atomic<bool> looked_up = false;

}  // namespace

/// In the place of the C library's, for one name.
extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints,
                           addrinfo** found) {
  if (name != nullptr && std::string_view(name) == kHangs) {
    for (int tries = 0; !name_server_answers && tries < 1000; ++tries)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    looked_up = true;
    return EAI_AGAIN;
  }
  static const auto next =
      reinterpret_cast<decltype(&getaddrinfo)>(dlsym(RTLD_NEXT, "getaddrinfo"));
  return next(name, service, hints, found);
}

namespace semel::redis_test {
namespace {

using redis::Ask;
using redis::Known;
using seen_set_test::Key;

constexpr std::chrono::milliseconds kWindow{6400};

class ClaimsTest : public testing::Test {
 protected:
  Action Made(Lane& lane, bool remembers, const Fingerprint& event, std::int64_t offset) {
    std::vector<Known> known;
    const Ask ask{&event, {0, offset, 1'000'000}};
    const auto made = lane.claims.Make(0, remembers, {&ask, 1}, known);
    if (made) first_ = known.front().first;
    error_ = made ? "" : made.error().message;
    return made ? Action::kFail : made.error().action;
  }

  const Fingerprint event_ = Key(1, 128);
  std::optional<redis::Claim> first_;
  std::string error_;
};

TEST_F(ClaimsTest, ALargeBatchIsOneCall) {
  Lane lane(Settings(kWindow, 128));
  std::vector<Fingerprint> events;
  for (std::uint64_t id = 0; id < 1000; ++id) events.push_back(Key(id % 900, 128));
  std::vector<Ask> asks;
  for (std::size_t i = 0; i < events.size(); ++i)
    asks.push_back({&events[i], {3, static_cast<std::int64_t>(i), 1'000'000}});
  std::vector<Known> known;
  ASSERT_TRUE(lane.claims.Make(3, false, asks, known));
  ASSERT_EQ(known.size(), asks.size());
  for (std::size_t i = 0; i < known.size(); ++i) {
    EXPECT_EQ(known[i].first.has_value(), i >= 900) << i;
    if (known[i].first) {
      EXPECT_EQ(known[i].first->offset, static_cast<std::int64_t>(i) - 900);
    }
  }
}

TEST_F(ClaimsTest, EntriesLiveAsLongAsTheyShould) {
  redis::ClaimSettings settings = Settings(kWindow, 128);
  settings.time_to_live = std::chrono::milliseconds(20'000);
  Lane lane(settings);
  EXPECT_EQ(Made(lane, false, event_, 1), Action::kFail);
  const auto left =
      OneRedis().Do({"PTTL", redis::EventKey(settings.prefix, event_, settings.bits)});
  ASSERT_EQ(left.size(), 1U);
  EXPECT_GT(std::stoll(left[0]), 10'000);
  EXPECT_LE(std::stoll(left[0]), 20'000);
}

TEST_F(ClaimsTest, ARedisThatForgotIsNoticed) {
  RedisServer server;
  Lane lane(Settings(kWindow, 128, server));
  EXPECT_EQ(Made(lane, false, event_, 1), Action::kFail);
  EXPECT_EQ(Made(lane, true, event_, 2), Action::kFail);
  EXPECT_EQ(first_->offset, 1);
  server.Do({"FLUSHALL"});
  EXPECT_EQ(Made(lane, true, event_, 3), Action::kStop);
  EXPECT_NE(error_.find("--accept-gap"), std::string::npos);
  EXPECT_EQ(Made(lane, false, event_, 3), Action::kFail) << "accepted";
  server.Kill();
  EXPECT_EQ(Made(lane, true, event_, 4), Action::kRetry);
  server.Start();
  EXPECT_EQ(Made(lane, true, event_, 4), Action::kStop) << "it keeps no file";
}

TEST_F(ClaimsTest, ARedisThatIsAwayIsWaitedForAndNotForEver) {
  RedisServer server;
  Lane lane(Settings(kWindow, 128, server));
  EXPECT_EQ(Made(lane, false, event_, 1), Action::kFail);
  server.Kill();
  EXPECT_EQ(Made(lane, true, event_, 2), Action::kRetry);
  for (int i = 0; i < 6; ++i) {
    lane.clock.now += std::chrono::seconds(23);
    EXPECT_EQ(Made(lane, true, event_, 2), Action::kRetry);
  }
  lane.clock.now += std::chrono::seconds(3);
  EXPECT_EQ(Made(lane, true, event_, 2), Action::kConnect);
  server.Start();
  EXPECT_EQ(Made(lane, false, event_, 2), Action::kFail);
  server.Kill();
  EXPECT_EQ(Made(lane, true, event_, 3), Action::kRetry) << "the time begins anew";
  lane.clock.now += std::chrono::seconds(200);
  EXPECT_EQ(Made(lane, true, event_, 3), Action::kRetry) << "nobody asked meanwhile";
}

TEST_F(ClaimsTest, ARedisThatHangsIsLeft) {
  RedisServer server;
  Lane lane(Settings(kWindow, 128, server));
  EXPECT_EQ(Made(lane, false, event_, 1), Action::kFail);
  server.Signal(SIGSTOP);
  EXPECT_EQ(Made(lane, true, event_, 2), Action::kRetry);
  server.Signal(SIGCONT);
  EXPECT_EQ(Made(lane, true, event_, 2), Action::kFail);
}

TEST_F(ClaimsTest, OneThatMayEvictIsRefused) {
  const RedisServer server({"--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru"});
  Lane lane(Settings(kWindow, 128, server));
  const auto connected = lane.claims.Connect();
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().action, Action::kStop);
  server.Do({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
  EXPECT_TRUE(lane.claims.Connect());
}

TEST_F(ClaimsTest, AFullRedisIsNotTakenForAnAnswer) {
  const RedisServer server;
  Lane lane(Settings(kWindow, 128, server));
  ASSERT_TRUE(lane.claims.Connect());
  server.Do({"CONFIG", "SET", "maxmemory", "1"});
  EXPECT_EQ(Made(lane, false, event_, 1), Action::kRetry);
  EXPECT_NE(error_.find("OOM"), std::string::npos) << error_;
  for (int i = 0; i < 6; ++i) {
    lane.clock.now += std::chrono::seconds(23);
    EXPECT_EQ(Made(lane, false, event_, 1), Action::kRetry);
  }
  lane.clock.now += std::chrono::seconds(3);
  EXPECT_EQ(Made(lane, false, event_, 1), Action::kConnect) << "connecting is not enough";
}

TEST_F(ClaimsTest, WhatOthersWroteIsNotTouched) {
  const redis::ClaimSettings settings = Settings(kWindow, 128);
  Lane lane(settings);
  const std::string key = redis::EventKey(settings.prefix, event_, settings.bits);
  OneRedis().Do({"SET", key, "theirs"});
  EXPECT_EQ(Made(lane, false, event_, 1), Action::kStop);
  EXPECT_NE(error_.find("we did not write"), std::string::npos) << error_;
  EXPECT_EQ(OneRedis().Do({"GET", key}), std::vector<std::string>{"theirs"});
  OneRedis().Do({"DEL", key});
  OneRedis().Do({"LPUSH", key, "1/2/3"});
  EXPECT_EQ(Made(lane, false, event_, 1), Action::kStop);
}

TEST_F(ClaimsTest, AFlushedScriptIsLoadedAgain) {
  Lane lane(Settings(kWindow, 128));
  EXPECT_EQ(Made(lane, false, event_, 1), Action::kFail);
  OneRedis().Do({"SCRIPT", "FLUSH"});
  EXPECT_EQ(Made(lane, true, event_, 2), Action::kRetry);
  EXPECT_EQ(Made(lane, true, event_, 2), Action::kFail);
  EXPECT_EQ(first_->offset, 1);
}

TEST_F(ClaimsTest, UsersArePartOfTheAddress) {
  const RedisServer server;
  server.Do({"ACL", "SETUSER", "semel", "on", ">hush", "~semel:*", "+get", "+set", "+del",
             "+exists", "+evalsha", "+script|load", "+info", "+select"});
  redis::ClaimSettings settings = Settings(kWindow, 128, server);
  settings.access.address.user = "semel";
  settings.access.password = "hush";
  Lane allowed(settings);
  EXPECT_EQ(Made(allowed, false, event_, 1), Action::kFail) << error_;
  std::vector<Known> known;
  const Ask release{&event_, {0, 1, 1'000'000}, Ask::What::kRelease};
  EXPECT_TRUE(allowed.claims.Make(0, true, {&release, 1}, known));
  settings.access.password = "wrong";
  Lane refused(settings);
  EXPECT_EQ(Made(refused, false, event_, 1), Action::kConnect);
  EXPECT_EQ(error_.find("wrong "), std::string::npos);
  EXPECT_NE(error_.find("WRONGPASS"), std::string::npos) << error_;
}

/// Says what a Sentinel says, to one that asks.
class Sentinel {
 public:
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  using tcp = boost::asio::ip::tcp;

  void Serve() {
    tcp::socket client = acceptor_.accept();
    const std::string info = "# Server\r\nredis_mode:sentinel\r\n";
    const std::string replies =
        "-ERR unknown command 'SELECT', with args beginning with: '0' \r\n$" +
        std::to_string(info.size()) + "\r\n" + info +
        "\r\n-ERR unknown command 'SCRIPT', with args beginning with:\r\n";
    boost::asio::write(client, boost::asio::buffer(replies));
    std::array<char, 512> asked{};
    boost::system::error_code ended;
    while (!ended) client.read_some(boost::asio::buffer(asked), ended);
  }

  boost::asio::io_context io_;
  tcp::acceptor acceptor_{io_, {boost::asio::ip::address_v4::loopback(), 0}};
  std::jthread thread_{[this] { Serve(); }};
};

TEST_F(ClaimsTest, ASentinelIsToldByItsName) {
  const Sentinel sentinel;
  redis::ClaimSettings settings = Settings(kWindow, 128);
  settings.access.address.port = sentinel.port();
  Lane lane(settings);
  EXPECT_EQ(Made(lane, false, event_, 1), Action::kFix);
  EXPECT_NE(error_.find("Sentinel"), std::string::npos) << error_;
  EXPECT_NE(error_.find("the master"), std::string::npos) << error_;
}

// Nobody waits for a look-up: the lane has a transaction open.
TEST_F(ClaimsTest, ANameServerThatHangsIsLeft) {
  redis::Access access;
  access.address.host = kHangs;
  const auto opened = redis::Connection::Open(access, std::chrono::milliseconds(50));
  EXPECT_FALSE(looked_up) << "it was waited for";
  name_server_answers = true;
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().action, Action::kRetry);
  EXPECT_NE(opened.error().message.find("name server"), std::string::npos);
}

TEST_F(ClaimsTest, WhatIsNoRedisIsLeft) {
  redis::ClaimSettings settings = Settings(kWindow, 128);
  settings.access.address.host = "no-such-host.invalid";
  Lane nowhere(settings);
  EXPECT_EQ(Made(nowhere, false, event_, 1), Action::kRetry);
  EXPECT_NE(error_.find("resolved"), std::string::npos) << error_;
}

}  // namespace
}  // namespace semel::redis_test
