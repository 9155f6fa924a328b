// The file of `semel run`: several pipelines, each with the settings of its command.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "run_flags.h"
#include "semel/result.h"
#include "wiring/dedup_options.h"
#include "wiring/serve_job.h"
#include "wiring/sink_options.h"

namespace semel::app {

using PipelineOptions = std::variant<ServeOptions, DedupOptions, SinkOptions>;

struct Pipeline {
  std::string name{};
  PipelineOptions options{};
  std::string place{};                          ///< FILE:LINE:COLUMN of its settings
  std::map<std::string, std::string> places{};  ///< the same of each value, by setting
  std::string written{};  ///< its settings as the file has them, references not followed

  /// Where the first of `settings` that is there has its value; else where the settings begin.
  const std::string& PlaceOf(std::initializer_list<const char*> settings) const;
};

struct RunPlan {
  RunFlags run{};
  std::string metrics{};  ///< HOST:PORT; empty: not served
  std::string metrics_place{};
  std::vector<Pipeline> pipelines{};
};

/// Reads `file` and whatever it refers to: files and variables of the environment.
///
///     brokers: localhost:9092          # for all; a pipeline may have its own
///     pipelines:
///       - name: once
///         dedup: {from: events, to: events.unique, key: [json:/id]}
///
/// Errors: kFix: FILE:LINE:COLUMN and what is wrong there; never a value that came from the
/// environment or a file.
Result<RunPlan> ReadRunFile(const std::string& file);

}  // namespace semel::app
