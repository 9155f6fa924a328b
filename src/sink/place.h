// Where a record was, for people.
#pragma once

#include <string>

#include "semel/record.h"

namespace semel::sink {

inline std::string Place(const std::string& topic, const Record& record) {
  return topic + " [" + std::to_string(record.partition) + "] offset " +
         std::to_string(record.offset);
}

}  // namespace semel::sink
