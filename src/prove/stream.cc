#include "prove/stream.h"

#include <algorithm>

#include "prove/digest.h"

namespace semel::prove {
namespace {

constexpr std::uint64_t kNearRecords = 100;
constexpr std::uint64_t kNearSeconds = 5;

// One event in ten has no key, one in twenty an empty one: both must come out as they went in.
std::optional<std::string> KeyFrom(Random& random) {
  const std::uint64_t dice = random.Below(20);
  if (dice < 2) return std::nullopt;
  if (dice == 2) return "";
  return "user-" + std::to_string(random.Below(1'000'000));
}

// Beside the uid: nothing, or what a careless copy would drop, merge or reorder.
void AddHeaders(Random& random, std::vector<StreamHeader>& headers) {
  switch (random.Below(6)) {
    case 0:
      headers.push_back({"trace", ToHex(random.Next())});
      break;
    case 1:
      headers.push_back({"tag", "b"});
      headers.push_back({"tag", "a"});
      headers.push_back({"tag", "b"});
      break;
    case 2:
      headers.push_back({"nothing", std::nullopt});
      headers.push_back({"empty", ""});
      break;
    default:
      break;
  }
}

}  // namespace

Stream::Stream(const StreamOptions& options) : options_(options), random_(Mix(options.seed)) {}

StreamRecord Stream::Next(std::int64_t now_ms) {
  StreamRecord record;
  record.sequence = event_of_record_.size();
  record.uid = Mix(Mix(options_.seed) + record.sequence);
  record.kind = PickKind();
  record.timestamp_ms = now_ms;
  std::optional<Copy> copy;
  if (record.kind == RecordKind::kCopy) {
    copy = PickCopy(now_ms);
    if (!copy) record.kind = RecordKind::kNew;  // nothing there yet to copy
  }
  if (record.kind == RecordKind::kLate) {
    const auto beyond = random_.Below(static_cast<std::uint64_t>(options_.window_ms) / 4 + 1);
    record.timestamp_ms = std::max<std::int64_t>(
        1, now_ms - options_.window_ms - 1 - static_cast<std::int64_t>(beyond));
  }
  if (copy) record.timestamp_ms = copy->timestamp_ms;
  const std::uint64_t event = copy ? copy->event : AddEvent(record.kind, record.timestamp_ms);
  event_of_record_.push_back(event);
  Fill(event, record);
  return record;
}

RecordKind Stream::PickKind() {
  double dice = random_.Share();
  for (const auto& [kind, share] : {std::pair{RecordKind::kCopy, options_.duplicates},
                                    {RecordKind::kMissing, options_.missing},
                                    {RecordKind::kInvalid, options_.invalid},
                                    {RecordKind::kLate, options_.late}}) {
    if (dice < share) return kind;
    dice -= share;
  }
  return RecordKind::kNew;
}

std::optional<Stream::Copy> Stream::PickCopy(std::int64_t now_ms) {
  while (window_begin_ < first_ms_.size() && first_ms_[window_begin_] < now_ms - options_.window_ms)
    ++window_begin_;
  std::optional<std::uint64_t> event;
  switch (random_.Below(3)) {
    case 0:
      event = EventBack(1 + random_.Below(kNearRecords));
      break;
    case 1:
      event = EventBack(1 + random_.Below(kNearSeconds * options_.records_per_second));
      break;
    default:
      if (random_.Below(2) == 0) {
        if (auto edge = EdgeCopy(now_ms)) return edge;
      }
      if (const std::uint64_t in_window = first_ms_.size() - window_begin_; in_window > 0)
        event = window_begin_ + random_.Below(in_window);
  }
  if (!event || first_ms_[*event] == 0) return std::nullopt;
  return Copy{*event, now_ms};
}

std::optional<std::uint64_t> Stream::EventBack(std::uint64_t distance) const {
  if (event_of_record_.empty()) return std::nullopt;
  const std::uint64_t back = (distance - 1) % event_of_record_.size() + 1;
  return event_of_record_[event_of_record_.size() - back];
}

// The newest event that has just left the window was first sent a little more than a window ago, so
// that a copy with the exact time of the edge is not newer than the stream.
std::optional<Stream::Copy> Stream::EdgeCopy(std::int64_t now_ms) {
  if (window_begin_ <= next_edge_) return std::nullopt;
  const std::uint64_t event = window_begin_ - 1;
  next_edge_ = window_begin_;
  if (first_ms_[event] == 0) return std::nullopt;
  const auto behind = static_cast<std::int64_t>(random_.Below(2));
  return Copy{event, std::min(now_ms, first_ms_[event] + options_.window_ms + behind)};
}

std::uint64_t Stream::AddEvent(RecordKind kind, std::int64_t time_ms) {
  const bool has_id = kind != RecordKind::kMissing && kind != RecordKind::kInvalid;
  first_ms_.push_back(has_id ? time_ms : 0);
  return first_ms_.size() - 1;
}

void Stream::Fill(std::uint64_t event, StreamRecord& record) const {
  // All of an event but uid and timestamp follows from its number: its copies need no memory.
  const std::uint64_t seed = Mix(Mix(~options_.seed) + event);
  Random random(seed);
  record.partition =
      static_cast<std::int32_t>(random.Below(static_cast<std::uint64_t>(options_.partitions)));
  record.key = KeyFrom(random);
  record.headers.push_back({std::string(kUidHeader), ToHex(record.uid)});
  AddHeaders(random, record.headers);

  const std::int64_t first_ms = first_ms_[event];
  EventBody body;
  body.shape = options_.shape;
  body.seed = random.Next();
  body.time_ms = first_ms != 0 ? first_ms : record.timestamp_ms;
  const std::string event_id = UuidFrom(seed);
  body.event_id = event_id;
  if (record.kind == RecordKind::kMissing) {
    const std::uint64_t how = random.Below(3);
    if (how == 2) return;  // no value at all
    body.id_member = how == 0 ? IdMember::kAbsent : IdMember::kNull;
  }
  record.value = ToJson(body);
  if (record.kind == RecordKind::kInvalid) record.value->pop_back();
  if (first_ms != 0) record.event_id = event_id;
}

}  // namespace semel::prove
