#include "postgres/column.h"

#include <algorithm>
#include <array>
#include <optional>

#include "fingerprint/key_part.h"

namespace semel::postgres {
namespace {

using Source = Column::Source;

constexpr std::size_t kNameMax = 63;  // PostgreSQL cuts longer ones off

constexpr std::array kTypes = {ColumnType::kText,    ColumnType::kBigint,      ColumnType::kNumeric,
                               ColumnType::kBoolean, ColumnType::kTimestamptz, ColumnType::kJsonb};

struct Place {
  const char* word;
  Source source;
  ColumnType type;
};
constexpr std::array kPlaces = {Place{"fingerprint", Source::kFingerprint, ColumnType::kText},
                                Place{"topic", Source::kTopic, ColumnType::kText},
                                Place{"partition", Source::kPartition, ColumnType::kBigint},
                                Place{"offset", Source::kOffset, ColumnType::kBigint},
                                Place{"timestamp", Source::kTimestamp, ColumnType::kTimestamptz}};

Error ColumnError(std::string_view text, const std::string& reason) {
  return {Action::kFix, "--column '" + std::string(text) + "': " + reason};
}

std::optional<ColumnType> TypeOf(std::string_view word) {
  const auto found =
      std::ranges::find_if(kTypes, [word](ColumnType type) { return word == ToString(type); });
  if (found == kTypes.end()) return {};
  return *found;
}

/// What a part of a key is as a column: its type where none is said, and the others it can have.
Result<void> TakePart(std::string_view text, const KeyPart& part, bool typed, Column& column) {
  switch (part.kind) {
    case KeyPart::Kind::kJson:
      column.source = Source::kJson;
      column.path = part.path;
      if (!typed) column.type = part.path.empty() ? ColumnType::kJsonb : ColumnType::kText;
      return {};
    case KeyPart::Kind::kValue:
      // The document: read once for all columns.
      if (!typed || column.type == ColumnType::kJsonb) {
        column.type = ColumnType::kJsonb;
        return {};
      }
      column.source = Source::kValue;
      break;
    case KeyPart::Kind::kKey:
      column.source = Source::kKey;
      break;
    case KeyPart::Kind::kHeader:
      column.source = Source::kHeader;
      column.header = part.header_name;
      break;
  }
  if (column.type != ColumnType::kText)
    return ColumnError(text, "bytes are text; only json: parts have other types");
  return {};
}

}  // namespace

Result<Column> ParseColumn(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return ColumnError(text, "must be NAME[:TYPE]=SOURCE");
  const std::string_view left = text.substr(0, equals);
  const std::string_view source = text.substr(equals + 1);
  const std::size_t colon = left.find(':');
  Column column;
  column.name = left.substr(0, colon);
  if (column.name.empty() || column.name.size() > kNameMax)
    return ColumnError(text, "a column's name has 1 to 63 bytes");
  const bool typed = colon != std::string_view::npos;
  if (typed) {
    const auto type = TypeOf(left.substr(colon + 1));
    if (!type)
      return ColumnError(text,
                         "the type must be text, bigint, numeric, boolean, timestamptz or jsonb");
    column.type = *type;
  }
  if (const auto place = std::ranges::find(kPlaces, source, &Place::word); place != kPlaces.end()) {
    if (typed) return ColumnError(text, std::string(source) + " has its own type");
    column.source = place->source;
    column.type = place->type;
    return column;
  }
  const auto part = ParseKeyPart(source);
  if (!part)
    return ColumnError(text,
                       "the source must be json:PATH, value, key, header:NAME, fingerprint, topic, "
                       "partition, offset or timestamp; " +
                           part.error().message);
  SEMEL_TRY(TakePart(text, *part, typed, column));
  return column;
}

std::vector<Column> DefaultColumns() {
  return {{.name = "event", .source = Source::kJson, .type = ColumnType::kJsonb},
          {.name = "fingerprint", .source = Source::kFingerprint},
          {.name = "kafka_topic", .source = Source::kTopic},
          {.name = "kafka_partition", .source = Source::kPartition, .type = ColumnType::kBigint},
          {.name = "kafka_offset", .source = Source::kOffset, .type = ColumnType::kBigint}};
}

std::string SqlType(const Column& column) {
  return column.source == Source::kPartition ? "integer" : ToString(column.type);
}

const Column* FingerprintColumn(const std::vector<Column>& columns) {
  const auto found = std::ranges::find(columns, Source::kFingerprint, &Column::source);
  return found == columns.end() ? nullptr : &*found;
}

}  // namespace semel::postgres
