// CRC-32C (Castagnoli, RFC 3720 appendix B.4), as Kafka's record batches use it.
#pragma once

#include <cstdint>
#include <string_view>

namespace semel {

/// Cost: about 1 byte a cycle with SSE 4.2, else a table look-up a byte.
std::uint32_t Crc32c(std::string_view bytes);

}  // namespace semel
