#include "prove/truth.h"

#include <nlohmann/json.hpp>

namespace semel::prove {
namespace {

std::uint64_t HexMember(const nlohmann::json& text, std::size_t at) {
  const auto number = ParseHex(std::string_view(text.get_ref<const std::string&>()).substr(at, 16));
  if (!number) throw std::invalid_argument("not hex digits: " + text.dump());
  return *number;
}

}  // namespace

std::string FormatTruth(const TruthLine& line) {
  nlohmann::ordered_json json;
  json["sequence"] = line.sequence;
  json["uid"] = ToHex(line.uid);
  json["event_id"] = nullptr;
  if (!line.event_id.empty()) json["event_id"] = line.event_id;
  json["partition"] = line.partition;
  json["offset"] = line.offset;
  json["timestamp"] = line.timestamp_ms;
  json["key"] = nullptr;
  if (line.key) json["key"] = *line.key;
  json["digest"] = ToHex(line.digest);
  return json.dump();
}

Result<TruthLine> ParseTruth(std::string_view text) try {
  const auto json = nlohmann::json::parse(text);
  TruthLine line;
  line.sequence = json.at("sequence").get<std::uint64_t>();
  line.uid = HexMember(json.at("uid"), 0);
  if (const auto& id = json.at("event_id"); !id.is_null()) line.event_id = id.get<std::string>();
  line.partition = json.at("partition").get<std::int32_t>();
  line.offset = json.at("offset").get<std::int64_t>();
  line.timestamp_ms = json.at("timestamp").get<std::int64_t>();
  if (const auto& key = json.at("key"); !key.is_null()) line.key = key.get<std::string>();
  const auto& digest = json.at("digest");
  line.digest = {HexMember(digest, 0), HexMember(digest, 16), HexMember(digest, 32)};
  return line;
} catch (const std::exception& error) {
  return Error{Action::kFix, std::string("not a line of a truth file: ") + error.what()};
}

}  // namespace semel::prove
