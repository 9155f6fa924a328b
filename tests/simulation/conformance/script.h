// A script of client steps. Each step prints a line of what was observed, without anything that
// depends on time or on random names, so that two worlds that behave alike print the same.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "world.h"

namespace semel::conformance {

inline constexpr kafka::Milliseconds kEnough{20'000};

std::string Text(const Result<void>& result);
std::string Text(const Result<std::vector<kafka::Delivered>>& result);
std::string Text(const kafka::CommitResult& result);
std::string Text(const Result<kafka::Watermarks>& result);
std::string Text(const Result<std::map<kafka::Partition, kafka::CommittedOffset>>& result);
std::string Text(const Result<kafka::Offset>& result);
std::string Text(const Result<std::optional<std::string>>& result);

class Script {
 public:
  explicit Script(World& world) : world_(world) {}

  void Run();

 private:
  using Producer = std::unique_ptr<kafka::TransactionalProducer>;

  // The parts, each with topics, groups and ids of its own.
  void Transactions();
  void Misuse();
  void Fencing();
  void FencedAt(int phase);
  void AbortOnDestruction();
  void Refusals();
  void Timestamps();
  void LastStableOffset();
  void Expiry();
  void LogStart();
  void Reading();
  void ReadingMoves();
  void GroupOffsets();
  void StaleTokens();
  void UnstableOffsets();
  void EagerGroup();
  void CooperativeGroup();
  void DynamicGroup();
  void StartTimes();

  /// Prints the line.
  void Say(const std::string& what, const std::string& seen);
  void Part(const std::string& name);

  Lane LaneOf(const std::string& name, const std::string& instance = "a") const;
  Producer Initialised(kafka::Client& client);
  /// Begins, writes the values to a partition of topic `topic`, flushes.
  Result<std::vector<kafka::Delivered>> Write(kafka::TransactionalProducer& producer,
                                              const std::vector<std::string>& values,
                                              kafka::TopicIndex topic = 0,
                                              kafka::Partition partition = 0);
  /// A transaction of its own, committed and visible.
  void Commit(kafka::Client& client, kafka::TransactionalProducer& producer,
              const std::string& topic, const std::vector<std::string>& values,
              kafka::Partition partition = 0);
  /// Once the stable end has reached the end, or after a while as they are.
  Result<kafka::Watermarks> Stable(kafka::LogReader& reader, const std::string& topic,
                                   kafka::Partition partition = 0);
  /// All that a log reader is given up to the end that it is told.
  std::string ReadAll(kafka::LogReader& reader, const std::string& topic, kafka::Offset from = 0,
                      kafka::Partition partition = 0);
  /// All that a consumer is given until it is told `end` of `partition`.
  std::string Drain(kafka::InputConsumer& consumer, kafka::Partition partition, kafka::Offset end,
                    std::size_t max_records = 1000);

  struct Member {
    std::string name;
    std::unique_ptr<kafka::Client> client;
    std::unique_ptr<kafka::InputConsumer> consumer;
    std::set<kafka::Partition> owned{};
    std::string events{};
  };
  Member Join(const Lane& lane, const std::string& name);
  /// Serves the members until they have `partitions` together and nothing happens any more.
  void Settle(const std::vector<Member*>& members, std::size_t partitions);
  void SayMembers(const std::string& what, const std::vector<Member*>& members, bool counts_only);

  World& world_;
  std::string part_;
  int step_ = 0;
};

}  // namespace semel::conformance
