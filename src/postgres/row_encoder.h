// Records as rows of the table, in COPY's text format.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fingerprint/json_scanner.h"
#include "postgres/column.h"
#include "postgres/convert.h"
#include "semel/fingerprint.h"
#include "semel/record.h"

namespace semel::postgres {

/// Threads: one at a time (it keeps scratch memory).
class RowEncoder {
 public:
  /// `key`: what identifies an event, for columns that hold the fingerprint.
  /// Errors: kFix, naming the part of the key.
  static Result<RowEncoder> Open(std::vector<Column> columns, const std::string& topic,
                                 const KeyRule& key);

  /// Appends the row of `record` as a line. Null: done. Else why there is no such row, which names
  /// the column; it is valid until the next call, and `out` is as it was. No allocation once warmed
  /// up, but what Fingerprinter says.
  const std::string* Append(const Record& record, std::string& out);

 private:
  struct Cell {
    Column column;
    PathTree::Node node = PathTree::kNone;  ///< of kJson
  };
  RowEncoder(std::vector<Cell> cells, PathTree tree, std::string topic,
             std::optional<Fingerprinter> fingerprinter);
  const char* AppendCells(const Record& record, std::string& out);
  const char* AppendCell(const Cell& cell, const Record& record, std::string& out);
  const char* AppendJson(const Cell& cell, const Record& record, std::string& out);
  const char* AppendFingerprint(const Record& record, std::string& out);

  std::vector<Cell> cells_;
  bool reads_json_ = false;
  JsonScanner scanner_;
  FieldConverter converter_;
  std::string topic_;  ///< as a field
  std::optional<Fingerprinter> fingerprinter_;
  const Cell* current_ = nullptr;
  std::string reason_;
};

}  // namespace semel::postgres
