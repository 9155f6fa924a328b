// Logs: times, the last stable offset, the start of the log, and what readers see.
#include "script.h"

namespace semel::conformance {
namespace {

constexpr std::int64_t kTime = 1'700'000'000'000;

}  // namespace

void Script::Timestamps() {
  Part("timestamps");
  world_.CreateTopic("timestamps-out", 1, {});
  world_.CreateTopic("timestamps-in", 1, {{"message.timestamp.type", "LogAppendTime"}});
  const auto client = world_.Open(LaneOf("timestamps"));
  const auto reader = std::move(*client->OpenLogReader());
  const Producer producer = Initialised(*client);
  Say("begin", Text(producer->Begin()));
  for (const kafka::TopicIndex topic : {0, 1}) {
    Say("produce",
        Text(producer->Produce({.topic = topic, .value = "a", .timestamp_ms = kTime, .tag = 1})));
    Say("produce, now", Text(producer->Produce({.topic = topic, .value = "b", .tag = 2})));
    const auto delivered = producer->Flush(kEnough);
    Say("flush", Text(delivered));
    if (!delivered) continue;
    for (const kafka::Delivered& each : *delivered)
      Say("time of " + std::to_string(each.tag), each.append_time_ms == kTime  ? "as given"
                                                 : each.append_time_ms > kTime ? "later"
                                                                               : "none");
  }
  Say("commit", Text(producer->Commit(kEnough)));
  for (const std::string topic : {"timestamps-out", "timestamps-in"}) {
    Say("visible", Text(Stable(*reader, topic)));
    static_cast<void>(reader->Open(world_.Topic(topic), 0, 0));
    std::size_t seen = 0;
    while (seen < 2) {
      const auto slice = reader->Read(kEnough, 1000);
      if (!slice || slice->records.empty()) break;
      for (const kafka::LogRecord& record : slice->records) {
        ++seen;
        Say("read " + std::to_string(record.offset),
            record.append_time_ms == kTime ? "as given" : "later");
      }
    }
  }
}

void Script::StartTimes() {
  Part("times");
  world_.CreateTopic("times-out", 1, {});
  const auto client = world_.Open(LaneOf("times"));
  const auto reader = std::move(*client->OpenLogReader());
  const auto at = [&](std::int64_t time) {
    Say("offset at " + std::to_string(time),
        Text(reader->OffsetAt(world_.Topic("times-out"), 0, kTime + time, kEnough)));
  };
  at(0);
  const Producer producer = Initialised(*client);
  for (const std::int64_t time : {10, 20, 15, 40}) {
    Say("begin", Text(producer->Begin()));
    Say("produce",
        Text(producer->Produce({.topic = 0, .value = "a", .timestamp_ms = kTime + time})));
    Say("flush", Text(producer->Flush(kEnough)));
    Say("commit", Text(producer->Commit(kEnough)));
    Say("visible", Text(Stable(*reader, "times-out")));
  }
  for (const std::int64_t time : {0, 10, 11, 15, 16, 20, 21, 40, 41}) at(time);
  at(std::int64_t{1} << 40U);
}

/// Records behind an open transaction are hidden, however they were committed.
void Script::LastStableOffset() {
  Part("stable");
  world_.CreateTopic("stable-out", 1, {});
  const auto a = world_.Open(LaneOf("stable", "a"));
  const auto b = world_.Open(LaneOf("stable", "b"));
  const auto reader = std::move(*a->OpenLogReader());
  const auto marks = [&] { return Text(reader->Marks(world_.Topic("stable-out"), 0, kEnough)); };
  const Producer one = Initialised(*a);
  const Producer two = Initialised(*b);
  Say("begin", Text(one->Begin()));
  Say("write", Text(Write(*one, {"a1"})));
  Say("begin the other", Text(two->Begin()));
  Say("write", Text(Write(*two, {"b1", "b2"})));
  Say("commit the other", Text(two->Commit(kEnough)));
  world_.clock().Sleep(std::chrono::milliseconds{1000});  // for its marker
  Say("marks", marks());
  Say("read", ReadAll(*reader, "stable-out"));
  Say("write", Text(Write(*one, {"a2"})));
  Say("marks", marks());
  Say("commit", Text(one->Commit(kEnough)));
  Say("stable", Text(Stable(*reader, "stable-out")));
  Say("read", ReadAll(*reader, "stable-out"));
  Say("begin", Text(one->Begin()));
  Say("write", Text(Write(*one, {"a3"})));
  Say("begin the other", Text(two->Begin()));
  Say("write", Text(Write(*two, {"b3"})));
  const Producer three = Initialised(*a);
  world_.clock().Sleep(std::chrono::milliseconds{1000});
  Say("marks", marks());
  Say("read", ReadAll(*reader, "stable-out"));
  Say("commit the other", Text(two->Commit(kEnough)));
  Say("stable", Text(Stable(*reader, "stable-out")));
  Say("read", ReadAll(*reader, "stable-out"));
}

/// The coordinator gives a transaction up that is open for too long.
void Script::Expiry() {
  Part("expiry");
  world_.CreateTopic("expiry-out", 1, {});
  const auto client = world_.Open(LaneOf("expiry"));
  const auto reader = std::move(*client->OpenLogReader());
  const Producer producer = Initialised(*client);
  Say("begin", Text(producer->Begin()));
  Say("write", Text(Write(*producer, {"a"})));
  Say("marks", Text(reader->Marks(world_.Topic("expiry-out"), 0, kEnough)));
  Say("expired", Text(Stable(*reader, "expiry-out")));
  Say("write", Text(Write(*producer, {"b"})));
  Say("commit", Text(producer->Commit(kEnough)));
  Say("begin", Text(producer->Begin()));
  const Producer next = Initialised(*client);
  Commit(*client, *next, "expiry-out", {"c"});
  Say("read", ReadAll(*reader, "expiry-out"));
}

void Script::LogStart() {
  Part("start");
  world_.CreateTopic("start-in", 1, {});
  const auto client = world_.Open(LaneOf("start"));
  const auto reader = std::move(*client->OpenLogReader());
  const Producer producer = Initialised(*client);
  Commit(*client, *producer, "start-in", {"a", "b", "c"});
  Commit(*client, *producer, "start-in", {"d", "e"});
  for (const kafka::Offset before : {2, 4}) {
    world_.DeleteRecords("start-in", 0, before);
    Say("marks", Text(reader->Marks(world_.Topic("start-in"), 0, kEnough)));
    Say("read", ReadAll(*reader, "start-in", before));
    Say("peek", Text(reader->PeekUncommitted(world_.Topic("start-in"), 0, 0, kEnough)));
    Say("from the very start", ReadAll(*reader, "start-in", 0));
    Say("beyond the end", ReadAll(*reader, "start-in", 1000));
    Say("the first time", Text(reader->OffsetAt(world_.Topic("start-in"), 0, 1, kEnough)));
  }
  for (const kafka::Offset from : {0, 1000}) {
    Member member = Join(LaneOf("start"), "a");
    Settle({&member}, 1);
    Say("fetch what is not there", Text(member.consumer->StartFetching({{0, from}})));
    Say("poll", Drain(*member.consumer, 0, -1));
    Say("leave", Text(member.consumer->Leave(kEnough)));
  }
  world_.DeleteRecords("start-in", 0, 7);
  Say("marks of nothing", Text(reader->Marks(world_.Topic("start-in"), 0, kEnough)));
  Say("read nothing", ReadAll(*reader, "start-in", 7));
}

void Script::Reading() {
  Part("reading");
  world_.CreateTopic("reading-in", 2, {});
  const auto client = world_.Open(LaneOf("reading", "w"));
  const Producer producer = Initialised(*client);
  Commit(*client, *producer, "reading-in", {"a", "b"});
  Commit(*client, *producer, "reading-in", {"c"}, 1);
  {
    const auto other = world_.Open(LaneOf("reading", "aborts"));
    const Producer aborted = Initialised(*other);
    Say("begin", Text(aborted->Begin()));
    Say("write", Text(Write(*aborted, {"x", "y"}, 1)));
    Say("replace it",
        Text(other->AbortTransactionOf(world_.TransactionalId("reading-aborts"), kEnough)));
  }
  Member member = Join(LaneOf("reading"), "a");
  kafka::InputConsumer& consumer = *member.consumer;
  Settle({&member}, 2);
  SayMembers("joined", {&member}, false);
  Say("fetch", Text(consumer.StartFetching({{0, 0}, {1, 0}})));
  Say("drain", Drain(consumer, 0, 6));
  Say("known end", std::to_string(consumer.KnownEnd(0).value_or(-1)));
  Say("one at a time", Text(consumer.Seek({{0, 0}})));
  Say("drain", Drain(consumer, 0, 6, 1));
  Say("fetch what is not ours", Text(consumer.StartFetching({{7, 0}})));
  Commit(*client, *producer, "reading-in", {"d", "e"});
  Say("drain what came", Drain(consumer, 0, 9));
  Say("begin", Text(producer->Begin()));
  Say("write", Text(Write(*producer, {"f"}, 1)));
  world_.clock().Sleep(std::chrono::milliseconds{1500});  // for fetches to see it
  const auto polled = consumer.Poll(std::chrono::milliseconds{500}, 10);
  Say("nothing yet",
      polled && polled->batch->records().empty() && polled->ends.empty() ? "nothing" : "news");
  Say("known end", std::to_string(consumer.KnownEnd(0).value_or(-1)));
  Say("commit", Text(producer->Commit(kEnough)));
  Say("drain", Drain(consumer, 0, 11));
  Say("leave", Text(consumer.Leave(kEnough)));
}

void Script::ReadingMoves() {
  Part("moves");
  world_.CreateTopic("moves-in", 2, {});
  const auto client = world_.Open(LaneOf("moves", "w"));
  const Producer producer = Initialised(*client);
  for (const kafka::Partition partition : {0, 1})
    Commit(*client, *producer, "moves-in", {"a", "b", "c"}, partition);
  for (const bool cooperative : {false, true}) {
    Lane lane = LaneOf("moves");
    lane.cooperative = cooperative;
    Member member = Join(lane, "a");
    kafka::InputConsumer& consumer = *member.consumer;
    Settle({&member}, 2);
    Say("fetch one", Text(consumer.StartFetching({{0, 1}})));
    Say("drain", Drain(consumer, 0, 4));
    Say("move the other", Text(consumer.Seek({{1, 0}})));
    Say("fetch the other", Text(consumer.StartFetching({{1, 2}})));
    Say("drain", Drain(consumer, 1, 4));
    Say("move back", Text(consumer.Seek({{0, 2}, {1, 1}})));
    Say("drain", Drain(consumer, 1, 4).ends_with("end 4") ? "end 4" : "no end");
    const std::vector<kafka::Partition> first{0};
    Say("stop one", Text(consumer.StopFetching(first)));
    Say("move what is stopped", Text(consumer.Seek({{0, 0}})));
    Say("move back", Text(consumer.Seek({{1, 0}})));
    Say("drain", Drain(consumer, 1, 4));
    Say("fetch again", Text(consumer.StartFetching({{0, 0}})));
    Say("drain", Drain(consumer, 0, 4));
    Say("fetch from the end", Text(consumer.Seek({{0, 4}})));
    Say("drain", Drain(consumer, 0, 4));
    Say("leave", Text(consumer.Leave(kEnough)));
    Say("no membership", consumer.Membership()->fenced() ? "fenced" : "empty");
  }
}

}  // namespace semel::conformance
