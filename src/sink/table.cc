#include "sink/table.h"

#include <algorithm>
#include <set>

namespace semel::sink {
namespace {

using postgres::Column;
using postgres::Connection;
using postgres::Identifier;

constexpr const char* kOffsetsName = "semel_offsets";
// Two that start at once: CREATE TABLE IF NOT EXISTS alone can fail in one of them.
constexpr const char* kLock = "SELECT pg_advisory_xact_lock(hashtext('semel sink postgres'))";

std::string Qualified(const std::string& schema, const std::string& name) {
  return (schema.empty() ? "" : Identifier(schema) + ".") + Identifier(name);
}

std::string CreateRowsSql(const TableSpec& spec) {
  std::string sql = "CREATE TABLE IF NOT EXISTS " + spec.Quoted() + " (";
  const Column* const fingerprint = FingerprintColumn(spec.columns);
  for (const Column& column : spec.columns) {
    if (&column != spec.columns.data()) sql += ", ";
    sql += Identifier(column.name) + " " + SqlType(column);
    if (spec.unique && &column == fingerprint) sql += " UNIQUE";
  }
  return sql + ")";
}

// docs/formats/postgres_offsets.md
std::string CreateOffsetsSql(const TableSpec& spec) {
  return "CREATE TABLE IF NOT EXISTS " + spec.QuotedOffsets() +
         " (consumer_group text, topic text, partition integer, next_offset bigint NOT NULL, "
         "table_name text NOT NULL, cluster_id text NOT NULL, updated_at timestamptz NOT NULL "
         "DEFAULT now(), "
         "PRIMARY KEY (consumer_group, topic, partition))";
}

Error Missing(const TableSpec& spec) {
  return {Action::kFix,
          "the tables " + spec.Quoted() + " and " + spec.QuotedOffsets() +
              " have to be there. --create-table makes them, as does: " + CreateSql(spec)};
}

/// A column as pg_attribute has it.
struct Found {
  std::string name;
  std::string type;
  bool not_null;
  bool optional;  ///< may be left out of an INSERT
  bool written;   ///< false: PostgreSQL alone writes it
};

Result<std::vector<Found>> ReadColumns(Connection& connection, const TableSpec& spec) {
  SEMEL_TRY_ASSIGN(
      const auto answer,
      connection.Execute("SELECT attname, format_type(atttypid, atttypmod), attnotnull, "
                         "NOT attnotnull OR atthasdef OR attidentity <> '', "
                         "attgenerated = '' AND attidentity <> 'a' FROM pg_attribute WHERE "
                         "attrelid = to_regclass(" +
                         connection.Literal(spec.Quoted()) +
                         ") AND attnum > 0 AND NOT attisdropped"));
  std::vector<Found> found;
  for (const auto& row : answer.rows)
    found.push_back({row[0], row[1], row[2] == "t", row[3] == "t", row[4] == "t"});
  return found;
}

Result<void> CheckUnique(Connection& connection, const TableSpec& spec) {
  const Column& fingerprint = *FingerprintColumn(spec.columns);
  SEMEL_TRY_ASSIGN(
      const auto answer,
      connection.Execute("SELECT 1 FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid "
                         "AND a.attnum = i.indkey[0] WHERE i.indrelid = to_regclass(" +
                         connection.Literal(spec.Quoted()) +
                         ") AND i.indisunique AND i.indisvalid AND i.indimmediate AND "
                         "i.indnkeyatts = 1 AND i.indpred IS NULL AND a.attname = " +
                         connection.Literal(fingerprint.name)));
  if (!answer.rows.empty()) return {};
  return Error{Action::kFix, "--unique: " + spec.Quoted() + " has no unique constraint on " +
                                 Identifier(fingerprint.name) + ". This makes it: ALTER TABLE " +
                                 spec.Quoted() + " ADD UNIQUE (" + Identifier(fingerprint.name) +
                                 ")"};
}

Result<std::vector<Column>> Match(const TableSpec& spec, const std::vector<Found>& found) {
  std::vector<Column> columns = spec.columns;
  for (Column& column : columns) {
    const auto there = std::ranges::find(found, column.name, &Found::name);
    if (there == found.end())
      return Error{Action::kFix, "table " + spec.Quoted() + " has no column " +
                                     Identifier(column.name) + ". This makes it: ALTER TABLE " +
                                     spec.Quoted() + " ADD COLUMN " + Identifier(column.name) +
                                     " " + SqlType(column)};
    if (!there->written)
      return Error{Action::kFix, "column " + Identifier(column.name) + " of table " +
                                     spec.Quoted() + " is generated: nobody can write it"};
    column.not_null = there->not_null;
  }
  for (const Found& there : found)
    if (!there.optional && std::ranges::find(columns, there.name, &Column::name) == columns.end())
      return Error{Action::kFix, "column " + Identifier(there.name) + " of table " + spec.Quoted() +
                                     " must not be null and has no default, but no --column fills "
                                     "it"};
  return columns;
}

}  // namespace

std::string TableSpec::Quoted() const { return Qualified(schema, name); }

std::string TableSpec::QuotedOffsets() const { return Qualified(schema, kOffsetsName); }

std::string TableSpec::ColumnList() const {
  std::string list;
  for (const Column& column : columns) list += (list.empty() ? "" : ", ") + Identifier(column.name);
  return list;
}

Result<TableSpec> ParseTable(const std::string& text) {
  TableSpec spec;
  const std::size_t dot = text.find('.');
  if (dot != std::string::npos) spec.schema = text.substr(0, dot);
  spec.name = dot == std::string::npos ? text : text.substr(dot + 1);
  const bool named = !spec.name.empty() && (dot == std::string::npos || !spec.schema.empty());
  if (!named || spec.name.find('.') != std::string::npos)
    return Error{Action::kFix, "--table takes NAME or SCHEMA.NAME, not '" + text + "'"};
  if (spec.name == kOffsetsName)
    return Error{Action::kFix, "--table: " + text + " is where positions are kept"};
  return spec;
}

Result<void> CheckColumns(const TableSpec& spec) {
  std::set<std::string> names;
  for (const Column& column : spec.columns)
    if (!names.insert(column.name).second)
      return Error{Action::kFix, "--column: there are two of the name " + column.name};
  if (spec.unique && FingerprintColumn(spec.columns) == nullptr)
    return Error{Action::kFix,
                 "--unique needs a column that holds the fingerprint: --column "
                 "fingerprint=fingerprint"};
  return {};
}

std::string CreateSql(const TableSpec& spec) {
  return CreateRowsSql(spec) + "; " + CreateOffsetsSql(spec) + ";";
}

Result<std::vector<Column>> PrepareTable(Connection& connection, const TableSpec& spec,
                                         bool create) {
  // One text is one transaction.
  if (create) SEMEL_TRY(connection.Execute(std::string(kLock) + "; " + CreateSql(spec)));
  SEMEL_TRY_ASSIGN(const auto offsets,
                   connection.Execute("SELECT to_regclass(" +
                                      connection.Literal(spec.QuotedOffsets()) + ") IS NOT NULL"));
  SEMEL_TRY_ASSIGN(const auto found, ReadColumns(connection, spec));
  if (found.empty() || offsets.rows.front().front() != "t") return Missing(spec);
  SEMEL_TRY_ASSIGN(auto columns, Match(spec, found));
  if (spec.unique) SEMEL_TRY(CheckUnique(connection, spec));
  return columns;
}

}  // namespace semel::sink
