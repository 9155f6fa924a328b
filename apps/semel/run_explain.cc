#include "run_explain.h"

#include <algorithm>
#include <type_traits>
#include <vector>

#include "config/duration.h"
#include "kafka_rights.h"
#include "run_flow.h"

namespace semel::app {
namespace {

using pipeline::Policy;
using Lines = std::vector<std::string>;

constexpr const char* kSafe = "3 replicas, min.insync.replicas=2, no unclean leader election";

std::string Join(const Lines& words, const char* between) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

/// The name and each topic that it is written to, as in "events -> once (dedup) -> events.unique".
std::string Arrow(const std::string& from, const std::string& what, const std::string& to) {
  return from + " -> " + what + " -> " + to;
}

std::string Edge(const ServeOptions& options) {
  const std::string ttl = config::FormatDuration(options.edge_time_to_live);
  if (options.edge_redis)
    return "A copy within " + ttl +
           " of an acknowledged event is answered 'duplicate' and not written again, as far as "
           "Redis remembers. ";
  if (options.edge_memory_bytes == 0) return {};
  return "A copy within " + ttl +
         " of an event that this process has written is answered 'duplicate' and not written "
         "again, as far as memory goes: a short cut, which --edge-memory 0 ends. ";
}

Lines Guarantee(const ServeOptions& options, const Flow& flow) {
  return {"At least once: an answer of 200 says that all in-sync replicas have the event.",
          "A client repeats what was not answered so, and may thereby write it to " +
              Join(flow.to, ", ") + " twice.",
          Edge(options) + "'semel dedup' behind the topic lets each event through once."};
}

std::string Unjudged(const PolicyChoices& policies) {
  Lines passed;
  const auto look = [&passed](const PolicyChoice& choice, const char* name) {
    if (choice.kind == Policy::Kind::kPass) passed.emplace_back(name);
  };
  look(policies.missing, "missing");
  look(policies.invalid, "invalid");
  look(policies.late, "late");
  if (passed.empty()) return {};
  return "Records that a policy passes on unjudged (" + Join(passed, ", ") +
         ") are outside it, and counted.";
}

Lines Guarantee(const DedupOptions& options, const Flow& /*flow*/) {
  const std::string window = config::FormatDuration(options.window);
  Lines lines;
  if (options.redis) {
    lines = {
        "Once, as long as Redis keeps what it acknowledged, whatever crashes; weaker than "
        "remembering in memory: Redis and Kafka do not commit together.",
        "Copies are found in all partitions, within " + window +
            ". If Redis forgets, events come out again; what can lose one is in "
            "docs/redis.md."};
  } else {
    const bool marked = options.policies.duplicate.kind == Policy::Kind::kMark;
    lines = {"Exactly once: for every fingerprint, within " + window +
                 " and in its partition, one message " +
                 (marked ? "without the header semel-duplicate-of " : "") +
                 "becomes visible to read_committed readers,",
             "the first by input offset, in order and byte-equal, and none is lost.",
             "Under crashes, pauses, network faults and rebalances, given 3 replicas, "
             "min.insync.replicas=2, no unclean leader election,",
             "and a changelog kept for at least the window plus the longest time between two "
             "arrivals of one event."};
  }
  if (const std::string unjudged = Unjudged(options.policies); !unjudged.empty())
    lines.push_back(unjudged);
  return lines;
}

Lines Guarantee(const SinkOptions& options, const Flow& /*flow*/) {
  Lines lines = {
      "Exactly once: each record is one row, through crashes of either side; rows and offsets are "
      "in one transaction of PostgreSQL.",
      "Given a server that keeps what it confirms, and semel_offsets that only sinks of this group "
      "write."};
  if (options.table.unique)
    lines.emplace_back("Records whose fingerprint the table has are left out.");
  if (options.on_invalid == sink::OnInvalid::kDrop)
    lines.emplace_back("Records that cannot be rows are left out, and counted.");
  if (options.on_invalid == sink::OnInvalid::kTopic)
    lines.push_back("Records that cannot be rows go to " + options.invalid_topic +
                    ": none is lost, and after a crash one may be there twice.");
  return lines;
}

std::string There(bool created) {
  return created ? "created where missing: " : "has to be there: ";
}

Lines Topics(const ServeOptions& /*options*/, const Flow& flow) {
  Lines lines;
  for (const std::string& topic : flow.to) lines.push_back(topic + ": " + There(false) + kSafe);
  return lines;
}

Lines Topics(const DedupOptions& options, const Flow& flow) {
  const std::string there = There(options.create_topics);
  const std::string partitions = "as many partitions as " + options.from + ", ";
  Lines lines = {options.from + ": " + There(false) + "read committed"};
  for (const std::string& topic : flow.to)
    lines.push_back(topic + ": " + there + partitions +
                    (topic == options.to ? "message.timestamp.type=CreateTime, " : "") + kSafe);
  lines.push_back(options.changelog + ": " + there + partitions +
                  "LogAppendTime, cleanup.policy=delete, retention.ms at least the window and the "
                  "longest lag, no retention.bytes, max.message.bytes at least 640 KiB, " +
                  kSafe);
  return lines;
}

Lines Topics(const SinkOptions& options, const Flow& flow) {
  Lines lines = {options.from + ": " + There(false) + "read committed"};
  for (const std::string& topic : flow.to) lines.push_back(topic + ": " + There(false) + kSafe);
  return lines;
}

/// What a user of the Redis must be allowed to do.
Lines RedisRights(const redis::Access& access, const char* commands) {
  const std::string& user = access.address.user;
  return {"ACL SETUSER " + (user.empty() ? "USER" : user) + " on >PASSWORD ~semel:* " + commands};
}

Lines RedisRightsOf(const ServeOptions& options) {
  return options.edge_redis ? RedisRights(*options.edge_redis, "+mget +set +select") : Lines();
}

Lines RedisRightsOf(const DedupOptions& options) {
  return options.redis ? RedisRights(options.redis->access,
                                     "+get +set +del +exists +evalsha +script|load +info +select")
                       : Lines();
}

Lines RedisRightsOf(const SinkOptions& /*options*/) { return {}; }

Lines PostgresRights(const SinkOptions& options) {
  const sink::TableSpec& table = options.table;
  Lines lines = {"GRANT SELECT, INSERT ON " + table.Quoted() + " TO USER",
                 "GRANT SELECT, INSERT, UPDATE ON " + table.QuotedOffsets() + " TO USER"};
  if (options.create_table)
    lines.push_back("until both are there: GRANT CREATE ON SCHEMA " +
                    (table.schema.empty() ? "public" : "\"" + table.schema + "\"") + " TO USER");
  if (table.unique) lines.emplace_back("GRANT TEMPORARY ON DATABASE THIS_ONE TO USER");
  return lines;
}

std::string What(const Pipeline& pipeline, const Flow& flow) {
  return pipeline.name + " (" + flow.kind + ")";
}

std::string Line(const Pipeline& pipeline, const Flow& flow) {
  const std::string what = What(pipeline, flow);
  if (const auto* sink = std::get_if<SinkOptions>(&pipeline.options))
    return Arrow(
        flow.from, what,
        Join({"table " + sink->table.Quoted(), Join(flow.to, ", ")}, flow.to.empty() ? "" : ", "));
  if (const auto* serve = std::get_if<ServeOptions>(&pipeline.options)) {
    Lines paths;
    for (const auto& endpoint : serve->endpoints) paths.push_back("POST " + endpoint.path);
    return Arrow(serve->listen + " " + Join(paths, ", "), what, Join(flow.to, ", "));
  }
  return Arrow(flow.from, what, Join(flow.to, ", "));
}

void Add(std::string& text, const char* title, const Lines& lines) {
  if (lines.empty()) return;
  text += std::string("  ") + title + "\n";
  for (const std::string& line : lines) text += "    " + line + "\n";
}

std::string ExplainOne(const Pipeline& pipeline) {
  const Flow flow = FlowOf(pipeline.options);
  std::string text = Line(pipeline, flow) + "\n";
  std::visit(
      [&](const auto& options) {
        Add(text, "guarantee", Guarantee(options, flow));
        Add(text, "topics", Topics(options, flow));
        Add(text, "ACLs", RightsOf(options));
        Add(text, "Redis", RedisRightsOf(options));
        if constexpr (std::is_same_v<std::decay_t<decltype(options)>, SinkOptions>)
          Add(text, "PostgreSQL", PostgresRights(options));
      },
      pipeline.options);
  return text;
}

}  // namespace

std::string Explain(const RunPlan& plan) {
  std::string text;
  for (const Pipeline& pipeline : plan.pipelines) text += ExplainOne(pipeline) + "\n";
  text +=
      "An ACL line goes behind: kafka-acls --bootstrap-server BROKERS --command-config "
      "admin.properties --add\n";
  return text;
}

}  // namespace semel::app
