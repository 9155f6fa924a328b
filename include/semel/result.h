// Errors are values. An Error says what the caller should do next (Action) and, in its message,
// what the person should do next; it names the topic, partition, offset, setting or file.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace semel {

/// What to do about an error.
enum class Action {
  kRetry,         ///< a passing fault: the same call may succeed later
  kAbort,         ///< the open transaction cannot be committed; roll back and go on
  kFenced,        ///< another producer took this transactional id
  kRejectRecord,  ///< the brokers will never take this record
  kFail,          ///< runtime failure; exit code 1
  kFix,           ///< usage or configuration; exit code 2
  kConnect,       ///< a server cannot be reached or refuses (ACL, authentication); exit code 3
  kStop,          ///< going on could lose or duplicate, or a policy says `fail`; exit code 4
};

/// Names an action as logs print it.
const char* ToString(Action action);

struct Error {
  Action action = Action::kFail;
  std::string message;
};

/// The process exit code that `error` ends with: 1, 2, 3 or 4 (see Action); never 0.
int ExitCode(const Error& error);

/// A value of T or an Error, with the member names of C++23's std::expected.
/// Threads: as thread-safe as T. Reading the side that is not there ends the process.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit on purpose
  Result(Error error)
      : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit on purpose

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & {
    return has_value() ? *std::get_if<0>(&state_) : (std::abort(), *std::get_if<0>(&state_));
  }
  const T& value() const& {
    return has_value() ? *std::get_if<0>(&state_) : (std::abort(), *std::get_if<0>(&state_));
  }
  T&& value() && { return std::move(value()); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const& {
    return !has_value() ? *std::get_if<1>(&state_) : (std::abort(), *std::get_if<1>(&state_));
  }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit on purpose

  bool has_value() const { return !error_.has_value(); }
  explicit operator bool() const { return has_value(); }
  const Error& error() const& { return error_ ? *error_ : (std::abort(), *error_); }

 private:
  std::optional<Error> error_;
};

}  // namespace semel

#define SEMEL_CONCAT_INNER(a, b) a##b
#define SEMEL_CONCAT(a, b) SEMEL_CONCAT_INNER(a, b)

/// Returns the error of `expression`, if it is one, from the calling function.
#define SEMEL_TRY(expression)                                                \
  do {                                                                       \
    if (auto semel_try = (expression); !semel_try) return semel_try.error(); \
  } while (false)

// NOLINTBEGIN(bugprone-macro-parentheses): a declaration cannot stand in parentheses.
/// Declares `declaration` with the value of `expression`, or returns its error.
#define SEMEL_TRY_ASSIGN(declaration, expression)            \
  auto SEMEL_CONCAT(semel_result_, __LINE__) = (expression); \
  if (!SEMEL_CONCAT(semel_result_, __LINE__))                \
    return SEMEL_CONCAT(semel_result_, __LINE__).error();    \
  declaration = std::move(*SEMEL_CONCAT(semel_result_, __LINE__))
// NOLINTEND(bugprone-macro-parentheses)
