// Everything that `semel sink postgres` is told, as plain data.
#pragma once

#include <chrono>
#include <string>

#include "base/live_text.h"
#include "config/start.h"
#include "kafka/settings.h"
#include "semel/fingerprint.h"
#include "sink/row_writer.h"
#include "sink/table.h"

namespace semel {

struct SinkOptions {
  std::string version;  ///< of this program
  kafka::ClientSettings kafka;
  std::string from;
  std::string group;
  std::string instance;  ///< empty: a dynamic member
  LiveText conninfo;
  sink::TableSpec table;
  bool create_table = false;
  KeyRule key;
  std::chrono::milliseconds commit_interval{200};
  config::Start start;
  sink::OnInvalid on_invalid = sink::OnInvalid::kFail;
  std::string invalid_topic;  ///< of kTopic
  bool until_end = false;
  std::string metrics;  ///< address; empty: none
};

}  // namespace semel
