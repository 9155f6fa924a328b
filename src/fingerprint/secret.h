// The secret that turns fingerprints into HMACs, as people write it down: hex digits.
#pragma once

#include <string>
#include <string_view>

#include "semel/result.h"

namespace semel {

/// The bytes that `text` holds: hex digits of either case, with white space around them.
/// Errors: kFix, which never quotes the text.
Result<std::string> DecodeSecret(std::string_view text);

/// Reads a secret from a file. Errors: kFix, naming the file.
Result<std::string> ReadSecretFile(const std::string& path);

}  // namespace semel
