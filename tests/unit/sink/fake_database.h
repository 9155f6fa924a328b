// A table and its positions in memory, which can be away, lose its session, or leave a commit
// without an answer.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "sink/database.h"

namespace semel::testing {

/// What becomes of a commit.
enum class Fate : std::uint8_t {
  kAnswered,
  kCarriedOut,     ///< without an answer
  kNotCarriedOut,  ///< without an answer
};

/// What is committed: others may write to it meanwhile.
struct Table {
  std::vector<std::string> rows;
  sink::Positions positions;
};

/// Rows that begin with "bad" are refused.
class FakeDatabase final : public sink::Database {
 public:
  explicit FakeDatabase(Table& table) : table_(table) {}

  std::deque<Fate> fates;  ///< of the next commits; kAnswered once it is used up
  int away = 0;            ///< how many times opening fails
  std::function<void()> before_commit = [] {};
  std::function<void()> before_end = [] {};

  int opened = 0;
  int tries = 0;
  std::vector<std::string> calls;
  std::size_t most_rows = 0;  ///< that one transaction put

  void Lose() { open_ = false; }

  Result<void> Open() override {
    if (away > 0) {
      --away;
      return Error{Action::kRetry, "away"};
    }
    ++opened;
    open_ = true;
    Forget();
    return {};
  }
  bool open() const override { return open_; }

  Result<void> EndAbandoned() override {
    calls.emplace_back("end abandoned");
    return Check();
  }
  Result<sink::Positions> Read() override {
    calls.emplace_back("read");
    SEMEL_TRY(Check());
    return table_.positions;
  }
  Result<void> Create(const sink::Positions& positions) override {
    SEMEL_TRY(Check());
    for (const auto& [partition, offset] : positions) table_.positions.emplace(partition, offset);
    return {};
  }

  Result<void> Put(std::string_view lines) override {
    SEMEL_TRY(Check());
    for (std::string& line : Split(lines)) put_.push_back(std::move(line));
    most_rows = std::max(most_rows, put_.size());
    return {};
  }
  Result<std::uint64_t> End() override {
    before_end();
    SEMEL_TRY(Check());
    return Add(std::exchange(put_, {}));
  }
  Result<std::uint64_t> Try(std::string_view lines) override {
    ++tries;
    SEMEL_TRY(Check());
    return Add(Split(lines));
  }

  Result<void> Commit(const std::map<kafka::Partition, sink::Move>& moves) override {
    before_commit();
    SEMEL_TRY(Check());
    for (const auto& [partition, move] : moves) {
      const auto found = table_.positions.find(partition);
      if (found == table_.positions.end() || found->second != move.from)
        return Error{Action::kFenced, "elsewhere"};
    }
    Fate fate = Fate::kAnswered;
    if (!fates.empty()) {
      fate = fates.front();
      fates.pop_front();
    }
    if (fate != Fate::kNotCarriedOut) {
      table_.rows.insert(table_.rows.end(), added_.begin(), added_.end());
      for (const auto& [partition, move] : moves) table_.positions[partition] = move.to;
    }
    Forget();
    if (fate == Fate::kAnswered) return {};
    open_ = false;
    return Error{Action::kRetry, "no answer"};
  }
  void RollBack() override { Forget(); }

  std::string MoveCommand(kafka::Partition partition, const sink::Move& move) const override {
    return "MOVE " + std::to_string(partition) + " TO " + std::to_string(move.to);
  }
  std::string CreateCommand(const sink::Positions& positions) const override {
    std::string text = "CREATE";
    for (const auto& [partition, offset] : positions)
      text += " " + std::to_string(partition) + "@" + std::to_string(offset);
    return text;
  }

 private:
  static std::vector<std::string> Split(std::string_view lines) {
    std::vector<std::string> split;
    std::istringstream in{std::string(lines)};
    for (std::string line; std::getline(in, line);) split.push_back(line);
    return split;
  }
  Result<void> Check() const {
    return open_ ? Result<void>() : Result<void>(Error{Action::kRetry, "not connected"});
  }
  Result<std::uint64_t> Add(const std::vector<std::string>& rows) {
    for (const std::string& row : rows)
      if (row.starts_with("bad")) return Error{Action::kRejectRecord, "refused " + row};
    added_.insert(added_.end(), rows.begin(), rows.end());
    return rows.size();
  }
  void Forget() {
    put_.clear();
    added_.clear();
  }

  Table& table_;
  bool open_ = false;
  std::vector<std::string> put_;    // refused or not, End tells
  std::vector<std::string> added_;  // by the open transaction
};

}  // namespace semel::testing
