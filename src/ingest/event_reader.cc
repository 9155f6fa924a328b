#include "ingest/event_reader.h"

#include <utility>

namespace semel::ingest {

Result<EventReader> EventReader::Open(const Endpoint& endpoint) {
  bool reads_json = false;
  std::vector<Part> parts;
  for (const std::string& part : endpoint.key.parts) {
    const bool json = part.starts_with("json:");
    if (!json && part != "value")
      return Error{Action::kFix, "--key " + part + ": an event that comes by HTTP has only " +
                                     "value and json:PATH"};
    reads_json = reads_json || json;
    KeyRule alone = endpoint.key;
    alone.parts = {part};
    SEMEL_TRY_ASSIGN(auto fingerprinter, Fingerprinter::Open(alone));
    parts.push_back({part, std::move(fingerprinter)});
  }
  SEMEL_TRY_ASSIGN(auto whole, Fingerprinter::Open(endpoint.key));
  return EventReader(std::move(whole), reads_json, endpoint, std::move(parts));
}

/// Looked for where less is allowed than scanners can read anyway.
bool EventReader::TooDeep(std::string_view event) const {
  if (max_depth_ >= kMaxJsonDepth) return false;
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < event.size(); ++i) {
    const char c = event[i];
    if (c == '"') in_string = !in_string;
    if (c == '\\' && in_string) ++i;
    if (in_string) continue;
    if ((c == '{' || c == '[') && ++depth > max_depth_) return true;
    if ((c == '}' || c == ']') && depth > 0) --depth;
  }
  return false;
}

EventKind EventReader::Read(std::string_view event, Fingerprint& fingerprint) {
  if (event.empty() || event.front() != '{' || TooDeep(event)) return EventKind::kRejected;
  // The fingerprinter checks all of a document that it reads.
  if (!reads_json_ && !scanner_.Scan(event)) return EventKind::kRejected;
  Record record;
  record.value = event;
  const Identity identity = whole_.Identify(record);
  if (identity.outcome == Outcome::kOk) {
    fingerprint = identity.fingerprint;
    return EventKind::kKeyed;
  }
  const bool valid = identity.outcome == Outcome::kMissing || scanner_.Scan(event);
  return valid && on_missing_ == OnMissing::kAccept ? EventKind::kKeyless : EventKind::kRejected;
}

std::string EventReader::Why(std::string_view event) {
  if (event.empty() || event.front() != '{') return "not a JSON object";
  if (TooDeep(event) || !scanner_.Scan(event))
    return "not valid JSON in UTF-8, nested at most " + std::to_string(max_depth_) + " deep";
  Record record;
  record.value = event;
  for (Part& part : parts_) {
    const Outcome outcome = part.alone.Identify(record).outcome;
    if (outcome == Outcome::kMissing) return part.name + " is missing or null";
    if (outcome == Outcome::kInvalid)
      return part.name + " is ambiguous: a name that stands twice, half a surrogate pair, or a " +
             "number out of range";
  }
  return "its key cannot be read";
}

}  // namespace semel::ingest
