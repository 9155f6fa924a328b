// Short ways to ask both implementations what identifies an event.
#pragma once

#include <string>
#include <vector>

#include "reference_fingerprint.h"
#include "semel/fingerprint.h"

namespace semel::testing {

/// `ok HEX`, `missing HEX`, `invalid -`, or `bad rule`, from the library.
std::string Identify(const reference::Rule& rule, const reference::Event& event);

/// The same of a value alone.
std::string Identify(const std::vector<std::string>& parts, const std::string& value);

/// `ok`, `missing`, `invalid` or `bad rule`; both implementations must agree on all of Identify().
std::string OutcomeOf(const std::vector<std::string>& parts, const std::string& value);

/// Quotes `bytes` for the message of a failed test.
std::string Readable(const std::string& bytes);

}  // namespace semel::testing
