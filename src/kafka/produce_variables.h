// What rd_kafka_produceva is given.
#pragma once

#include <span>

#include "kafka/rdkafka_handles.h"
#include "semel/record.h"

namespace semel::kafka {

/// To librdkafka a null pointer means null, whatever the size.
inline const char* DataOf(const Bytes& bytes) {
  if (!bytes) return nullptr;
  return bytes->data() == nullptr ? "" : bytes->data();
}
inline std::size_t SizeOf(const Bytes& bytes) { return bytes ? bytes->size() : 0; }

inline rd_kafka_vu_t Variable(rd_kafka_vtype_t type) {
  rd_kafka_vu_t variable;
  variable.vtype = type;
  return variable;
}

/// librdkafka takes void* for what it only reads.
inline rd_kafka_vu_t Memory(rd_kafka_vtype_t type, const Bytes& bytes) {
  rd_kafka_vu_t variable = Variable(type);
  variable.u.mem.ptr = const_cast<char*>(DataOf(bytes));
  variable.u.mem.size = SizeOf(bytes);
  return variable;
}

/// Null where there are none.
HeadersPtr CopyHeaders(std::span<const Header> headers);

}  // namespace semel::kafka
