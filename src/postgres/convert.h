// JSON values as fields of a column of some type. All that PostgreSQL is known to refuse is found
// here, so that it does not cost a batch.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace semel::postgres {

enum class ColumnType : std::uint8_t { kText, kBigint, kNumeric, kBoolean, kTimestamptz, kJsonb };

/// As in SQL.
const char* ToString(ColumnType type);

/// Threads: one at a time per object (it keeps scratch memory).
class FieldConverter {
 public:
  /// Appends `json`, the raw text of one valid JSON value, as a field of COPY. A null becomes NULL.
  /// A string that holds what a number, a boolean or a time looks like is taken as that. Returns
  /// null, or why this is no value of that type; `out` is then undefined. Allocates nothing once
  /// warmed up.
  const char* Append(std::string_view json, ColumnType type, std::string& out);

 private:
  const char* AppendText(std::string_view json, std::string& out);

  std::string decoded_;
};

}  // namespace semel::postgres
