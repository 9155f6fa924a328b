// The columns of the table: what goes into each, and as which type.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "postgres/convert.h"
#include "semel/result.h"

namespace semel::postgres {

struct Column {
  enum class Source : std::uint8_t {
    kJson,   ///< one value inside the record's value
    kValue,  ///< the record's value, as it is
    kKey,
    kHeader,
    kFingerprint,  ///< hex, as `semel fingerprint` prints it
    kTopic,
    kPartition,
    kOffset,
    kTimestamp,  ///< the record's
  };

  std::string name;
  Source source = Source::kJson;
  ColumnType type = ColumnType::kText;
  std::vector<std::string> path{};  ///< of kJson: as in a key rule; none: the whole document
  std::string header{};             ///< of kHeader
  bool not_null = false;            ///< the table says so
};

/// Reads NAME[:TYPE]=SOURCE. SOURCE is a part of a key (`json:PATH`, `value`, `key`, `header:NAME`)
/// or `fingerprint`, `topic`, `partition`, `offset`, `timestamp`, which have their own types. TYPE:
/// text, bigint, numeric, boolean, timestamptz, jsonb; without one, jsonb for `value` and `json:`,
/// text for everything else. Errors: kFix, quoting `text`.
Result<Column> ParseColumn(std::string_view text);

/// What is written where no column is asked for: the whole event, its fingerprint, and its place.
std::vector<Column> DefaultColumns();

/// The type in SQL, as --create-table makes it.
std::string SqlType(const Column& column);

/// The first column that holds the fingerprint, or null.
const Column* FingerprintColumn(const std::vector<Column>& columns);

}  // namespace semel::postgres
