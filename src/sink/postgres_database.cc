#include "sink/postgres_database.h"

#include <fmt/format.h>

#include <utility>

#include "base/crc32c.h"
#include "base/fail_point.h"

namespace semel::sink {
namespace {

constexpr const char* kStaging = "semel_staging";
// Read committed, for the compare-and-set must see what others committed meanwhile; constraints at
// once, so that what they refuse can be told from a failed commit.
constexpr const char* kBegin =
    "BEGIN ISOLATION LEVEL READ COMMITTED; SET CONSTRAINTS ALL IMMEDIATE; ";

// For how long a COPY may be under way while the server waits for more of it. We send what is in
// memory already, and always to its end.
constexpr const char* kAbandoned = "5 s";

// A generated column or a trigger of the table divided by zero: a row, not the compare-and-set.
Error Refused(const Error& error) {
  if (error.action != Action::kFenced) return error;
  return {Action::kRejectRecord, error.message};
}

Error NotConnected() { return {Action::kRetry, "there is no connection with the database"}; }

// A process that is paused, or whose machine is gone, must not hold its locks for ever. What the
// operator set (0 is off) stays.
std::string Bounded(const std::string& setting, const std::string& bound) {
  const std::string now = "current_setting('" + setting + "')";
  return "set_config('" + setting + "', CASE " + now + " WHEN '0' THEN '" + bound + "' ELSE " +
         now + " END, false)";
}

// The same for a machine or a network that is gone. Where nobody set them they show the operating
// system's 2 hours, so it is the source that tells what an operator wants.
constexpr const char* kKeepalives =
    "SELECT set_config(name, value, false) FROM (VALUES ('tcp_keepalives_idle', '10'), "
    "('tcp_keepalives_interval', '5'), ('tcp_keepalives_count', '3'), "
    "('tcp_user_timeout', '30000')) wanted (name, value) "
    "JOIN pg_settings USING (name) WHERE source = 'default'";

}  // namespace

PostgresDatabase::PostgresDatabase(PostgresOptions options, Logger& logger)
    : options_(std::move(options)), logger_(logger) {}

// --- the session --------------------------------------------------------------------------------

Result<void> PostgresDatabase::Open() {
  RollBack();
  connection_.reset();
  staging_.clear();
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
  SEMEL_TRY(connection_->Execute("SELECT set_config('TimeZone', 'UTC', false), " +
                                 Bounded("statement_timeout", "60s") + ", " +
                                 Bounded("idle_in_transaction_session_timeout", "30s") +
                                 ", set_config('synchronous_commit', '" +
                                 (settings[0] == "off" ? "on" : settings[0]) + "', false)"));
  SEMEL_TRY(connection_->Execute(kKeepalives));
  warned_ = true;
  return {};
}

void PostgresDatabase::WarnOf(const std::string& setting, const std::string& text) {
  if (!warned_) logger_.Warning(text, {{"setting", setting}});
}

Result<postgres::Connection*> PostgresDatabase::Session() {
  if (!open()) return NotConnected();
  return &*connection_;
}

Result<std::vector<postgres::Column>> PostgresDatabase::Prepare(bool create) {
  SEMEL_TRY_ASSIGN(postgres::Connection* const session, Session());
  return PrepareTable(*session, options_.table, create);
}

/// What COPYs of this group begin with: a comment, which pg_stat_activity shows.
std::string PostgresDatabase::Mark() const {
  return fmt::format("/* semel sink {:08x} */ ", Crc32c(options_.group));
}

/// No limit of the server ends a COPY that waits for its client: statement_timeout is not looked at
/// meanwhile, and the session is not idle. Sessions of other roles cannot be seen.
Result<void> PostgresDatabase::EndAbandoned() {
  SEMEL_TRY_ASSIGN(postgres::Connection* const session, Session());
  const std::string mark = session->Literal(Mark());
  SEMEL_TRY_ASSIGN(
      const auto ended,
      session->Execute(
          "SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
          "current_database() AND usename = current_user AND state = 'active' AND "
          "wait_event = 'ClientRead' AND left(query, length(" +
          mark + ")) = " + mark + " AND clock_timestamp() - query_start > interval '" + kAbandoned +
          "'"));
  for (const auto& row : ended.rows)
    logger_.Warning("ended a session of this group that had stopped in the middle of a COPY",
                    {{"backend", row[0]}});
  return {};
}

// Columns and types as the table has them, without its constraints.
Result<void> PostgresDatabase::MakeStaging(postgres::Connection& session) {
  if (!staging_.empty()) return {};
  SEMEL_TRY_ASSIGN(
      const auto answer,
      session.Execute(std::string("DROP TABLE IF EXISTS pg_temp.") + kStaging +
                      "; CREATE TEMP TABLE " + kStaging + " ON COMMIT DELETE ROWS AS SELECT " +
                      options_.table.ColumnList() + " FROM " + options_.table.Quoted() +
                      " WITH NO DATA; " + ShapeSql()));
  staging_ = answer.rows.front().front();
  return {};
}

/// Names and types of the table's columns.
std::string PostgresDatabase::ShapeSql() const {
  return "SELECT string_agg(format('%s %s %s', attname, atttypid, atttypmod), ', ' ORDER BY "
         "attnum) FROM pg_attribute WHERE attrelid = to_regclass(" +
         connection_->Literal(options_.table.Quoted()) + ") AND attnum > 0 AND NOT attisdropped";
}

/// A column that has another type by now would get what the old one makes of a value, such as fewer
/// digits. The lock is the one that an INSERT takes: with it nobody alters the table until the end.
Result<void> PostgresDatabase::BeginWithStaging(postgres::Connection& session) {
  if (begun_) return {};
  SEMEL_TRY(MakeStaging(session));
  begun_ = true;
  SEMEL_TRY_ASSIGN(const auto answer,
                   session.Execute(std::string(kBegin) + "LOCK TABLE " + options_.table.Quoted() +
                                   " IN ROW EXCLUSIVE MODE; " + ShapeSql()));
  if (answer.rows.front().front() == staging_) return {};
  staging_.clear();
  return Error{Action::kRetry, "the table was altered"};
}

/// What the next statement has to begin with.
Result<std::string> PostgresDatabase::Begin(postgres::Connection& session) {
  if (options_.table.unique) SEMEL_TRY(BeginWithStaging(session));
  return std::string(std::exchange(begun_, true) ? "" : kBegin);
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
  SEMEL_TRY_ASSIGN(postgres::Connection* const session, Session());
  SEMEL_TRY_ASSIGN(const auto answer,
                   session->Execute("SELECT partition, next_offset, table_name, cluster_id FROM " +
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
    if (row[3] != options_.cluster_id) return OfAnotherCluster(row[3]);
    positions[static_cast<kafka::Partition>(std::stol(row[0]))] = std::stoll(row[1]);
  }
  if (positions.empty()) SEMEL_TRY(CheckNoOtherGroup(*session));
  return positions;
}

/// The same names in another cluster are other records, which the positions would pass over.
Error PostgresDatabase::OfAnotherCluster(const std::string& other) const {
  const std::string offsets = options_.table.QuotedOffsets();
  return {Action::kStop,
          "the positions of group " + options_.group + " in " + offsets + " are offsets of topic " +
              options_.topic + " in the Kafka cluster " + other + "; this one is " +
              options_.cluster_id +
              ". For another topic of that name, use another group (--group). If the topic was "
              "moved here with its offsets, stop the sinks and UPDATE " +
              offsets + " o SET cluster_id = " + connection_->Literal(options_.cluster_id) +
              " WHERE " + Where() +
              ". If it was moved and has other offsets, set next_offset of each partition to "
              "that of its first record that the table does not have, too"};
}

/// A table has several names: with its schema and without it. The default group has the name.
Result<void> PostgresDatabase::CheckNoOtherGroup(postgres::Connection& session) {
  SEMEL_TRY_ASSIGN(
      const auto answer,
      session.Execute("SELECT consumer_group FROM " + options_.table.QuotedOffsets() +
                      " o WHERE topic = " + session.Literal(options_.topic) +
                      " AND to_regclass(table_name) = to_regclass(" +
                      session.Literal(options_.table.Quoted()) + ") ORDER BY 1 LIMIT 1"));
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
                   options_.table.QuotedOffsets() + " WHERE consumer_group = " +
                   session.Literal(other) + " AND topic = " + session.Literal(options_.topic)};
}

std::string PostgresDatabase::CreateCommand(const Positions& positions) const {
  std::string values;
  for (const auto& [partition, offset] : positions)
    values += (values.empty() ? "(" : ", (") + connection_->Literal(options_.group) + ", " +
              connection_->Literal(options_.topic) + ", " + std::to_string(partition) + ", " +
              std::to_string(offset) + ", " + connection_->Literal(options_.table.Quoted()) + ", " +
              connection_->Literal(options_.cluster_id) + ")";
  return "INSERT INTO " + options_.table.QuotedOffsets() +
         " (consumer_group, topic, partition, next_offset, table_name, cluster_id) VALUES " +
         values + " ON CONFLICT DO NOTHING";
}

Result<void> PostgresDatabase::Create(const Positions& positions) {
  if (positions.empty()) return {};
  SEMEL_TRY_ASSIGN(postgres::Connection* const session, Session());
  SEMEL_TRY(session->Execute(CreateCommand(positions)));
  return {};
}

// --- rows ---------------------------------------------------------------------------------------

Result<void> PostgresDatabase::Put(std::string_view lines) {
  SEMEL_TRY_ASSIGN(postgres::Connection* const session, Session());
  SEMEL_TRY(Collect(*session));
  if (lines.empty() || refused_) return {};
  SEMEL_TRY_ASSIGN(const std::string begin, Begin(*session));
  const std::string into = options_.table.unique ? kStaging : options_.table.Quoted();
  SEMEL_TRY(session->Copy(
      Mark() + begin + "COPY " + into + " (" + options_.table.ColumnList() + ") FROM STDIN",
      lines));
  copying_ = true;
  return {};
}

/// The outcome of the COPY that is under way.
Result<void> PostgresDatabase::Collect(postgres::Connection& session) {
  if (!std::exchange(copying_, false)) return {};
  const auto rows = session.Copied();
  if (rows) {
    copied_ += *rows;
    return {};
  }
  auto refused = Refused(rows.error());
  if (refused.action != Action::kRejectRecord) return refused;
  refused_ = std::move(refused);
  return {};
}

Result<std::uint64_t> PostgresDatabase::End() {
  SEMEL_TRY_ASSIGN(postgres::Connection* const session, Session());
  SEMEL_TRY(Collect(*session));
  const std::uint64_t copied = std::exchange(copied_, 0);
  if (refused_) return *std::exchange(refused_, std::nullopt);
  if (copied == 0 || !options_.table.unique) return copied;
  const auto rows = FromStaging(*session);
  if (!rows) return Refused(rows.error());
  return rows;
}

// In the order of the fingerprints, so that two who insert the same ones wait for each other and
// do not deadlock; of copies within the batch the first comes first.
Result<std::uint64_t> PostgresDatabase::FromStaging(postgres::Connection& session) {
  const std::string fingerprint =
      postgres::Identifier(FingerprintColumn(options_.table.columns)->name);
  SEMEL_TRY_ASSIGN(
      const auto answer,
      session.Execute("INSERT INTO " + options_.table.Quoted() + " (" +
                      options_.table.ColumnList() + ") SELECT " + options_.table.ColumnList() +
                      " FROM " + kStaging + " ORDER BY " + fingerprint + ", ctid ON CONFLICT (" +
                      fingerprint + ") DO NOTHING"));
  return answer.affected;
}

Result<std::uint64_t> PostgresDatabase::Try(std::string_view lines) {
  SEMEL_TRY_ASSIGN(postgres::Connection* const session, Session());
  SEMEL_TRY_ASSIGN(const std::string begin, Begin(*session));
  SEMEL_TRY(session->Execute(begin + "SAVEPOINT semel"));
  SEMEL_TRY(Put(lines));
  auto rows = End();
  if (rows) {
    const std::string emptied =
        options_.table.unique ? std::string("TRUNCATE ") + kStaging + "; " : "";
    SEMEL_TRY(session->Execute(emptied + "RELEASE SAVEPOINT semel"));
  } else if (rows.error().action == Action::kRejectRecord) {
    SEMEL_TRY(session->Execute("ROLLBACK TO SAVEPOINT semel; RELEASE SAVEPOINT semel"));
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
  SEMEL_TRY_ASSIGN(postgres::Connection* const session, Session());
  const std::string sql = (begun_ ? "" : kBegin) + CommitSql(moves);
  begun_ = true;
  fail_point::Pass("sink_before_commit");
  if (fail_point::Fails("sink_commit_not_sent")) {
    session->GiveUp();
    return Error{Action::kRetry, "fail point: the commit was not sent"};
  }
  const auto answer = session->Execute(sql);
  if (fail_point::Fails("sink_commit_not_answered")) {
    session->GiveUp();
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
  const bool copying = std::exchange(copying_, false);
  const bool begun = std::exchange(begun_, false);
  copied_ = 0;
  refused_.reset();
  if (!open()) return;
  if (copying) static_cast<void>(connection_->Copied());
  if (begun && (fail_point::Fails("sink_rollback_not_sent") || !connection_->Execute("ROLLBACK")))
    connection_->GiveUp();
}

}  // namespace semel::sink
