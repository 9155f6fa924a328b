// One event: is it a JSON object, and what identifies it?
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fingerprint/json_scanner.h"
#include "ingest/endpoint.h"
#include "semel/fingerprint.h"
#include "semel/result.h"

namespace semel::ingest {

enum class EventKind : std::uint8_t {
  kKeyed,
  kKeyless,   ///< its key is missing or invalid, and the endpoint takes it all the same
  kRejected,  ///< Why says what is wrong
};

/// Threads: one caller at a time per object.
class EventReader {
 public:
  /// Errors: kFix, naming the part of the key that HTTP events cannot have.
  static Result<EventReader> Open(const Endpoint& endpoint);

  /// Sets `fingerprint` of a keyed one.
  EventKind Read(std::string_view event, Fingerprint& fingerprint);

  /// Of an event that was rejected.
  std::string Why(std::string_view event);

  int bits() const { return whole_.bits(); }

 private:
  struct Part {
    std::string name;
    Fingerprinter alone;
  };

  EventReader(Fingerprinter whole, bool reads_json, const Endpoint& endpoint,
              std::vector<Part> parts)
      : whole_(std::move(whole)),
        reads_json_(reads_json),
        on_missing_(endpoint.on_missing),
        max_depth_(endpoint.max_depth),
        parts_(std::move(parts)),
        scanner_(PathTree{}) {}
  bool TooDeep(std::string_view event) const;

  Fingerprinter whole_;
  bool reads_json_;
  OnMissing on_missing_;
  std::size_t max_depth_;
  std::vector<Part> parts_;  ///< to name the one that is missing
  JsonScanner scanner_;
};

}  // namespace semel::ingest
