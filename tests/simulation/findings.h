// What must hold of a run, beside what `semel prove check` looks at. Pure functions on what was
// seen, so that each rule can be shown a run that breaks it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "live_sets.h"
#include "metrics/snapshot.h"
#include "prove/histories.h"
#include "prove/report.h"

namespace semel::simulation {

struct Finding {
  std::string rule;  ///< "lost", "restore differs"
  std::string text;
};
using Findings = std::vector<Finding>;

/// The kinds of violations that the report has, each with its first example.
Findings FindingsOf(const prove::Report& report);

/// What one process counted. `all_told`: it ended by itself, so that nothing is missing.
struct Counted {
  std::string process;
  metrics::Snapshot figures;
  bool all_told = false;
};

/// Every record ends in exactly one counter. `expected`: of the input, by the model. Where all
/// processes told everything, the sums are equal to it; otherwise not above it.
void CheckCounters(const std::vector<Counted>& processes, const prove::Counts& expected,
                   Findings& findings);

/// What partition `partition` remembers by different accounts; the changelog's is what counts.
struct Accounts {
  kafka::Partition partition = 0;
  Remembered changelog;                 ///< restored from it alone, as a new process would
  std::optional<Remembered> live;       ///< of the process that serves it
  std::optional<Remembered> snapshots;  ///< restored with the help of a disk
};
void CheckAccounts(const Accounts& accounts, Findings& findings);

/// A reader of the output that was there all the time.
struct Sightings {
  /// By partition, what it was given: offset and uid, in the order in which it was.
  std::map<kafka::Partition, std::vector<std::pair<kafka::Offset, std::uint64_t>>> seen;
};
/// It saw what a later reader sees, each once, never going back.
void CheckReader(const Sightings& reader, const prove::Histories& histories, Findings& findings);

}  // namespace semel::simulation
