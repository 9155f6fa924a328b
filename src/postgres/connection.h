// One session with a PostgreSQL server, on libpq.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "semel/result.h"

struct pg_conn;
struct pg_result;

namespace semel::postgres {

/// What a statement returned; of several in one text, the last one that returned rows.
struct Answer {
  std::vector<std::vector<std::string>> rows{};  ///< NULL is an empty string
  std::string command{};       ///< the last command's tag: "UPDATE 3", "COMMIT", "ROLLBACK"
  std::uint64_t affected = 0;  ///< rows that it wrote
};

/// No call waits for longer than kPatience; a server that is silent for so long counts as lost.
/// Errors of all calls: kRejectRecord: what a row holds is refused (by its type, a constraint, a
/// trigger);
/// kFenced: division by zero, which only the compare-and-set of offsets asks for; kConnect: the
/// server refuses us; kFix: no such table or column; kRetry: all else. Each names the SQLSTATE.
/// Threads: one at a time.
class Connection {
 public:
  static constexpr std::chrono::seconds kPatience{90};

  /// `conninfo`: a URI or `name=value` pairs, as libpq takes them; what it does not say comes from
  /// PG* variables, service and password files. `name`: shown in pg_stat_activity.
  static Result<Connection> Open(const std::string& conninfo, const std::string& name);

  Connection(Connection&&) noexcept = default;
  Connection& operator=(Connection&&) noexcept = default;

  /// False once it was lost: only destroying makes sense then.
  bool alive() const;

  Result<Answer> Execute(const std::string& sql);

  /// `sql` ends with a COPY ... FROM STDIN: sends all of `data` and ends it, so that the server
  /// never waits for us in the middle of it. It works on while the caller does other things;
  /// Copied, which has to be the next call, waits for it.
  Result<void> Copy(const std::string& sql, std::string_view data);
  /// How many rows were copied. What the server refuses is known here, not before.
  Result<std::uint64_t> Copied();

  /// It counts as lost from now on.
  void GiveUp() { gave_up_ = true; }

  /// In quotes, for use in SQL.
  std::string Literal(std::string_view text) const;

 private:
  using Handle = std::unique_ptr<pg_conn, void (*)(pg_conn*)>;
  using Clock = std::chrono::steady_clock;
  explicit Connection(Handle connection) : connection_(std::move(connection)) {}

  Result<void> Send(const std::string& sql);
  Result<void> BeginCopy(const std::string& sql);
  Result<void> PutCopy(std::string_view data);
  Result<void> Flush(Clock::time_point deadline);
  Result<void> Wait(bool to_write, Clock::time_point deadline);
  Result<pg_result*> NextResult(Clock::time_point deadline);
  Result<Answer> Collect();
  Error Lost(const std::string& why);
  Error Lost();

  Handle connection_;
  bool gave_up_ = false;
};

/// `name` as an identifier in SQL: in double quotes.
std::string Identifier(std::string_view name);

/// A command line can be read by every user of the machine.
enum class Passwords : std::uint8_t { kRefused, kTaken };

/// Refuses what cannot be read, and passwords. Errors: kFix, which never quote `conninfo`.
Result<void> CheckConninfo(const std::string& conninfo, Passwords passwords = Passwords::kRefused);

/// What to do about an error with that SQLSTATE; see Connection. `source`: the function of the
/// server that reports it; unlike the text it is in no language.
Action ActionOf(std::string_view sqlstate, std::string_view source = {});

}  // namespace semel::postgres
