// A body as the events in it.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "ingest/refusal.h"
#include "ingest/request_reader.h"

namespace semel::ingest {

struct Split {
  bool batch = false;                    ///< an array or lines: answered event by event
  std::vector<std::string_view> events;  ///< within the body, white space around them left out
};

/// Finds where each event begins and ends; whether it is valid JSON is not looked at.
/// `type` kJson: one object or an array; kNdjson: an object a line, empty lines left out; kUnsaid:
/// what it looks like. With `batches` false only one object is taken.
/// `split` is filled anew. Refuses: 400 what cannot be split, 413 more than `events_max`.
std::optional<Refusal> SplitBody(std::string_view body, ContentType type, bool batches,
                                 std::size_t events_max, Split& split);

}  // namespace semel::ingest
