// The table and the one that holds the positions: their SQL, and whether they are as they have to
// be.
#pragma once

#include <string>
#include <vector>

#include "postgres/column.h"
#include "postgres/connection.h"

namespace semel::sink {

struct TableSpec {
  std::string schema{};  ///< empty: as search_path has it
  std::string name{};
  std::vector<postgres::Column> columns{};
  bool unique = false;  ///< rows whose fingerprint is there already are left out

  /// In quotes, for SQL.
  std::string Quoted() const;
  /// The table of positions, in the same schema.
  std::string QuotedOffsets() const;
  /// The columns, in quotes: "a", "b".
  std::string ColumnList() const;
};

/// Reads NAME or SCHEMA.NAME. Errors: kFix.
Result<TableSpec> ParseTable(const std::string& text);

/// Refuses names that are there twice, and `unique` without a fingerprint. Errors: kFix.
Result<void> CheckColumns(const TableSpec& spec);

/// What makes both tables; does nothing where they are there.
std::string CreateSql(const TableSpec& spec);

/// Makes both tables if `create` says so, and checks them. Returns the columns as they are there.
/// Errors: those of Connection; kFix: missing, or not as it has to be, with the SQL that repairs.
Result<std::vector<postgres::Column>> PrepareTable(postgres::Connection& connection,
                                                   const TableSpec& spec, bool create);

}  // namespace semel::sink
