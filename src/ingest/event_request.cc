#include "ingest/event_request.h"

#include <algorithm>
#include <utility>

namespace semel::ingest {
namespace {

constexpr std::size_t kKeptBytes = std::size_t{16} << 10U;
constexpr std::size_t kKeptEvents = 64;
constexpr std::uint32_t kNoFingerprint = UINT32_MAX;
constexpr std::array<std::string_view, 4> kNames{"accepted", "duplicate", "rejected", "retry"};
constexpr const char* kOverload = "too many events are waiting for Kafka; send it again";
constexpr const char* kRefused =
    "Kafka will never take it: a schema, a policy of the brokers; the log here says more";
constexpr const char* kNotInTime =
    "Kafka did not take it in time; send it again, a copy is recognised";

std::string_view NameOf(EventResult result) { return kNames[static_cast<std::size_t>(result)]; }

}  // namespace

EventRequest::EventRequest(Service& service, std::function<void()> on_ready)
    : service_(service), on_ready_(std::move(on_ready)), batch_([this] { on_ready_(); }) {}

std::optional<Answer> EventRequest::Start(const Route& route, const RequestHead& head,
                                          std::string_view body, ByteShare& share, Desk& desk) {
  route_ = route;
  batch_.Clear();
  rejections_.clear();
  if (auto refused = Read(head, body, share, desk)) return refused;
  return Ask(desk);
}

std::optional<Answer> EventRequest::Read(const RequestHead& head, std::string_view body,
                                         ByteShare& share, Desk& desk) {
  if (head.content_encoding != ContentEncoding::kNone) {
    if (auto refused =
            desk.decompressor.Decompress(head.content_encoding, body, decompressed_, share))
      return Refused(*refused);
    body = decompressed_;
  }
  const bool batches = service_.endpoints[route_.endpoint].batches;
  if (auto refused =
          SplitBody(body, head.content_type, batches, service_.limits.batch_events, desk.split))
    return Refused(*refused);
  is_batch_ = desk.split.batch;
  if (route_.key != nullptr && route_.key->bucket) {
    const auto wait = route_.key->bucket->Take(static_cast<double>(desk.split.events.size()),
                                               std::chrono::steady_clock::now());
    if (wait) {
      Answer answer = Refused(429, "this key sends more events a second than it may");
      answer.retry_after = *wait;
      return answer;
    }
  }
  Judge(desk.readers[route_.endpoint], desk.split);
  return std::nullopt;
}

void EventRequest::Judge(EventReader& reader, const Split& split) {
  for (const std::string_view text : split.events) {
    Event& event = batch_.events.emplace_back();
    event.text = text;
    event.batch = &batch_;
    Fingerprint fingerprint;
    switch (reader.Read(text, fingerprint)) {
      case EventKind::kKeyed:
        event.fingerprint = static_cast<std::uint32_t>(batch_.fingerprints.size());
        batch_.fingerprints.push_back(fingerprint);
        break;
      case EventKind::kKeyless:
        break;
      case EventKind::kRejected:
        event.result = EventResult::kRejected;
        rejections_.push_back({batch_.events.size() - 1, reader.Why(text)});
    }
  }
}

std::optional<Answer> EventRequest::Ask(Desk& desk) {
  stage_ = Stage::kAsking;
  const std::size_t count = batch_.fingerprints.size();
  if (known_size_ < count) {
    known_ = std::make_unique<bool[]>(count);
    known_size_ = count;
  }
  std::fill_n(known_.get(), count, false);
  EdgeMemory* const memory = service_.memories[route_.endpoint].get();
  if (memory == nullptr || count == 0) return Send(desk);
  asked_ = false;
  memory->Ask(batch_.fingerprints, {known_.get(), count}, [this] { Asked(); });
  // Answered within the call: go on here, without the way through another thread.
  return asked_.exchange(true) ? Send(desk) : std::nullopt;
}

void EventRequest::Asked() {
  if (asked_.exchange(true)) on_ready_();
}

std::optional<Answer> EventRequest::Advance(Desk& desk) {
  return stage_ == Stage::kAsking ? Send(desk) : Finish(desk.counters);
}

std::optional<Answer> EventRequest::Send(Desk& desk) {
  std::size_t unsent = 0;
  for (Event& event : batch_.events) {
    if (event.fingerprint != kNoFingerprint && known_[event.fingerprint])
      event.result = EventResult::kDuplicate;
    else if (event.result == EventResult::kRetry)
      ++unsent;
  }
  stage_ = Stage::kSending;
  if (unsent == 0) return Finish(desk.counters);
  if (!service_.sink->HasRoom(unsent)) return Refused(503, kOverload);
  batch_.BeginSending();
  const int bits = desk.readers[route_.endpoint].bits();
  for (std::size_t i = 0; i < batch_.events.size(); ++i)
    if (batch_.events[i].result == EventResult::kRetry) SendOne(i, bits);
  service_.sink->HandOver(service_.endpoints[route_.endpoint].topic, batch_.events);
  batch_.EndSending();  // from here on another thread may be at it
  return std::nullopt;
}

void EventRequest::SendOne(std::size_t index, int bits) {
  Event& event = batch_.events[index];
  std::string key;
  if (event.fingerprint != kNoFingerprint)
    key = ToHex(batch_.fingerprints[event.fingerprint], bits);
  batch_.SendOne();
  const auto sent = service_.sink->Send(service_.endpoints[route_.endpoint].topic, key, event);
  if (sent) return;
  if (sent.error().action == Action::kRejectRecord) {
    event.result = EventResult::kRejected;
    rejections_.push_back({index, "larger than the topic takes", true});
  }
  batch_.NotTaken();
}

Answer EventRequest::Finish(Counters& counters) {
  counts_ = {};
  for (const Event& event : batch_.events) ++counts_[static_cast<std::size_t>(event.result)];
  for (std::size_t i = 0; i < counts_.size(); ++i)
    counters.events[i].fetch_add(counts_[i], std::memory_order_relaxed);
  Remember();
  for (std::size_t i = 0; i < batch_.events.size(); ++i)
    if (batch_.events[i].refused) rejections_.push_back({i, kRefused});
  std::ranges::sort(rejections_, {}, &Rejection::event);
  return is_batch_ ? BatchAnswer() : SingleAnswer();
}

// Not before Kafka's acknowledgement: an event that is remembered and was lost would be refused
// when it comes again.
void EventRequest::Remember() {
  EdgeMemory* const memory = service_.memories[route_.endpoint].get();
  if (memory == nullptr) return;
  std::size_t acknowledged = 0;
  for (const Event& event : batch_.events)
    if (event.result == EventResult::kAccepted && event.fingerprint != kNoFingerprint)
      batch_.fingerprints[acknowledged++] = batch_.fingerprints[event.fingerprint];
  if (acknowledged > 0) memory->Remember(std::span(batch_.fingerprints).first(acknowledged));
}

Answer EventRequest::SingleAnswer() const {
  Answer answer;
  const EventResult result = batch_.events.front().result;
  std::string reason;
  if (result == EventResult::kRejected) {
    answer.status = rejections_.front().too_large ? 413 : 400;
    reason = rejections_.front().reason;
  } else if (result == EventResult::kRetry) {
    answer.status = 503;
    answer.retry_after = std::chrono::seconds(1);
    reason = kNotInTime;
  }
  answer.body.append("{\"status\":\"").append(NameOf(result)).append("\"");
  if (!reason.empty()) answer.body.append(",\"reason\":").append(Quoted(reason));
  answer.body.append("}\n");
  return answer;
}

Answer EventRequest::BatchAnswer() const {
  const auto count = [&](EventResult result) { return counts_[static_cast<std::size_t>(result)]; };
  const bool stored = count(EventResult::kAccepted) + count(EventResult::kDuplicate) > 0;
  Answer answer;
  if (count(EventResult::kRetry) + count(EventResult::kRejected) > 0)
    answer.status = stored ? 207 : count(EventResult::kRetry) > 0 ? 503 : 400;
  if (count(EventResult::kRetry) > 0) answer.retry_after = std::chrono::seconds(1);
  std::string& body = answer.body;
  body.reserve(96 + batch_.events.size() * 32);
  body.append("{");
  for (std::size_t i = 0; i < kNames.size(); ++i)
    body.append("\"")
        .append(kNames[i])
        .append("\":")
        .append(std::to_string(counts_[i]))
        .append(",");
  body.append("\"results\":[");
  auto rejection = rejections_.begin();
  for (std::size_t i = 0; i < batch_.events.size(); ++i) {
    if (i > 0) body.append(",");
    body.append("{\"status\":\"").append(NameOf(batch_.events[i].result)).append("\"");
    if (rejection != rejections_.end() && rejection->event == i)
      body.append(",\"reason\":").append(Quoted((rejection++)->reason));
    body.append("}");
  }
  body.append("]}\n");
  return answer;
}

void EventRequest::Shrink() {
  if (decompressed_.capacity() > kKeptBytes) std::string().swap(decompressed_);
  if (rejections_.capacity() > kKeptEvents) std::vector<Rejection>().swap(rejections_);
  if (batch_.events.capacity() <= kKeptEvents) return;
  std::vector<Event>().swap(batch_.events);
  std::vector<Fingerprint>().swap(batch_.fingerprints);
  known_.reset();
  known_size_ = 0;
}

}  // namespace semel::ingest
