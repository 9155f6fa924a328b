#include "wiring/until_end.h"

#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <mutex>

namespace semel {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::chrono::seconds kPatience{20};
constexpr milliseconds kLonger{700};  // than it takes to look three times

using Offsets = std::map<kafka::Partition, kafka::CommittedOffset>;

/// What a group has committed, as the test says it.
class Group {
 public:
  void Set(Result<Offsets> answer) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
  }
  Result<Offsets> Ask(std::span<const kafka::Partition> partitions) {
    const std::lock_guard lock(mutex_);
    asked_.emplace_back(partitions.begin(), partitions.end());
    return answer_;
  }
  std::vector<std::vector<kafka::Partition>> Asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  std::mutex mutex_;
  Result<Offsets> answer_ = Offsets{};
  std::vector<std::vector<kafka::Partition>> asked_;
};

class FakeReader final : public kafka::LogReader {
 public:
  FakeReader(std::vector<Result<kafka::Watermarks>> marks, Group& group)
      : marks_(std::move(marks)), group_(group) {}

  Result<Offsets> Committed(std::span<const kafka::Partition> partitions,
                            kafka::Milliseconds /*timeout*/) override {
    return group_.Ask(partitions);
  }
  Result<kafka::Watermarks> Marks(const std::string& topic, kafka::Partition partition,
                                  kafka::Milliseconds /*timeout*/) override {
    EXPECT_EQ(topic, "in");
    return marks_.at(static_cast<std::size_t>(partition));
  }
  Result<kafka::Offset> OffsetAt(const std::string& /*topic*/, kafka::Partition /*partition*/,
                                 std::int64_t /*time_ms*/,
                                 kafka::Milliseconds /*timeout*/) override {
    return Unused();
  }
  Result<void> Open(const std::string& /*topic*/, kafka::Partition /*partition*/,
                    kafka::Offset /*from*/) override {
    return Unused();
  }
  Result<kafka::LogSlice> Read(kafka::Milliseconds /*timeout*/,
                               std::size_t /*max_bytes*/) override {
    return Unused();
  }
  void Close() override {}
  Result<std::optional<std::string>> PeekUncommitted(const std::string& /*topic*/,
                                                     kafka::Partition /*partition*/,
                                                     kafka::Offset /*from*/,
                                                     kafka::Milliseconds /*timeout*/) override {
    return Unused();
  }

 private:
  static Error Unused() { return {Action::kFail, "not for this"}; }

  std::vector<Result<kafka::Watermarks>> marks_;
  Group& group_;
};

class RecordingLogger final : public Logger {
 public:
  void Write(LogLevel level, std::string_view message,
             std::initializer_list<LogField> fields) override {
    if (level != LogLevel::kWarning) return;
    std::string line(message);
    for (const LogField& field : fields)
      line.append(" ").append(field.name).append("=").append(field.value);
    warnings.push_back(std::move(line));
  }
  std::vector<std::string> warnings;
};

kafka::Watermarks EndsAt(kafka::Offset end) { return {0, end, end}; }

class UntilEndTest : public testing::Test {
 protected:
  Result<std::unique_ptr<UntilEnd>> Open(std::vector<Result<kafka::Watermarks>> marks) {
    const int partitions = static_cast<int>(marks.size());
    return UntilEnd::Open(std::make_unique<FakeReader>(std::move(marks), group_), "in", partitions,
                          logger_);
  }

  /// Begins to watch partitions that end there.
  void Watch(std::vector<Result<kafka::Watermarks>> marks) {
    auto opened = Open(std::move(marks));
    ASSERT_TRUE(opened);
    end_ = std::move(*opened);
    end_->Start([this] { return ready_.load(); }, [this] { outcome_.set_value("reached"); },
                [this](const Error& error) { outcome_.set_value(error.message); });
  }

  bool Quiet() { return result_.wait_for(kLonger) == std::future_status::timeout; }
  std::string Outcome() {
    return result_.wait_for(kPatience) == std::future_status::ready ? result_.get() : "nothing";
  }

  RecordingLogger logger_;
  Group group_;
  std::atomic<bool> ready_ = true;
  std::promise<std::string> outcome_;
  std::future<std::string> result_ = outcome_.get_future();
  std::unique_ptr<UntilEnd> end_;  // ends first
};

TEST_F(UntilEndTest, IsReachedWhenEveryPartitionIsCommitted) {
  Watch({EndsAt(10), EndsAt(20)});
  EXPECT_TRUE(Quiet());
  group_.Set(Offsets{{0, {10}}, {1, {19}}});
  EXPECT_TRUE(Quiet());
  group_.Set(Offsets{{1, {25}}});
  EXPECT_EQ(Outcome(), "reached");
  EXPECT_EQ(group_.Asked().front(), (std::vector<kafka::Partition>{0, 1}));
  EXPECT_EQ(group_.Asked().back(), (std::vector<kafka::Partition>{1}));  // what is done is done
}

TEST_F(UntilEndTest, WaitsUntilThisProcessIsReady) {
  ready_ = false;
  group_.Set(Offsets{{0, {10}}});
  Watch({EndsAt(10)});
  EXPECT_TRUE(Quiet());
  ready_ = true;
  EXPECT_EQ(Outcome(), "reached");
}

TEST_F(UntilEndTest, OutlastsPassingFaultsAndReportsOthers) {
  group_.Set(Error{Action::kRetry, "a moment"});
  Watch({EndsAt(10)});
  EXPECT_TRUE(Quiet());
  group_.Set(Error{Action::kConnect, "no access"});
  EXPECT_EQ(Outcome(), "no access");
}

TEST_F(UntilEndTest, DoesNotWaitForOpenTransactions) {
  group_.Set(Offsets{{0, {10}}, {1, {5}}});
  Watch({kafka::Watermarks{0, 10, 14}, EndsAt(5)});
  EXPECT_EQ(Outcome(), "reached");
  EXPECT_THAT(logger_.warnings, ElementsAre(HasSubstr("topic=in partition=0 end=10 open=4")));
}

TEST_F(UntilEndTest, SaysWhyItCannotBegin) {
  const auto opened = Open({EndsAt(1), Error{Action::kStop, "no partition 1"}});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().message, "no partition 1");
}

TEST_F(UntilEndTest, EndsWithoutHavingStarted) { ASSERT_TRUE(Open({EndsAt(1)})); }

TEST_F(UntilEndTest, EndsWhileItWaits) {
  Watch({EndsAt(10)});
  end_.reset();
  EXPECT_TRUE(Quiet());
}

}  // namespace
}  // namespace semel
