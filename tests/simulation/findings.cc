#include "findings.h"

namespace semel::simulation {
namespace {

std::string Difference(const Remembered& expected, const Remembered& found) {
  std::string text;
  if (expected.stream_time_ms != found.stream_time_ms)
    text += " stream time " + std::to_string(found.stream_time_ms) + " and not " +
            std::to_string(expected.stream_time_ms) + ";";
  std::size_t missing = 0;
  std::size_t extra = 0;
  std::size_t other = 0;
  for (const auto& [fingerprint, entry] : expected.entries) {
    const auto same = found.entries.find(fingerprint);
    if (same == found.entries.end()) {
      ++missing;
    } else if (same->second != entry) {
      ++other;
    }
  }
  for (const auto& entry : found.entries)
    if (!expected.entries.contains(entry.first)) ++extra;
  return text + " " + std::to_string(missing) + " entries missing, " + std::to_string(extra) +
         " too many, " + std::to_string(other) + " with another time or offset, of " +
         std::to_string(expected.entries.size());
}

}  // namespace

Findings FindingsOf(const prove::Report& report) {
  Findings findings;
  for (std::size_t i = 0; i < prove::kViolations; ++i) {
    const auto violation = static_cast<prove::Violation>(i);
    if (report.count(violation) == 0) continue;
    findings.push_back(
        {std::string(prove::Name(violation)),
         std::to_string(report.count(violation)) + ": " + report.examples(violation).front()});
  }
  return findings;
}

void CheckCounters(const std::vector<Counted>& processes, const prove::Counts& expected,
                   Findings& findings) {
  metrics::PartitionSnapshot sum;
  bool all_told = true;
  for (const Counted& process : processes) {
    all_told = all_told && process.all_told;
    for (const metrics::LaneSnapshot& lane : process.figures.lanes) {
      for (const metrics::PartitionSnapshot& partition : lane.partitions) {
        if (!partition.AddsUp())
          findings.push_back({"counters", process.process + ": partition " +
                                              std::to_string(partition.partition) +
                                              " does not add up"});
        metrics::AddCounters(sum, partition);
      }
    }
  }
  const struct {
    const char* name;
    std::uint64_t counted;
    std::uint64_t right;
  } counters[] = {{"read", sum.read, expected.read},
                  {"unique", sum.unique, expected.unique},
                  {"duplicates", sum.duplicates, expected.duplicates},
                  {"missing", sum.missing, expected.missing},
                  {"invalid", sum.invalid, expected.invalid},
                  {"late", sum.late, expected.late}};
  for (const auto& counter : counters) {
    if (all_told ? counter.counted == counter.right : counter.counted <= counter.right) continue;
    findings.push_back({"counters", std::string(counter.name) + ": " +
                                        std::to_string(counter.counted) + " counted, " +
                                        std::to_string(counter.right) + " there"});
  }
}

void CheckAccounts(const Accounts& accounts, Findings& findings) {
  const auto compare = [&](const char* whose, const std::optional<Remembered>& found) {
    if (!found || *found == accounts.changelog) return;
    findings.push_back(
        {"memory differs", "partition " + std::to_string(accounts.partition) + ", " + whose +
                               " and the changelog:" + Difference(accounts.changelog, *found)});
  };
  compare("the process that serves it", accounts.live);
  compare("a restore with snapshots", accounts.snapshots);
}

void CheckReader(const Sightings& reader, const prove::Histories& histories, Findings& findings) {
  std::map<prove::Position, std::uint64_t> there;
  for (const prove::OutputRecord& record : histories.output)
    there[record.at] = record.uid.value_or(0);
  std::size_t count = 0;
  for (const auto& [partition, seen] : reader.seen) {
    kafka::Offset before = -1;
    for (const auto& [offset, uid] : seen) {
      const std::string where =
          "partition " + std::to_string(partition) + " offset " + std::to_string(offset);
      if (offset <= before) findings.push_back({"reader", where + ": it went back"});
      before = offset;
      const auto found = there.find({partition, offset});
      if (found == there.end() || found->second != uid)
        findings.push_back({"reader", where + ": it was given what was never committed"});
      ++count;
    }
  }
  if (count < there.size())
    findings.push_back({"reader", "it missed " + std::to_string(there.size() - count)});
}

}  // namespace semel::simulation
