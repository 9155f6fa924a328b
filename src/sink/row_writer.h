// Makes rows of records and writes them, those apart that cannot be written.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "postgres/row_encoder.h"
#include "sink/database.h"
#include "sink/dead_letters.h"
#include "sink/open_rows.h"

namespace semel::sink {

/// What becomes of a record of which no row can be made.
enum class OnInvalid : std::uint8_t { kFail, kDrop, kTopic };

/// What one transaction did.
struct Tally {
  std::uint64_t rows = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t invalid = 0;
};

/// Threads: one at a time.
class RowWriter {
 public:
  struct Parts {
    Database& database;
    DeadLetters* letters;  ///< null unless OnInvalid::kTopic
    OnInvalid on_invalid;
    std::string topic;  ///< for errors
    Logger& log;
  };
  RowWriter(const Parts& parts, postgres::RowEncoder encoder)
      : parts_(parts), encoder_(std::move(encoder)) {}

  /// False: it is no row, and the policy is to fail: see failure. The record's batch is kept by
  /// Keep, before the next other call.
  bool Take(const Record& record);
  /// `due`: when the transaction is to be finished.
  void Keep(std::unique_ptr<kafka::Batch> batch, std::chrono::steady_clock::time_point due);

  /// Lets the server work on what is there already.
  Result<void> Stream();

  /// Writes the rest. Under the policy to fail, it ends before the first row that is refused: see
  /// failure and rows_before_failure. Errors: those of Database; kRetry: so many rows are refused
  /// that it takes too long, and fewer are to be tried.
  Result<Tally> Write();
  /// Did the table refuse rows of the last Write? See failure, too.
  bool table_refused() const {
    return refused_rows_ > 0 || rows_before_failure_ < open_.rows.size();
  }
  /// After Write: what was refused goes where the policy says, and then the transaction is ready to
  /// be committed. Errors: those of DeadLetters.
  Result<void> SendLetters();

  /// Forgets everything; the transaction is not this object's matter.
  void Clear();

  const OpenRows& open() const { return open_; }
  /// The error that the policy asks for, once what comes before it is committed.
  const std::optional<Error>& failure() const { return failure_; }
  /// How many rows lie before the one that the server refused; all where it refused none.
  std::size_t rows_before_failure() const { return rows_before_failure_; }

 private:
  Result<void> Split(std::size_t begin, std::size_t end, const std::string& why);
  Result<void> Try(std::size_t begin, std::size_t end);
  bool Refuse(const Record& record, const std::string& reason);

  const Parts parts_;
  postgres::RowEncoder encoder_;
  OpenRows open_;
  Tally tally_;
  std::optional<Error> failure_;
  std::size_t rows_before_failure_ = 0;
  std::size_t refused_rows_ = 0;  ///< by the server
};

}  // namespace semel::sink
