// One packed changelog record: what a transaction added to the seen-set of one input partition.
// docs/formats/changelog_v1.md draws the bytes.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "semel/result.h"
#include "semel/seen_set.h"

namespace semel {

/// All that decides which records are duplicates. Another one means another seen-set.
struct RuleIdentity {
  std::array<std::uint8_t, 16> rule_hash{};  ///< Fingerprinter::RuleHash
  std::int64_t window_ms = 0;
  std::int32_t bits = 128;
  bool operator==(const RuleIdentity&) const = default;
};

struct ChangelogRecord {
  std::uint32_t epoch =
      1;  ///< grows when another rule is accepted; earlier epochs are ignored then
  RuleIdentity rule;
  std::string transactional_id;  ///< of the writer: init_transactions with it frees a blocked log
  std::int32_t partition = 0;    ///< of the input
  std::int64_t begin = 0;        ///< input offsets [begin, end) that this record speaks of
  std::int64_t end = 0;
  std::int64_t stream_time_ms = 0;  ///< of the partition, after `end`
  std::int64_t previous_append_ms =
      0;  ///< append time of the last record before this transaction; 0: there is none
  bool continues =
      false;  ///< an earlier record of the same transaction and partition comes before it
  bool rewinds =
      false;  ///< `begin` is below the end before it: entries claimed from there on are void
  bool skips = false;  ///< `begin` is above the end before it: the gap was accepted by the operator
  std::vector<Sighting> entries{};  ///< by input offset, ascending
};

inline constexpr std::size_t kChangelogRecordBytesMax = std::size_t{512} * 1024;

/// Packs what one transaction says of one partition into as many records as the limit asks for; at
/// least one, also without entries. Consecutive ranges: [begin, x), [x, y), ... [z, end); the first
/// carries `rewinds`/`skips`, the others `continues`. Appends to `out`.
/// Cost: about 20 bytes for each entry (36 with 256 bits).
void PackChangelog(const ChangelogRecord& whole, std::span<const Sighting> entries,
                   std::vector<std::string>& out, std::size_t bytes_max = kChangelogRecordBytesMax);

/// Reads one record back; `record.entries` is reused memory.
/// Errors: kStop: unknown version, CRC or structure does not fit. Never reads past `bytes`.
Result<void> UnpackChangelog(std::string_view bytes, ChangelogRecord& record);

}  // namespace semel
