// Input: an envelope. What is read can be written, as one that is read as the same and from then on
// as the same bytes.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "check.h"
#include "semel/envelope.h"

namespace semel {
namespace {

using fuzz::Check;

void CheckEnvelope(std::string_view text) {
  const auto envelope = Envelope::FromJson(text);
  if (!envelope) {
    Check(!envelope.error().message.empty(), "refused without a reason");
    return;
  }
  Check(text.find(envelope->metadata) != std::string_view::npos || envelope->metadata == "{}",
        "the metadata are not the text as it was");
  const auto written = envelope->ToJson();
  Check(written.has_value(), "it was read and cannot be written");
  const auto again = Envelope::FromJson(*written);
  Check(again.has_value(), "it was written and cannot be read");
  Check(again->message_id == envelope->message_id && again->content == envelope->content &&
            again->producer_id == envelope->producer_id &&
            again->timestamp == envelope->timestamp && again->metadata == envelope->metadata,
        "it is read back as another one");
  Check(*again->ToJson() == *written, "it is written in another way");
}

}  // namespace
}  // namespace semel

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  semel::CheckEnvelope({reinterpret_cast<const char*>(data), size});
  return 0;
}
