// Reads from Kafka and from the truth file what the checker works on.
#pragma once

#include <fstream>
#include <string>

#include "base/log.h"
#include "kafka/settings.h"
#include "prove/activity.h"
#include "prove/checker.h"
#include "semel/fingerprint.h"
#include "semel/result.h"

namespace semel::prove {

struct CheckOptions {
  kafka::ClientSettings settings;
  std::string input_topic;
  std::string output_topic;
  std::string changelog_topic;  ///< empty: not checked
  std::string group;            ///< empty: not checked
  KeyRule key;
  Rules rules;
};

/// Reads all that the options name up to the ends as of now.
/// Errors: kFix (no such topic; records that are not of `semel prove produce`; a changelog of
/// another rule or window), kConnect, kStop (a changelog record that cannot be read).
Result<Histories> ReadHistories(const CheckOptions& options, Logger& logger, Activity& activity);

/// Errors: kFix, naming the file.
Result<std::ifstream> OpenTruth(const std::string& path);

/// Holds the input against the truth file `path`, line by line. Errors: kFix, naming the line.
Result<void> CheckTruth(std::istream& file, const std::string& path, const Histories& histories,
                        Report& report);

/// Splits `semel-duplicate-of: topic/partition/offset` off, where it is the last header and speaks
/// of `topic`; else leaves the headers as they are.
std::optional<Position> TakeMark(const std::string& topic, std::span<const Header>& headers);

}  // namespace semel::prove
