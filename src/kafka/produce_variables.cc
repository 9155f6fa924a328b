#include "kafka/produce_variables.h"

namespace semel::kafka {

HeadersPtr CopyHeaders(std::span<const Header> headers) {
  if (headers.empty()) return nullptr;
  HeadersPtr copy(rd_kafka_headers_new(headers.size()));
  for (const auto& [name, value] : headers)
    rd_kafka_header_add(copy.get(), DataOf(name), static_cast<ssize_t>(name.size()), DataOf(value),
                        static_cast<ssize_t>(SizeOf(value)));
  return copy;
}

}  // namespace semel::kafka
