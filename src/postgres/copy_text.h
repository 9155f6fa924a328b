// Fields of COPY's text format: a line a row, fields apart by tabs.
#pragma once

#include <string>
#include <string_view>

namespace semel::postgres {

inline constexpr std::string_view kNullField = "\\N";

/// Appends `bytes` as they stand in a field: backslash, newline, carriage return and tab escaped.
/// There must be no zero byte in them. Cost: about a nanosecond for each 16 bytes.
void AppendField(std::string_view bytes, std::string& out);

/// The same for bytes that came from outside. False: they are not UTF-8, or hold a zero, which
/// PostgreSQL cannot keep; `out` is then as it was.
bool AppendTextField(std::string_view bytes, std::string& out);

}  // namespace semel::postgres
