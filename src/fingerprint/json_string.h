// JSON strings: where one ends, and what its escapes stand for.
#pragma once

#include <string>
#include <string_view>

namespace semel {

struct JsonStringEnd {
  const char* quote = nullptr;  ///< the closing quote; null: this is no JSON string
  bool escaped = false;         ///< it has at least one escape
};

/// Looks for the end of the string whose first character is at `p`, and checks everything in it
/// but UTF-8. Sets bits of `non_ascii` if it meets a byte above 127.
/// Cost: about a nanosecond for each 16 bytes.
JsonStringEnd ScanJsonString(const char* p, const char* end, unsigned& non_ascii);

/// Appends what `raw` stands for: the text between the quotes of a string that ScanJsonString
/// accepted. False: it has a lone surrogate, which UTF-8 cannot hold; `out` is then undefined.
bool AppendDecodedJsonString(std::string_view raw, std::string& out);

}  // namespace semel
