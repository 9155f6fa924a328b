// What `semel produce` makes of a line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fingerprint/json_scanner.h"
#include "semel/producer.h"
#include "semel/result.h"

namespace semel::app {

struct MessageLineOptions {
  std::string topic;
  bool json = false;          ///< each line is one record, else a value
  std::string key_delimiter;  ///< ends the key of a line; empty: lines have none
  bool envelope = false;      ///< each line becomes the content of an Envelope
  std::string producer_id;    ///< of envelopes
  std::vector<std::pair<std::string, std::string>> headers;  ///< of every message, before its own
  std::int32_t partition = -1;                               ///< of messages that name none
};

/// Threads: one at a time.
class MessageLines {
 public:
  explicit MessageLines(MessageLineOptions options);

  /// `line` without its line feed. The message is valid as long as `line` and until the next call.
  /// Errors: kFix, without the line's number.
  Result<OutgoingMessage> Read(std::string_view line);

 private:
  Result<void> ReadPlain(std::string_view line, OutgoingMessage& message);
  Result<void> ReadRecord(std::string_view line, OutgoingMessage& message);

  const MessageLineOptions options_;
  JsonScanner scanner_;  // of the members whose text is kept as it is
  std::int64_t envelopes_ = 0;
  // What the last message points into.
  std::string key_;
  std::string value_;
  std::vector<std::pair<std::string, std::optional<std::string>>> record_headers_;
  std::vector<Header> headers_;
};

}  // namespace semel::app
