#include "postgres/connection.h"

#include <libpq-fe.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <cstdlib>

#include "base/core_dumps.h"
#include "base/fail_point.h"

namespace semel::postgres {
namespace {

using ResultPtr = std::unique_ptr<PGresult, decltype(&PQclear)>;

constexpr std::size_t kNameMax = 63;  // what is longer the server cuts off, with a notice
constexpr std::string_view kDivisionByZero = "22012";
constexpr std::string_view kInsufficientPrivilege = "42501";

// libpq ends its texts with a newline and may use several lines.
std::string OneLine(std::string_view text) {
  std::string line;
  for (const char c : text) line += c == '\n' ? ' ' : c;
  while (line.ends_with(' ')) line.pop_back();
  return line;
}

// Before the start of a session libpq knows no SQLSTATE.
Error ConnectError(const PGconn* connection) {
  std::string text = OneLine(PQerrorMessage(connection));
  if (PQconnectionNeedsPassword(connection) != 0)
    return {
        Action::kConnect,
        text + "; a password file (PGPASSFILE, ~/.pgpass), PGPASSWORD or a service file says it"};
  for (const char* refused :
       {"authentication failed", "does not exist", "pg_hba.conf", "certificate",
        "does not support SSL", "permission denied", "not permitted to log in", "invalid "})
    if (text.find(refused) != std::string::npos) return {Action::kConnect, std::move(text)};
  return {Action::kRetry, std::move(text)};
}

Error StatementError(const PGresult* result) {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const char* column = PQresultErrorField(result, PG_DIAG_COLUMN_NAME);
  if (state == nullptr) return {Action::kRetry, OneLine(PQresultErrorMessage(result))};
  std::string text = primary == nullptr ? "no text" : OneLine(primary);
  const char* source = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION);
  if (column != nullptr) text += " (column " + std::string(column) + ")";
  return {ActionOf(state, source == nullptr ? "" : source), text + " (SQLSTATE " + state + ")"};
}

bool Copying(ExecStatusType status) { return status == PGRES_COPY_IN; }

bool Failed(ExecStatusType status) {
  return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE;
}

void TakeRows(const PGresult* result, Answer& answer) {
  answer.rows.clear();
  for (int row = 0; row < PQntuples(result); ++row) {
    auto& fields = answer.rows.emplace_back();
    for (int field = 0; field < PQnfields(result); ++field)
      fields.emplace_back(PQgetvalue(result, row, field),
                          static_cast<std::size_t>(PQgetlength(result, row, field)));
  }
}

}  // namespace

Action ActionOf(std::string_view sqlstate, std::string_view source) {
  const std::string_view kind = sqlstate.substr(0, 2);
  if (sqlstate == kDivisionByZero) return Action::kFenced;
  // A policy of row-level security, and a RAISE: it is this row that is not permitted.
  if (sqlstate == kInsufficientPrivilege &&
      (source == "ExecWithCheckOptions" || source == "exec_stmt_raise"))
    return Action::kRejectRecord;
  if (sqlstate == kInsufficientPrivilege || kind == "28") return Action::kConnect;
  for (const std::string_view wrong : {"42", "3D", "3F", "0A"})
    if (kind == wrong) return Action::kFix;
  // The connection, the state of the session or transaction, resources, locks, an operator, the
  // server's configuration or disk, a server behind a foreign table.
  for (const std::string_view passing : {"08", "0B", "24", "25", "26", "2D", "34", "3B", "40", "53",
                                         "55", "57", "58", "72", "F0", "HV", "XX"})
    if (kind == passing) return Action::kRetry;
  // Data, a constraint, a row that is too large; and what a trigger raises, for it may have any
  // other state, its own ones among them.
  return Action::kRejectRecord;
}

Result<Connection> Connection::Open(const std::string& conninfo, const std::string& name) {
  EndCoreDumps();  // libpq may read a password
  const std::string shown = name.substr(0, kNameMax);
  // What stands before `dbname` are defaults, what stands behind it wins.
  const std::array<const char*, 10> keywords = {"fallback_application_name",
                                                "connect_timeout",
                                                "tcp_user_timeout",
                                                "keepalives_idle",
                                                "keepalives_interval",
                                                "keepalives_count",
                                                "dbname",
                                                "client_encoding",
                                                nullptr,
                                                nullptr};
  const std::array<const char*, 10> values = {shown.c_str(),    "10",   "30000", "10",   "5", "3",
                                              conninfo.c_str(), "UTF8", nullptr, nullptr};
  Handle handle(PQconnectdbParams(keywords.data(), values.data(), 1), PQfinish);
  if (handle == nullptr) return Error{Action::kFail, "no memory for a connection"};
  if (PQstatus(handle.get()) != CONNECTION_OK) return ConnectError(handle.get());
  PQsetNoticeReceiver(
      handle.get(), [](void*, const PGresult*) {}, nullptr);
  PQsetnonblocking(handle.get(), 1);
  return Connection(std::move(handle));
}

bool Connection::alive() const { return !gave_up_ && PQstatus(connection_.get()) == CONNECTION_OK; }

Error Connection::Lost(const std::string& why) {
  gave_up_ = true;
  return {Action::kRetry, why};
}

Error Connection::Lost() { return Lost(OneLine(PQerrorMessage(connection_.get()))); }

Result<void> Connection::Wait(bool to_write, Clock::time_point deadline) {
  pollfd socket{PQsocket(connection_.get()), static_cast<short>(POLLIN | (to_write ? POLLOUT : 0)),
                0};
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return Lost("the server did not answer in time");
    const int ready = ::poll(&socket, 1, static_cast<int>(left));
    if (ready > 0) break;
    if (ready < 0 && errno != EINTR) return Lost("cannot wait for the server");
  }
  if ((socket.revents & ~POLLOUT) != 0 && PQconsumeInput(connection_.get()) == 0) return Lost();
  return {};
}

Result<void> Connection::Flush(Clock::time_point deadline) {
  for (;;) {
    const int left = PQflush(connection_.get());
    if (left < 0) return Lost();
    if (left == 0) return {};
    SEMEL_TRY(Wait(true, deadline));
  }
}

Result<void> Connection::Send(const std::string& sql) {
  if (!alive()) return Lost("the connection was lost");
  if (PQsendQuery(connection_.get(), sql.c_str()) == 0) return Lost();
  return Flush(Clock::now() + kPatience);
}

/// Null: there are no more.
Result<pg_result*> Connection::NextResult(Clock::time_point deadline) {
  while (PQisBusy(connection_.get()) != 0) SEMEL_TRY(Wait(false, deadline));
  return PQgetResult(connection_.get());
}

/// The first error counts: what follows it is a consequence.
Result<Answer> Connection::Collect() {
  const auto deadline = Clock::now() + kPatience;
  Answer answer;
  std::optional<Error> error;
  for (;;) {
    SEMEL_TRY_ASSIGN(pg_result* const next, NextResult(deadline));
    if (next == nullptr) break;
    const ResultPtr result(next, PQclear);
    const ExecStatusType status = PQresultStatus(result.get());
    if (Failed(status)) {
      if (!error) error = StatementError(result.get());
    } else {
      if (status == PGRES_TUPLES_OK) TakeRows(result.get(), answer);
      answer.command = PQcmdStatus(result.get());
      answer.affected = std::strtoull(PQcmdTuples(result.get()), nullptr, 10);
    }
  }
  if (error) return *error;
  return answer;
}

Result<Answer> Connection::Execute(const std::string& sql) {
  SEMEL_TRY(Send(sql));
  return Collect();
}

Result<void> Connection::BeginCopy(const std::string& sql) {
  SEMEL_TRY(Send(sql));
  const auto deadline = Clock::now() + kPatience;
  for (;;) {
    SEMEL_TRY_ASSIGN(pg_result* const next, NextResult(deadline));
    if (next == nullptr) return Error{Action::kFail, "this is no COPY: " + sql};
    const ResultPtr result(next, PQclear);
    const ExecStatusType status = PQresultStatus(result.get());
    if (Copying(status)) return {};
    if (!Failed(status)) continue;
    const Error error = StatementError(result.get());
    static_cast<void>(Collect());
    return error;
  }
}

Result<void> Connection::PutCopy(std::string_view data) {
  constexpr std::size_t kChunk = std::size_t{256} << 10U;
  const auto deadline = Clock::now() + kPatience;
  while (!data.empty()) {
    const std::string_view chunk = data.substr(0, kChunk);
    if (PQputCopyData(connection_.get(), chunk.data(), static_cast<int>(chunk.size())) != 1)
      return Lost();
    // At once, or libpq would keep a copy of all of it.
    SEMEL_TRY(Flush(deadline));
    data.remove_prefix(chunk.size());
    fail_point::Pass("postgres_in_copy");
  }
  return {};
}

Result<void> Connection::Copy(const std::string& sql, std::string_view data) {
  SEMEL_TRY(BeginCopy(sql));
  SEMEL_TRY(PutCopy(data));
  if (PQputCopyEnd(connection_.get(), nullptr) != 1) return Lost();
  return Flush(Clock::now() + kPatience);
}

Result<std::uint64_t> Connection::Copied() {
  if (!alive()) return Lost("the connection was lost");
  SEMEL_TRY_ASSIGN(const Answer answer, Collect());
  return answer.affected;
}

std::string Connection::Literal(std::string_view text) const {
  const std::unique_ptr<char, decltype(&PQfreemem)> quoted(
      PQescapeLiteral(connection_.get(), text.data(), text.size()), PQfreemem);
  return quoted == nullptr ? "''" : quoted.get();
}

std::string Identifier(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

Result<void> CheckConninfo(const std::string& conninfo, Passwords passwords) {
  char* text = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(conninfo.c_str(), &text), PQconninfoFree);
  if (options == nullptr) {
    // libpq's text may quote what was meant as a password.
    PQfreemem(text);
    return Error{Action::kFix,
                 "--to: this is no connection string of PostgreSQL, such as "
                 "postgresql://USER@HOST:5432/DATABASE or 'host=HOST dbname=DATABASE'"};
  }
  if (passwords == Passwords::kTaken) return {};
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    const std::string_view name = option->keyword;
    const bool given = option->val != nullptr && *option->val != '\0';
    if (given && (name == "password" || name == "sslpassword"))
      return Error{Action::kFix,
                   "--to holds a password, and every user of this machine can read a command line. "
                   "Say it in a password file (PGPASSFILE, ~/.pgpass), in the environment "
                   "(PGPASSWORD, or all of it: --to env:NAME), in a file (--to file:PATH), or in a "
                   "service file (--to service=NAME, PGSERVICEFILE)"};
  }
  return {};
}

}  // namespace semel::postgres
