// Input: what a client sends. Read at once and byte by byte, it must be the same request; its
// events lie within its body.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "check.h"
#include "ingest/body_split.h"
#include "ingest/decompressor.h"
#include "ingest/event_reader.h"
#include "ingest/request_reader.h"

namespace semel::ingest {
namespace {

using fuzz::Check;

const Limits kLimits{.header_bytes = 4096,
                     .header_fields = 16,
                     .body_bytes = std::size_t{64} << 10U,
                     .decompressed_bytes = std::size_t{256} << 10U,
                     .batch_events = 100};

struct Request {
  int refused = 0;
  bool whole = false;
  RequestHead head;
  std::string body;
};

Request Read(std::string_view bytes, std::size_t step) {
  Request request;
  ByteBudget budget(kLimits.body_bytes * 4);
  ByteShare share(budget);
  HeadEnd end;
  std::size_t scanned = 0;
  for (std::size_t size = 0; end.size == 0 && size < bytes.size();) {
    size = std::min(bytes.size(), size + step);
    end = FindHeadEnd(bytes.substr(0, size), scanned);
    if (end.wrong != nullptr) return request.refused = 400, request;
  }
  if (end.size == 0) return request;
  RequestReader reader(kLimits, request.head, request.body, share);
  if (const auto refused = reader.ReadHead(bytes.substr(0, end.size)))
    return request.refused = refused->status, request;
  if (!request.head.has_body()) return request;
  bytes.remove_prefix(end.size);
  for (std::size_t given = 0; !reader.done() && given < bytes.size();) {
    given = std::min(bytes.size(), given + step);
    std::size_t used = 0;
    if (const auto refused = reader.ReadBody(bytes.substr(0, given), used))
      return request.refused = refused->status, request;
    bytes.remove_prefix(used);
    given -= used;
  }
  request.whole = reader.done();
  return request;
}

void ReadEvents(const Request& request) {
  static EventReader reader =
      *EventReader::Open({.path = "/", .topic = "events", .key = {.parts = {"json:/id"}}});
  static Decompressor decompressor(kLimits);
  ByteBudget budget(kLimits.decompressed_bytes * 4);
  ByteShare share(budget);
  std::string_view body = request.body;
  std::string decompressed;
  const ContentEncoding encoding = request.head.content_encoding;
  if (encoding == ContentEncoding::kGzip || encoding == ContentEncoding::kZstd) {
    if (decompressor.Decompress(encoding, body, decompressed, share)) return;
    body = decompressed;
  }
  Split split;
  if (SplitBody(body, request.head.content_type, true, kLimits.batch_events, split)) return;
  Check(split.events.size() <= kLimits.batch_events, "too many events");
  for (const std::string_view event : split.events) {
    Check(event.data() >= body.data() && event.data() + event.size() <= body.data() + body.size(),
          "an event outside of the body");
    Fingerprint fingerprint;
    if (reader.Read(event, fingerprint) == EventKind::kRejected)
      Check(!reader.Why(event).empty(), "rejected without a reason");
  }
}

}  // namespace
}  // namespace semel::ingest

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace semel::ingest;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Request whole = Read(bytes, bytes.size());
  const Request bit_by_bit = Read(bytes, 1);
  semel::fuzz::Check(whole.refused == bit_by_bit.refused && whole.whole == bit_by_bit.whole &&
                         whole.body == bit_by_bit.body,
                     "it depends on how the bytes come");
  if (whole.whole) ReadEvents(whole);
  return 0;
}
