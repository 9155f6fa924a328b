#include "history.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "prove/digest.h"
#include "prove/histories_reader.h"
#include "prove/stream.h"
#include "seen_set/changelog.h"

namespace semel::simulation {
namespace {

/// A record as views into the log.
struct Viewed {
  std::vector<Header> headers;
  Record record;
};

Viewed View(const StoredRecord& stored, kafka::Partition partition, kafka::Offset offset) {
  const auto bytes = [](const std::optional<std::string>& text) {
    return text ? Bytes(*text) : Bytes();
  };
  Viewed viewed;
  for (const StoredHeader& header : stored.headers)
    viewed.headers.push_back({header.name, bytes(header.value)});
  viewed.record = {.partition = partition,
                   .offset = offset,
                   .timestamp_ms = stored.time_ms,
                   .key = bytes(stored.key),
                   .value = bytes(stored.value),
                   .headers = {}};
  return viewed;
}

std::optional<std::uint64_t> UidOf(std::span<const Header> headers) {
  for (const Header& header : headers) {
    if (header.name == prove::kUidHeader && header.value) return prove::ParseHex(*header.value);
  }
  return std::nullopt;
}

class Reader {
 public:
  Reader(Cluster& cluster, const Knobs& knobs, Fingerprinter fingerprinter)
      : cluster_(cluster), knobs_(knobs), fingerprinter_(std::move(fingerprinter)) {}

  Result<prove::Histories> Run() {
    histories_.input_topic = kInput;
    histories_.output_topic = kOutput;
    histories_.changelog_topic = kChangelog;
    histories_.group = kGroup;
    histories_.committed.emplace();
    histories_.changelog.emplace();
    const auto committed = cluster_.Committed(kGroup);
    for (kafka::Partition p = 0; p < knobs_.settings.input_partitions; ++p) {
      ForEach(kInput, p, [this](const Viewed& viewed) { AddInput(viewed); });
      ForEach(kOutput, p, [this](const Viewed& viewed) { AddOutput(viewed); });
      Result<void> read;
      ForEach(kChangelog, p, [&](const Viewed& viewed) {
        if (read) read = AddChangelog(viewed.record);
      });
      SEMEL_TRY(read);
      const PartitionLog& input = cluster_.Log(kInput, p);
      histories_.input_end[p] = input.last_stable();
      const PartitionLog& output = cluster_.Log(kOutput, p);
      if (output.last_stable() < output.high()) histories_.output_open[p] = output.last_stable();
      if (const auto found = committed.find({kInput, p}); found != committed.end())
        (*histories_.committed)[p] = found->second.offset;
    }
    return std::move(histories_);
  }

 private:
  template <typename Take>
  void ForEach(const std::string& topic, kafka::Partition partition, const Take& take) {
    const PartitionLog& log = cluster_.Log(topic, partition);
    for (kafka::Offset offset = 0; offset < log.last_stable(); ++offset) {
      if (!log.Visible(offset)) continue;
      Viewed viewed = View(log.at(offset), partition, offset);
      viewed.record.headers = viewed.headers;
      take(viewed);
    }
  }

  void AddInput(const Viewed& viewed) {
    const Record& record = viewed.record;
    const std::uint64_t uid = UidOf(record.headers).value_or(0);
    if (record.timestamp_ms <= 0) timeless_.insert(uid);
    histories_.input.push_back({{record.partition, record.offset},
                                record.timestamp_ms,
                                uid,
                                fingerprinter_.Identify(record),
                                prove::DigestOf(record.key, record.value, record.headers)});
  }

  void AddOutput(const Viewed& viewed) {
    const Record& record = viewed.record;
    prove::OutputRecord out{{record.partition, record.offset}, record.timestamp_ms, {}, {}, {}};
    std::span<const Header> headers = record.headers;
    if (knobs_.settings.policies.duplicate.kind == pipeline::Policy::Kind::kMark)
      out.duplicate_of = prove::TakeMark(kInput, headers);
    out.uid = UidOf(headers);
    out.digest = prove::DigestOf(record.key, record.value, headers);
    // No client can write a record without a time.
    if (out.uid && timeless_.contains(*out.uid)) out.timestamp_ms = -1;
    histories_.output.push_back(out);
  }

  Result<void> AddChangelog(const Record& record) {
    const prove::Position at{record.partition, record.offset};
    ChangelogRecord unpacked;
    SEMEL_TRY(UnpackChangelog(record.value.value_or(""), unpacked));
    prove::Changelog& changelog = *histories_.changelog;
    changelog.ranges.push_back({at, unpacked.partition, unpacked.begin, unpacked.end});
    for (const Sighting& sighting : unpacked.entries)
      changelog.entries.push_back({at, {unpacked.partition, sighting.offset}, sighting});
    return {};
  }

  Cluster& cluster_;
  const Knobs& knobs_;
  Fingerprinter fingerprinter_;
  prove::Histories histories_;
  std::set<std::uint64_t> timeless_;
};

}  // namespace

Result<prove::Histories> ReadHistories(Cluster& cluster, const Knobs& knobs) {
  SEMEL_TRY_ASSIGN(Fingerprinter fingerprinter, Fingerprinter::Open(knobs.settings.key));
  return Reader(cluster, knobs, std::move(fingerprinter)).Run();
}

std::uint64_t UidAt(const PartitionLog& log, kafka::Offset offset) {
  return UidOf(View(log.at(offset), 0, offset).headers).value_or(0);
}

kafka::Offset Disposable(const PartitionLog& log, std::int64_t now_ms,
                         const pipeline::LaneSettings& settings) {
  std::vector<std::pair<kafka::Offset, ChangelogRecord>> records;
  for (kafka::Offset offset = log.low(); offset < log.last_stable(); ++offset) {
    ChangelogRecord record;
    if (log.Visible(offset) && UnpackChangelog(log.at(offset).value.value_or(""), record))
      records.emplace_back(offset, std::move(record));
  }
  if (records.empty()) return log.low();
  const std::int64_t stream_time = records.back().second.stream_time_ms;
  for (const auto& [offset, record] : records) {
    const bool old = log.at(offset).time_ms + settings.changelog_retention.count() < now_ms;
    const bool needed =
        std::any_of(record.entries.begin(), record.entries.end(), [&](const Sighting& entry) {
          return StillRemembered(entry.time_ms, stream_time, settings.window.count());
        });
    if (!old || needed) return offset;
  }
  return records.back().first + 1;
}

prove::Rules RulesOf(const Knobs& knobs, std::int64_t now_ms) {
  const auto unjudged = [](const pipeline::Policy& policy) {
    return policy.kind == pipeline::Policy::Kind::kDrop ? prove::Unjudged::kDrop
                                                        : prove::Unjudged::kPass;
  };
  const pipeline::Policies& policies = knobs.settings.policies;
  return {.window_ms = knobs.settings.window.count(),
          .mark_duplicates = policies.duplicate.kind == pipeline::Policy::Kind::kMark,
          .judge_missing = false,
          .missing = unjudged(policies.missing),
          .invalid = unjudged(policies.invalid),
          .late = unjudged(policies.late),
          .now_ms = now_ms};
}

}  // namespace semel::simulation
