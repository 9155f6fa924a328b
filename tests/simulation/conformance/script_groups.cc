// Groups: who has what, and whose offsets are taken.
#include "script.h"

namespace semel::conformance {
namespace {

using Kind = kafka::Rebalance::Kind;

std::string Text(const std::set<kafka::Partition>& partitions) {
  std::string text;
  for (const kafka::Partition partition : partitions)
    text += (text.empty() ? "" : ",") + std::to_string(partition);
  return text.empty() ? "none" : text;
}

}  // namespace

Script::Member Script::Join(const Lane& lane, const std::string& name) {
  Member member{.name = name, .client = world_.Open(lane), .consumer = nullptr};
  member.consumer = std::move(*member.client->OpenConsumer());
  return member;
}

void Script::Settle(const std::vector<Member*>& members, std::size_t partitions) {
  const auto deadline = world_.clock().Now() + 3 * kEnough;
  int quiet = 0;
  while (quiet < 8 && world_.clock().Now() < deadline) {
    ++quiet;
    std::size_t owned = 0;
    for (Member* member : members) {
      const auto polled = member->consumer->Poll(std::chrono::milliseconds{100}, 1000);
      if (!polled) {
        member->events += std::string("error ") + ToString(polled.error().action) + " ";
      } else if (polled->rebalance) {
        quiet = 0;
        const kafka::Rebalance& rebalance = *polled->rebalance;
        const std::set<kafka::Partition> moved(rebalance.partitions.begin(),
                                               rebalance.partitions.end());
        for (const kafka::Partition partition : moved) {
          if (rebalance.kind == Kind::kAssigned)
            member->owned.insert(partition);
          else
            member->owned.erase(partition);
        }
        const char* kind = rebalance.kind == Kind::kAssigned  ? "assigned "
                           : rebalance.kind == Kind::kRevoked ? "revoked "
                                                              : "lost ";
        member->events += kind + Text(moved) + " ";
        if (const auto done = member->consumer->Acknowledge(rebalance); !done)
          member->events += "(not acknowledged) ";
      }
      owned += member->owned.size();
    }
    if (owned != partitions) quiet = 0;
  }
  if (quiet < 8) members.front()->events += "(never settled) ";
}

void Script::SayMembers(const std::string& what, const std::vector<Member*>& members,
                        bool counts_only) {
  for (Member* member : members) {
    const std::string has =
        counts_only ? std::to_string(member->owned.size()) : Text(member->owned);
    Say(what + ", " + member->name,
        (counts_only ? "" : std::exchange(member->events, "")) + "has " + has + ", " +
            (member->consumer->Membership()->fenced() ? "a token" : "no token"));
    member->events.clear();
  }
}

void Script::GroupOffsets() {
  Part("offsets");
  world_.CreateTopic("offsets-in", 3, {});
  world_.CreateTopic("offsets-out", 1, {});
  Member member = Join(LaneOf("offsets"), "a");
  const auto reader = std::move(*member.client->OpenLogReader());
  const std::vector<kafka::Partition> all{0, 1, 2};
  const auto committed = [&] {
    return conformance::Text(reader->Committed(all, kafka::Milliseconds{20'000}));
  };
  Say("no group", committed());
  Settle({&member}, 3);
  Say("nothing committed", committed());
  const Producer producer = Initialised(*member.client);
  const auto commit = [&](const std::map<kafka::Partition, kafka::CommittedOffset>& offsets) {
    Say("begin", conformance::Text(producer->Begin()));
    Say("send",
        conformance::Text(producer->SendOffsets(offsets, *member.consumer->Membership(), kEnough)));
    Say("commit", conformance::Text(producer->Commit(kEnough)));
    Say("committed", committed());
  };
  commit({{0, {5, "five"}}});
  commit({{1, {7, ""}}, {2, {0, "zero"}}});
  commit({{0, {3, "back"}}});
  commit({{0, {3, "again"}}, {1, {8, "on"}}});
  Say("begin", conformance::Text(producer->Begin()));
  Say("send", conformance::Text(producer->SendOffsets({{0, {9, "first"}}},
                                                      *member.consumer->Membership(), kEnough)));
  Say("send again",
      conformance::Text(producer->SendOffsets({{0, {10, "second"}}, {2, {1, "s"}}},
                                              *member.consumer->Membership(), kEnough)));
  Say("write", conformance::Text(Write(*producer, {"a"})));
  Say("commit", conformance::Text(producer->Commit(kEnough)));
  Say("committed", committed());
  commit({});
  const std::string long_metadata(5000, 'x');
  Say("begin", conformance::Text(producer->Begin()));
  Say("long metadata", conformance::Text(producer->SendOffsets(
                           {{0, {11, long_metadata}}}, *member.consumer->Membership(), kEnough)));
  Say("tainted", producer->tainted() ? "yes" : "no");
  const Producer next = Initialised(*member.client);
  Say("committed", committed());
  member.consumer->CommitForDisplay({{0, 20}, {1, 21}});
  world_.clock().Sleep(std::chrono::milliseconds{2000});
  Say("for display", committed());
  Say("one only", conformance::Text(reader->Committed(std::vector<kafka::Partition>{1}, kEnough)));
  Say("leave", conformance::Text(member.consumer->Leave(kEnough)));
  Say("after leaving", committed());
}

void Script::UnstableOffsets() {
  Part("unstable");
  world_.CreateTopic("unstable-in", 2, {});
  Member member = Join(LaneOf("unstable"), "a");
  const auto reader = std::move(*member.client->OpenLogReader());
  Settle({&member}, 2);
  const auto committed = [&](kafka::Partition partition, kafka::Milliseconds timeout) {
    return conformance::Text(reader->Committed(std::vector<kafka::Partition>{partition}, timeout));
  };
  constexpr kafka::Milliseconds kShort{1000};
  for (const bool aborts : {false, true}) {
    Producer producer = Initialised(*member.client);
    Say("begin", conformance::Text(producer->Begin()));
    Say("send", conformance::Text(producer->SendOffsets({{0, {aborts ? 6 : 5}}},
                                                        *member.consumer->Membership(), kEnough)));
    Say("undecided", committed(0, kShort));
    Say("untouched", committed(1, kShort));
    if (!aborts) Say("commit", conformance::Text(producer->Commit(kEnough)));
    if (aborts) producer.reset();
    Say("decided", committed(0, kEnough));
    if (producer) continue;
    producer = Initialised(*member.client);
    Say("begin", conformance::Text(producer->Begin()));
    Say("send", conformance::Text(
                    producer->SendOffsets({{0, {7}}}, *member.consumer->Membership(), kEnough)));
    const Producer other = Initialised(*member.client);
    Say("replaced", committed(0, kEnough));
    Say("commit fenced", conformance::Text(producer->Commit(kEnough)));
  }
  Say("leave", conformance::Text(member.consumer->Leave(kEnough)));
}

/// Only who is in the group's current generation commits.
void Script::StaleTokens() {
  Part("stale");
  world_.CreateTopic("stale-in", 2, {});
  Member a = Join(LaneOf("stale", "a"), "a");
  const auto reader = std::move(*a.client->OpenLogReader());
  Settle({&a}, 2);
  const kafka::GroupToken old = *a.consumer->Membership();
  const auto try_with = [&](const std::string& what, const kafka::GroupToken& token,
                            kafka::Offset offset) {
    const Producer producer = Initialised(*a.client);
    Say("begin", conformance::Text(producer->Begin()));
    const auto sent = producer->SendOffsets({{0, {offset}}}, token, kEnough);
    Say("send with " + what, conformance::Text(sent));
    Say("tainted", producer->tainted() ? "yes" : "no");
    Say("begin again", conformance::Text(producer->Begin()));
    Say("flush", conformance::Text(producer->Flush(kEnough)));
    Say("commit", conformance::Text(producer->Commit(kEnough)));
  };
  Member b = Join(LaneOf("stale", "b"), "b");
  Settle({&a, &b}, 2);
  SayMembers("two", {&a, &b}, false);
  try_with("the token of an earlier generation", old, 1);
  {
    const Producer producer = Initialised(*a.client);
    Say("begin", conformance::Text(producer->Begin()));
    Say("send with the new one",
        conformance::Text(producer->SendOffsets({{0, {2}}}, *a.consumer->Membership(), kEnough)));
    Say("commit", conformance::Text(producer->Commit(kEnough)));
    Say("begin", conformance::Text(producer->Begin()));
    Say("another's partition",
        conformance::Text(producer->SendOffsets({{1, {3}}}, *a.consumer->Membership(), kEnough)));
    Say("commit", conformance::Text(producer->Commit(kEnough)));
  }
  const kafka::GroupToken of_b = *b.consumer->Membership();
  Say("b leaves", conformance::Text(b.consumer->Leave(kEnough)));
  Settle({&a}, 2);
  SayMembers("one", {&a}, false);
  try_with("the token of a member that left", of_b, 4);
  const kafka::GroupToken last = *a.consumer->Membership();
  Say("a leaves", conformance::Text(a.consumer->Leave(kEnough)));
  try_with("the token of the last one", last, 5);
  Say("committed",
      conformance::Text(reader->Committed(std::vector<kafka::Partition>{0, 1}, kEnough)));
}

void Script::EagerGroup() {
  Part("eager");
  world_.CreateTopic("eager-in", 4, {});
  Member a = Join(LaneOf("eager", "a"), "a");
  Settle({&a}, 4);
  SayMembers("one", {&a}, false);
  Member c = Join(LaneOf("eager", "c"), "c");
  Settle({&a, &c}, 4);
  SayMembers("two", {&a, &c}, false);
  Member b = Join(LaneOf("eager", "b"), "b");
  Settle({&a, &b, &c}, 4);
  SayMembers("three", {&a, &b, &c}, false);
  Say("a leaves", conformance::Text(a.consumer->Leave(kEnough)));
  Settle({&b, &c}, 4);
  SayMembers("two again", {&b, &c}, false);
  Member again = Join(LaneOf("eager", "a"), "a");
  Settle({&again, &b, &c}, 4);
  SayMembers("three again", {&again, &b, &c}, false);
  Say("b leaves", conformance::Text(b.consumer->Leave(kEnough)));
  Settle({&again, &c}, 4);
  Say("c leaves", conformance::Text(c.consumer->Leave(kEnough)));
  Settle({&again}, 4);
  SayMembers("one again", {&again}, false);
}

void Script::CooperativeGroup() {
  Part("cooperative");
  world_.CreateTopic("cooperative-in", 4, {});
  const auto lane = [&](const std::string& instance) {
    Lane of = LaneOf("cooperative", instance);
    of.cooperative = true;
    return of;
  };
  Member a = Join(lane("a"), "a");
  Settle({&a}, 4);
  SayMembers("one", {&a}, false);
  Member b = Join(lane("b"), "b");
  Settle({&a, &b}, 4);
  SayMembers("two", {&a, &b}, true);
  Say("a leaves", conformance::Text(a.consumer->Leave(kEnough)));
  Settle({&b}, 4);
  SayMembers("one again", {&b}, true);
  Say("b leaves", conformance::Text(b.consumer->Leave(kEnough)));
}

void Script::DynamicGroup() {
  Part("dynamic");
  world_.CreateTopic("dynamic-in", 4, {});
  const Lane lane = LaneOf("dynamic", "");
  Member a = Join(lane, "a");
  Settle({&a}, 4);
  SayMembers("one", {&a}, true);
  Member b = Join(lane, "b");
  Settle({&a, &b}, 4);
  SayMembers("two", {&a, &b}, true);
  Member c = Join(lane, "c");
  Settle({&a, &b, &c}, 4);
  Say("three", std::to_string(a.owned.size() + b.owned.size() + c.owned.size()));
  Say("a leaves", conformance::Text(a.consumer->Leave(kEnough)));
  b.consumer.reset();
  Settle({&c}, 4);
  SayMembers("one again", {&c}, true);
}

}  // namespace semel::conformance
