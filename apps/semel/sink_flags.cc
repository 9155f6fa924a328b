#include "sink_flags.h"

#include <algorithm>
#include <cstdlib>

#include "base/core_dumps.h"
#include "base/file.h"
#include "config/yaml_file.h"
#include "duration_flag.h"
#include "wiring/dedup_options.h"

namespace semel::app {
namespace {

constexpr std::int64_t kCommitIntervalMaxMs = 10'000;

CLI::Option* AddText(CLI::App& command, const std::string& group, const std::string& name,
                     std::string& value, const char* type, const char* text) {
  return command.add_option(name, value, text)->type_name(type)->group(group);
}

}  // namespace

void SinkFlags::AddTo(CLI::App& command) {
  kafka_.AddTo(command);
  AddTable(command);
  key_rule_.AddTo(command);
  AddRun(command);
  run_.AddTo(command);
  config::AddSettingsFile(command, kafka_.from_file());
}

void SinkFlags::AddTable(CLI::App& command) {
  const std::string group = "From where to where";
  AddText(command, group, "--from", options_.from, "TOPIC", "Input, read committed")->required();
  AddText(
      command, group, "--to", to_, "CONNECTION",
      "The database as libpq takes it: postgresql://USER@HOST/DATABASE?sslmode=verify-full, or\n"
      "'service=NAME'. What it does not say comes from PG* variables and password files; a\n"
      "password in it is refused, unless all of it is read elsewhere: file:PATH or env:NAME");
  AddText(command, group, "--table", table_, "[SCHEMA.]NAME", "The table that gets the rows")
      ->required();
  command
      .add_option("--column", columns_,
                  "NAME[:TYPE]=SOURCE; repeat for more. SOURCE: json:PATH, value, key,\n"
                  "header:NAME, fingerprint, topic, partition, offset or timestamp. TYPE: text,\n"
                  "bigint, numeric, boolean, timestamptz, jsonb [event=value\n"
                  "fingerprint=fingerprint kafka_topic=topic kafka_partition=partition\n"
                  "kafka_offset=offset]")
      ->type_name("COLUMN")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false)
      ->group(group);
  command
      .add_flag("--create-table", options_.create_table,
                "Create the table and the one for the positions, semel_offsets, where missing")
      ->group(group);
  command
      .add_flag("--unique", unique_,
                "Leave out rows whose fingerprint the table has (ON CONFLICT DO NOTHING): for a\n"
                "topic that was not deduplicated. Needs a unique constraint on that column")
      ->group(group);
  AddText(command, group, "--group", options_.group, "GROUP",
          "Consumer group, and the name of the positions in the database [semel.<from>.<table>]");
}

void SinkFlags::AddRun(CLI::App& command) {
  const std::string group = "How it runs";
  AddText(command, group, "--on-invalid", on_invalid_, "fail|drop|topic:NAME",
          "Records that cannot be rows: not JSON, of another type, refused by the table;\n"
          "topic:NAME keeps them, with headers that say why")
      ->capture_default_str();
  AddText(command, group, "--start", start_, "START",
          "Where a new group begins: earliest, latest or a time (2026-11-23T09:00:00Z)")
      ->capture_default_str();
  command
      .add_option("--commit-interval", commit_interval_ms_,
                  "Longest age of an open transaction, 1ms to 10s")
      ->type_name("DURATION")
      ->default_str("200ms")
      ->transform(Duration())
      ->group(group);
  command
      .add_flag("--until-end", options_.until_end,
                "Stop when the input's end as of the start is in the table, with exit code 0")
      ->group(group);
  AddText(command, group, "--instance", options_.instance, "NAME",
          "Static member of the group: a restart gets its partitions at once [none]");
  AddText(command, group, "--metrics", options_.metrics, "HOST:PORT",
          "Serve /metrics, /livez and /readyz");
}

Result<sink::TableSpec> SinkFlags::Table() const {
  SEMEL_TRY_ASSIGN(sink::TableSpec table, sink::ParseTable(table_));
  table.unique = unique_;
  for (const std::string& text : columns_) {
    SEMEL_TRY_ASSIGN(table.columns.emplace_back(), postgres::ParseColumn(text));
  }
  if (columns_.empty()) table.columns = postgres::DefaultColumns();
  SEMEL_TRY(CheckColumns(table));
  return table;
}

Result<std::string> SinkFlags::Conninfo() const {
  std::string text = to_;
  if (to_.starts_with("file:")) {
    SEMEL_TRY_ASSIGN(text, ReadFile(to_.substr(5)));
    text.resize(std::min(text.find_first_of("\r\n"), text.size()));
  } else if (to_.starts_with("env:")) {
    const char* const variable = std::getenv(to_.c_str() + 4);
    if (variable == nullptr) return Error{Action::kFix, "--to: " + to_.substr(4) + " is not set"};
    text = variable;
  } else {
    SEMEL_TRY(postgres::CheckConninfo(text, postgres::Passwords::kRefused));
    return text;
  }
  EndCoreDumps();
  SEMEL_TRY(postgres::CheckConninfo(text, postgres::Passwords::kTaken));
  return text;
}

Result<SinkOptions> SinkFlags::Options() const {
  SinkOptions options = options_;
  SEMEL_TRY_ASSIGN(options.conninfo, Conninfo());
  SEMEL_TRY_ASSIGN(options.kafka, kafka_.Settings());
  SEMEL_TRY_ASSIGN(options.key, key_rule_.Rule());
  SEMEL_TRY(Fingerprinter::Open(options.key));
  SEMEL_TRY_ASSIGN(options.table, Table());
  if (options.group.empty()) options.group = "semel." + options.from + "." + table_;
  if (commit_interval_ms_ < 1 || commit_interval_ms_ > kCommitIntervalMaxMs)
    return Error{Action::kFix, "--commit-interval takes 1ms to 10s"};
  options.commit_interval = std::chrono::milliseconds(commit_interval_ms_);
  SEMEL_TRY_ASSIGN(options.start, config::ParseStart(start_));
  SEMEL_TRY_ASSIGN(const PolicyChoice invalid,
                   ParsePolicy("--on-invalid", on_invalid_, {"fail", "drop"}));
  using Kind = pipeline::Policy::Kind;
  options.invalid_topic = invalid.topic;
  options.on_invalid = invalid.kind == Kind::kTopic  ? sink::OnInvalid::kTopic
                       : invalid.kind == Kind::kDrop ? sink::OnInvalid::kDrop
                                                     : sink::OnInvalid::kFail;
  if (options.invalid_topic == options.from)
    return Error{Action::kFix, "--on-invalid: topic " + options.from + " is the input"};
  return options;
}

}  // namespace semel::app
