#include "semel/envelope.h"

#include <array>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <utility>

#include "fingerprint/json_scanner.h"
#include "fingerprint/path_tree.h"

namespace semel {
namespace {

using nlohmann::json;

Error Bad(std::string message) { return {Action::kFix, "envelope: " + std::move(message)}; }

// Strings as UTF-8, short and without line feeds. Throws where `text` is not UTF-8.
Result<std::string> Quoted(const char* field, const std::string& text) {
  try {
    return json(text).dump();
  } catch (const json::exception&) {
    return Bad(std::string(field) + " is not UTF-8");
  }
}

Result<json> Parse(std::string_view text) {
  try {
    return json::parse(text);
  } catch (const json::exception& error) {
    return Bad(std::string("not JSON: ") + error.what());
  }
}

Error Wrong(const char* field, const char* wanted, const json& object) {
  const auto found = object.find(field);
  std::string what = found == object.end() ? "it is absent" : std::string("found ");
  if (found != object.end()) what += found->is_number_float() ? "fraction" : found->type_name();
  return Bad(std::string(field) + " must be " + wanted + ", " + what);
}

Result<std::string> Text(const json& object, const char* field) {
  const auto found = object.find(field);
  if (found == object.end() || !found->is_string()) return Wrong(field, "a string", object);
  return found->get<std::string>();
}

Result<std::int64_t> Integer(const json& object, const char* field) {
  const auto found = object.find(field);
  if (found == object.end() || !found->is_number_integer())
    return Wrong(field, "an integer of 64 bits", object);
  if (found->is_number_unsigned() && found->get<std::uint64_t>() > INT64_MAX)
    return Bad(std::string(field) + " must be an integer of 64 bits, found " + found->dump());
  return found->get<std::int64_t>();
}

// The text as it is: read into numbers and written again, some would not be the same.
Result<std::string> Metadata(const json& object, std::string_view text) {
  PathTree tree;
  const PathTree::Node node = tree.Add({"metadata"});
  for (const char* field : {"message_id", "content", "producer_id", "timestamp"}) tree.Add({field});
  JsonScanner scanner(std::move(tree));
  if (!scanner.Scan(text))
    return Bad("a member occurs twice, or something is nested more than 64 deep");
  const auto found = object.find("metadata");
  if (found == object.end() || found->is_null()) return std::string("{}");
  if (!found->is_object()) return Wrong("metadata", "an object", object);
  return std::string(scanner.Found(node));
}

}  // namespace

Result<std::string> Envelope::ToJson() const {
  SEMEL_TRY_ASSIGN(const std::string content_json, Quoted("content", content));
  SEMEL_TRY_ASSIGN(const std::string producer_json, Quoted("producer_id", producer_id));
  SEMEL_TRY_ASSIGN(const std::string timestamp_json, Quoted("timestamp", timestamp));
  SEMEL_TRY_ASSIGN(const json parsed, Parse(metadata));
  if (!parsed.is_object())
    return Bad("metadata must be an object, found " + std::string(parsed.type_name()));
  return "{\"message_id\":" + std::to_string(message_id) + ",\"content\":" + content_json +
         ",\"producer_id\":" + producer_json + ",\"timestamp\":" + timestamp_json +
         ",\"metadata\":" + metadata + "}";
}

Result<Envelope> Envelope::FromJson(std::string_view text) {
  SEMEL_TRY_ASSIGN(const json object, Parse(text));
  if (!object.is_object())
    return Bad(std::string("must be a JSON object, found ") + object.type_name());
  Envelope envelope;
  SEMEL_TRY_ASSIGN(envelope.message_id, Integer(object, "message_id"));
  SEMEL_TRY_ASSIGN(envelope.content, Text(object, "content"));
  SEMEL_TRY_ASSIGN(envelope.producer_id, Text(object, "producer_id"));
  SEMEL_TRY_ASSIGN(envelope.timestamp, Text(object, "timestamp"));
  SEMEL_TRY_ASSIGN(envelope.metadata, Metadata(object, text));
  return envelope;
}

std::string IsoTimestamp(std::chrono::system_clock::time_point time) {
  const auto micros = std::chrono::floor<std::chrono::microseconds>(time.time_since_epoch());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(micros);
  const auto whole = static_cast<std::time_t>(seconds.count());
  std::tm utc{};
  gmtime_r(&whole, &utc);
  std::array<char, 32> date{};
  std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::array<char, 16> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%06d",
                static_cast<int>((micros - seconds).count()));
  return std::string(date.data()) + fraction.data() + "+00:00";
}

}  // namespace semel
