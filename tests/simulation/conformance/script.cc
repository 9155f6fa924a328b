#include "script.h"

#include <algorithm>
#include <cstdio>
#include <iostream>

namespace semel::conformance {
namespace {

std::string Text(const Error& error) { return std::string("error ") + ToString(error.action); }

}  // namespace

std::string Text(const Result<void>& result) { return result ? "ok" : Text(result.error()); }

std::string Text(const Result<std::vector<kafka::Delivered>>& result) {
  if (!result) return Text(result.error());
  auto delivered = *result;
  std::sort(delivered.begin(), delivered.end(),
            [](const auto& one, const auto& other) { return one.tag < other.tag; });
  std::string text = "ok";
  for (const kafka::Delivered& each : delivered)
    text += " " + std::to_string(each.tag) + "@" + std::to_string(each.offset);
  return text;
}

std::string Text(const kafka::CommitResult& result) {
  if (result.outcome == kafka::CommitOutcome::kCommitted) return "committed";
  return "unknown, " + Text(result.error);
}

std::string Text(const Result<kafka::Watermarks>& result) {
  if (!result) return Text(result.error());
  return "low " + std::to_string(result->low) + " stable " + std::to_string(result->last_stable) +
         " high " + std::to_string(result->high);
}

std::string Text(const Result<std::map<kafka::Partition, kafka::CommittedOffset>>& result) {
  if (!result) return Text(result.error());
  std::string text = "ok";
  for (const auto& [partition, offset] : *result)
    text += " " + std::to_string(partition) + "@" + std::to_string(offset.offset) + "(" +
            offset.metadata + ")";
  return text;
}

std::string Text(const Result<kafka::Offset>& result) {
  return result ? std::to_string(*result) : Text(result.error());
}

std::string Text(const Result<std::optional<std::string>>& result) {
  if (!result) return Text(result.error());
  return *result ? **result : "nothing";
}

void Script::Part(const std::string& name) { part_ = name; }

void Script::Say(const std::string& what, const std::string& seen) {
  std::cout << ++step_ << ' ' << part_ << ": " << what << ": " << seen << std::endl;
}

Lane Script::LaneOf(const std::string& name, const std::string& instance) const {
  return {.group = name,
          .input = name + "-in",
          .instance = instance,
          .transactional_id = name + "-" + instance,
          .topics = {name + "-out", name + "-in"}};
}

Script::Producer Script::Initialised(kafka::Client& client) {
  Producer producer = std::move(*client.OpenProducer());
  Say("open a producer", Text(producer->Init(kEnough)));
  return producer;
}

Result<std::vector<kafka::Delivered>> Script::Write(kafka::TransactionalProducer& producer,
                                                    const std::vector<std::string>& values,
                                                    kafka::TopicIndex topic,
                                                    kafka::Partition partition) {
  std::uint64_t tag = 0;
  for (const std::string& value : values)
    SEMEL_TRY(producer.Produce(
        {.topic = topic, .partition = partition, .key = "k", .value = value, .tag = ++tag}));
  return producer.Flush(kEnough);
}

void Script::Commit(kafka::Client& client, kafka::TransactionalProducer& producer,
                    const std::string& topic, const std::vector<std::string>& values,
                    kafka::Partition partition) {
  const kafka::TopicIndex index = topic.ends_with("-in") ? 1 : 0;
  Say("begin", Text(producer.Begin()));
  Say("write to " + topic + " " + std::to_string(partition),
      Text(Write(producer, values, index, partition)));
  Say("commit", Text(producer.Commit(kEnough)));
  const auto reader = std::move(*client.OpenLogReader());
  Say("visible", Text(Stable(*reader, topic, partition)));
}

Result<kafka::Watermarks> Script::Stable(kafka::LogReader& reader, const std::string& topic,
                                         kafka::Partition partition) {
  const auto deadline = world_.clock().Now() + kEnough;
  while (true) {
    auto marks = reader.Marks(world_.Topic(topic), partition, kEnough);
    const bool stable = marks && marks->last_stable == marks->high;
    if (stable || world_.clock().Now() > deadline) return marks;
    world_.clock().Sleep(std::chrono::milliseconds{20});
  }
}

std::string Script::ReadAll(kafka::LogReader& reader, const std::string& topic, kafka::Offset from,
                            kafka::Partition partition) {
  if (const auto opened = reader.Open(world_.Topic(topic), partition, from); !opened)
    return Text(opened);
  const auto deadline = world_.clock().Now() + kEnough;
  std::string text;
  std::optional<kafka::Offset> end;
  while (!end && world_.clock().Now() < deadline) {
    const auto slice = reader.Read(std::chrono::milliseconds{500}, 1 << 20);
    if (!slice) return text + Text(slice.error());
    for (const kafka::LogRecord& record : slice->records)
      text += std::to_string(record.offset) + "=" + std::string(record.value) + " ";
    end = slice->end;
  }
  reader.Close();
  return text + (end ? "end " + std::to_string(*end) : "no end");
}

std::string Script::Drain(kafka::InputConsumer& consumer, kafka::Partition partition,
                          kafka::Offset end, std::size_t max_records) {
  const auto deadline = world_.clock().Now() + kEnough;
  std::map<kafka::Partition, std::string> seen;  // whose turn it is is nobody's promise
  std::string text;
  bool done = false;
  while (!done && text.empty() && world_.clock().Now() < deadline) {
    const auto polled = consumer.Poll(std::chrono::milliseconds{500}, max_records);
    if (!polled) {
      text = Text(polled.error());
      break;
    }
    if (polled->batch->records().size() > max_records) text += "too many";
    for (const Record& record : polled->batch->records())
      seen[record.partition] += std::to_string(record.partition) + "/" +
                                std::to_string(record.offset) + "=" +
                                std::string(record.value.value_or("null")) + " ";
    if (polled->rebalance) text += "a rebalance";
    for (const kafka::EndOfPartition& at : polled->ends)
      done |= at.partition == partition && at.offset == end;
  }
  std::string all;
  for (const auto& [from, records] : seen) all += records;
  if (!text.empty()) return all + text;
  return all + (done ? "end " + std::to_string(end) : "no end");
}

void Script::Run() {
  Transactions();
  Misuse();
  Fencing();
  AbortOnDestruction();
  Refusals();
  Timestamps();
  StartTimes();
  LastStableOffset();
  LogStart();
  Reading();
  ReadingMoves();
  GroupOffsets();
  UnstableOffsets();
  StaleTokens();
  EagerGroup();
  CooperativeGroup();
  DynamicGroup();
  Expiry();
}

}  // namespace semel::conformance
