#include "message_lines.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "fingerprint/path_tree.h"
#include "semel/envelope.h"

namespace semel::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr PathTree::Node kKey = 1;  // in the order of Tree
constexpr PathTree::Node kValue = 2;

PathTree Tree() {
  PathTree tree;
  for (const char* member : {"key", "value", "headers", "timestamp", "partition"})
    tree.Add({member});
  return tree;
}

Error Bad(std::string message) { return {Action::kFix, std::move(message)}; }

Result<Json> Parse(std::string_view line) {
  try {
    Json record = Json::parse(line);
    if (!record.is_object())
      return Bad(std::string("a record is a JSON object, found ") + record.type_name());
    return record;
  } catch (const nlohmann::json::exception& error) {
    return Bad(std::string("not JSON: ") + error.what());
  }
}

// A string is its text; null is null; anything else is `raw`, its text in the line.
Bytes BytesOf(const Json& record, const char* member, std::string_view raw, std::string& memory) {
  const auto found = record.find(member);
  if (found == record.end() || found->is_null()) return std::nullopt;
  if (!found->is_string()) return raw;
  memory = found->get<std::string>();
  return memory;
}

Result<std::int64_t> NumberOf(const Json& record, const char* member, std::int64_t least,
                              std::int64_t most) {
  const auto found = record.find(member);
  if (found == record.end() || found->is_null()) return -1;
  if (found->is_number_integer() &&
      !(found->is_number_unsigned() && found->get<std::uint64_t>() > INT64_MAX)) {
    const auto number = found->get<std::int64_t>();
    if (number >= least && number <= most) return number;
  }
  return Bad(std::string(member) + " is an integer from " + std::to_string(least) + " to " +
             std::to_string(most) + ", found " + found->dump());
}

Result<void> CheckMembers(const Json& record) {
  for (const auto& [name, value] : record.items())
    if (name != "key" && name != "value" && name != "headers" && name != "timestamp" &&
        name != "partition")
      return Bad("a record has key, value, headers, timestamp and partition, found " +
                 Json(name).dump());
  if (!record.contains("value")) return Bad("value is absent; null writes a tombstone");
  return {};
}

using OwnedHeaders = std::vector<std::pair<std::string, std::optional<std::string>>>;

Result<void> AddHeader(OwnedHeaders& headers, const Json& name, const Json& value) {
  if (!name.is_string() || !(value.is_string() || value.is_null()))
    return Bad("a header has a string for its name, and a string or null for its value, found " +
               Json({name, value}).dump());
  headers.emplace_back(name.get<std::string>(), std::nullopt);
  if (value.is_string()) headers.back().second = value.get<std::string>();
  return {};
}

Result<OwnedHeaders> HeadersOf(const Json& record) {
  OwnedHeaders headers;
  const auto found = record.find("headers");
  if (found == record.end() || found->is_null()) return headers;
  if (found->is_object()) {
    for (const auto& [name, value] : found->items()) SEMEL_TRY(AddHeader(headers, name, value));
    return headers;
  }
  if (!found->is_array())
    return Bad("headers are {NAME: VALUE} or [[NAME, VALUE]], found " + found->dump());
  for (const Json& pair : *found) {
    if (!pair.is_array() || pair.size() != 2)
      return Bad("a header in an array is [NAME, VALUE], found " + pair.dump());
    SEMEL_TRY(AddHeader(headers, pair[0], pair[1]));
  }
  return headers;
}

}  // namespace

MessageLines::MessageLines(MessageLineOptions options)
    : options_(std::move(options)), scanner_(Tree()) {}

Result<OutgoingMessage> MessageLines::Read(std::string_view line) {
  OutgoingMessage message;
  message.topic = options_.topic;
  message.partition = options_.partition;
  headers_.clear();
  for (const auto& [name, value] : options_.headers) headers_.push_back({name, value});
  SEMEL_TRY(options_.json ? ReadRecord(line, message) : ReadPlain(line, message));
  message.headers = headers_;
  return message;
}

Result<void> MessageLines::ReadPlain(std::string_view line, OutgoingMessage& message) {
  const std::size_t delimiter =
      options_.key_delimiter.empty() ? std::string_view::npos : line.find(options_.key_delimiter);
  if (delimiter != std::string_view::npos) {
    message.key = line.substr(0, delimiter);
    line.remove_prefix(delimiter + options_.key_delimiter.size());
  }
  message.value = line;
  if (!options_.envelope) return {};
  Envelope envelope;
  envelope.message_id = ++envelopes_;
  envelope.content = line;
  envelope.producer_id = options_.producer_id;
  envelope.timestamp = IsoTimestamp(std::chrono::system_clock::now());
  SEMEL_TRY_ASSIGN(value_, envelope.ToJson());
  message.value = value_;
  return {};
}

Result<void> MessageLines::ReadRecord(std::string_view line, OutgoingMessage& message) {
  SEMEL_TRY_ASSIGN(const Json record, Parse(line));
  SEMEL_TRY(CheckMembers(record));
  if (!scanner_.Scan(line))
    return Bad("a member occurs twice, or something is nested more than 64 deep");
  message.key = BytesOf(record, "key", scanner_.Found(kKey), key_);
  message.value = BytesOf(record, "value", scanner_.Found(kValue), value_);
  SEMEL_TRY_ASSIGN(message.timestamp_ms, NumberOf(record, "timestamp", 1, INT64_MAX));
  SEMEL_TRY_ASSIGN(const std::int64_t partition, NumberOf(record, "partition", 0, INT32_MAX));
  if (partition >= 0) message.partition = static_cast<std::int32_t>(partition);
  SEMEL_TRY_ASSIGN(record_headers_, HeadersOf(record));
  for (const auto& [name, value] : record_headers_)
    headers_.push_back({name, value ? Bytes(*value) : Bytes()});
  return {};
}

}  // namespace semel::app
