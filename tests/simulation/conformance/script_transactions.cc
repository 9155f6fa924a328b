// Producers: what becomes of transactions.
#include "script.h"

namespace semel::conformance {

void Script::Transactions() {
  Part("transactions");
  world_.CreateTopic("transactions-out", 2, {});
  const auto client = world_.Open(LaneOf("transactions"));
  const auto reader = std::move(*client->OpenLogReader());
  Say("an empty log", Text(reader->Marks(world_.Topic("transactions-out"), 0, kEnough)));
  Say("read it", ReadAll(*reader, "transactions-out"));
  const Producer producer = Initialised(*client);
  Say("begin", Text(producer->Begin()));
  Say("write", Text(Write(*producer, {"a", "b", "c"})));
  Say("before the commit", Text(reader->Marks(world_.Topic("transactions-out"), 0, kEnough)));
  Say("read before the commit", ReadAll(*reader, "transactions-out"));
  Say("peek", Text(reader->PeekUncommitted(world_.Topic("transactions-out"), 0, 1, kEnough)));
  Say("write more", Text(Write(*producer, {"d"}, 0, 1)));
  Say("commit", Text(producer->Commit(kEnough)));
  for (const kafka::Partition partition : {0, 1}) {
    Say("after the commit", Text(Stable(*reader, "transactions-out", partition)));
    Say("read", ReadAll(*reader, "transactions-out", 0, partition));
  }
  for (int i = 0; i < 5; ++i)
    Commit(*client, *producer, "transactions-out", {"e" + std::to_string(i), "f"}, i % 2);
  Say("read all", ReadAll(*reader, "transactions-out"));
  Say("read from the middle", ReadAll(*reader, "transactions-out", 4));
  Say("read from a marker", ReadAll(*reader, "transactions-out", 3));
  Say("read from the end", ReadAll(*reader, "transactions-out", 13));
  for (const kafka::Offset from : {3, 12, 13, 14})
    Say("peek at " + std::to_string(from),
        Text(reader->PeekUncommitted(world_.Topic("transactions-out"), 0, from, kEnough)));
  Say("an empty transaction", Text(producer->Begin()));
  Say("its flush", Text(producer->Flush(kEnough)));
  Say("its commit", Text(producer->Commit(kEnough)));
  Say("left no trace", Text(reader->Marks(world_.Topic("transactions-out"), 0, kEnough)));
  Say("tainted", producer->tainted() ? "yes" : "no");
  Say("no such topic", Text(reader->Marks(world_.Topic("missing"), 0, kEnough)));
  Say("no such partition", Text(reader->Marks(world_.Topic("transactions-out"), 7, kEnough)));
}

void Script::Misuse() {
  Part("misuse");
  world_.CreateTopic("misuse-out", 1, {});
  const auto client = world_.Open(LaneOf("misuse"));
  {
    const Producer producer = std::move(*client->OpenProducer());
    Say("begin before init", Text(producer->Begin()));
  }
  {
    const Producer producer = Initialised(*client);
    Say("commit without begin", Text(producer->Commit(kEnough)));
    Say("tainted", producer->tainted() ? "yes" : "no");
  }
  {
    const Producer producer = Initialised(*client);
    Say("begin", Text(producer->Begin()));
    Say("begin again", Text(producer->Begin()));
    Say("tainted", producer->tainted() ? "yes" : "no");
  }
  {
    const Producer producer = Initialised(*client);
    Say("begin", Text(producer->Begin()));
    Say("no such topic", Text(producer->Produce({.topic = 7, .value = "a"})));
    Say("tainted", producer->tainted() ? "yes" : "no");
  }
  {
    const Producer producer = Initialised(*client);
    Say("flush without begin", Text(producer->Flush(kEnough)));
    Say("produce without begin", Text(producer->Produce({.topic = 0, .value = "a"})));
  }
  {
    const Producer producer = Initialised(*client);
    Say("begin", Text(producer->Begin()));
    Say("no token", Text(producer->SendOffsets({{0, {1}}}, {}, kEnough)));
    Say("tainted", producer->tainted() ? "yes" : "no");
    Say("commit", Text(producer->Commit(kEnough)));
  }
}

/// Another producer takes the id when the first one is in each of its states.
void Script::Fencing() {
  Part("fencing");
  world_.CreateTopic("fencing-out", 1, {});
  world_.CreateTopic("fencing-in", 1, {});
  for (int phase = 0; phase < 5; ++phase) FencedAt(phase);
  const auto client = world_.Open(LaneOf("fencing", "victim"));
  const auto other = world_.Open(LaneOf("fencing", "b"));
  const auto reader = std::move(*client->OpenLogReader());
  const Producer producer = Initialised(*client);
  Say("begin", Text(producer->Begin()));
  Say("write", Text(Write(*producer, {"x"})));
  Say("abort from outside",
      Text(other->AbortTransactionOf(world_.TransactionalId("fencing-victim"), kEnough)));
  Say("marks", Text(Stable(*reader, "fencing-out")));
  Say("abort it again",
      Text(other->AbortTransactionOf(world_.TransactionalId("fencing-victim"), kEnough)));
  Say("commit", Text(producer->Commit(kEnough)));
  Say("begin again", Text(producer->Begin()));
  Say("abort one that never was",
      Text(other->AbortTransactionOf(world_.TransactionalId("fencing-nobody"), kEnough)));
  Say("read all", ReadAll(*reader, "fencing-out"));
}

void Script::FencedAt(int phase) {
  const std::string id = "p" + std::to_string(phase);
  const auto client = world_.Open(LaneOf("fencing", id));
  const auto reader = std::move(*client->OpenLogReader());
  const Producer first = Initialised(*client);
  if (phase >= 1) Say("begin", Text(first->Begin()));
  if (phase >= 2) Say("write", Text(Write(*first, {id + "a", id + "b"})));
  if (phase >= 3) Say("write more", Text(Write(*first, {id + "c"})));
  if (phase >= 4) Say("commit", Text(first->Commit(kEnough)));
  const Producer second = Initialised(*client);
  Say("marks after the fence", Text(Stable(*reader, "fencing-out")));
  if (phase == 0 || phase >= 4) Say("begin fenced", Text(first->Begin()));
  if (phase == 3) {
    Say("commit fenced", Text(first->Commit(kEnough)));
  } else {
    Say("produce fenced", Text(first->Produce({.topic = 0, .value = id})));
    Say("flush fenced", Text(first->Flush(kEnough)));
    Say("offsets fenced", Text(first->SendOffsets({{0, {1}}}, {}, kEnough)));
    Say("commit fenced", Text(first->Commit(kEnough)));
  }
  Say("tainted", first->tainted() ? "yes" : "no");
  Say("begin fenced again", Text(first->Begin()));
  Commit(*client, *second, "fencing-out", {id + "z"});
}

void Script::AbortOnDestruction() {
  Part("destroyed");
  world_.CreateTopic("destroyed-out", 1, {});
  const auto client = world_.Open(LaneOf("destroyed"));
  const auto reader = std::move(*client->OpenLogReader());
  {
    const Producer producer = Initialised(*client);
    Say("begin", Text(producer->Begin()));
    Say("write", Text(Write(*producer, {"a", "b"})));
  }
  Say("marks", Text(Stable(*reader, "destroyed-out")));
  {
    const Producer producer = Initialised(*client);
    Say("begin", Text(producer->Begin()));
  }
  {
    const Producer producer = Initialised(*client);
    Say("marks", Text(Stable(*reader, "destroyed-out")));
    Commit(*client, *producer, "destroyed-out", {"c"});
  }
  {
    const Producer producer = Initialised(*client);
    Say("begin", Text(producer->Begin()));
    Say("write", Text(Write(*producer, {"d"})));
  }
  Say("marks", Text(Stable(*reader, "destroyed-out")));
  Say("read", ReadAll(*reader, "destroyed-out"));
}

void Script::Refusals() {
  Part("refusals");
  world_.CreateTopic("refusals-out", 1, {{"max.message.bytes", "2000"}});
  world_.CreateTopic("refusals-in", 1, {});
  const auto client = world_.Open(LaneOf("refusals"));
  const auto reader = std::move(*client->OpenLogReader());
  // What lz4 makes no smaller.
  std::string large;
  std::uint32_t state = 1;
  for (int i = 0; i < 8000; ++i) {
    state = state * 1664525U + 1013904223U;
    large += static_cast<char>(state >> 24U);
  }
  for (const bool others_first : {false, true}) {
    const Producer producer = Initialised(*client);
    Say("begin", Text(producer->Begin()));
    if (others_first) Say("write small ones", Text(Write(*producer, {"a"})));
    if (others_first) Say("elsewhere", Text(Write(*producer, {"b"}, 1)));
    Say("write a large one", Text(Write(*producer, {large})));
    Say("tainted", producer->tainted() ? "yes" : "no");
    Say("produce again", Text(producer->Produce({.topic = 0, .value = "c"})));
    Say("flush again", Text(producer->Flush(kEnough)));
    Say("commit", Text(producer->Commit(kEnough)));
    const Producer next = Initialised(*client);
    Commit(*client, *next, "refusals-out", {"d"});
  }
  Say("read", ReadAll(*reader, "refusals-out"));
  Say("read elsewhere", ReadAll(*reader, "refusals-in"));
}

}  // namespace semel::conformance
