// The database on libpq: COPY, and a compare-and-set of the positions with each commit.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/live_text.h"
#include "base/log.h"
#include "postgres/connection.h"
#include "sink/database.h"
#include "sink/table.h"

namespace semel::sink {

struct PostgresOptions {
  LiveText conninfo;
  std::string group;
  std::string topic;
  std::string cluster_id;  ///< of the Kafka that has it
  TableSpec table;
};

class PostgresDatabase final : public Database {
 public:
  PostgresDatabase(PostgresOptions options, Logger& logger);

  Result<void> Open() override;
  bool open() const override { return connection_ && connection_->alive(); }

  /// See PrepareTable.
  Result<std::vector<postgres::Column>> Prepare(bool create);

  Result<void> EndAbandoned() override;
  Result<Positions> Read() override;
  Result<void> Create(const Positions& positions) override;
  Result<void> Put(std::string_view lines) override;
  Result<std::uint64_t> End() override;
  Result<std::uint64_t> Try(std::string_view lines) override;
  Result<void> Commit(const std::map<kafka::Partition, Move>& moves) override;
  void RollBack() override;
  std::string MoveCommand(kafka::Partition partition, const Move& move) const override;
  std::string CreateCommand(const Positions& positions) const override;

 private:
  Result<void> SetUpSession();
  Result<postgres::Connection*> Session();
  Result<void> MakeStaging(postgres::Connection& session);
  Result<void> BeginWithStaging(postgres::Connection& session);
  Result<std::string> Begin(postgres::Connection& session);
  std::string ShapeSql() const;
  Result<void> Collect(postgres::Connection& session);
  Result<std::uint64_t> FromStaging(postgres::Connection& session);
  void WarnOf(const std::string& setting, const std::string& text);
  std::string Mark() const;
  std::string Where() const;
  Error OfAnotherCluster(const std::string& other) const;
  Result<void> CheckNoOtherGroup(postgres::Connection& session);
  std::string CommitSql(const std::map<kafka::Partition, Move>& moves) const;

  PostgresOptions options_;
  Logger& logger_;
  std::optional<postgres::Connection> connection_;
  std::string staging_;  // the columns that it was made from; empty: this session has none
  bool begun_ = false;
  bool copying_ = false;  // a COPY whose outcome was not asked for yet
  std::uint64_t copied_ = 0;
  std::optional<Error> refused_;  // what the server says of the rows so far
  bool warned_ = false;
};

}  // namespace semel::sink
