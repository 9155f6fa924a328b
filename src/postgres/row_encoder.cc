#include "postgres/row_encoder.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "postgres/copy_text.h"
#include "postgres/timestamp.h"

namespace semel::postgres {
namespace {

using Source = Column::Source;

constexpr const char* kNotText = "is no text: it is not UTF-8, or holds a zero byte";

void AppendNumber(std::int64_t number, std::string& out) {
  std::array<char, 24> text{};
  out.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr);
}

const char* AppendBytes(const Bytes& bytes, std::string& out) {
  if (!bytes) {
    out += kNullField;
    return nullptr;
  }
  return AppendTextField(*bytes, out) ? nullptr : kNotText;
}

// As ToHex, without a string of its own.
void AppendHex(const Fingerprint& fingerprint, int bits, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (std::size_t i = 0; i < static_cast<std::size_t>(bits) / 8; ++i) {
    out += kDigits[fingerprint.bytes[i] >> 4U];
    out += kDigits[fingerprint.bytes[i] & 0x0fU];
  }
}

Bytes LastHeader(const Record& record, std::string_view name) {
  const auto found = std::find_if(record.headers.rbegin(), record.headers.rend(),
                                  [name](const Header& header) { return header.name == name; });
  return found == record.headers.rend() ? Bytes{} : found->value;
}

bool IsNullField(std::string_view out, std::size_t begin) {
  return out.substr(begin) == kNullField;
}

}  // namespace

Result<RowEncoder> RowEncoder::Open(std::vector<Column> columns, const std::string& topic,
                                    const KeyRule& key) {
  std::optional<Fingerprinter> fingerprinter;
  if (FingerprintColumn(columns) != nullptr) {
    SEMEL_TRY_ASSIGN(fingerprinter, Fingerprinter::Open(key));
  }
  PathTree tree;
  std::vector<Cell> cells;
  for (Column& column : columns) {
    const PathTree::Node node =
        column.source == Source::kJson ? tree.Add(column.path) : PathTree::kNone;
    cells.push_back({std::move(column), node});
  }
  std::string topic_field;
  AppendField(topic, topic_field);
  return RowEncoder(std::move(cells), std::move(tree), std::move(topic_field),
                    std::move(fingerprinter));
}

RowEncoder::RowEncoder(std::vector<Cell> cells, PathTree tree, std::string topic,
                       std::optional<Fingerprinter> fingerprinter)
    : cells_(std::move(cells)),
      reads_json_(std::ranges::any_of(
          cells_, [](const Cell& cell) { return cell.column.source == Source::kJson; })),
      scanner_(std::move(tree)),
      topic_(std::move(topic)),
      fingerprinter_(std::move(fingerprinter)) {}

const std::string* RowEncoder::Append(const Record& record, std::string& out) {
  const std::size_t begin = out.size();
  current_ = nullptr;
  const char* const why = AppendCells(record, out);
  if (why == nullptr) return nullptr;
  out.resize(begin);
  reason_ = current_ == nullptr ? std::string() : "column " + current_->column.name + ": ";
  reason_ += why;
  return &reason_;
}

const char* RowEncoder::AppendCells(const Record& record, std::string& out) {
  if (reads_json_ && record.value && !scanner_.Scan(*record.value))
    return LooksLikeSchemaRegistryFraming(*record.value)
               ? "the value is no JSON: it begins as Schema Registry's serializers write it"
               : "the value is not one valid JSON text, or has a member twice";
  for (const Cell& cell : cells_) {
    current_ = &cell;
    const std::size_t begin = out.size();
    if (const char* const why = AppendCell(cell, record, out); why != nullptr) return why;
    if (cell.column.not_null && IsNullField(out, begin)) return "is null or absent";
    out += '\t';
  }
  out.back() = '\n';
  return nullptr;
}

const char* RowEncoder::AppendCell(const Cell& cell, const Record& record, std::string& out) {
  switch (cell.column.source) {
    case Source::kJson:
      return AppendJson(cell, record, out);
    case Source::kValue:
      return AppendBytes(record.value, out);
    case Source::kKey:
      return AppendBytes(record.key, out);
    case Source::kHeader:
      return AppendBytes(LastHeader(record, cell.column.header), out);
    case Source::kFingerprint:
      return AppendFingerprint(record, out);
    case Source::kTopic:
      out += topic_;
      return nullptr;
    case Source::kPartition:
      AppendNumber(record.partition, out);
      return nullptr;
    case Source::kOffset:
      AppendNumber(record.offset, out);
      return nullptr;
    case Source::kTimestamp:
      if (record.timestamp_ms < 0) out += kNullField;
      return record.timestamp_ms < 0 || AppendTimestamp(record.timestamp_ms, out)
                 ? nullptr
                 : "is beyond the year 9999";
  }
  return nullptr;
}

const char* RowEncoder::AppendJson(const Cell& cell, const Record& record, std::string& out) {
  const std::string_view found = record.value ? scanner_.Found(cell.node) : std::string_view{};
  if (!found.empty()) return converter_.Append(found, cell.column.type, out);
  out += kNullField;
  return nullptr;
}

/// A record without a key has no fingerprint here, or all of them would be copies of one another.
const char* RowEncoder::AppendFingerprint(const Record& record, std::string& out) {
  const Identity identity = fingerprinter_->Identify(record);
  switch (identity.outcome) {
    case Outcome::kInvalid:
      return "the key cannot be read: the value is not one valid JSON text, or ambiguous";
    case Outcome::kMissing:
      out += kNullField;
      return nullptr;
    case Outcome::kOk:
      AppendHex(identity.fingerprint, fingerprinter_->bits(), out);
      return nullptr;
  }
  return nullptr;
}

}  // namespace semel::postgres
