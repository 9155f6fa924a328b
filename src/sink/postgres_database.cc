#include "sink/postgres_database.h"

#include <utility>

#include "base/fail_point.h"

namespace semel::sink {
namespace {

constexpr const char* kStaging = "semel_staging";
// Read committed, for the compare-and-set must see what others committed meanwhile; constraints at
// once, so that what they refuse can be told from a failed commit.
constexpr const char* kBegin =
    "BEGIN ISOLATION LEVEL READ COMMITTED; SET CONSTRAINTS ALL IMMEDIATE; ";

// A process that is paused, or whose machine is gone, must not hold its locks for ever. What the
// operator set (0 is off) stays.
std::string Bounded(const std::string& setting, const std::string& bound) {
  const std::string now = "current_setting('" + setting + "')";
  return "set_config('" + setting + "', CASE " + now + " WHEN '0' THEN '" + bound + "' ELSE " +
         now + " END, false)";
}

}  // namespace

PostgresDatabase::PostgresDatabase(PostgresOptions options, Logger& logger)
    : options_(std::move(options)), logger_(logger) {}

// --- the session --------------------------------------------------------------------------------

Result<void> PostgresDatabase::Open() {
  connection_.reset();
  staging_ = begun_ = copying_ = false;
  SEMEL_TRY_ASSIGN(connection_, postgres::Connection::Open(options_.conninfo.Get(),
                                                           "semel sink " + options_.group));
  if (auto ready = SetUpSession(); !ready) {
    connection_.reset();
    return ready.error();
  }
  return {};
}

Result<void> PostgresDatabase::SetUpSession() {
  SEMEL_TRY_ASSIGN(const auto answer,
                   connection_->Execute(
                       "SELECT current_setting('synchronous_commit'), current_setting('fsync'), "
                       "pg_is_in_recovery(), current_setting('server_version')"));
  const auto& settings = answer.rows.front();
  if (settings[2] == "t")
    return Error{Action::kRetry, "the server is a standby, which takes no rows"};
  if (settings[0] == "off")
    WarnOf("synchronous_commit",
           "synchronous_commit is off on this server: a crash of it could undo what it has "
           "confirmed. This session sets it to on");
  if (settings[1] == "off")
    WarnOf("fsync",
           "fsync is off on this server: if its machine crashes, rows are lost or the whole "
           "database is damaged; nothing here is exactly once then");
  SEMEL_TRY(connection_->Execute(
      "SELECT set_config('TimeZone', 'UTC', false), " + Bounded("statement_timeout", "60s") + ", " +
      Bounded("idle_in_transaction_session_timeout", "30s") +
      (settings[0] == "off" ? ", set_config('synchronous_commit', 'on', false)" : "")));
  warned_ = true;
  return {};
}

void PostgresDatabase::WarnOf(const std::string& setting, const std::string& text) {
  if (!warned_) logger_.Warning(text, {{"setting", setting}});
}

Result<std::vector<postgres::Column>> PostgresDatabase::Prepare(bool create) {
  return PrepareTable(*connection_, options_.table, create);
}

// Columns and types as the table has them, without its constraints.
Result<void> PostgresDatabase::MakeStaging() {
  if (staging_) return {};
  SEMEL_TRY(connection_->Execute(std::string("CREATE TEMP TABLE ") + kStaging +
                                 " ON COMMIT DELETE ROWS AS SELECT " + options_.table.ColumnList() +
                                 " FROM " + options_.table.Quoted() + " WITH NO DATA"));
  staging_ = true;
  return {};
}

// --- positions ----------------------------------------------------------------------------------

std::string PostgresDatabase::Where() const {
  return "o.consumer_group = " + connection_->Literal(options_.group) +
         " AND o.topic = " + connection_->Literal(options_.topic);
}

std::string PostgresDatabase::MoveCommand(kafka::Partition partition, const Move& move) const {
  return "UPDATE " + options_.table.QuotedOffsets() +
         " o SET next_offset = " + std::to_string(move.to) + " WHERE " + Where() +
         " AND o.partition = " + std::to_string(partition) +
         " AND o.next_offset = " + std::to_string(move.from);
}

Result<Positions> PostgresDatabase::Read() {
  SEMEL_TRY_ASSIGN(const auto answer,
                   connection_->Execute("SELECT partition, next_offset, table_name FROM " +
                                        options_.table.QuotedOffsets() + " o WHERE " + Where()));
  Positions positions;
  for (const auto& row : answer.rows) {
    if (row[2] != options_.table.Quoted())
      return Error{Action::kStop,
                   "the positions of group " + options_.group + " in " +
                       options_.table.QuotedOffsets() + " belong to table " + row[2] + ", not to " +
                       options_.table.Quoted() +
                       ": two sinks need two groups (--group). If the table was renamed: UPDATE " +
                       options_.table.QuotedOffsets() + " o SET table_name = " +
                       connection_->Literal(options_.table.Quoted()) + " WHERE " + Where()};
    positions[static_cast<kafka::Partition>(std::stol(row[0]))] = std::stoll(row[1]);
  }
  if (positions.empty()) SEMEL_TRY(CheckNoOtherGroup());
  return positions;
}

/// A table has several names: with its schema and without it. The default group has the name.
Result<void> PostgresDatabase::CheckNoOtherGroup() {
  SEMEL_TRY_ASSIGN(
      const auto answer,
      connection_->Execute("SELECT consumer_group FROM " + options_.table.QuotedOffsets() +
                           " o WHERE topic = " + connection_->Literal(options_.topic) +
                           " AND to_regclass(table_name) = to_regclass(" +
                           connection_->Literal(options_.table.Quoted()) + ") ORDER BY 1 LIMIT 1"));
  if (answer.rows.empty()) return {};
  const std::string& other = answer.rows.front().front();
  return Error{Action::kStop,
               "group " + options_.group + " has no positions in " +
                   options_.table.QuotedOffsets() + ", and group " + other +
                   " writes the same topic to the same table: every record would be a row twice. "
                   "Go on as that group: --group " +
                   other +
                   " and --table as it was. If its rows are gone and all is to be written "
                   "again, DELETE FROM " +
                   options_.table.QuotedOffsets() +
                   " WHERE consumer_group = " + connection_->Literal(other) +
                   " AND topic = " + connection_->Literal(options_.topic)};
}

std::string PostgresDatabase::CreateCommand(const Positions& positions) const {
  std::string values;
  for (const auto& [partition, offset] : positions)
    values += (values.empty() ? "(" : ", (") + connection_->Literal(options_.group) + ", " +
              connection_->Literal(options_.topic) + ", " + std::to_string(partition) + ", " +
              std::to_string(offset) + ", " + connection_->Literal(options_.table.Quoted()) + ")";
  return "INSERT INTO " + options_.table.QuotedOffsets() +
         " (consumer_group, topic, partition, next_offset, table_name) VALUES " + values +
         " ON CONFLICT DO NOTHING";
}

Result<void> PostgresDatabase::Create(const Positions& positions) {
  if (!positions.empty()) SEMEL_TRY(connection_->Execute(CreateCommand(positions)));
  return {};
}

// --- rows ---------------------------------------------------------------------------------------

Result<void> PostgresDatabase::Put(std::string_view lines) {
  if (!copying_) {
    if (options_.table.unique) SEMEL_TRY(MakeStaging());
    const std::string into = options_.table.unique ? kStaging : options_.table.Quoted();
    const std::string begin = std::exchange(begun_, true) ? "" : kBegin;
    SEMEL_TRY(connection_->BeginCopy(begin + "COPY " + into + " (" + options_.table.ColumnList() +
                                     ") FROM STDIN"));
    copying_ = true;
  }
  return connection_->PutCopy(lines);
}

Result<std::uint64_t> PostgresDatabase::End() {
  if (!copying_) return std::uint64_t{0};
  copying_ = false;
  auto rows = connection_->EndCopy();
  if (rows && options_.table.unique) rows = FromStaging();
  // A generated column or a trigger of the table divided by zero: a row, not the compare-and-set.
  if (!rows && rows.error().action == Action::kFenced)
    return Error{Action::kRejectRecord, rows.error().message};
  return rows;
}

// In the order of the fingerprints, so that two who insert the same ones wait for each other and
// do not deadlock; of copies within the batch the first comes first.
Result<std::uint64_t> PostgresDatabase::FromStaging() {
  const std::string fingerprint =
      postgres::Identifier(FingerprintColumn(options_.table.columns)->name);
  SEMEL_TRY_ASSIGN(
      const auto answer,
      connection_->Execute("INSERT INTO " + options_.table.Quoted() + " (" +
                           options_.table.ColumnList() + ") SELECT " + options_.table.ColumnList() +
                           " FROM " + kStaging + " ORDER BY " + fingerprint +
                           ", ctid ON CONFLICT (" + fingerprint + ") DO NOTHING"));
  return answer.affected;
}

Result<std::uint64_t> PostgresDatabase::Try(std::string_view lines) {
  if (options_.table.unique) SEMEL_TRY(MakeStaging());
  const std::string begin = std::exchange(begun_, true) ? "" : kBegin;
  SEMEL_TRY(connection_->Execute(begin + "SAVEPOINT semel"));
  SEMEL_TRY(Put(lines));
  auto rows = End();
  if (rows) {
    const std::string emptied =
        options_.table.unique ? std::string("TRUNCATE ") + kStaging + "; " : "";
    SEMEL_TRY(connection_->Execute(emptied + "RELEASE SAVEPOINT semel"));
  } else if (rows.error().action == Action::kRejectRecord) {
    SEMEL_TRY(connection_->Execute("ROLLBACK TO SAVEPOINT semel; RELEASE SAVEPOINT semel"));
  }
  return rows;
}

// --- the end of a transaction -------------------------------------------------------------------

/// The division fails unless every position is where it is believed to be, and then the COMMIT
/// behind it is not carried out. So the row locks of the positions last for one step of the server:
/// a process that is paused anywhere never holds them.
std::string PostgresDatabase::CommitSql(const std::map<kafka::Partition, Move>& moves) const {
  std::string values;
  for (const auto& [partition, move] : moves)
    values += (values.empty() ? "(" : ", (") + std::to_string(partition) + ", " +
              std::to_string(move.from) + "::bigint, " + std::to_string(move.to) + "::bigint)";
  return "WITH moved AS (UPDATE " + options_.table.QuotedOffsets() +
         " o SET next_offset = m.next, updated_at = now() FROM (VALUES " + values +
         ") m (partition, believed, next) WHERE " + Where() +
         " AND o.partition = m.partition AND o.next_offset = m.believed RETURNING 1) "
         "SELECT 1 / (count(*) = " +
         std::to_string(moves.size()) + ")::int FROM moved; COMMIT";
}

Result<void> PostgresDatabase::Commit(const std::map<kafka::Partition, Move>& moves) {
  const std::string sql = (begun_ ? "" : kBegin) + CommitSql(moves);
  begun_ = true;
  fail_point::Pass("sink_before_commit");
  if (fail_point::Fails("sink_commit_not_sent")) {
    connection_.reset();
    return Error{Action::kRetry, "fail point: the commit was not sent"};
  }
  const auto answer = connection_->Execute(sql);
  if (fail_point::Fails("sink_commit_not_answered")) {
    connection_.reset();
    return Error{Action::kRetry, "fail point: the commit was not answered"};
  }
  if (!answer) return answer.error();
  if (answer->command != "COMMIT")
    return Error{Action::kRetry, "the server ended the transaction with " + answer->command};
  begun_ = false;
  fail_point::Pass("sink_after_commit");
  return {};
}

void PostgresDatabase::RollBack() {
  if (!open()) return;
  if (copying_) connection_->CancelCopy();
  if (begun_ && !connection_->Execute("ROLLBACK")) connection_.reset();
  begun_ = copying_ = false;
}

}  // namespace semel::sink
