// The stream that `semel prove produce` writes: seeded, with copies at chosen distances.
//
// Of the copies a third follows within 100 records, a third within the records of five seconds, and
// a third is far away: anywhere in the window of record time, and as often exactly at its edge (t +
// window: still a duplicate) or one millisecond behind it (unique again).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "prove/event_body.h"
#include "prove/random.h"

namespace semel::prove {

/// The header that tells the copies of one event apart.
inline constexpr std::string_view kUidHeader = "uid";

struct StreamOptions {
  std::uint64_t seed = 1;
  Shape shape = Shape::kViewEvent;
  std::int32_t partitions = 1;
  std::int64_t window_ms = 0;
  std::uint64_t records_per_second = 10'000;  ///< what "within seconds" is measured by
  // Shares of all records; together at most 1.
  double duplicates = 0.3;
  double missing = 0;  ///< without an id: member absent, null, or no value at all
  double invalid = 0;  ///< not one JSON text
  double late = 0;     ///< older than the window, measured from the record time reached
};

struct StreamHeader {
  std::string name;
  std::optional<std::string> value;
};

enum class RecordKind : std::uint8_t { kNew, kCopy, kMissing, kInvalid, kLate };

struct StreamRecord {
  std::uint64_t sequence = 0;  ///< from 0
  RecordKind kind = RecordKind::kNew;
  std::uint64_t uid = 0;  ///< different for every record of a stream; header `uid` as 16 hex digits
  std::string event_id;   ///< the same for all copies of one event; empty where there is none
  std::int32_t partition = 0;  ///< the same for all copies of one event
  std::int64_t timestamp_ms = 0;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<StreamHeader> headers;
};

/// The same options and the same times give the same records.
/// Threads: one caller at a time. Cost: 16 bytes of memory a record, for the far copies.
class Stream {
 public:
  explicit Stream(const StreamOptions& options);

  /// The next record, with the stream at record time `now_ms`, which never goes back. No record is
  /// newer than that.
  StreamRecord Next(std::int64_t now_ms);

 private:
  struct Copy {
    std::uint64_t event = 0;
    std::int64_t timestamp_ms = 0;
  };

  RecordKind PickKind();
  std::optional<Copy> PickCopy(std::int64_t now_ms);
  std::optional<std::uint64_t> EventBack(std::uint64_t distance) const;
  std::optional<Copy> EdgeCopy(std::int64_t now_ms);
  std::uint64_t AddEvent(RecordKind kind, std::int64_t time_ms);
  void Fill(std::uint64_t event, StreamRecord& record) const;

  const StreamOptions options_;
  Random random_;
  std::vector<std::uint64_t> event_of_record_;
  /// When each event was first sent; 0: it has no usable id, so no copies.
  std::vector<std::int64_t> first_ms_;
  /// Events before this one lie outside of the window.
  std::uint64_t window_begin_ = 0;
  std::uint64_t next_edge_ = 0;  ///< events before it were used at the edge already
};

}  // namespace semel::prove
