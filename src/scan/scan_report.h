// What `semel scan` prints. Pure.
#pragma once

#include <string>

#include "scan/duplicate_scan.h"

namespace semel::scan {

struct ScannedTopic {
  std::string name;
  int partitions = 0;
  int fingerprint_bits = 128;
};

/// For people: some lines, the last one ended.
std::string ToText(const ScanReport& report, const ScannedTopic& topic);

/// One JSON object on one line; times in milliseconds.
std::string ToJson(const ScanReport& report, const ScannedTopic& topic);

}  // namespace semel::scan
